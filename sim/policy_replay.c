/* Replay: natural answers but for the exceptions of a schedule, found by (context, kind, ordinal). An exception whose option does not exist
 * any more (the driver changed) is passed over. */
#include "internal.h"

static void begin(SimMachine *machine) {
  SIM_ASSERT(machine->options.replay != NULL);
  sim_schedule_sort((SimSchedule *)machine->options.replay); /* what it says stays the same */
}

static uint32_t answer(SimMachine *machine, const SimPoint *point) {
  const SimException *exception = sim_schedule_at_or_after(machine->options.replay, point->context, point->kind, point->ordinal);
  if (exception == NULL || exception->ordinal != point->ordinal)
    return point->natural;
  if (sim_point_has(point, exception->answer))
    return exception->answer;
  machine->replay_misses++;
  return point->natural;
}

/* The distance to the next access of this context that the schedule names. */
static uint32_t access_budget(SimMachine *machine, const SimContext *context) {
  const SimException *next = sim_schedule_at_or_after(machine->options.replay, context->id, SIM_CHOICE_ACCESS, context->access_ordinal + 1);
  return next != NULL ? next->ordinal - context->access_ordinal : UINT32_MAX;
}

const SimPolicy sim_policy_replay = {
  .name = "replay",
  .title = "a recorded schedule again",
  .explores = true,
  .holds_up = true,
  .by_id = true,
  .begin = begin,
  .answer = answer,
  .access_budget = access_budget,
};
