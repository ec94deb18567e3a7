/*
 * worker.h: each scenario in a process of its own, so that a crash or an endless run of one costs no other its result.
 */
#pragma once

#include "cli.h"

typedef struct WorkerOptions {
  bool has_seed;
  uint64_t seed;
  uint64_t schedules; /* 0: the scenario's */
  bool wants_report;  /* also of a scenario that came out as expected */
  ReportStyle style;  /* of the report */
  unsigned timeout_s; /* of one scenario; 0: none */
  unsigned jobs;
  bool has_sandbox;
} WorkerOptions;

/* Runs one scenario in this process. Returns owned. */
Outcome *worker_outcome(const char *file, const char *name, const WorkerOptions *options);

/* Runs all, `jobs` at a time, and tells each outcome in the order of the files as soon as it and all before it are there. `told` takes the outcome.
 * Stops early when *is_interrupted becomes true: what runs then is killed and told nothing. */
typedef void WorkerTold(Outcome *outcome, void *data);
void workers_run(const GPtrArray *files, const GPtrArray *names, const WorkerOptions *options, const volatile bool *is_interrupted,
                 WorkerTold *told, void (*idle)(guint done, guint total, void *data), void *data);
