/*
 * preemption.h: the preemptions of a schedule (sim/search_path.h) and what else was chosen in it, as a story tells it: *fw.work is interrupted here,
 * cpu 1 goes on*. Of a schedule without any, or with too many: where it departs from the natural one. Of the natural one: nothing, for
 * nothing was chosen.
 */
#pragma once

#include "names.h"

#include "sim/survey.h"

#define PREEMPTION_COUNT_MAX 8 /* a schedule with more is not told by them */

/* One, or several departures by which the same goes on. */
typedef struct Preemption {
  uint32_t event; /* before this event of the run */
  uint8_t cpu;    /* that is held up, or where it happens; 0xff: none */
  uint32_t count; /* points in a row */
  char *text;     /* owned */
} Preemption;

/* Of the run that was surveyed, where it is the natural one only if shrinking came to it and it takes some (is_shrunk); none when there are too many. An array of Preemption; owned. */
GArray *preemptions_collect(const Names *names, const SimSurvey *survey, bool is_shrunk);
