/* Very many contexts: their stacks, their names, and saved states with all of them in it. */
#include "rig.h"

#include "sim/internal.h"

#define COUNT 1000

/* ---- where stacks are ---- */

static void slots_do_not_overlap(void **state) {
  (void)state;
  for (unsigned slot = 0; slot < SIM_CONTEXT_COUNT_MAX; slot++) {
    uint64_t low = sim_stack_slot(slot), high = low + SIM_STACK_SLOT_SIZE;
    assert_int_equal(sim_stack_slot_of(low), slot);
    assert_int_equal(sim_stack_slot_of(high - 1), slot);
    assert_true(slot < SIM_CONTEXT_COUNT_NEAR ? high <= SIM_ARENA_END : low >= SIM_FAR_STACK_BASE && high <= SIM_FAR_STACK_END);
    assert_true(sim_host_stack_top(slot) % 16 == 0 && sim_host_stack_top(slot) < high - SIM_GUEST_STACK_SIZE);
  }
  const uint64_t nowhere[] = { 0, SIM_STACK_BASE - 1, SIM_ARENA_END, SIM_FAR_STACK_BASE - 1, SIM_FAR_STACK_END, UINT64_MAX };
  for (size_t i = 0; i < sizeof nowhere / sizeof nowhere[0]; i++)
    assert_true(sim_stack_slot_of(nowhere[i]) == SIM_CONTEXT_COUNT_MAX || nowhere[i] == SIM_ARENA_END);
}

/* ---- threads that sleep, and keep something on both stacks ---- */

typedef struct Sleeper {
  SimQueueEntry entry; /* first: the entry is the sleeper */
  SimContext *thread;
  uint64_t number;
} Sleeper;

typedef struct Shared {
  uint64_t woken, wrong;
  uint64_t order; /* of their waking */
  Sleeper sleepers[COUNT];
} Shared;

static Shared *shared(void) { return (Shared *)sim_machine()->policy_state[15]; }

static void sleeper_wake(SimMachine *machine, SimQueueEntry *entry) {
  sim_vcpu_set_thread(machine, &machine->vcpus[0], ((Sleeper *)(void *)entry)->thread);
}

static void sleep_until(SimMachine *machine, Sleeper *self, uint64_t time_ns) {
  sim_queue_push(&machine->queue, &self->entry, time_ns);
  sim_vcpu_set_thread(machine, &machine->vcpus[0], NULL);
  sim_reschedule(machine);
}

static void sleeper_main(SimMachine *machine, void *argument) {
  Sleeper *self = argument;
  volatile uint64_t on_host_stack[64] = { [7] = self->number };
  SimContext *context = machine->current;
  uint64_t *on_guest_stack = (uint64_t *)((uint64_t)context->guest_stack_pointer - 64);
  sim_frame_push(context, 1, 2);
  context->guest_stack_pointer = on_guest_stack;
  *on_guest_stack = self->number;
  sleep_until(machine, self, 1000000 + (COUNT - self->number) * 1000); /* the last one first */
  shared()->wrong += on_host_stack[7] != self->number || *on_guest_stack != self->number;
  shared()->order = shared()->order * 31 + self->number;
  shared()->woken++;
  *on_guest_stack = on_host_stack[7] = 0;
}

static void pause_event(SimMachine *machine, SimQueueEntry *entry) {
  (void)entry;
  sim_pause(machine);
}

static void machine_make(const SimRunOptions *options) {
  rig_open(options);
  SimMachine *machine = sim_machine();
  Shared *all = sim_heap_allocate(sizeof *all);
  machine->policy_state[15] = (uint64_t)all;
  for (unsigned i = 0; i < COUNT; i++) {
    Sleeper *self = &all->sleepers[i];
    *self = (Sleeper){ .entry.fire = sleeper_wake, .number = i + 1 };
    self->thread = sim_context_create(machine, NULL, SIM_CONTEXT_THREAD, sleeper_main, self);
    sim_queue_push(&machine->queue, &self->entry, i);
  }
  SimQueueEntry *pause = sim_heap_allocate(sizeof *pause);
  pause->fire = pause_event;
  sim_queue_push(&machine->queue, pause, 500000);
}

static void a_thousand_sleep_wake_and_come_back(void **state) {
  (void)state;
  SimRunOptions options = rig_options(&sim_policy_timed, 1);
  uint64_t order = 0;
  machine_make(&options);
  assert_int_equal(sim_machine_run(sim_machine()), SIM_STOP_NONE);
  SimSnapshot *snapshot = sim_snapshot_save();
  for (int round = 0; round < 40; round++) {
    sim_snapshot_restore(snapshot);
    sim_machine_begin(sim_machine(), &options);
    assert_int_equal(sim_machine_run(sim_machine()), SIM_STOP_QUIET);
    assert_int_equal(shared()->woken, COUNT);
    assert_int_equal(shared()->wrong, 0);
    assert_true(round == 0 || shared()->order == order);
    order = shared()->order;
  }
  sim_snapshot_destroy(&snapshot);
}

/* ---- names ---- */

static void nothing(SimMachine *machine, void *argument) { (void)machine, (void)argument; }

static void all_have_names_of_their_own(void **state) {
  (void)state;
  SimRunOptions options = rig_options(&sim_policy_timed, 1);
  rig_open(&options);
  SimMachine *machine = sim_machine();
  SimContext *first = sim_context_create(machine, NULL, SIM_CONTEXT_THREAD, nothing, NULL);
  for (unsigned i = 1; i < SIM_CONTEXT_COUNT_MAX; i++)
    sim_context_create(machine, i % 2 == 0 ? first : NULL, SIM_CONTEXT_THREAD, nothing, NULL);
  for (unsigned i = 0; i < SIM_CONTEXT_COUNT_MAX; i++)
    for (unsigned other = 0; other < i; other++)
      assert_int_not_equal(machine->contexts[i].id, machine->contexts[other].id);
  first->children[SIM_CONTEXT_THREAD] = 0; /* what has a name keeps it: the next of that path is named anew */
  uint32_t taken = machine->contexts[2].id;
  sim_vcpu_set_thread(machine, &machine->vcpus[0], &machine->contexts[5]); /* it ends, and leaves its slot */
  assert_int_equal(sim_machine_run(machine), SIM_STOP_QUIET);
  SimContext *late = sim_context_create(machine, first, SIM_CONTEXT_THREAD, nothing, NULL);
  assert_int_equal(late->slot, 5);
  assert_int_equal(late->id, taken + 1);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(slots_do_not_overlap),
    cmocka_unit_test(a_thousand_sleep_wake_and_come_back),
    cmocka_unit_test(all_have_names_of_their_own),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
