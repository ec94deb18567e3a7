/* The arena: the heap and its end, guest pages, what a saved state holds. */
#include "rig.h"

#define NONPAGED (SIM_PAGE_NONPAGED | SIM_PAGE_RESIDENT | SIM_PAGE_WRITABLE)

/* ---- the heap ---- */

static void blocks_are_aligned_zeroed_and_used_again(void **state) {
  (void)state;
  static const size_t sizes[] = { 0, 1, 15, 16, 17, 512, 513, 1024, 1025, 100000 };
  SimRunOptions options = rig_options(&sim_policy_timed, 1);
  char *first_of_all[2] = { NULL, NULL };
  for (int round = 0; round < 2; round++) {
    rig_open(&options);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
      char *first = sim_heap_allocate(sizes[i]), *second = sim_heap_allocate(sizes[i]);
      if (i == 0)
        first_of_all[round] = first;
      assert_int_equal((uintptr_t)first % 16, 0);
      assert_true(first != second);
      memset(first, 0xee, sizes[i]);
      memset(second, 0xee, sizes[i]);
      sim_heap_free(first, sizes[i]);
      sim_heap_free(second, sizes[i]);
      assert_ptr_equal(sim_heap_allocate(sizes[i]), second); /* last freed first */
      assert_ptr_equal(sim_heap_allocate(sizes[i]), first);
      for (size_t at = 0; at < sizes[i]; at++)
        assert_int_equal(first[at], 0);
    }
  }
  assert_ptr_equal(first_of_all[0], first_of_all[1]); /* the same calls, the same addresses */
}

static void too_much(void *argument) {
  sim_heap_allocate(*(size_t *)argument);
  log_add('!');
}

static void allocate_for_ever(void *argument) {
  (void)argument;
  for (;;)
    sim_heap_allocate(5000);
}

static void a_set_up_beyond_the_heap_is_a_limit(void **state) {
  (void)state;
  SimRunOptions options = rig_options(&sim_policy_timed, 1);
  static size_t sizes[] = { SIM_HEAP_SIZE, SIM_HEAP_SIZE + 1, 1ULL << 40, SIZE_MAX };
  for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
    rig_open(&options);
    assert_false(sim_machine_set_up(sim_machine(), too_much, &sizes[i]));
    assert_int_equal(sim_machine()->stop, SIM_STOP_LIMIT_MEMORY);
    assert_string_equal(rig_log()->text, "");
  }
  rig_open(&options);
  assert_false(sim_machine_set_up(sim_machine(), allocate_for_ever, NULL));
  rig_open(&options); /* and the next machine is as new */
  rig_thread(0, three_steps, 'a');
  assert_int_equal(sim_machine_run(sim_machine()), SIM_STOP_QUIET);
}

static void allocating_thread(SimMachine *machine, void *argument) {
  (void)machine;
  allocate_for_ever(argument);
}

static void allocating_event(SimMachine *machine, SimQueueEntry *entry) {
  (void)machine, (void)entry;
  allocate_for_ever(NULL);
}

/* In a context; in an event that fires on a context's stack; in one that fires before any context ran. */
static void a_run_beyond_the_heap_is_a_limit(void **state) {
  (void)state;
  SimRunOptions options = rig_options(&sim_policy_timed, 1);
  for (int where = 0; where < 3; where++) {
    rig_open(&options);
    rig_thread(0, where == 0 ? allocating_thread : three_steps, 'a');
    if (where > 0) {
      SimQueueEntry *entry = sim_heap_allocate(sizeof *entry);
      entry->fire = allocating_event;
      sim_queue_push(&sim_machine()->queue, entry, where == 1 ? 150 : 0);
    }
    assert_int_equal(sim_machine_run(sim_machine()), SIM_STOP_LIMIT_MEMORY);
    assert_string_equal(rig_log()->text, where == 1 ? "aa" : "");
    assert_null(sim_machine()->current);
  }
}

static void create_for_ever(SimMachine *machine, void *argument) {
  (void)argument;
  for (;;)
    sim_context_create(machine, machine->current, SIM_CONTEXT_THREAD, three_steps, NULL);
}

static void creating_event(SimMachine *machine, SimQueueEntry *entry) {
  (void)entry;
  create_for_ever(machine, NULL);
}

static void too_many_contexts_are_a_limit(void **state) {
  (void)state;
  SimRunOptions options = rig_options(&sim_policy_timed, 1);
  for (int where = 0; where < 2; where++) {
    rig_open(&options);
    rig_thread(0, where == 0 ? create_for_ever : three_steps, 'a');
    SimQueueEntry *entry = sim_heap_allocate(sizeof *entry);
    entry->fire = creating_event;
    if (where == 1)
      sim_queue_push(&sim_machine()->queue, entry, 50);
    assert_int_equal(sim_machine_run(sim_machine()), SIM_STOP_LIMIT_MEMORY);
  }
}

/* ---- saved states ---- */

