#include "search_time.h"

#include "machine.h"

static uint64_t executed_ns(const SimMachine *machine) {
  uint64_t sum = 0;
  for (uint32_t i = 0; i < machine->vcpu_count; i++)
    sum += machine->vcpus[i].executed_ns;
  return sum;
}

static uint64_t latest_ns(const SimMachine *machine) {
  uint64_t latest = machine->now_ns;
  for (uint32_t i = 0; i < machine->vcpu_count; i++)
    if (machine->vcpus[i].time_ns > latest)
      latest = machine->vcpus[i].time_ns;
  return latest;
}

void sim_search_time_begin(SimSearchTime *time, const SimMachine *machine) {
  *time = (SimSearchTime){ .base_ns = latest_ns(machine), .base_executed_ns = executed_ns(machine) };
}

uint64_t sim_search_time_spent_ns(const SimSearchTime *time, const SimMachine *machine) {
  return executed_ns(machine) - time->base_executed_ns;
}

bool sim_search_time_look(SimSearchTime *time, const SimMachine *machine, const SimQueueEntry *first) {
  uint64_t cpus = time->stepped | machine->enabled, spent = sim_search_time_spent_ns(time, machine);
  bool is_shared = time->stepped != 0 && (cpus & (cpus - 1)) != 0;
  bool is_near = first != NULL && time->base_ns + spent >= first->time_ns;
  bool matters = is_shared && (is_near || time->is_read);
  sim_search_time_begin(time, machine);
  if (first != NULL && first->time_ns > machine->now_ns)
    time->base_ns = first->time_ns;
  return matters;
}
