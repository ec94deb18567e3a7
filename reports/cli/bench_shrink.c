/* irqlab bench --shrink: failing schedules as searches find them, made minimal: how long they were, how long they are, what it cost. */
#include "bench.h"
#include "cli.h"

#include "shrink.h"

#include <json-c/json.h>
#include <stdio.h>
#include <time.h>

typedef struct Shrinkings {
  unsigned count; /* failing schedules */
  unsigned proved;
  double before, after, preemptions_before, preemptions, runs, cpu_ms; /* means: answers that are not natural; preemptions; what it took */
} Shrinkings;

static double used_ms(void) {
  struct timespec time;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return (double)time.tv_sec * 1e3 + (double)time.tv_nsec / 1e6;
}

static void one_add(Shrinkings *all, ScenarioRun *run, const RunResult *result) {
  Shrunk shrunk;
  double begin_ms = used_ms();
  if (shrink_bucket(run, result, NULL, &shrunk)) {
    all->cpu_ms += used_ms() - begin_ms;
    all->count++;
    all->proved += shrunk_is_proved(&shrunk);
    all->before += (double)shrunk.exceptions_before;
    all->after += (double)shrunk.exceptions;
    all->preemptions_before += shrunk.shrink.preemptions_before;
    all->preemptions += shrunk.shrink.preemptions;
    all->runs += (double)shrunk.shrink.run_count;
  }
  shrunk_finish(&shrunk);
}

static Shrinkings measure(ScenarioRun *run, const BenchPolicies *wanted) {
  Shrinkings all = { 0 };
  SimSearchOptions options = sim_search_options_default;
  options.policy = &sim_policy_portfolio;
  options.visits_accesses = scenario_run_scenario(run)->policy.search.visits_accesses;
  for (unsigned i = 0; i < wanted->seeds; i++) {
    options.seed = 1 + i * wanted->schedules;
    ShrinkFound found = shrink_find(run, &options, wanted->schedules);
    if (found.is_found && found.result.exceptions.count > 0)
      one_add(&all, run, &found.result);
    run_result_finish(&found.result);
  }
  double *const means[] = { &all.before, &all.after, &all.preemptions_before, &all.preemptions, &all.runs, &all.cpu_ms };
  for (size_t i = 0; all.count > 0 && i < G_N_ELEMENTS(means); i++)
    *means[i] /= all.count;
  return all;
}

static json_object *json_of(const char *name, const Shrinkings *all) {
  json_object *json = json_object_new_object();
  json_object_object_add(json, "scenario", json_object_new_string(name));
  json_object_object_add(json, "failures", json_object_new_int64(all->count));
  json_object_object_add(json, "proved", json_object_new_int64(all->proved));
  json_object_object_add(json, "exceptions_before", json_object_new_double(all->before));
  json_object_object_add(json, "exceptions", json_object_new_double(all->after));
  json_object_object_add(json, "preemptions_before", json_object_new_double(all->preemptions_before));
  json_object_object_add(json, "preemptions", json_object_new_double(all->preemptions));
  json_object_object_add(json, "runs", json_object_new_double(all->runs));
  json_object_object_add(json, "milliseconds", json_object_new_double(all->cpu_ms));
  return json;
}

static void line_print(const char *name, const Shrinkings *all) {
  if (all->count == 0)
    printf("  %-44s  nothing goes wrong by the schedule\n", name);
  else
    printf("  %-44s %18.1f %8.1f %18.1f %8.1f %6u/%-3u %8.0f %9.2f\n", name, all->preemptions_before, all->preemptions, all->before,
           all->after, all->proved, all->count, all->runs, all->cpu_ms);
  fflush(stdout);
}

int bench_shrink(const BenchPolicies *wanted, char **paths) {
  g_autoptr(GPtrArray) scenarios = cli_scenarios(paths);
  json_object *list = json_object_new_array();
  if (!wanted->wants_json)
    puts("  means of failing schedules                    preemptions: before    after exceptions: before    after   proved         runs   "
         "     ms");
  for (guint i = 0; i < scenarios->len; i++) {
    const CliScenario *scenario = g_ptr_array_index(scenarios, i);
    g_autoptr(GError) error = NULL;
    g_autoptr(Scenario) loaded = scenario->error == NULL && sim_arena_map() ? scenario_load(scenario->file, &error) : NULL;
    g_autoptr(ScenarioRun) run = loaded != NULL ? scenario_run_create(loaded, &error) : NULL;
    if (run == NULL) {
      json_object_put(list);
      return cli_error("%s", error != NULL             ? error->message
                             : scenario->error != NULL ? scenario->error
                                                       : "the machine's memory cannot be mapped");
    }
    Shrinkings all = measure(run, wanted);
    if (wanted->wants_json)
      json_object_array_add(list, json_of(scenario->name, &all));
    else
      line_print(scenario->name, &all);
  }
  if (wanted->wants_json)
    puts(json_object_to_json_string_ext(list, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_NOSLASHESCAPE));
  json_object_put(list);
  return EXIT_AS_EXPECTED;
}
