/* What happened before what in a run, and the races that ask for another order (Abdulla, Aronis, Jonsson, Sagonas: Optimal dynamic partial order
 * reduction, POPL 2014: source sets). Locks: of two that ask for the same one, each could have it first; who asks while another has it is not stepped
 * (SimThreads.is_futile), so that the race is with who took it, and is looked for at the end of a run for those who still ask. */
#include "dpor.h"

#include <string.h>

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

/* The last step of that cpu before `before`; DPOR_NONE: none. */
static uint32_t last_of(const Dpor *dpor, uint32_t before, uint32_t cpu) {
  for (uint32_t i = before; i-- > 0;)
    if (dpor->steps[i].cpu == cpu)
      return i;
  return DPOR_NONE;
}

/* The step that took what another one than `cpu` had before `before`, and did not give it back; DPOR_NONE: nobody had it. Clears *is_sure where steps
 * that took or gave back several things leave that open. */
static uint32_t taker(const Dpor *dpor, uint32_t before, uint32_t object, uint32_t cpu, bool *is_sure) {
  for (uint32_t i = before; i-- > 0;) {
    const DporStep *step = &dpor->steps[i];
    if (step->footprint.taken == object)
      return step->cpu != cpu ? i : DPOR_NONE;
    if (step->footprint.given == object)
      return DPOR_NONE;
    if (step->footprint.is_several)
      *is_sure = false;
  }
  return DPOR_NONE;
}

/* `second`, which waited for what `first` took or kept from it, waits for nothing else since: it could come at once. */
static bool is_ready(const Dpor *dpor, uint32_t first, uint32_t second) {
  const SimFootprint *footprint = &dpor->steps[second].footprint;
  uint32_t cpu = dpor->steps[second].cpu;
  for (uint32_t i = first + 1; i < second; i++) {
    const DporStep *step = &dpor->steps[i];
    if (step->cpu == cpu || (!is_before(dpor, first, clock_of(dpor, i)) && sim_footprint_depends(&step->footprint, footprint)))
      return false;
  }
  return true;
}

/* `second` could have come before `first`; `waited`: it waited for that. */
static void race(Dpor *dpor, uint32_t first, uint32_t second, bool waited) {
  const DporStep *step = &dpor->steps[first];
  uint64_t self = 1ULL << dpor->steps[second].cpu;
  if (step->node == DPOR_NONE || dpor->nodes[step->node].is_full)
    return;
  ask(dpor, first, initials(dpor, first, second) | (waited && is_ready(dpor, first, second) ? self : 0), self);
}

/* `second` asks for what another one had before `before`: it could have come before that one took it. False: nobody had it, or that is not sure. */
static bool race_taken(Dpor *dpor, uint32_t before, uint32_t second) {
  const DporStep *step = &dpor->steps[second];
  bool is_sure = true;
  uint32_t first = DPOR_NONE, last = last_of(dpor, second, step->cpu);
  if (step->asks_for == 0)
    return false;
  for (uint32_t i = before; (i = taker(dpor, i, step->asks_for, step->cpu, &is_sure)) != DPOR_NONE;)
    first = i; /* before the first of those who had it from one another */
  if (first == DPOR_NONE)
    return false;
  if (last == DPOR_NONE || !is_before(dpor, first, clock_of(dpor, last)))
    race(dpor, first, second, true);
  return is_sure;
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

/* `second` could have come before `first`; where it would then have asked for what another one had, before that one took it. */
static void races_look(Dpor *dpor, uint32_t first, uint32_t second) {
  const DporStep *former = &dpor->steps[first], *step = &dpor->steps[second];
  if (race_taken(dpor, first, second) && step->is_patient)
    return;
  bool is_let = !(former->enabled >> step->cpu & 1) && (dpor->steps[first + 1].enabled >> step->cpu & 1);
  if (is_let)
    first = disabler(dpor, first, step->cpu);
  if (first != DPOR_NONE)
    race(dpor, first, second, is_let);
}

/* The tick could have come before `first`, behind what it does not have to wait for: each set of steps before it is to be seen. That it comes at all
 * where it can is no question of races. */
static void race_tick(Dpor *dpor, uint32_t first, uint32_t tick) {
  const DporStep *step = &dpor->steps[first];
  if (step->node == DPOR_NONE || dpor->nodes[step->node].is_full)
    return;
  uint64_t wanted = initials(dpor, first, tick) & step->enabled;
  if (wanted != 0)
    ask(dpor, first, wanted, wanted & -wanted);
}

static void join(uint32_t *clock, const uint32_t *other, uint32_t count) {
  for (uint32_t i = 0; i < count; i++)
    if (clock[i] < other[i])
      clock[i] = other[i];
}

/* From the latest on: what comes before one that is known to come before is known by its clock, so that at most one step of each cpu is a race. */
static void step_races(Dpor *dpor, uint32_t index, bool holds_up) {
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
    if (!is_same && former->cpu != DPOR_CLOCK && (step->cpu != DPOR_CLOCK || (step->is_tick && holds_up)))
      races[race_count++] = i;
    if (former->cpu == DPOR_CLOCK) /* all that came before it is in its clock */
      break;
  }
  clock[place_of(dpor, step)] = index + 1;
  for (uint32_t i = 0; i < race_count; i++)
    if (step->cpu == DPOR_CLOCK)
      race_tick(dpor, races[i], index);
    else
      races_look(dpor, races[i], index);
}

/* A run that ended by a stop kept all others from stepping: who could have, has to be seen to go first. */
static void stop_look(Dpor *dpor, const SimMachine *machine) {
  DporStep *last = &dpor->steps[dpor->run.step_count - 1];
  if (machine->stop == SIM_STOP_QUIET || machine->stop == SIM_STOP_HUNG || machine->stop == SIM_STOP_KNOWN)
    return;
  last->footprint.is_total = true;
  if (last->node != DPOR_NONE)
    dpor->nodes[last->node].backtrack |= last->enabled;
}

/* Who still asks for what another one has when the run ends could have had it first. */
static void asked_look(Dpor *dpor, SimMachine *machine) {
  uint32_t end = dpor->run.step_count;
  if (end == dpor->step_capacity)
    dpor_grow(dpor);
  for (uint64_t left = machine->enabled; left != 0; left &= left - 1) {
    uint32_t cpu = (uint32_t)__builtin_ctzll(left), last = last_of(dpor, end, cpu);
    uint32_t *clock = clock_of(dpor, end);
    memset(clock, 0, dpor->clock_size * sizeof *clock);
    if (last != DPOR_NONE)
      memcpy(clock, clock_of(dpor, last), dpor->clock_size * sizeof *clock);
    sim_footprint_reset(&dpor->steps[end].footprint);
    dpor->steps[end].cpu = cpu;
    dpor->steps[end].asks_for = dpor_asks_for(machine, cpu);
    race_taken(dpor, end, end);
  }
}

void dpor_races(Dpor *dpor, SimMachine *machine) {
  if (dpor->run.step_count > 0)
    stop_look(dpor, machine);
  for (uint32_t i = dpor->step_known; i < dpor->run.step_count; i++) {
    const DporStep *step = &dpor->steps[i];
    step_races(dpor, i, machine->options.search->options.holds_up);
    if (step->node != DPOR_NONE && !dpor->nodes[step->node].is_full)
      sim_footprint_merge(&dpor->nodes[step->node].footprint, &step->footprint);
  }
  asked_look(dpor, machine);
}
