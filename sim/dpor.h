/*
 * dpor.h: what the files of dynamic partial-order reduction share. policy_dpor.c answers points and walks the tree; dpor_trace.c keeps the steps of the
 * run and who sleeps; dpor_race.c finds what happened before what, and which steps raced.
 *
 * Who takes turns is a CPU (a "process" of the papers). All else that could go otherwise within a CPU's step (does the interrupt land, which ready
 * thread, does the allocation fail) is branched in full.
 *
 * Where all CPUs may be held up until the clock ticks (SimSearchOptions.holds_up) the tick is one more process: its step depends on every other, and it
 * is taken at each node where it can be. All CPUs that are awake are taken there, too, since each set of steps that can come before a tick is another
 * history; and where the tick comes only later, its races ask for those sets as all races do.
 */
#pragma once

#include "footprint.h"
#include "internal.h"
#include "search_path.h"
#include "search_save.h"
#include "search_time.h"

#define DPOR_NONE UINT32_MAX
/* Steps of a run that are kept: what follows takes natural answers, and the search is not complete. Runs are seldom a hundred steps; those that are
 * longer than this do not end, and comparing each step with each other one takes its time. */
#define DPOR_STEP_COUNT_MAX 8192u
#define DPOR_CLOCK 64u /* an event of the queue fires */

/* A cpu whose step was searched from some node on: asleep in what is searched after it, until a step that depends on its own. */
typedef struct DporSleeper {
  uint32_t node;
  uint32_t explored; /* index in that node's */
} DporSleeper;

typedef struct DporStep {
  uint32_t cpu;     /* or DPOR_CLOCK */
  bool is_tick;     /* ... of the clock, which may come while CPUs are held up */
  uint32_t node;    /* where it was chosen; DPOR_NONE: nobody else could step */
  uint64_t enabled; /* cpus that could step before it */
  uint64_t asleep;
  uint32_t asks_for; /* SimThreads.asks_for of what it carries on */
  bool is_patient;   /* ... and no interrupt could land instead: it would not have been made where another one had it */
  uint32_t sleeper_first, sleeper_count;
  SimFootprint footprint;
} DporStep;

typedef struct DporExplored {
  uint32_t cpu;
  SimFootprint footprint; /* of its step there, over all that could go otherwise in it */
} DporExplored;

/* A point on the path. */
typedef struct DporNode {
  bool is_full;  /* every option is taken, in order; else cpus, as races ask for them */
  uint32_t step; /* the step it chose, or is in */
  uint32_t *ids; /* is_full: the options, the natural one first; owned */
  uint32_t id_count, id_capacity, taken;
  uint64_t backtrack; /* cpus to be searched from here */
  uint64_t done;      /* ... that were, and the one that is */
  uint32_t cpu;       /* the one that is */
  bool has_tick;      /* the clock may tick here, with all CPUs held up: after the CPUs were searched */
  bool is_tick;       /* it does */
  SimShard shard;     /* who searches what is below it */
  SimFootprint footprint;
  DporExplored *explored;
  uint32_t explored_count, explored_capacity;
} DporNode;

/* Of the current run. */
typedef struct DporRun {
  uint32_t node_depth; /* nodes it has met */
  uint32_t step_count;
  bool is_begun; /* the step was begun by the answer; vcpu_enter is still to come */
  bool is_step_open;
  uint32_t tick_node; /* where it was chosen that the clock ticks, which is still to come; DPOR_NONE: it was not */
  uint64_t tick_enabled;
  SimShard shard; /* who shares the path so far */
  SimSearchTime time;
} DporRun;

typedef struct Dpor {
  DporNode *nodes;
  uint32_t node_count, node_capacity;
  DporStep *steps;
  uint32_t step_capacity;
  uint32_t step_known; /* steps of the path that the run before this one made, too: known already */
  uint32_t clock_size; /* one more than there are cpus */
  uint32_t *clocks;    /* [step][cpu]: 1 + the last step of that cpu that is before it or is it */
  DporSleeper *sleepers;
  uint32_t sleeper_capacity;
  DporRun run;
  SimSaves *saves; /* states inside of runs; NULL: none are kept */
  /* Time: see footprint.h. */
  uint64_t timed; /* intervals in which every step depends on every other: sim_search_time_bit */
  uint64_t turns_timed;
  SimSearchProof proof;
} Dpor;

/* ---- dpor_trace.c ---- */

/* A step begins, made by that cpu; before it, these could have stepped. */
void dpor_step_begin(Dpor *dpor, SimMachine *machine, uint32_t cpu, uint32_t node, uint64_t enabled);
void dpor_step_end(Dpor *dpor, SimMachine *machine);
/* Cpus that are asleep after the last step of the run so far, which has ended; fills the sleepers of the next one. */
uint64_t dpor_sleep(Dpor *dpor);
/* What the cpu's next step asks for (SimThreads.asks_for); 0: nothing. */
uint32_t dpor_asks_for(const SimMachine *machine, uint32_t cpu);
/* Room for one more step. */
void dpor_grow(Dpor *dpor);

/* ---- dpor_race.c ---- */

/* After a run: what happened before what; races ask for cpus to be searched at former nodes. */
void dpor_races(Dpor *dpor, SimMachine *machine);
