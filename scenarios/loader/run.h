/*
 * run.h: a scenario on the machine. Prepared once (steps compiled, driver source built, Windows booted, drivers loaded, the state saved), then run
 * under as many schedules as are wanted, each from the saved state: "boot once, save, explore from the first stimulus".
 *
 * One process runs one scenario at a time: the machine stands at a fixed address.
 */
#pragma once

#include "scenario.h"

#include "model/ke/ke_state.h"
#include "model/rules/finding.h"
#include "sim/search.h"

typedef struct ScenarioRun ScenarioRun;

/* ---- one schedule ---- */

typedef struct RunRequest {
  const SimPolicy *policy;
  uint64_t seed;
  const SimSchedule *replay; /* of sim_policy_replay; borrowed */
  struct SimSearch *search;  /* of sim_policy_exhaustive; borrowed */
  SimRecord *record;         /* NULL: no events are kept but those that expectations are about */
  bool from_boot;            /* all of it is run, though what all schedules begin with may be saved: the same comes out */
  bool without_races;        /* they are not looked for, though they are in others */
  bool without_rules;        /* nobody watches the events: findings are those of boot only. To measure what rules cost */
} RunRequest;

/* What one schedule came to. Owned copies: stays valid when the machine runs on. */
typedef struct RunResult {
  SimStop stop;
  char stop_text[64];
  KeBugcheck bugcheck; /* code 0: none */
  uint64_t hash;       /* over all events, boot included */
  uint32_t event_count;
  uint64_t step_count;
  uint64_t virtual_ns; /* since boot was over */
  Finding *findings;
  uint32_t finding_count;
  SimSchedule exceptions; /* what departed from the natural answers: replays this run */
  uint32_t replay_misses;
  bool ended_in_boot; /* the run was over before the first stimulus */
  SimRecord record;   /* the events that expectations are about, boot's included */
} RunResult;

void run_result_finish(RunResult *result);

/* One word for how it came out, to group schedules by: "clean", "DRIVER_IRQL_NOT_LESS_OR_EQUAL (0xD1)", "irql-leak", "hung", "limit: steps".
 * Returns owned. */
char *run_result_bucket(const RunResult *result);

/* ---- a scenario ---- */

/* Compiles, builds and boots. NULL with error when the input is wrong (steps, C source that does not compile, ...). Borrows the scenario.
 * What happens while Windows boots and drivers load is part of each run (a bug check in DriverEntry is its outcome). */
ScenarioRun *scenario_run_create(const Scenario *scenario, GError **error);
void scenario_run_free(ScenarioRun *run);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ScenarioRun, scenario_run_free)

/* All runs from now on are covered (coverage_collect.h). What they come to does not change. */
void scenario_run_cover(ScenarioRun *run);
/* The same with the lines of C drivers, which are built to count their basic blocks: images of their own, that other replay lines fit. */
ScenarioRun *scenario_run_create_with_lines(const Scenario *scenario, GError **error);
/* What the runs so far have exercised; NULL: it is not collected. Borrowed. */
struct Coverage *scenario_run_coverage(const ScenarioRun *run);

/* From now on data races are looked for, which an expectation that names data-race does by itself. False: the host has no address space left. */
bool scenario_run_look_for_races(ScenarioRun *run);
/* They are looked for, and not because of an expectation: who runs it again has to say so again. */
bool scenario_run_was_told_to_look_for_races(const ScenarioRun *run);
/* What to tell of runs in which races were looked for only in the beginning, for there was no room for all that ran. NULL: there was none. Returns owned. */
char *scenario_run_races_left(const ScenarioRun *run);

const Scenario *scenario_run_scenario(const ScenarioRun *run);
/* Of the guest images, for the replay line: "-" when all drivers are steps. Borrowed. */
const char *scenario_run_fingerprint(const ScenarioRun *run);
/* "the line was made with driver image X, and this is Y: ..." where a line's fingerprint is another than the run's; NULL: it is the same. Returns owned. */
char *scenario_run_image_words(const ScenarioRun *run, const char *fingerprint);
/* Virtual time at which boot was over: what reports call 0. */
uint64_t scenario_run_origin_ns(const ScenarioRun *run);
/* Bytes that are saved; what a restore copies of them, once it is known which pages runs write. */
size_t scenario_run_state_size(const ScenarioRun *run);
size_t scenario_run_copied_size(const ScenarioRun *run);
/* Puts the machine back to where runs begin, as each run does: the end of boot, or where for the first time something can go otherwise. */
void scenario_run_restore(ScenarioRun *run);

/* What was said while drivers were built and loaded: functions not modelled, with every use (`firewall.c:120`). NULL-terminated; borrowed. */
const char *const *scenario_run_notes(const ScenarioRun *run);

/* Runs one schedule. Afterwards the machine keeps its final state, so that reports can look at objects, until the next run. */
void scenario_run_once(ScenarioRun *run, const RunRequest *request, RunResult *result);

/* Where a site in driver code is, for reports: file, line, column and the text of the step or source line. Strings are borrowed from the run. */
typedef struct RunSite {
  const char *driver;
  const char *function;
  const char *file;
  uint32_t line;
  uint32_t column;  /* 0: not known */
  uint32_t step;    /* of a steps driver: the number of the step; 0: compiled code */
  const char *text; /* the step or the source line; "" when it cannot be read */
} RunSite;
bool scenario_run_site(const ScenarioRun *run, uint32_t site, RunSite *where);

/* "10.0.0.1:49152" -> the state of a connection etc.: final values an expectation asks for, from the machine as the last run left it. */

