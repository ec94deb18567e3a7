#include "failure.h"

#include "run_internal.h"

#include <string.h>

/* ---- places, by name ---- */

static char *routine_of(const ScenarioRun *run, uint32_t site) {
  RunSite where;
  if (site == 0 || !scenario_run_site(run, site, &where))
    return NULL;
  return g_strdup_printf("%s.%s", where.driver, where.function);
}

static char *text_of(const ScenarioRun *run, uint32_t site) {
  RunSite where;
  if (site == 0 || !scenario_run_site(run, site, &where))
    return NULL;
  return g_strdup(where.text);
}

static bool is_same_routine(const ScenarioRun *run, const RunFailure *failure, uint32_t site) {
  g_autofree char *routine = routine_of(run, site);
  return g_strcmp0(routine, failure->routine) == 0;
}

/* ---- what went wrong ---- */

static bool is_known_finding(const RunResult *natural, const Finding *finding) {
  for (uint32_t i = 0; natural != NULL && i < natural->finding_count; i++) {
    const Finding *known = &natural->findings[i];
    if (known->rule == finding->rule && known->function == finding->function && known->site == finding->site)
      return true;
  }
  return false;
}

/* The first that the natural schedule does not come to; `any`: else the first. */
static const Finding *finding_choose(const RunResult *result, const RunResult *natural, bool any) {
  for (uint32_t i = 0; i < result->finding_count; i++)
    if (!is_known_finding(natural, &result->findings[i]))
      return &result->findings[i];
  return any && result->finding_count > 0 ? &result->findings[0] : NULL;
}

static RunFailure of_finding(const ScenarioRun *run, const Finding *finding) {
  return (RunFailure){ .kind = RUN_FAILURE_FINDING,
                       .code = finding->rule,
                       .function = finding->function,
                       .routine = routine_of(run, finding->site),
                       .text = text_of(run, finding->site) };
}

/* A scenario that expects a bug check is not about its absence. */
static bool is_promise(const Expectation *expectation) {
  if (expectation->when == EXPECT_NEVER)
    return true;
  switch (expectation->kind) {
  case EXPECT_BUGCHECK:
  case EXPECT_FINDING: return false;
  case EXPECT_OUTCOME: return expectation->outcome == EXPECT_CLEAN || expectation->outcome == EXPECT_QUIET;
  default: return true;
  }
}

static bool judge(const ScenarioRun *run, const RunResult *result, size_t *expectation) {
  g_autofree bool *seen = g_new0(bool, run->scenario->expect.count + 1);
  const Expectation *failed = NULL;
  g_free(scenario_judge(run, result, seen, &failed)); /* which one it is is enough */
  if (failed != NULL)
    *expectation = (size_t)(failed - run->scenario->expect.items);
  return failed != NULL && is_promise(failed);
}

/* "clean" and the like, where it is the finding that is in its way. */
static bool is_about_findings(const Expectation *expectation) {
  return expectation->when != EXPECT_NEVER && expectation->kind == EXPECT_OUTCOME;
}

RunFailure run_failure_of(const ScenarioRun *run, const RunResult *result, const RunResult *natural) {
  RunFailure failure = { .kind = RUN_FAILURE_NONE };
  const KeBugcheck *bugcheck = &result->bugcheck;
  if (bugcheck->code != 0)
    return (RunFailure){ .kind = RUN_FAILURE_BUGCHECK, .code = bugcheck->code, .routine = routine_of(run, bugcheck->site) };
  const Finding *finding = finding_choose(result, natural, false);
  if (finding != NULL)
    return of_finding(run, finding);
  if (result->stop != SIM_STOP_QUIET)
    return (RunFailure){
      .kind = RUN_FAILURE_STOP, .stop = result->stop, .stop_text = g_strdup(result->stop_text), .text = run_result_bucket(result)
    };
  bool is_broken = judge(run, result, &failure.expectation);
  finding = finding_choose(result, natural, true);
  if (finding != NULL && (!is_broken || is_about_findings(&run->scenario->expect.items[failure.expectation])))
    return of_finding(run, finding);
  failure.kind = is_broken ? RUN_FAILURE_EXPECTATION : RUN_FAILURE_NONE;
  return failure;
}

void run_failure_finish(RunFailure *failure) {
  g_free(failure->stop_text);
  g_free(failure->routine);
  g_free(failure->text);
  memset(failure, 0, sizeof *failure);
}

/* ---- the same again ---- */

static bool has_finding(const ScenarioRun *run, const RunFailure *failure, const RunResult *result) {
  for (uint32_t i = 0; i < result->finding_count; i++) {
    const Finding *finding = &result->findings[i];
    if (finding->rule != failure->code || finding->function != failure->function || !is_same_routine(run, failure, finding->site))
      continue;
    g_autofree char *text = text_of(run, finding->site);
    if (failure->text == NULL || g_strcmp0(text, failure->text) == 0)
      return true;
  }
  return false;
}

bool run_failure_is(const ScenarioRun *run, const RunFailure *failure, const RunResult *result) {
  size_t expectation;
  g_autofree char *bucket = failure->kind == RUN_FAILURE_STOP ? run_result_bucket(result) : NULL;
  switch (failure->kind) {
  case RUN_FAILURE_NONE: return false;
  case RUN_FAILURE_BUGCHECK: return result->bugcheck.code == failure->code && is_same_routine(run, failure, result->bugcheck.site);
  case RUN_FAILURE_FINDING: return has_finding(run, failure, result);
  case RUN_FAILURE_STOP: return result->stop == failure->stop && strcmp(bucket, failure->text) == 0;
  case RUN_FAILURE_EXPECTATION:
    return result->bugcheck.code == 0 && result->stop == SIM_STOP_QUIET && judge(run, result, &expectation) &&
           expectation == failure->expectation;
  }
  return false;
}

/* ---- in words ---- */

static const char *function_name(uint32_t id) {
  const DdiFunction *function = ddi_function_by_id(id);
  const DdiCallback *callback = function == NULL ? ddi_callback_by_id(id) : NULL;
  return function != NULL ? function->name : callback != NULL ? callback->name : "";
}

char *run_failure_words(const ScenarioRun *run, const RunFailure *failure) {
  RunResult result = { .stop = failure->stop };
  const char *in = failure->routine != NULL ? " in " : "", *routine = failure->routine != NULL ? failure->routine : "";
  const char *function = function_name(failure->function);
  switch (failure->kind) {
  case RUN_FAILURE_BUGCHECK: {
    result.bugcheck.code = failure->code;
    g_autofree char *bucket = run_result_bucket(&result);
    return g_strconcat(bucket, in, routine, NULL);
  }
  case RUN_FAILURE_FINDING:
    return g_strconcat(rule_by_id(failure->code)->name, *function != '\0' ? " at " : "", function, in, routine, NULL);
  case RUN_FAILURE_STOP: g_strlcpy(result.stop_text, failure->stop_text, sizeof result.stop_text); return run_result_bucket(&result);
  case RUN_FAILURE_EXPECTATION: return g_strdup_printf("not as expected: %s", run->scenario->expect.items[failure->expectation].text);
  default: return g_strdup("nothing");
  }
}
