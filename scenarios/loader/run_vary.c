/* A policy that answers as nature does and counts what it is asked. */
#include "run_vary.h"

#include "run_internal.h"

#include "sim/search.h"

static RunVary *vary_of(const SimMachine *machine) { return machine->options.search->state; }

static void begin(SimMachine *machine) { sim_policy_replay.begin(machine); }

static RunVaryRow *row_at(RunVary *vary, SimChoiceKind kind, uint32_t function, uint32_t site) {
  for (guint i = 0; i < vary->rows->len; i++) {
    RunVaryRow *row = &g_array_index(vary->rows, RunVaryRow, i);
    if (row->kind == kind && row->function == function && row->site == site)
      return row;
  }
  RunVaryRow row = { .kind = kind, .function = function, .site = site, .option_min = UINT32_MAX };
  g_array_append_val(vary->rows, row);
  return &g_array_index(vary->rows, RunVaryRow, vary->rows->len - 1);
}

static uint32_t answer(SimMachine *machine, const SimPoint *point) {
  RunVary *vary = vary_of(machine);
  const SimContext *context = machine->current;
  uint32_t function = context == NULL ? 0 : context->call != 0 ? context->call : context->pending.function;
  RunVaryRow *row = row_at(vary, point->kind, function, context != NULL ? context->site : 0);
  row->count++;
  row->option_min = MIN(row->option_min, point->option_count);
  row->option_max = MAX(row->option_max, point->option_count);
  vary->counts[point->kind]++;
  return point->natural;
}

static uint32_t access_budget(SimMachine *machine, const SimContext *context) {
  (void)machine, (void)context;
  return UINT32_MAX;
}

static const SimPolicy counting = {
  .name = "what-can-vary",
  .title = "natural answers, counted",
  .explores = true,
  .begin = begin,
  .answer = answer,
  .access_budget = access_budget,
};

void run_vary_finish(RunVary *vary) { g_clear_pointer(&vary->rows, g_array_unref); }

/* The order of a table: stable, so that places stay in the order in which they were met. */
static void rows_sort(RunVary *vary) {
  GArray *sorted = g_array_new(FALSE, FALSE, sizeof(RunVaryRow));
  for (unsigned kind = 0; kind < SIM_CHOICE_KIND_COUNT; kind++)
    for (guint i = 0; i < vary->rows->len; i++)
      if (g_array_index(vary->rows, RunVaryRow, i).kind == kind)
        g_array_append_val(sorted, g_array_index(vary->rows, RunVaryRow, i));
  g_array_unref(vary->rows);
  vary->rows = sorted;
}

void scenario_vary_look(ScenarioRun *run, RunVary *vary, RunResult *result) {
  static const SimSchedule natural = { 0 };
  *vary = (RunVary){ .rows = g_array_new(FALSE, FALSE, sizeof(RunVaryRow)) };
  SimSearch search = { .policy = &counting, .state = vary };
  scenario_run_once(run, &(RunRequest){ .policy = &counting, .replay = &natural, .search = &search }, result);
  vary->access_count = sim_machine()->access_count;
  rows_sort(vary);
}
