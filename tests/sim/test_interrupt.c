/* Interrupts: masked and nested by level, each cpu for itself. */
#include "rig.h"

/* ---- masking ---- */

static SimIrql masked_at;

static void masked(SimMachine *machine, void *argument) {
  (void)argument;
  sim_irql_raise(machine, masked_at, 0);
  for (int i = 0; i < 2; i++) {
    log_add('m');
    sim_point(machine, SIM_POINT_CALL, 0, 0, 100);
  }
  sim_irql_lower(machine, SIM_IRQL_PASSIVE, 0);
  log_add('p');
}

/* A thread at each level, an interrupt of each: it lands at once above, and when the level is lowered otherwise. */
static void lands_above_its_level(void **state) {
  (void)state;
  SimRunOptions options = rig_options(&sim_policy_timed, 1);
  for (masked_at = SIM_IRQL_PASSIVE; masked_at < SIM_IRQL_COUNT; masked_at++)
    for (SimIrql irql = SIM_IRQL_APC; irql < SIM_IRQL_COUNT; irql++) {
      rig_open(&options);
      rig_thread(0, masked, 0);
      rig_interrupt(0, 50, irql, SIM_CONTEXT_INTERRUPT, log_name, 'i');
      assert_int_equal(sim_machine_run(sim_machine()), SIM_STOP_QUIET);
      assert_string_equal(rig_log()->text, irql > masked_at ? "mimp" : "mmip");
      assert_int_equal(sim_machine()->vcpus[0].irql, SIM_IRQL_PASSIVE);
    }
}

static void highest_first_then_in_order(void **state) {
  (void)state;
  SimRunOptions options = rig_options(&sim_policy_timed, 1);
  masked_at = SIM_IRQL_HIGH;
  rig_open(&options);
  rig_thread(0, masked, 0);
  static const SimIrql levels[] = { 5, 2, 9, 5, 13, 2, 9, 5 };
  for (size_t i = 0; i < sizeof levels; i++)
    rig_interrupt(0, 10 + i, levels[i], SIM_CONTEXT_INTERRUPT, log_name, (char)('a' + i));
  assert_int_equal(sim_machine_run(sim_machine()), SIM_STOP_QUIET);
  assert_string_equal(rig_log()->text, "mmecgadhbfp");
}

static void ties_fall_in_order_of_request(void **state) {
  (void)state;
  SimRunOptions options = rig_options(&sim_policy_timed, 1);
  rig_open(&options);
  for (char name = 'a'; name <= 'h'; name++)
    rig_interrupt(0, 1000, 5, SIM_CONTEXT_INTERRUPT, log_name, name);
  assert_int_equal(sim_machine_run(sim_machine()), SIM_STOP_QUIET);
  assert_string_equal(rig_log()->text, "abcdefgh");
}

/* ---- nesting ---- */

static void slow_routine(SimMachine *machine, void *argument) {
  char name = (char)(uintptr_t)argument;
  log_add(name);
  for (int i = 0; i < 3; i++)
    sim_point(machine, SIM_POINT_CALL, 0, 0, 100);
  log_add((char)(name - 'a' + 'A'));
}

/* Small letters begin, capitals end. */
static void nest_by_level(void **state) {
  (void)state;
  static const struct {
    struct {
      uint64_t time_ns;
      SimIrql irql;
    } at[4];
    const char *expected;
  } rows[] = {
    { { { 10, 3 }, { 50, 5 }, { 150, 9 }, { 250, 15 } }, "abcdDCBA" }, /* each above the one before */
    { { { 10, 3 }, { 50, 3 }, { 60, 3 }, { 70, 3 } }, "aAbBcCdD" },    /* none: one after the other */
    { { { 10, 5 }, { 50, 3 }, { 60, 9 }, { 70, 4 } }, "acCAdDbB" },    /* what is masked waits, the highest first */
    { { { 10, 2 }, { 50, 13 }, { 60, 12 }, { 500, 3 } }, "abBcCdDA" },
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    SimRunOptions options = rig_options(&sim_policy_timed, 1);
    rig_open(&options);
    for (int k = 0; k < 4; k++)
      rig_interrupt(0, rows[i].at[k].time_ns, rows[i].at[k].irql, SIM_CONTEXT_INTERRUPT, slow_routine, (char)('a' + k));
    assert_int_equal(sim_machine_run(sim_machine()), SIM_STOP_QUIET);
    assert_string_equal(rig_log()->text, rows[i].expected);
  }
}

