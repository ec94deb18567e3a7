/* One schedule against what the scenario expects. */
#include "run_internal.h"

#include "model/events.h"

#include <string.h>

/* The first expectation that this schedule contradicts; notes what it fulfils. */
static const Expectation *contradicted(const ScenarioRun *run, const ExpectSet *set, const RunResult *result, bool *seen) {
  const Expectation *first = NULL;
  for (size_t i = 0; i < set->count; i++) {
    const Expectation *expectation = &set->items[i];
    bool holds = expectation_holds(run, expectation, result);
    seen[i] |= holds;
    if (first == NULL && ((expectation->when == EXPECT_ALWAYS && !holds) || (expectation->when == EXPECT_NEVER && holds)))
      first = expectation;
  }
  return first;
}

/* A bug check, a finding or an odd end that no expectation mentions is not as expected: silence is a promise too. */
static bool is_any_finding_mentioned(const ExpectSet *set, const Finding *finding) {
  for (size_t i = 0; i < set->count; i++)
    if (set->items[i].kind == EXPECT_FINDING && set->items[i].when != EXPECT_NEVER &&
        (set->items[i].finding.is_any || set->items[i].finding.rule->id == finding->rule))
      return true;
  return false;
}

/* That some schedules are clean says nothing for one that hangs. */
static bool is_outcome_mentioned(const ScenarioRun *run, const RunResult *result) {
  const ExpectSet *set = &run->scenario->expect;
  for (size_t i = 0; i < set->count; i++)
    if (set->items[i].kind == EXPECT_OUTCOME && set->items[i].when != EXPECT_NEVER && expectation_holds(run, &set->items[i], result))
      return true;
  return false;
}

/* The scenario says that a driver is not there at the end, or looks at how it was loaded. */
static bool is_refusal_mentioned(const ExpectSet *set) {
  for (size_t i = 0; i < set->count; i++) {
    const Expectation *expectation = &set->items[i];
    if (expectation->when == EXPECT_NEVER)
      continue;
    if (expectation->kind == EXPECT_STATE && expectation->state.kind == EXPECT_STATE_DRIVER && expectation->state.is == EXPECT_IS_UNLOADED)
      return true;
    if (expectation->kind == EXPECT_EVENT && expectation->events[0].kind == EVENT_DRIVER_LOAD)
      return true;
  }
  return false;
}

static char *unmentioned(const ScenarioRun *run, const RunResult *result) {
  const ExpectSet *set = &run->scenario->expect;
  const char *instead = set->count == 0 ? "expected a clean run, since the file expects nothing else" : NULL;
  if (run->not_loaded != NULL && result->bugcheck.code == 0 && !is_refusal_mentioned(set))
    return g_strdup(run->not_loaded);
  bool is_bugcheck_mentioned = false;
  for (size_t i = 0; i < set->count; i++) {
    const Expectation *expectation = &set->items[i];
    is_bugcheck_mentioned |= expectation->kind == EXPECT_BUGCHECK && expectation->when != EXPECT_NEVER &&
                             (expectation->bugcheck.is_any || expectation->bugcheck.code == result->bugcheck.code);
  }
  if (result->bugcheck.code != 0 && !is_bugcheck_mentioned) {
    g_autofree char *bucket = run_result_bucket(result);
    return g_strdup_printf("%s, got %s", instead != NULL ? instead : "expected no such bug check", bucket);
  }
  if (result->bugcheck.code == 0 && result->stop != SIM_STOP_QUIET && !is_outcome_mentioned(run, result)) {
    g_autofree char *bucket = run_result_bucket(result);
    return g_strdup_printf("%s, got %s", instead != NULL ? instead : "expected the run to end by itself", bucket);
  }
  for (uint32_t i = 0; i < result->finding_count; i++)
    if (!is_any_finding_mentioned(set, &result->findings[i]))
      return g_strdup_printf("no expectation mentions the finding %s", rule_by_id(result->findings[i].rule)->name);
  return NULL;
}

static char *happened(const RunResult *result) {
  g_autofree char *bucket = run_result_bucket(result);
  return strcmp(bucket, "clean") == 0 ? g_strdup("nothing happened") : g_strdup_printf("got %s", bucket);
}

char *expectation_explain(const Expectation *expectation, const RunResult *result) {
  g_autofree char *got = happened(result);
  switch (expectation->when) {
  case EXPECT_NEVER: return g_strdup_printf("expected never %s, and it happened", expectation->text);
  case EXPECT_SOMETIMES: return g_strdup_printf("expected %s in some schedule, and it never happened", expectation->text);
  default: return g_strdup_printf("expected %s, %s", expectation->text, got);
  }
}

char *scenario_judge(const ScenarioRun *run, const RunResult *result, bool *seen, const Expectation **failed) {
  *failed = contradicted(run, &run->scenario->expect, result, seen);
  return *failed != NULL ? expectation_explain(*failed, result) : unmentioned(run, result);
}
