/* URW: a random walk in proportion to what each actor still has to do, itself and through those it makes: where the counts are right, each order of
 * all steps is as likely as any other. */
#include "drawing.h"

static uint32_t own(const SimDrawing *drawing, uint32_t context) {
  uint32_t count = drawing->profile.contexts[context].step_count;
  return count > 0 ? count : 1;
}

static void begin(SimMachine *machine) { sim_drawing_weigh(sim_drawing_begin(machine), own); }

static uint32_t pick(SimDrawing *drawing, const SimPoint *point) {
  uint32_t index = sim_option_weighed(drawing, point);
  sim_actor_spend(sim_drawing_actor(drawing, &point->options[index]), 1);
  return index;
}

static uint32_t answer(SimMachine *machine, const SimPoint *point) { return sim_drawing_answer(machine, point, pick); }

const SimPolicy sim_policy_urw = {
  .name = "urw",
  .title = "a random walk weighed by what is left to do: all orders of steps alike",
  .paper = "Zhao, Wolff, Mathur, Roychoudhury: Selectively uniform concurrency testing, ASPLOS 2025 (its uniform random walk)",
  SIM_POLICY_DRAWS,
  .begins_late = true,
  .begin = begin,
  .answer = answer,
};
