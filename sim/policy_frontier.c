/* Frontier: runs go back to a state that few runs have gone on from, by the shortest way known, and on from there by chance. What a state is: frontier.h.
 * A bug that takes many steps in a certain order, most of which leave a trace in memory, is found a trace at a time instead of all at once. */
#include "drawing.h"

static void begin(SimMachine *machine) {
  SimDrawing *drawing = sim_drawing_begin(machine);
  if (drawing->visits < SIM_VISITS_SHARED && !sim_drawing_is_large(drawing)) /* traces are what it goes by */
    drawing->visits = SIM_VISITS_SHARED;
}

static uint32_t answer(SimMachine *machine, const SimPoint *point) { return sim_drawing_answer(machine, point, sim_option_uniform); }

const SimPolicy sim_policy_frontier = {
  .name = "frontier",
  .title = "back to states that few schedules went on from, and on from there",
  .paper = "after Ecoffet, Huizinga, Lehman, Stanley, Clune: First return, then explore, Nature 2021",
  SIM_POLICY_DRAWS,
  .begin = begin,
  .answer = answer,
};
