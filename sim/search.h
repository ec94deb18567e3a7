/*
 * search.h: a search runs one machine many times, each time another way: which policy answers, with what seed and bounds, and what policies keep from
 * run to run. Whoever explores restores the machine and runs it between sim_search_begin and sim_search_end.
 *
 * Host memory, owned by who explores. The same options give the same sequence of schedules, whatever the host.
 */
#pragma once

#include "arena.h"
#include "choice.h"

struct SimMachine;
struct SimRunOptions;

#define SIM_SEARCH_UNBOUNDED UINT32_MAX
#define SIM_SEARCH_SAVED_SIZE ((size_t)64 << 20) /* where nobody says */

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
  size_t saved_size_max;     /* of a systematic search: bytes of states inside of runs that are kept, so that the next schedule goes on from
                              * there (search_save.h); 0: none */
  bool
      makes_attempts; /* of systematic policies: also at what somebody else has (SimThreads.is_futile): for tests of what is known of those */
  bool holds_up;      /* of a systematic search: all cpus may be held up until the clock ticks: a delay, and a preemption as any switch */
  bool deepens;       /* of whoever loops: schedules with 0 preemptions first, then those with 1, ... (sim_search_level) */
  uint32_t preemption_floor; /* schedules with fewer preemptions are none of this search: another had them */
  bool races;                /* data races are looked for (race.h) */
  bool races_rarely;         /* only in the first schedules, and in one of several behind those: the caller's business */
} SimSearchOptions;

typedef struct SimSearch {
  SimSearchOptions options;
  const SimPolicy *policy; /* of this schedule: of a portfolio, the member whose turn it is */
  uint64_t number;         /* of this schedule */
  uint64_t count;          /* schedules begun */
  void *state;             /* options.policy's */
  bool is_others;          /* the run so far is another shard's, should it end here */
  bool is_below;           /* ... or has fewer preemptions than the search is about */
} SimSearch;

extern const SimSearchOptions sim_search_options_default; /* the random policy, seed 1, no bounds */

/* Takes nothing; finish frees what is owned. */
void sim_search_init(SimSearch *search, const SimSearchOptions *options);
void sim_search_finish(SimSearch *search);

/* Before a run: fills policy, seed and search of the run's options. */
void sim_search_begin(SimSearch *search, struct SimRunOptions *run);

/* After sim_search_begin, with what it filled in: puts the machine into the middle of the schedule, to a state inside of an earlier run that was
 * saved where the two part. False: there is none; the caller restores `start`, with which every run begins, and calls sim_machine_begin. What
 * comes of the schedule is the same. */
bool sim_search_resume(SimSearch *search, const SimSnapshot *start, const struct SimRunOptions *run);

/* After the run, with the machine as the run left it: learns, and goes on. False: there is no other schedule. */
bool sim_search_end(SimSearch *search, struct SimMachine *machine);

/* Iterative context bounding (Musuvathi and Qadeer, PLDI 2007): one search after the other, each of the schedules that those before it left out for
 * their bound: the first bug found has the fewest preemptions, and what came before it is proved. Bounds are 0, 1, 2, 3, 4, 6, 8, 12, ...: a level
 * runs those below it again, and need not do so for each. The options of one level of a search without bounds. */
#define SIM_SEARCH_LEVEL_COUNT 16
uint32_t sim_search_level_bound(unsigned level); /* the last: SIM_SEARCH_UNBOUNDED */
SimSearchOptions sim_search_level(const SimSearchOptions *options, unsigned level);

/* Where a search that leaves out orders of steps that commute took every order all the same. */
typedef enum SimUnreduced {
  SIM_UNREDUCED_TIME = 1,    /* an event could come due in another order, or a clock is read */
  SIM_UNREDUCED_THREADS = 2, /* ready threads wait for a cpu */
  SIM_UNREDUCED_ACCESS = 4,  /* at an access, with an interrupt pending on the cpu that makes it */
} SimUnreduced;

/* What a systematic search has proved. */
typedef struct SimSearchProof {
  bool is_complete;   /* there is no other schedule (of this shard, within the bounds) */
  bool is_cut;        /* a limit ended some run: what would have followed was not searched */
  bool is_bounded;    /* schedules beyond the bounds were left out: false: there are none */
  bool is_timed;      /* virtual time mattered: states differ by it, or (dpor) somewhere every order was taken */
  uint32_t unreduced; /* SimUnreduced: bits */
  uint64_t schedules; /* searched to their end */
  uint64_t known;     /* begun, and left since all that could follow was known (SIM_STOP_KNOWN) */
  uint64_t steps;
  uint64_t states;  /* merges_states: different ones seen */
  uint64_t saved;   /* states inside of runs that were kept (saved_size_max) */
  uint64_t resumed; /* runs that went on from one */
  uint64_t dropped; /* of those kept: for want of memory */
  double part;      /* of exhaustive: about how much of all there is was searched, if what is left branches as the path does; 1: all */
} SimSearchProof;

/* Of the search so far; false: its policy proves nothing. */
bool sim_search_proof(const SimSearch *search, SimSearchProof *proof);

/* Whether the run that has just ended is a schedule of this search: else it was left where all that could follow was known, or is another shard's,
 * and is neither judged nor counted. Between the run and sim_search_end. */
bool sim_search_is_new(const SimSearch *search, const struct SimMachine *machine);

/* Policies that need a search: those that draw (drawing.h) and learn from their runs, and systematic ones. */
extern const SimPolicy sim_policy_pct;       /* priorities that change at few points */
extern const SimPolicy sim_policy_pos;       /* priorities of operations */
extern const SimPolicy sim_policy_urw;       /* weighed by what is left to do */
extern const SimPolicy sim_policy_surw;      /* uniform at a few shared places */
extern const SimPolicy sim_policy_burst;     /* runs of steps of one */
extern const SimPolicy sim_policy_feedback;  /* wishes for who reads from whom */
extern const SimPolicy sim_policy_frontier;  /* back to where few runs have been */
extern const SimPolicy sim_policy_fair;      /* nobody is passed over for ever */
extern const SimPolicy sim_policy_portfolio; /* those in turn */
extern const SimPolicy sim_policy_bytes;     /* of a fuzzer, which gives them before each run: not in sim_policies */
void sim_policy_bytes_give(SimSearch *search, const uint8_t *bytes, size_t count); /* borrows them for the run */
extern const SimPolicy sim_policy_exhaustive; /* takes every option of every point, natural ones first */
extern const SimPolicy sim_policy_dpor;       /* ... but one of all orders of steps that commute */

/* All of them, by name, for options and help. */
extern const SimPolicy *const sim_policies[];
extern const size_t sim_policy_count;
const SimPolicy *sim_policy_find(const char *name); /* NULL: no such policy */
