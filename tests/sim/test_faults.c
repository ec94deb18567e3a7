/* What is asked only where somebody wants it, and the policy that lets each thing fail once, then every two. */
#include "rig.h"

#include "sim/faults.h"

#include <stdlib.h>

enum { KEY_FIRST = 11, KEY_LOOP = 22, KEY_BEHIND = 33, KEY_STATUS = 44 };

static uint32_t fails(SimMachine *machine, uint64_t key) { return sim_choose_rare(machine, SIM_CHOICE_ALLOCATION, key, 1, NULL, 2) == 0; }

/* One call by itself, two in a loop, one that fails in two ways; one that is made only where the first has failed. */
static void program(SimMachine *machine, void *argument) {
  (void)argument;
  if (fails(machine, KEY_FIRST)) {
    log_add('f');
    log_add(fails(machine, KEY_BEHIND) ? 'b' : '-');
  }
  for (int i = 0; i < 2; i++)
    log_add(fails(machine, KEY_LOOP) ? (char)('0' + i) : '-');
  log_add((char)('x' + sim_choose_rare(machine, SIM_CHOICE_STATUS, KEY_STATUS, 0, NULL, 3)));
  log_add(sim_choose_rare(machine, SIM_CHOICE_PACKET, 0, 0, NULL, 4) == 0 ? '-' : 'p');
}

static void run_under(SimRunOptions *options) {
  rig_open(options);
  rig_thread(0, program, 'a');
  assert_int_equal(sim_machine_run(sim_machine()), SIM_STOP_QUIET);
}

/* ---- who is asked ---- */

static uint32_t last_answer(SimMachine *machine, const SimPoint *point) {
  (void)machine;
  return point->options == NULL && point->natural != point->option_count - 1 ? point->option_count - 1 : 0;
}
static void nothing_begin(SimMachine *machine) { (void)machine; }
static uint32_t never(SimMachine *machine, const SimContext *context) {
  (void)machine, (void)context;
  return UINT32_MAX;
}
static const SimPolicy contrary = {
  .name = "contrary", .explores = true, .begin = nothing_begin, .answer = last_answer, .access_budget = never
};

static void only_what_varies(void **state) {
  static const struct {
    uint32_t varies;
    const char *log;
  } rows[] = {
    { 0, "--x-" },
    { 1u << SIM_CHOICE_ALLOCATION, "fb01x-" },
    { 1u << SIM_CHOICE_STATUS, "--z-" },
    { 1u << SIM_CHOICE_PACKET, "--xp" },
    { SIM_CHOICE_RARE, "fb01zp" },
  };
  (void)state;
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    SimRunOptions options = rig_options(&contrary, 1);
    SimSchedule exceptions = { 0 };
    options.varies = rows[i].varies;
    options.exceptions = &exceptions;
    run_under(&options);
    assert_string_equal(rig_log()->text, rows[i].log);
    /* The line says what varied: a replay needs nobody to want it. */
    SimRunOptions again = rig_options(&sim_policy_replay, 1);
    again.replay = &exceptions;
    run_under(&again);
    assert_string_equal(rig_log()->text, rows[i].log);
    sim_schedule_finish(&exceptions);
  }
}

/* ---- each once ---- */

static void search_log(unsigned depth, uint32_t varies, const char *const *logs, size_t count) {
  SimSearch search;
  SimSearchOptions options = sim_search_options_default;
  options.policy = &sim_policy_faults;
  options.depth = depth;
  options.varies = varies;
  sim_search_init(&search, &options);
  bool is_more = true;
  for (size_t i = 0; i < count; i++) {
    SimRunOptions run = rig_options(&sim_policy_timed, 1);
    assert_true(is_more);
    sim_search_begin(&search, &run);
    run_under(&run);
    assert_string_equal(rig_log()->text, logs[i]);
    is_more = sim_search_end(&search, sim_machine());
  }
  assert_false(is_more);
  sim_search_finish(&search);
}

/* Those that come first on their paths come first; the one behind the failure has no run alone that meets it, and is a place all the same. */
static void singles(void **state) {
  static const char *const logs[] = { "--x-", "f---x-", "0-x-", "--y-", "--z-", "--x-", "-1x-" };
  (void)state;
  search_log(1, 0, logs, sizeof logs / sizeof *logs);
}

static void other_kinds(void **state) {
  static const char *const logs[] = { "--x-", "f---x-", "0-x-", "--y-", "--z-", "--xp", "--xp", "--xp", "--x-", "-1x-" };
  (void)state;
  search_log(0, 1u << SIM_CHOICE_PACKET, logs, sizeof logs / sizeof *logs);
}

static void pairs(void **state) {
  static const char *const logs[] = {
    "--x-",   "f---x-", "0-x-",   "--y-",   "--z-",   "--x-", "-1x-", /* alone */
    "fb--x-", "f-0-x-", "f--1x-", "f---y-", "f---z-",                 /* the first, and what came behind it */
    "01x-",   "0-y-",   "0-z-",   "-1y-",   "-1z-",                   /* those of the loop */
  };
  (void)state;
  search_log(2, 0, logs, sizeof logs / sizeof *logs);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(only_what_varies),
    cmocka_unit_test(singles),
    cmocka_unit_test(other_kinds),
    cmocka_unit_test(pairs),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
