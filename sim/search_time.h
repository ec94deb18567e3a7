/*
 * search_time.h: whether virtual time matters to a search that does not take it for a part of states (footprint.h, (a) and (b)).
 */
#pragma once

#include "queue.h"

#include <stdbool.h>
#include <stdint.h>

struct SimMachine;

/* Of the part of a run since an event last fired. */
typedef struct SimSearchTime {
  uint64_t base_ns;          /* no cpu was later than that when it began */
  uint64_t base_executed_ns; /* by all cpus, when it began */
  uint64_t stepped;          /* cpus that have stepped: bit n */
  bool is_read;              /* a clock was */
} SimSearchTime;

void sim_search_time_begin(SimSearchTime *time, const struct SimMachine *machine);
/* By all cpus since it began. */
uint64_t sim_search_time_spent_ns(const SimSearchTime *time, const struct SimMachine *machine);
/* Before an event fires, or at the end of a run, with the first event of the queue (NULL: there is none): begins again. True: more than one cpu has
 * stepped, and in another order of their steps the event could have come due earlier, or a clock have shown something else. */
bool sim_search_time_look(SimSearchTime *time, const struct SimMachine *machine, const SimQueueEntry *first);
