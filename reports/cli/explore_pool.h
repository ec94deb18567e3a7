/*
 * explore_pool.h: what the files of the process that keeps a campaign's log share: explore_run.c (the loop), explore_folder.c (log and rings on disk),
 * explore_process.c (workers as processes).
 */
#pragma once

#include "explore.h"

#include <sys/types.h>

#define EXPLORE_AHEAD_COUNT 2 /* blocks a worker is given at a time */

typedef struct ExploreWorker {
  pid_t process; /* 0: none */
  int commands;  /* to write; -1: closed */
  int replies;   /* to read; -1: closed */
  int log;       /* a file in memory: its standard error */
  CampaignRing *ring;
  char *ring_file; /* NULL: in memory */
  uint64_t read;   /* entries of the ring that are in the batch or the log */
  GString *text;   /* of replies, up to the next line's end */
  bool is_ready;   /* has said hello */
  CampaignSpan spans[EXPLORE_AHEAD_COUNT];
  unsigned span_count;
} ExploreWorker;

typedef struct ExplorePool {
  const ExploreTask *task;
  ExploreResult *result;
  Campaign *campaign; /* the result's */
  CampaignLog log;    /* descriptor -1: nothing is kept */
  CampaignBatch batch;
  ExploreWorker *workers;
  unsigned worker_count;
  uint64_t next_block;
  bool is_given[CAMPAIGN_PART_COUNT * SIM_SEARCH_LEVEL_COUNT]; /* blocks of a search that deepens */
  GArray *again;                                               /* of uint64_t: blocks whose worker was killed */
  uint64_t total;                                              /* numbers below this are run */
  gint64 begin_us, recorded_us, told_us;
  unsigned death_count;
  bool is_begun;      /* the header is known */
  bool is_stopping;   /* no more blocks */
  bool is_shrinking;  /* a reply is awaited */
  uint64_t shrinking; /* number of the schedule */
} ExplorePool;

/* Ends the search with an error; the first counts. */
void explore_fail(ExplorePool *pool, int exit_code, const char *message);

/* ---- explore_folder.c ---- */

/* "FOLDER/NAME.1-of-4.jsonl". Returns owned. */
char *explore_log_file(const char *folder, const char *scenario, uint64_t shard, uint64_t shard_count);
/* Opens the log, when there is a folder, and reads what it holds. False: explore_fail was called. */
bool explore_folder_open(ExplorePool *pool);
/* With the header that the first worker's hello makes: begins the log, or goes on with it and with what rings of killed workers still hold. Takes the
 * contents of the header. */
bool explore_folder_begin(ExplorePool *pool, CampaignHeader *header);
/* A record into the log and the campaign. Takes it. */
bool explore_record(ExplorePool *pool, json_object *record);
/* All that was run and read so far as a record; the rings have room again. */
bool explore_flush(ExplorePool *pool);
void explore_folder_close(ExplorePool *pool);

/* ---- explore_process.c ---- */

/* False: explore_fail was called. */
bool explore_worker_start(ExplorePool *pool, ExploreWorker *worker);
void explore_worker_kill(const ExploreWorker *worker);
/* After it closed its end: waits for it. Returns what it died of, in words, or NULL when it ended by itself; *is_killed: by a kill. Owned. */
char *explore_worker_wait(ExploreWorker *worker, bool *is_killed);
/* What it said on standard error; NULL: nothing. Returns owned. */
char *explore_worker_said(const ExploreWorker *worker);
void explore_worker_finish(ExploreWorker *worker);
