#include "shrink_scenario.h"

#include "outline.h"
#include "run_internal.h"
#include "shrink_text.h"

#include <errno.h>
#include <string.h>

#define TRY_COUNT_MAX 400  /* scenarios booted */
#define SEED_COUNT_MAX 100 /* schedules looked through where the old one does not fit any more */
#define PASS_COUNT_MAX 3
#define STEP_FACTOR 20

typedef struct Work {
  const char *file; /* the scenario's: where relative paths begin */
  ShrunkScenario *small;
  RunFailure failure;
  SimSchedule schedule; /* of what is left */
  size_t count;         /* what it counts for */
  SimShrinkResult shrink;
  uint64_t step_max; /* of a run: what goes on for much longer than the failure took has become another story */
} Work;

/* ---- does a text still fail? ---- */

static void schedule_set(SimSchedule *to, SimSchedule *from) {
  sim_schedule_finish(to);
  *to = *from;
  *from = (SimSchedule){ 0 };
}

/* That very schedule. */
static bool fails_by(Work *work, ScenarioRun *run, const SimSchedule *schedule) {
  RunResult result = { 0 };
  scenario_run_once(run, &(RunRequest){ .policy = &sim_policy_replay, .replay = schedule }, &result);
  bool is_same = run_failure_is(run, &work->failure, &result);
  if (is_same)
    schedule_set(&work->schedule, &result.exceptions);
  run_result_finish(&result);
  return is_same;
}

/* Some other, with no more preemptions: contexts may have other names than before. */
static bool fails_by_another(Work *work, ScenarioRun *run) {
  RunSearch search;
  bool is_found = false, is_more = true;
  run_search_init(&search, run, &sim_search_options_default);
  for (unsigned i = 0; !is_found && is_more && i < SEED_COUNT_MAX; i++) {
    RunResult result = { 0 };
    is_more = run_search_next(&search, NULL, &result);
    is_found = run_failure_is(run, &work->failure, &result);
    Shrunk shrunk = { 0 };
    if (is_found && shrink_bucket(run, &result, &(ShrinkBudget){ .runs = 2000 }, &shrunk)) {
      is_found = shrunk.shrink.count <= work->count && run_failure_is(run, &work->failure, &shrunk.result);
      if (is_found) {
        schedule_set(&work->schedule, &shrunk.result.exceptions);
        work->count = shrunk.shrink.count;
        work->shrink = shrunk.shrink;
      }
      is_more = false;
    }
    shrunk_finish(&shrunk);
    run_result_finish(&result);
  }
  run_search_finish(&search);
  return is_found;
}

/* What needed a preemption before still does: else it is another story. */
static bool fails_naturally(const Work *work, ScenarioRun *run) {
  RunResult result = { 0 };
  scenario_run_once(run, &(RunRequest){ .policy = &sim_policy_replay, .replay = &(SimSchedule){ 0 } }, &result);
  bool is_same = run_failure_is(run, &work->failure, &result);
  run_result_finish(&result);
  return is_same;
}

static bool still_fails(Work *work, const char *text) {
  g_autoptr(Scenario) scenario = scenario_load_bytes(work->file, text, strlen(text), NULL);
  if (scenario == NULL || work->small->booted >= TRY_COUNT_MAX)
    return false;
  work->small->booted++;
  scenario->limits.steps = MIN(scenario->limits.steps, work->step_max);
  g_autoptr(ScenarioRun) run = scenario_run_create(scenario, NULL);
  if (run == NULL || run->snapshot == NULL || (work->count > 0 && fails_naturally(work, run)))
    return false;
  return fails_by(work, run, &work->schedule) || fails_by_another(work, run);
}

/* ---- taking away ---- */

/* What goes, the largest first. Returns whether it was something. */
static bool parts_try(Work *work) {
  bool is_any = false;
  for (guint i = 0;; i++) {
    char *what = NULL;
    g_autofree char *without = shrink_text_without(work->file, work->small->text, i, &what);
    if (without == NULL)
      return is_any;
    if (still_fails(work, without)) {
      g_free(work->small->text);
      work->small->text = g_steal_pointer(&without);
      work->small->gone++;
      g_ptr_array_add(work->small->removed, what);
      is_any = true;
      i--; /* what follows has moved up */
    } else {
      g_free(what);
    }
  }
}

