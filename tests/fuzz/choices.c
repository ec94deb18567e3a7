/* Bytes as the answers to what could have gone otherwise: any answers are an order that is possible. Each run is recorded, and its record replays
 * to the same hash. FUZZ_SCENARIO names the scenario. */
#include "fuzz.h"

#include "run.h"
#include "sim/search.h"

#include <stdlib.h>
#include <string.h>

static ScenarioRun *run_open(void) {
  static Scenario *scenario;
  static ScenarioRun *run;
  if (run == NULL) {
    GError *error = NULL;
    const char *file = getenv("FUZZ_SCENARIO");
    fuzz_check(file != NULL, "FUZZ_SCENARIO names a scenario");
    scenario = scenario_load(file, &error);
    run = scenario != NULL ? scenario_run_create(scenario, &error) : NULL;
    fuzz_check(run != NULL, error != NULL ? error->message : "the scenario runs");
  }
  return run;
}

/* The line that a person pastes says all of the schedule. */
static void line_check(const SimSchedule *schedule) {
  SimSchedule read = { 0 };
  char fingerprint[64], *line = sim_schedule_print(schedule, "-");
  const char *error;
  size_t column;
  fuzz_check(sim_schedule_parse(line, &read, fingerprint, sizeof fingerprint, &error, &column), "a printed schedule is read");
  fuzz_check(read.count == schedule->count, "a printed schedule has all choices");
  for (size_t i = 0; i < read.count; i++) {
    const SimException *one = &read.exceptions[i], *other = &schedule->exceptions[i];
    fuzz_check(one->context == other->context && one->kind == other->kind && one->ordinal == other->ordinal && one->answer == other->answer,
               "a printed choice is read as it was");
  }
  sim_schedule_finish(&read);
  free(line);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  ScenarioRun *run = run_open();
  RunResult result = { 0 }, replayed = { 0 };
  SimSearchOptions options = sim_search_options_default;
  SimSearch search;
  options.policy = &sim_policy_bytes;
  sim_search_init(&search, &options);
  sim_policy_bytes_give(&search, bytes, size);
  scenario_run_once(run, &(RunRequest){ .policy = &sim_policy_bytes, .search = &search }, &result);
  scenario_run_once(run, &(RunRequest){ .policy = &sim_policy_replay, .replay = &result.exceptions }, &replayed);
  fuzz_check(result.stop != SIM_STOP_LIMIT_HOST_TIME, "the run ends in time");
  fuzz_check(replayed.hash == result.hash && replayed.event_count == result.event_count, "a recorded run replays");
  fuzz_check(replayed.replay_misses == 0, "no choice of a recorded run is missed");
  line_check(&result.exceptions);
  sim_search_finish(&search);
  run_result_finish(&result);
  run_result_finish(&replayed);
  return 0;
}
