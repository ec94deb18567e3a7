/* irqlab bench --policies: how many schedules each policy needs until a scenario's mistake shows, beside what is published for programs of that name. */
#include "bench.h"
#include "cli.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* What is measured: by name, and of pct by depth. */
typedef struct Contender {
  const char *title;
  const char *policy;
  uint32_t depth;
} Contender;

static const Contender contenders[] = {
  { "random", "random", 0 },     { "pct3", "pct", 3 },          { "pos", "pos", 0 },
  { "urw", "urw", 0 },           { "surw", "surw", 0 },         { "burst", "burst", 0 },
  { "feedback", "feedback", 0 }, { "frontier", "frontier", 0 }, { "portfolio", "portfolio", 0 },
};
#define CONTENDER_COUNT G_N_ELEMENTS(contenders)

/* The fewest mean schedules to the first bug of any tool, by name of the program: the measurements published with SURW (ASPLOS 2025) and RFF (ASPLOS
 * 2024), 20 trials each. */
static const struct {
  const char *name;
  double schedules;
  const char *by;
} published[] = {
  { "account", 1, "pos" },
  { "bluetooth_driver", 9, "period" },
  { "carter01", 1, "random" },
  { "circular_buffer", 2, "pos" },
  { "deadlock01", 1, "surw" },
  { "lazy01", 1, "surw" },
  { "queue", 1, "random" },
  { "reorder_3", 6, "surw" },
  { "reorder_4", 6, "surw" },
  { "reorder_5", 6, "rff" },
  { "reorder_10", 6, "rff" },
  { "reorder_20", 5, "surw" },
  { "reorder_50", 6, "rff" },
  { "reorder_100", 6, "rff" },
  { "stack", 1, "q-learning" },
  { "token_ring", 2, "period" },
  { "twostage", 4, "period" },
  { "twostage_20", 5, "surw" },
  { "twostage_50", 20, "surw" },
  { "twostage_100", 56, "rff" },
  { "wronglock", 1, "pos" },
  { "wronglock_3", 1, "pos" },
  { "work_steal_queue", 5, "surw" },
  { "work_steal_queue_interlocked", 1, "pos" },
  { "work_steal_queue_state", 1, "pos" },
  { "work_steal_queue_interlocked_state", 5, "surw" },
  { "stringbuffer", 7, "n-u" },
  { "safe_stack", 368920, "surw" },
};

typedef struct Cell {
  double schedules; /* mean of the searches that found it */
  uint64_t schedules_max;
  double milliseconds; /* of the processor, mean of those, until it was found */
  unsigned found;
} Cell;

typedef struct Row {
  char *name;
  double published; /* 0: nothing is */
  const char *by;
  Cell cells[CONTENDER_COUNT];
} Row;

static double cpu_ms(void) {
  struct timespec time;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return (double)time.tv_sec * 1e3 + (double)time.tv_nsec / 1e6;
}

/* The scenario's first "sometimes" that is no "clean", else anything that is not clean. */
static bool is_found(const ScenarioRun *run, const RunResult *result) {
  const ExpectSet *set = &scenario_run_scenario(run)->expect;
  for (size_t i = 0; i < set->count; i++)
    if (set->items[i].when == EXPECT_SOMETIMES && set->items[i].kind != EXPECT_OUTCOME)
      return expectation_holds(run, &set->items[i], result);
  return result->bugcheck.code != 0 || result->finding_count > 0 || result->stop != SIM_STOP_QUIET;
}

/* One search until it is found: how many schedules; 0: not in as many as there are. */
static uint64_t search(ScenarioRun *run, const SimSearchOptions *options, uint64_t schedules) {
  RunSearch search;
  uint64_t found = 0;
  run_search_init(&search, run, options);
  for (uint64_t count = 1; count <= schedules && found == 0; count++) {
    RunResult result = { 0 };
    bool goes_on = run_search_next(&search, NULL, &result);
    found = is_found(run, &result) ? count : 0;
    run_result_finish(&result);
    if (!goes_on)
      break;
  }
  run_search_finish(&search);
  return found;
}

static void cell_measure(ScenarioRun *run, const Contender *contender, const BenchPolicies *wanted, Cell *cell) {
  SimSearchOptions options = scenario_run_scenario(run)->policy.search;
  double total_ms = 0, total = 0;
  options.policy = sim_policy_find(contender->policy);
  options.depth = contender->depth;
  for (unsigned i = 0; i < wanted->seeds; i++) {
    options.seed = 1 + (uint64_t)i * 1000003;
    double begin_ms = cpu_ms();
    uint64_t count = search(run, &options, wanted->schedules);
    if (count == 0)
      continue;
    total_ms += cpu_ms() - begin_ms;
    total += (double)count;
    cell->found++;
    cell->schedules_max = MAX(cell->schedules_max, count);
  }
  if (cell->found > 0) {
    cell->schedules = total / cell->found;
    cell->milliseconds = total_ms / cell->found;
  }
}

static char *name_of(const char *path) {
  char *name = g_path_get_basename(path);
  if (g_str_has_suffix(name, ".json"))
    name[strlen(name) - strlen(".json")] = '\0';
  return name;
}

