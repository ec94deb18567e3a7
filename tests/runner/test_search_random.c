/* Scenarios drawn at random, on the modelled Windows: partial-order reduction and merged states come to the outcomes of brute force that makes every
 * attempt at a lock, and to the same final data. SEARCH_SEED and SEARCH_COUNT: others, and how many; SEARCH_PRINT: all of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "found.h"
#include "random_scenario.h"

#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>

#define SCHEDULE_COUNT_MAX 1500

static void globals_append(const ScenarioRun *run, GString *text) {
  for (size_t i = 0; i < random_scenario_global_count; i++) {
    const StepGlobal *global = step_global_find(run->steps, "p", random_scenario_globals[i]);
    if (global != NULL)
      g_string_append_printf(text, " %x", *(const uint32_t *)step_global_address(run->instance, global));
  }
}

typedef struct Total {
  uint64_t scenarios, timed, all, reduced, known, different;
} Total;

static bool is_whole_and_same(const Found *all, const Found *other) { return other->is_complete && found_is_same(all, other); }

static void searches_compare(ScenarioRun *run, uint32_t varies, bool visits_accesses, bool holds_up, const char *text, uint64_t seed,
                             Total *total) {
  Found all, reduced, merged;
  SimSearchOptions options = sim_search_options_default;
  options.policy = &sim_policy_exhaustive;
  options.visits_accesses = visits_accesses;
  options.holds_up = holds_up;
  options.makes_attempts = true;
  options.varies = varies;
  found_search(run, &options, SCHEDULE_COUNT_MAX, globals_append, &all);
  if (!all.is_complete) {
    found_clear(&all);
    return;
  }
  options.makes_attempts = false;
  options.merges_states = true;
  found_search(run, &options, SCHEDULE_COUNT_MAX * 2, globals_append, &merged);
  options.merges_states = false;
  options.policy = &sim_policy_dpor;
  found_search(run, &options, SCHEDULE_COUNT_MAX * 2, globals_append, &reduced);
  bool is_different = !is_whole_and_same(&all, &reduced) || !is_whole_and_same(&all, &merged);
  if (is_different || g_getenv("SEARCH_PRINT") != NULL) {
    printf("seed %llu%s%s%s\n%s", (unsigned long long)seed, visits_accesses ? ", with accesses" : "", holds_up ? ", held up" : "",
           is_different ? ": DIFFERENT" : "", text);
    found_print("exhaustive", &all);
    found_print("dpor", &reduced);
    found_print("merged", &merged);
  }
  total->scenarios++;
  total->different += is_different;
  total->timed += reduced.proof.is_timed;
  total->all += all.count;
  total->reduced += reduced.count;
  total->known += reduced.known;
  found_clear(&all);
  found_clear(&reduced);
  found_clear(&merged);
}

static void scenario_compare(const char *file, uint64_t seed, RandomSort sort, Total *total) {
  g_autoptr(GError) error = NULL;
  g_autofree char *text = random_scenario(seed, sort);
  assert_true(g_file_set_contents(file, text, -1, NULL));
  g_autoptr(Scenario) scenario = scenario_load(file, &error);
  g_autoptr(ScenarioRun) run = scenario != NULL ? scenario_run_create(scenario, &error) : NULL;
  if (run == NULL)
    fail_msg("%s%s", text, error->message);
  uint32_t varies = sort == RANDOM_PLACES ? 1u << SIM_CHOICE_PLACEMENT : 0;
  searches_compare(run, varies, false, false, text, seed, total);
  searches_compare(run, varies, true, false, text, seed, total);
  if (sort == RANDOM_TIMES) { /* else there is no clock */
    searches_compare(run, varies, false, true, text, seed, total);
    searches_compare(run, 1u << SIM_CHOICE_PLACEMENT, false, false, text, seed, total); /* and who serves it */
  }
}

static uint64_t number_of(const char *name, uint64_t otherwise) {
  const char *text = g_getenv(name);
  return text != NULL ? g_ascii_strtoull(text, NULL, 10) : otherwise;
}

