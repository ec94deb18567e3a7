/*
 * search_time.h: whether virtual time matters to a search that does not take it for a part of states (footprint.h, (a) and (b)).
 *
 * A run is a row of intervals, each from one event of the queue that fires to the next. Of two orders of the same steps in an interval the clocks may
 * differ within it, by no more than all steps of it together cost: its slack. They agree again when an event fires whose time does not depend on the
 * order, for every CPU is then at that time or later. So what is to be asked is asked at the end of each interval:
 *   - could the event have come due within it, in another order? (`is near`)
 *   - did somebody read a clock? (sim_touch_time)
 *   - was something to come after a time from then (sim_touch_due): could it have come at another tick of the clock, or before, or behind something else
 *     that it now comes behind, or before?
 * If so, and if more than one CPU stepped, time matters in that interval. Searches that take every order of the steps of an interval say so: what they see
 * there is as it is.
 */
#pragma once

#include "footprint.h"
#include "queue.h"

#include <stdbool.h>
#include <stdint.h>

struct SimMachine;

#define SIM_SEARCH_DUE_COUNT_MAX 16 /* pending at a time; more: time is read */

/* Something that comes at a time which was reckoned from a clock. */
typedef struct SimSearchDue {
  SimDue due;
  uint64_t slack_ns;  /* in another order it comes at most that much earlier or later */
  uint64_t intervals; /* ... of the steps of these: a bit for each */
  uint32_t interval;  /* it was reckoned in */
} SimSearchDue;

typedef struct SimSearchTime {
  uint64_t lowest_ns;        /* no cpu steps earlier than that in this interval, in any order */
  uint64_t base_ns;          /* no cpu was later than that when it began, in any order */
  uint64_t slack_ns;         /* ... it began that much earlier or later */
  uint64_t slack_intervals;  /* ... because of what happened in those: a bit for each */
  uint64_t base_executed_ns; /* by all cpus, when it began */
  uint64_t stepped;          /* cpus that have stepped in it: bit n */
  bool is_read;              /* a clock was */
  uint32_t interval;         /* its number, from 0 */
  uint32_t due_count;
  SimSearchDue dues[SIM_SEARCH_DUE_COUNT_MAX];
} SimSearchTime;

/* All from the 63rd on have one. */
static inline uint64_t sim_search_time_bit(uint32_t interval) { return 1ULL << (interval < 63 ? interval : 63); }

/* Before a run. */
void sim_search_time_begin(SimSearchTime *time, const struct SimMachine *machine);
/* What a step touched. */
void sim_search_time_note(SimSearchTime *time, const SimFootprint *footprint);
/* By all cpus since the interval began. */
uint64_t sim_search_time_spent_ns(const SimSearchTime *time, const struct SimMachine *machine);
/* Before an event fires, or at the end of a run, with the first event of the queue (NULL: there is none): the next interval begins. `exact`: intervals all
 * of whose orders are taken. Returns those, beside them, in which time mattered: a bit for each. */
uint64_t sim_search_time_look(SimSearchTime *time, const struct SimMachine *machine, const SimQueueEntry *first, uint64_t exact);
