/* irqlab bench --systematic: how many schedules brute force, partial-order reduction and merged states need for all there are, and how fast. */
#include "bench.h"
#include "cli.h"

#include <stdio.h>
#include <time.h>

static const struct {
  const char *name;
  const SimPolicy *policy;
  bool merges_states;
} ways[] = { { "exhaustive", &sim_policy_exhaustive, false },
             { "dpor", &sim_policy_dpor, false },
             { "merged", &sim_policy_exhaustive, true } };

typedef struct Way {
  SimSearchProof proof;
  double seconds;
  bool is_over;
} Way;

/* Of the processor: what else runs on this host does not count. */
static double used_s(void) {
  struct timespec time;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void way_measure(ScenarioRun *run, size_t number, uint64_t schedules, Way *way) {
  SimSearchOptions options = sim_search_options_default;
  options.policy = ways[number].policy;
  options.merges_states = ways[number].merges_states;
  options.visits_accesses = scenario_run_scenario(run)->policy.search.visits_accesses;
  RunSearch search;
  run_search_init(&search, run, &options);
  double begin = used_s();
  for (uint64_t count = 0; !way->is_over && count < schedules; count++) {
    RunResult result = { 0 };
    way->is_over = !run_search_next(&search, NULL, &result);
    run_result_finish(&result);
  }
  way->seconds = used_s() - begin;
  sim_search_proof(&search.search, &way->proof);
  run_search_finish(&search);
}

static void way_print(const char *scenario, size_t number, const Way *way) {
  double runs = (double)(way->proof.schedules + way->proof.known);
  g_autofree char *schedules = g_strdup_printf("%" G_GUINT64_FORMAT "%s", way->proof.schedules, way->is_over ? "" : "+");
  printf("%-40s %-10s %12s %10" G_GUINT64_FORMAT " %10" G_GUINT64_FORMAT " %10.4f %10.0f%s\n", scenario, ways[number].name, schedules,
         way->proof.known, way->proof.states, way->seconds, way->seconds > 0 ? runs / way->seconds : 0,
         way->proof.is_timed ? "  time matters" : "");
}

static json_object *way_json(const char *scenario, size_t number, const Way *way) {
  json_object *json = json_object_new_object();
  json_object_object_add(json, "scenario", json_object_new_string(scenario));
  json_object_object_add(json, "search", json_object_new_string(ways[number].name));
  json_object_object_add(json, "schedules", json_object_new_int64((int64_t)way->proof.schedules));
  json_object_object_add(json, "left", json_object_new_int64((int64_t)way->proof.known));
  json_object_object_add(json, "states", json_object_new_int64((int64_t)way->proof.states));
  json_object_object_add(json, "seconds", json_object_new_double(way->seconds));
  json_object_object_add(json, "over", json_object_new_boolean(way->is_over));
  json_object_object_add(json, "time_matters", json_object_new_boolean(way->proof.is_timed));
  return json;
}

int bench_systematic(uint64_t schedules, bool wants_json, char **paths) {
  g_autoptr(GPtrArray) scenarios = cli_scenarios(paths);
  json_object *all = json_object_new_array();
  if (!wants_json)
    printf("%-40s %-10s %12s %10s %10s %10s %10s\n", "scenario", "search", "schedules", "left", "states", "seconds", "runs/s");
  int code = EXIT_AS_EXPECTED;
  for (guint i = 0; i < scenarios->len && code == EXIT_AS_EXPECTED; i++) {
    const CliScenario *listed = g_ptr_array_index(scenarios, i);
    g_autoptr(GError) error = NULL;
    g_autoptr(Scenario) scenario = listed->error == NULL ? scenario_load(listed->file, &error) : NULL;
    g_autoptr(ScenarioRun) run = scenario != NULL ? scenario_run_create(scenario, &error) : NULL;
    if (run == NULL)
      code = cli_error("%s", listed->error != NULL ? listed->error : error->message);
    for (size_t number = 0; run != NULL && number < G_N_ELEMENTS(ways); number++) {
      Way way = { 0 };
      way_measure(run, number, schedules, &way);
      if (wants_json)
        json_object_array_add(all, way_json(listed->name, number, &way));
      else
        way_print(listed->name, number, &way);
    }
  }
  if (wants_json && code == EXIT_AS_EXPECTED)
    puts(json_object_to_json_string_ext(all, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_NOSLASHESCAPE));
  json_object_put(all);
  return code;
}
