#include "outcome_take.h"

#include "../cause.h"
#include "../crash_report.h"
#include "../decided.h"

#include "shrink.h"

#include <string.h>

#define CAUSE_COUNT_MAX 64 /* outcomes whose cause is looked for */

/* ---- one outcome ---- */

static json_object *hexadecimal(uint64_t value) {
  g_autofree char *text = g_strdup_printf("0x%" G_GINT64_MODIFIER "x", value);
  return json_object_new_string(text);
}

static void place_add(json_object *json, const ScenarioRun *run, uint32_t site) {
  RunSite where;
  bool is_known = site != 0 && scenario_run_site(run, site, &where);
  g_autofree char *place = place_words(run, site);
  json_object_object_add(json, "place", json_object_new_string(place));
  json_object_object_add(json, "file", json_object_new_string(is_known ? where.file : ""));
  json_object_object_add(json, "line", json_object_new_int64(is_known ? where.line : 0));
}

static json_object *bugcheck_json(const ScenarioRun *run, const KeBugcheck *bugcheck) {
  if (bugcheck->code == 0)
    return NULL;
  const DdiBugcheck *row = ddi_bugcheck_find(bugcheck->code);
  const DdiBugcheckCase *special = ddi_bugcheck_case_find(bugcheck->code, bugcheck->parameters[0]);
  const char *const *about = special != NULL ? special->parameters : row != NULL ? row->parameters : NULL;
  json_object *json = json_object_new_object(), *parameters = json_object_new_array(), *meanings = json_object_new_array();
  for (unsigned i = 0; i < 4; i++) {
    json_object_array_add(parameters, hexadecimal(bugcheck->parameters[i]));
    json_object_array_add(meanings, json_object_new_string(about != NULL ? about[i] : ""));
  }
  json_object_object_add(json, "code", hexadecimal(bugcheck->code));
  json_object_object_add(json, "name", json_object_new_string(row != NULL ? row->name : ""));
  json_object_object_add(json, "meaning", json_object_new_string(special != NULL ? special->meaning : row != NULL ? row->meaning : ""));
  json_object_object_add(json, "parameters", parameters);
  json_object_object_add(json, "parameter_meanings", meanings);
  json_object_object_add(json, "cpu", json_object_new_int(bugcheck->cpu));
  json_object_object_add(json, "irql", json_object_new_string(sim_irql_name(bugcheck->irql)));
  json_object_object_add(json, "in_dpc", json_object_new_boolean(bugcheck->is_dpc_active));
  place_add(json, run, bugcheck->site);
  return json;
}

static json_object *finding_json(const ScenarioRun *run, const Finding *finding) {
  json_object *json = json_object_new_object();
  json_object_object_add(json, "rule", json_object_new_string(rule_by_id(finding->rule)->name));
  json_object_object_add(json, "function", json_object_new_string(names_function(finding->function)));
  place_add(json, run, finding->site);
  json_object_object_add(json, "cpu", json_object_new_int(finding->cpu));
  json_object_object_add(json, "irql", json_object_new_string(sim_irql_name(finding->irql)));
  json_object_object_add(json, "count", json_object_new_int64(finding->count));
  if (finding->other.site != 0) {
    RunSite where;
    bool is_other_known = scenario_run_site(run, finding->other.site, &where);
    g_autofree char *other = place_words(run, finding->other.site);
    json_object_object_add(json, "other_place", json_object_new_string(other));
    json_object_object_add(json, "other_file", json_object_new_string(is_other_known ? where.file : ""));
    json_object_object_add(json, "other_line", json_object_new_int64(is_other_known ? where.line : 0));
  }
  return json;
}

/* The schedule once more, with events, for what is to be said of it. */
static char *cause_of(ScenarioRun *run, const RunResult *result) {
  RunResult again = { 0 };
  SimRecord record = { 0 };
  RunRequest request = { .policy = &sim_policy_replay, .replay = &result->exceptions, .record = &record };
  if (result->stop == SIM_STOP_LIMIT_HOST_TIME) /* does not end there again */
    return g_strdup("");
  scenario_run_once(run, &request, &again);
  Names *names = names_create(run, &record);
  char *cause = cause_words(names, result);
  names_free(names);
  run_result_finish(&again);
  sim_record_finish(&record);
  return cause;
}

