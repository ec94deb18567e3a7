#include "likelihood.h"

#include "run_internal.h"

#include <math.h>
#include <string.h>

#define DRAW_COUNT_DEFAULT 400
#define DRAW_COUNT_MIN 16
#define RUN_COUNT_DEFAULT 20000
#define RUN_COUNT_DECIDED 4000      /* to count exactly, when it is known from where on every run fails */
#define STEP_COUNT_DEFAULT 10000000 /* what bounds the time, the same on every host */
#define LOOK_COUNT_FIRST 256        /* choices that are looked at whatever comes of it */
#define LOOK_PART 8                 /* of the draws are enough for a first look */
#define NEAR 0.02                   /* less is not looked at any closer */

typedef struct Estimate {
  ScenarioRun *run;
  Likelihood *out;
  SimSearch search;
  const SimSchedule *schedule;
  uint64_t draws;
  uint64_t runs_max;
  size_t exact;             /* points from here on are counted */
  size_t averted;           /* before the choice in front of this one a run was seen that does not fail: the last such; 0: none was */
  LikelihoodShare *counted; /* of options, while they are counted */
  uint32_t finding_count;   /* that the run under way is known to have */
  uint64_t steps;           /* of all that are counted, then of all that are drawn */
  uint64_t counted_steps_max, drawn_steps_max;
} Estimate;

/* ---- one run ---- */

/* A finding stays: whatever follows it, the run fails. */
static bool is_over(void *data) {
  Estimate *self = data;
  uint32_t count;
  const Finding *findings = rules_findings(&count);
  for (; self->finding_count < count; self->finding_count++)
    if (run_failure_is_finding(self->run, &self->out->failure, &findings[self->finding_count]))
      return true;
  return false;
}

/* What was run of it: states of the line are kept, but where races are looked for. */
static void cost_add(Estimate *self, const RunResult *result) {
  size_t at = sim_prospect_run(&self->search).parts; /* of the run before: near enough */
  uint64_t all = result->step_count + result->event_count / 4, left = result->event_count;
  if (!self->run->races && at < self->out->line.count && self->out->line.points[at].event < result->event_count)
    left = result->event_count - self->out->line.points[at].event;
  self->steps += result->event_count > 0 ? all * left / result->event_count + 1 : all;
}

/* False: it was the last. */
static bool run_next(Estimate *self, const SimSchedule *line, bool *fails) {
  RunResult result = { 0 };
  SimRunOptions options = { 0 };
  self->finding_count = 0;
  sim_search_begin(&self->search, &options);
  scenario_run_once(self->run, &(RunRequest){ .policy = options.policy, .seed = options.seed, .search = options.search, .replay = line },
                    &result);
  *fails = run_failure_is(self->run, &self->out->failure, &result);
  cost_add(self, &result);
  self->out->is_cut |= result.stop == SIM_STOP_LIMIT_HOST_TIME;
  bool is_more = sim_search_end(&self->search, sim_machine()); /* takes over what the run departed in */
  run_result_finish(&result);
  return is_more;
}

/* ---- counting all ---- */

static void share_add(LikelihoodShare *share, bool fails, double chance) {
  share->runs++;
  share->fails += fails;
  share->chance += fails ? chance : 0;
}

/* All runs with the first `at` answers are known, since all with one more are. */
static void point_count(Estimate *self, size_t at) {
  const SimProspectPoint *point = &self->out->line.points[at];
  LikelihoodShare *parts = &self->counted[point->first], all = { 0 };
  parts[0] = self->out->points[at + 1].share;
  for (unsigned i = 0; i < point->count; i++) {
    all.runs += parts[i].runs;
    all.fails += parts[i].fails;
    all.chance += parts[i].chance / point->count;
    self->out->options[point->first + i] = parts[i];
  }
  all.chance = all.fails == all.runs ? 1 : all.chance;
  self->out->points[at] = (LikelihoodPoint){ .share = all, .is_exact = true, .low = all.chance, .high = all.chance };
  self->exact = at;
}

/* From the end of the line towards its beginning, as far as the budget goes. */
static void count_all(Estimate *self) {
  Likelihood *out = self->out;
  bool is_more = sim_prospect_enumerate(&self->search), is_averted = false;
  self->counted = g_new0(LikelihoodShare, out->line.option_count + 1);
  self->steps = 0;
  while (is_more && out->counted < (is_averted ? MIN(self->runs_max, RUN_COUNT_DECIDED) : self->runs_max) &&
         self->steps < self->counted_steps_max && !sim_prospect_is_mistaken(&self->search)) {
    bool fails;
    is_more = run_next(self, NULL, &fails);
    SimProspectRun run = sim_prospect_run(&self->search);
    const SimProspectPoint *point = &out->line.points[run.parts];
    share_add(&self->counted[point->first + run.option], fails, run.chance * point->count);
    out->counted++;
    is_averted |= !fails;
    self->averted = MAX(self->averted, fails ? 0 : run.parts + 1);
    while (self->exact > sim_prospect_complete(&self->search))
      point_count(self, self->exact - 1);
  }
  g_clear_pointer(&self->counted, g_free);
}

