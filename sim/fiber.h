/*
 * fiber.h: the stack changes of context.c, by assembly on x86-64 and by ucontext elsewhere. Internal to sim.
 */
#pragma once

#include "context.h"

/* Saves the callee-saved state on the current stack, stores the stack pointer in *save, and goes on where `load` was saved. */
void sim_fiber_switch(void **save, void *load);

/* Prepares a stack (top exclusive) so that a first switch to the returned pointer calls `entry` on it. */
void *sim_fiber_prepare(void *stack_low, void *stack_top, void (*entry)(void));

/* The lowest address of a stack that is in use, given what was saved: what a snapshot has to copy from. */
void *sim_fiber_low(void *saved);

/* See fiber_x86_64.S. */
uint64_t sim_guest_enter(SimContext *context, uint64_t function, const uint64_t *arguments, unsigned argument_count);
void sim_host_enter(void (*routine)(void *), void *argument);
