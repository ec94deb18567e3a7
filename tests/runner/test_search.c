/* Systematic searches of scenarios: partial-order reduction comes to the same outcomes as brute force, wherever brute force comes to an end, at
 * scheduling points and at every access. Files and folders are arguments; without any, the drivers of the library. What scenarios expect is not
 * asked. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "files.h"

#include "run.h"

#include "sim/memory.h"
#include "sim/search.h"

#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>

#define SCHEDULE_COUNT_MAX 3000

typedef struct Found {
  GPtrArray *outcomes; /* sorted texts */
  uint64_t count;      /* schedules */
  uint64_t known;
  bool is_complete;
  SimSearchProof proof;
} Found;

static int text_compare(const void *left, const void *right) { return strcmp(*(const char *const *)left, *(const char *const *)right); }

static void outcome_add(Found *found, const RunResult *result) {
  g_autofree char *bucket = run_result_bucket(result);
  char *text = g_strdup_printf("%s stop %d code %x", bucket, (int)result->stop, result->bugcheck.code);
  for (guint i = 0; i < found->outcomes->len; i++)
    if (strcmp(g_ptr_array_index(found->outcomes, i), text) == 0) {
      g_free(text);
      return;
    }
  g_ptr_array_add(found->outcomes, text);
}

static void search(ScenarioRun *run, const SimPolicy *policy, bool visits_accesses, bool merges, uint64_t count_max, Found *found) {
  RunSearch searching;
  SimSearchOptions options = sim_search_options_default;
  options.policy = policy;
  options.visits_accesses = visits_accesses;
  options.merges_states = merges;
  options.varies = scenario_run_scenario(run)->policy.search.varies; /* of the scenario's own policy */
  *found = (Found){ .outcomes = g_ptr_array_new_with_free_func(g_free) };
  run_search_init(&searching, run, &options);
  while (!found->is_complete && found->count + found->known < count_max) {
    RunResult result = { 0 };
    found->is_complete = !run_search_next(&searching, NULL, &result);
    if (result.stop == SIM_STOP_KNOWN) {
      found->known++;
    } else {
      found->count++;
      outcome_add(found, &result);
    }
    run_result_finish(&result);
  }
  sim_search_proof(&searching.search, &found->proof);
  run_search_finish(&searching);
  g_ptr_array_sort(found->outcomes, text_compare);
}

static void found_clear(Found *found) { g_ptr_array_unref(found->outcomes); }

static bool is_same(const Found *left, const Found *right) {
  if (left->outcomes->len != right->outcomes->len)
    return false;
  for (guint i = 0; i < left->outcomes->len; i++)
    if (strcmp(g_ptr_array_index(left->outcomes, i), g_ptr_array_index(right->outcomes, i)) != 0)
      return false;
  return true;
}

static void found_print(const char *how, const Found *found) {
  printf("    %-10s %llu schedules, %llu known%s%s:", how, (unsigned long long)found->count, (unsigned long long)found->known,
         found->is_complete ? "" : " (not over)", found->proof.is_timed ? ", timed" : "");
  for (guint i = 0; i < found->outcomes->len; i++)
    printf(" [%s]", (const char *)g_ptr_array_index(found->outcomes, i));
  printf("\n");
}

typedef struct Total {
  unsigned compared, different, merged_different, untimed, too_large;
  uint64_t all, reduced, merged; /* schedules where time did not matter */
} Total;

static void file_compare(const char *file, bool visits_accesses, Total *total) {
  Found all, reduced, merged;
  g_autoptr(GError) error = NULL;
  g_autoptr(Scenario) scenario = scenario_load(file, &error);
  g_autoptr(ScenarioRun) run = scenario != NULL ? scenario_run_create(scenario, &error) : NULL;
  if (run == NULL) {
    printf("%s: %s\n", file, error->message);
    return;
  }
  search(run, &sim_policy_exhaustive, visits_accesses, false, SCHEDULE_COUNT_MAX, &all);
  search(run, &sim_policy_dpor, visits_accesses, false, SCHEDULE_COUNT_MAX * 2, &reduced);
  search(run, &sim_policy_exhaustive, visits_accesses, true, SCHEDULE_COUNT_MAX * 2, &merged);
  bool is_different = all.is_complete && (!is_same(&all, &reduced) || !reduced.is_complete);
  bool is_merged_different = all.is_complete && (!is_same(&all, &merged) || !merged.is_complete);
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

static void path_compare(const char *path, bool visits_accesses, Total *total) {
  g_auto(GStrv) files = scenario_files(path);
  for (char **file = files; *file != NULL; file++)
    file_compare(*file, visits_accesses, total);
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
    search(run, &sim_policy_dpor, scenario->policy.search.visits_accesses, false, counted[i].count * 2, &found);
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
  Total points = { 0 }, accesses = { 0 };
  for (int i = 1; i < argument_count; i++) {
    path_compare(arguments[i], false, &points);
    path_compare(arguments[i], true, &accesses);
  }
  if (argument_count == 1) {
    path_compare(SCENARIOS_FOLDER "/drivers", false, &points);
    path_compare(SCENARIOS_FOLDER "/drivers", true, &accesses);
  }
  bool is_right = print_and_judge("scheduling points", &points) && (argument_count > 1 || counts_are_right());
  return print_and_judge("with accesses", &accesses) && is_right ? 0 : 1;
}
