/*
 * search.h: every schedule there is, one after the other: stateless depth-first search over the points a run meets. Memory accesses are no points
 * of it: it exhausts the orders of scheduling points, interrupts and the model's own alternatives.
 *
 * Host memory, owned by who explores; lives over the runs of one search.
 */
#pragma once

#include "choice.h"

typedef struct SimSearchPoint {
  uint8_t option_count;
  uint8_t taken;                     /* index of the option this run takes: 0 is the natural one */
  uint8_t ids[SIM_OPTION_COUNT_MAX]; /* the natural option first */
} SimSearchPoint;

typedef struct SimSearch {
  SimSearchPoint *points; /* the path of the run, from its first point */
  size_t count;
  size_t capacity;
  size_t depth; /* points the current run has met */
} SimSearch;

void sim_search_finish(SimSearch *search);

/* Goes on to the next path that was not run yet; false: there is none. After each run. */
bool sim_search_next(SimSearch *search);

/* Takes every option of every point, natural ones first. The run's options must have a search. */
extern const SimPolicy sim_policy_exhaustive;
