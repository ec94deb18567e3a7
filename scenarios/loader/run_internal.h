/*
 * run_internal.h: what the files of the runner share (run_boot.c, run_stimulus.c, run_judge.c, run_explore.c).
 */
#pragma once

#include "run.h"
#include "step.h"

struct ScenarioRun {
  const Scenario *scenario;
  StepProgram *steps;       /* of the drivers written as steps; NULL: none */
  StepInstance *instance;   /* in the arena */
  char *fingerprint;
  GPtrArray *images;        /* GuestImage *, of the drivers that are C source */
  GPtrArray *notes;         /* NULL-terminated strings */
  SimSnapshot *snapshot;    /* NULL when the run was over in boot */
  RunResult boot;           /* what boot came to, when it ended the run */
  uint64_t origin_ns;
  bool wants_events;        /* an expectation is about events */
  GHashTable *sources;      /* file -> GStrv of its lines: for RunSite.text; looked up only */
};

/* run_boot.c */
bool run_boot(ScenarioRun *run, GError **error);

/* run_stimulus.c: processes and traffic of the scenario, queued for the times after boot. From the host's own stack, when boot is over. */
void run_stimuli_queue(ScenarioRun *run);

/* run_judge.c: the final state of a connection ("permitted", "blocked", ...) and the like. */
void run_result_take(ScenarioRun *run, const RunRequest *request, RunResult *result);
