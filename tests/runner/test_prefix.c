/* What all schedules of a search begin with is run once and saved: a schedule that begins there is the one that is run whole, event for event, with the
 * same line, by every policy that draws, in every scenario of the library. Files and folders are arguments; without any, the library and the programs
 * of the benchmark. */
#include "files.h"

#include "run_internal.h"

#include "sim/search.h"

#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>

#define SCHEDULE_COUNT 24

typedef struct Total {
  unsigned scenarios; /* with a policy */
  unsigned prefixed;  /* ... of which runs began somewhere else than at the end of boot */
  uint64_t schedules;
  unsigned different;
} Total;

/* One schedule of a search, and what it came to with all its events. */
static void run_one(ScenarioRun *run, SimSearch *search, bool from_boot, SimRecord *record, RunResult *result) {
  SimRunOptions options = { 0 };
  *result = (RunResult){ 0 };
  sim_search_begin(search, &options);
  RunRequest request = {
    .policy = options.policy, .seed = options.seed, .search = options.search, .record = record, .from_boot = from_boot
  };
  scenario_run_once(run, &request, result);
  sim_search_end(search, sim_machine());
}

static bool is_same_line(const SimSchedule *one, const SimSchedule *other) {
  g_autofree char *left = sim_schedule_print(one, "-"), *right = sim_schedule_print(other, "-");
  return strcmp(left, right) == 0;
}

static bool is_same(const RunResult *one, const RunResult *other) {
  return one->hash == other->hash && one->event_count == other->event_count && one->step_count == other->step_count &&
         one->virtual_ns == other->virtual_ns && one->stop == other->stop && one->bugcheck.code == other->bugcheck.code &&
         one->finding_count == other->finding_count && is_same_line(&one->exceptions, &other->exceptions);
}

static bool is_same_record(const SimRecord *one, const SimRecord *other) {
  return one->count == other->count && memcmp(one->events, other->events, one->count * sizeof *one->events) == 0;
}

static void policy_compare(ScenarioRun *run, const SimPolicy *policy, Total *total) {
  SimSearchOptions options = sim_search_options_default;
  options.policy = policy;
  options.visits_accesses = scenario_run_scenario(run)->policy.search.visits_accesses;
  options.varies = scenario_run_scenario(run)->policy.search.varies;
  SimSearch whole, begun;
  sim_search_init(&whole, &options);
  sim_search_init(&begun, &options);
  SimRecord whole_record = { 0 }, begun_record = { 0 };
  bool is_equal = true;
  for (unsigned i = 0; i < SCHEDULE_COUNT && is_equal; i++) {
    RunResult left, right;
    run_one(run, &whole, true, &whole_record, &left);
    run_one(run, &begun, false, &begun_record, &right);
    is_equal = is_same(&left, &right) && is_same_record(&whole_record, &begun_record);
    if (!is_equal)
      printf("%s: schedule %u of %s is another from its prefix\n", scenario_run_scenario(run)->file, i, policy->name);
    run_result_finish(&left);
    run_result_finish(&right);
    total->schedules++;
  }
  total->different += !is_equal;
  total->scenarios++;
  total->prefixed += run->prefix.snapshot != NULL;
  sim_record_finish(&whole_record);
  sim_record_finish(&begun_record);
  sim_search_finish(&whole);
  sim_search_finish(&begun);
}

static void file_compare(const char *file, Total *total) {
  static const SimPolicy *const policies[] = { &sim_policy_random, &sim_policy_portfolio, &sim_policy_urw, &sim_policy_pct,
                                               &sim_policy_surw };
  g_autoptr(GError) error = NULL;
  g_autoptr(Scenario) scenario = scenario_load(file, &error);
  g_autoptr(ScenarioRun) run = scenario != NULL ? scenario_run_create(scenario, &error) : NULL;
  if (run == NULL || run->snapshot == NULL)
    return;
  for (size_t i = 0; i < G_N_ELEMENTS(policies); i++)
    policy_compare(run, policies[i], total);
  if (scenario_run_look_for_races(run))
    policy_compare(run, &sim_policy_random, total);
}

static void path_compare(const char *path, Total *total) {
  g_auto(GStrv) files = scenario_files(path);
  for (char **file = files; *file != NULL; file++)
    file_compare(*file, total);
}

int main(int argument_count, char **arguments) {
  Total total = { 0 };
  for (int i = 1; i < argument_count; i++)
    path_compare(arguments[i], &total);
  if (argument_count == 1) {
    path_compare(SCENARIOS_FOLDER "/seeds", &total);
    path_compare(SCENARIOS_FOLDER "/drivers", &total);
    path_compare(SCENARIOS_FOLDER "/rules", &total);
    path_compare(PROGRAMS_FOLDER, &total);
  }
  printf("%u scenarios by policies, %u with a prefix, %llu schedules, %u different\n", total.scenarios, total.prefixed,
         (unsigned long long)total.schedules, total.different);
  bool has_prefixes = argument_count > 1 || total.prefixed > 100; /* else hardly anything was compared */
  return total.different == 0 && has_prefixes ? 0 : 1;
}
