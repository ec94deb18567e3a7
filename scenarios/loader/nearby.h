/*
 * nearby.h: a schedule that does not fit any more, since the driver or the scenario changed: where it parts, and a schedule near it in which something goes
 * wrong still.
 */
#pragma once

#include "failure.h"

/* The first thing a schedule says that did not come to pass. */
typedef struct ScheduleMisfit {
  size_t index; /* in the schedule */
  SimException exception;
  bool is_natural;      /* the point came up, and that is its natural answer by now: a line names none such. All else of the line fits */
  bool is_reached;      /* the point came up, without that option */
  uint32_t point_count; /* points of that kind its context met: 0: none, or there is no such context */
  uint32_t event;       /* events of the run before the point, or of the whole run where it was not reached */
} ScheduleMisfit;

/* Runs the schedule. False: it fits. */
bool schedule_misfit(ScenarioRun *run, const SimSchedule *schedule, ScheduleMisfit *misfit);

/* Why, in words: "Choice 1 of 3, dead.s1=0, did not come up: ...". Returns owned. */
char *schedule_misfit_words(const SimSchedule *schedule, const ScheduleMisfit *misfit);

/* Looks for something that goes wrong and does not in the natural schedule: choices of other contexts, moved, left out, and at last other schedules of that search. At most
 * so many runs; `run_count` says how many they were. True: the result is of the schedule found. */
bool nearby_search(ScenarioRun *run, const SimSchedule *schedule, uint64_t run_max, RunResult *result, uint64_t *run_count);
