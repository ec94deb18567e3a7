/*
 * What all schedules of a search begin with, run once: up to the first point at which something can go otherwise there is one course, and a search
 * runs thousands of schedules from there. Policies that draw begin at that point themselves (sim/forced.c), so that each schedule comes out as it
 * would from boot: same hash, same line.
 */
#include "run_internal.h"

/* Runs by one kind of policy before its prefix is looked for: that takes as long as two more, and those who run few schedules are better off without. */
#define RUNS_BEFORE 8

void run_prefix_drop(ScenarioRun *run) {
  sim_snapshot_destroy(&run->prefix.snapshot);
  sim_record_finish(&run->prefix.record);
  sim_record_finish(&run->prefix.kept);
  run->prefix = (RunPrefix){ 0 };
}

static void begin(ScenarioRun *run, const SimRunOptions *options) {
  sim_snapshot_restore(run->snapshot);
  sim_machine_begin(sim_machine(), options);
}

/* The number of the last place before that point where a run can be left; 0: there is none. */
static uint32_t place_find(ScenarioRun *run, const SimRunOptions *options) {
  SimRunOptions looking = *options;
  looking.ends_with_choice = true;
  looking.races = run->races;
  looking.exceptions = NULL;
  looking.record = NULL;
  begin(run, &looking);
  return run_machine(run) == SIM_STOP_KNOWN ? sim_machine()->forced_place : 0;
}

static void make(ScenarioRun *run, const SimRunOptions *options) {
  SimRunOptions holding = *options;
  holding.hold_at = place_find(run, options);
  holding.races = run->races;
  if (holding.hold_at == 0)
    return;
  holding.exceptions = NULL;
  holding.record = &run->prefix.record;
  run_record_copy(&run->prefix.record, &run->boot_record);
  run_record_copy(&run->prefix.kept, &run->boot_kept);
  run->kept = &run->prefix.kept;
  begin(run, &holding);
  SimStop stop = run_machine(run);
  run->kept = NULL;
  if (stop != SIM_STOP_NONE)
    return;
  run->prefix.snapshot = sim_snapshot_save();
}

const RunPrefix *run_prefix_take(ScenarioRun *run, const SimRunOptions *options) {
  RunPrefix *prefix = &run->prefix;
  if (!options->policy->begins_late || run->coverage != NULL)
    return NULL;
  if (prefix->holds_up != options->policy->holds_up || prefix->varies != options->varies || prefix->races != run->races) {
    run_prefix_drop(run);
    prefix->races = run->races;
    prefix->holds_up = options->policy->holds_up;
    prefix->varies = options->varies;
  }
  if (!prefix->is_made && ++prefix->run_count > RUNS_BEFORE) {
    make(run, options);
    prefix->is_made = true;
  }
  return prefix->snapshot != NULL ? prefix : NULL;
}
