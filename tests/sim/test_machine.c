/* The machine without Windows: who steps, the search of every order, pauses, how a run ends. */
#include "rig.h"

#include "sim/search.h"

#include <stdlib.h>

static void timed_steps_the_earliest(void **state) {
  (void)state;
  SimRunOptions options = rig_options(&sim_policy_timed, 2);
  rig_open(&options);
  rig_thread(0, three_steps, 'a');
  rig_thread(1, three_steps, 'b');
  assert_int_equal(sim_machine_run(sim_machine()), SIM_STOP_QUIET);
  assert_string_equal(rig_log()->text, "ababab");
}

/* Two threads of three steps: 20 orders of their steps, each found, and no other. */
static void exhaustive_finds_every_order(void **state) {
  (void)state;
  SimSearch search;
  SimSearchOptions search_options = sim_search_options_default;
  search_options.policy = &sim_policy_exhaustive;
  sim_search_init(&search, &search_options);
  char found[64][8];
  unsigned found_count = 0, runs = 0;
  do {
    SimRunOptions options = rig_options(&sim_policy_exhaustive, 2);
    sim_search_begin(&search, &options);
    rig_open(&options);
    rig_thread(0, three_steps, 'a');
    rig_thread(1, three_steps, 'b');
    assert_int_equal(sim_machine_run(sim_machine()), SIM_STOP_QUIET);
    unsigned at = 0;
    while (at < found_count && strcmp(found[at], rig_log()->text) != 0)
      at++;
    if (at == found_count)
      strcpy(found[found_count++], rig_log()->text);
    assert_true(++runs < 1000);
  } while (sim_search_end(&search, sim_machine()));
  sim_search_finish(&search);
  assert_int_equal(found_count, 20);
}

static void snapshot_restores_everything(void **state) {
  (void)state;
  SimRunOptions options = rig_options(&sim_policy_timed, 2);
  rig_open(&options);
  rig_thread(0, three_steps, 'a');
  rig_thread(1, three_steps, 'b');
  SimSnapshot *snapshot = sim_snapshot_save();
  uint64_t hash = 0;
  for (int i = 0; i < 3; i++) {
    sim_snapshot_restore(snapshot);
    sim_machine_begin(sim_machine(), &options);
    assert_int_equal(sim_machine_run(sim_machine()), SIM_STOP_QUIET);
    assert_string_equal(rig_log()->text, "ababab");
    if (i > 0)
      assert_int_equal(sim_machine()->hash, hash);
    hash = sim_machine()->hash;
  }
  sim_snapshot_destroy(&snapshot);
}

static void pauses_in_the_middle(SimMachine *machine, void *argument) {
  three_steps(machine, argument);
  sim_pause(machine);
  three_steps(machine, argument);
}

static void a_paused_run_goes_on_from_each_restore(void **state) {
  (void)state;
  SimRunOptions options = rig_options(&sim_policy_timed, 2);
  rig_open(&options);
  rig_thread(0, pauses_in_the_middle, 'a');
  rig_thread(1, three_steps, 'b');
  assert_int_equal(sim_machine_run(sim_machine()), SIM_STOP_NONE);
  assert_string_equal(rig_log()->text, "abababa"); /* the pause takes effect at the next scheduling point */
  SimSnapshot *snapshot = sim_snapshot_save();
  for (int i = 0; i < 3; i++) {
    sim_snapshot_restore(snapshot);
    sim_machine_begin(sim_machine(), &options);
    assert_int_equal(sim_machine_run(sim_machine()), SIM_STOP_QUIET);
    assert_string_equal(rig_log()->text, "abababaaa");
  }
  sim_snapshot_destroy(&snapshot);
}

static void spins_alone(SimMachine *machine, void *argument) {
  (void)argument;
  sim_spin(machine, 0x1000, 0);
}

static void a_cpu_that_spins_for_nobody_hangs(void **state) {
  (void)state;
  SimRunOptions options = rig_options(&sim_policy_timed, 1);
  rig_open(&options);
  rig_thread(0, spins_alone, 0);
  assert_int_equal(sim_machine_run(sim_machine()), SIM_STOP_HUNG);
}

static void for_ever(SimMachine *machine, void *argument) {
  (void)argument;
  for (;;)
    sim_point(machine, SIM_POINT_CALL, 0, 0, 100);
}

static void limits_are_outcomes(void **state) {
  (void)state;
  static const struct {
    SimLimits limits;
    SimStop expected;
  } rows[] = {
    { { 1000, 1u << 30, 1u << 30, 1ull << 40, 1ull << 40 }, SIM_STOP_LIMIT_STEPS },
    { { 1u << 30, 1u << 30, 1u << 30, 5000, 1ull << 40 }, SIM_STOP_LIMIT_VIRTUAL_TIME },
    { { 1u << 30, 1u << 30, 1u << 30, 1ull << 50, 1 }, SIM_STOP_LIMIT_HOST_TIME },
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    SimRunOptions options = rig_options(&sim_policy_timed, 1);
    options.limits = rows[i].limits;
    rig_open(&options);
    rig_thread(0, for_ever, 0);
    assert_int_equal(sim_machine_run(sim_machine()), rows[i].expected);
  }
}

