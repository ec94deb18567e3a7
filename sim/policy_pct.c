/* PCT: each actor has a priority, the highest steps, and at d - 1 points drawn from as many as runs of this search have had, who steps sinks below all
 * others. Finds a bug of depth d among n actors and k points with a chance of at least 1 / (n k^(d-1)) in each run, whatever the bug. */
#include "drawing.h"

#define DEPTH_MAX (SIM_CHANGES_MAX + 1)

static void begin(SimMachine *machine) {
  SimDrawing *drawing = sim_drawing_begin(machine);
  uint32_t depth = machine->options.search->options.depth;
  if (depth == 0)
    depth = 2 + sim_draw_below(&drawing->draw, 3);
  drawing->change_count = (depth < DEPTH_MAX ? depth : DEPTH_MAX) - 1;
  drawing->change_next = 0;
  uint32_t points = drawing->profile.step_count > 0 ? drawing->profile.step_count : 32;
  for (uint32_t i = 0; i < drawing->change_count; i++) { /* in order: there are few */
    uint32_t at = 1 + sim_draw_below(&drawing->draw, points), place = i;
    for (; place > 0 && drawing->changes[place - 1] > at; place--)
      drawing->changes[place] = drawing->changes[place - 1];
    drawing->changes[place] = at;
  }
}

static uint32_t pick(SimDrawing *drawing, const SimPoint *point) {
  uint32_t index = sim_option_highest(drawing, point);
  while (drawing->change_next < drawing->change_count && drawing->changes[drawing->change_next] <= drawing->point_count) {
    sim_drawing_actor(drawing, &point->options[index])->priority = drawing->change_count - drawing->change_next++;
    index = sim_option_highest(drawing, point);
  }
  return index;
}

static uint32_t answer(SimMachine *machine, const SimPoint *point) { return sim_drawing_answer(machine, point, pick); }

const SimPolicy sim_policy_pct = {
  .name = "pct",
  .title = "priorities that change at few points: bugs of small depth with a bound on the chance",
  .paper = "Burckhardt, Kothari, Musuvathi, Nagarakatte: A randomized scheduler with probabilistic guarantees of finding bugs, ASPLOS 2010",
  SIM_POLICY_DRAWS,
  .begins_late = true,
  .begin = begin,
  .answer = answer,
};
