/* One schedule against what the scenario expects. */
#include "run_internal.h"

#include "model/events.h"
#include "model/model_face.h"

#include <string.h>

/* ---- what varies although the scenario does not say so ---- */

/* Kinds that the scenario itself lets vary: what it expects is about these. */
static uint32_t own_kinds(const ScenarioRun *run) {
  const Scenario *scenario = run->scenario;
  const SimSchedule *line = &scenario->policy.replay;
  uint32_t kinds = scenario->policy.search.varies | scenario->policy.search.policy->varies;
  for (size_t i = 0; i < line->count; i++)
    kinds |= 1u << line->exceptions[i].kind;
  if (scenario->machine.paging == SCENARIO_PAGING_ANY)
    kinds |= 1u << SIM_CHOICE_RESIDENT;
  for (size_t i = 0; i < scenario->driver_count; i++)
    if (scenario->drivers[i].verifier_flags & MODEL_VERIFIER_LOW_RESOURCES)
      kinds |= 1u << SIM_CHOICE_ALLOCATION;
  return kinds;
}

bool run_varies_more(const ScenarioRun *run, const SimSearchOptions *options) {
  return ((options->varies | options->policy->varies) & SIM_CHOICE_RARE & ~own_kinds(run)) != 0;
}

/* Did something go another way that the scenario does not let vary? (`--vary`, `--policy faults`.) */
static bool is_beside(const ScenarioRun *run, const RunResult *result) {
  uint32_t kinds = 0;
  for (size_t i = 0; i < result->exceptions.count; i++)
    kinds |= 1u << result->exceptions.exceptions[i].kind;
  kinds &= SIM_CHOICE_RARE;
  return kinds != 0 && (kinds & ~own_kinds(run)) != 0;
}

static bool is_mistake_expected(const ExpectSet *set) {
  for (size_t i = 0; i < set->count; i++)
    if (set->items[i].when != EXPECT_NEVER && (set->items[i].kind == EXPECT_FINDING || set->items[i].kind == EXPECT_BUGCHECK))
      return true;
  return false;
}

/* "clean" or "quiet" always; "any bug check" or "any finding" never. */
static bool is_promise_of_silence(const Expectation *expectation) {
  bool is_any = (expectation->kind == EXPECT_BUGCHECK && expectation->bugcheck.is_any) ||
                (expectation->kind == EXPECT_FINDING && expectation->finding.is_any);
  bool is_end = expectation->kind == EXPECT_OUTCOME && (expectation->outcome == EXPECT_CLEAN || expectation->outcome == EXPECT_QUIET);
  return expectation->when == EXPECT_NEVER ? is_any : expectation->when == EXPECT_ALWAYS && is_end;
}

/* A driver without a mistake is held to its silence whatever goes another way; what more comes of a mistake is no news. */
static bool is_silence_promised(const ExpectSet *set) {
  for (size_t i = 0; i < set->count; i++)
    if (is_promise_of_silence(&set->items[i]))
      return !is_mistake_expected(set);
  return set->count == 0;
}

/* That this or that happens, or does not, is said of what the scenario lets vary itself. */
static bool is_about_silence(const Expectation *expectation) {
  switch (expectation->kind) {
  case EXPECT_OUTCOME: return true;
  case EXPECT_BUGCHECK:
  case EXPECT_FINDING: return expectation->when == EXPECT_NEVER;
  default: return false;
  }
}

/* ---- judging ---- */

/* The first expectation that this schedule contradicts; notes what it fulfils. */
static const Expectation *contradicted(const ScenarioRun *run, const ExpectSet *set, const RunResult *result, bool *seen) {
  const Expectation *first = NULL;
  bool is_own = !is_beside(run, result), is_promised = is_own || is_silence_promised(set);
  for (size_t i = 0; i < set->count; i++) {
    const Expectation *expectation = &set->items[i];
    bool holds = expectation_holds(run, expectation, result);
    seen[i] |= holds;
    if (!is_own && !(is_promised && is_about_silence(expectation)))
      continue;
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
  if (!is_silence_promised(set) && is_beside(run, result))
    return NULL;
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

/* What an expectation found in the place of what it asks for, and how the run came out. */
static char *happened(const ScenarioRun *run, const Expectation *expectation, const RunResult *result) {
  g_autofree char *bucket = run_result_bucket(result), *actual = expectation_actual(run, expectation, result);
  bool is_clean = strcmp(bucket, "clean") == 0;
  if (actual != NULL)
    return is_clean ? g_steal_pointer(&actual) : g_strdup_printf("%s, and got %s", actual, bucket);
  return is_clean ? g_strdup("nothing happened") : g_strdup_printf("got %s", bucket);
}

char *expectation_explain(const ScenarioRun *run, const Expectation *expectation, const RunResult *result) {
  g_autofree char *got = expectation->when == EXPECT_ALWAYS ? happened(run, expectation, result) : NULL;
  switch (expectation->when) {
  case EXPECT_NEVER: return g_strdup_printf("expected never %s, and it happened", expectation->text);
  case EXPECT_SOMETIMES: return g_strdup_printf("expected %s in some schedule, and it never happened", expectation->text);
  default: return g_strdup_printf("expected %s, %s", expectation->text, got);
  }
}

char *expectation_broken(const Expectation *expectation) {
  static const char *const words[] = { [EXPECT_ALWAYS] = "", [EXPECT_SOMETIMES] = "in some schedule ", [EXPECT_NEVER] = "never " };
  return g_strdup_printf("not as expected: %s%s", words[expectation->when], expectation->text);
}

char *scenario_judge(const ScenarioRun *run, const RunResult *result, bool *seen, const Expectation **failed) {
  *failed = contradicted(run, &run->scenario->expect, result, seen);
  return *failed != NULL ? expectation_explain(run, *failed, result) : unmentioned(run, result);
}
