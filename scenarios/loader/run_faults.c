/* Every place fails once: in boots, one boot each; then in schedules, as sim_policy_faults chooses them. */
#include "run_faults.h"

#include "run_internal.h"

#include "model/events.h"

#include <string.h>

static void row_free(gpointer data) {
  RunFaultRow *row = data;
  g_free(row->bucket);
  g_free(row->schedule);
  run_result_finish(&row->result);
  g_free(row);
}

void run_faults_finish(RunFaults *faults) {
  g_free(faults->natural);
  g_clear_pointer(&faults->rows, g_ptr_array_unref);
}

static const SimSchedule natural = { 0 };

/* Does it come to anything that the natural schedule does not come to? A bucket is a list: "hung, irql-leak". */
static bool is_news(const char *bucket, const char *natural_bucket) {
  g_auto(GStrv) parts = g_strsplit(bucket, ", ", -1), known = g_strsplit(natural_bucket, ", ", -1);
  for (char **part = parts; *part != NULL; part++)
    if (strcmp(*part, "clean") != 0 && !g_strv_contains((const char *const *)known, *part))
      return true;
  return false;
}

/* A driver that is not loaded leaves its service without a port, for which it asks again and again: that is no end, and no trouble either. */
static bool is_waiting_for_driver(const ScenarioRun *run, const RunFaultRow *row) {
  return row->is_boot && run->not_loaded != NULL && strcmp(row->bucket, "limit: virtual time") == 0;
}

/* What one of the two comes to alone is no news of the pair. */
static bool is_known(const RunFaults *faults, const RunFaultRow *row) {
  for (guint i = 0; i < faults->rows->len && row->count > 1; i++) {
    const RunFaultRow *other = g_ptr_array_index(faults->rows, i);
    for (unsigned at = 0; at < row->count && other->is_trouble && other->count == 1; at++)
      if (strcmp(other->bucket, row->bucket) == 0 && other->places[0].site == row->places[at].site &&
          other->places[0].function == row->places[at].function)
        return true;
  }
  return false;
}

/* Takes the result's contents. What the natural schedule comes to as well is no trouble. */
static void row_end(const ScenarioRun *run, RunFaults *faults, RunFaultRow *row, RunResult *result) {
  row->bucket = run_result_bucket(result);
  row->is_trouble = is_news(row->bucket, faults->natural) && !is_known(faults, row) && !is_waiting_for_driver(run, row);
  if (!row->is_boot) {
    char *line = sim_schedule_print(&result->exceptions, scenario_run_fingerprint(run));
    row->schedule = g_strdup(line);
    free(line);
  }
  faults->trouble_count += row->is_trouble;
  if (row->is_trouble)
    row->result = *result;
  else
    run_result_finish(result);
  g_ptr_array_add(faults->rows, row);
}

/* ---- boots ---- */

static bool is_failing(const SimEvent *event, const DdiFunction **function) {
  *function = event->kind == EVENT_CALL ? ddi_function_by_id(event->function) : NULL;
  return *function != NULL && (*function)->failure_count > 0;
}

/* Calls of each function that can fail, in the order of the boot: for each, which of them it is. */
static GArray *boot_places(const ScenarioRun *run) {
  GArray *places = g_array_new(FALSE, TRUE, sizeof(RunFaultRow));
  g_autoptr(GHashTable) counts = g_hash_table_new(NULL, NULL); /* looked up only */
  for (size_t i = 0; i < run->boot_record.count; i++) {
    const SimEvent *event = &run->boot_record.events[i];
    const DdiFunction *function;
    if (!is_failing(event, &function))
      continue;
    guint count = GPOINTER_TO_UINT(g_hash_table_lookup(counts, function)) + 1;
    g_hash_table_insert(counts, (gpointer)function, GUINT_TO_POINTER(count));
    for (uint32_t failure = 1; failure <= function->failure_count; failure++) {
      RunFaultRow row = { .count = 1, .is_boot = true, .calls = { count } };
      row.places[0] = (SimFaultPlace){ .function = function->id,
                                       .site = event->site,
                                       .answer = function->fails_for_memory ? 0 : failure,
                                       .kind = function->fails_for_memory ? SIM_CHOICE_ALLOCATION : SIM_CHOICE_STATUS };
      g_array_append_val(places, row);
    }
  }
  return places;
}

static DdiFault boot_fault(const RunFaultRow *row) {
  uint32_t answer = row->places[0].kind == SIM_CHOICE_ALLOCATION ? 1 : row->places[0].answer;
  return (DdiFault){ .function = row->places[0].function, .failure = answer, .nth = row->calls[0] };
}

