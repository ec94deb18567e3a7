/* The steps of a run, what happened before what, and the races that ask for another order (Abdulla, Aronis, Jonsson, Sagonas: Optimal dynamic partial
 * order reduction, POPL 2014: source sets). */
#include "dpor.h"

#include <stdlib.h>
#include <string.h>

/* ---- steps ---- */

static void grow(Dpor *dpor) {
  uint32_t capacity = dpor->step_capacity > 0 ? dpor->step_capacity * 2 : 64;
  dpor->steps = realloc(dpor->steps, capacity * sizeof *dpor->steps);
  dpor->clocks = realloc(dpor->clocks, (size_t)capacity * dpor->clock_size * sizeof *dpor->clocks);
  SIM_ASSERT(dpor->steps != NULL && dpor->clocks != NULL);
  memset(dpor->steps + dpor->step_capacity, 0, (capacity - dpor->step_capacity) * sizeof *dpor->steps);
  dpor->step_capacity = capacity;
}

/* What the top context of a cpu touches by stepping at all. */
static void context_touch(SimMachine *machine, uint32_t cpu) {
  const SimVcpu *vcpu = &machine->vcpus[cpu];
  const SimContext *top = vcpu->depth > 0 ? vcpu->stack[vcpu->depth - 1] : NULL;
  sim_touch(machine, SIM_TOUCH_VCPU, cpu, true);
  if (top == NULL)
    return;
  sim_touch(machine, SIM_TOUCH_CONTEXT, top->id, true);
  if (top->pending.object != 0 && machine->threads != NULL && machine->threads->footprint_rules != NULL)
    sim_touch(machine, SIM_TOUCH_OBJECT, top->pending.object, true);
  const SimFootprintRules *rules = machine->threads != NULL ? machine->threads->footprint_rules : NULL;
  if (rules != NULL && top->call != 0)
    sim_touch_shared(machine, SIM_TOUCH_REST, !rules->is_plain(top->call));
}

void dpor_step_begin(Dpor *dpor, SimMachine *machine, uint32_t cpu, uint32_t node, uint64_t enabled) {
  uint32_t index = dpor->step_count++;
  if (index == dpor->step_capacity)
    grow(dpor);
  DporStep *step = &dpor->steps[index];
  dpor->is_step_open = true;
  if (index < dpor->step_known) {
    machine->footprint = NULL;
    return;
  }
  step->cpu = cpu;
  step->node = node;
  step->enabled = enabled;
  sim_footprint_reset(&step->footprint);
  step->footprint.is_total = dpor->is_timed || cpu == DPOR_CLOCK;
  machine->footprint = &step->footprint;
  if (cpu != DPOR_CLOCK)
    context_touch(machine, cpu);
}

void dpor_step_end(Dpor *dpor, SimMachine *machine) {
  machine->footprint = NULL;
  if (!dpor->is_step_open)
    return;
  dpor->is_step_open = false;
  DporStep *step = &dpor->steps[dpor->step_count - 1];
  if (dpor->step_count > dpor->step_known)
    sim_footprint_close(&step->footprint);
  dpor->time.is_read |= step->footprint.reads_time;
  if (step->cpu != DPOR_CLOCK)
    dpor->time.stepped |= 1ULL << step->cpu;
}

/* ---- sleep sets ---- */

static const DporExplored *explored_of(const Dpor *dpor, DporSleeper sleeper) {
  return &dpor->nodes[sleeper.node].explored[sleeper.explored];
}

static void sleeper_push(Dpor *dpor, DporStep *next, DporSleeper sleeper) {
  uint32_t at = next->sleeper_first + next->sleeper_count++;
  if (at >= dpor->sleeper_capacity) {
    dpor->sleeper_capacity = dpor->sleeper_capacity > 0 ? dpor->sleeper_capacity * 2 : 256;
    dpor->sleepers = realloc(dpor->sleepers, dpor->sleeper_capacity * sizeof *dpor->sleepers);
    SIM_ASSERT(dpor->sleepers != NULL);
  }
  dpor->sleepers[at] = sleeper;
  next->asleep |= 1ULL << explored_of(dpor, sleeper)->cpu;
}

static void sleeper_keep(Dpor *dpor, const DporStep *last, DporStep *next, DporSleeper sleeper) {
  const DporExplored *explored = explored_of(dpor, sleeper);
  if (explored->cpu != last->cpu && !sim_footprint_depends(&explored->footprint, &last->footprint))
    sleeper_push(dpor, next, sleeper);
}

uint64_t dpor_sleep(Dpor *dpor) {
  uint32_t index = dpor->step_count;
  if (index == dpor->step_capacity)
    grow(dpor);
  if (index > 0 && index <= dpor->step_known)
    return dpor->steps[index].asleep;
  DporStep *next = &dpor->steps[index];
  next->sleeper_count = 0;
  next->asleep = 0;
  next->sleeper_first = 0;
  if (index == 0)
    return 0;
  const DporStep *last = &dpor->steps[index - 1];
  next->sleeper_first = last->sleeper_first + last->sleeper_count;
  for (uint32_t i = 0; i < last->sleeper_count; i++)
    sleeper_keep(dpor, last, next, dpor->sleepers[last->sleeper_first + i]);
  if (last->node != DPOR_NONE && !dpor->nodes[last->node].is_full)
    for (uint32_t i = 0; i < dpor->nodes[last->node].explored_count; i++)
      sleeper_keep(dpor, last, next, (DporSleeper){ last->node, i });
  return next->asleep;
}

/* ---- what happened before what ---- */

static uint32_t *clock_of(const Dpor *dpor, uint32_t step) { return dpor->clocks + (size_t)step * dpor->clock_size; }

