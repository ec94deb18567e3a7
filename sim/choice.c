#include "internal.h"

const char sim_choice_letters[SIM_CHOICE_KIND_COUNT + 1] = "simraquw";

const char *const sim_choice_names[SIM_CHOICE_KIND_COUNT] = {
    "step", "interrupt", "access", "resident", "allocation", "irql", "reply", "model",
};

static void answer_check(const SimPoint *point, uint32_t answer) {
  if (point->options == NULL) {
    SIM_ASSERT(answer < point->option_count);
    return;
  }
  for (uint32_t i = 0; i < point->option_count; i++)
    if (point->options[i].id == answer)
      return;
  SIM_ASSERT(!"a policy answered with something that is no option");
}

uint32_t sim_choose_in(SimMachine *machine, SimContext *context, SimChoiceKind kind, uint32_t ordinal, uint32_t natural,
                       const SimOption *options, uint32_t option_count) {
  if (ordinal == UINT32_MAX)
    ordinal = context != NULL ? context->choice_ordinals[kind]++ : machine->choice_ordinals[kind]++;
  SimPoint point = {.kind = kind,
                    .context = context != NULL ? context->id : 0,
                    .ordinal = ordinal,
                    .natural = natural,
                    .option_count = option_count,
                    .options = options};
  uint32_t answer = machine->options.policy->answer(machine, &point);
  if (answer == natural)
    return natural;
  answer_check(&point, answer);
  if (machine->options.exceptions != NULL)
    sim_schedule_append(machine->options.exceptions,
                        (SimException){.context = point.context, .ordinal = ordinal, .answer = answer, .kind = (uint8_t)kind});
  return answer;
}

uint32_t sim_choose(SimMachine *machine, SimChoiceKind kind, uint32_t natural, const SimOption *options, uint32_t option_count) {
  return sim_choose_in(machine, machine->current, kind, UINT32_MAX, natural, options, option_count);
}