bool scenario_fault_again(ScenarioRun *run, const RunFaultRow *row, SimRecord *record, RunResult *result, GError **error) {
  if (row->is_boot) {
    DdiFault fault = boot_fault(row);
    if (!run_boot_again(run, &fault, error))
      return false;
  }
  const SimSchedule *schedule = row->is_boot ? &natural : &row->result.exceptions;
  scenario_run_once(run, &(RunRequest){ .policy = &sim_policy_replay, .replay = schedule, .record = record }, result);
  return !row->is_boot || run_boot_again(run, NULL, error);
}

static bool is_stopped(const RunFaultOptions *options, RunFaults *faults) {
  uint64_t done = faults->single_count + faults->pair_count;
  if (options->progress != NULL && !options->progress(done, options->data))
    faults->is_interrupted = true;
  return faults->is_interrupted || (options->schedules != 0 && done >= options->schedules);
}

static bool boots_run(ScenarioRun *run, const RunFaultOptions *options, RunFaults *faults, GError **error) {
  g_autoptr(GArray) places = boot_places(run);
  faults->place_count += places->len;
  bool is_well = true;
  for (guint i = 0; i < places->len && is_well; i++) {
    if (is_stopped(options, faults))
      break;
    RunFaultRow *row = g_memdup2(&g_array_index(places, RunFaultRow, i), sizeof *row);
    DdiFault fault = boot_fault(row);
    RunResult result = { 0 };
    is_well = run_boot_again(run, &fault, error);
    if (!is_well) {
      row_free(row);
      break;
    }
    scenario_run_once(run, &(RunRequest){ .policy = &sim_policy_replay, .replay = &natural }, &result);
    faults->single_count++;
    row_end(run, faults, row, &result);
  }
  return is_well && (places->len == 0 || run_boot_again(run, NULL, error));
}

/* ---- schedules ---- */

static void schedules_run(ScenarioRun *run, const RunFaultOptions *options, RunFaults *faults) {
  SimSearchOptions search_options = sim_search_options_default;
  search_options.policy = &sim_policy_faults;
  search_options.depth = options->depth;
  search_options.varies = options->varies;
  RunSearch search;
  RunResult first = { 0 };
  run_search_init(&search, run, &search_options);
  const SimFaults *state = search.search.state;
  uint32_t boots = faults->place_count;
  bool is_more = run_search_next(&search, NULL, &first);
  run_result_finish(&first);
  while (is_more && !is_stopped(options, faults)) {
    RunFaultRow *row = g_new0(RunFaultRow, 1);
    for (unsigned i = 0; i < 2 && state->chosen[i] != SIM_FAULT_NONE; i++)
      row->places[row->count++] = state->places[state->chosen[i]];
    RunResult result = { 0 };
    is_more = run_search_next(&search, NULL, &result);
    for (unsigned i = 0; i < row->count && row->count == state->struck; i++)
      row->places[i].site = state->struck_sites[i];
    faults->single_count += row->count == 1;
    faults->pair_count += row->count > 1;
    row_end(run, faults, row, &result);
  }
  faults->place_count = boots + state->count;
  faults->is_complete = !is_more && !state->is_pair_list_full;
  run_search_finish(&search);
}

/* ---- which calls they were ---- */

/* Of trouble: counts the calls of the function up to where it failed, so that a scenario can name it. */
static void calls_count(ScenarioRun *run, RunFaultRow *row) {
  SimRecord record = { 0 };
  RunResult result = { 0 };
  unsigned failed = 0;
  scenario_run_once(run, &(RunRequest){ .policy = &sim_policy_replay, .replay = &row->result.exceptions, .record = &record }, &result);
  for (size_t i = 0; i < record.count && failed < row->count; i++) {
    const SimEvent *event = &record.events[i];
    for (unsigned at = failed; at < row->count; at++)
      row->calls[at] += event->kind == EVENT_CALL && event->function == row->places[at].function;
    failed += event->kind == EVENT_MADE_TO_FAIL && event->detail == 0 && event->function == row->places[failed].function;
  }
  for (; failed < row->count; failed++)
    row->calls[failed] = 0;
  run_result_finish(&result);
  sim_record_finish(&record);
}

bool scenario_faults_run(ScenarioRun *run, const RunFaultOptions *options, RunFaults *faults, GError **error) {
  RunResult first = { 0 };
  *faults = (RunFaults){ .rows = g_ptr_array_new_with_free_func(row_free) };
  scenario_run_once(run, &(RunRequest){ .policy = &sim_policy_replay, .replay = &natural }, &first);
  faults->natural = run_result_bucket(&first);
  bool ended_in_boot = first.ended_in_boot;
  run_result_finish(&first);
  if (!boots_run(run, options, faults, error))
    return false;
  if (ended_in_boot)
    faults->is_complete = !faults->is_interrupted;
  else
    schedules_run(run, options, faults);
  for (guint i = 0; i < faults->rows->len; i++) {
    RunFaultRow *row = g_ptr_array_index(faults->rows, i);
    if (row->is_trouble && !row->is_boot)
      calls_count(run, row);
  }
  return true;
}
