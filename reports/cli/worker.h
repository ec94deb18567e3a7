/*
 * worker.h: each scenario in a process of its own, so that a crash or an endless run of one costs no other its result.
 */
#pragma once

#include "search_options.h"

typedef struct WorkerOptions {
  const CliSearch *search; /* over the scenario's own policy */
  uint64_t schedules;      /* 0: the scenario's */
  bool wants_report;       /* also of a scenario that came out as expected */
  bool wants_causes;       /* of each outcome */
  bool shrinks;            /* the schedule that a report is of is made minimal first */
  ReportStyle style;       /* of the report */
  unsigned timeout_s;      /* of one scenario; 0: none */
  unsigned jobs;
  bool has_sandbox;
  bool wants_coverage;
  bool wants_lines; /* beside it */
} WorkerOptions;

/* Runs one scenario in this process. Returns owned. */
Outcome *worker_outcome(const CliScenario *scenario, const WorkerOptions *options);

/* Is told each outcome, in the order of the scenarios, as soon as it and all before it are there. Takes the outcome. */
typedef void WorkerTold(Outcome *outcome, void *data);
/* Is told now and then how many there are. */
typedef void WorkerIdle(guint done, guint total, void *data);

/* Runs all (CliScenario), `jobs` at a time. Stops early when *is_interrupted becomes true: what runs then is killed and told nothing. */
void workers_run(const GPtrArray *scenarios, const WorkerOptions *options, const volatile bool *is_interrupted, WorkerTold *told,
                 WorkerIdle *idle, void *data);
