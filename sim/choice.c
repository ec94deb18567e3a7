#include "options.h"

#include <string.h>

const char sim_choice_letters[SIM_CHOICE_KIND_COUNT + 1] = "simraquwfpgktc";

const char *const sim_choice_names[SIM_CHOICE_KIND_COUNT] = {
  "step",  "interrupt", "access", "resident", "allocation", "irql",  "reply",
  "model", "status",    "packet", "grant",    "worker",     "clock", "placement",
};

/* ---- options ---- */

static const SimContext *thread_at(const SimPoint *point, uint32_t index) {
  const SimReadyRun *run = point->runs;
  for (; index >= run->count; run++)
    index -= run->count;
  return &sim_machine()->contexts[run->slots[index]];
}

uint32_t sim_point_id(const SimPoint *point, uint32_t index) {
  if (point->options == NULL)
    return index;
  return index < point->listed_count ? point->options[index].id : thread_at(point, index - point->listed_count)->id;
}

static bool is_in_runs(const SimPoint *point, uint32_t slot) {
  uint32_t left = point->option_count - point->listed_count;
  for (const SimReadyRun *run = point->runs; left > 0; left -= run++->count)
    for (uint32_t i = 0; i < run->count; i++)
      if (run->slots[i] == slot)
        return true;
  return false;
}

bool sim_point_has(const SimPoint *point, uint32_t id) {
  if (point->options == NULL)
    return id < point->option_count;
  for (uint32_t i = 0; i < point->listed_count; i++)
    if (point->options[i].id == id)
      return true;
  const SimContext *thread = point->listed_count < point->option_count ? sim_context_of_id(sim_machine(), id) : NULL;
  return thread != NULL && is_in_runs(point, thread->slot);
}

/* ---- asking ---- */

static uint32_t ask(SimMachine *machine, const SimPoint *point) {
  SIM_ASSERT(point->option_count <= SIM_OPTION_COUNT_MAX && sim_point_has(point, point->natural));
  if (machine->is_forced) {
    if (point->option_count == 1)
      return point->natural;
    sim_forced_end(machine);
  }
  uint32_t answer = machine->options.policy->answer(machine, point);
  if (answer == point->natural)
    return answer;
  SIM_ASSERT(sim_point_has(point, answer));
  if (machine->options.exceptions != NULL)
    sim_schedule_append(
        machine->options.exceptions,
        (SimException){ .context = point->context, .ordinal = point->ordinal, .answer = answer, .kind = (uint8_t)point->kind });
  return answer;
}

static uint32_t ordinal_take(SimMachine *machine, SimContext *context, SimChoiceKind kind) {
  return context != NULL ? context->choice_ordinals[kind]++ : machine->choice_ordinals[kind]++;
}

void sim_choice_skip(SimMachine *machine, SimChoiceKind kind) { ordinal_take(machine, machine->current, kind); }

uint32_t sim_choose_in(SimMachine *machine, SimContext *context, SimChoiceKind kind, uint32_t ordinal, uint32_t natural,
                       const SimOption *options, uint32_t option_count) {
  SimPoint point = { .kind = kind,
                     .context = context != NULL ? context->id : 0,
                     .ordinal = ordinal != UINT32_MAX ? ordinal : ordinal_take(machine, context, kind),
                     .natural = natural,
                     .option_count = option_count,
                     .options = options,
                     .listed_count = option_count };
  return ask(machine, &point);
}

uint32_t sim_choose_of(SimMachine *machine, SimContext *context, SimChoiceKind kind, uint32_t ordinal, uint32_t natural,
                       const SimOptions *listed) {
  SimOption *options = __builtin_alloca(listed->listed * sizeof *options);
  SimReadyRun *runs = __builtin_alloca(listed->run_count * sizeof *runs);
  memcpy(options, listed->list, listed->listed * sizeof *options);
  memcpy(runs, listed->runs, listed->run_count * sizeof *runs);
  SimPoint point = { .kind = kind,
                     .context = context != NULL ? context->id : 0,
                     .ordinal = ordinal != UINT32_MAX ? ordinal : ordinal_take(machine, context, kind),
                     .natural = natural,
                     .option_count = listed->count,
                     .options = options,
                     .listed_count = listed->listed,
                     .runs = runs };
  return ask(machine, &point);
}

uint32_t sim_choose(SimMachine *machine, SimChoiceKind kind, uint32_t natural, const SimOption *options, uint32_t option_count) {
  return sim_choose_in(machine, machine->current, kind, UINT32_MAX, natural, options, option_count);
}

bool sim_varies(const SimMachine *machine, SimChoiceKind kind) {
  return machine->options.policy->explores && (machine->options.varies >> kind & 1) != 0;
}

uint32_t sim_choose_rare(SimMachine *machine, SimChoiceKind kind, uint64_t key, uint32_t natural, const SimOption *options,
                         uint32_t option_count) {
  SimContext *context = machine->current;
  uint32_t ordinal = ordinal_take(machine, context, kind);
  if (!sim_varies(machine, kind))
    return natural;
  SimPoint point = { .kind = kind,
                     .context = context != NULL ? context->id : 0,
                     .ordinal = ordinal,
                     .natural = natural,
                     .option_count = option_count,
                     .options = options,
                     .listed_count = option_count,
                     .key = key };
  return ask(machine, &point);
}
