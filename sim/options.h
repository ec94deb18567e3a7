/*
 * options.h: who could step at a point. Cpus and the clock are listed; of ready threads, of which there may be a thousand, all are listed for a policy
 * that looks at what they would do, and none for one that knows options by their ids alone (SimPolicy.by_id): its steps cost as much whoever is ready.
 */
#pragma once

#include "internal.h"

typedef struct SimOptions {
  uint32_t count;  /* of all */
  uint32_t listed; /* of those in the list; the others are in `runs` */
  uint32_t run_count;
  SimOption list[SIM_OPTION_COUNT_MAX];
  SimReadyRun runs[SIM_OPTION_THREAD_COUNT_MAX];
} SimOptions;

/* In memory of the process, until the next time. */
const SimOptions *sim_options_list(SimMachine *machine);

/* Whether the policy wants to hold up all cpus until the clock ticks; whether that is possible now. */
bool sim_options_hold_up(const SimMachine *machine);
bool sim_may_hold_up(const SimMachine *machine);
void sim_options_held(SimVcpu *vcpu, uint64_t tick_ns); /* what runs there is held up until that tick */

/* The operation a cpu would make if it stepped now: that of its top context, or of the interrupt that would land. */
SimOperation sim_vcpu_operation(const SimVcpu *vcpu);

/* sim_choose_in of these, which stand on the stack while it is asked: a search may save the machine meanwhile, and go on from there later. */
uint32_t sim_choose_of(SimMachine *machine, SimContext *context, SimChoiceKind kind, uint32_t ordinal, uint32_t natural,
                       const SimOptions *listed);
