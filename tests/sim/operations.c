#include "operations.h"

#include "sim/search_state.h"

uint64_t *operation_word(unsigned index) { return &rig_log()->words[index]; }

static bool *is_begun(void) { return (bool *)operation_word(60); } /* by cpu: beyond its first operation */

/* What a thread reads is part of its state. */
static void see(uint64_t value) {
  SimMachine *machine = sim_machine();
  if (machine->footprint != NULL && machine->footprint->state != NULL)
    sim_state_value(machine->footprint->state, machine, value);
}

void operation_point(uint32_t function, uint32_t object) {
  SimMachine *machine = sim_machine();
  bool *begun = &is_begun()[sim_vcpu(machine)->number];
  see(*begun);
  if (*begun)
    sim_point(machine, SIM_POINT_CALL, function, object, 10);
  *begun = true;
}

void operation_renew(uint64_t value) {
  SimMachine *machine = sim_machine();
  if (machine->footprint != NULL && machine->footprint->state != NULL)
    sim_state_renew(machine->footprint->state, machine, value);
}

uint64_t operation_load(unsigned index) {
  operation_point(0, 0);
  sim_touch(sim_machine(), SIM_TOUCH_CELL, index, false);
  see(*operation_word(index));
  return *operation_word(index);
}

void operation_store(unsigned index, uint64_t value) {
  operation_point(0, 0);
  sim_touch(sim_machine(), SIM_TOUCH_CELL, index, true);
  *operation_word(index) = value;
}

/* ---- locks ---- */

static uint32_t asks_for(const SimContext *context) {
  return context->pending.function == OPERATION_LOCK_CALL ? context->pending.object : 0;
}

static bool is_futile(const SimContext *context) { return asks_for(context) != 0 && *operation_word(asks_for(context)) != 0; }

void operation_take(unsigned index) {
  SimMachine *machine = sim_machine();
  while (*operation_word(index) != 0) {
    sim_touch(machine, SIM_TOUCH_CELL, index, true);
    sim_spin(machine, (uint64_t)operation_word(index), 0);
  }
  sim_touch(machine, SIM_TOUCH_CELL, index, true);
  sim_touch_take(machine, index);
  *operation_word(index) = 1;
}

void operation_lock(unsigned index, bool raises) {
  operation_point(OPERATION_LOCK_CALL, index);
  if (raises)
    sim_irql_raise(sim_machine(), SIM_IRQL_DISPATCH, 0);
  operation_take(index);
}

void operation_unlock(unsigned index) {
  SimMachine *machine = sim_machine();
  sim_touch(machine, SIM_TOUCH_CELL, index, true);
  sim_touch_give(machine, index);
  *operation_word(index) = 0;
  sim_spin_wake(machine, (uint64_t)operation_word(index));
}

/* ---- threads ---- */

void operation_thread(unsigned cpu, RigRoutine *routine, unsigned argument, unsigned first_lock) {
  SimContext *context = rig_thread(cpu, routine, (char)argument);
  if (first_lock != 0)
    context->pending = (SimOperation){ .function = OPERATION_LOCK_CALL, .object = first_lock };
}

static uint32_t nobody_ready(SimMachine *machine, SimReadyRun *runs, uint32_t max) {
  (void)machine, (void)runs, (void)max;
  return 0;
}

const SimThreads operation_threads = { .ready = nobody_ready, .is_futile = is_futile, .asks_for = asks_for };