static void cpus_try(Work *work, unsigned count) {
  for (unsigned fewer = 1; fewer < count; fewer++) {
    g_autofree char *text = shrink_text_cpus(work->file, work->small->text, fewer);
    if (text != NULL && still_fails(work, text)) {
      g_free(work->small->text);
      work->small->text = g_steal_pointer(&text);
      g_ptr_array_add(work->small->removed, g_strdup_printf("%u of %u cpus", count - fewer, count));
      work->small->gone++;
      return;
    }
  }
}

/* ---- the whole ---- */

static bool text_write(const char *file, const char *text, GError **error) {
  g_autoptr(GError) why = NULL;
  if (g_file_set_contents(file, text, -1, &why))
    return true;
  g_set_error(error, SCENARIO_ERROR, SCENARIO_ERROR_READ, "%s cannot be written: %s", file, why->message);
  return false;
}

/* Boots what is left and runs its schedule once more, for its report. */
static bool small_open(Work *work, const char *as, GError **error) {
  ShrunkScenario *small = work->small;
  small->scenario = scenario_load_bytes(as, small->text, strlen(small->text), error);
  small->run = small->scenario != NULL ? scenario_run_create(small->scenario, error) : NULL;
  if (small->run == NULL)
    return false;
  Shrunk *shrunk = &small->shrunk;
  run_result_finish(&shrunk->result);
  scenario_run_once(small->run, &(RunRequest){ .policy = &sim_policy_replay, .replay = &work->schedule }, &shrunk->result);
  shrunk->departures = shrunk->result.exceptions.count;
  shrunk->shrink = work->shrink;
  char *line = sim_schedule_print(&shrunk->result.exceptions, small->run->fingerprint);
  g_free(shrunk->line);
  shrunk->line = g_strdup(line);
  free(line);
  return true;
}

/* The text with schedule and expectation, paths as seen from where it is written. */
static bool text_finish(Work *work, const char *output, GError **error) {
  ShrunkScenario *small = work->small;
  g_autofree char *expect = shrink_text_expect(small->run, &small->shrunk, &work->failure, small->text);
  g_autofree char *own = shrink_text_own(work->file, output, small->text, small->shrunk.line, expect, error);
  if (own == NULL)
    return false;
  g_free(small->text);
  small->text = g_steal_pointer(&own);
  return output == NULL || text_write(output, small->text, error);
}

static bool is_limit(const RunFailure *failure) { return failure->kind == RUN_FAILURE_STOP && failure->stop >= SIM_STOP_LIMIT_STEPS; }

bool shrink_scenario(Scenario *scenario, ScenarioRun *run, Shrunk *shrunk, const ShrinkScenarioOptions *options, ShrunkScenario *small,
                     GError **error) {
  g_autofree char *file = g_strdup(scenario->file);
  unsigned cpus = scenario->machine.cpu_count;
  bool is_of_expectation = shrunk->failure.kind == RUN_FAILURE_EXPECTATION;
  *small = (ShrunkScenario){ .shrunk = *shrunk, .removed = g_ptr_array_new_with_free_func(g_free) };
  *shrunk = (Shrunk){ 0 };
  scenario_run_free(run);
  scenario_free(scenario);
  Work work = {
    .file = file, .small = small, .failure = small->shrunk.failure, .count = small->shrunk.shrink.count, .shrink = small->shrunk.shrink
  };
  work.step_max = is_limit(&work.failure) ? UINT64_MAX : STEP_FACTOR * (small->shrunk.result.step_count + STEP_FACTOR);
  schedule_set(&work.schedule, &small->shrunk.result.exceptions);
  bool is_done = g_file_get_contents(file, &small->text, NULL, error);
  if (is_done && !options->is_whole) {
    g_autofree char *plain = is_of_expectation ? NULL : shrink_text_without_expect(file, small->text);
    if (plain != NULL && still_fails(&work, plain)) { /* nothing has to stay only because it is expected of */
      g_free(small->text);
      small->text = g_steal_pointer(&plain);
    }
    for (unsigned pass = 0; pass < PASS_COUNT_MAX && parts_try(&work); pass++)
      continue;
    cpus_try(&work, cpus);
  }
  is_done = is_done && small_open(&work, file, error) && text_finish(&work, options->output, error);
  sim_schedule_finish(&work.schedule);
  if (!is_done)
    shrunk_scenario_finish(small);
  return is_done;
}

void shrunk_scenario_finish(ShrunkScenario *small) {
  shrunk_finish(&small->shrunk);
  g_clear_pointer(&small->run, scenario_run_free);
  g_clear_pointer(&small->scenario, scenario_free);
  g_clear_pointer(&small->removed, g_ptr_array_unref);
  g_free(small->text);
  memset(small, 0, sizeof *small);
}
