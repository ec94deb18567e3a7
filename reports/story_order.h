/*
 * story_order.h: the rows of a story, and the order they are told in: by time, as far as nothing that one of them did is behind another.
 */
#pragma once

#include "story_choose.h"

typedef struct StoryRow {
  const StoryLine *line; /* NULL: a preemption */
  uint8_t cpu;           /* 0xff: none */
  uint32_t context;
  uint32_t object; /* 0: none */
  uint64_t time_ns;
  char *time;
  char *what;
  char *cell;
} StoryRow;

/* In: as they happened (a cpu that has gone ahead is told before what others did before that time). What is told of a cpu, a context or an object stays
 * as it happened, and nothing crosses a preemption. */
void story_order(GArray *rows);
