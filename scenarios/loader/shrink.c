#include "shrink.h"

#include "run_internal.h"

#include <stdlib.h>
#include <string.h>

#define RUN_COUNT_DEFAULT 20000
#define STEP_COUNT_MAX 20000000 /* of all runs together: what bounds the time, the same on every host */
#define STEP_FACTOR 4           /* what goes on for so much longer than the failure took is not looked at to its end */
#define STEP_COUNT_SLACK 1000
#define OTHER_COUNT_DEFAULT 16
#define OTHER_RUN_COUNT_MAX 500 /* to find one other */

typedef struct Shrinking {
  ScenarioRun *run;
  const RunFailure *failure;
  const ShrinkBudget *budget;
  RunSearch search; /* where others come from */
  uint64_t search_left;
} Shrinking;

/* ---- how a schedule is run ---- */

static void schedule_set(SimSchedule *to, SimSchedule *from) {
  sim_schedule_finish(to);
  *to = *from;
  *from = (SimSchedule){ 0 };
}

static bool is_wanted(const Shrinking *shrinking, const RunResult *result) {
  const ShrinkBudget *budget = shrinking->budget;
  return run_failure_is(shrinking->run, shrinking->failure, result) && (budget->is_same == NULL || budget->is_same(result, budget->data));
}

static void surveyed(ScenarioRun *run, const SimSchedule *schedule, SimSurvey *survey, RunResult *result) {
  SimRunOptions options = { 0 };
  SimSearch search;
  sim_survey_begin(survey, &search, &options);
  scenario_run_once(run, &(RunRequest){ .policy = options.policy, .replay = schedule, .search = options.search }, result);
}

uint32_t shrink_run(ScenarioRun *run, const SimSchedule *schedule, RunResult *result) {
  SimSurvey survey = { 0 };
  surveyed(run, schedule, &survey, result);
  uint32_t preemptions = survey.preemptions;
  sim_survey_finish(&survey);
  return preemptions;
}

static bool fails(const SimSchedule *candidate, SimSchedule *taken, SimSurvey *survey, void *data) {
  Shrinking *shrinking = data;
  RunResult result = { 0 };
  surveyed(shrinking->run, candidate, survey, &result);
  bool is_same = is_wanted(shrinking, &result);
  schedule_set(taken, &result.exceptions);
  run_result_finish(&result);
  return is_same;
}

static SimShrinkSearched search(const SimSearchOptions *options, uint64_t *runs, double *part, SimSchedule *found, void *data) {
  Shrinking *shrinking = data;
  RunSearch search;
  uint64_t count = 0;
  bool is_more = true, is_found = false;
  run_search_init(&search, shrinking->run, options);
  for (; is_more && !is_found && count < *runs; count++) {
    RunResult result = { 0 };
    is_more = run_search_next(&search, NULL, &result);
    is_found = result.stop != SIM_STOP_KNOWN && is_wanted(shrinking, &result);
    if (is_found)
      schedule_set(found, &result.exceptions);
    run_result_finish(&result);
  }
  bool is_all = !is_more && !run_search_is_cut(&search);
  SimSearchProof proof;
  *part = sim_search_proof(&search.search, &proof) ? proof.part : 0;
  run_search_finish(&search);
  *runs = count;
  return is_found ? SIM_SHRINK_FOUND : is_all ? SIM_SHRINK_NONE : SIM_SHRINK_CUT;
}

static bool another(SimSchedule *schedule, void *data) {
  Shrinking *shrinking = data;
  for (unsigned i = 0; i < OTHER_RUN_COUNT_MAX && shrinking->search_left > 0; i++) {
    RunResult result = { 0 };
    shrinking->search_left--;
    run_search_next(&shrinking->search, NULL, &result);
    bool is_same = is_wanted(shrinking, &result);
    if (is_same)
      schedule_set(schedule, &result.exceptions);
    run_result_finish(&result);
    if (is_same)
      return true;
  }
  return false;
}

static void replay(ScenarioRun *run, const SimSchedule *schedule, RunResult *result) {
  scenario_run_once(run, &(RunRequest){ .policy = &sim_policy_replay, .replay = schedule }, result);
}

/* ---- the budget ---- */

static uint64_t runs_of(const ShrinkBudget *budget, const RunResult *result) {
  uint64_t most = STEP_COUNT_MAX / (result->step_count + result->event_count / 4 + 1) + 1;
  return budget->runs != 0 ? budget->runs : MIN(most, RUN_COUNT_DEFAULT);
}

/* ---- the whole ---- */

static void shrink(ScenarioRun *run, const ShrinkBudget *budget, SimSchedule *schedule, uint64_t runs, uint64_t step_max, Shrunk *shrunk) {
  Shrinking shrinking = { .run = run, .failure = &shrunk->failure, .budget = budget, .search_left = budget->is_alone ? 0 : runs };
  SimSearchOptions options = sim_search_options_default;
  options.policy = &sim_policy_portfolio;
  run_search_init(&shrinking.search, run, &options);
  const SimShrink self = {
    .fails = fails,
    .search = search,
    .another = budget->is_alone ? NULL : another,
    .data = &shrinking,
    .run_max = runs,
    .check_max = budget->checks != 0 ? budget->checks : runs / 2,
    .another_max = budget->others != 0 ? budget->others : OTHER_COUNT_DEFAULT,
  };
  run->step_max = shrunk->failure.kind == RUN_FAILURE_STOP && shrunk->failure.stop >= SIM_STOP_LIMIT_STEPS ? 0 : step_max;
  sim_shrink(&self, schedule, &shrunk->shrink);
  run->step_max = 0;
  run_search_finish(&shrinking.search);
}

