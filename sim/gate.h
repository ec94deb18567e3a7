/*
 * gate.h: between driver code on the guest stack and irqlab on the host stack. x86-64 only; elsewhere drivers can only be steps.
 *
 * A driver holds thunk addresses only. A gated thunk notes where it was called from (context->site), changes to the host stack and calls a C
 * function with the same arguments (six in registers; where it may have more, up to twelve on the stack); a direct thunk jumps to a hook that
 * stays on the guest stack.
 */
#pragma once

#include "arena.h"

#include <stdbool.h>

#define SIM_THUNK_STRIDE 32ULL
#define SIM_THUNK_COUNT (SIM_THUNK_SIZE / SIM_THUNK_STRIDE)

static inline uint64_t sim_thunk_address(unsigned index) { return SIM_THUNK_BASE + index * SIM_THUNK_STRIDE; }

/* Fill the thunk region, all but the last thunk, to which driver code returns; then seal it (read and execute). Once a process, after
 * sim_arena_map. False where drivers cannot be native. */
bool sim_thunks_open(void);
void sim_thunk_set_gated(unsigned index, void (*function)(void), bool has_stack_arguments);
void sim_thunk_set_direct(unsigned index, void (*function)(void));
void sim_thunks_seal(void);
