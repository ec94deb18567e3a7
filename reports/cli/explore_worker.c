/* A worker of a campaign: boots once, runs blocks of schedules, notes each in its ring. */
#include "explore.h"

#include "../campaign/judge.h"
#include "../coverage.h"
#include "../decided.h"
#include "coverage_collect.h"
#include "sandbox.h"
#include "shrink.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define WAIT_NS 20000
#define COVERAGE_PERIOD 65536 /* schedules of a long block whose coverage a kill can lose */

typedef struct Worker {
  const ExploreWorkerTask *own;
  ScenarioRun *run;
  CampaignJudge *judge;
  uint32_t told; /* outcomes */
} Worker;

/* ---- speaking ---- */

/* Takes the object. */
static void reply(const Worker *worker, json_object *json) {
  g_autofree char *line = g_strconcat(json_object_to_json_string_ext(json, JSON_C_TO_STRING_PLAIN), "\n", NULL);
  json_object_put(json);
  for (size_t at = 0, size = strlen(line); at < size;) {
    ssize_t count = write(worker->own->replies, line + at, size - at);
    if (count < 0 && errno != EINTR)
      _exit(0); /* nobody listens any more */
    at += count > 0 ? (size_t)count : 0;
  }
}

static void wait_a_little(void) {
  struct timespec time = { .tv_nsec = WAIT_NS };
  clock_nanosleep(CLOCK_MONOTONIC, 0, &time, NULL);
}

/* An outcome is in the log before any schedule that came to it. Takes it. */
static void outcome_tell(Worker *worker, CampaignOutcome *outcome) {
  const CampaignRing *ring = worker->own->ring;
  reply(worker, campaign_outcome_record(outcome));
  campaign_outcome_free(outcome);
  worker->told++;
  while (ring->acknowledged != worker->told)
    wait_a_little();
}

static void schedule_note(const Worker *worker, uint64_t number, uint64_t hash, uint64_t outcome) {
  while (!campaign_ring_put(worker->own->ring, number, hash, outcome))
    wait_a_little();
}

/* What was exercised since the last time. */
static void coverage_tell(const Worker *worker) {
  if (worker->own->task->has_coverage)
    reply(worker, campaign_coverage_record(coverage_to_json(worker->run)));
  if (worker->own->task->has_coverage)
    coverage_clear(scenario_run_coverage(worker->run));
}

/* `proof` of a systematic search that has come to its end; NULL: the block has. */
static void block_end_tell(const Worker *worker, const SimSearchProof *proof, bool is_cut, uint32_t unreduced) {
  json_object *json = json_object_new_object();
  json_object_object_add(json, "end", json_object_new_boolean(1));
  if (proof != NULL) {
    json_object_object_add(json, "ended", json_object_new_boolean(1));
    json_object_object_add(json, "bounded", json_object_new_boolean(worker->own->task->search.deepens && proof->is_bounded));
    json_object_object_add(json, "cut", json_object_new_boolean(is_cut));
    json_object_object_add(json, "states", json_object_new_int64((int64_t)proof->states));
  }
  if (unreduced != 0) {
    g_autofree char *scope = run_search_scope(&worker->own->task->search, unreduced);
    g_autofree char *note = g_strdup_printf("%s searched %s", worker->own->task->search.policy->name, scope);
    json_object_object_add(json, "note", json_object_new_string(note));
  }
  g_autofree char *races_left = scenario_run_races_left(worker->run);
  if (races_left != NULL)
    json_object_object_add(json, "races", json_object_new_string(races_left));
  reply(worker, json);
}

/* ---- running ---- */

/* Does what the policy answers depend on schedules it saw before? */
static bool learns(const SimPolicy *policy) { return policy->is_systematic || policy->state_size > 0 || policy->end != NULL; }

