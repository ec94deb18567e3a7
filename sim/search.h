/*
 * search.h: a search runs one machine many times, each time another way: which policy answers, with what seed and bounds, and what policies keep from
 * run to run. Whoever explores restores the machine and runs it between sim_search_begin and sim_search_end.
 *
 * Host memory, owned by who explores. The same options give the same sequence of schedules, whatever the host.
 */
#pragma once

#include "choice.h"

struct SimMachine;
struct SimRunOptions;

#define SIM_SEARCH_UNBOUNDED UINT32_MAX

typedef struct SimSearchOptions {
  const SimPolicy *policy;
  uint64_t seed;             /* of the first schedule: schedule n draws from seed + n */
  uint64_t first;            /* number of the first schedule: of a shard, or of a search that goes on */
  uint64_t stride;           /* to the next: the number of shards; 0 and 1: every one */
  uint32_t depth;            /* of pct: bug depth d; 0: the policy's default */
  uint32_t preemption_bound; /* of systematic policies: switches away from a cpu that could go on */
  uint32_t delay_bound;      /* ... departures from the natural schedule */
  uint32_t varies;           /* bit n: SimChoiceKind n is asked also where only somebody who wants it asks (sim_choose_rare) */
  bool visits_accesses;      /* each access of driver code is a point, not only one now and then */
  bool merges_states;        /* states seen before are not searched again (search_state.h says when that is sound) */
} SimSearchOptions;

typedef struct SimSearch {
  SimSearchOptions options;
  const SimPolicy *policy; /* of this schedule: of a portfolio, the member whose turn it is */
  uint64_t number;         /* of this schedule */
  uint64_t count;          /* schedules begun */
  void *state;             /* options.policy's */
} SimSearch;

extern const SimSearchOptions sim_search_options_default; /* the random policy, seed 1, no bounds */

/* Takes nothing; finish frees what is owned. */
void sim_search_init(SimSearch *search, const SimSearchOptions *options);
void sim_search_finish(SimSearch *search);

/* Before a run: fills policy, seed and search of the run's options. */
void sim_search_begin(SimSearch *search, struct SimRunOptions *run);

/* After the run, with the machine as the run left it: learns, and goes on. False: there is no other schedule. */
bool sim_search_end(SimSearch *search, struct SimMachine *machine);

/* Policies that need a search. */
extern const SimPolicy sim_policy_exhaustive; /* takes every option of every point, natural ones first */

/* All of them, by name, for options and help. */
extern const SimPolicy *const sim_policies[];
extern const size_t sim_policy_count;
const SimPolicy *sim_policy_find(const char *name); /* NULL: no such policy */
