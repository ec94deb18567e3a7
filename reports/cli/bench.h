/*
 * bench.h: what single things cost: each measured beside something of the host that does the like, in the same process, so that the ratio means
 * something on any machine. Nothing here is part of any outcome.
 */
#pragma once

#include "run.h"

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct BenchCost {
  const char *what;
  double cost_ns;
  const char *beside; /* "": nothing is like it */
  double beside_ns;
} BenchCost;

/* Nanoseconds of one of the `count` things that the body does when called with it: enough of them for a measurable time, the best of some. */
typedef void BenchBody(uint64_t count, void *data);
double bench_ns(BenchBody *body, void *data);

typedef struct BenchRate {
  double schedules_per_s;
  double steps_per_schedule;
  double step_ns;
} BenchRate;

/* Schedules for about so many seconds of the processor, at least one, by the scenario's own policy where it draws, else at random. */
BenchRate bench_rate(ScenarioRun *run, double seconds, bool without_rules);

/* Nanoseconds of the natural schedule, the best of some; negative: it does not come to its end. */
double bench_run_ns(ScenarioRun *run);
void bench_add(GArray *costs, const char *what, double cost_ns, const char *beside, double beside_ns);

/* The machine without Windows: fibers, events, scheduling points, the access hook. */
void bench_machine(GArray *costs);

/* Timers, threads that sleep, restores of known sizes. */
void bench_queue(GArray *costs);

/* Drivers as steps and compiled: a step, a DDI call, an access; restoring the state. What needs a C compiler is left out where there is none. */
void bench_driver(GArray *costs);

/* An access of a C driver, with and without the look for races, beside the compiler's own detector. Left out where there is no C compiler. */
void bench_access(GArray *costs);

/* What the comparison of policies is given. */
typedef struct BenchPolicies {
  unsigned seeds;     /* searches of each policy */
  uint64_t schedules; /* of a search, at most */
  const char *only;   /* of these policies one; NULL: all */
  bool wants_json;
} BenchPolicies;

/* How many schedules brute force, partial-order reduction and merged states need for all there are, at most that many each, and how fast. Prints;
 * returns the exit code. */
int bench_systematic(uint64_t schedules, bool wants_json, char **paths);

/* Nanoseconds of a random schedule of that program (locks, increments, buffer; what is before a slash does not count) as bare coroutines in plain C;
 * 0: it is no such program. */
double bench_plain_ns(const char *name);

/* What a schedule costs as CPUs, threads, connections and filters grow. Prints; returns the exit code. */
int bench_growth(double seconds, bool wants_json);

/* How many schedules each policy needs for each of the scenarios. Prints; returns the exit code. */
int bench_policies(const BenchPolicies *wanted, char **paths);

/* What shrinking makes of the failing schedules of so many searches of each scenario, and what it costs. Prints; returns the exit code. */
int bench_shrink(const BenchPolicies *wanted, char **paths);
