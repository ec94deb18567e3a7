/* Exhaustive: a run repeats the path of the search and takes the first option beyond it; the search then takes the next option of the last point that has
 * one left (Godefroid, VeriSoft, POPL 1997: stateless search). Options that cost more than the bounds leave are passed over: preemptions (Musuvathi,
 * Qadeer: Iterative context bounding, PLDI 2007), or delays, which are departures from the natural schedule (Emmi, Qadeer, Rakamaric: Delay-bounded
 * scheduling, POPL 2011). Memory accesses are no points of it unless the search visits them. */
#include "internal.h"
#include "search_path.h"
#include "search_save.h"
#include "search_state.h"
#include "search_time.h"

#include <stdlib.h>
#include <string.h>

typedef struct PathPoint {
  uint32_t first; /* of its options */
  uint32_t count;
  uint32_t taken; /* index of the option this run takes */
  SimShard shard; /* who searches what is below it */
} PathPoint;

/* Of the current run so far. */
typedef struct PathRun {
  size_t depth; /* points it has met */
  uint32_t preemptions;
  uint32_t delays;
  SimShard shard;
  SimSearchTime time; /* merging states */
} PathRun;

typedef struct Path {
  PathPoint *points; /* of the run, from its first point */
  size_t count;
  size_t capacity;
  SimPathOption *options;
  size_t option_capacity;
  PathRun run;
  SimSaves *saves; /* states inside of runs; NULL: none are kept */
  char *saved;     /* what is kept with one: `run`, and what the state knows of contexts */
  size_t saved_capacity;
  /* Merging states. */
  SimState *state; /* NULL: it does not */
  SimFootprint footprint;
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
  free(path->saved);
  sim_saves_destroy(&path->saves);
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
    if (path->saves != NULL)
      sim_saves_forget_all(path->saves);
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

static void preemptions_note(const Path *path, SimSearch *search) {
  search->is_below = path->run.preemptions < search->options.preemption_floor;
}

static void begin(SimMachine *machine) {
  Path *path = path_of(machine);
  path->run = (PathRun){ .shard = sim_shard_begin(machine->options.search) };
  preemptions_note(path, machine->options.search);
  if (path->saves == NULL && machine->options.search->options.saved_size_max > 0)
    path->saves = sim_saves_create();
  if (path->saves != NULL)
    sim_saves_begin(path->saves, machine);
  if (!machine->options.search->options.merges_states)
    return;
  if (path->state == NULL)
    path->state = sim_state_create();
  path->is_timed = path->proof.is_timed |=
      machine->options.search->options.holds_up; /* where a tick is a choice, when it comes is part of a state */
  sim_state_begin(path->state, machine);
  sim_search_time_begin(&path->run.time, machine);
  path->footprint.state = path->state;
  machine->footprint = &path->footprint;
}

/* The options that the bounds allow, all of them listed from `first` on; where they allow none, the first one: a run has to end. */
static uint32_t options_afford(Path *path, const SimSearchOptions *search, SimPathOption *options, uint32_t count) {
  uint32_t kept = 0;
  for (uint32_t i = 0; i < count; i++) {
    bool is_beyond = (options[i].preempts && path->run.preemptions >= search->preemption_bound) ||
                     (options[i].delays && path->run.delays >= search->delay_bound);
    if (is_beyond)
      path->proof.is_bounded = true;
    else
      options[kept++] = options[i];
  }
  return kept > 0 ? kept : 1;
}

static uint32_t take(Path *path, SimSearch *search, const PathPoint *point) {
  const SimPathOption *option = &path->options[point->first + point->taken];
  path->run.preemptions += option->preempts;
  path->run.delays += option->delays;
  path->run.shard = point->shard;
  sim_shard_note(search, path->run.shard);
  preemptions_note(path, search);
  return option->id;
}

/* ---- states inside of runs ---- */

/* What was touched since the last time. */
static void time_note(Path *path) {
  sim_search_time_note(&path->run.time, &path->footprint);
  path->footprint.reads_time = false;
  path->footprint.due_count = 0;
}

/* Only where the run can go more than one way from here on. */
static void state_save(Path *path, SimMachine *machine, const PathPoint *point) {
  if (path->saves == NULL || point->taken + 1 >= point->count || !sim_saves_wants(path->saves, machine))
    return;
  size_t size = sizeof path->run + (path->state != NULL ? sim_state_histories_size(machine) : 0);
  if (size > path->saved_capacity) {
    path->saved_capacity = size * 2;
    path->saved = realloc(path->saved, path->saved_capacity);
    SIM_ASSERT(path->saved != NULL);
  }
  if (path->state != NULL)
    time_note(path);
  memcpy(path->saved, &path->run, sizeof path->run);
  if (path->state != NULL)
    sim_state_histories_take(path->state, machine, path->saved + sizeof path->run);
  sim_saves_put(path->saves, machine, path->run.depth - 1, path->saved, size, machine->options.search->options.saved_size_max);
}

static bool resume(void *state, const SimSnapshot *start, const SimRunOptions *options) {
  Path *path = state;
  if (path->saves == NULL || path->count == 0)
    return false;
  if (sim_saves_resume(path->saves, path->count - 1, start, options, path->saved) == SIZE_MAX)
    return false;
  memcpy(&path->run, path->saved, sizeof path->run);
  if (path->state != NULL) {
    sim_state_histories_put(path->state, sim_machine(), path->saved + sizeof path->run);
    path->footprint.state = path->state;
    sim_machine()->footprint = &path->footprint;
  }
  return true;
}

/* ---- answering ---- */

/* The machine has been here before, with as much left to do with. */
static bool is_seen(Path *path, SimMachine *machine, const SimPoint *point) {
  const SimSearchOptions *options = &machine->options.search->options;
  uint64_t salt = (uint64_t)path->run.shard.first << 32 | path->run.shard.count;
  if (options->preemption_bound != SIM_SEARCH_UNBOUNDED)
    salt = (salt * 31 + path->run.preemptions * 64 + (sim_vcpu(machine) != NULL ? sim_vcpu(machine)->number : 63)) * 31 +
           sim_path_late(machine);
  if (options->delay_bound != SIM_SEARCH_UNBOUNDED)
    salt = (salt * 31 + path->run.delays) * 31 + point->natural;
  if (options->holds_up)
    salt = salt * 31 + sim_path_held(machine);
  SimStateKey key = sim_state_key(path->state, machine, point, salt, path->is_timed);
  return sim_state_see(path->state, key, path->is_timed ? 0 : sim_search_time_spent_ns(&path->run.time, machine));
}

/* At a point of the path that was met before, or was just put there. A run that goes on from a saved state comes out of state_save. */
static uint32_t answer_next(Path *path, SimMachine *machine) {
  size_t at = path->run.depth++;
  state_save(path, machine, &path->points[at]);
  return take(path, machine->options.search, &path->points[at]);
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
  new_point->count = sim_shard_split(search, &path->run.shard, options, count);
  new_point->shard = path->run.shard;
  return answer_next(path, machine);
}

static uint32_t answer(SimMachine *machine, const SimPoint *point) {
  Path *path = path_of(machine);
  SimSearch *search = machine->options.search;
  if (point->kind == SIM_CHOICE_ACCESS && !search->options.visits_accesses)
    return point->natural;
  if (point->kind == SIM_CHOICE_ACCESS && path->state != NULL) /* beyond its scheduling point, which may be of the same operation */
    sim_state_value(path->state, machine, 1);
  uint32_t id = path->run.depth < path->count ? answer_next(path, machine) : answer_new(path, machine, point);
  if (path->state != NULL && !sim_point_is_step(point))
    sim_state_value(path->state, machine, id);
  return id;
}

static void step(SimMachine *machine, const SimVcpu *vcpu) {
  Path *path = path_of(machine);
  if (path->state == NULL)
    return;
  time_note(path);
  if (vcpu != NULL)
    path->run.time.stepped |= 1ULL << vcpu->number;
  else if (sim_search_time_look(&path->run.time, machine, sim_queue_first(&machine->queue), 0) != 0)
    path->turns_timed = !path->is_timed;
}

static uint32_t access_budget(SimMachine *machine, const SimContext *context) {
  (void)context;
  const SimSearchOptions *options = &machine->options.search->options;
  return options->visits_accesses || options->merges_states ? 1 : UINT32_MAX; /* values read are part of a state */
}

static void end(SimMachine *machine) {
  Path *path = path_of(machine);
  if (path->saves != NULL)
    sim_saves_end(path->saves, machine);
  machine->footprint = NULL;
  step(machine, NULL);
  path->proof.states = path->state != NULL ? sim_state_count(path->state) : 0;
  path->proof.schedules += sim_search_is_new(machine->options.search, machine);
  path->proof.known += !sim_search_is_new(machine->options.search, machine);
  path->proof.is_cut |= machine->stop >= SIM_STOP_LIMIT_STEPS && machine->stop != SIM_STOP_KNOWN;
  path->proof.steps += machine->step_count;
}

/* Each option of a point has an equal share of what the point has. */
static double part_of(const Path *path) {
  double part = 0, share = 1;
  for (size_t i = 0; i < path->count; i++) {
    share /= path->points[i].count;
    part += share * path->points[i].taken;
  }
  return path->proof.is_complete ? 1 : part;
}

static void proof(const void *state, SimSearchProof *proof) {
  const Path *path = state;
  *proof = path->proof;
  proof->part = part_of(path);
  if (path->saves != NULL) {
    const SimSavesCount *count = sim_saves_count(path->saves);
    proof->saved = count->saved;
    proof->resumed = count->resumed;
    proof->dropped = count->dropped;
  }
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
  .step = step,
  .access_budget = access_budget,
  .resume = resume,
  .end = end,
  .next = next,
  .proof = proof,
  .finish = finish,
};
