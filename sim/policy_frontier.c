/* Frontier: runs go back to a state that few runs have gone on from, by the shortest way known, and on from there by chance. What a state is: the values
 * at places that contexts share, and every other time also where each context is. A bug that takes many steps in a certain order, most of which leave a
 * trace in memory, is found a trace at a time instead of all at once. */
#include "drawing.h"
#include "frontier.h"
#include "machine.h"

#include <stdlib.h>
#include <string.h>

static SimFrontier *frontier_of(SimDrawing *drawing) { return drawing->frontier; }

static void begin(SimMachine *machine) {
  SimDrawing *drawing = sim_drawing_begin(machine);
  sim_frontier_begin(drawing, true);
  drawing->visits = drawing->visits == SIM_VISITS_ALL || drawing->profile.access_count > 20000 ? drawing->visits : SIM_VISITS_SHARED;
}

static uint32_t pick(SimDrawing *drawing, const SimPoint *point) {
  sim_frontier_look(drawing, point);
  return sim_option_uniform(drawing, point);
}

static void option_step(SimDrawing *drawing, const SimPoint *point, uint32_t id) {
  if (!sim_point_is_step(point) || point->options == NULL)
    return;
  for (uint32_t i = 0; i < point->option_count; i++)
    if (point->options[i].id == id && point->options[i].actor != SIM_ACTOR_CLOCK)
      sim_drawing_step(drawing, &point->options[i]);
}

static uint32_t answer(SimMachine *machine, const SimPoint *point) {
  SimDrawing *drawing = sim_drawing(machine);
  uint32_t id = point->natural;
  if (sim_frontier_is_back(drawing, point))
    id = sim_drawing_answer(machine, point, pick);
  else
    option_step(drawing, point, id = sim_frontier_answer(frontier_of(drawing), point));
  sim_frontier_record(frontier_of(drawing), point, id);
  return id;
}

static uint32_t access_budget(SimMachine *machine, const SimContext *context) {
  SimDrawing *drawing = sim_drawing(machine);
  uint32_t drawn = sim_drawing_access_budget(machine, context), way = sim_frontier_distance(frontier_of(drawing), context);
  return way < drawn ? way : drawn;
}

const SimPolicy sim_policy_frontier = {
  .name = "frontier",
  .title = "back to where few runs have been, and on from there",
  .paper = "after Ecoffet, Huizinga, Lehman, Stanley, Clune: First return, then explore, Nature 2021",
  .explores = true,
  .holds_up = true,
  .state_size = sizeof(SimDrawing),
  .begin = begin,
  .answer = answer,
  .access_budget = access_budget,
  .end = sim_drawing_end,
  .finish = sim_drawing_finish,
};
