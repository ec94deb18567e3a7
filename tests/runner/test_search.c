/* Systematic searches of scenarios: partial-order reduction comes to the same outcomes as brute force, wherever brute force comes to an end, at
 * scheduling points, at every access, and where all CPUs can be held up until the clock ticks. Files and folders are arguments; without any, the drivers of the library. What scenarios expect is not
 * asked. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "files.h"
#include "found.h"

#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>

#define SCHEDULE_COUNT_MAX 3000

static void search(ScenarioRun *run, const SimPolicy *policy, bool visits_accesses, bool merges, bool holds_up, uint64_t count_max,
                   Found *found) {
  SimSearchOptions options = sim_search_options_default;
  options.policy = policy;
  options.visits_accesses = visits_accesses;
  options.merges_states = merges;
  options.holds_up = holds_up;
  options.varies = scenario_run_scenario(run)->policy.search.varies; /* of the scenario's own policy */
  found_search(run, &options, count_max, NULL, found);
}

typedef struct Total {
  unsigned compared, different, merged_different, untimed, too_large;
  uint64_t all, reduced, merged; /* schedules where time did not matter */
} Total;

static void file_compare(const char *file, bool visits_accesses, bool holds_up, Total *total) {
  Found all, reduced, merged;
  g_autoptr(GError) error = NULL;
  g_autoptr(Scenario) scenario = scenario_load(file, &error);
  g_autoptr(ScenarioRun) run = scenario != NULL ? scenario_run_create(scenario, &error) : NULL;
  if (run == NULL) {
    printf("%s: %s\n", file, error->message);
    return;
  }
  search(run, &sim_policy_exhaustive, visits_accesses, false, holds_up, SCHEDULE_COUNT_MAX, &all);
  search(run, &sim_policy_dpor, visits_accesses, false, holds_up, SCHEDULE_COUNT_MAX * 2, &reduced);
  search(run, &sim_policy_exhaustive, visits_accesses, true, holds_up, SCHEDULE_COUNT_MAX * 2, &merged);
  bool is_different = all.is_complete && (!found_is_same(&all, &reduced) || !reduced.is_complete);
  bool is_merged_different = all.is_complete && (!found_is_same(&all, &merged) || !merged.is_complete);
  if (all.is_complete) {
    total->compared++;
    total->untimed += !reduced.proof.is_timed;
    total->different += is_different;
    total->merged_different += is_merged_different;
    if (!reduced.proof.is_timed) {
      total->all += all.count;
      total->reduced += reduced.count + reduced.known;
      total->merged += merged.count + merged.known;
    }
  } else {
    total->too_large++;
  }
  if (is_different || is_merged_different || g_getenv("SEARCH_PRINT") != NULL) {
    printf("%s%s\n", file, is_different || is_merged_different ? ": DIFFERENT" : "");
    found_print("exhaustive", &all);
    found_print("dpor", &reduced);
    found_print("merged", &merged);
  }
  found_clear(&all);
  found_clear(&reduced);
  found_clear(&merged);
}

static void path_compare(const char *path, bool visits_accesses, bool holds_up, Total *total) {
  g_auto(GStrv) files = scenario_files(path);
  for (char **file = files; *file != NULL; file++)
    file_compare(*file, visits_accesses, holds_up, total);
}

/* Programs in C whose schedules that are no two the same are counted: as other tools count them (tests/bench/README.md). */
static const struct {
  const char *file;
  uint64_t count;
} counted[] = { { "locks.json", 20 }, { "increments.json", 7134 } };

static bool counts_are_right(void) {
  bool is_right = true;
  for (size_t i = 0; i < sizeof counted / sizeof *counted; i++) {
    Found found;
    g_autofree char *file = g_build_filename(PROGRAMS_FOLDER, counted[i].file, NULL);
    g_autoptr(GError) error = NULL;
    g_autoptr(Scenario) scenario = scenario_load(file, &error);
    g_autoptr(ScenarioRun) run = scenario != NULL ? scenario_run_create(scenario, &error) : NULL;
    if (run == NULL) {
      printf("%s: %s\n", file, error->message);
      return false;
    }
    search(run, &sim_policy_dpor, scenario->policy.search.visits_accesses, false, false, counted[i].count * 2, &found);
    printf("%s: %llu schedules, %llu left\n", counted[i].file, (unsigned long long)found.count, (unsigned long long)found.known);
    is_right &= found.is_complete && found.count == counted[i].count && found.known == 0;
    found_clear(&found);
  }
  return is_right;
}

static bool print_and_judge(const char *what, const Total *total) {
  printf("%s: %u compared, %u too large; %u where no time matters: %llu schedules by brute force, %llu by dpor, %llu with states merged\n",
         what, total->compared, total->too_large, total->untimed, (unsigned long long)total->all, (unsigned long long)total->reduced,
         (unsigned long long)total->merged);
  printf("  outcomes differ: %u by dpor, %u with states merged\n", total->different, total->merged_different);
  return total->different == 0;
}

int main(int argument_count, char **arguments) {
  static char drivers_folder[] = SCENARIOS_FOLDER "/drivers";
  char *drivers = drivers_folder;
  Total points = { 0 }, accesses = { 0 }, clock = { 0 };
  bool is_given = argument_count > 1;
  char **paths = is_given ? arguments + 1 : &drivers;
  for (int i = 0; i < (is_given ? argument_count - 1 : 1); i++) {
    path_compare(paths[i], false, false, &points);
    path_compare(paths[i], true, false, &accesses);
    path_compare(paths[i], false, true, &clock);
  }
  bool is_right = print_and_judge("scheduling points", &points) && (is_given || counts_are_right());
  is_right &= print_and_judge("held up until the clock ticks", &clock);
  return print_and_judge("with accesses", &accesses) && is_right ? 0 : 1;
}
