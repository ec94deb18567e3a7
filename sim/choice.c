#include "internal.h"

const char sim_choice_letters[SIM_CHOICE_KIND_COUNT + 1] = "simraquwfpgk";

const char *const sim_choice_names[SIM_CHOICE_KIND_COUNT] = {
  "step", "interrupt", "access", "resident", "allocation", "irql", "reply", "model", "status", "packet", "grant", "worker",
};

static bool is_option(const SimPoint *point, uint32_t id) {
  if (point->options == NULL)
    return id < point->option_count;
  for (uint32_t i = 0; i < point->option_count; i++)
    if (point->options[i].id == id)
      return true;
  return false;
}

uint32_t sim_choose_in(SimMachine *machine, SimContext *context, SimChoiceKind kind, uint32_t ordinal, uint32_t natural,
                       const SimOption *options, uint32_t option_count) {
  if (ordinal == UINT32_MAX)
    ordinal = context != NULL ? context->choice_ordinals[kind]++ : machine->choice_ordinals[kind]++;
  SimPoint point = { .kind = kind,
                     .context = context != NULL ? context->id : 0,
                     .ordinal = ordinal,
                     .natural = natural,
                     .option_count = option_count,
                     .options = options };
  SIM_ASSERT(option_count <= SIM_OPTION_COUNT_MAX && is_option(&point, natural));
  uint32_t answer = machine->options.policy->answer(machine, &point);
  if (answer == natural)
    return natural;
  SIM_ASSERT(is_option(&point, answer));
  if (machine->options.exceptions != NULL)
    sim_schedule_append(machine->options.exceptions,
                        (SimException){ .context = point.context, .ordinal = ordinal, .answer = answer, .kind = (uint8_t)kind });
  return answer;
}

uint32_t sim_choose(SimMachine *machine, SimChoiceKind kind, uint32_t natural, const SimOption *options, uint32_t option_count) {
  return sim_choose_in(machine, machine->current, kind, UINT32_MAX, natural, options, option_count);
}