static void scenarios_compare(RandomSort sort) {
  g_autofree char *folder = g_dir_make_tmp("irqlab-XXXXXX", NULL);
  g_autofree char *file = g_build_filename(folder, "drawn.json", NULL);
  uint64_t seed = number_of("SEARCH_SEED", 1), count = number_of("SEARCH_COUNT", 120);
  Total total = { 0 };
  for (uint64_t i = 0; i < count; i++)
    scenario_compare(file, seed + i, sort, &total);
  g_unlink(file);
  g_rmdir(folder);
  printf("%llu compared, in %llu time matters: %llu schedules by brute force, %llu by dpor and %llu left\n",
         (unsigned long long)total.scenarios, (unsigned long long)total.timed, (unsigned long long)total.all,
         (unsigned long long)total.reduced, (unsigned long long)total.known);
  assert_int_equal(total.different, 0);
  assert_true(total.scenarios >= count / 2);
}

static void no_outcome_is_lost(void **state) {
  (void)state;
  scenarios_compare(RANDOM_PLAIN);
}

static void no_outcome_is_lost_by_time(void **state) {
  (void)state;
  scenarios_compare(RANDOM_TIMES);
}

static void no_outcome_is_lost_by_place(void **state) {
  (void)state;
  scenarios_compare(RANDOM_PLACES);
}

/* ---- when time matters ---- */

/* Two threads that sleep after an access each: the first takes whatever the second left. */
static const char sleepers[] =
    "{ \"irqlab\": 1, \"title\": \"sleepers\", \"machine\": { \"cpus\": 2 }, \"drivers\": { \"p\": {\n"
    "  \"globals\": { \"gA\": \"LARGE_INTEGER = { .QuadPart = -%u }\", \"gB\": \"LARGE_INTEGER = { .QuadPart = -%u }\", \"gWord\": "
    "\"LONG\" },\n"
    "  \"DriverEntry\": [\"return STATUS_SUCCESS\"],\n"
    "  \"A\": { \"as\": \"KSTART_ROUTINE\", \"do\": [\"gWord++\", \"KeDelayExecutionThread(KernelMode, FALSE, &gA)\", \"gWord = 5\"] },\n"
    "  \"B\": { \"as\": \"KSTART_ROUTINE\", \"do\": [\"gWord++\", \"KeDelayExecutionThread(KernelMode, FALSE, &gB)\", \"gWord = 6\"] } } "
    "},\n"
    "  \"traffic\": [{ \"at\": \"1ms\", \"thread\": \"p.A\", \"in\": \"cpu 0\" }, { \"at\": \"1ms\", \"thread\": \"p.B\", \"in\": \"cpu "
    "1\" }],\n"
    "  \"policy\": { \"kind\": \"timed\" }, \"expect\": { \"sometimes\": [\"quiet\"] } }\n";

static const struct {
  unsigned a, b; /* in 100 ns */
  bool matters;
} sleeps[] = {
  { 10000, 10000, false },  /* who began first comes first */
  { 10000, 10001, true },   /* which is due first hangs on what else was done before */
  { 10000, 400000, false }, /* other ticks */
};

static void time_matters_where_it_decides(void **state) {
  (void)state;
  g_autofree char *folder = g_dir_make_tmp("irqlab-XXXXXX", NULL);
  g_autofree char *file = g_build_filename(folder, "sleepers.json", NULL);
  unsigned wrong = 0;
  for (size_t i = 0; i < G_N_ELEMENTS(sleeps); i++) {
    Found found;
    g_autoptr(GError) error = NULL;
    g_autofree char *text = g_strdup_printf(sleepers, sleeps[i].a, sleeps[i].b);
    assert_true(g_file_set_contents(file, text, -1, NULL));
    g_autoptr(Scenario) scenario = scenario_load(file, &error);
    g_autoptr(ScenarioRun) run = scenario != NULL ? scenario_run_create(scenario, &error) : NULL;
    if (run == NULL)
      fail_msg("%s", error->message);
    SimSearchOptions options = sim_search_options_default;
    options.policy = &sim_policy_dpor;
    found_search(run, &options, SCHEDULE_COUNT_MAX, globals_append, &found);
    if (!found.is_complete || found.proof.is_timed != sleeps[i].matters) {
      printf("sleeps of %u and %u: %s\n", sleeps[i].a, sleeps[i].b, found.proof.is_timed ? "time matters" : "no time matters");
      wrong++;
    }
    found_clear(&found);
  }
  g_unlink(file);
  g_rmdir(folder);
  assert_int_equal(wrong, 0);
}

int main(void) {
  const struct CMUnitTest tests[] = { cmocka_unit_test(no_outcome_is_lost), cmocka_unit_test(no_outcome_is_lost_by_time),
                                      cmocka_unit_test(no_outcome_is_lost_by_place), cmocka_unit_test(time_matters_where_it_decides) };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
