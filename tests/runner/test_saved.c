/* States saved inside of runs change nothing of what a schedule of a scenario comes to: the same as when each begins where boot ended, schedule for
 * schedule: outcome, findings, departures, events. Files and folders are arguments; without any, the drivers of the library and the seeds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "files.h"

#include "run.h"

#include "sim/machine.h"
#include "sim/search.h"

#include <stdio.h>
#include <string.h>

#define SCHEDULE_COUNT_MAX 150
#define WORK_MAX 100000 /* events and accesses of all schedules of one search */

static uint64_t fold(uint64_t hash, uint64_t word) {
  hash = (hash ^ word) * 0x9e3779b97f4a7c15ULL;
  return hash ^ hash >> 32;
}

static uint64_t digest(const RunResult *result, const SimRecord *record) {
  uint64_t hash = fold(fold(fold(result->hash, result->stop), result->event_count), result->step_count);
  hash = fold(fold(hash, result->virtual_ns), result->bugcheck.code);
  for (uint32_t i = 0; i < result->finding_count; i++)
    hash = fold(fold(hash, (uint64_t)result->findings[i].rule), result->findings[i].event);
  for (size_t i = 0; i < result->exceptions.count; i++) {
    const SimException *exception = &result->exceptions.exceptions[i];
    hash = fold(fold(hash, (uint64_t)exception->context << 32 | exception->ordinal), (uint64_t)exception->answer << 8 | exception->kind);
  }
  for (size_t i = 0; i < result->record.count; i++) /* those that expectations are about */
    hash = fold(hash, (uint64_t)result->record.events[i].sequence << 32 | result->record.events[i].kind);
  for (size_t i = 0; i < record->count; i++) {
    const SimEvent *event = &record->events[i];
    hash = fold(fold(fold(hash, event->time_ns), (uint64_t)event->sequence << 32 | event->context), event->value);
    hash = fold(fold(hash, (uint64_t)event->kind << 32 | event->function), (uint64_t)event->object << 32 | event->site);
  }
  return hash;
}

/* What each schedule comes to; where accesses are points, with its events. */
static GArray *search(ScenarioRun *run, const SimSearchOptions *options, SimSearchProof *proof) {
  GArray *digests = g_array_new(FALSE, FALSE, sizeof(uint64_t));
  RunSearch searching;
  bool is_over = false;
  uint64_t work = 0;
  SimRecord record = { 0 };
  run_search_init(&searching, run, options);
  while (!is_over && digests->len < SCHEDULE_COUNT_MAX && work < WORK_MAX) {
    RunResult result = { 0 };
    record.count = 0;
    is_over = !run_search_next(&searching, options->visits_accesses ? &record : NULL, &result);
    uint64_t one = digest(&result, &record);
    g_array_append_val(digests, one);
    work += result.event_count + sim_machine()->access_count;
    run_result_finish(&result);
  }
  sim_search_proof(&searching.search, proof);
  run_search_finish(&searching);
  sim_record_finish(&record);
  return digests;
}

typedef struct Total {
  unsigned compared, different;
  uint64_t schedules, resumed;
} Total;

static void ways_compare(const char *file, ScenarioRun *run, bool visits_accesses, bool merges, Total *total) {
  SimSearchProof proof;
  SimSearchOptions options = sim_search_options_default;
  options.policy = &sim_policy_exhaustive;
  options.visits_accesses = visits_accesses;
  options.merges_states = merges;
  options.saved_size_max = 0;
  g_autoptr(GArray) whole = search(run, &options, &proof);
  options.saved_size_max = SIM_SEARCH_SAVED_SIZE;
  g_autoptr(GArray) saved = search(run, &options, &proof);
  total->compared++;
  total->schedules += saved->len;
  total->resumed += proof.resumed;
  guint at = 0;
  while (at < whole->len && at < saved->len && g_array_index(whole, uint64_t, at) == g_array_index(saved, uint64_t, at))
    at++;
  if (at == whole->len && at == saved->len)
    return;
  total->different++;
  printf("%s%s%s: schedule %u of %u differs\n", file, visits_accesses ? ", accesses" : "", merges ? ", merged" : "", at, whole->len);
}

static void file_compare(const char *file, Total *total) {
  g_autoptr(GError) error = NULL;
  g_autoptr(Scenario) scenario = scenario_load(file, &error);
  g_autoptr(ScenarioRun) run = scenario != NULL ? scenario_run_create(scenario, &error) : NULL;
  if (run == NULL) {
    printf("%s: %s\n", file, error->message);
    return;
  }
  ways_compare(file, run, false, false, total);
  ways_compare(file, run, true, false, total);
  ways_compare(file, run, false, true, total);
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
    path_compare(SCENARIOS_FOLDER "/drivers", &total);
    path_compare(SCENARIOS_FOLDER "/seeds", &total);
  }
  printf("%u searches of %llu schedules, %llu of which go on from saved states: %u differ from those that begin with boot\n",
         total.compared, (unsigned long long)total.schedules, (unsigned long long)total.resumed, total.different);
  return total.different == 0 && total.resumed > 0 ? 0 : 1;
}
