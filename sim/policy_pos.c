/* POS: what each actor is about to do has a priority; the highest happens, and those that race with it are drawn anew. So each order of operations
 * that depend on one another has a fair chance, and operations that do not cost none. */
#include "drawing.h"

static void begin(SimMachine *machine) { sim_drawing_begin(machine); }

static uint32_t pick(SimDrawing *drawing, const SimPoint *point) {
  uint32_t index = sim_option_highest(drawing, point);
  sim_drawing_redraw(drawing, point, index);
  return index;
}

static uint32_t answer(SimMachine *machine, const SimPoint *point) { return sim_drawing_answer(machine, point, pick); }

const SimPolicy sim_policy_pos = {
  .name = "pos",
  .title = "priorities of operations, drawn anew where operations race",
  .paper = "Yuan, Yang, Gu: Partial order aware concurrency sampling, CAV 2018",
  SIM_POLICY_DRAWS,
  .begins_late = true,
  .begin = begin,
  .answer = answer,
};
