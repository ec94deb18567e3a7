/* irqlab bench: how fast scenarios run on this host. Figures for people and for tests/bench; nothing here is part of any outcome. */
#include "cli.h"

#include <stdio.h>

typedef struct Figures {
  char *name;
  double schedules_per_s;
  double step_ns;
  double steps_per_schedule;
  double boot_ms;
  double restore_us;
  size_t state_bytes;
} Figures;

static double now_s(void) { return (double)g_get_monotonic_time() / 1e6; }

/* Schedules for about `seconds`, at least one. */
static void schedules_measure(ScenarioRun *run, double seconds, Figures *figures) {
  const SimPolicy *policy = scenario_run_scenario(run)->policy.kind == SCENARIO_POLICY_RANDOM ? &sim_policy_random : &sim_policy_timed;
  uint64_t count = 0, steps = 0;
  double begin = now_s(), used = 0;
  do {
    RunResult result = { 0 };
    RunRequest request = { .policy = policy, .seed = count };
    scenario_run_once(run, &request, &result);
    steps += result.step_count;
    run_result_finish(&result);
    count++;
    used = now_s() - begin;
  } while (used < seconds);
  figures->schedules_per_s = (double)count / used;
  figures->steps_per_schedule = (double)steps / (double)count;
  figures->step_ns = steps > 0 ? used * 1e9 / (double)steps : 0;
}

static void restore_measure(Figures *figures) {
  const unsigned count = 2000;
  SimSnapshot *snapshot = sim_snapshot_save();
  double begin = now_s();
  for (unsigned i = 0; i < count; i++)
    sim_snapshot_restore(snapshot);
  figures->restore_us = (now_s() - begin) * 1e6 / count;
  figures->state_bytes = sim_snapshot_size(snapshot);
  sim_snapshot_destroy(&snapshot);
}

static bool measure(const char *file, const char *name, double seconds, GArray *all, GError **error) {
  Figures figures = { .name = g_strdup(name) };
  double begin = now_s();
  g_autoptr(Scenario) scenario = scenario_load(file, error);
  g_autoptr(ScenarioRun) run = scenario != NULL ? scenario_run_create(scenario, error) : NULL;
  if (run == NULL)
    return false;
  figures.boot_ms = (now_s() - begin) * 1e3;
  schedules_measure(run, seconds, &figures);
  restore_measure(&figures);
  g_array_append_val(all, figures);
  return true;
}

static void table_print(const GArray *all) {
  printf("%-44s %14s %12s %10s %10s %12s %10s\n", "scenario", "schedules/s", "steps/sched.", "ns/step", "start ms", "state bytes",
         "restore us");
  for (guint i = 0; i < all->len; i++) {
    const Figures *figures = &g_array_index(all, Figures, i);
    printf("%-44s %14.0f %12.0f %10.0f %10.1f %12zu %10.2f\n", figures->name, figures->schedules_per_s, figures->steps_per_schedule,
           figures->step_ns, figures->boot_ms, figures->state_bytes, figures->restore_us);
  }
}

static void json_print(const GArray *all) {
  json_object *list = json_object_new_array();
  for (guint i = 0; i < all->len; i++) {
    const Figures *figures = &g_array_index(all, Figures, i);
    json_object *item = json_object_new_object();
    json_object_object_add(item, "scenario", json_object_new_string(figures->name));
    json_object_object_add(item, "schedules_per_second", json_object_new_double(figures->schedules_per_s));
    json_object_object_add(item, "steps_per_schedule", json_object_new_double(figures->steps_per_schedule));
    json_object_object_add(item, "nanoseconds_per_step", json_object_new_double(figures->step_ns));
    json_object_object_add(item, "start_milliseconds", json_object_new_double(figures->boot_ms));
    json_object_object_add(item, "state_bytes", json_object_new_int64((int64_t)figures->state_bytes));
    json_object_object_add(item, "restore_microseconds", json_object_new_double(figures->restore_us));
    json_object_array_add(list, item);
  }
  puts(json_object_to_json_string_ext(list, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_NOSLASHESCAPE));
  json_object_put(list);
}

static const char description[] =
    "Measures schedules per second, time a step, start-up, and the saved state of each scenario, on one processor.\n"
    "Without arguments: the seeds of the library.\n\nExample:\n  irqlab bench --seconds 2 osr-291980/dpc-classify\n";

int cli_bench(int argc, char **argv) {
  gboolean wants_json = FALSE;
  gdouble seconds = 1;
  const GOptionEntry entries[] = {
    { "seconds", 0, 0, G_OPTION_ARG_DOUBLE, &seconds, "How long each scenario is run (default 1)", "S" },
    { "json", 0, 0, G_OPTION_ARG_NONE, &wants_json, "Print JSON instead of a table", NULL },
    { 0 },
  };
  if (!cli_options("bench", "[SCENARIO ...]", "Measures how fast scenarios run on this host.", description, entries, &argc, &argv))
    return EXIT_BAD_INPUT;
  g_autoptr(GError) error = NULL;
  g_autoptr(GArray) all = g_array_new(FALSE, FALSE, sizeof(Figures));
  g_autoptr(GPtrArray) scenarios = cli_scenarios(argv + 1);
  for (guint i = 0; i < scenarios->len; i++) {
    const CliScenario *scenario = g_ptr_array_index(scenarios, i);
    bool is_asked = argc > 1 || g_str_has_prefix(scenario->name, "seeds/");
    if (is_asked && scenario->error != NULL)
      return cli_error("%s", scenario->error);
    if (is_asked && !measure(scenario->file, scenario->name, seconds, all, &error))
      return cli_error("%s", error->message);
  }
  if (wants_json)
    json_print(all);
  else
    table_print(all);
  for (guint i = 0; i < all->len; i++)
    g_free(g_array_index(all, Figures, i).name);
  return EXIT_AS_EXPECTED;
}