static void cpus_mask_for_themselves(void **state) {
  (void)state;
  SimRunOptions options = rig_options(&sim_policy_timed, 2);
  masked_at = SIM_IRQL_HIGH;
  rig_open(&options);
  rig_thread(0, masked, 0);
  rig_interrupt(0, 50, 5, SIM_CONTEXT_INTERRUPT, log_name, 'x');
  rig_interrupt(1, 50, 5, SIM_CONTEXT_INTERRUPT, log_name, 'y');
  assert_int_equal(sim_machine_run(sim_machine()), SIM_STOP_QUIET);
  assert_string_equal(rig_log()->text, "mymxp");
}

static void request_again(SimMachine *machine, SimQueueEntry *entry) {
  RigStimulus *stimulus = SIM_CONTAINER(entry, RigStimulus, entry);
  for (int i = 0; i < 3; i++)
    sim_interrupt_request(machine, &machine->vcpus[0], &stimulus->interrupt);
}

static void pending_is_pending_once(void **state) {
  (void)state;
  SimRunOptions options = rig_options(&sim_policy_timed, 1);
  masked_at = SIM_IRQL_HIGH;
  rig_open(&options);
  rig_thread(0, masked, 0);
  rig_interrupt(0, 50, 5, SIM_CONTEXT_INTERRUPT, log_name, 'x')->entry.fire = request_again;
  assert_int_equal(sim_machine_run(sim_machine()), SIM_STOP_QUIET);
  assert_string_equal(rig_log()->text, "mmxp");
}

/* ---- a cpu that spins ---- */

static void spins_at_dispatch(SimMachine *machine, void *argument) {
  (void)argument;
  sim_irql_raise(machine, SIM_IRQL_DISPATCH, 0);
  log_add('s');
  sim_spin(machine, SIM_GUEST_BASE, 0);
  log_add('w');
  sim_irql_lower(machine, SIM_IRQL_PASSIVE, 0);
}

static void wakes_spinner(SimMachine *machine, void *argument) {
  log_name(machine, argument);
  sim_spin_wake(machine, SIM_GUEST_BASE);
}

static void a_spinning_cpu_is_interrupted_above_its_level(void **state) {
  (void)state;
  for (SimIrql irql = SIM_IRQL_APC; irql < SIM_IRQL_COUNT; irql++) {
    SimRunOptions options = rig_options(&sim_policy_timed, 1);
    rig_open(&options);
    rig_thread(0, spins_at_dispatch, 0);
    rig_interrupt(0, 5000, irql, SIM_CONTEXT_INTERRUPT, wakes_spinner, 'i');
    SimStop stop = sim_machine_run(sim_machine());
    assert_int_equal(stop, irql > SIM_IRQL_DISPATCH ? SIM_STOP_QUIET : SIM_STOP_HUNG);
    assert_string_equal(rig_log()->text, irql > SIM_IRQL_DISPATCH ? "siw" : "s");
    if (irql > SIM_IRQL_DISPATCH)
      assert_true(sim_machine()->vcpus[0].executed_ns >= 5000); /* it did not sleep: the time was spent */
  }
}

/* ---- what a policy may choose ---- */

