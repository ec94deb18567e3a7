/* explore_line.h: the one line on a terminal that says how far a search is. */
#pragma once

#include <glib.h>
#include <stdbool.h>

/* What it says, from the left; by `rank` the first to go where the terminal is too narrow is the highest. */
typedef struct ExplorePart {
  const char *text; /* NULL or "": nothing */
  unsigned rank;
} ExplorePart;

/* The parts that fit into so many columns, two blanks before each; where not even those of rank 0 do, cut. Returns owned. */
char *explore_line(const ExplorePart *parts, unsigned count, unsigned columns);

/* Columns of the terminal behind a descriptor now, which may have been made wider or narrower; 80: not known. */
unsigned explore_columns(int descriptor);

/* Is there a terminal that a line can be written anew on? */
bool explore_can_rewrite(int descriptor);
