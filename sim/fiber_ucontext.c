/* Fibers by ucontext, where there is no assembly of ours: slower (two system calls a switch), same order, same hashes. Drivers can only be
 * steps there. The ucontext_t lives at the low end of the fiber's stack; a saved stack pointer is the address of one. */
#include "fiber.h"
#include "machine.h"

#include <ucontext.h>

void *sim_fiber_prepare(void *stack_low, void *stack_top, void (*entry)(void)) {
  ucontext_t *saved = stack_low;
  getcontext(saved);
  saved->uc_stack.ss_sp = (char *)stack_low + sizeof *saved;
  saved->uc_stack.ss_size = (size_t)((char *)stack_top - (char *)stack_low) - sizeof *saved;
  saved->uc_link = NULL;
  makecontext(saved, entry, 0);
  return saved;
}

void sim_fiber_switch(void **save, void *load) {
  ucontext_t here;
  *save = &here;
  swapcontext(&here, load);
}

uint64_t sim_guest_enter(SimContext *context, uint64_t function, const uint64_t *arguments, unsigned argument_count) {
  (void)context, (void)function, (void)arguments, (void)argument_count;
  SIM_ASSERT(!"compiled drivers run on x86-64 only");
  return 0;
}

void sim_host_enter(void (*routine)(void *), void *argument) { routine(argument); }