/* Of a policy that learns, schedules of the block that were run before a kill are run again and not counted. */
static void block_run(Worker *worker, const CampaignSpan *span, uint64_t skip) {
  SimSearchOptions options = campaign_block_search(&worker->own->task->search, span->first);
  CampaignRing *ring = worker->own->ring;
  RunSearch search;
  bool is_over = false, is_cut = false;
  uint64_t at = learns(options.policy) ? 0 : skip;
  if (!worker->own->task->search.deepens) {
    options.first = span->first + at * span->stride;
    options.stride = span->stride;
  }
  run_search_init(&search, worker->run, &options);
  while (at < span->count && !is_over && !ring->stop) {
    uint64_t number = span->first + at * span->stride;
    RunResult result = { 0 };
    CampaignOutcome *fresh = NULL;
    ring->in_flight = number + 1;
    is_over = !run_search_next(&search, NULL, &result);
    if (result.stop == SIM_STOP_KNOWN) { /* no schedule of its own */
      run_result_finish(&result);
      continue;
    }
    is_cut |= result.stop >= SIM_STOP_LIMIT_STEPS;
    uint64_t outcome = campaign_judge(worker->judge, &result, number, &fresh);
    if (fresh != NULL)
      outcome_tell(worker, fresh);
    if (at >= skip)
      schedule_note(worker, number, result.hash, outcome);
    run_result_finish(&result);
    at++;
    if (at % COVERAGE_PERIOD == 0)
      coverage_tell(worker);
  }
  ring->in_flight = 0;
  is_cut |= run_search_is_cut(&search);
  SimSearchProof proof;
  sim_search_proof(&search.search, &proof);
  uint32_t unreduced = run_search_unreduced(&search);
  run_search_finish(&search);
  coverage_tell(worker);
  block_end_tell(worker, is_over && options.policy->is_systematic ? &proof : NULL, is_cut, unreduced);
}

/* ---- shrinking ---- */

/* The schedule of that line, once more; false: it is no line of this scenario. */
static bool line_run(const Worker *worker, const char *line, RunResult *result) {
  SimSchedule schedule = { 0 };
  char fingerprint[64];
  const char *why;
  size_t column;
  bool is_right = sim_schedule_parse(line, &schedule, fingerprint, sizeof fingerprint, &why, &column);
  if (is_right)
    scenario_run_once(worker->run, &(RunRequest){ .policy = &sim_policy_replay, .replay = &schedule }, result);
  sim_schedule_finish(&schedule);
  return is_right;
}

/* An outcome of the campaign, by its whole stacks. */
typedef struct Wanted {
  CampaignJudge *judge;
  uint64_t key;
} Wanted;

static uint64_t outcome_key(CampaignJudge *judge, const RunResult *result) {
  CampaignOutcome *fresh = NULL;
  uint64_t key = campaign_judge(judge, result, 0, &fresh);
  if (fresh != NULL)
    campaign_outcome_free(fresh);
  return key;
}

static bool is_that_outcome(const RunResult *result, void *data) {
  const Wanted *wanted = data;
  return outcome_key(wanted->judge, result) == wanted->key;
}

/* Does the line, run as a user would, come to that outcome? */
static bool line_is_that_outcome(const Worker *worker, const char *line, Wanted *wanted) {
  RunResult result = { 0 };
  bool is_same = line_run(worker, line, &result) && is_that_outcome(&result, wanted);
  run_result_finish(&result);
  return is_same;
}

/* Nothing is shrunk where what is left would be another outcome. */
static void shrink_reply(const Worker *worker, const char *line) {
  RunResult result = { 0 };
  Shrunk shrunk = { 0 };
  Wanted wanted = { .judge = campaign_judge_new(worker->run) };
  const ShrinkBudget budget = { .is_same = is_that_outcome, .data = &wanted };
  if (worker->own->task->search.races)
    scenario_run_look_for_races(worker->run);
  json_object *json = json_object_new_object();
  json_object_object_add(json, "shrunk", NULL);
  bool is_run = line_run(worker, line, &result);
  wanted.key = is_run ? outcome_key(wanted.judge, &result) : 0;
  if (is_run && shrink_bucket(worker->run, &result, &budget, &shrunk) && line_is_that_outcome(worker, shrunk.line, &wanted)) {
    g_autofree char *words = shrunk_words(&shrunk); /* of the whole outcome: a failure of it has its own name */
    g_autofree char *decided = decided_line(worker->run, &shrunk.result.exceptions);
    g_autofree char *whole = g_strdup_printf("%s%s%s", words, decided != NULL ? "\ndecided at " : "", decided != NULL ? decided : "");
    json_object_object_add(json, "shrunk", json_object_new_string(shrunk.line));
    json_object_object_add(json, "words", json_object_new_string(whole));
    json_object_object_add(json, "preemptions", json_object_new_int64(shrunk.shrink.preemptions));
    json_object_object_add(json, "proved", json_object_new_boolean(shrunk_is_proved(&shrunk)));
  }
  shrunk_finish(&shrunk);
  run_result_finish(&result);
  campaign_judge_free(wanted.judge);
  reply(worker, json);
}

