/*
 * shrink.h: of a schedule that fails, one with the fewest preemptions that still fails the same way, as a search bounds them (search_path.h,
 * sim/README.md): delta debugging (Zeller, Hildebrandt: Simplifying and isolating failure-inducing input, TSE 2002) over the switches of the schedule,
 * where what goes on otherwise goes on; then sim_policy_exhaustive through every schedule with none, with one, ..., which finds one with fewer or
 * proves that there is none; and other failing schedules where that takes too long. Among equals it is the one whose line says least.
 *
 * Where the natural schedule fails, too, and no preemption is needed, or none can be spared, it is the one: nothing has to be chosen.
 *
 * Host code without a machine of its own: whoever shrinks says how a schedule is run. Decided by runs, never by a clock.
 */
#pragma once

#include "survey.h"

typedef enum SimShrinkSearched {
  SIM_SHRINK_NONE,  /* all schedules of the search were run, and none fails */
  SIM_SHRINK_FOUND, /* this one does */
  SIM_SHRINK_CUT,   /* not all were run */
} SimShrinkSearched;

typedef struct SimShrink {
  /* Runs the candidate under sim_policy_survey with that survey; true: it fails the same way. `taken` (empty at first) gets what departed. */
  bool (*fails)(const SimSchedule *candidate, SimSchedule *taken, SimSurvey *survey, void *data);
  /* Runs schedules of a systematic search until one fails the same way: `found` gets what departed. At most *runs, which becomes how many it ran; *part:
   * of all there are (SimSearchProof). */
  SimShrinkSearched (*search)(const SimSearchOptions *options, uint64_t *runs, double *part, SimSchedule *found, void *data);
  /* Another schedule that fails the same way, by luck; false: no more of them. NULL: there is only the one. */
  bool (*another)(SimSchedule *schedule, void *data);
  void *data;
  uint64_t run_max;     /* of all runs but those of `another` */
  uint64_t check_max;   /* of those that look for fewer */
  unsigned another_max; /* how many others are made minimal, too */
} SimShrink;

typedef struct SimShrinkResult {
  bool is_natural;             /* the natural schedule fails, too */
  uint32_t preemptions_before; /* of the schedule that was given */
  uint32_t preemptions;        /* that it takes: of what is left, or none though the natural schedule, which is left, has some */
  uint32_t faults;             /* of what is left: answers that are no question of the schedule */
  bool is_proved;              /* no schedule with fewer preemptions fails: all were run, as `proof` searches */
  SimSearchOptions proof;      /* accesses are points, the clock is held up, kinds that vary: or not */
  uint64_t run_count;          /* of all */
  uint64_t check_count;        /* of them, those that looked for fewer preemptions */
  unsigned another_count;      /* other failing schedules that were made minimal */
} SimShrinkResult;

/* Makes the schedule minimal, which must fail; it is replaced by what the last failing run took. */
void sim_shrink(const SimShrink *shrink, SimSchedule *schedule, SimShrinkResult *result);
