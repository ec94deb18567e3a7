/*
 * shrink.h: of a schedule that fails, the fewest departures that still fail the same way: delta debugging (Zeller, Hildebrandt: Simplifying and
 * isolating failure-inducing input, TSE 2002), then letting answers stay and moving them along their contexts, other failing schedules, and at last a
 * search of every schedule with fewer, which proves that there is none or finds it.
 *
 * What is counted are departures, one exception each, or an answer that stays (survey.h): a cpu is held up here, and another goes on for as long as
 * it can. Ten departures that hold up one cpu for ten steps are one. So is an interrupt that lands late, however late. These are not the preemptions
 * that a search bounds (search_path.h: a switch away from a cpu that could go on, natural or not): fewer of the one may be more of the other.
 *
 * Host code without a machine of its own: whoever shrinks says how a schedule is run. Decided by runs, never by a clock.
 */
#pragma once

#include "survey.h"

typedef struct SimShrink {
  /* Runs the candidate under sim_policy_survey with that survey; true: it fails the same way. `taken` (empty at first) gets what departed. */
  bool (*fails)(const SimSchedule *candidate, SimSchedule *taken, SimSurvey *survey, void *data);
  /* Another schedule that fails the same way, by luck; false: no more of them. NULL: there is only the one. */
  bool (*another)(SimSchedule *schedule, void *data);
  void *data;
  uint32_t kinds;       /* bit n: schedules with fewer may depart in SimChoiceKind n; those of the schedule itself always */
  uint64_t run_max;     /* of all runs but those of `another` */
  uint64_t check_max;   /* of those that look for fewer */
  unsigned another_max; /* how many others are made minimal, too */
} SimShrink;

typedef struct SimShrinkResult {
  size_t count;           /* of what is left: exceptions and answers that stay */
  bool is_proved;         /* no schedule with fewer, departing in `kinds` alone, fails: all were run */
  uint32_t kinds;         /* bit n: all those that were run for `refuted` could depart in SimChoiceKind n */
  size_t refuted;         /* no schedule with so many or fewer fails (SIZE_MAX: not even the natural one was seen) */
  uint64_t run_count;     /* of all */
  uint64_t check_count;   /* of them, schedules with fewer */
  unsigned another_count; /* other failing schedules that were made minimal */
} SimShrinkResult;

/* Makes the schedule minimal, which must fail; it is replaced by what the last failing run took. */
void sim_shrink(const SimShrink *shrink, SimSchedule *schedule, SimShrinkResult *result);
