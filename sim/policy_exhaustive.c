/* Exhaustive: a run repeats the path of the search and takes natural answers beyond it; the search then takes the next option of the last point that
 * has one left (Godefroid, VeriSoft, POPL 1997: stateless search). */
#include "internal.h"
#include "search.h"

#include <stdlib.h>

void sim_search_finish(SimSearch *search) {
  free(search->points);
  *search = (SimSearch){ 0 };
}

bool sim_search_next(SimSearch *search) {
  search->depth = 0;
  while (search->count > 0) {
    SimSearchPoint *last = &search->points[search->count - 1];
    if (last->taken + 1 < last->option_count) {
      last->taken++;
      return true;
    }
    search->count--;
  }
  return false;
}

static SimSearchPoint *point_push(SimSearch *search) {
  if (search->count == search->capacity) {
    size_t capacity = search->capacity > 0 ? search->capacity * 2 : 256;
    SimSearchPoint *points = realloc(search->points, capacity * sizeof *points);
    SIM_ASSERT(points != NULL);
    search->points = points;
    search->capacity = capacity;
  }
  return &search->points[search->count++];
}

static void begin(SimMachine *machine) {
  SIM_ASSERT(machine->options.search != NULL);
  machine->options.search->depth = 0;
}

static uint32_t answer(SimMachine *machine, const SimPoint *point) {
  SimSearch *search = machine->options.search;
  if (search->depth < search->count) {
    const SimSearchPoint *known = &search->points[search->depth++];
    return known->ids[known->taken];
  }
  SimSearchPoint *new_point = point_push(search);
  search->depth++;
  *new_point = (SimSearchPoint){ .option_count = 1, .ids = { (uint8_t)point->natural } };
  for (uint32_t i = 0; i < point->option_count; i++) {
    uint32_t id = point->options != NULL ? point->options[i].id : i;
    if (id != point->natural)
      new_point->ids[new_point->option_count++] = (uint8_t)id;
  }
  return point->natural;
}

static uint32_t access_budget(SimMachine *machine, const SimContext *context) {
  (void)machine, (void)context;
  return UINT32_MAX;
}

const SimPolicy sim_policy_exhaustive = {
  .name = "exhaustive", .explores = true, .begin = begin, .answer = answer, .access_budget = access_budget
};
