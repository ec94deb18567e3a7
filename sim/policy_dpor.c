/* Dynamic partial-order reduction: of all schedules that differ only in the order of steps that commute (footprint.h says which do), one (Flanagan,
 * Godefroid: Dynamic partial-order reduction for model checking software, POPL 2005; with the source sets and sleep sets of Abdulla, Aronis, Jonsson,
 * Sagonas, POPL 2014). Where virtual time matters to the outcome, every schedule.
 *
 * A run that ends with SIM_STOP_KNOWN is none: all that could follow was searched from another point. */
#include "dpor.h"

#include <stdlib.h>

static Dpor *dpor_of(const SimMachine *machine) {
  SIM_ASSERT(machine->options.search != NULL);
  return machine->options.search->state;
}

/* ---- points on the path ---- */

static DporNode *node_push(Dpor *dpor, bool is_full) {
  if (dpor->node_count == dpor->node_capacity) {
    uint32_t capacity = dpor->node_capacity > 0 ? dpor->node_capacity * 2 : 64;
    dpor->nodes = realloc(dpor->nodes, capacity * sizeof *dpor->nodes);
    SIM_ASSERT(dpor->nodes != NULL);
    for (uint32_t i = dpor->node_capacity; i < capacity; i++)
      dpor->nodes[i] = (DporNode){ 0 };
    dpor->node_capacity = capacity;
  }
  DporNode *node = &dpor->nodes[dpor->node_count++];
  dpor->run.node_depth = dpor->node_count;
  node->is_full = is_full;
  node->has_tick = node->is_tick = false;
  node->id_count = node->taken = node->explored_count = 0;
  node->shard = dpor->run.shard;
  node->backtrack = node->done = 0;
  sim_footprint_reset(&node->footprint);
  return node;
}

/* This shard's options of the point, the natural one first. */
static void ids_list(Dpor *dpor, SimMachine *machine, DporNode *node, const SimPoint *point) {
  SimPathOption options[SIM_OPTION_COUNT_MAX];
  uint32_t count = sim_path_options(machine, point, false, options);
  node->id_count = sim_shard_split(machine->options.search, &dpor->run.shard, options, count);
  node->shard = dpor->run.shard;
  if (node->id_count > node->id_capacity) {
    node->id_capacity = node->id_count;
    node->ids = realloc(node->ids, node->id_capacity * sizeof *node->ids);
    SIM_ASSERT(node->ids != NULL);
  }
  for (uint32_t i = 0; i < node->id_count; i++)
    node->ids[i] = options[i].id;
}

/* At a node that several shards share each takes its cpus, and leaves the others to them, whatever races ask for. */
static void cpus_split(Dpor *dpor, SimMachine *machine, DporNode *node, uint64_t awake) {
  SimPathOption options[SIM_VCPU_COUNT_MAX + 1];
  uint32_t count = 0;
  uint64_t kept = 0;
  for (uint64_t left = awake; left != 0; left &= left - 1)
    options[count++] = (SimPathOption){ .id = (uint32_t)__builtin_ctzll(left) };
  if (node->has_tick)
    options[count++] = (SimPathOption){ .id = SIM_OPTION_CLOCK };
  count = sim_shard_split(machine->options.search, &dpor->run.shard, options, count);
  node->has_tick = options[count - 1].id == SIM_OPTION_CLOCK;
  for (uint32_t i = 0; i + node->has_tick < count; i++)
    kept |= 1ULL << options[i].id;
  node->is_tick = kept == 0;
  node->backtrack = kept;
  node->done = ~kept;
  if (!(kept >> node->cpu & 1))
    node->cpu = options[0].id;
}

/* What is searched from here on is another's, or known: the run ends. */
static void known(SimMachine *machine) { sim_stop(machine, SIM_STOP_KNOWN, NULL); }

/* The next point of the path, again. */
static const DporNode *node_meet(Dpor *dpor, SimMachine *machine) {
  const DporNode *node = &dpor->nodes[dpor->run.node_depth++];
  dpor->run.shard = node->shard;
  sim_shard_note(machine->options.search, dpor->run.shard);
  return node;
}

static uint32_t answer_data(Dpor *dpor, SimMachine *machine, const SimPoint *point) {
  if (dpor->run.node_depth < dpor->node_count) {
    const DporNode *node = node_meet(dpor, machine);
    return node->ids[node->taken];
  }
  DporNode *node = node_push(dpor, true);
  ids_list(dpor, machine, node, point);
  node->step = dpor->run.step_count > 0 ? dpor->run.step_count - 1 : 0;
  sim_shard_note(machine->options.search, dpor->run.shard);
  return node->ids[0];
}

/* ---- who steps next ---- */

