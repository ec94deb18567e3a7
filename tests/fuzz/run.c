/* Bytes as a scenario that is run, under its natural schedule and a random one, in bounds: whatever its steps do is an outcome. A schedule that was
 * recorded replays. */
#include "fuzz.h"

#include "run.h"

#define BOUND(limit, most) ((limit) = MIN((limit), (most)))

static void limits_bound(SimLimits *limits) {
  BOUND(limits->steps, 3000);
  BOUND(limits->events, 20000);
  BOUND(limits->accesses, 200000);
  BOUND(limits->virtual_ns, 10ull * 1000 * 1000 * 1000);
  limits->host_ns = 60ull * 1000 * 1000 * 1000; /* what is slow beyond this is a defect */
}

static void result_check(ScenarioRun *run, const RunResult *result) {
  g_autofree char *bucket = run_result_bucket(result);
  fuzz_check(result->stop != SIM_STOP_LIMIT_HOST_TIME, "the run ends in a minute");
  fuzz_check(bucket != NULL && bucket[0] != '\0', "the run has an outcome");
  const Scenario *scenario = scenario_run_scenario(run);
  for (size_t i = 0; i < scenario->expect.count; i++)
    expectation_holds(run, &scenario->expect.items[i], result);
}

static void run_check(ScenarioRun *run) {
  RunResult natural = { 0 }, random = { 0 }, replayed = { 0 };
  scenario_run_once(run, &(RunRequest){ .policy = &sim_policy_timed }, &natural);
  result_check(run, &natural);
  scenario_run_once(run, &(RunRequest){ .policy = &sim_policy_random, .seed = 1 }, &random);
  result_check(run, &random);
  scenario_run_once(run, &(RunRequest){ .policy = &sim_policy_replay, .replay = &random.exceptions }, &replayed);
  fuzz_check(replayed.hash == random.hash, "a recorded run replays");
  fuzz_check(replayed.replay_misses == 0, "no choice of a recorded run is missed");
  run_result_finish(&natural);
  run_result_finish(&random);
  run_result_finish(&replayed);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  g_autoptr(GError) error = NULL;
  g_autoptr(Scenario) scenario = scenario_load_bytes("fuzz/x.json", bytes, size, &error);
  if (scenario == NULL)
    return 0;
  limits_bound(&scenario->limits);
  g_autoptr(ScenarioRun) run = scenario_run_create(scenario, &error);
  fuzz_check((run == NULL) == (error != NULL), "either a run or an error");
  if (run != NULL)
    run_check(run);
  return 0;
}