/* ---- judging ---- */

/* Does the expectation hold in this run? For EXPECT_NEVER: does what must not happen happen? (true: it did). */
bool expectation_holds(const ScenarioRun *run, const Expectation *expectation, const RunResult *result);

/* One schedule against all that is expected: why it is not as expected, in one line, with the expectation that does not hold (NULL: something
 * happened that none mentions); NULL: it is. What it fulfils is noted in seen[0 .. expect.count). Returns owned. */
char *scenario_judge(const ScenarioRun *run, const RunResult *result, bool *seen, const Expectation **failed);
/* "expected X, got Y". `run`: as the run left it, of what is expected always. Returns owned. */
char *expectation_explain(const ScenarioRun *run, const Expectation *expectation, const RunResult *result);
/* "not as expected: first.gCount is 2". Returns owned. */
char *expectation_broken(const Expectation *expectation);
/* What is there instead, in the machine as the run left it: "it is 1". NULL: what the run came to says it. Returns owned. */
char *expectation_actual(const ScenarioRun *run, const Expectation *expectation, const RunResult *result);

/* ---- a search ---- */

/* A bound that a search which deepens has done with: each schedule with at most so many preemptions was run. */
typedef struct RunLevel {
  uint32_t preemptions; /* SIM_SEARCH_UNBOUNDED: each schedule there is */
  uint64_t schedules;
} RunLevel;

/* Where races are looked for rarely (SimSearchOptions.races_rarely): in so many first schedules, and in each so-manieth from there. What orders two
 * accesses is much the same in all schedules, and to look costs half of the rate. */
#define RUN_RACES_FIRST 256
#define RUN_RACES_EVERY 16

/* Schedules one after the other, as a policy chooses them: number 0 of one that draws is the natural one. init/finish. */
typedef struct RunSearch {
  ScenarioRun *run;
  SimSearch search;
  bool is_natural_next;
  bool is_cut;              /* at a level before this one */
  SimSearchOptions options; /* of all levels */
  unsigned level;
  uint64_t schedules_below; /* of the levels before this one */
  unsigned level_count;     /* done with */
  RunLevel levels[SIM_SEARCH_LEVEL_COUNT];
} RunSearch;

void run_search_init(RunSearch *search, ScenarioRun *run, const SimSearchOptions *options);
void run_search_finish(RunSearch *search);
uint64_t run_search_number(const RunSearch *search); /* of the next schedule */
/* What "all there are" is about: "with at most 2 preemptions, states merged"; "" where there is no bound. Returns owned. */
char *run_search_bounds(const SimSearchOptions *options);
/* The same of a search: also where it took every order, though its policy leaves out some. Returns owned. */
char *run_search_scope(const SimSearchOptions *options, uint32_t unreduced);
/* SimUnreduced, so far. */
uint32_t run_search_unreduced(const RunSearch *search);
/* Where states are merged: different ones that were met. */
uint64_t run_search_states(const RunSearch *search);
/* Some run went on beyond what the search can follow: that there is no other schedule is not said by its end. */
bool run_search_is_cut(const RunSearch *search);
/* Runs the next schedule; `record` may be NULL. False: there is no other behind it. */
bool run_search_next(RunSearch *search, SimRecord *record, RunResult *result);

/* What a set of schedules came to. */
typedef struct RunBucket {
  char *name; /* run_result_bucket */
  uint64_t count;
  uint64_t first;   /* index of the first schedule that came to it */
  char *schedule;   /* the replay line of its example: of the first, or of the one that the verdict rests on */
  RunResult result; /* of its example */
} RunBucket;

typedef struct RunVerdict {
  bool is_as_expected;
  bool is_exhausted;       /* every schedule there is was run: "exhausted N" rather than "explored N" */
  bool is_interrupted;     /* stopped by the caller */
  uint64_t schedule_count; /* run */
  SimSearchOptions search; /* policy, seed and bounds that chose them */
  uint32_t unreduced;      /* SimUnreduced: where every order was taken */
  uint64_t states;         /* where they are merged: different ones that were met */
  unsigned level_count;    /* bounds done with, of a search that deepens */
  RunLevel levels[SIM_SEARCH_LEVEL_COUNT];
  uint64_t hash;             /* over the hashes of all schedules run, in their order */
  const Expectation *failed; /* the first that does not hold; NULL */
  char *why;                 /* one line, when not as expected; also without expectations that failed (a limit, not modelled) */
  GPtrArray *buckets;        /* RunBucket *, in the order met */
  const RunBucket *shown;    /* the one whose report explains the verdict; NULL: nothing to show */
} RunVerdict;

typedef struct RunExploration {
  const SimSearchOptions *search; /* policy, seed (schedule n is run with seed + n), bounds; NULL: the scenario's; borrowed */
  uint64_t schedules;             /* 0: the scenario's, or as many as its policy is given where nobody says */
  /* Called now and then (every 1,000 schedules); returns false to stop. NULL: never. */
  bool (*progress)(uint64_t done, uint64_t total, void *data);
  void *data;
} RunExploration;

/* Runs schedules until the budget is used up or an expectation can no longer hold, and judges. Without any expectation a run is as expected
 * when it is clean. */
void scenario_explore(ScenarioRun *run, const RunExploration *exploration, RunVerdict *verdict);
void run_verdict_finish(RunVerdict *verdict);

/* Runs the number-th schedule of a random exploration once more (from 0), with its events. `result` is to be finished by the caller. */
void scenario_explore_again(ScenarioRun *run, const RunVerdict *verdict, uint64_t number, SimRecord *record, RunResult *result);
