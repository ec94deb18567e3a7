/*
 * explore.h: a campaign at work: a process that keeps the log, and workers that run blocks of schedules.
 */
#pragma once

#include "cli.h"

#include "../campaign/join.h"
#include "../campaign/ring.h"

/* One scenario's search. Borrowed while it runs. */
typedef struct ExploreTask {
  const CliScenario *scenario;
  SimSearchOptions search;
  uint64_t schedules;   /* numbers below this; 0: without an end */
  double seconds;       /* 0: without an end */
  bool until_saturated; /* ends when hardly anything new is to be expected */
  bool until_found;     /* ends with the first schedule that is not as expected */
  unsigned jobs;
  uint64_t shard, shard_count;
  const char *folder; /* NULL: nothing is kept */
  bool has_sandbox;
  bool wants_shrunk; /* failing schedules are made minimal in the end */
  bool has_coverage; /* what the schedules exercise is collected, too */
  const volatile bool *is_interrupted;
  void (*found)(const CampaignOutcome *outcome, const Campaign *campaign, double seconds, void *data); /* an outcome not met before */
  void (*levelled)(const CampaignLevel *level, double seconds, void *data);                 /* all schedules within a bound were run */
  void (*progress)(const Campaign *campaign, uint64_t pending, double seconds, void *data); /* now and then */
  void *data;
} ExploreTask;

typedef struct ExploreResult {
  Campaign *campaign;
  Scenario *scenario;             /* NULL: it could not be loaded */
  bool is_begun;                  /* the campaign is this one's, and whole as it was found */
  uint64_t schedule_count_before; /* of what the folder held */
  double seconds;                 /* of this session */
  unsigned jobs;
  int exit_code;    /* EXIT_AS_EXPECTED unless it could not be searched */
  char *error;      /* then why */
  char *stopped;    /* why it ended: "10,000 schedules", "saturated", ...: constant words, owned */
  bool is_complete; /* all schedules of the budget were run */
  GPtrArray *notes; /* char *: about the folder, drivers, workers */
} ExploreResult;

void explore_run(const ExploreTask *task, ExploreResult *result);
void explore_result_finish(ExploreResult *result);

/* A campaign that a folder holds, as it was begun. */
typedef struct ExploreHeld {
  CliScenario scenario;
  SimSearchOptions search;
  uint64_t shard, shard_count;
} ExploreHeld;

/* All of a folder, ExploreHeld *; NULL with error. Returns owned. */
GPtrArray *explore_held(const char *folder, GError **error);

/* ---- the worker's side: a process of its own ---- */

typedef struct ExploreWorkerTask {
  const ExploreTask *task;
  CampaignRing *ring;
  int commands; /* to read: lines "FIRST STRIDE COUNT SKIP", a block each; "shrink LINE" */
  int replies;  /* to write: JSON, one object a line */
} ExploreWorkerTask;

#define EXPLORE_SHRINK "shrink "

void explore_worker_main(const ExploreWorkerTask *worker) G_GNUC_NORETURN;
