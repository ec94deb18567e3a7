/* Exhaustive: a run repeats the path of the search and takes the first option beyond it; the search then takes the next option of the last point that has
 * one left (Godefroid, VeriSoft, POPL 1997: stateless search). Options that cost more than the bounds leave are passed over: preemptions (Musuvathi,
 * Qadeer: Iterative context bounding, PLDI 2007), or delays, which are departures from the natural schedule (Emmi, Qadeer, Rakamaric: Delay-bounded
 * scheduling, POPL 2011). Memory accesses are no points of it unless the search visits them. */
#include "internal.h"
#include "search_path.h"
#include "search_state.h"
#include "search_time.h"

#include <stdlib.h>

typedef struct PathPoint {
  uint32_t first; /* of its options */
  uint32_t count;
  uint32_t taken; /* index of the option this run takes */
  SimShard shard; /* who searches what is below it */
} PathPoint;

typedef struct Path {
  PathPoint *points; /* of the run, from its first point */
  size_t count;
  size_t capacity;
  size_t depth; /* points the current run has met */
  SimPathOption *options;
  size_t option_capacity;
  uint32_t preemptions; /* of the current run so far */
  uint32_t delays;
  SimShard shard;
  /* Merging states. */
  SimState *state; /* NULL: it does not */
  SimFootprint footprint;
  SimSearchTime time;
  bool is_timed; /* time is part of a state */
  bool turns_timed;
  SimSearchProof proof;
} Path;

static Path *path_of(const SimMachine *machine) {
  SIM_ASSERT(machine->options.search != NULL);
  return machine->options.search->state;
}

static void finish(void *state) {
  Path *path = state;
  free(path->points);
  free(path->options);
  sim_state_destroy(&path->state);
  sim_footprint_finish(&path->footprint);
}

static bool next(SimSearch *search, void *state) {
  Path *path = state;
  (void)search;
  if (path->turns_timed) { /* states that were taken for the same were not: again */
    path->turns_timed = false;
    path->is_timed = path->proof.is_timed = true;
    path->count = 0;
    sim_state_forget_all(path->state);
    return true;
  }
  while (path->count > 0) {
    PathPoint *last = &path->points[path->count - 1];
    if (++last->taken < last->count)
      return true;
    path->count--;
  }
  path->proof.is_complete = !path->proof.is_cut;
  return false;
}

static PathPoint *point_push(Path *path, uint32_t option_count) {
  if (path->count == path->capacity) {
    path->capacity = path->capacity > 0 ? path->capacity * 2 : 256;
    path->points = realloc(path->points, path->capacity * sizeof *path->points);
    SIM_ASSERT(path->points != NULL);
  }
  const PathPoint *last = path->count > 0 ? &path->points[path->count - 1] : NULL;
  uint32_t first = last != NULL ? last->first + last->count : 0;
  while (first + option_count > path->option_capacity) {
    path->option_capacity = path->option_capacity > 0 ? path->option_capacity * 2 : 1024;
    path->options = realloc(path->options, path->option_capacity * sizeof *path->options);
    SIM_ASSERT(path->options != NULL);
  }
  path->points[path->count] = (PathPoint){ .first = first };
  return &path->points[path->count++];
}

static void begin(SimMachine *machine) {
  Path *path = path_of(machine);
  path->depth = 0;
  path->preemptions = path->delays = 0;
  path->shard = sim_shard_begin(machine->options.search);
  if (!machine->options.search->options.merges_states)
    return;
  if (path->state == NULL)
    path->state = sim_state_create();
  sim_state_begin(path->state, machine);
  sim_search_time_begin(&path->time, machine);
  path->footprint.state = path->state;
  machine->footprint = &path->footprint;
}

/* The options that the bounds allow, all of them listed from `first` on; where they allow none, the first one: a run has to end. */
static uint32_t options_afford(Path *path, const SimSearchOptions *search, SimPathOption *options, uint32_t count) {
  uint32_t kept = 0;
  for (uint32_t i = 0; i < count; i++) {
    bool is_beyond = (options[i].preempts && path->preemptions >= search->preemption_bound) ||
                     (options[i].delays && path->delays >= search->delay_bound);
    if (is_beyond)
      path->proof.is_bounded = true;
    else
      options[kept++] = options[i];
  }
  return kept > 0 ? kept : 1;
}

