/* sim with ucontext's fibers has no assembly; on x86-64, where this test is, the gate's thunks still name two routines of it. Nothing calls them. */
#include <stdlib.h>

void sim_gate(void);
void sim_guest_return(void);

void sim_gate(void) { abort(); }
void sim_guest_return(void) { abort(); }
