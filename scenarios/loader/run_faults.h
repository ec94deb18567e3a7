/*
 * run_faults.h: what becomes of a scenario when whatever can fail does: every place once alone, then by pairs; first those in DriverEntry, each with
 * a boot of its own.
 */
#pragma once

#include "run.h"

#include "sim/faults.h"

/* One run in which something failed. Owned strings. */
typedef struct RunFaultRow {
  unsigned count; /* things that were to fail: 1 or 2 */
  SimFaultPlace places[2];
  uint32_t calls[2]; /* calls of that function since Windows started, this one included; 0: the place is no call, or was not counted */
  bool is_boot;      /* it failed while drivers were loaded */
  bool is_trouble;   /* it came to something that the natural schedule does not come to */
  char *bucket;      /* run_result_bucket */
  char *schedule;    /* its line; NULL: of a boot, which the scenario's "faults" repeat */
  RunResult result;  /* of trouble; else empty */
} RunFaultRow;

typedef struct RunFaults {
  char *natural;         /* bucket of the run in which nothing failed */
  GPtrArray *rows;       /* RunFaultRow * */
  uint32_t place_count;  /* places that were found, those of boots included */
  uint32_t single_count; /* of them, how many failed alone */
  uint64_t pair_count;   /* runs in which two failed */
  uint32_t trouble_count;
  bool is_complete; /* nothing is left to try within the depth */
  bool is_interrupted;
} RunFaults;

typedef struct RunFaultOptions {
  unsigned depth;                              /* 2: pairs too */
  uint32_t varies;                             /* kinds that fail beside allocations and calls */
  uint64_t schedules;                          /* at most; 0: as many as there are */
  bool (*progress)(uint64_t done, void *data); /* false: stop; NULL: none */
  void *data;
} RunFaultOptions;

/* Runs them all. NULL-safe to finish in any case. False with error: a boot could not be repeated. */
bool scenario_faults_run(ScenarioRun *run, const RunFaultOptions *options, RunFaults *faults, GError **error);
void run_faults_finish(RunFaults *faults);

/* Boots once more, as the row says when it is of a boot, and runs its schedule, with its events. */
bool scenario_fault_again(ScenarioRun *run, const RunFaultRow *row, SimRecord *record, RunResult *result, GError **error);