static OutcomeBucket *bucket_take(ScenarioRun *run, const RunBucket *from, bool wants_cause) {
  OutcomeBucket *to = g_new0(OutcomeBucket, 1);
  to->name = g_strdup(from->name);
  to->count = from->count;
  to->first = from->first;
  to->schedule = g_strdup(from->schedule);
  to->hash = g_strdup_printf("%016" G_GINT64_MODIFIER "x", from->result.hash);
  to->cause = wants_cause ? cause_of(run, &from->result) : g_strdup("");
  to->bugcheck = bugcheck_json(run, &from->result.bugcheck);
  to->findings = json_object_new_array();
  for (uint32_t i = 0; i < from->result.finding_count; i++)
    json_object_array_add(to->findings, finding_json(run, &from->result.findings[i]));
  return to;
}

/* ---- the whole ---- */

/* One line: what was expected, what came. Returns owned; NULL: as expected. */
static char *why_of(const RunVerdict *verdict) {
  const Expectation *failed = verdict->failed;
  if (failed != NULL && failed->when == EXPECT_NEVER && verdict->shown != NULL && strcmp(verdict->shown->name, "clean") != 0)
    return g_strdup_printf("expected never %s, got %s", failed->text, verdict->shown->name);
  return g_strdup(verdict->why);
}

static void report_take(Outcome *outcome, ScenarioRun *run, const RunVerdict *verdict, const CliScenario *scenario,
                        const WorkerOptions *options) {
  const RunBucket *shown = verdict->shown;
  if (shown == NULL || (verdict->is_as_expected && !options->wants_report))
    return;
  GString *text = g_string_new(NULL);
  ReportSubject subject = {
    .run = run, .result = &shown->result, .schedule = shown->schedule, .verdict = verdict, .why = outcome->why, .name = scenario->spoken
  };
  Shrunk shrunk = { 0 };
  g_autofree char *words = NULL, *decided = NULL;
  if (options->shrinks && shrink_bucket(run, &shown->result, NULL, &shrunk)) {
    words = shrunk_words(&shrunk);
    decided = decided_line(run, &shrunk.result.exceptions);
    subject.result = &shrunk.result;
    subject.schedule = shrunk.line;
    subject.shrunk = words;
    subject.preemptions = shrunk.shrink.preemptions;
    subject.decided = decided;
  }
  crash_report_print(text, &options->style, &subject);
  outcome->report = g_string_free(text, FALSE);
  shrunk_finish(&shrunk);
}

static json_object *levels_take(const RunVerdict *verdict) {
  json_object *levels = json_object_new_array();
  for (unsigned i = 0; i < verdict->level_count; i++) {
    const RunLevel *level = &verdict->levels[i];
    json_object *json = json_object_new_object();
    bool is_bounded = level->preemptions != SIM_SEARCH_UNBOUNDED;
    json_object_object_add(json, "preemptions", is_bounded ? json_object_new_int64(level->preemptions) : NULL);
    json_object_object_add(json, "schedules", json_object_new_int64((int64_t)level->schedules));
    json_object_array_add(levels, json);
  }
  return levels;
}

void outcome_take(Outcome *outcome, ScenarioRun *run, const RunVerdict *verdict, const CliScenario *scenario,
                  const WorkerOptions *options) {
  bool wants_causes = options->wants_causes || !verdict->is_as_expected;
  outcome->status = verdict->is_as_expected ? OUTCOME_AS_EXPECTED : OUTCOME_NOT;
  g_free(outcome->result);
  outcome->result = g_strdup(verdict->shown != NULL ? verdict->shown->name : "");
  outcome->why = why_of(verdict);
  outcome->line = verdict->failed != NULL ? verdict->failed->position.line : 0;
  outcome->schedules = verdict->schedule_count;
  outcome->hash = g_strdup_printf("%016" G_GINT64_MODIFIER "x", verdict->hash);
  outcome->policy = g_strdup(verdict->search.policy->name);
  outcome->bounds = run_search_scope(&verdict->search, verdict->unreduced);
  outcome->is_exhausted = verdict->is_exhausted;
  outcome->levels = levels_take(verdict);
  outcome->states = verdict->search.merges_states ? (int64_t)verdict->states : -1;
  for (guint i = 0; i < verdict->buckets->len; i++)
    g_ptr_array_add(outcome->buckets, bucket_take(run, g_ptr_array_index(verdict->buckets, i), wants_causes && i < CAUSE_COUNT_MAX));
  char *races_left = scenario_run_races_left(run);
  if (races_left != NULL)
    g_ptr_array_add(outcome->notes, races_left);
  report_take(outcome, run, verdict, scenario, options);
}