/* Seen by how many steps of the thread come before it. A software interrupt that a cpu asks of itself is not kept waiting. */
static void choices_put_off_what_is_not_prompt(void **state) {
  (void)state;
  bool is_late[2] = { false, false };
  for (uint64_t seed = 0; seed < 100; seed++)
    for (int is_prompt = 0; is_prompt < 2; is_prompt++) {
      SimRunOptions options = rig_options(&sim_policy_random, 1);
      options.seed = seed;
      rig_open(&options);
      rig_thread(0, three_steps, 'a');
      rig_interrupt(0, 50, 5, SIM_CONTEXT_DPC, log_name, 'i')->interrupt.is_prompt = is_prompt;
      assert_int_equal(sim_machine_run(sim_machine()), SIM_STOP_QUIET);
      assert_non_null(strchr(rig_log()->text, 'i')); /* it lands in the end */
      is_late[is_prompt] |= strcmp(rig_log()->text, "aiaa") != 0;
    }
  assert_true(is_late[0]);
  assert_false(is_late[1]);
}

/* ---- without end ---- */

static void lowers_below_its_own(SimMachine *machine, void *argument) {
  (void)argument;
  sim_charge(machine, 10);
  sim_irql_lower(machine, SIM_IRQL_PASSIVE, 0);
}

static void request_for_ever(SimMachine *machine, SimQueueEntry *entry) {
  RigStimulus *stimulus = SIM_CONTAINER(entry, RigStimulus, entry);
  sim_interrupt_request(machine, &machine->vcpus[0], &stimulus->interrupt);
  sim_queue_push(&machine->queue, entry, entry->time_ns + 1);
}

static void interrupts_within_one_another_are_a_limit(void **state) {
  (void)state;
  for (unsigned vcpu_count = 1; vcpu_count <= SIM_VCPU_COUNT_MAX; vcpu_count *= 8) {
    SimRunOptions options = rig_options(&sim_policy_timed, vcpu_count);
    rig_open(&options);
    rig_interrupt(0, 50, 5, SIM_CONTEXT_INTERRUPT, lowers_below_its_own, 'i')->entry.fire = request_for_ever;
    assert_int_equal(sim_machine_run(sim_machine()), SIM_STOP_LIMIT_MEMORY);
  }
}

/* An interrupt on every level of every cpu at once: more than there are contexts for, or just enough. */
static void every_level_of_every_cpu(void **state) {
  (void)state;
  for (unsigned vcpu_count = 1; vcpu_count <= SIM_VCPU_COUNT_MAX; vcpu_count *= 4) {
    SimRunOptions options = rig_options(&sim_policy_random, vcpu_count);
    rig_open(&options);
    for (unsigned vcpu = 0; vcpu < vcpu_count; vcpu++)
      for (SimIrql irql = SIM_IRQL_APC; irql < SIM_IRQL_COUNT; irql++)
        rig_interrupt(vcpu, 100u * irql, irql, SIM_CONTEXT_INTERRUPT, slow_routine, 'a');
    SimStop stop = sim_machine_run(sim_machine());
    assert_true(stop == SIM_STOP_QUIET || stop == SIM_STOP_LIMIT_MEMORY);
    if (vcpu_count * (SIM_IRQL_COUNT - 1) <= SIM_CONTEXT_COUNT_MAX)
      assert_int_equal(stop, SIM_STOP_QUIET);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(lands_above_its_level),
    cmocka_unit_test(highest_first_then_in_order),
    cmocka_unit_test(ties_fall_in_order_of_request),
    cmocka_unit_test(nest_by_level),
    cmocka_unit_test(cpus_mask_for_themselves),
    cmocka_unit_test(pending_is_pending_once),
    cmocka_unit_test(a_spinning_cpu_is_interrupted_above_its_level),
    cmocka_unit_test(choices_put_off_what_is_not_prompt),
    cmocka_unit_test(interrupts_within_one_another_are_a_limit),
    cmocka_unit_test(every_level_of_every_cpu),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