static bool is_cpu(uint32_t id) { return id < SIM_VCPU_COUNT_MAX; }

/* Cpus that can step and would not only find that they have to wait; all of them where all would. */
static uint64_t enabled_of(const SimMachine *machine, const SimPoint *point, bool *others, bool *has_tick) {
  uint64_t enabled = 0, useful = 0;
  *others = *has_tick = false;
  for (uint32_t i = 0; i < point->option_count; i++) {
    const SimOption *option = &point->options[i];
    if (!is_cpu(option->id)) {
      *(option->actor == SIM_ACTOR_CLOCK ? has_tick : others) = true;
      continue;
    }
    enabled |= 1ULL << option->id;
    if (!sim_path_is_futile(machine, option))
      useful |= 1ULL << option->id;
  }
  return useful != 0 ? useful : enabled;
}

static void node_full(Dpor *dpor, SimMachine *machine, const SimPoint *point) {
  if (dpor->run.step_count > 0 && dpor->run.step_count > dpor->step_known)
    dpor->steps[dpor->run.step_count - 1].footprint.is_total = true;
  DporNode *node = node_push(dpor, true);
  ids_list(dpor, machine, node, point);
  sim_shard_note(machine->options.search, dpor->run.shard);
  node->step = dpor->run.step_count;
}

static void node_cpu(Dpor *dpor, SimMachine *machine, const SimPoint *point, uint64_t enabled, bool has_tick) {
  uint64_t awake = enabled & ~dpor_sleep(dpor);
  if (awake == 0 && !has_tick)
    known(machine);
  DporNode *node = node_push(dpor, false);
  node->has_tick = has_tick;
  node->is_tick = awake == 0;
  node->cpu = awake >> point->natural & 1 || awake == 0 ? point->natural : (uint32_t)__builtin_ctzll(awake);
  node->backtrack = has_tick ? awake : 1ULL << node->cpu;
  if (dpor->run.shard.count > 1)
    cpus_split(dpor, machine, node, awake);
  if (!node->is_tick)
    node->done |= 1ULL << node->cpu;
  node->shard = dpor->run.shard;
  sim_shard_note(machine->options.search, dpor->run.shard);
  node->step = dpor->run.step_count;
}

static bool is_tick_taken(const DporNode *node) { return node->is_full ? node->ids[node->taken] == SIM_OPTION_CLOCK : node->is_tick; }

/* At a point of the path that was met before, or was just put there. A run that goes on from a saved state comes out of sim_saves_put. */
static uint32_t step_take(Dpor *dpor, SimMachine *machine, uint32_t index, uint64_t enabled) {
  bool is_open = (enabled & (enabled - 1)) != 0 || dpor->nodes[index].has_tick;
  if (dpor->saves != NULL && is_open && sim_saves_wants(dpor->saves, machine))
    sim_saves_put(dpor->saves, machine, index, &dpor->run, sizeof dpor->run, machine->options.search->options.saved_size_max);
  const DporNode *node = &dpor->nodes[index];
  if (is_tick_taken(node)) { /* its step begins when it fires */
    dpor->run.is_begun = false;
    dpor->run.tick_node = index;
    dpor->run.tick_enabled = enabled;
    return SIM_OPTION_CLOCK;
  }
  dpor_step_begin(dpor, machine, node->is_full ? 0 : node->cpu, index, enabled);
  if (machine->footprint != NULL)
    machine->footprint->is_total |= node->is_full;
  return node->is_full ? node->ids[node->taken] : node->cpu;
}

static bool resume(void *state, const struct SimSnapshot *start, const struct SimRunOptions *options) {
  Dpor *dpor = state;
  return dpor->saves != NULL && dpor->node_count > 0 &&
         sim_saves_resume(dpor->saves, dpor->node_count - 1, start, options, &dpor->run) != SIZE_MAX;
}

static uint32_t answer_step(Dpor *dpor, SimMachine *machine, const SimPoint *point) {
  dpor_step_end(dpor, machine);
  dpor->run.is_begun = true;
  if (dpor->run.node_depth < dpor->node_count) {
    uint32_t index = dpor->run.node_depth;
    node_meet(dpor, machine);
    return step_take(dpor, machine, index, dpor->run.step_count < dpor->step_capacity ? dpor->steps[dpor->run.step_count].enabled : 0);
  }
  bool has_others, has_tick;
  uint64_t enabled = enabled_of(machine, point, &has_others, &has_tick);
  /* At an access no pending interrupt lands on the cpu that makes it, unless somebody else steps first: that has to be tried. */
  bool is_deaf = point->kind == SIM_CHOICE_ACCESS && sim_vcpu_is_interruptible(sim_vcpu(machine));
  bool is_timed = (dpor->timed & sim_search_time_bit(dpor->run.time.interval)) != 0;
  dpor->proof.unreduced |=
      (is_timed ? SIM_UNREDUCED_TIME : 0) | (has_others ? SIM_UNREDUCED_THREADS : 0) | (is_deaf ? SIM_UNREDUCED_ACCESS : 0);
  if (has_others || is_timed || is_deaf) {
    dpor_sleep(dpor);
    node_full(dpor, machine, point);
  } else {
    node_cpu(dpor, machine, point, enabled, has_tick);
  }
  return step_take(dpor, machine, dpor->node_count - 1, enabled);
}

