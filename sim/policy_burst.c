/* Bursts: one actor, drawn uniformly, steps a number of times that is drawn at every scale, then another. A swarm over rates of preemption (our own, after
 * Groce, Zhang, Eide, Chen, Regehr: Swarm testing, ISSTA 2012): never the best, never bad. */
#include "drawing.h"

#define SCALE_COUNT 6

static void begin(SimMachine *machine) { sim_drawing_begin(machine)->burst_left = 0; }

static uint32_t pick(SimDrawing *drawing, const SimPoint *point) {
  if (drawing->burst_left > 0)
    for (uint32_t i = 0; i < point->option_count; i++)
      if (point->options[i].actor == drawing->intended && point->options[i].context == drawing->intended_context) {
        drawing->burst_left--;
        return i;
      }
  uint32_t index = sim_option_uniform(drawing, point);
  drawing->intended = point->options[index].actor;
  drawing->intended_context = point->options[index].context;
  drawing->burst_left = sim_draw_below(&drawing->draw, 1u << sim_draw_below(&drawing->draw, SCALE_COUNT));
  return index;
}

static uint32_t answer(SimMachine *machine, const SimPoint *point) { return sim_drawing_answer(machine, point, pick); }

const SimPolicy sim_policy_burst = {
  .name = "burst",
  .title = "runs of steps of one, of all lengths",
  .paper = "after Groce, Zhang, Eide, Chen, Regehr: Swarm testing, ISSTA 2012",
  SIM_POLICY_DRAWS,
  .begins_late = true,
  .begin = begin,
  .answer = answer,
};