static uint32_t take(Path *path, SimSearch *search, const PathPoint *point) {
  const SimPathOption *option = &path->options[point->first + point->taken];
  path->preemptions += option->preempts;
  path->delays += option->delays;
  path->shard = point->shard;
  sim_shard_note(search, path->shard);
  return option->id;
}

/* The machine has been here before, with as much left to do with. */
static bool is_seen(Path *path, SimMachine *machine, const SimPoint *point) {
  const SimSearchOptions *options = &machine->options.search->options;
  uint64_t salt = (uint64_t)path->shard.first << 32 | path->shard.count;
  if (options->preemption_bound != SIM_SEARCH_UNBOUNDED)
    salt = salt * 31 + path->preemptions * 64 + (sim_vcpu(machine) != NULL ? sim_vcpu(machine)->number : 63);
  if (options->delay_bound != SIM_SEARCH_UNBOUNDED)
    salt = (salt * 31 + path->delays) * 31 + point->natural;
  SimStateKey key = sim_state_key(path->state, machine, point, salt, path->is_timed);
  return sim_state_see(path->state, key, path->is_timed ? 0 : sim_search_time_spent_ns(&path->time, machine));
}

static uint32_t answer_new(Path *path, SimMachine *machine, const SimPoint *point) {
  SimSearch *search = machine->options.search;
  if (path->state != NULL && is_seen(path, machine, point))
    sim_stop(machine, SIM_STOP_KNOWN, NULL);
  PathPoint *new_point = point_push(path, point->option_count);
  SimPathOption *options = path->options + new_point->first;
  bool stays_first = search->options.preemption_bound != SIM_SEARCH_UNBOUNDED;
  uint32_t count = sim_path_options(machine, point, stays_first, options);
  count = options_afford(path, &search->options, options, count);
  new_point->count = sim_shard_split(search, &path->shard, options, count);
  new_point->shard = path->shard;
  path->depth++;
  return take(path, search, new_point);
}

static uint32_t answer(SimMachine *machine, const SimPoint *point) {
  Path *path = path_of(machine);
  SimSearch *search = machine->options.search;
  if (point->kind == SIM_CHOICE_ACCESS && !search->options.visits_accesses)
    return point->natural;
  if (point->kind == SIM_CHOICE_ACCESS && path->state != NULL) /* beyond its scheduling point, which may be of the same operation */
    sim_state_value(path->state, machine, 1);
  uint32_t id = path->depth < path->count ? take(path, search, &path->points[path->depth++]) : answer_new(path, machine, point);
  if (path->state != NULL && !sim_point_is_step(point))
    sim_state_value(path->state, machine, id);
  return id;
}

static void step(SimMachine *machine, const SimVcpu *vcpu) {
  Path *path = path_of(machine);
  if (path->state == NULL)
    return;
  sim_search_time_note(&path->time, &path->footprint);
  path->footprint.reads_time = false;
  path->footprint.due_count = 0;
  if (vcpu != NULL)
    path->time.stepped |= 1ULL << vcpu->number;
  else if (sim_search_time_look(&path->time, machine, sim_queue_first(&machine->queue), 0) != 0)
    path->turns_timed = !path->is_timed;
}

static uint32_t access_budget(SimMachine *machine, const SimContext *context) {
  (void)context;
  const SimSearchOptions *options = &machine->options.search->options;
  return options->visits_accesses || options->merges_states ? 1 : UINT32_MAX; /* values read are part of a state */
}

static void end(SimMachine *machine) {
  Path *path = path_of(machine);
  machine->footprint = NULL;
  step(machine, NULL);
  path->proof.states = path->state != NULL ? sim_state_count(path->state) : 0;
  path->proof.schedules += sim_search_is_new(machine->options.search, machine);
  path->proof.known += !sim_search_is_new(machine->options.search, machine);
  path->proof.is_cut |= machine->stop >= SIM_STOP_LIMIT_STEPS && machine->stop != SIM_STOP_KNOWN;
  path->proof.steps += machine->step_count;
}

static void proof(const void *state, SimSearchProof *proof) { *proof = ((const Path *)state)->proof; }

const SimPolicy sim_policy_exhaustive = {
  .name = "exhaustive",
  .title = "every schedule there is, one after the other, the natural one first",
  .paper = "Godefroid: Model checking for programming languages using VeriSoft, POPL 1997",
  .explores = true,
  .is_systematic = true,
  .state_size = sizeof(Path),
  .begin = begin,
  .answer = answer,
  .step = step,
  .access_budget = access_budget,
  .end = end,
  .next = next,
  .proof = proof,
  .finish = finish,
};
