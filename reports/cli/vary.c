/* irqlab run --what-can-vary: the choices of a scenario's natural schedule, by kind and place. */
#include "../names.h"
#include "faults.h"
#include "run_vary.h"
#include "schedule.h"

#include <json-c/json.h>
#include <stdio.h>

static const char *const meanings[SIM_CHOICE_KIND_COUNT] = {
  [SIM_CHOICE_STEP] = "who steps next",
  [SIM_CHOICE_INTERRUPT] = "whether an interrupt lands here",
  [SIM_CHOICE_ACCESS] = "who steps next, at a memory access of driver code",
  [SIM_CHOICE_RESIDENT] = "whether a page is in memory",
  [SIM_CHOICE_ALLOCATION] = "whether there is memory",
  [SIM_CHOICE_IRQL] = "at which IRQL a callback is entered",
  [SIM_CHOICE_REPLY] = "what the user-mode side does",
  [SIM_CHOICE_MODEL] = "which path Windows takes",
  [SIM_CHOICE_STATUS] = "whether a call fails",
  [SIM_CHOICE_PACKET] = "what becomes of a packet",
  [SIM_CHOICE_GRANT] = "who is granted what several wait for",
  [SIM_CHOICE_WORKER] = "when a work item is taken",
  [SIM_CHOICE_CLOCK] = "whether all CPUs are held up until the clock",
  [SIM_CHOICE_PLACEMENT] = "which CPU a thread goes to, or goes on at; which serves a tick",
};
_Static_assert(SIM_CHOICE_KIND_COUNT == SIM_CHOICE_PLACEMENT + 1, "each kind has its meaning");

/* Does the scenario's policy ask it? */
static bool is_explored(const Scenario *scenario, SimChoiceKind kind) {
  const SimSearchOptions *search = &scenario->policy.search;
  bool is_rare = SIM_CHOICE_RARE >> kind & 1;
  if (kind == SIM_CHOICE_CLOCK)
    return search->policy->explores && (search->policy->holds_up || search->holds_up);
  return search->policy->explores && (!is_rare || ((search->varies | search->policy->varies) >> kind & 1));
}

static uint64_t count_of(const RunVary *vary, SimChoiceKind kind) {
  return kind == SIM_CHOICE_ACCESS ? vary->access_count : vary->counts[kind];
}

static char *where(const ScenarioRun *run, const RunVaryRow *row) {
  g_autofree char *place = place_words(run, row->site);
  const char *function = row->function != 0 ? names_function(row->function) : "";
  if (*function != '\0' && *place != '\0')
    return g_strdup_printf("%s in %s", function, place);
  return g_strdup(*function != '\0' ? function : *place != '\0' ? place : "(outside of driver code)");
}

static char *options_text(const RunVaryRow *row) {
  return row->option_min == row->option_max ? g_strdup_printf("%u", row->option_min)
                                            : g_strdup_printf("%u-%u", row->option_min, row->option_max);
}

static void table_print(GString *out, const ScenarioRun *run, const Scenario *scenario, const RunVary *vary, const ReportStyle *style) {
  for (unsigned kind = 0; kind < SIM_CHOICE_KIND_COUNT; kind++) {
    if (count_of(vary, kind) == 0)
      continue;
    report_putf(out, style, REPORT_BOLD, "  %-10s %8" G_GUINT64_FORMAT, sim_choice_names[kind], count_of(vary, kind));
    g_string_append_printf(out, "  %s%s\n", meanings[kind], is_explored(scenario, kind) ? ": explored" : "");
    for (guint i = 0; i < vary->rows->len; i++) {
      const RunVaryRow *row = &g_array_index(vary->rows, RunVaryRow, i);
      if (row->kind != kind)
        continue;
      g_autofree char *place = where(run, row), *options = options_text(row);
      g_string_append_printf(out, "             %8" G_GUINT64_FORMAT "  %-5s %s\n", row->count, options, place);
    }
  }
}

static json_object *row_json(const ScenarioRun *run, const RunVaryRow *row) {
  json_object *json = json_object_new_object();
  g_autofree char *place = place_words(run, row->site);
  RunSite site;
  bool is_known = row->site != 0 && scenario_run_site(run, row->site, &site);
  json_object_object_add(json, "function", json_object_new_string(row->function != 0 ? names_function(row->function) : ""));
  json_object_object_add(json, "place", json_object_new_string(place));
  json_object_object_add(json, "file", json_object_new_string(is_known ? site.file : ""));
  json_object_object_add(json, "line", json_object_new_int64(is_known ? site.line : 0));
  json_object_object_add(json, "count", json_object_new_int64((int64_t)row->count));
  json_object_object_add(json, "options_min", json_object_new_int64(row->option_min));
  json_object_object_add(json, "options_max", json_object_new_int64(row->option_max));
  return json;
}

static void json_print(const ScenarioRun *run, const Scenario *scenario, const RunVary *vary, const char *bucket) {
  json_object *json = json_object_new_object(), *kinds = json_object_new_array();
  for (unsigned kind = 0; kind < SIM_CHOICE_KIND_COUNT; kind++) {
    json_object *one = json_object_new_object(), *rows = json_object_new_array();
    for (guint i = 0; i < vary->rows->len; i++)
      if (g_array_index(vary->rows, RunVaryRow, i).kind == kind)
        json_object_array_add(rows, row_json(run, &g_array_index(vary->rows, RunVaryRow, i)));
    json_object_object_add(one, "kind", json_object_new_string(sim_choice_names[kind]));
    json_object_object_add(one, "about", json_object_new_string(meanings[kind]));
    json_object_object_add(one, "count", json_object_new_int64((int64_t)count_of(vary, kind)));
    json_object_object_add(one, "explored", json_object_new_boolean(is_explored(scenario, kind)));
    json_object_object_add(one, "places", rows);
    json_object_array_add(kinds, one);
  }
  json_object_object_add(json, "scenario", json_object_new_string(scenario->file));
  json_object_object_add(json, "result", json_object_new_string(bucket));
  json_object_object_add(json, "kinds", kinds);
  puts(json_object_to_json_string_ext(json, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_NOSLASHESCAPE));
  json_object_put(json);
}

int cli_vary_look(const CliScenario *scenario, const CliLook *look) {
  CliSchedule schedule = { 0 };
  RunVary vary = { 0 };
  RunResult result = { 0 };
  int exit_code = cli_schedule_open(&schedule, scenario->file, NULL);
  if (exit_code == EXIT_AS_EXPECTED) {
    scenario_vary_look(schedule.run, &vary, &result);
    g_autofree char *bucket = run_result_bucket(&result);
    if (look->wants_json) {
      json_print(schedule.run, schedule.scenario, &vary, bucket);
    } else {
      g_autoptr(GString) out = g_string_new(NULL);
      g_string_append_printf(out, "  %s: the natural schedule comes to: %s\n", scenario->spoken, bucket);
      g_string_append(out, "  kind         points  options, where\n");
      table_print(out, schedule.run, schedule.scenario, &vary, &look->style);
      fputs(out->str, stdout);
    }
  }
  run_result_finish(&result);
  run_vary_finish(&vary);
  cli_schedule_finish(&schedule);
  return exit_code;
}