/* Events that ask for one another, with no step between them: the clock of the host is looked at all the same. */
static void fire_for_ever(SimMachine *machine, SimQueueEntry *entry) { sim_queue_push(&machine->queue, entry, entry->time_ns); }

static void events_without_end_are_a_limit(void **state) {
  (void)state;
  SimRunOptions options = rig_options(&sim_policy_timed, 1);
  options.limits.host_ns = 1000000;
  rig_open(&options);
  SimQueueEntry *entry = sim_heap_allocate(sizeof *entry);
  entry->fire = fire_for_ever;
  sim_queue_push(&sim_machine()->queue, entry, 100);
  rig_thread(0, three_steps, 'a');
  assert_int_equal(sim_machine_run(sim_machine()), SIM_STOP_LIMIT_HOST_TIME);
}

/* ---- everybody is held up until the clock ticks ---- */

static void nothing_to_begin(SimMachine *machine) { (void)machine; }

static uint32_t never_asked(SimMachine *machine, const SimContext *context) {
  (void)machine, (void)context;
  return UINT32_MAX;
}

static uint32_t the_clock_whenever_it_can(SimMachine *machine, const SimPoint *point) {
  (void)machine;
  for (uint32_t i = 0; point->options != NULL && i < point->option_count; i++)
    if (point->options[i].actor == SIM_ACTOR_CLOCK)
      return SIM_OPTION_CLOCK;
  return point->natural;
}

static const SimPolicy holds_up = { .name = "holds up",
                                    .explores = true,
                                    .holds_up = true,
                                    .begin = nothing_to_begin,
                                    .answer = the_clock_whenever_it_can,
                                    .access_budget = never_asked };

static void spins_until_told(SimMachine *machine, void *argument) {
  (void)argument;
  sim_spin(machine, 0x1000, 0);
}

static void steps_and_tells(SimMachine *machine, void *argument) {
  three_steps(machine, argument);
  sim_spin_wake(machine, 0x1000);
}

/* Of what comes at a time only the clock's tick comes early, and that only when it is near; who spins meanwhile is held up like all others. */
static void only_a_near_tick_comes_while_all_are_held_up(void **state) {
  (void)state;
  static const struct {
    uint64_t tick_ns;
    bool is_clock;
    const char *expected;
  } rows[] = {
    { 500000000, true, "taaa" },
    { 500000000, false, "aaat" },
    { 2000000000, true, "aaat" },
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    SimRunOptions options = rig_options(&holds_up, 3);
    rig_open(&options);
    RigStimulus *tick = rig_interrupt(2, rows[i].tick_ns, 5, SIM_CONTEXT_INTERRUPT, log_name, 't');
    sim_machine()->clock = rows[i].is_clock ? &tick->entry : NULL;
    rig_thread(0, steps_and_tells, 'a');
    rig_thread(1, spins_until_told, 'b');
    assert_int_equal(sim_machine_run(sim_machine()), SIM_STOP_QUIET);
    assert_int_equal(rig_log()->text[0], rows[i].expected[0]);
    assert_int_equal(strlen(rig_log()->text), 4);
    assert_true(sim_machine()->vcpus[1].executed_ns < 1000000);
  }
}

static void ticks_and_sets_the_next(SimMachine *machine, void *argument) {
  log_name(machine, argument);
  machine->clock = sim_queue_first(&machine->queue);
}

/* From tick to tick, either: behind the third the fourth is more than a second away from the one that the thread was held up until. */
static void nobody_is_held_up_for_long(void **state) {
  (void)state;
  SimRunOptions options = rig_options(&holds_up, 3);
  rig_open(&options);
  for (uint32_t i = 4; i > 0; i--) {
    RigStimulus *tick = rig_interrupt(2, i * 400000000, 5, SIM_CONTEXT_INTERRUPT, ticks_and_sets_the_next, 't');
    sim_machine()->clock = &tick->entry;
  }
  rig_thread(0, steps_and_tells, 'a');
  rig_thread(1, spins_until_told, 'b');
  assert_int_equal(sim_machine_run(sim_machine()), SIM_STOP_QUIET);
  assert_string_equal(rig_log()->text, "tttataa");
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(timed_steps_the_earliest),
    cmocka_unit_test(exhaustive_finds_every_order),
    cmocka_unit_test(snapshot_restores_everything),
    cmocka_unit_test(a_paused_run_goes_on_from_each_restore),
    cmocka_unit_test(a_cpu_that_spins_for_nobody_hangs),
    cmocka_unit_test(limits_are_outcomes),
    cmocka_unit_test(only_a_near_tick_comes_while_all_are_held_up),
    cmocka_unit_test(nobody_is_held_up_for_long),
    cmocka_unit_test(events_without_end_are_a_limit),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
