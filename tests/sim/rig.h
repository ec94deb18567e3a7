/*
 * rig.h: a machine without Windows for the tests of sim. What contexts do they log, one character a thing; it is looked at after the run, for a
 * cmocka assertion inside a context would jump off its stack.
 */
#pragma once

#include "sim/machine.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

typedef void RigRoutine(SimMachine *machine, void *argument);

/* In the arena, where the runner's state would be: saved and restored with the rest. */
typedef struct RigLog {
  char text[4096];
  size_t length;
  uint64_t words[64]; /* whatever a test wants to keep */
} RigLog;

static inline RigLog *rig_log(void) { return (RigLog *)SIM_RUNNER_BASE; }
void log_add(char character);

/* Default limits, seed 1. */
SimRunOptions rig_options(const SimPolicy *policy, unsigned vcpu_count);

/* A new machine with an empty log. The options are borrowed until the next one. */
void rig_open(const SimRunOptions *options);

/* A thread on that cpu, which is its only one; `name` is what its routine gets as argument. */
SimContext *rig_thread(unsigned vcpu, RigRoutine *entry, char name);

/* Steps thrice and logs its name each time. */
RigRoutine three_steps;

/* At that time an interrupt of that level is requested of the cpu; its routine gets `name`. Lands when it may, without a choice if `is_prompt`. */
typedef struct RigStimulus {
  SimQueueEntry entry;
  SimInterrupt interrupt;
  unsigned vcpu;
} RigStimulus;
RigStimulus *rig_interrupt(unsigned vcpu, uint64_t time_ns, SimIrql irql, SimContextKind kind, RigRoutine *routine, char name);

/* Logs its name and takes 10 ns. */
RigRoutine log_name;