bool shrink_bucket(ScenarioRun *run, const RunResult *result, const ShrinkBudget *budget, Shrunk *shrunk) {
  static const ShrinkBudget budget_default = { 0 };
  RunResult natural = { 0 }, again = { 0 };
  *shrunk = (Shrunk){ .exceptions_before = result->exceptions.count };
  if (result->stop == SIM_STOP_LIMIT_HOST_TIME || run->snapshot == NULL)
    return false;
  replay(run, &(SimSchedule){ 0 }, &natural);
  replay(run, &result->exceptions, &again);
  shrunk->failure = run_failure_of(run, &again, &natural);
  run_result_finish(&natural);
  if (again.hash == result->hash && shrunk->failure.kind != RUN_FAILURE_NONE) {
    if (budget == NULL)
      budget = &budget_default;
    SimSchedule schedule = again.exceptions;
    again.exceptions = (SimSchedule){ 0 };
    shrink(run, budget, &schedule, runs_of(budget, &again), STEP_FACTOR * again.step_count + STEP_COUNT_SLACK, shrunk);
    replay(run, &schedule, &shrunk->result);
    SIM_ASSERT(run_failure_is(run, &shrunk->failure, &shrunk->result));
    shrunk->exceptions = shrunk->result.exceptions.count;
    char *line = sim_schedule_print(&shrunk->result.exceptions, run->fingerprint);
    shrunk->line = g_strdup(line);
    free(line);
    sim_schedule_finish(&schedule);
  }
  run_result_finish(&again);
  return shrunk->line != NULL;
}

void shrunk_finish(Shrunk *shrunk) {
  run_failure_finish(&shrunk->failure);
  run_result_finish(&shrunk->result);
  g_free(shrunk->line);
  memset(shrunk, 0, sizeof *shrunk);
}

/* ---- something to shrink ---- */

#define NATURAL_FINDING_PATIENCE 500 /* schedules, when the natural one shows a mistake: others may show another */

/* What the natural schedule comes to is wrong, too, but there may be more to find. */
static bool is_worth_waiting(const RunFailure *failure) { return failure->kind == RUN_FAILURE_FINDING; }

ShrinkFound shrink_find(ScenarioRun *run, const SimSearchOptions *options, uint64_t schedules) {
  ShrinkFound found = { 0 };
  RunResult natural = { 0 };
  RunSearch search;
  bool is_more = true;
  replay(run, &(SimSchedule){ 0 }, &natural);
  RunFailure failure = run_failure_of(run, &natural, NULL);
  bool fails = failure.kind != RUN_FAILURE_NONE;
  uint64_t most = !fails ? schedules : is_worth_waiting(&failure) ? MIN(schedules, NATURAL_FINDING_PATIENCE) : 0;
  run_failure_finish(&failure);
  run_search_init(&search, run, options);
  while (!found.is_found && is_more && found.count < most) {
    run_result_finish(&found.result);
    is_more = run_search_next(&search, NULL, &found.result);
    failure = run_failure_of(run, &found.result, &natural);
    RunResult *known = fails ? &natural : NULL;
    found.is_found = failure.kind != RUN_FAILURE_NONE &&
                     (known == NULL || failure.kind == RUN_FAILURE_EXPECTATION || !run_failure_is(run, &failure, known));
    run_failure_finish(&failure);
    found.count++;
  }
  run_search_finish(&search);
  found.is_all = !is_more;
  if (!found.is_found && fails) {
    run_result_finish(&found.result);
    found.result = natural;
    natural = (RunResult){ 0 };
    found.is_found = true;
  }
  run_result_finish(&natural);
  return found;
}

/* ---- in words ---- */

static void proof_append(GString *text, const SimShrinkResult *result) {
  g_autofree char *bounds = run_search_bounds(&result->proof);
  if (result->is_proved)
    g_string_append_printf(text, ", and no schedule with fewer fails: all were run%s%s", *bounds != '\0' ? ", " : "", bounds);
  else if (result->check_count > 0)
    g_string_append_printf(text, "; of %" G_GUINT64_FORMAT " schedules with fewer that were run, none fails", result->check_count);
}

bool shrunk_is_proved(const Shrunk *shrunk) { return shrunk->shrink.is_proved || shrunk->shrink.preemptions == 0; }

char *shrunk_words(const Shrunk *shrunk) {
  const SimShrinkResult *result = &shrunk->shrink;
  g_autoptr(GString) text = g_string_new(NULL);
  g_string_append_printf(text, "%u preemption%s -> %u", result->preemptions_before, result->preemptions_before == 1 ? "" : "s",
                         result->preemptions);
  if (result->faults > 0)
    g_string_append_printf(text, ", with %u other choice%s", result->faults, result->faults == 1 ? "" : "s");
  if (result->preemptions > 0)
    proof_append(text, result);
  else if (!result->is_natural && result->faults == 0)
    g_string_append(text, ": it is enough who goes first");
  if (result->is_natural)
    g_string_append(text,
                    shrunk->exceptions == 0 ? "; it fails by itself: this is the natural schedule" : "; the natural schedule fails, too");
  g_string_append_printf(text, " (%" G_GUINT64_FORMAT " run%s)", result->run_count, result->run_count == 1 ? "" : "s");
  return g_strdup(text->str);
}
