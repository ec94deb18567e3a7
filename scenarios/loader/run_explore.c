/* Schedules until the budget is used up or an expectation can no longer hold. */
#include "run_internal.h"

#include "model/events.h"
#include "sim/search.h"

#include <string.h>

#define SCHEDULES_BETWEEN_PROGRESS 1000

/* ---- results ---- */

void run_result_finish(RunResult *result) {
  g_free(result->findings);
  sim_schedule_finish(&result->exceptions);
  sim_record_finish(&result->record);
  memset(result, 0, sizeof *result);
}

static const char *stop_word(SimStop stop) {
  switch (stop) {
  case SIM_STOP_HUNG: return "hung";
  case SIM_STOP_GUEST_CRASH: return "driver code crashed";
  case SIM_STOP_LIMIT_STEPS: return "limit: steps";
  case SIM_STOP_LIMIT_EVENTS: return "limit: events";
  case SIM_STOP_LIMIT_ACCESSES: return "limit: accesses";
  case SIM_STOP_LIMIT_VIRTUAL_TIME: return "limit: virtual time";
  case SIM_STOP_LIMIT_HOST_TIME: return "limit: host time";
  case SIM_STOP_LIMIT_MEMORY: return "limit: memory";
  default: return "clean";
  }
}

/* The rules that found something, by name: in which order they did is no difference in how it came out. */
static void rules_append(GString *text, const RunResult *result) {
  for (size_t rule = 0; rule < rule_count; rule++)
    for (uint32_t i = 0; i < result->finding_count; i++)
      if (result->findings[i].rule == rule_table[rule].id) {
        g_string_append_printf(text, "%s%s", text->len > 0 ? ", " : "", rule_table[rule].name);
        break;
      }
}

char *run_result_bucket(const RunResult *result) {
  GString *text = g_string_new(NULL);
  const DdiBugcheck *row = result->bugcheck.code != 0 ? ddi_bugcheck_find(result->bugcheck.code) : NULL;
  if (result->bugcheck.code != 0)
    g_string_append_printf(text, "%s (0x%X)", row != NULL ? row->name : "bug check", result->bugcheck.code);
  else if (result->stop == SIM_STOP_NOT_MODELLED)
    g_string_append_printf(text, "not-modelled %s", result->stop_text);
  else if (result->stop != SIM_STOP_QUIET)
    g_string_append(text, stop_word(result->stop));
  if (result->bugcheck.code == 0)
    rules_append(text, result);
  if (text->len == 0)
    g_string_append(text, "clean");
  return g_string_free(text, FALSE);
}

/* ---- verdict ---- */

static void bucket_free(gpointer data) {
  RunBucket *bucket = data;
  g_free(bucket->name);
  g_free(bucket->schedule);
  run_result_finish(&bucket->result);
  g_free(bucket);
}

void run_verdict_finish(RunVerdict *verdict) {
  g_clear_pointer(&verdict->buckets, g_ptr_array_unref);
  g_clear_pointer(&verdict->why, g_free);
}

/* Takes the result's contents. */
static void example_set(const ScenarioRun *run, RunBucket *bucket, RunResult *result) {
  char *line = sim_schedule_print(&result->exceptions, scenario_run_fingerprint(run));
  g_free(bucket->schedule);
  bucket->schedule = g_strdup(line);
  free(line);
  run_result_finish(&bucket->result);
  bucket->result = *result;
  memset(result, 0, sizeof *result);
  sim_record_finish(&bucket->result.record); /* it was judged already, and may be large */
}

/* Takes the result's contents when its bucket is new, or when it is what the verdict rests on; else they are freed. Returns the bucket. */
static RunBucket *bucket_put(const ScenarioRun *run, RunVerdict *verdict, RunResult *result, bool is_telling) {
  g_autofree char *name = run_result_bucket(result);
  for (guint i = 0; i < verdict->buckets->len; i++) {
    RunBucket *bucket = g_ptr_array_index(verdict->buckets, i);
    if (strcmp(bucket->name, name) != 0)
      continue;
    bucket->count++;
    if (is_telling)
      example_set(run, bucket, result);
    else
      run_result_finish(result);
    return bucket;
  }
  RunBucket *bucket = g_new0(RunBucket, 1);
  bucket->name = g_steal_pointer(&name);
  bucket->count = 1;
  bucket->first = verdict->schedule_count;
  example_set(run, bucket, result);
  g_ptr_array_add(verdict->buckets, bucket);
  return bucket;
}

/* ---- judging a set of schedules ---- */

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

static char *explain(const Expectation *expectation, const RunResult *result) {
  g_autofree char *got = happened(result);
  switch (expectation->when) {
  case EXPECT_NEVER: return g_strdup_printf("expected never %s, and it happened", expectation->text);
  case EXPECT_SOMETIMES: return g_strdup_printf("expected %s in some schedule, and it never happened", expectation->text);
  default: return g_strdup_printf("expected %s, %s", expectation->text, got);
  }
}

/* ---- exploring ---- */