/* So long a run does not end. */
static bool is_beyond(Dpor *dpor, SimMachine *machine) {
  if (dpor->run.step_count < DPOR_STEP_COUNT_MAX)
    return false;
  dpor_step_end(dpor, machine);
  dpor->run.is_begun = false;
  dpor->proof.is_cut = true;
  return true;
}

static uint32_t answer(SimMachine *machine, const SimPoint *point) {
  Dpor *dpor = dpor_of(machine);
  if (is_beyond(dpor, machine))
    return point->natural;
  if (!sim_point_is_step(point))
    return answer_data(dpor, machine, point);
  if (point->kind == SIM_CHOICE_ACCESS && (!machine->options.search->options.visits_accesses || point->option_count <= 1))
    return point->natural;
  uint32_t id = answer_step(dpor, machine, point);
  if (point->kind == SIM_CHOICE_ACCESS && id == point->natural) { /* goes on without a further word */
    dpor->run.is_begun = false;
    dpor->steps[dpor->run.step_count - 1].cpu = id;
    sim_touch(machine, SIM_TOUCH_VCPU, id, true);
  }
  return id;
}

static void time_look(Dpor *dpor, const SimMachine *machine) {
  dpor->turns_timed |= sim_search_time_look(&dpor->run.time, machine, sim_queue_first(&machine->queue), dpor->timed);
}

/* Whether the clock's tick is near enough to be held up for hangs on the time, and so on the order, only about there. */
static void hold_up_look(Dpor *dpor, const SimMachine *machine) {
  const SimQueueEntry *first = sim_queue_first(&machine->queue);
  uint64_t spread = dpor->run.time.base_ns - dpor->run.time.lowest_ns + sim_search_time_spent_ns(&dpor->run.time, machine);
  if (first == NULL || first != machine->clock || first->time_ns < SIM_HOLD_UP_NS_MAX)
    return;
  uint64_t edge = first->time_ns - SIM_HOLD_UP_NS_MAX;
  dpor->run.time.is_read |= edge <= machine->now_ns + spread && machine->now_ns <= edge + spread;
}

/* A cpu is about to step, whether there was a choice or not; NULL: an event of the queue is about to fire. */
static void step(SimMachine *machine, const SimVcpu *vcpu) {
  Dpor *dpor = dpor_of(machine);
  if (!dpor->run.is_begun && is_beyond(dpor, machine))
    return;
  if (vcpu == NULL) {
    dpor_step_end(dpor, machine);
    time_look(dpor, machine);
    dpor_sleep(dpor);
    dpor_step_begin(dpor, machine, DPOR_CLOCK, dpor->run.tick_node, dpor->run.tick_node != DPOR_NONE ? dpor->run.tick_enabled : 0);
    dpor->run.tick_node = DPOR_NONE;
    return;
  }
  if (machine->options.search->options.holds_up)
    hold_up_look(dpor, machine);
  if (!dpor->run.is_begun) {
    dpor_step_end(dpor, machine);
    if (dpor_sleep(dpor) >> vcpu->number & 1)
      known(machine);
    dpor_step_begin(dpor, machine, vcpu->number, DPOR_NONE, 1ULL << vcpu->number);
    return;
  }
  dpor->run.is_begun = false;
  dpor->steps[dpor->run.step_count - 1].cpu = vcpu->number;
  sim_touch(machine, SIM_TOUCH_VCPU, vcpu->number, true);
}

static uint32_t access_budget(SimMachine *machine, const SimContext *context) {
  (void)machine, (void)context;
  return 1; /* each access is part of a step's footprint */
}

/* ---- runs ---- */

static void begin(SimMachine *machine) {
  Dpor *dpor = dpor_of(machine);
  dpor->run.node_depth = dpor->run.step_count = 0;
  dpor->run.is_begun = dpor->run.is_step_open = false;
  dpor->run.tick_node = DPOR_NONE;
  if (dpor->saves == NULL && machine->options.search->options.saved_size_max > 0)
    dpor->saves = sim_saves_create();
  if (dpor->saves != NULL)
    sim_saves_begin(dpor->saves, machine);
  dpor->clock_size = machine->vcpu_count + 1;
  dpor->run.shard = sim_shard_begin(machine->options.search);
  sim_search_time_begin(&dpor->run.time, machine);
}

