/* Exhaustive: a run repeats the path of the search and takes natural answers beyond it; the search then takes the next option of the last point that
 * has one left (Godefroid, VeriSoft, POPL 1997: stateless search). Memory accesses are no points of it unless the search visits them. */
#include "internal.h"
#include "search.h"

#include <stdlib.h>

typedef struct PathPoint {
  uint32_t option_count;
  uint32_t taken; /* index of the option this run takes: 0 is the natural one */
  uint32_t *ids;  /* the natural option first; owned */
} PathPoint;

typedef struct Path {
  PathPoint *points; /* of the run, from its first point */
  size_t count;
  size_t capacity;
  size_t depth; /* points the current run has met */
} Path;

static Path *path_of(const SimMachine *machine) {
  SIM_ASSERT(machine->options.search != NULL);
  return machine->options.search->state;
}

static void finish(void *state) {
  Path *path = state;
  while (path->count > 0)
    free(path->points[--path->count].ids);
  free(path->points);
}

static bool next(SimSearch *search, void *state) {
  Path *path = state;
  (void)search;
  path->depth = 0;
  while (path->count > 0) {
    PathPoint *last = &path->points[path->count - 1];
    if (last->taken + 1 < last->option_count) {
      last->taken++;
      return true;
    }
    free(last->ids);
    path->count--;
  }
  return false;
}

static PathPoint *point_push(Path *path, uint32_t option_count) {
  if (path->count == path->capacity) {
    size_t capacity = path->capacity > 0 ? path->capacity * 2 : 256;
    PathPoint *points = realloc(path->points, capacity * sizeof *points);
    SIM_ASSERT(points != NULL);
    path->points = points;
    path->capacity = capacity;
  }
  uint32_t *ids = malloc(option_count * sizeof *ids);
  SIM_ASSERT(ids != NULL);
  path->points[path->count] = (PathPoint){ .ids = ids };
  return &path->points[path->count++];
}

static void begin(SimMachine *machine) { path_of(machine)->depth = 0; }

static uint32_t answer(SimMachine *machine, const SimPoint *point) {
  Path *path = path_of(machine);
  if (path->depth < path->count) {
    const PathPoint *known = &path->points[path->depth++];
    return known->ids[known->taken];
  }
  PathPoint *new_point = point_push(path, point->option_count);
  path->depth++;
  new_point->ids[new_point->option_count++] = point->natural;
  for (uint32_t i = 0; i < point->option_count; i++) {
    uint32_t id = point->options != NULL ? point->options[i].id : i;
    if (id != point->natural)
      new_point->ids[new_point->option_count++] = id;
  }
  return point->natural;
}

static uint32_t access_budget(SimMachine *machine, const SimContext *context) {
  (void)context;
  return machine->options.search->options.visits_accesses ? 1 : UINT32_MAX;
}

const SimPolicy sim_policy_exhaustive = {
  .name = "exhaustive",
  .title = "every schedule there is, one after the other, the natural one first",
  .paper = "Godefroid: Model checking for programming languages using VeriSoft, POPL 1997",
  .explores = true,
  .is_systematic = true,
  .state_size = sizeof(Path),
  .begin = begin,
  .answer = answer,
  .access_budget = access_budget,
  .next = next,
  .finish = finish,
};
