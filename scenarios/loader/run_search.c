/* A search through the schedules of a scenario, one at a time. */
#include "run_internal.h"

/* The first schedule of a policy that draws is the natural one: it makes the shortest line, and what always happens needs no luck. */
static bool begins_naturally(const SimSearchOptions *options) {
  return options->first == 0 && options->policy->explores && !options->policy->is_systematic && options->policy != &sim_policy_replay;
}

void run_search_init(RunSearch *search, ScenarioRun *run, const SimSearchOptions *options) {
  SimSearchOptions behind = *options;
  if (options->races)
    scenario_run_look_for_races(run);
  *search = (RunSearch){ .run = run, .is_natural_next = begins_naturally(options) };
  if (search->is_natural_next)
    behind.first = options->stride > 1 ? options->stride : 1;
  search->options = behind;
  if (behind.deepens)
    behind = sim_search_level(&behind, 0);
  sim_search_init(&search->search, &behind);
}

/* One level is over: is there another? What a limit cut short is not all, of this level and those behind it. */
static bool level_next(RunSearch *search) {
  SimSearchProof proof;
  if (!search->options.deepens || !sim_search_proof(&search->search, &proof))
    return false;
  search->is_cut |= proof.is_cut;
  search->schedules_below += proof.schedules;
  uint32_t bound = proof.is_bounded ? sim_search_level_bound(search->level) : SIM_SEARCH_UNBOUNDED;
  if (!search->is_cut)
    search->levels[search->level_count++] = (RunLevel){ bound, search->schedules_below };
  if (!proof.is_bounded)
    return false;
  SimSearchOptions options = sim_search_level(&search->options, ++search->level);
  sim_search_finish(&search->search);
  sim_search_init(&search->search, &options);
  return true;
}

void run_search_finish(RunSearch *search) { sim_search_finish(&search->search); }

static void bound_append(GString *text, uint32_t bound, const char *of) {
  if (bound != SIM_SEARCH_UNBOUNDED)
    g_string_append_printf(text, "%s%u %s%s", text->len > 0 ? " and " : "with at most ", bound, of, bound == 1 ? "" : "s");
}

char *run_search_bounds(const SimSearchOptions *options) {
  GString *text = g_string_new(NULL);
  bound_append(text, options->preemption_bound, "preemption");
  bound_append(text, options->delay_bound, "delay");
  bool is_unbounded = options->preemption_bound == SIM_SEARCH_UNBOUNDED && options->delay_bound == SIM_SEARCH_UNBOUNDED;
  if (options->policy == &sim_policy_dpor && is_unbounded && !options->merges_states)
    g_string_append(text, "up to steps that commute");
  if (options->merges_states)
    g_string_append_printf(text, "%sstates merged", text->len > 0 ? ", " : "");
  bool is_every = options->policy == &sim_policy_exhaustive || options->policy == &sim_policy_dpor;
  if (is_every && !options->visits_accesses)
    g_string_append_printf(text, "%swith switches at calls only", text->len > 0 ? ", " : "");
  if (is_every && !options->holds_up)
    g_string_append_printf(text, "%swithout holding up the clock (--clock)", text->len > 0 ? ", " : "");
  return g_string_free(text, FALSE);
}

static void unreduced_append(GString *text, uint32_t unreduced, SimUnreduced which, const char *where) {
  if ((unreduced & which) != 0)
    g_string_append_printf(text, "%s%s", text->len > 0 ? " and " : "", where);
}

char *run_search_scope(const SimSearchOptions *options, uint32_t unreduced) {
  g_autofree char *bounds = run_search_bounds(options);
  g_autoptr(GString) where = g_string_new(NULL);
  unreduced_append(where, unreduced, SIM_UNREDUCED_TIME, "time matters");
  unreduced_append(where, unreduced, SIM_UNREDUCED_THREADS, "threads share a cpu");
  unreduced_append(where, unreduced, SIM_UNREDUCED_ACCESS, "an interrupt is pending at an access");
  return where->len == 0 ? g_steal_pointer(&bounds) : g_strdup_printf("%s, in every order where %s", bounds, where->str);
}

uint32_t run_search_unreduced(const RunSearch *search) {
  SimSearchProof proof;
  return sim_search_proof(&search->search, &proof) ? proof.unreduced : 0;
}

uint64_t run_search_states(const RunSearch *search) {
  SimSearchProof proof;
  return sim_search_proof(&search->search, &proof) ? proof.states : 0;
}

bool run_search_is_cut(const RunSearch *search) {
  SimSearchProof proof;
  return search->is_cut || (sim_search_proof(&search->search, &proof) && proof.is_cut);
}

uint64_t run_search_number(const RunSearch *search) { return search->is_natural_next ? 0 : search->search.number; }

/* By the schedule's number alone: whoever runs it, and in however many parts, sees the same. Who expects something of races looks always. */
static bool wants_races(const RunSearch *search) {
  const SimSearchOptions *options = &search->search.options;
  uint64_t number = options->policy->is_systematic ? search->search.number / options->stride : search->search.number; /* of its part */
  bool is_rare = search->search.options.races_rarely && scenario_run_was_told_to_look_for_races(search->run);
  return !is_rare || number < RUN_RACES_FIRST || number % RUN_RACES_EVERY == 0;
}

bool run_search_next(RunSearch *search, SimRecord *record, RunResult *result) {
  static const SimSchedule natural = { 0 };
  if (search->is_natural_next) {
    search->is_natural_next = false;
    scenario_run_once(search->run, &(RunRequest){ .policy = &sim_policy_replay, .replay = &natural, .record = record }, result);
    return true;
  }
  if (search->search.policy == &sim_policy_replay) { /* the scenario's own and only one */
    const SimSchedule *own = &search->run->scenario->policy.replay;
    scenario_run_once(search->run, &(RunRequest){ .policy = &sim_policy_replay, .replay = own, .record = record }, result);
    return false;
  }
  SimRunOptions options = { 0 };
  bool without_races = !wants_races(search);
  sim_search_begin(&search->search, &options);
  RunRequest request = {
    .policy = options.policy, .seed = options.seed, .search = options.search, .record = record, .without_races = without_races
  };
  scenario_run_once(search->run, &request, result);
  if (!sim_search_is_new(&search->search, sim_machine()))
    result->stop = SIM_STOP_KNOWN;
  return sim_search_end(&search->search, sim_machine()) || level_next(search);
}

void scenario_explore_again(ScenarioRun *run, const RunVerdict *verdict, uint64_t number, SimRecord *record, RunResult *result) {
  RunSearch search;
  SimSearchOptions options = verdict->search;
  options.first += number;
  run_search_init(&search, run, &options);
  run_search_next(&search, record, result);
  run_search_finish(&search);
}