/* The place of who made a step in a clock: events of the queue have the last one. */
static uint32_t place_of(const Dpor *dpor, const DporStep *step) { return step->cpu == DPOR_CLOCK ? dpor->clock_size - 1 : step->cpu; }

/* `earlier` happened before what has that clock. */
static bool is_before(const Dpor *dpor, uint32_t earlier, const uint32_t *clock) {
  return clock[place_of(dpor, &dpor->steps[earlier])] > earlier;
}

/* Cpus one of which has to go first where `first` did, for `second` to come before it: those whose first step after `first`, among the steps up to
 * `second` that did not happen after `first`, waits for none of the others. */
static uint64_t initials(const Dpor *dpor, uint32_t first, uint32_t second) {
  uint64_t found = 0, met = 0;
  for (uint32_t i = first + 1; i <= second; i++) {
    const DporStep *step = &dpor->steps[i];
    if ((i < second && is_before(dpor, first, clock_of(dpor, i))) || step->cpu == DPOR_CLOCK || met >> step->cpu & 1)
      continue;
    met |= 1ULL << step->cpu;
    bool waits = false;
    for (uint32_t k = first + 1; k < i && !waits; k++)
      waits = dpor->steps[k].cpu != DPOR_CLOCK && !is_before(dpor, first, clock_of(dpor, k)) && is_before(dpor, k, clock_of(dpor, i));
    if (!waits)
      found |= 1ULL << step->cpu;
  }
  return found;
}

static void ask(Dpor *dpor, uint32_t first, uint64_t wanted, uint64_t preferred) {
  const DporStep *step = &dpor->steps[first];
  DporNode *node = &dpor->nodes[step->node];
  wanted &= step->enabled;
  if (wanted == 0)
    node->backtrack |= step->enabled; /* not expected; never too few */
  else if ((wanted & (node->backtrack | step->asleep)) == 0)
    node->backtrack |= wanted & preferred ? preferred : wanted & -wanted;
}

/* The step before which that cpu could step, and after which it no longer could, until `last` let it; DPOR_NONE: it was its own. */
static uint32_t disabler(const Dpor *dpor, uint32_t last, uint32_t cpu) {
  for (uint32_t i = last; i-- > 0;) {
    if (dpor->steps[i].cpu == cpu || dpor->steps[i].cpu == DPOR_CLOCK)
      return DPOR_NONE;
    if (dpor->steps[i].enabled >> cpu & 1)
      return i;
  }
  return DPOR_NONE;
}

/* `second` could have come before `first`. If `first` is what let it step (gave back the lock it wanted), then before what kept it from stepping. */
static void race(Dpor *dpor, uint32_t first, uint32_t second) {
  uint32_t cpu = dpor->steps[second].cpu;
  uint64_t self = 1ULL << cpu;
  bool is_let = !(dpor->steps[first].enabled & self) && (dpor->steps[first + 1].enabled & self);
  if (is_let)
    first = disabler(dpor, first, cpu);
  if (first == DPOR_NONE || dpor->steps[first].node == DPOR_NONE || dpor->nodes[dpor->steps[first].node].is_full)
    return;
  ask(dpor, first, initials(dpor, first, second) | (is_let ? self : 0), self);
}

static void join(uint32_t *clock, const uint32_t *other, uint32_t count) {
  for (uint32_t i = 0; i < count; i++)
    if (clock[i] < other[i])
      clock[i] = other[i];
}

/* From the latest on: what comes before one that is known to come before is known by its clock, so that at most one step of each cpu is a race. */
static void step_races(Dpor *dpor, uint32_t index) {
  const DporStep *step = &dpor->steps[index];
  uint32_t *clock = clock_of(dpor, index);
  uint32_t races[SIM_VCPU_COUNT_MAX], race_count = 0;
  memset(clock, 0, dpor->clock_size * sizeof *clock);
  for (uint32_t i = index; i-- > 0;) {
    const DporStep *former = &dpor->steps[i];
    bool is_same = former->cpu == step->cpu;
    if (is_before(dpor, i, clock) || (!is_same && !sim_footprint_depends(&former->footprint, &step->footprint)))
      continue;
    join(clock, clock_of(dpor, i), dpor->clock_size);
    if (!is_same && former->cpu != DPOR_CLOCK && step->cpu != DPOR_CLOCK)
      races[race_count++] = i;
    if (former->cpu == DPOR_CLOCK) /* all that came before it is in its clock */
      break;
  }
  clock[place_of(dpor, step)] = index + 1;
  for (uint32_t i = 0; i < race_count; i++)
    race(dpor, races[i], index);
}

/* A run that ended by a stop kept all others from stepping: who could have, has to be seen to go first. */
static void stop_look(Dpor *dpor, const SimMachine *machine) {
  DporStep *last = &dpor->steps[dpor->step_count - 1];
  if (machine->stop == SIM_STOP_QUIET || machine->stop == SIM_STOP_HUNG || machine->stop == SIM_STOP_KNOWN)
    return;
  last->footprint.is_total = true;
  if (last->node != DPOR_NONE)
    dpor->nodes[last->node].backtrack |= last->enabled;
}

void dpor_races(Dpor *dpor, const SimMachine *machine) {
  if (dpor->step_count > 0)
    stop_look(dpor, machine);
  for (uint32_t i = dpor->step_known; i < dpor->step_count; i++) {
    const DporStep *step = &dpor->steps[i];
    step_races(dpor, i);
    if (step->node != DPOR_NONE && !dpor->nodes[step->node].is_full)
      sim_footprint_merge(&dpor->nodes[step->node].footprint, &step->footprint);
  }
}
