/*
 * survey.h: a schedule run again, with a list of every point that is met on the way: what else could have been answered there, and when in the run it
 * was. What bounded search, shrinking, and reports that mark preemptions read.
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
  uint8_t cpu;     /* that asks; 0xff: none */
} SimSurveyPoint;

/* An answer may stay (SimException.stays). To "who steps next": whoever it names goes on for as long as it can, or until the schedule says otherwise.
 * To "does an interrupt land here": it does not for as long as that context goes on. Only in what is surveyed: what the run took has each of its
 * departures by itself. */
static inline bool sim_exception_may_stay(const SimException *exception) {
  return exception->kind == SIM_CHOICE_INTERRUPT ||
         ((exception->kind == SIM_CHOICE_STEP || exception->kind == SIM_CHOICE_ACCESS) && exception->answer != SIM_OPTION_CLOCK);
}

typedef struct SimSurvey {
  bool is_listing;      /* points are written down, not only answered */
  bool visits_accesses; /* each access of driver code is a point of it */
  SimSurveyPoint *points;
  size_t count, capacity;
  uint32_t *others; /* ids of options */
  size_t other_count, other_capacity;
  size_t free_from; /* the first point behind the last one that the schedule says something of */
  bool is_staying;  /* `staying` goes on */
  uint32_t staying;
  uint32_t undisturbed; /* id of the context in which no interrupt lands; 0: none */
} SimSurvey;

extern const SimPolicy sim_policy_survey; /* natural answers but for the run's schedule, as replay; search->state is a SimSurvey */

/* Fills policy and search of the run's options, and forgets the points of a former run. `search` and the survey are borrowed for the run. */
void sim_survey_begin(SimSurvey *survey, SimSearch *search, struct SimRunOptions *run);
void sim_survey_finish(SimSurvey *survey);
