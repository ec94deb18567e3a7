/*
 * Fibers by ucontext, where there is no assembly of ours: slower (two system calls a switch), same order, same hashes. Drivers can only be steps
 * there. A saved stack pointer is the address of a ucontext_t on that stack; what is in use begins a little below, with the frames of the switch.
 */
#include "fiber.h"
#include "machine.h"

#include <ucontext.h>

/* Of sim_fiber_switch and swapcontext, in a build without optimisation and with sanitizers. */
#define SWITCH_FRAMES_SIZE 2048

void *sim_fiber_prepare(void *stack_low, void *stack_top, void (*entry)(void)) {
  ucontext_t *saved = (ucontext_t *)((uint64_t)stack_top & ~(uint64_t)63) - 1;
  getcontext(saved);
  saved->uc_stack.ss_sp = stack_low;
  saved->uc_stack.ss_size = (size_t)((char *)saved - (char *)stack_low);
  saved->uc_link = NULL;
  makecontext(saved, entry, 0);
  return saved;
}

void sim_fiber_switch(void **save, void *load) {
  ucontext_t here;
  *save = &here;
  swapcontext(&here, load);
}

void *sim_fiber_low(void *saved) { return (char *)saved - SWITCH_FRAMES_SIZE; }

uint64_t sim_guest_enter(SimContext *context, uint64_t function, const uint64_t *arguments, unsigned argument_count) {
  (void)context, (void)function, (void)arguments, (void)argument_count;
  SIM_ASSERT(!"compiled drivers run on x86-64 only");
  return 0;
}

void sim_host_enter(void (*routine)(void *), void *argument) { routine(argument); }