/* ---- beginning ---- */

/* Not of this world: the error ends the search of this scenario. */
static void fail(const Worker *worker, const char *message, int exit_code) G_GNUC_NORETURN;
static void fail(const Worker *worker, const char *message, int exit_code) {
  json_object *json = json_object_new_object();
  json_object_object_add(json, "error", json_object_new_string(message));
  json_object_object_add(json, "exit_code", json_object_new_int(exit_code));
  reply(worker, json);
  _exit(0);
}

static void hello(const Worker *worker) {
  static const SimSchedule natural = { 0 };
  RunResult result = { 0 };
  scenario_run_once(worker->run, &(RunRequest){ .policy = &sim_policy_replay, .replay = &natural }, &result);
  json_object *json = json_object_new_object(), *notes = json_object_new_array();
  g_autofree char *hash = g_strdup_printf("%016" G_GINT64_MODIFIER "x", result.hash);
  for (const char *const *note = scenario_run_notes(worker->run); *note != NULL; note++)
    json_object_array_add(notes, json_object_new_string(*note));
  json_object_object_add(json, "hello", json_object_new_string(scenario_run_fingerprint(worker->run)));
  json_object_object_add(json, "natural", json_object_new_string(hash));
  json_object_object_add(json, "single", json_object_new_boolean(result.ended_in_boot || !worker->own->task->search.policy->explores));
  json_object_object_add(json, "notes", notes);
  run_result_finish(&result);
  reply(worker, json);
  if (worker->own->task->has_coverage)
    coverage_clear(scenario_run_coverage(worker->run)); /* it was none of the search's */
}

static void boot(Worker *worker) {
  g_autoptr(GError) error = NULL;
  if (!sim_arena_map()) {
    g_autofree char *message = g_strdup_printf("the machine's memory cannot be mapped at 0x%llx: %s", SIM_ARENA_BASE, g_strerror(errno));
    fail(worker, message, EXIT_SET_UP);
  }
  Scenario *scenario = scenario_load(worker->own->task->scenario->file, &error); /* kept until the process ends */
  worker->run = scenario != NULL ? scenario_run_create(scenario, &error) : NULL;
  if (worker->run == NULL)
    fail(worker, error->message, EXIT_BAD_INPUT);
  if (worker->own->task->has_coverage)
    scenario_run_cover(worker->run);
  worker->judge = campaign_judge_new(worker->run);
}

/* The next line of commands, without its end; NULL: there are no more. Returns owned. */
static char *command_read(int descriptor) {
  GString *line = g_string_new(NULL);
  for (;;) {
    char byte;
    ssize_t count = read(descriptor, &byte, 1);
    if (count < 0 && errno == EINTR)
      continue;
    if (count <= 0) {
      g_string_free(line, TRUE);
      return NULL;
    }
    if (byte == '\n')
      return g_string_free(line, FALSE);
    g_string_append_c(line, byte);
  }
}

void explore_worker_main(const ExploreWorkerTask *own) {
  Worker worker = { .own = own };
  boot(&worker);
  if (own->task->has_sandbox && strcmp(scenario_run_fingerprint(worker.run), "-") == 0)
    sandbox_enter();
  hello(&worker);
  for (char *line; (line = command_read(own->commands)) != NULL; g_free(line)) {
    if (g_str_has_prefix(line, EXPLORE_SHRINK)) {
      shrink_reply(&worker, line + strlen(EXPLORE_SHRINK));
      continue;
    }
    char *at = line;
    CampaignSpan span = { .first = g_ascii_strtoull(at, &at, 10) };
    span.stride = g_ascii_strtoull(at, &at, 10);
    span.count = g_ascii_strtoull(at, &at, 10);
    block_run(&worker, &span, g_ascii_strtoull(at, &at, 10));
  }
  _exit(0);
}
