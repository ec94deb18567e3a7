/* Threads under a lock and without, one that begins another, inner choices, interrupts of all levels. */
#include "every_kind.h"

void every_kind_page(void) {
  assert_int_equal(sim_pages_allocate(sim_machine(), 1, SIM_PAGE_NONPAGED | SIM_PAGE_RESIDENT | SIM_PAGE_WRITABLE), SIM_GUEST_BASE);
}

static void touch(unsigned word, SimAccessKind kind) { sim_access((uint64_t)&every_kind_memory()->words[word], 8, kind, 1 + word); }

static void lock(SimMachine *machine) {
  sim_point(machine, SIM_POINT_SPIN, 1, 1, 20);
  while (every_kind_memory()->lock != 0)
    sim_spin(machine, (uint64_t)&every_kind_memory()->lock, 1);
  every_kind_memory()->lock = 1;
}

static void unlock(SimMachine *machine) {
  every_kind_memory()->lock = 0;
  sim_spin_wake(machine, (uint64_t)&every_kind_memory()->lock);
}

static void child(SimMachine *machine, void *argument) {
  for (int i = 0; i < 4; i++) {
    touch(5, SIM_ACCESS_WRITE);
    sim_point(machine, SIM_POINT_CALL, 2, 2, 30);
    sim_event(machine, SIM_EVENT_MODEL, 0, (uint32_t)every_kind_memory()->words[5]++, 0, (uint32_t)(uintptr_t)argument, 0);
  }
}

static void worker(SimMachine *machine, void *argument) {
  uint32_t name = (uint32_t)(uintptr_t)argument;
  for (uint32_t i = 0; i < 4; i++) {
    static const SimOption levels[] = { { .id = 5 }, { .id = 7 }, { .id = 9 } };
    uint32_t way = sim_choose(machine, SIM_CHOICE_MODEL, 0, NULL, 3) + sim_choose(machine, SIM_CHOICE_IRQL, 7, levels, 3) % 2;
    sim_irql_raise(machine, SIM_IRQL_DISPATCH, 3);
    lock(machine);
    for (unsigned k = 0; k <= way; k++) {
      touch(k, SIM_ACCESS_READ);
      uint64_t value = every_kind_memory()->words[k];
      touch(k, SIM_ACCESS_WRITE);
      every_kind_memory()->words[k] = value + 1; /* lost between the two when another context got in */
    }
    sim_event(machine, SIM_EVENT_MODEL, 0, name, (int32_t)every_kind_memory()->words[0], way, 0);
    unlock(machine);
    sim_irql_lower(machine, SIM_IRQL_PASSIVE, 3);
    if (i == name % 4 && machine->vcpus[EVERY_KIND_CPU_COUNT - 1].depth == 0)
      sim_vcpu_set_thread(machine, &machine->vcpus[EVERY_KIND_CPU_COUNT - 1],
                          sim_context_create(machine, machine->current, SIM_CONTEXT_THREAD, child, argument));
    log_add((char)name);
  }
}

static void routine(SimMachine *machine, void *argument) {
  touch(6, SIM_ACCESS_WRITE);
  sim_event(machine, SIM_EVENT_MODEL, 0, (uint32_t)every_kind_memory()->words[6]++, 0, (uint32_t)(uintptr_t)argument, 0);
  sim_point(machine, SIM_POINT_CALL, 4, 3, 15);
  log_add((char)(uintptr_t)argument);
}

void every_kind(void) {
  for (unsigned vcpu = 0; vcpu < EVERY_KIND_CPU_COUNT - 1; vcpu++)
    rig_thread(vcpu, worker, (char)('a' + vcpu));
  for (unsigned i = 0; i < 12; i++)
    rig_interrupt(i % EVERY_KIND_CPU_COUNT, 20 + 37 * i, (SimIrql)(2 + i % 5), i % 2 ? SIM_CONTEXT_DPC : SIM_CONTEXT_INTERRUPT, routine,
                  (char)('A' + i));
}
