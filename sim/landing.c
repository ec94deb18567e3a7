/* Where sim_stop comes back to when no context runs: while a machine is set up, and where an event fires before the first context has stepped. */
#include "internal.h"

#include <setjmp.h>

typedef struct Landing {
  struct Landing *outer;
  jmp_buf place;
} Landing;

static Landing **innermost(void) { return (Landing **)sim_process_landing(); }

void sim_landing_call(void (*routine)(SimMachine *machine, void *argument), void *argument) {
  Landing landing = { .outer = *innermost() };
  *innermost() = &landing;
  if (setjmp(landing.place) == 0)
    routine(sim_machine(), argument);
  *innermost() = landing.outer;
}

void sim_landing_take(void) {
  if (*innermost() != NULL)
    longjmp((*innermost())->place, 1);
}
