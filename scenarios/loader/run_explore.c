/* Schedules until the budget is used up or an expectation can no longer hold. */
#include "run_internal.h"

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

static bool has_rules_of(const RunResult *result, const RunResult *other) {
  for (uint32_t i = 0; i < other->finding_count; i++) {
    uint32_t j = 0;
    while (j < result->finding_count && result->findings[j].rule != other->findings[i].rule)
      j++;
    if (j == result->finding_count)
      return false;
  }
  return true;
}

/* Would they have the same name? Most schedules come out as one before did, and to write the name takes longer than many run. */
static bool is_same_outcome(const RunResult *one, const RunResult *other) {
  if (one->bugcheck.code != 0 || other->bugcheck.code != 0)
    return one->bugcheck.code == other->bugcheck.code;
  return one->stop == other->stop && strcmp(one->stop_text, other->stop_text) == 0 && has_rules_of(one, other) && has_rules_of(other, one);
}

/* Takes the result's contents when its bucket is new, or when it is what the verdict rests on; else they are freed. Returns the bucket. */
static RunBucket *bucket_put(const ScenarioRun *run, RunVerdict *verdict, RunResult *result, bool is_telling) {
  g_autofree char *name = NULL;
  for (guint i = 0; i < verdict->buckets->len; i++) {
    RunBucket *bucket = g_ptr_array_index(verdict->buckets, i);
    if (!is_same_outcome(&bucket->result, result)) {
      if (name == NULL)
        name = run_result_bucket(result);
      if (strcmp(bucket->name, name) != 0)
        continue;
    }
    bucket->count++;
    if (is_telling)
      example_set(run, bucket, result);
    else
      run_result_finish(result);
    return bucket;
  }
  RunBucket *bucket = g_new0(RunBucket, 1);
  bucket->name = name != NULL ? g_steal_pointer(&name) : run_result_bucket(result);
  bucket->count = 1;
  bucket->first = verdict->schedule_count;
  example_set(run, bucket, result);
  g_ptr_array_add(verdict->buckets, bucket);
  return bucket;
}

/* ---- exploring ---- */

static void judge_one(ScenarioRun *run, RunVerdict *verdict, RunResult *result, bool *seen) {
  const Expectation *failed;
  char *why = scenario_judge(run, result, seen, &failed);
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
      verdict->why = expectation_explain(run, &set->items[i], &verdict->shown->result);
    }
}

/* A scenario that names a call which no schedule makes tests less than it says. */
static void judge_faults(const ScenarioRun *run, RunVerdict *verdict) {
  for (size_t i = 0; i < run->scenario->fault_count && verdict->is_as_expected; i++) {
    const ScenarioFault *fault = &run->scenario->faults[i];
    if (run->faults_met[i])
      continue;
    verdict->is_as_expected = false;
    g_autofree char *nth = fault->nth != 0 ? g_strdup_printf(" #%u", fault->nth) : g_strdup("");
    verdict->why = g_strdup_printf("%s:%u: %s%s was to fail, and was never called%s", run->scenario->file, fault->position.line,
                                   fault->function->name, nth, fault->nth > 1 ? " so often" : "");
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

static uint64_t schedules_of(const ScenarioRun *run, const RunExploration *exploration, const SimPolicy *policy) {
  const ScenarioPolicy *own = &run->scenario->policy;
  if (!policy->explores || run->snapshot == NULL)
    return 1;
  if (exploration->schedules != 0)
    return exploration->schedules;
  return policy == own->search.policy ? own->schedules : scenario_policy_schedules(policy);
}

void scenario_explore(ScenarioRun *run, const RunExploration *exploration, RunVerdict *verdict) {
  const SimSearchOptions *options = exploration->search != NULL ? exploration->search : &run->scenario->policy.search;
  uint64_t total = schedules_of(run, exploration, options->policy);
  RunSearch search;
  run_search_init(&search, run, options);
  g_autofree bool *seen = g_new0(bool, run->scenario->expect.count + 1);
  *verdict = (RunVerdict){ .is_as_expected = true, .search = *options, .buckets = g_ptr_array_new_with_free_func(bucket_free) };
  bool is_over = false, is_cut = false; /* what a limit cut short has more schedules than were seen */
  while (verdict->schedule_count < total && verdict->is_as_expected && !verdict->is_interrupted && !is_over) {
    RunResult result = { 0 };
    is_over = !run_search_next(&search, NULL, &result);
    bool is_known = result.stop == SIM_STOP_KNOWN; /* all that could follow was searched from another point: no schedule of its own */
    is_cut |= result.stop >= SIM_STOP_LIMIT_STEPS && !is_known;
    if (is_known)
      run_result_finish(&result);
    else
      judge_one(run, verdict, &result, seen);
    verdict->is_exhausted = is_over && !is_cut && !run_search_is_cut(&search) && options->policy != &sim_policy_replay;
    if (exploration->progress != NULL && verdict->schedule_count % SCHEDULES_BETWEEN_PROGRESS == 0)
      verdict->is_interrupted = !exploration->progress(verdict->schedule_count, total, exploration->data);
  }
  verdict->level_count = search.level_count;
  memcpy(verdict->levels, search.levels, sizeof search.levels);
  verdict->unreduced = run_search_unreduced(&search);
  verdict->states = run_search_states(&search);
  run_search_finish(&search);
  if (!verdict->is_interrupted) {
    if (!run_varies_more(run, options))
      judge_sometimes(run, verdict, seen);
    judge_faults(run, verdict);
  }
  if (verdict->shown == NULL)
    verdict->shown = most_telling(verdict);
}
