/* Bytes as the answers to what could have gone otherwise: any answers are an order that is possible. Each run is recorded, and its record replays
 * to the same hash. FUZZ_SCENARIO names the scenario. */
#include "fuzz.h"

#include "run.h"

#include <stdlib.h>
#include <string.h>

static const uint8_t *answers; /* of the input under test */
static size_t answer_count;

/* policy_state[0]: how many answers were taken. Without any left the natural ones go on. */
static bool next(SimMachine *machine, uint8_t *answer) {
  if (machine->policy_state[0] >= answer_count)
    return false;
  *answer = answers[machine->policy_state[0]++];
  return true;
}

static void begin(SimMachine *machine) { machine->policy_state[0] = 0; }

static uint32_t answer_point(SimMachine *machine, const SimPoint *point) {
  uint8_t byte;
  if (!next(machine, &byte))
    return point->natural;
  uint32_t index = byte % point->option_count;
  return point->options != NULL ? point->options[index].id : index;
}

static uint32_t access_budget(SimMachine *machine, const SimContext *context) {
  uint8_t byte;
  (void)context;
  return next(machine, &byte) ? 1u + byte : UINT32_MAX;
}

static const SimPolicy policy_bytes = {
  .name = "bytes", .explores = true, .begin = begin, .answer = answer_point, .access_budget = access_budget
};

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
  answers = bytes, answer_count = size;
  scenario_run_once(run, &(RunRequest){ .policy = &policy_bytes }, &result);
  scenario_run_once(run, &(RunRequest){ .policy = &sim_policy_replay, .replay = &result.exceptions }, &replayed);
  fuzz_check(result.stop != SIM_STOP_LIMIT_HOST_TIME, "the run ends in time");
  fuzz_check(replayed.hash == result.hash && replayed.event_count == result.event_count, "a recorded run replays");
  fuzz_check(replayed.replay_misses == 0, "no choice of a recorded run is missed");
  line_check(&result.exceptions);
  run_result_finish(&result);
  run_result_finish(&replayed);
  return 0;
}
