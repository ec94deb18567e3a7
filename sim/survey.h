/*
 * survey.h: a schedule run again, with a list of every point that is met on the way: what else could have been answered there, and when in the run it
 * was; and how many of its answers are preemptions. What shrinking and reports that mark preemptions read.
 *
 * Host memory, owned by who surveys: init by zeroing, finish frees.
 */
#pragma once

#include "search.h"

typedef struct SimSurveyPoint {
  uint32_t context;
  uint32_t ordinal;
  uint32_t natural;
  uint32_t answer; /* what was answered: another than the natural one where the schedule departs */
  uint32_t event;  /* events of the run before it */
  uint32_t other;  /* index of its first other option in SimSurvey.others */
  uint16_t others; /* options beside the one that was answered */
  uint8_t kind;    /* SimChoiceKind */
  uint8_t cpu;     /* that asks, or that the interrupt is pending on; 0xff: none */
  bool preempts;   /* the answer is a preemption (search_path.h) */
} SimSurveyPoint;

typedef struct SimSurvey {
  bool is_listing;      /* points are written down, not only answered */
  bool visits_accesses; /* each access of driver code is a point of it */
  bool goes_on;         /* where the schedule says nothing, what goes on goes on (sim_path_going_on), instead of what is natural */
  SimSurveyPoint *points;
  size_t count, capacity;
  uint32_t *others; /* ids of options */
  size_t other_count, other_capacity;
  uint32_t preemptions; /* of the run */
  uint64_t accesses;    /* points of it that were accesses */
  uint32_t faults;      /* answers that are not natural and no question of the schedule: a call that fails, a packet that is lost */
  SimSchedule switches; /* of the run, as a survey that goes on would be told it; owned */
} SimSurvey;

extern const SimPolicy sim_policy_survey; /* natural answers but for the run's schedule, as replay; search->state is a SimSurvey */

/* Fills policy and search of the run's options, and forgets a former run. `search` and the survey are borrowed for the run. */
void sim_survey_begin(SimSurvey *survey, SimSearch *search, struct SimRunOptions *run);
void sim_survey_finish(SimSurvey *survey);
