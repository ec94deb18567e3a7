/*
 * random_scenario.h: scenarios drawn from a seed, for what searches claim: two or three threads on two CPUs or three, which read and write, take locks,
 * wait for what others set, queue DPCs; what each saw stands in globals at the end.
 */
#pragma once

#include <glib.h>
#include <stdint.h>

typedef enum RandomSort {
  RANDOM_PLAIN,  /* nobody asks what time it is */
  RANDOM_TIMES,  /* ... waits with time-outs, sleeps, sets timers */
  RANDOM_PLACES, /* ... asks which processor it is at; threads may be at any */
} RandomSort;

/* The text of a scenario file; owned by the caller. */
char *random_scenario(uint64_t seed, RandomSort sort);
/* Globals of its driver "p" that tell outcomes apart. */
extern const char *const random_scenario_globals[];
extern const size_t random_scenario_global_count;