/* ---- drawing ---- */

/* Wilson, Probable inference, the law of succession, and statistical inference, JASA 1927. */
static void interval_set(LikelihoodPoint *point) {
  const double z = 1.96;
  double n = (double)point->share.runs, p = (double)point->share.fails / n;
  double middle = (p + z * z / (2 * n)) / (1 + z * z / n);
  double half = z * sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / (1 + z * z / n);
  point->share.chance = p;
  point->low = point->share.fails == 0 ? 0 : middle - half;
  point->high = point->share.fails == point->share.runs ? 1 : middle + half;
}

static void point_draw(Estimate *self, size_t at, uint64_t count) {
  Likelihood *out = self->out;
  LikelihoodPoint *point = &out->points[at];
  if (point->is_exact || point->share.runs >= count || self->steps >= self->drawn_steps_max || sim_prospect_is_mistaken(&self->search))
    return;
  sim_prospect_draw(&self->search, at);
  while (point->share.runs < count && self->steps < self->drawn_steps_max) {
    bool fails;
    run_next(self, NULL, &fails);
    self->averted = MAX(self->averted, fails ? 0 : at + 1);
    share_add(&point->share, fails, 0);
    share_add(&out->options[out->line.points[at].first + sim_prospect_run(&self->search).option], fails, 0);
    out->drawn++;
  }
  interval_set(point);
}

bool likelihood_differs(const LikelihoodPoint *one, const LikelihoodPoint *other) {
  return one->high < other->low || other->high < one->low;
}

static bool is_looked_at(const LikelihoodPoint *point) { return point->share.runs > 0; }

/* Between two that are not alike: both to the full, and what lies between them. */
static bool closer(Estimate *self, size_t at, size_t next) {
  const LikelihoodPoint *one = &self->out->points[at], *other = &self->out->points[next];
  uint64_t before = self->out->drawn;
  if (fabs(one->share.chance - other->share.chance) < NEAR)
    return false;
  point_draw(self, next, self->draws);
  if (next - at > 1)
    point_draw(self, at + (next - at) / 2, self->draws / LOOK_PART);
  point_draw(self, at, self->draws);
  return self->out->drawn != before;
}

/* A look at choices all along the line: at all of them where that is not too many. */
static void draw_some(Estimate *self) {
  uint64_t spent = self->steps, before = self->out->drawn;
  size_t end = self->exact, count = LOOK_COUNT_FIRST;
  point_draw(self, 0, self->draws);
  uint64_t cost = (self->steps - spent) / MAX(self->out->drawn - before, 1) + 1;
  count = MIN(count, self->drawn_steps_max / 2 / cost / (self->draws / LOOK_PART + 1) + 2);
  size_t step = end / count + 1;
  for (size_t at = end; at > step; at -= step)
    point_draw(self, at - step, self->draws / LOOK_PART);
}

static void draw_all(Estimate *self) {
  size_t end = self->exact;
  self->steps = 0;
  if (end > 0)
    draw_some(self);
  for (bool is_more = true; is_more;) {
    is_more = false;
    size_t next = end;
    for (size_t at = end; at-- > 0;)
      if (is_looked_at(&self->out->points[at])) {
        is_more |= closer(self, at, next);
        next = at;
      }
  }
}

/* ---- what comes of it ---- */

static void conclude(Estimate *self) {
  Likelihood *out = self->out;
  double most = 0;
  out->proved = out->line.count;
  while (!out->is_cut && out->proved > self->exact && out->points[out->proved - 1].share.runs == out->points[out->proved - 1].share.fails)
    out->proved--;
  out->tried = MIN(self->averted, out->proved);
  while (out->tried < out->proved && !is_looked_at(&out->points[out->tried]))
    out->tried++;
  out->is_averted = !out->is_cut && self->averted == out->proved && out->proved > 0;
  out->critical = out->line.count;
  for (size_t at = 0; at < out->line.count; at++) {
    double rise = out->points[at + 1].share.chance - out->points[at].share.chance;
    if (is_looked_at(&out->points[at]) && is_looked_at(&out->points[at + 1]) && rise > 0 && rise >= most) {
      most = rise;
      out->critical = at;
    }
  }
  for (size_t i = 0; i < out->line.option_count; i++)
    if (out->options[i].runs > 0 && out->options[i].chance == 0)
      out->options[i].chance = (double)out->options[i].fails / (double)out->options[i].runs;
}

static uint64_t bounded(uint64_t wanted, uint64_t most, uint64_t least) { return MAX(MIN(wanted, most), least); }