static void end(SimMachine *machine) {
  Dpor *dpor = dpor_of(machine);
  if (dpor->saves != NULL)
    sim_saves_end(dpor->saves, machine);
  dpor_step_end(dpor, machine);
  time_look(dpor, machine);
  dpor_races(dpor, machine);
  dpor->proof.steps += dpor->run.step_count;
  dpor->proof.schedules += sim_search_is_new(machine->options.search, machine);
  dpor->proof.known += !sim_search_is_new(machine->options.search, machine);
  dpor->proof.is_cut |= machine->stop >= SIM_STOP_LIMIT_STEPS && machine->stop != SIM_STOP_KNOWN;
}

/* The cpu that was searched from there is done: it sleeps in what is searched after it. */
static void explored_push(DporNode *node) {
  if (node->explored_count == node->explored_capacity) {
    uint32_t capacity = node->explored_capacity > 0 ? node->explored_capacity * 2 : 4;
    node->explored = realloc(node->explored, capacity * sizeof *node->explored);
    SIM_ASSERT(node->explored != NULL);
    for (uint32_t i = node->explored_capacity; i < capacity; i++)
      node->explored[i] = (DporExplored){ 0 };
    node->explored_capacity = capacity;
  }
  DporExplored *explored = &node->explored[node->explored_count++];
  SimFootprint former = explored->footprint;
  *explored = (DporExplored){ .cpu = node->cpu, .footprint = node->footprint };
  node->footprint = former;
  sim_footprint_reset(&node->footprint);
}

/* Another way to go on from that point; false: there is none. */
static bool node_next(Dpor *dpor, DporNode *node) {
  if (node->is_full)
    return ++node->taken < node->id_count;
  if (node->is_tick)
    return false;
  explored_push(node);
  uint64_t left = node->backtrack & ~node->done & ~dpor->steps[node->step].asleep;
  if (left == 0)
    return node->is_tick = node->has_tick;
  node->cpu = (uint32_t)__builtin_ctzll(left);
  node->done |= 1ULL << node->cpu;
  return true;
}

static bool next(SimSearch *search, void *state) {
  Dpor *dpor = state;
  (void)search;
  if (dpor->turns_timed != 0) { /* what was searched so far rests on what does not hold: again, and all of it */
    dpor->timed |= dpor->turns_timed;
    dpor->turns_timed = 0;
    dpor->proof.is_timed = true;
    dpor->node_count = dpor->step_known = 0;
    if (dpor->saves != NULL)
      sim_saves_forget_all(dpor->saves);
    return true;
  }
  while (dpor->node_count > 0) {
    DporNode *last = &dpor->nodes[dpor->node_count - 1];
    if (node_next(dpor, last)) {
      dpor->step_known = last->step;
      return true;
    }
    dpor->node_count--;
  }
  dpor->proof.is_complete = !dpor->proof.is_cut;
  return false;
}

static void finish(void *state) {
  Dpor *dpor = state;
  for (uint32_t i = 0; i < dpor->node_capacity; i++) {
    for (uint32_t k = 0; k < dpor->nodes[i].explored_capacity; k++)
      sim_footprint_finish(&dpor->nodes[i].explored[k].footprint);
    free(dpor->nodes[i].explored);
    free(dpor->nodes[i].ids);
    sim_footprint_finish(&dpor->nodes[i].footprint);
  }
  for (uint32_t i = 0; i < dpor->step_capacity; i++)
    sim_footprint_finish(&dpor->steps[i].footprint);
  sim_saves_destroy(&dpor->saves);
  free(dpor->nodes);
  free(dpor->steps);
  free(dpor->clocks);
  free(dpor->sleepers);
}

static void proof(const void *state, SimSearchProof *proof) {
  const Dpor *dpor = state;
  *proof = dpor->proof;
  if (dpor->saves != NULL) {
    const SimSavesCount *count = sim_saves_count(dpor->saves);
    proof->saved = count->saved;
    proof->resumed = count->resumed;
    proof->dropped = count->dropped;
  }
}

const SimPolicy sim_policy_dpor = {
  .name = "dpor",
  .title = "one of all schedules that differ only in the order of steps that commute",
  .paper = "Abdulla, Aronis, Jonsson, Sagonas: Optimal dynamic partial order reduction, POPL 2014",
  .explores = true,
  .is_systematic = true,
  .is_whole = true,
  .state_size = sizeof(Dpor),
  .begin = begin,
  .resume = resume,
  .answer = answer,
  .step = step,
  .access_budget = access_budget,
  .end = end,
  .next = next,
  .proof = proof,
  .finish = finish,
};
