/* A failing schedule of a scenario: made minimal, visited at its events, found again where it no longer fits, and written down as a scenario. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "nearby.h"
#include "run_visit.h"
#include "shrink_scenario.h"

#include "sim/search.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Scenarios of the library whose mistake only some schedules show, with the fewest preemptions it takes. Drivers are steps. */
static const struct {
  const char *file;
  uint32_t count;
} rows[] = {
  { "drivers/lost-wakeup/bug.json", 1 },          { "drivers/three-locks/bug.json", 1 },      { "drivers/stop-between/bug.json", 1 },
  { "drivers/late-timer/bug.json", 1 },           { "drivers/flow-context/bug.json", 1 },     { "drivers/reference-count/bug.json", 1 },
  { "drivers/lookup-outlives-lock/bug.json", 1 }, { "drivers/slot-taken-twice/bug.json", 1 },
};

typedef struct Opened {
  Scenario *scenario;
  ScenarioRun *run;
} Opened;

static Opened open_file(const char *file) {
  g_autoptr(GError) error = NULL;
  g_autofree char *path = g_path_is_absolute(file) ? g_strdup(file) : g_build_filename(SCENARIOS_FOLDER, file, NULL);
  Opened opened = { .scenario = scenario_load(path, &error) };
  if (opened.scenario != NULL)
    opened.run = scenario_run_create(opened.scenario, &error);
  if (opened.run == NULL)
    fail_msg("%s", error->message);
  return opened;
}

static void opened_close(Opened *opened) {
  scenario_run_free(opened->run);
  scenario_free(opened->scenario);
}

static void shrunk_of(ScenarioRun *run, Shrunk *shrunk) {
  ShrinkFound found = shrink_find(run, &sim_search_options_default, 5000);
  assert_true(found.is_found);
  assert_true(shrink_bucket(run, &found.result, NULL, shrunk));
  run_result_finish(&found.result);
}

/* ---- shrinking ---- */

static void the_fewest_preemptions(void **state) {
  (void)state;
  for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
    Opened opened = open_file(rows[i].file);
    Shrunk shrunk, again;
    shrunk_of(opened.run, &shrunk);
    if (shrunk.shrink.preemptions != rows[i].count || !shrunk.shrink.is_proved)
      fail_msg("%s: %u%s, not %u", rows[i].file, shrunk.shrink.preemptions, shrunk.shrink.is_proved ? "" : " (not proved)", rows[i].count);
    assert_true(shrunk.shrink.preemptions <= shrunk.shrink.preemptions_before);
    /* what is minimal stays what it is */
    assert_true(shrink_bucket(opened.run, &shrunk.result, NULL, &again));
    assert_int_equal(again.shrink.preemptions, shrunk.shrink.preemptions);
    shrunk_finish(&again);
    shrunk_finish(&shrunk);
    opened_close(&opened);
  }
}

static void nothing_wrong_is_not_shrunk(void **state) {
  (void)state;
  Opened opened = open_file("drivers/lost-wakeup/corrected.json");
  RunResult result = { 0 };
  Shrunk shrunk;
  scenario_run_once(opened.run, &(RunRequest){ .policy = &sim_policy_replay, .replay = &(SimSchedule){ 0 } }, &result);
  assert_false(shrink_bucket(opened.run, &result, NULL, &shrunk));
  run_result_finish(&result);
  opened_close(&opened);
}

/* ---- the scenario that is left ---- */

static void written_down_it_is_as_expected(void **state) {
  (void)state;
  g_autofree char *folder = g_dir_make_tmp("irqlab-shrink-XXXXXX", NULL);
  g_autofree char *file = g_build_filename(folder, "small.json", NULL);
  for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
    Opened opened = open_file(rows[i].file);
    Shrunk shrunk;
    ShrunkScenario small;
    g_autoptr(GError) error = NULL;
    shrunk_of(opened.run, &shrunk);
    size_t exceptions = shrunk.exceptions;
    if (!shrink_scenario(opened.scenario, opened.run, &shrunk, &(ShrinkScenarioOptions){ .output = file }, &small, &error))
      fail_msg("%s: %s", rows[i].file, error->message);
    assert_true(small.shrunk.shrink.preemptions <= rows[i].count);
    assert_true(small.shrunk.exceptions <= exceptions);
    assert_true(small.is_as_expected);
    shrunk_scenario_finish(&small);
    RunVerdict verdict;
    opened = open_file(file);
    scenario_explore(opened.run, &(RunExploration){ 0 }, &verdict);
    if (!verdict.is_as_expected)
      fail_msg("%s: %s", rows[i].file, verdict.why);
    assert_int_equal(verdict.schedule_count, 1);
    assert_false(verdict.is_exhausted);
    run_verdict_finish(&verdict);
    opened_close(&opened);
  }
  unlink(file);
  rmdir(folder);
}

