/* Fair: uniform draws, but nobody who could step is passed over for ever. What goes on without end under it goes on without end on a fair machine: a
 * livelock, not bad luck. */
#include "drawing.h"

/* Points that an actor may be passed over, for each that could step. */
#define PASSED_MAX 16

static void begin(SimMachine *machine) {
  SimDrawing *drawing = sim_drawing_begin(machine);
  drawing->other_chance[SIM_CHOICE_INTERRUPT] = 256;
  drawing->other_chance[SIM_CHOICE_WORKER] = 256;
}

static uint32_t pick(SimDrawing *drawing, const SimPoint *point) {
  uint32_t longest = UINT32_MAX, passed = 0;
  for (uint32_t i = 0; i < point->option_count; i++) {
    if (point->options[i].actor == SIM_ACTOR_CLOCK)
      continue;
    uint32_t since = drawing->point_count - sim_drawing_actor(drawing, &point->options[i])->stepped_at;
    if (longest == UINT32_MAX || since > passed)
      longest = i, passed = since;
  }
  return passed > PASSED_MAX * point->option_count ? longest : sim_option_uniform(drawing, point);
}

static uint32_t answer(SimMachine *machine, const SimPoint *point) { return sim_drawing_answer(machine, point, pick); }

const SimPolicy sim_policy_fair = {
  .name = "fair",
  .title = "uniform draws, and nobody is passed over for ever",
  .paper = "Musuvathi, Qadeer: Fair stateless model checking, PLDI 2008",
  .explores = true,
  .begins_late = true,
  .state_size = sizeof(SimDrawing),
  .begin = begin,
  .answer = answer,
  .access_budget = sim_drawing_access_budget,
  .end = sim_drawing_end,
  .finish = sim_drawing_finish,
};
