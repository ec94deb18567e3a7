#include "rig.h"

void log_add(char character) {
  RigLog *log = rig_log();
  if (log->length < sizeof log->text - 1)
    log->text[log->length++] = character;
}

SimRunOptions rig_options(const SimPolicy *policy, unsigned vcpu_count) {
  return (SimRunOptions){ .vcpu_count = vcpu_count, .policy = policy, .limits = sim_limits_default, .seed = 1 };
}

void rig_open(const SimRunOptions *options) {
  assert_true(sim_arena_map());
  sim_arena_reset();
  sim_arena_claim(SIM_RUNNER_BASE, sizeof(RigLog));
  memset(rig_log(), 0, sizeof(RigLog));
  sim_machine_begin(sim_machine(), options);
}

SimContext *rig_thread(unsigned vcpu, RigRoutine *entry, char name) {
  SimMachine *machine = sim_machine();
  SimContext *context = sim_context_create(machine, NULL, SIM_CONTEXT_THREAD, entry, (void *)(uintptr_t)name);
  sim_vcpu_set_thread(machine, &machine->vcpus[vcpu], context);
  return context;
}

void three_steps(SimMachine *machine, void *argument) {
  for (int i = 0; i < 3; i++) {
    log_add((char)(uintptr_t)argument);
    sim_point(machine, SIM_POINT_CALL, 0, 0, 100);
  }
}

void log_name(SimMachine *machine, void *argument) {
  log_add((char)(uintptr_t)argument);
  sim_charge(machine, 10);
}

static void stimulus_fire(SimMachine *machine, SimQueueEntry *entry) {
  RigStimulus *stimulus = SIM_CONTAINER(entry, RigStimulus, entry);
  sim_interrupt_request(machine, &machine->vcpus[stimulus->vcpu], &stimulus->interrupt);
}

RigStimulus *rig_interrupt(unsigned vcpu, uint64_t time_ns, SimIrql irql, SimContextKind kind, RigRoutine *routine, char name) {
  RigStimulus *stimulus = sim_heap_allocate(sizeof *stimulus);
  sim_interrupt_init(&stimulus->interrupt, irql, kind, routine, (void *)(uintptr_t)name);
  stimulus->vcpu = vcpu;
  stimulus->entry.fire = stimulus_fire;
  sim_queue_push(&sim_machine()->queue, &stimulus->entry, time_ns);
  return stimulus;
}
