/* The steps of a run, and who sleeps before each (Godefroid: Partial-order methods for the verification of concurrent systems, 1996: sleep sets). */
#include "dpor.h"

#include <stdlib.h>
#include <string.h>

/* ---- steps ---- */

void dpor_grow(Dpor *dpor) {
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

uint32_t dpor_asks_for(const SimMachine *machine, uint32_t cpu) {
  const SimVcpu *vcpu = &machine->vcpus[cpu];
  if (machine->threads == NULL || machine->threads->asks_for == NULL || vcpu->depth == 0 || machine->options.search->options.makes_attempts)
    return 0;
  return machine->threads->asks_for(vcpu->stack[vcpu->depth - 1]);
}

void dpor_step_begin(Dpor *dpor, SimMachine *machine, uint32_t cpu, uint32_t node, uint64_t enabled) {
  uint32_t index = dpor->run.step_count++;
  if (index == dpor->step_capacity)
    dpor_grow(dpor);
  DporStep *step = &dpor->steps[index];
  dpor->run.is_step_open = true;
  if (index < dpor->step_known) {
    machine->footprint = NULL;
    return;
  }
  step->cpu = cpu;
  step->is_tick = cpu == DPOR_CLOCK && sim_queue_first(&machine->queue) == machine->clock;
  step->node = node;
  step->enabled = enabled;
  step->asks_for = cpu != DPOR_CLOCK ? dpor_asks_for(machine, cpu) : 0;
  step->is_patient = cpu != DPOR_CLOCK && !sim_vcpu_is_interruptible(&machine->vcpus[cpu]);
  sim_footprint_reset(&step->footprint);
  step->footprint.is_total = cpu == DPOR_CLOCK || (dpor->timed & sim_search_time_bit(dpor->run.time.interval)) != 0;
  machine->footprint = &step->footprint;
  if (cpu != DPOR_CLOCK)
    context_touch(machine, cpu);
}

void dpor_step_end(Dpor *dpor, SimMachine *machine) {
  machine->footprint = NULL;
  if (!dpor->run.is_step_open)
    return;
  dpor->run.is_step_open = false;
  DporStep *step = &dpor->steps[dpor->run.step_count - 1];
  if (dpor->run.step_count > dpor->step_known)
    sim_footprint_close(&step->footprint);
  sim_search_time_note(&dpor->run.time, &step->footprint);
  if (step->cpu != DPOR_CLOCK)
    dpor->run.time.stepped |= 1ULL << step->cpu;
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
  uint32_t index = dpor->run.step_count;
  if (index == dpor->step_capacity)
    dpor_grow(dpor);
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
