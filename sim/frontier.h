/*
 * frontier.h: which states a search has seen, and the shortest way to each: exceptions from the natural schedule, as a replay has them. A state is the
 * values at places that contexts share (coarse), or those and where each context is (fine).
 *
 * Host memory of the search. A function of its options and of the schedules so far: values are of guest memory, which is the same on every host.
 */
#pragma once

#include "drawing.h"

typedef struct SimFrontier SimFrontier;

/* Before a run, which goes back to a state if `returns`; makes the frontier when there is none. */
void sim_frontier_begin(SimDrawing *drawing, bool returns);
void sim_frontier_finish(SimFrontier *frontier); /* takes */

/* A step is made at a place, or at none (NULL), before it takes effect. */
void sim_frontier_note(SimDrawing *drawing, const SimOption *option, const SimPlace *place);

/* Accesses of that context until the way back says something; UINT32_MAX: it does not. */
uint32_t sim_frontier_distance(const SimDrawing *drawing, const struct SimContext *context);
