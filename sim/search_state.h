/*
 * search_state.h: states of a machine told apart by a hash of 128 bits, so that a search need not go on from one it has seen (merges_states).
 *
 * A state is: which contexts each CPU carries, at which IRQL, and what is pending there; what each context is about to do, and its *history*: every event
 * it emitted and every value it read of memory, in order, from which follows what it has in registers and on its stacks (stacks themselves, where
 * compilers leave what is no longer used, are never looked at); and all memory of driver code and of the model, as far as it differs from what runs
 * begin with. Stands as it is, no more, what the model says is no part of it (SimThreads.forget: of what passed time is the measure).
 *
 * Two states with the same hash go on in the same ways, so that bug checks, hangs and final data are all found. Conditions:
 *  - 128 bits: that two of a billion differ and hash alike has a chance below 1 in 10^20.
 *  - Virtual time is no part of a state as long as it changes nothing (footprint.h, (a) and (b)); where it does, the search begins again with clocks
 *    and times as part of each state, and merges little.
 *  - What rules have found is part of a state; what they remember and have not found yet (who touched what, the order of locks) is not: *findings* of
 *    rules that remember are told for the first way that led to a state, and may be missed for the others. So may livelocks: a search does not go
 *    round.
 *  - Memory at other addresses is other memory: blocks allocated in another order keep states apart. That costs merging, and nothing else.
 *
 * Host memory, owned by the policy that searches.
 */
#pragma once

#include "event.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct SimMachine;
struct SimPoint;

typedef struct SimState SimState;

typedef struct SimStateKey {
  uint64_t words[2];
} SimStateKey;

SimState *sim_state_create(void);
void sim_state_destroy(SimState **state);

/* Before a run, all of which begin alike. */
void sim_state_begin(SimState *state, struct SimMachine *machine);

/* Of the machine at a point; `salt`: what else tells one from another (budgets left). */
SimStateKey sim_state_key(SimState *state, struct SimMachine *machine, const struct SimPoint *point, uint64_t salt, bool with_time);

/* Whether it was seen with as much time spent, or more; notes it. */
bool sim_state_see(SimState *state, SimStateKey key, uint64_t spent_ns);
uint64_t sim_state_count(const SimState *state);
void sim_state_forget_all(SimState *state);

/* ---- what contexts do and read ---- */

/* Of the machine's contexts, to be kept with a saved state and put back with it. */
size_t sim_state_histories_size(const struct SimMachine *machine);
void sim_state_histories_take(const SimState *state, const struct SimMachine *machine, void *bytes);
void sim_state_histories_put(SimState *state, const struct SimMachine *machine, const void *bytes);

void sim_state_event(SimState *state, const struct SimMachine *machine, const SimEvent *event);
/* The current context sees that value. */
void sim_state_value(SimState *state, const struct SimMachine *machine, uint64_t value);
/* All it saw before is dead to the current context, but for what the value says. */
void sim_state_renew(SimState *state, const struct SimMachine *machine, uint64_t value);
