/* irqlab run --faults: everything that can fail fails once, and what becomes of it. */
#include "faults.h"

#include "../cause.h"
#include "../crash_report.h"
#include "../shell.h"
#include "run_faults.h"
#include "schedule.h"

#include "model/ddi/ddi.h"

#include <json-c/json.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- a process each ---- */

static int look_at(const CliScenario *scenario, const CliLook *look, CliLookAt *at) {
  fflush(stdout);
  pid_t child = fork();
  int status = 0;
  if (child == 0) {
    int exit_code = at(scenario, look);
    fflush(stdout);
    _exit(exit_code);
  }
  if (child < 0 || waitpid(child, &status, 0) < 0)
    return EXIT_SET_UP;
  if (WIFEXITED(status))
    return WEXITSTATUS(status);
  if (WTERMSIG(status) == SIGPIPE) /* nobody reads any more */
    raise(SIGPIPE);
  cli_error("%s: ended by signal %d", scenario->name, WTERMSIG(status));
  return EXIT_NOT_AS_EXPECTED;
}

int cli_look(const GPtrArray *scenarios, const CliLook *look, CliLookAt *at) {
  int exit_code = EXIT_AS_EXPECTED;
  for (guint i = 0; i < scenarios->len; i++) {
    const CliScenario *scenario = g_ptr_array_index(scenarios, i);
    int one = scenario->error != NULL ? cli_error("%s", scenario->error) : look_at(scenario, look, at);
    exit_code = MAX(exit_code, one);
  }
  return exit_code;
}

/* ---- words ---- */

static const char *failure_name(const SimFaultPlace *place) {
  const DdiFunction *function = ddi_function_by_id(place->function);
  uint32_t index = place->kind == SIM_CHOICE_ALLOCATION ? 0 : place->answer - 1;
  bool is_call = place->kind == SIM_CHOICE_ALLOCATION || place->kind == SIM_CHOICE_STATUS;
  if (is_call && function != NULL && index < function->failure_count)
    return function->failures[index].name;
  return sim_choice_names[place->kind];
}

/* "ExAllocatePool2 in fw.classify step 2". */
static char *place_text(const ScenarioRun *run, const SimFaultPlace *place) {
  const char *function = place->function != 0 ? names_function(place->function) : sim_choice_names[place->kind];
  g_autofree char *where = place_words(run, place->site);
  return *where != '\0' ? g_strdup_printf("%s in %s", function, where) : g_strdup(function);
}

static char *row_text(const ScenarioRun *run, const RunFaultRow *row) {
  g_autofree char *first = place_text(run, &row->places[0]);
  if (row->count == 1)
    return g_steal_pointer(&first);
  g_autofree char *second = place_text(run, &row->places[1]);
  return g_strdup_printf("%s, then %s", first, second);
}

/* What a scenario says to have the same fail: "ExAllocatePool2 #2"; NULL: it cannot say it. */
static char *fault_text(const RunFaultRow *row) {
  g_autoptr(GString) text = g_string_new("[");
  for (unsigned i = 0; i < row->count; i++) {
    const SimFaultPlace *place = &row->places[i];
    const DdiFunction *function = ddi_function_by_id(place->function);
    if (row->calls[i] == 0 || function == NULL)
      return NULL;
    const char *with = failure_name(place);
    g_string_append(text, i > 0 ? ", " : "");
    if (strcmp(with, function->failures[0].name) == 0)
      g_string_append_printf(text, "\"%s #%u\"", function->name, row->calls[i]);
    else
      g_string_append_printf(text, "{ \"fail\": \"%s #%u\", \"with\": \"%s\" }", function->name, row->calls[i], with);
  }
  return g_strdup(g_string_append_c(text, ']')->str);
}

/* Why it came to that. Returns owned. */
static char *cause_of(ScenarioRun *run, const RunFaultRow *row) {
  SimRecord record = { 0 };
  RunResult result = { 0 };
  char *cause = NULL;
  if (scenario_fault_again(run, row, &record, &result, NULL)) {
    Names *names = names_create(run, &record);
    cause = cause_words(names, &row->result);
    names_free(names);
  }
  run_result_finish(&result);
  sim_record_finish(&record);
  return cause != NULL ? cause : g_strdup("");
}

/* ---- told ---- */

static bool is_same_trouble(const RunFaultRow *a, const RunFaultRow *b) {
  return b->is_trouble && a->count == b->count && strcmp(a->bucket, b->bucket) == 0 &&
         memcmp(&a->places[0].site, &b->places[0].site, sizeof a->places[0].site) == 0 && a->places[0].function == b->places[0].function &&
         a->places[1].site == b->places[1].site && a->places[1].function == b->places[1].function;
}

