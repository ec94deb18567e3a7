/*
 * preemption.h: where a schedule departs from the natural one, as a story tells it: *cpu 0 is held up here, cpu 1 goes on*.
 */
#pragma once

#include "names.h"

#include "sim/survey.h"

#define PREEMPTION_COUNT_MAX 8 /* a schedule with more departures is not told by them */

/* One departure, or several by which the same goes on. */
typedef struct Preemption {
  uint32_t event; /* before this event of the run */
  uint8_t cpu;    /* that is held up, or where it happens; 0xff: none */
  uint32_t count; /* points in a row */
  char *text;     /* owned */
} Preemption;

/* Of the run that was surveyed; none when there are too many. An array of Preemption; owned. */
GArray *preemptions_collect(const Names *names, const SimSurvey *survey);