/* To the full at the tops of what moved it, where a first look takes most. */
static void budget_set(Estimate *self, const LikelihoodOptions *options, const RunResult *result) {
  uint64_t cost = result->step_count + result->event_count / 4 + 1;
  uint64_t steps = options->steps != 0 ? options->steps : STEP_COUNT_DEFAULT;
  self->draws = options->draws != 0 ? options->draws : bounded(DRAW_COUNT_DEFAULT, steps / 8 / cost, DRAW_COUNT_MIN);
  self->runs_max = options->runs != 0 ? options->runs : bounded(RUN_COUNT_DEFAULT, steps / cost, DRAW_COUNT_MIN);
  self->drawn_steps_max = options->steps == 0 && options->draws != 0 ? UINT64_MAX : steps; /* who names a number gets it */
  self->counted_steps_max = options->steps == 0 && options->runs != 0 ? UINT64_MAX : steps;
}

static void estimate_once(Estimate *self) {
  Likelihood *out = self->out;
  bool fails;
  self->averted = 0;
  out->drawn = out->counted = 0;
  g_free(out->points);
  g_free(out->options);
  sim_prospect_follow(&self->search);
  run_next(self, self->schedule, &fails);
  SIM_ASSERT(fails || out->is_cut); /* the host's clock may end any of them */
  out->line = *sim_prospect_line(&self->search);
  out->points = g_new0(LikelihoodPoint, out->line.count + 1);
  out->options = g_new0(LikelihoodShare, out->line.option_count + 1);
  out->points[out->line.count] = (LikelihoodPoint){ .share = { 1, 1, 1 }, .is_exact = true, .low = 1, .high = 1 };
  self->exact = out->line.count;
  count_all(self);
  draw_all(self);
}

/* Once, as a rule: each time again there is a stack that is known to be shared. */
static void estimate(Estimate *self) {
  Likelihood *out = self->out;
  if (out->failure.kind == RUN_FAILURE_FINDING)
    sim_prospect_watch(&self->search, is_over, self);
  do
    estimate_once(self);
  while (sim_prospect_is_mistaken(&self->search));
  conclude(self);
  out->line.points = g_memdup2(out->line.points, out->line.count * sizeof *out->line.points);
  out->line.options = g_memdup2(out->line.options, out->line.option_count * sizeof *out->line.options);
}

/* ---- the whole ---- */

static bool is_held_up(const SimException *exception) {
  bool is_step = exception->kind == SIM_CHOICE_STEP || exception->kind == SIM_CHOICE_ACCESS || exception->kind == SIM_CHOICE_CLOCK;
  return is_step && exception->answer == SIM_OPTION_CLOCK;
}

static void search_options(const ScenarioRun *run, const SimSchedule *schedule, const LikelihoodOptions *options,
                           SimSearchOptions *search) {
  uint32_t kinds = 0;
  *search = sim_search_options_default;
  search->policy = &sim_policy_prospect;
  search->seed = options->seed;
  search->visits_accesses = options->visits_accesses;
  search->holds_up = options->holds_up;
  for (size_t i = 0; i < schedule->count; i++) {
    kinds |= 1u << schedule->exceptions[i].kind;
    search->holds_up |= is_held_up(&schedule->exceptions[i]);
  }
  search->visits_accesses |= (kinds >> SIM_CHOICE_ACCESS & 1) != 0;
  search->varies = (kinds & SIM_CHOICE_RARE) | options->varies | run->scenario->policy.search.varies;
}

bool likelihood_of(ScenarioRun *run, const SimSchedule *schedule, const LikelihoodOptions *options, Likelihood *likelihood) {
  RunResult natural = { 0 }, result = { 0 };
  *likelihood = (Likelihood){ 0 };
  scenario_run_once(run, &(RunRequest){ .policy = &sim_policy_replay, .replay = &(SimSchedule){ 0 } }, &natural);
  scenario_run_once(run, &(RunRequest){ .policy = &sim_policy_replay, .replay = schedule }, &result);
  bool is_repeatable = result.stop != SIM_STOP_LIMIT_HOST_TIME && run->snapshot != NULL;
  likelihood->failure = run_failure_of(run, &result, &natural);
  run_result_finish(&natural);
  if (is_repeatable && likelihood->failure.kind != RUN_FAILURE_NONE) {
    Estimate self = { .run = run, .out = likelihood, .schedule = schedule };
    budget_set(&self, options, &result);
    search_options(run, schedule, options, &likelihood->search);
    sim_search_init(&self.search, &likelihood->search);
    estimate(&self);
    sim_search_finish(&self.search);
  }
  run_result_finish(&result);
  return likelihood->points != NULL;
}

void likelihood_finish(Likelihood *likelihood) {
  run_failure_finish(&likelihood->failure);
  g_free(likelihood->line.points);
  g_free(likelihood->line.options);
  g_free(likelihood->points);
  g_free(likelihood->options);
  *likelihood = (Likelihood){ 0 };
}
