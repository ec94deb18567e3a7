/*
 * fixture.h: programs of steps from JSON, run on a machine without Windows. One object a driver, in it "globals" and its functions:
 *
 *   { "fw": { "globals": { "x": "LONG = 3" }, "go": { "as": "KDEFERRED_ROUTINE", "parameters": {...}, "returns": "LONG", "locals": {...},
 *                                                     "do": [...] } } }
 */
#pragma once

#include "scenarios/loader/step.h"
#include "table.h"

typedef struct Fixture {
  JsonDocument *document;
  StepProgram *program;
  StepInstance *instance; /* of the last run */
  SimLimits limits;
  char *error; /* why there is no program */
} Fixture;

/* program is NULL where it does not load. Ends with fixture_close. */
void fixture_open(Fixture *fixture, const char *json);
void fixture_close(Fixture *fixture);

/* How a run of "fw.NAME" as a thread on one cpu ended. */
typedef struct FixtureRun {
  SimStop stop;
  uint64_t result;
  uint64_t hash, accesses, steps, time_ns;
  bool has_fault;
  SimFault fault;
  uint32_t frame_count; /* at the fault or the stop */
  SimFrame frames[SIM_FRAME_COUNT_MAX];
  uint32_t site;
} FixtureRun;

void fixture_run(Fixture *fixture, const char *function, const uint64_t *arguments, unsigned count, FixtureRun *run);

/* Two threads, "fw.a" and "fw.b", each on a cpu of its own. */
void fixture_run_both(Fixture *fixture, const SimPolicy *policy, uint64_t seed, FixtureRun *run);

int64_t fixture_global(const Fixture *fixture, const char *name);
