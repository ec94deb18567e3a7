/*
 * The level at which a callback comes whose page allows several. Naturally that at which its caller stands; any other that the page allows is a
 * choice, for whoever calls the stack may hold a spin lock of its own. Nobody is to rely on more than the page says.
 */
#include "ke_internal.h"

/* fwpsk/nc-fwpsk-fwps_callout_classify_fn1, -fwps_callout_notify_fn1, -fwps_callout_flow_delete_notify_fn0: up to DISPATCH_LEVEL, whatever the
 * layer; network/callout-driver-programming-considerations: typically at it. */
uint8_t ke_callback_level_begin(void) {
  SimMachine *machine = sim_machine();
  SimIrql before = ke_irql();
  const SimOption levels[] = { { .id = before }, { .id = SIM_IRQL_DISPATCH } };
  if (before >= SIM_IRQL_DISPATCH || sim_choose_rare(machine, SIM_CHOICE_IRQL, 0, before, levels, 2) == before)
    return KE_LEVEL_AS_IS;
  ke_irql_raise(SIM_IRQL_DISPATCH, 0);
  return before;
}

/* As who gives its spin lock back: to the level from before, whatever the callback did to it. */
void ke_callback_level_end(uint8_t before) {
  if (before != KE_LEVEL_AS_IS && ke_irql() > before)
    ke_irql_lower(before, 0);
}
