/*
 * random_program.h: small programs drawn from a seed: a few threads, one a CPU, that read and write, take locks, raise the IRQL, send one another
 * interrupts, wait and wake, and may stop the run. What a thread read decides what it writes, so that orders show.
 */
#pragma once

#include "programs.h"

/* The program of that seed; borrowed until the next one. `may_stop`: some end the run in their middle. */
const Program *random_program(uint64_t seed, bool may_stop);

/* With a clock: it ticks once, or what the threads do sets it, or stops it before it ticks. */
typedef enum RandomClock { RANDOM_CLOCK_NONE, RANDOM_CLOCK_SET, RANDOM_CLOCK_LATER } RandomClock;
const Program *random_program_ticking(uint64_t seed, bool may_stop, RandomClock clock);

/* In words, for a test that failed. */
void random_program_print(void);
