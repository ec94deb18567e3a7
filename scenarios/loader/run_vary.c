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

static void point_count(RunVary *vary, const SimContext *context, SimChoiceKind kind, uint32_t option_count) {
  uint32_t function = context == NULL ? 0 : context->call != 0 ? context->call : context->pending.function;
  RunVaryRow *row = row_at(vary, kind, function, context != NULL ? context->site : 0);
  row->count++;
  row->option_min = MIN(row->option_min, option_count);
  row->option_max = MAX(row->option_max, option_count);
  vary->counts[kind]++;
}

static bool has_clock(const SimPoint *point) {
  for (uint32_t i = 0; point->options != NULL && i < point->option_count; i++)
    if (point->options[i].actor == SIM_ACTOR_CLOCK)
      return true;
  return false;
}

/* Whether the clock ticks is counted as a kind of its own also where it is asked together with who steps next. */
static uint32_t answer(SimMachine *machine, const SimPoint *point) {
  RunVary *vary = vary_of(machine);
  bool is_clock_too = point->kind == SIM_CHOICE_STEP && has_clock(point);
  point_count(vary, machine->current, point->kind, point->option_count - is_clock_too);
  if (is_clock_too)
    point_count(vary, machine->current, SIM_CHOICE_CLOCK, 2);
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
  .holds_up = true,
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
