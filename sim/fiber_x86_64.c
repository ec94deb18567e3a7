#include "fiber.h"

void *sim_fiber_low(void *saved) { return saved; }

/* What sim_fiber_switch pops: r15 r14 r13 r12 rbx rbp, then where to jump. At entry of a C function rsp + 8 is a multiple of 16. */
void *sim_fiber_prepare(void *stack_low, void *stack_top, void (*entry)(void)) {
  (void)stack_low;
  uint64_t *top = (uint64_t *)((uint64_t)stack_top & ~(uint64_t)15);
  *--top = 0; /* the return address `entry` never uses */
  *--top = (uint64_t)entry;
  for (int i = 0; i < 6; i++)
    *--top = 0;
  return top;
}