/* The first schedule of a policy that draws is the natural one: it makes the shortest line, and what always happens needs no luck. */
static RunResult run_one(ScenarioRun *run, SimSearch *search, SimRecord *record) {
  static const SimSchedule natural = { 0 };
  RunResult result = { 0 };
  SimRunOptions options = { 0 };
  sim_search_begin(search, &options);
  RunRequest request = { .policy = options.policy, .seed = options.seed, .search = options.search, .record = record };
  if (search->number == 0 && !search->options.policy->is_systematic && search->options.policy->explores) {
    request.policy = &sim_policy_replay;
    request.replay = &natural;
  }
  scenario_run_once(run, &request, &result);
  return result;
}

void scenario_explore_again(ScenarioRun *run, const RunVerdict *verdict, uint64_t number, SimRecord *record, RunResult *result) {
  SimSearch search;
  SimSearchOptions options = sim_search_options_default;
  options.policy = verdict->policy;
  options.seed = verdict->seed;
  options.first = number;
  sim_search_init(&search, &options);
  *result = run_one(run, &search, record);
  sim_search_finish(&search);
}

static void judge_one(ScenarioRun *run, RunVerdict *verdict, RunResult *result, bool *seen) {
  const Expectation *failed = contradicted(run, &run->scenario->expect, result, seen);
  char *why = failed != NULL ? explain(failed, result) : unmentioned(run, result);
  uint64_t result_hash = result->hash; /* the bucket takes the result */
  RunBucket *bucket = bucket_put(run, verdict, result, why != NULL);
  verdict->schedule_count++;
  verdict->hash = (verdict->hash ^ result_hash) * 0x100000001b3ULL;
  if (why != NULL) {
    verdict->is_as_expected = false;
    verdict->failed = failed;
    verdict->why = why;
    verdict->shown = bucket;
  }
}

static void judge_sometimes(const ScenarioRun *run, RunVerdict *verdict, const bool *seen) {
  const ExpectSet *set = &run->scenario->expect;
  for (size_t i = 0; i < set->count && verdict->is_as_expected; i++)
    if (set->items[i].when == EXPECT_SOMETIMES && !seen[i]) {
      verdict->is_as_expected = false;
      verdict->failed = &set->items[i];
      verdict->shown = verdict->buckets->len > 0 ? g_ptr_array_index(verdict->buckets, 0) : NULL;
      verdict->why = explain(&set->items[i], &verdict->shown->result);
    }
}

/* What is worth a report when all is as expected: the first bucket that is not clean, else the first. */
static const RunBucket *most_telling(const RunVerdict *verdict) {
  for (guint i = 0; i < verdict->buckets->len; i++) {
    const RunBucket *bucket = g_ptr_array_index(verdict->buckets, i);
    if (bucket->result.bugcheck.code != 0)
      return bucket;
  }
  for (guint i = 0; i < verdict->buckets->len; i++) {
    const RunBucket *bucket = g_ptr_array_index(verdict->buckets, i);
    if (strcmp(bucket->name, "clean") != 0)
      return bucket;
  }
  return verdict->buckets->len > 0 ? g_ptr_array_index(verdict->buckets, 0) : NULL;
}

static const SimPolicy *policy_of(const ScenarioPolicy *policy) {
  static const SimPolicy *const policies[] = {
    [SCENARIO_POLICY_TIMED] = &sim_policy_timed,
    [SCENARIO_POLICY_RANDOM] = &sim_policy_random,
    [SCENARIO_POLICY_EXHAUSTIVE] = &sim_policy_exhaustive,
  };
  return policies[policy->kind];
}

void scenario_explore(ScenarioRun *run, const RunExploration *exploration, RunVerdict *verdict) {
  const ScenarioPolicy *own = &run->scenario->policy;
  const SimPolicy *policy = exploration->policy != NULL ? exploration->policy : policy_of(own);
  bool is_one = policy == &sim_policy_timed || run->snapshot == NULL;
  uint64_t total = is_one ? 1 : exploration->schedules != 0 ? exploration->schedules : own->schedules;
  uint64_t seed = exploration->has_seed ? exploration->seed : own->seed;
  SimSearch search;
  SimSearchOptions options = sim_search_options_default;
  options.policy = policy;
  options.seed = seed;
  sim_search_init(&search, &options);
  g_autofree bool *seen = g_new0(bool, run->scenario->expect.count + 1);
  *verdict = (RunVerdict){ .is_as_expected = true, .policy = policy, .seed = seed, .buckets = g_ptr_array_new_with_free_func(bucket_free) };
  bool is_over = false, is_cut = false; /* what a limit cut short has more schedules than were seen */
  while (verdict->schedule_count < total && verdict->is_as_expected && !verdict->is_interrupted && !is_over) {
    RunResult result = run_one(run, &search, NULL);
    is_cut |= result.stop >= SIM_STOP_LIMIT_STEPS;
    judge_one(run, verdict, &result, seen);
    is_over = !sim_search_end(&search, sim_machine());
    verdict->is_exhausted = is_over && !is_cut;
    if (exploration->progress != NULL && verdict->schedule_count % SCHEDULES_BETWEEN_PROGRESS == 0)
      verdict->is_interrupted = !exploration->progress(verdict->schedule_count, total, exploration->data);
  }
  sim_search_finish(&search);
  if (!verdict->is_interrupted)
    judge_sometimes(run, verdict, seen);
  if (verdict->shown == NULL)
    verdict->shown = most_telling(verdict);
}
