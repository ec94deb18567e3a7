/* irqlab bench: how fast scenarios run on this host, and what single things cost. Figures for people; nothing here is part of any outcome. */
#include "bench.h"
#include "cli.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* Without arguments: the founding scenarios, from the shortest to the longest, and the search for a deadlock. */
static const char *const usual[] = { "seeds/osr-291980/dpc-classify",
                                     "seeds/osr-291980/two-callers",
                                     "seeds/osr-291980/c-two-callers",
                                     "seeds/osr-291980/corrected",
                                     "seeds/osr-291980/c-corrected",
                                     "seeds/kb2664888/leak-always",
                                     "seeds/kb2664888/every-path",
                                     "seeds/kb2664888/fixed",
                                     "drivers/ab-ba-locks",
                                     NULL };

#define BEFORE_COUNT 40 /* schedules that are not counted: what they write is not yet known, and what they need not yet mapped */

typedef struct Figures {
  char *name;
  BenchRate rate;
  double without_rules_per_s;
  double boot_ms;
  double plain_per_s; /* of the same program as bare coroutines; 0: there is none */
  double restore_us;
  size_t state_bytes;
  size_t copied_bytes;
} Figures;

static double now_s(void) { return (double)g_get_monotonic_time() / 1e6; }

/* Of the processor: what else runs on this host does not count. */
static double used_s(void) {
  struct timespec time;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* Returns its steps. */
static uint64_t schedule_run(ScenarioRun *run, SimSearch *search, bool without_rules) {
  RunResult result = { 0 };
  SimRunOptions drawn = { 0 };
  sim_search_begin(search, &drawn);
  RunRequest request = { .policy = drawn.policy, .seed = drawn.seed, .search = drawn.search, .without_rules = without_rules };
  scenario_run_once(run, &request, &result);
  sim_search_end(search, sim_machine());
  uint64_t steps = result.step_count;
  run_result_finish(&result);
  return steps;
}

BenchRate bench_rate(ScenarioRun *run, double seconds, bool without_rules) {
  const SimSearchOptions *own = &scenario_run_scenario(run)->policy.search;
  SimSearch search;
  SimSearchOptions options = sim_search_options_default;
  options.policy = own->policy->explores && !own->policy->is_systematic ? own->policy : &sim_policy_random;
  options.visits_accesses = own->visits_accesses;
  sim_search_init(&search, &options);
  for (unsigned i = 0; i < BEFORE_COUNT; i++)
    schedule_run(run, &search, without_rules);
  uint64_t count = 0, steps = 0;
  double begin = used_s(), used = 0;
  do {
    steps += schedule_run(run, &search, without_rules);
    count++;
    used = used_s() - begin;
  } while (used < seconds);
  sim_search_finish(&search);
  return (BenchRate){ .schedules_per_s = (double)count / used,
                      .steps_per_schedule = (double)steps / (double)count,
                      .step_ns = steps > 0 ? used * 1e9 / (double)steps : 0 };
}

/* After many runs: it is known which pages they write. */
static void restore_measure(ScenarioRun *run, Figures *figures) {
  const unsigned count = 20000;
  double begin = used_s();
  for (unsigned i = 0; i < count; i++)
    scenario_run_restore(run);
  figures->restore_us = (used_s() - begin) * 1e6 / count;
  figures->state_bytes = scenario_run_state_size(run);
  figures->copied_bytes = scenario_run_copied_size(run);
}

static bool measure(const char *file, const char *name, double seconds, GArray *all, GError **error) {
  Figures figures = { .name = g_strdup(name) };
  double begin = now_s();
  g_autoptr(Scenario) scenario = scenario_load(file, error);
  g_autoptr(ScenarioRun) run = scenario != NULL ? scenario_run_create(scenario, error) : NULL;
  if (run == NULL)
    return false;
  figures.boot_ms = (now_s() - begin) * 1e3;
  figures.rate = bench_rate(run, seconds, false);
  restore_measure(run, &figures);
  double plain_ns = bench_plain_ns(name);
  figures.plain_per_s = plain_ns > 0 ? 1e9 / plain_ns : 0;
  figures.without_rules_per_s = bench_rate(run, seconds / 2, true).schedules_per_s;
  g_array_append_val(all, figures);
  return true;
}

/* ---- a whole process ---- */

typedef struct ProcessFigures {
  double start_ms;   /* from exec to exit */
  double memory_mib; /* the most that was resident */
} ProcessFigures;

static bool process_once(const char *file, double *took_s, long *memory_kib) {
  double begin = now_s();
  pid_t process = fork();
  if (process == 0) {
    int nowhere = open("/dev/null", O_RDWR);
    dup2(nowhere, STDOUT_FILENO);
    dup2(nowhere, STDERR_FILENO);
    execl("/proc/self/exe", "irqlab", "run", file, (char *)NULL);
    _exit(127);
  }
  int status = -1;
  struct rusage usage;
  if (process < 0 || wait4(process, &status, 0, &usage) < 0 || !WIFEXITED(status) || WEXITSTATUS(status) == 127)
    return false;
  *took_s = now_s() - begin;
  *memory_kib = usage.ru_maxrss;
  return true;
}

static void process_measure(const char *file, ProcessFigures *figures) {
  for (unsigned i = 0; i < 5; i++) {
    double took_s;
    long memory_kib;
    if (!process_once(file, &took_s, &memory_kib))
      return;
    if (i == 0 || took_s * 1e3 < figures->start_ms)
      *figures = (ProcessFigures){ took_s * 1e3, (double)memory_kib / 1024 };
  }
}

/* ---- printing ---- */

static void scenarios_print(const GArray *all) {
  printf("%-40s %12s %12s %8s %8s %9s %9s %8s %8s\n", "scenario", "schedules/s", "rules off/s", "steps", "ns/step", "start ms", "state",
         "copied", "us");
  for (guint i = 0; i < all->len; i++) {
    const Figures *figures = &g_array_index(all, Figures, i);
    printf("%-40s %12.0f %12.0f %8.0f %8.0f %9.1f %9zu %8zu %8.2f\n", figures->name, figures->rate.schedules_per_s,
           figures->without_rules_per_s, figures->rate.steps_per_schedule, figures->rate.step_ns, figures->boot_ms, figures->state_bytes,
           figures->copied_bytes, figures->restore_us);
  }
  for (guint i = 0; i < all->len; i++) {
    const Figures *figures = &g_array_index(all, Figures, i);
    if (figures->plain_per_s > 0)
      printf("%s: %.0f schedules/s as coroutines in plain C without any check, %.3g times as many; rules off, %.3g times\n", figures->name,
             figures->plain_per_s, figures->plain_per_s / figures->rate.schedules_per_s,
             figures->plain_per_s / figures->without_rules_per_s);
  }
}

static void costs_print(const GArray *costs) {
  printf("\n%-44s %14s   %-28s %10s %10s\n", "one", "ns", "beside", "ns", "ratio");
  for (guint i = 0; i < costs->len; i++) {
    const BenchCost *cost = &g_array_index(costs, BenchCost, i);
    printf("%-44s %14.1f", cost->what, cost->cost_ns);
    if (cost->beside[0] != '\0')
      printf("   %-28s %10.1f %10.3g", cost->beside, cost->beside_ns, cost->cost_ns / cost->beside_ns);
    putchar('\n');
  }
}

static void process_print(const ProcessFigures *process) {
  printf("\na process that runs one scenario: %.1f ms from its start to its end, at most %.1f MiB of memory\n", process->start_ms,
         process->memory_mib);
}

static json_object *scenarios_json(const GArray *all) {
  json_object *list = json_object_new_array();
  for (guint i = 0; i < all->len; i++) {
    const Figures *figures = &g_array_index(all, Figures, i);
    json_object *item = json_object_new_object();
    json_object_object_add(item, "scenario", json_object_new_string(figures->name));
    json_object_object_add(item, "schedules_per_second", json_object_new_double(figures->rate.schedules_per_s));
    json_object_object_add(item, "schedules_per_second_without_rules", json_object_new_double(figures->without_rules_per_s));
    json_object_object_add(item, "steps_per_schedule", json_object_new_double(figures->rate.steps_per_schedule));
    json_object_object_add(item, "nanoseconds_per_step", json_object_new_double(figures->rate.step_ns));
    json_object_object_add(item, "start_milliseconds", json_object_new_double(figures->boot_ms));
    if (figures->plain_per_s > 0)
      json_object_object_add(item, "plain_schedules_per_second", json_object_new_double(figures->plain_per_s));
    json_object_object_add(item, "state_bytes", json_object_new_int64((int64_t)figures->state_bytes));
    json_object_object_add(item, "copied_bytes", json_object_new_int64((int64_t)figures->copied_bytes));
    json_object_object_add(item, "restore_microseconds", json_object_new_double(figures->restore_us));
    json_object_array_add(list, item);
  }
  return list;
}

static json_object *costs_json(const GArray *costs) {
  json_object *list = json_object_new_array();
  for (guint i = 0; i < costs->len; i++) {
    const BenchCost *cost = &g_array_index(costs, BenchCost, i);
    json_object *item = json_object_new_object();
    json_object_object_add(item, "what", json_object_new_string(cost->what));
    json_object_object_add(item, "nanoseconds", json_object_new_double(cost->cost_ns));
    json_object_object_add(item, "beside", json_object_new_string(cost->beside));
    json_object_object_add(item, "beside_nanoseconds", json_object_new_double(cost->beside_ns));
    json_object_array_add(list, item);
  }
  return list;
}

static void json_print(const GArray *all, const GArray *costs, const ProcessFigures *process) {
  json_object *json = json_object_new_object();
  json_object_object_add(json, "scenarios", scenarios_json(all));
  json_object_object_add(json, "costs", costs_json(costs));
  json_object_object_add(json, "process_milliseconds", json_object_new_double(process->start_ms));
  json_object_object_add(json, "process_memory_mib", json_object_new_double(process->memory_mib));
  puts(json_object_to_json_string_ext(json, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_NOSLASHESCAPE));
  json_object_put(json);
}

/* ---- the command ---- */

static const char description[] =
    "Of each scenario: schedules per second, time a step, start-up and the saved state, on one processor. "
    "Then what single things cost (a fiber\n"
    "switch, an event, an access, a call), each beside something of the host that does the like. Without "
    "arguments: the founding scenarios.\n\n"
    "Examples:\n  irqlab bench --seconds 2 osr-291980/dpc-classify\n  irqlab bench --policies drivers/ab-ba-locks\n";

int cli_bench(int argc, char **argv) {
  gboolean wants_json = FALSE, compares_policies = FALSE, compares_systematic = FALSE;
  g_autofree char *only = NULL;
  gboolean shrinks = FALSE, grows = FALSE;
  gint seeds = 20;
  gint64 schedules = 10000;
  gdouble seconds = 1;
  const GOptionEntry entries[] = {
    { "seconds", 0, 0, G_OPTION_ARG_DOUBLE, &seconds, "How long each scenario is run (default 1)", "S" },
    { "policies", 0, 0, G_OPTION_ARG_NONE, &compares_policies, "How many schedules each policy needs to find what is expected sometimes",
      NULL },
    { "policy", 0, 0, G_OPTION_ARG_STRING, &only, "With --policies: this one alone", "NAME" },
    { "shrink", 0, 0, G_OPTION_ARG_NONE, &shrinks, "How short failing schedules become, and what that costs", NULL },
    { "seeds", 0, 0, G_OPTION_ARG_INT, &seeds, "With --policies and --shrink: searches of each (default 20)", "N" },
    { "schedules", 0, 0, G_OPTION_ARG_INT64, &schedules, "With --policies and --systematic: of a search, at most (default 10000)", "N" },
    { "systematic", 0, 0, G_OPTION_ARG_NONE, &compares_systematic, "How many schedules all there are come to, and how fast, by each method",
      NULL },
    { "growth", 0, 0, G_OPTION_ARG_NONE, &grows, "What a schedule costs as CPUs, threads, connections and filters grow", NULL },
    { "json", 0, 0, G_OPTION_ARG_NONE, &wants_json, "Print JSON instead of a table", NULL },
    { 0 },
  };
  if (!cli_options("bench", "[SCENARIO ...]", "Measures how fast scenarios run on this host.", description, entries, &argc, &argv))
    return EXIT_BAD_INPUT;
  if ((compares_policies || shrinks) && (argc < 2 || seeds < 1 || schedules < 1))
    return cli_error("bench --policies, --shrink: name scenarios or a folder of them; --seeds and --schedules are at least 1");
  if (compares_systematic && (argc < 2 || schedules < 1))
    return cli_error("bench --systematic: name scenarios or a folder of them; --schedules is at least 1");
  if (grows)
    return bench_growth(seconds, wants_json);
  if (compares_systematic)
    return bench_systematic((uint64_t)schedules, wants_json, argv + 1);
  if (shrinks)
    return bench_shrink(&(BenchPolicies){ (unsigned)seeds, (uint64_t)schedules, only, wants_json }, argv + 1);
  if (compares_policies)
    return bench_policies(&(BenchPolicies){ (unsigned)seeds, (uint64_t)schedules, only, wants_json }, argv + 1);
  g_autoptr(GError) error = NULL;
  g_autoptr(GArray) all = g_array_new(FALSE, FALSE, sizeof(Figures)), costs = g_array_new(FALSE, FALSE, sizeof(BenchCost));
  g_autoptr(GPtrArray) scenarios = cli_scenarios(argc > 1 ? argv + 1 : (char **)usual);
  ProcessFigures process = { 0 };
  bench_machine(costs);
  bench_queue(costs);
  for (guint i = 0; i < scenarios->len; i++) {
    const CliScenario *scenario = g_ptr_array_index(scenarios, i);
    if (scenario->error != NULL)
      return cli_error("%s", scenario->error);
    if (!measure(scenario->file, scenario->name, seconds, all, &error))
      return cli_error("%s", error->message);
    if (i == 0)
      process_measure(scenario->file, &process);
  }
  bench_driver(costs);
  bench_access(costs);
  if (wants_json) {
    json_print(all, costs, &process);
  } else {
    scenarios_print(all);
    costs_print(costs);
    process_print(&process);
  }
  for (guint i = 0; i < all->len; i++)
    g_free(g_array_index(all, Figures, i).name);
  return EXIT_AS_EXPECTED;
}