static void guest_memory_comes_back(void **state) {
  (void)state;
  SimRunOptions options = rig_options(&sim_policy_timed, 1);
  rig_open(&options);
  SimMachine *machine = sim_machine();
  uint64_t page = sim_pages_allocate(machine, 2, NONPAGED | SIM_PAGE_SHADOWED);
  char *block = sim_heap_allocate(64);
  sim_granules_open(machine, page, 40);
  memcpy((void *)page, "saved", 6);
  strcpy(block, "heap");
  sim_watch_add(machine, page, 8, 7);
  SimSnapshot *snapshot = sim_snapshot_save();
  uint64_t later = 0;
  for (int round = 0; round < 70; round++) {
    memcpy((void *)page, "gone!", 6);
    strcpy(block, "away");
    sim_granules_close(machine, page, 40, SIM_GRANULE_FREED);
    sim_pages_set(machine, page, 1, SIM_PAGE_PAGED);
    uint64_t more = sim_pages_allocate(machine, 3, NONPAGED);
    assert_true(more != 0 && (later == 0 || more == later));
    later = more;
    memset((void *)later, 0xaa, 3 * SIM_PAGE_SIZE);
    void *extra = sim_heap_allocate(200);
    memset(extra, 0xaa, 200);
    sim_snapshot_restore(snapshot);
    SimFault fault;
    assert_string_equal((char *)page, "saved");
    assert_string_equal(block, "heap");
    assert_true(sim_access_judge(machine, page, 40, SIM_ACCESS_WRITE, &fault));
    assert_false(sim_access_judge(machine, page, 41, SIM_ACCESS_WRITE, &fault));
    assert_int_equal(sim_page_attributes(machine, page), NONPAGED | SIM_PAGE_SHADOWED | SIM_PAGE_WATCHED);
    assert_int_equal(sim_page_attributes(machine, later), SIM_PAGE_NONE); /* what was allocated after it is none of its memory */
    assert_int_equal(*(char *)sim_heap_allocate(200), 0);
    uint64_t again = sim_pages_allocate(machine, 1, NONPAGED);
    assert_int_equal(again, later);
    assert_int_equal(*(char *)again, 0);
    sim_snapshot_restore(snapshot);
  }
  sim_snapshot_destroy(&snapshot);
  assert_null(snapshot);
}

/* Driver code that is steps keeps its locals below the guest stack pointer: they are part of a state that is saved while it waits. */
static void frame_on_guest_stack(SimMachine *machine, void *argument) {
  SimContext *self = machine->current;
  volatile int on_host_stack = 42;
  uint64_t *local = (uint64_t *)((uint64_t)self->guest_stack_pointer - 4096);
  void *before = self->guest_stack_pointer;
  sim_frame_push(self, 1, 2);
  self->guest_stack_pointer = local;
  *local = 42;
  sim_pause(machine);
  sim_point(machine, SIM_POINT_WAIT, 0, 0, 100);
  log_add(*local == 42 && on_host_stack == 42 ? (char)(uintptr_t)argument : '?');
  *local = on_host_stack = 0;
  self->guest_stack_pointer = before;
  sim_frame_pop(self);
}

static uint64_t guest_stack_word(const SimContext *context) { return *(uint64_t *)(sim_context_guest_stack_high(context) - 256 - 4096); }

static void stacks_come_back(void **state) {
  (void)state;
  SimRunOptions options = rig_options(&sim_policy_timed, 1);
  rig_open(&options);
  const SimContext *context = rig_thread(0, frame_on_guest_stack, 'k');
  assert_int_equal(sim_machine_run(sim_machine()), SIM_STOP_NONE);
  SimSnapshot *snapshot = sim_snapshot_save();
  for (int round = 0; round < 70; round++) {
    sim_snapshot_restore(snapshot);
    assert_int_equal(guest_stack_word(context), 42);
    assert_int_equal(*(uint64_t *)sim_context_guest_stack_low(context), 0); /* below it nothing is left of another run */
    sim_machine_begin(sim_machine(), &options);
    assert_int_equal(sim_machine_run(sim_machine()), SIM_STOP_QUIET);
    assert_string_equal(rig_log()->text, "k");
    *(uint64_t *)sim_context_guest_stack_low(context) = 1;
  }
  sim_snapshot_destroy(&snapshot);
}

/* Slots are used again; nobody finds what the one before left on the guest stack. */
static void leaves_something(SimMachine *machine, void *argument) {
  SimContext *self = machine->current;
  uint64_t *word = (uint64_t *)((uint64_t)self->guest_stack_pointer - 64);
  log_add(*word == 0 ? (char)(uintptr_t)argument : '?');
  sim_frame_push(self, 1, 2);
  *word = 0xdead;
  sim_frame_pop(self);
  sim_point(machine, SIM_POINT_CALL, 0, 0, 10);
}

static void slots_are_clean(void **state) {
  (void)state;
  SimRunOptions options = rig_options(&sim_policy_timed, 1);
  for (int round = 0; round < 2; round++) {
    rig_open(&options);
    for (char name = 'a'; name <= 'd'; name++)
      rig_interrupt(0, 100ull * (unsigned)name, 5, SIM_CONTEXT_INTERRUPT, leaves_something, name);
    assert_int_equal(sim_machine_run(sim_machine()), SIM_STOP_QUIET);
    assert_string_equal(rig_log()->text, "abcd");
    assert_true(sim_machine()->context_count <= 2); /* one after the other in the same slots */
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(blocks_are_aligned_zeroed_and_used_again),
    cmocka_unit_test(a_set_up_beyond_the_heap_is_a_limit),
    cmocka_unit_test(a_run_beyond_the_heap_is_a_limit),
    cmocka_unit_test(too_many_contexts_are_a_limit),
    cmocka_unit_test(guest_memory_comes_back),
    cmocka_unit_test(stacks_come_back),
    cmocka_unit_test(slots_are_clean),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
