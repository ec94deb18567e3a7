/*
 * The part of a run, at its beginning, in which nothing can go otherwise: one context alone can step, no interrupt can land later, nothing that may
 * vary is met. Policies that draw begin where it ends, so that whether it is run or was saved and restored (scenarios/loader/run_prefix.c) makes no
 * difference to them.
 *
 * Between two scheduling points nobody else becomes able to step but by what the model does in a call: the first access of driver code behind each
 * point is looked at, and no other.
 */
#include "internal.h"

void sim_forced_end(SimMachine *machine) {
  if (machine->options.ends_with_choice)
    sim_stop(machine, SIM_STOP_KNOWN, NULL);
  machine->is_forced = false;
  machine->options.policy->begin(machine);
  if (machine->current != NULL) {
    sim_access_budget_settle(machine);
    sim_access_budget_draw(machine, machine->current);
  }
}

/* What a saved state had seen of who orders whom is not restored (race.h): where races are looked for, a run is left only while driver code has
 * touched nothing, which could race with what follows, and no interrupt runs, which would come back as a thread. */
static bool may_race(const SimMachine *machine) {
  uint64_t now = machine->current != NULL ? machine->access_budget_drawn - machine->access_budget : 0;
  if (machine->access_count + now != machine->forced_access_count)
    return true;
  for (uint32_t i = 0; i < machine->vcpu_count; i++)
    if (machine->vcpus[i].depth > machine->vcpus[i].has_thread)
      return true;
  return false;
}

bool sim_forced_is_left(SimMachine *machine) {
  if (machine->dying != NULL || (machine->options.races && may_race(machine)) || ++machine->forced_place != machine->options.hold_at)
    return false;
  machine->is_pausing = true;
  machine->is_holding = machine->current != NULL; /* else the host's own stack is left, and asks again when it comes back */
  return true;
}

void sim_forced_look_again(SimMachine *machine) {
  machine->forced_is_looked = false;
  sim_access_budget_settle(machine);
  sim_access_budget_draw(machine, machine->current);
}

bool sim_forced_access(SimMachine *machine, uint32_t count) {
  if (count < 2) {
    machine->forced_is_looked = true;
    sim_access_budget_draw(machine, machine->current);
    return false;
  }
  sim_forced_end(machine);
  if (machine->access_is_chosen && machine->access_budget == 1)
    return true;
  machine->access_budget--; /* this access is the first of the distance, and has been counted */
  machine->access_budget_drawn--;
  return false;
}
