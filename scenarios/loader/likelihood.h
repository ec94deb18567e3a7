/*
 * likelihood.h: how likely a failure was at each choice of the schedule that came to it, and from which choice on it could not be averted any more.
 *
 * The likelihood behind a choice is the chance that a run fails in the same way which goes as the schedule goes up to there, and from there on answers
 * each choice evenly from its options (the uniform random walk). It is counted exactly where all runs are few, from the end of the schedule towards
 * its beginning, and drawn before that. That nothing but the failure is left is proved where all runs are run, and only there.
 */
#pragma once

#include "failure.h"

#include "sim/prospect.h"

typedef struct LikelihoodOptions {
  uint64_t draws; /* behind a choice; 0: 400, fewer where a run is long */
  uint64_t runs;  /* at most so many to count exactly; 0: 20,000, fewer where a run is long */
  uint64_t steps; /* of all that are drawn, and of all that are counted; 0: 10 million, or as many as the numbers above take */
  uint64_t seed;
  uint32_t varies;      /* beside what the schedule itself departs in: SimSearchOptions.varies */
  bool visits_accesses; /* each access of driver code is a choice; it is where the schedule departs at one */
  bool holds_up;        /* the clock may tick while all are held up; it may where the schedule says so */
} LikelihoodOptions;

/* Of so many runs so many fail. */
typedef struct LikelihoodShare {
  uint64_t runs;
  uint64_t fails;
  double chance; /* exact: of all runs, weighed by how likely each is to be drawn */
} LikelihoodShare;

/* What can still become of the run before a choice; the last is behind all of them. */
typedef struct LikelihoodPoint {
  LikelihoodShare share; /* .runs 0: not looked at */
  bool is_exact;         /* these are all runs there are */
  double low, high;      /* 95 percent of such intervals hold the chance (Wilson's); itself where it is exact */
} LikelihoodPoint;

/* Owned; likelihood_finish. */
typedef struct Likelihood {
  RunFailure failure;
  SimProspectLine line;     /* the choices, with their options */
  LikelihoodPoint *points;  /* line.count + 1 */
  LikelihoodShare *options; /* of each of line.options, where its choice was looked at: what becomes of it behind that answer */
  size_t proved;   /* with this choice made, and from there on, every run fails: all were run. The first such; 0: from the beginning */
  size_t tried;    /* ... every run that was drawn or counted */
  bool is_averted; /* before the choice in front of `proved` a run was seen that does not fail: it is the choice that decided */
  bool is_cut;     /* the host's clock ended a run, of which nothing is known: nothing is proved */
  size_t critical; /* the choice that raised the likelihood most; line.count: none did */
  uint64_t drawn, counted; /* runs */
  SimSearchOptions search; /* what could go otherwise, for run_search_bounds */
} Likelihood;

/* Of a schedule that comes to a failure; false: nothing goes wrong in it, or the host's clock ended it, and all is empty. The machine is left as the last
 * run left it. */
bool likelihood_of(ScenarioRun *run, const SimSchedule *schedule, const LikelihoodOptions *options, Likelihood *likelihood);
void likelihood_finish(Likelihood *likelihood);

/* Is the difference between two shares more than chance makes of one? */
bool likelihood_differs(const LikelihoodPoint *one, const LikelihoodPoint *other);