static bool row_measure(const CliScenario *item, const BenchPolicies *wanted, Row *row, GError **error) {
  g_autoptr(Scenario) scenario = scenario_load(item->file, error);
  g_autoptr(ScenarioRun) run = scenario != NULL ? scenario_run_create(scenario, error) : NULL;
  *row = (Row){ .name = name_of(item->file), .by = "" };
  for (size_t i = 0; i < G_N_ELEMENTS(published); i++)
    if (strcmp(published[i].name, row->name) == 0)
      row->published = published[i].schedules, row->by = published[i].by;
  for (size_t i = 0; run != NULL && i < CONTENDER_COUNT; i++)
    if (wanted->only == NULL || strcmp(wanted->only, contenders[i].title) == 0)
      cell_measure(run, &contenders[i], wanted, &row->cells[i]);
  return run != NULL;
}

/* ---- printing ---- */

/* "12", "12 of 19/20": those that found it; "-": none did. */
static void cell_print(const Cell *cell, unsigned seeds) {
  char text[32] = "-";
  if (cell->found == seeds)
    snprintf(text, sizeof text, "%.0f", cell->schedules);
  else if (cell->found > 0)
    snprintf(text, sizeof text, "%.0f (%u)", cell->schedules, cell->found);
  printf(" %11s", text);
}

static void head_print(const BenchPolicies *wanted) {
  printf("mean schedules to the first bug of %u searches, each of at most %" G_GUINT64_FORMAT "; (n): only n of them found it\n\n%-36s",
         wanted->seeds, wanted->schedules, "program");
  for (size_t i = 0; i < CONTENDER_COUNT; i++)
    printf(" %11s", contenders[i].title);
  printf(" %6s %9s  %s\n", "most", "ms", "best published");
}

static void row_print(const Row *row, const BenchPolicies *wanted) {
  printf("%-36s", row->name);
  for (size_t i = 0; i < CONTENDER_COUNT; i++)
    cell_print(&row->cells[i], wanted->seeds);
  const Cell *last = &row->cells[CONTENDER_COUNT - 1];
  printf(" %6" G_GUINT64_FORMAT " %9.2f", last->schedules_max, last->milliseconds);
  if (row->published > 0)
    printf("  %.0f %s", row->published, row->by);
  printf("\n");
  fflush(stdout);
}

static json_object *row_json(const Row *row) {
  json_object *item = json_object_new_object(), *policies = json_object_new_object();
  json_object_object_add(item, "program", json_object_new_string(row->name));
  for (size_t i = 0; i < CONTENDER_COUNT; i++) {
    const Cell *cell = &row->cells[i];
    json_object *one = json_object_new_object();
    json_object_object_add(one, "found", json_object_new_int((int)cell->found));
    if (cell->found > 0) {
      json_object_object_add(one, "schedules", json_object_new_double(cell->schedules));
      json_object_object_add(one, "schedules_max", json_object_new_int64((int64_t)cell->schedules_max));
      json_object_object_add(one, "milliseconds", json_object_new_double(cell->milliseconds));
    }
    json_object_object_add(policies, contenders[i].title, one);
  }
  json_object_object_add(item, "policies", policies);
  if (row->published > 0) {
    json_object_object_add(item, "published", json_object_new_double(row->published));
    json_object_object_add(item, "published_by", json_object_new_string(row->by));
  }
  return item;
}

static bool is_contender(const char *title) {
  for (size_t i = 0; i < CONTENDER_COUNT; i++)
    if (strcmp(contenders[i].title, title) == 0)
      return true;
  return false;
}

int bench_policies(const BenchPolicies *wanted, char **paths) {
  if (wanted->only != NULL && !is_contender(wanted->only))
    return cli_error("bench --policy %s: expected random, pct3, pos, urw, surw, burst, feedback, frontier or portfolio", wanted->only);
  g_autoptr(GError) error = NULL;
  g_autoptr(GPtrArray) scenarios = cli_scenarios(paths);
  json_object *rows = json_object_new_array(), *json = json_object_new_object();
  if (!wanted->wants_json)
    head_print(wanted);
  for (guint i = 0; i < scenarios->len && error == NULL; i++) {
    const CliScenario *scenario = g_ptr_array_index(scenarios, i);
    Row row = { 0 };
    if (scenario->error != NULL)
      g_set_error_literal(&error, SCENARIO_ERROR, SCENARIO_ERROR_READ, scenario->error);
    else if (row_measure(scenario, wanted, &row, &error)) {
      json_object_array_add(rows, row_json(&row));
      if (!wanted->wants_json)
        row_print(&row, wanted);
    }
    g_free(row.name);
  }
  json_object_object_add(json, "seeds", json_object_new_int((int)wanted->seeds));
  json_object_object_add(json, "schedules", json_object_new_int64((int64_t)wanted->schedules));
  json_object_object_add(json, "programs", rows);
  if (wanted->wants_json && error == NULL)
    puts(json_object_to_json_string_ext(json, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_NOSLASHESCAPE));
  json_object_put(json);
  return error != NULL ? cli_error("%s", error->message) : EXIT_AS_EXPECTED;
}