/* Of what came to the same from the same lines only the first is told. */
static unsigned first_of(const GPtrArray *rows, guint index) {
  unsigned count = 0;
  const RunFaultRow *row = g_ptr_array_index(rows, index);
  for (guint i = 0; i < rows->len; i++) {
    const RunFaultRow *other = g_ptr_array_index(rows, i);
    if (!is_same_trouble(row, other))
      continue;
    if (i < index)
      return 0;
    count++;
  }
  return count;
}

static void trouble_print(GString *out, ScenarioRun *run, const RunFaults *faults, guint index, const CliScenario *scenario,
                          const ReportStyle *style) {
  const RunFaultRow *row = g_ptr_array_index(faults->rows, index);
  unsigned count = first_of(faults->rows, index);
  if (count == 0)
    return;
  g_autofree char *name = shell_word(scenario->spoken);
  g_autofree char *what = row_text(run, row), *fault = fault_text(row), *cause = cause_of(run, row);
  report_putf(out, style, REPORT_RED, "  %s", row->bucket);
  g_string_append_printf(out, "  when %s fails with %s", what, failure_name(&row->places[row->count - 1]));
  if (row->is_boot)
    g_string_append(out, " while drivers load");
  if (count > 1)
    g_string_append_printf(out, " (%u times)", count);
  g_string_append_c(out, '\n');
  if (*cause != '\0')
    g_string_append_printf(out, "      %s\n", cause);
  if (row->schedule != NULL)
    g_string_append_printf(out, "      again:    irqlab replay %s %s\n", name, row->schedule);
  if (fault != NULL)
    g_string_append_printf(out, "      to keep:  \"faults\": %s\n", fault);
}

static bool is_unloaded(const Scenario *scenario, const ScenarioDriver *driver) {
  for (size_t i = 0; i < scenario->stimulus_count; i++)
    if (scenario->stimuli[i].kind == SCENARIO_UNLOAD && scenario->stimuli[i].driver == driver)
      return true;
  return false;
}

/* Memory that a failure leaves behind is found when its driver is unloaded: a scenario that does not do that does not show it. */
static void never_unloaded_append(GString *out, const Scenario *scenario) {
  for (size_t i = 0; i < scenario->driver_count; i++)
    if (!is_unloaded(scenario, &scenario->drivers[i]))
      g_string_append_printf(out,
                             "  %s is never unloaded: what it leaves behind when something fails is not seen "
                             "(\"traffic\": { \"at\": ..., \"unload\": \"%s\" })\n",
                             scenario->drivers[i].name.text, scenario->drivers[i].name.text);
}

static json_object *never_unloaded_json(const Scenario *scenario) {
  json_object *json = json_object_new_array();
  for (size_t i = 0; i < scenario->driver_count; i++)
    if (!is_unloaded(scenario, &scenario->drivers[i]))
      json_object_array_add(json, json_object_new_string(scenario->drivers[i].name.text));
  return json;
}

static void summary_append(GString *out, const RunFaults *faults, const CliScenario *scenario, const char *why) {
  g_string_append_printf(out, "  %s: ", scenario->spoken);
  if (faults->place_count == 0)
    g_string_append(out, "nothing can fail");
  else if (faults->single_count == faults->place_count)
    g_string_append_printf(out, "each of %u place%s failed once", faults->place_count, faults->place_count == 1 ? "" : "s");
  else
    g_string_append_printf(out, "%u of %u places failed once", faults->single_count, faults->place_count);
  if (faults->pair_count > 0)
    g_string_append_printf(out, ", then %s%" G_GUINT64_FORMAT " pair%s", faults->is_complete && faults->pair_count > 1 ? "all " : "",
                           faults->pair_count, faults->pair_count == 1 ? "" : "s");
  g_string_append_printf(out, "; %u led to trouble\n", faults->trouble_count);
  if (why != NULL)
    g_string_append_printf(out, "  Where nothing fails it is not as expected: %s\n", why);
  else if (strcmp(faults->natural, "clean") != 0)
    g_string_append_printf(out, "  Where nothing fails it comes to: %s\n", faults->natural);
}

