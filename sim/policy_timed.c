/* Timed: what an idle Windows does. The earliest cpu steps next, interrupts land at once, nothing fails. */
#include "internal.h"

static void begin(SimMachine *machine) { (void)machine; }

static uint32_t answer(SimMachine *machine, const SimPoint *point) {
  (void)machine;
  return point->natural;
}

static uint32_t access_budget(SimMachine *machine, const SimContext *context) {
  (void)machine, (void)context;
  return UINT32_MAX;
}

const SimPolicy sim_policy_timed = {
  .name = "timed",
  .title = "what an idle Windows does: the earliest cpu steps, nothing fails",
  .begin = begin,
  .answer = answer,
  .access_budget = access_budget,
};
