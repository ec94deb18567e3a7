/*
 * coverage_collect.h: what a scenario's schedules have exercised so far: which routines of the drivers were active at the same time or interrupted one
 * another, which calls met, in what order locks were taken, what was chosen, which lines of C drivers ran. Collected beside the run by an observer:
 * a run that is not covered pays nothing, and what is collected is part of no outcome.
 *
 * Host memory, kept over all runs of a ScenarioRun; reports/coverage.h turns it into a document that can be merged and printed.
 */
#pragma once

#include "run.h"

#define COVERAGE_ROUTINE_COUNT_MAX 96
#define COVERAGE_CALL_COUNT_MAX 256
#define COVERAGE_LOCK_EDGE_COUNT_MAX 128
#define COVERAGE_ANSWER_COUNT_MAX 8
#define COVERAGE_DEPTH_MAX 8

/* A routine of a driver that Windows calls. */
typedef struct CoverageRoutine {
  uint64_t address;
  uint32_t callback; /* DdiCallback.id */
  uint64_t entered;
} CoverageRoutine;

typedef struct CoverageLockEdge {
  uint32_t held; /* ordinals; the same in every run of a scenario only where locks are made at boot */
  uint32_t taken;
  uint64_t held_address;
  uint64_t taken_address;
  uint64_t count;
} CoverageLockEdge;

/* Driver code that is active on a context, while a run runs. */
typedef struct CoverageActive {
  const SimContext *context; /* stands where it stands in every run */
  uint32_t context_id;
  uint16_t depth; /* routines, the innermost last */
  uint16_t routines[COVERAGE_DEPTH_MAX];
  int call; /* index into calls; -1: none */
} CoverageActive;

typedef struct Coverage {
  uint64_t run_count;
  CoverageRoutine routines[COVERAGE_ROUTINE_COUNT_MAX];
  unsigned routine_count;
  uint64_t met[COVERAGE_ROUTINE_COUNT_MAX][COVERAGE_ROUTINE_COUNT_MAX];         /* [smaller][larger]: both active, in different contexts */
  uint64_t interrupted[COVERAGE_ROUTINE_COUNT_MAX][COVERAGE_ROUTINE_COUNT_MAX]; /* [below][above], on one cpu */
  uint32_t calls[COVERAGE_CALL_COUNT_MAX];                                      /* DdiFunction.id */
  uint64_t call_counts[COVERAGE_CALL_COUNT_MAX];
  unsigned call_count;
  uint64_t call_met[COVERAGE_CALL_COUNT_MAX][COVERAGE_CALL_COUNT_MAX];
  CoverageLockEdge lock_edges[COVERAGE_LOCK_EDGE_COUNT_MAX];
  unsigned lock_edge_count;
  uint64_t answers[SIM_CHOICE_KIND_COUNT][COVERAGE_ANSWER_COUNT_MAX + 1]; /* other than the natural; the last: larger ids */
  uint32_t *lines; /* by return address of the block hook, divided by 4, from SIM_IMAGE_BASE; NULL: no C driver was built for it */

  /* of the run that runs */
  CoverageActive active[SIM_CONTEXT_COUNT_MAX];
  unsigned active_count;
  CoverageActive active_boot[SIM_CONTEXT_COUNT_MAX]; /* what boot left in its routines: threads that wait */
  unsigned active_boot_count;
  struct CoverageHeld {
    uint32_t context;
    uint32_t object;
  } held[64];
  unsigned held_count;
} Coverage;

Coverage *coverage_new(bool has_lines);
void coverage_free(Coverage *coverage);

/* Forgets what was counted, but for lines: to count on from here. */
void coverage_clear(Coverage *coverage);

/* Before a run, when the machine has been restored; and when it is over. Called by scenario_run_once. */
void coverage_run_begin(Coverage *coverage);
void coverage_run_end(Coverage *coverage, const RunResult *result);

/* What happened at boot counts, too. */
void coverage_boot(Coverage *coverage, const SimRecord *record);

/* ---- lines of a C driver (coverage_lines.c) ---- */

typedef struct CoverageLine {
  const char *file; /* relative to the scenario's folder; borrowed from the list */
  unsigned line;
  uint64_t count;
} CoverageLine;

typedef struct CoverageFunction {
  const char *file;
  unsigned line;
  const char *name;
  uint64_t count; /* times it was entered */
} CoverageFunction;

typedef struct CoverageLines {
  GArray *lines;     /* CoverageLine, by file and line: every line that has code */
  GArray *functions; /* CoverageFunction, by file and line */
  GStringChunk *texts;
} CoverageLines;

/* Of one image of the run. Returns owned. */
CoverageLines *coverage_lines_of(const Coverage *coverage, const char *image_path);
void coverage_lines_free(CoverageLines *lines);
