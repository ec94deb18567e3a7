/* Replay: natural answers but for the exceptions of a schedule, found by (context, kind, ordinal). An exception whose option does not exist
 * any more (the driver changed) is passed over. */
#include "internal.h"

static void begin(SimMachine *machine) { sim_schedule_index(machine, machine->options.replay); }

static bool is_option(const SimPoint *point, uint32_t id) {
  if (point->options == NULL)
    return id < point->option_count;
  for (uint32_t i = 0; i < point->option_count; i++)
    if (point->options[i].id == id)
      return true;
  return false;
}

static uint32_t answer(SimMachine *machine, const SimPoint *point) {
  uint32_t wanted = sim_schedule_answer(machine, point->context, point->kind, point->ordinal);
  if (wanted == UINT32_MAX)
    return point->natural;
  if (is_option(point, wanted))
    return wanted;
  machine->replay_misses++;
  return point->natural;
}

/* The distance to the next access of this context that the schedule names. */
static uint32_t access_budget(SimMachine *machine, const SimContext *context) {
  const SimSchedule *schedule = machine->options.replay;
  uint32_t next = UINT32_MAX;
  for (size_t i = 0; i < schedule->count; i++) {
    const SimException *exception = &schedule->exceptions[i];
    if (exception->kind == SIM_CHOICE_ACCESS && exception->context == context->id && exception->ordinal > context->access_ordinal &&
        exception->ordinal - context->access_ordinal < next)
      next = exception->ordinal - context->access_ordinal;
  }
  return next;
}

const SimPolicy sim_policy_replay = {
    .name = "replay", .explores = true, .begin = begin, .answer = answer, .access_budget = access_budget};
