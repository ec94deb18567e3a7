/* Who is told of which events: by kind, by function, in long runs, while races are looked for; and that being told changes nothing. */
#include "rig.h"

#include <stdio.h>

enum { KIND_PLAIN = SIM_EVENT_MODEL + 1, KIND_FILTERED, KIND_BOTH, KIND_NOBODYS };
enum { FUNCTION_WANTED = 0x1003, FUNCTION_OTHER = 0x1004, FUNCTION_WANTED_TOO = 0x1045 };

static void note(const SimEvent *event, void *data) {
  (void)event;
  log_add(*(const char *)data);
}

static char letters[] = "pfr"; /* what observers note */

static SimEventMask mask_of(unsigned kind, unsigned other) {
  SimEventMask mask = { 0 };
  sim_event_mask_add(&mask, kind);
  sim_event_mask_add(&mask, other);
  return mask;
}

static void observers_add(SimMachine *machine) {
  static const uint32_t wanted[] = { FUNCTION_WANTED, FUNCTION_WANTED_TOO };
  sim_observer_add(machine, note, &letters[0], mask_of(KIND_PLAIN, KIND_BOTH));
  sim_observer_add(machine, note, &letters[1], mask_of(KIND_FILTERED, KIND_BOTH));
  sim_observer_is_of_functions(machine, wanted, 2);
}

static void emits(SimMachine *machine, void *argument) {
  static const uint32_t functions[] = { 0, FUNCTION_WANTED, FUNCTION_OTHER, FUNCTION_WANTED_TOO };
  (void)argument;
  for (unsigned kind = KIND_PLAIN; kind <= KIND_NOBODYS; kind++) {
    for (unsigned i = 0; i < 4; i++)
      sim_event(machine, kind, functions[i], i, -1, kind, 0);
    log_add('.');
  }
}

static uint64_t run(void (*add)(SimMachine *), bool is_silenced, SimRecord *record) {
  SimRunOptions options = rig_options(&sim_policy_timed, 1);
  options.record = record;
  rig_open(&options);
  if (add != NULL)
    add(sim_machine());
  if (is_silenced)
    sim_observers_silence(sim_machine());
  rig_thread(0, emits, 0);
  assert_int_equal(sim_machine_run(sim_machine()), SIM_STOP_QUIET);
  return sim_machine()->hash;
}

static void by_kind_and_by_function(void **state) {
  (void)state;
  uint64_t hash = run(observers_add, false, NULL);
  assert_string_equal(rig_log()->text, "pppp.ff.ppfppf.."); /* in the order of registration */
  assert_true(run(observers_add, true, NULL) == hash);
  assert_string_equal(rig_log()->text, "....");
  assert_true(run(NULL, false, NULL) == hash);
}

static void a_record_has_all(void **state) {
  (void)state;
  SimRecord record = { 0 }, bare = { 0 };
  run(observers_add, false, &record);
  run(NULL, false, &bare);
  assert_int_equal(record.count, bare.count);
  assert_memory_equal(record.events, bare.events, record.count * sizeof *record.events);
  unsigned seen = 0;
  for (size_t i = 0; i < record.count; i++) {
    assert_int_equal(record.events[i].sequence, i);
    seen += record.events[i].kind == KIND_NOBODYS && record.events[i].status == -1 && record.events[i].detail == KIND_NOBODYS;
  }
  assert_int_equal(seen, 4);
  sim_record_finish(&record);
  sim_record_finish(&bare);
}

static void notes_once(const SimEvent *event, void *data) {
  uint64_t *words = rig_log()->words;
  (void)data;
  words[0] = words[1]++ == 0 ? event->detail : words[0];
}

static void long_runs_add(SimMachine *machine) {
  sim_observer_add(machine, notes_once, NULL, mask_of(KIND_PLAIN, KIND_BOTH));
  sim_observer_is_of_long_runs(machine, mask_of(KIND_PLAIN, KIND_BOTH));
}

static void steps_long(SimMachine *machine, void *argument) {
  (void)argument;
  for (uint32_t i = 1; i <= 2 * SIM_STEPS_LONG; i++) {
    sim_point(machine, SIM_POINT_CALL, 1, 0, 1);
    sim_event(machine, KIND_PLAIN, 0, 0, 0, i, 0);
  }
}

static void only_in_long_runs(void **state) {
  (void)state;
  run(long_runs_add, false, NULL);
  assert_int_equal(rig_log()->words[1], 0);
  SimRunOptions options = rig_options(&sim_policy_timed, 1);
  rig_open(&options);
  long_runs_add(sim_machine());
  rig_thread(0, steps_long, 0);
  assert_int_equal(sim_machine_run(sim_machine()), SIM_STOP_QUIET);
  assert_int_equal(rig_log()->words[0], SIM_STEPS_LONG); /* the first that it was told of */
  assert_int_equal(rig_log()->words[1], SIM_STEPS_LONG + 1);
}

static void while_races_are_looked_for(void **state) {
  (void)state;
  SimRunOptions options = rig_options(&sim_policy_timed, 1);
  rig_open(&options);
  observers_add(sim_machine());
  sim_observer_add(sim_machine(), note, &letters[2], mask_of(KIND_FILTERED, KIND_NOBODYS));
  sim_observer_is_of_races(sim_machine(), mask_of(KIND_FILTERED, KIND_NOBODYS));
  emits(sim_machine(), NULL);
  sim_observer_of_races_set(sim_machine(), true);
  emits(sim_machine(), NULL);
  sim_observer_of_races_set(sim_machine(), false);
  emits(sim_machine(), NULL);
  const char *without = "pppp.ff.ppfppf..", *with = "pppp.rfrrfr.ppfppf.rrrr.";
  char expected[64];
  snprintf(expected, sizeof expected, "%s%s%s", without, with, without);
  assert_string_equal(rig_log()->text, expected);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(by_kind_and_by_function),
    cmocka_unit_test(a_record_has_all),
    cmocka_unit_test(only_in_long_runs),
    cmocka_unit_test(while_races_are_looked_for),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