/* What is left of a scenario does not take more to fail than all of it did. */
static void never_a_longer_line(void **state) {
  (void)state;
  static const char *const files[] = { "drivers/lookup-outlives-lock/bug.json", "drivers/three-locks/bug.json",
                                       "drivers/late-timer/bug.json", "drivers/reference-count/bug.json" };
  for (size_t i = 0; i < G_N_ELEMENTS(files); i++)
    for (uint64_t seed = 1; seed <= 3; seed++) {
      Opened opened = open_file(files[i]);
      SimSearchOptions options = sim_search_options_default;
      options.policy = &sim_policy_random;
      options.seed = seed;
      ShrinkFound found = shrink_find(opened.run, &options, 5000);
      Shrunk shrunk;
      ShrunkScenario small;
      g_autoptr(GError) error = NULL;
      assert_true(found.is_found && shrink_bucket(opened.run, &found.result, &(ShrinkBudget){ .is_alone = true }, &shrunk));
      run_result_finish(&found.result);
      size_t exceptions = shrunk.exceptions;
      assert_true(shrink_scenario(opened.scenario, opened.run, &shrunk, &(ShrinkScenarioOptions){ 0 }, &small, &error));
      if (small.shrunk.exceptions > exceptions)
        fail_msg("%s, seed %d: %zu exceptions became %zu", files[i], (int)seed, exceptions, small.shrunk.exceptions);
      shrunk_scenario_finish(&small);
    }
}

/* A bucket is shrunk to itself or not at all. */
static bool is_never(const RunResult *result, void *data) {
  (void)result;
  ++*(unsigned *)data;
  return false;
}

static void only_what_is_wanted(void **state) {
  (void)state;
  Opened opened = open_file("drivers/three-locks/bug.json");
  unsigned asked = 0;
  Shrunk shrunk;
  ShrinkFound found = shrink_find(opened.run, &sim_search_options_default, 5000);
  assert_true(shrink_bucket(opened.run, &found.result, &(ShrinkBudget){ .is_same = is_never, .data = &asked }, &shrunk));
  assert_true(asked > 0);
  assert_int_equal(shrunk.result.hash, found.result.hash);
  run_result_finish(&found.result);
  shrunk_finish(&shrunk);
  opened_close(&opened);
}

/* ---- visiting ---- */

typedef struct Seen {
  uint32_t event_count;
  uint64_t hash;
} Seen;

static void see(void *data) { *(Seen *)data = (Seen){ sim_machine()->event_count, sim_machine()->hash }; }

static void any_event_in_any_order(void **state) {
  (void)state;
  Opened opened = open_file("seeds/kb2664888/network-stalled.json");
  g_autoptr(RunVisit) visit = run_visit_create(opened.run, &(SimSchedule){ 0 });
  uint32_t first = run_visit_first(visit), count = (uint32_t)run_visit_record(visit)->count;
  g_autofree Seen *forwards = g_new0(Seen, count);
  assert_true(run_visit_state_count(visit) > 0);
  assert_false(run_visit_at(visit, first - 1, see, &(Seen){ 0 }));
  assert_false(run_visit_at(visit, count, see, &(Seen){ 0 }));
  for (uint32_t event = first; event < count; event += 397)
    assert_true(run_visit_at(visit, event, see, &forwards[event]));
  for (uint32_t event = first + (count - 1 - first) / 397 * 397; event > first; event -= 397) {
    Seen seen = { 0 };
    assert_true(run_visit_at(visit, event, see, &seen));
    assert_int_equal(seen.event_count, event + 1);
    assert_int_equal(seen.hash, forwards[event].hash);
  }
  Seen last = { 0 };
  assert_true(run_visit_at(visit, count - 1, see, &last));
  assert_int_equal(last.hash, run_visit_result(visit)->hash);
  g_clear_pointer(&visit, run_visit_free);
  opened_close(&opened);
}

/* ---- where a line no longer fits ---- */

static void found_again_nearby(void **state) {
  (void)state;
  unsigned misfits = 0;
  for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
    Opened opened = open_file(rows[i].file);
    Shrunk shrunk;
    ScheduleMisfit misfit;
    RunResult found;
    uint64_t runs;
    shrunk_of(opened.run, &shrunk);
    SimSchedule *schedule = &shrunk.result.exceptions;
    assert_false(schedule_misfit(opened.run, schedule, &misfit));
    for (size_t k = 0; k < schedule->count; k++) /* as if lines had been added before */
      schedule->exceptions[k].ordinal += 3;
    schedule->sorted_count = SIZE_MAX;
    misfits += schedule_misfit(opened.run, schedule, &misfit);
    assert_true(nearby_search(opened.run, schedule, 2000, &found, &runs));
    assert_true(runs <= 2000);
    run_result_finish(&found);
    shrunk_finish(&shrunk);
    opened_close(&opened);
  }
  assert_true(misfits > 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(the_fewest_preemptions),
    cmocka_unit_test(nothing_wrong_is_not_shrunk),
    cmocka_unit_test(written_down_it_is_as_expected),
    cmocka_unit_test(never_a_longer_line),
    cmocka_unit_test(only_what_is_wanted),
    cmocka_unit_test(any_event_in_any_order),
    cmocka_unit_test(found_again_nearby),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
