/*
 * run_vary.h: what could have gone otherwise in the natural schedule of a scenario: every choice that is asked, by kind and by where it is met.
 */
#pragma once

#include "run.h"

/* Points of one kind in one place. */
typedef struct RunVaryRow {
  SimChoiceKind kind;
  uint32_t function; /* the call of driver code they stand in, or that is about to be made; 0: none */
  uint32_t site;     /* where driver code is; 0: nowhere */
  uint64_t count;
  uint32_t option_min, option_max; /* ways to go, the natural one included */
} RunVaryRow;

typedef struct RunVary {
  GArray *rows; /* RunVaryRow, by kind, then in the order in which they were met */
  uint64_t counts[SIM_CHOICE_KIND_COUNT];
  uint64_t access_count; /* memory accesses of driver code: each may be a point */
} RunVary;

/* Runs the natural schedule. `result` is to be finished by the caller. */
void scenario_vary_look(ScenarioRun *run, RunVary *vary, RunResult *result);
void run_vary_finish(RunVary *vary);