static json_object *row_json(ScenarioRun *run, const RunFaultRow *row) {
  json_object *json = json_object_new_object(), *places = json_object_new_array();
  for (unsigned i = 0; i < row->count; i++) {
    json_object *place = json_object_new_object();
    g_autofree char *where = place_words(run, row->places[i].site);
    json_object_object_add(place, "kind", json_object_new_string(sim_choice_names[row->places[i].kind]));
    json_object_object_add(place, "function", json_object_new_string(names_function(row->places[i].function)));
    json_object_object_add(place, "place", json_object_new_string(where));
    json_object_object_add(place, "on_path", json_object_new_int64(row->places[i].ordinal + 1));
    json_object_object_add(place, "with", json_object_new_string(failure_name(&row->places[i])));
    json_object_array_add(places, place);
  }
  g_autofree char *fault = row->is_trouble ? fault_text(row) : NULL;
  json_object_object_add(json, "failed", places);
  json_object_object_add(json, "while_loading", json_object_new_boolean(row->is_boot));
  json_object_object_add(json, "result", json_object_new_string(row->bucket));
  json_object_object_add(json, "trouble", json_object_new_boolean(row->is_trouble));
  json_object_object_add(json, "schedule", row->schedule != NULL ? json_object_new_string(row->schedule) : NULL);
  json_object_object_add(json, "faults", fault != NULL ? json_tokener_parse(fault) : NULL);
  return json;
}

static void json_print(ScenarioRun *run, const RunFaults *faults, const CliScenario *scenario, const char *why) {
  json_object *json = json_object_new_object(), *rows = json_object_new_array();
  for (guint i = 0; i < faults->rows->len; i++)
    json_object_array_add(rows, row_json(run, g_ptr_array_index(faults->rows, i)));
  json_object_object_add(json, "scenario", json_object_new_string(scenario->file));
  json_object_object_add(json, "natural", json_object_new_string(faults->natural));
  json_object_object_add(json, "natural_why", why != NULL ? json_object_new_string(why) : NULL);
  json_object_object_add(json, "places", json_object_new_int64(faults->place_count));
  json_object_object_add(json, "failed_once", json_object_new_int64(faults->single_count));
  json_object_object_add(json, "pairs", json_object_new_int64((int64_t)faults->pair_count));
  json_object_object_add(json, "trouble", json_object_new_int64(faults->trouble_count));
  json_object_object_add(json, "complete", json_object_new_boolean(faults->is_complete));
  json_object_object_add(json, "never_unloaded", never_unloaded_json(scenario_run_scenario(run)));
  json_object_object_add(json, "runs", rows);
  puts(json_object_to_json_string_ext(json, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_NOSLASHESCAPE));
  json_object_put(json);
}

/* Why it is not as expected although nothing fails: what comes of faults says little then. NULL: nothing. Returns owned. */
static char *natural_why(ScenarioRun *run) {
  RunResult result = { 0 };
  const Expectation *failed;
  g_autofree bool *seen = g_new0(bool, scenario_run_scenario(run)->expect.count + 1);
  scenario_run_once(run, &(RunRequest){ .policy = &sim_policy_replay, .replay = &(SimSchedule){ 0 } }, &result);
  g_autofree char *bucket = run_result_bucket(&result);
  bool is_of_line = scenario_run_scenario(run)->policy.search.policy == &sim_policy_replay; /* what it expects comes of that line */
  char *why = !is_of_line || strcmp(bucket, "clean") != 0 ? scenario_judge(run, &result, seen, &failed) : NULL;
  run_result_finish(&result);
  return why;
}

int cli_faults_look(const CliScenario *scenario, const CliLook *look) {
  CliSchedule schedule = { 0 };
  RunFaults faults = { 0 };
  g_autoptr(GError) error = NULL;
  RunFaultOptions options = { .depth = look->fault_depth, .varies = look->varies, .schedules = look->schedules };
  g_autofree char *why = NULL;
  int exit_code = cli_schedule_open(&schedule, scenario->file, NULL);
  if (exit_code == EXIT_AS_EXPECTED) {
    options.varies |= schedule.scenario->policy.search.varies;
    why = natural_why(schedule.run);
    if (!scenario_faults_run(schedule.run, &options, &faults, &error)) {
      exit_code = cli_error("%s", error->message);
    } else if (look->wants_json) {
      json_print(schedule.run, &faults, scenario, why);
    } else {
      g_autoptr(GString) out = g_string_new(NULL);
      summary_append(out, &faults, scenario, why);
      if (faults.place_count > 0)
        never_unloaded_append(out, schedule.scenario);
      for (guint i = 0; i < faults.rows->len; i++)
        if (((const RunFaultRow *)g_ptr_array_index(faults.rows, i))->is_trouble)
          trouble_print(out, schedule.run, &faults, i, scenario, &look->style);
      fputs(out->str, stdout);
    }
    if (exit_code == EXIT_AS_EXPECTED && (faults.trouble_count > 0 || why != NULL))
      exit_code = EXIT_NOT_AS_EXPECTED;
  }
  run_faults_finish(&faults);
  cli_schedule_finish(&schedule);
  return exit_code;
}
