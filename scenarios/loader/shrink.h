/*
 * shrink.h: a failing schedule of a scenario with the fewest preemptions, and a scenario with nothing in it that the failure does not need.
 */
#pragma once

#include "failure.h"

#include "sim/shrink.h"

typedef struct ShrinkBudget {
  uint64_t runs;   /* of all; 0: 20,000, fewer where a run is long */
  uint64_t checks; /* of them, schedules with fewer preemptions, to prove that there is none; 0: half of them */
  unsigned others; /* other failing schedules to begin from; 0: 16 */
  bool is_alone;   /* from no other */
  bool (*is_same)(const RunResult *result, void *data); /* what a run has to be besides, which has just ended; NULL: nothing */
  void *data;                                           /* its */
} ShrinkBudget;

/* What came of it. Owned; shrunk_finish. */
typedef struct Shrunk {
  RunFailure failure;
  char *line;               /* the schedule, for replay */
  RunResult result;         /* of that schedule */
  size_t exceptions_before; /* to the natural answers, of the schedule that was given */
  size_t exceptions;        /* in the line that is left */
  SimShrinkResult shrink;
} Shrunk;

/* The schedule of that result, which went wrong, made minimal. The result is borrowed; false: nothing went wrong in it, or it does not come to the
 * same again (the host's clock ended it), and `shrunk` stays empty. The machine is left as the last run left it. */
bool shrink_bucket(ScenarioRun *run, const RunResult *result, const ShrinkBudget *budget, Shrunk *shrunk);
void shrunk_finish(Shrunk *shrunk);

/* What a search for something to shrink found. */
typedef struct ShrinkFound {
  bool is_found;
  bool is_all;      /* there is no other schedule than those that were run */
  uint64_t count;   /* run */
  RunResult result; /* owned; of the schedule found */
} ShrinkFound;

/* The first schedule in which something goes wrong that does not in the natural one; else, when a while went by, the natural one if it goes wrong. */
ShrinkFound shrink_find(ScenarioRun *run, const SimSearchOptions *options, uint64_t schedules);

/* "105 preemptions -> 1, and no schedule with fewer fails: all were run, with switches at calls only (562 runs)". Returns owned. */
char *shrunk_words(const Shrunk *shrunk);
/* No schedule with fewer preemptions fails: there is none with fewer than none, or all were run. */
bool shrunk_is_proved(const Shrunk *shrunk);
/* Runs that schedule, and counts its preemptions. */
uint32_t shrink_run(ScenarioRun *run, const SimSchedule *schedule, RunResult *result);
