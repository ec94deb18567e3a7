/* Programs drawn at random: the preemptions that shrinking says an outcome takes are the fewest of all schedules that come to it, by brute force; and
 * exhaustive within a bound comes to an outcome from that bound on. SEARCH_SEED and SEARCH_COUNT: other programs, and how many. */
#include "operations.h"
#include "random_program.h"
#include "sim/shrink.h"

#include <stdio.h>
#include <stdlib.h>

#define RUN_COUNT_MAX 3000
#define OUTCOME_COUNT_MAX 16 /* of a program */

/* An outcome, and of the schedules that come to it the fewest preemptions and the schedule with the most. */
typedef struct Outcome {
  uint64_t outcome;
  uint32_t fewest;
  uint32_t most;
  SimSchedule worst;
} Outcome;

typedef struct All {
  const Program *program;
  SimSnapshot *snapshot;
  Outcome outcomes[OUTCOME_COUNT_MAX];
  size_t count;
  uint64_t natural; /* its outcome */
  uint64_t wanted;  /* the outcome that is shrunk */
} All;

/* ---- running ---- */

static uint64_t run(const All *all, SimSearch *search, SimRunOptions *options, SimSchedule *taken) {
  options->exceptions = taken;
  taken->count = 0;
  taken->sorted_count = SIZE_MAX;
  if (search->state == NULL || search->policy == &sim_policy_survey || !sim_search_resume(search, all->snapshot, options)) {
    sim_snapshot_restore(all->snapshot);
    sim_machine()->threads = &operation_threads;
    sim_machine_begin(sim_machine(), options);
  }
  return program_outcome(sim_machine_run(sim_machine()));
}

static uint64_t survey_run(const All *all, const SimSchedule *schedule, SimSurvey *survey, SimSchedule *taken) {
  SimRunOptions options = rig_options(&sim_policy_survey, all->program->vcpu_count);
  SimSearch search;
  sim_survey_begin(survey, &search, &options);
  options.replay = schedule;
  return run(all, &search, &options, taken);
}

/* Systematically; `see` is told of each schedule and says whether it is enough. */
typedef bool See(All *all, uint64_t outcome, const SimSchedule *taken);

static SimShrinkSearched search_through(All *all, const SimSearchOptions *options, uint64_t *runs, SimSchedule *taken, See *see) {
  SimSearch search;
  SimSearchProof proof;
  uint64_t count = 0;
  bool is_more = true, is_enough = false;
  sim_search_init(&search, options);
  for (; is_more && !is_enough && count < *runs; count++) {
    SimRunOptions own = rig_options(NULL, all->program->vcpu_count);
    sim_search_begin(&search, &own);
    uint64_t outcome = run(all, &search, &own, taken);
    bool is_new = sim_search_is_new(&search, sim_machine());
    is_more = sim_search_end(&search, sim_machine());
    is_enough = is_new && see(all, outcome, taken);
  }
  bool is_all = !is_more && sim_search_proof(&search, &proof) && !proof.is_cut;
  sim_search_finish(&search);
  *runs = count;
  return is_enough ? SIM_SHRINK_FOUND : is_all ? SIM_SHRINK_NONE : SIM_SHRINK_CUT;
}

/* ---- all schedules ---- */

static Outcome *outcome_take(All *all, uint64_t outcome) {
  for (size_t i = 0; i < all->count; i++)
    if (all->outcomes[i].outcome == outcome)
      return &all->outcomes[i];
  if (all->count == OUTCOME_COUNT_MAX)
    return NULL;
  all->outcomes[all->count] = (Outcome){ .outcome = outcome, .fewest = UINT32_MAX };
  return &all->outcomes[all->count++];
}

static bool see_all(All *all, uint64_t outcome, const SimSchedule *taken) {
  SimSurvey survey = { 0 };
  SimSchedule again = { 0 };
  Outcome *seen = outcome_take(all, outcome);
  assert_int_equal(survey_run(all, taken, &survey, &again), outcome);
  uint32_t preemptions = survey.preemptions;
  if (seen != NULL && preemptions < seen->fewest)
    seen->fewest = preemptions;
  if (seen != NULL && (seen->worst.count == 0 || preemptions > seen->most)) {
    seen->most = preemptions;
    seen->worst.count = 0;
    for (size_t i = 0; i < again.count; i++)
      sim_schedule_append(&seen->worst, again.exceptions[i]);
    seen->worst.sorted_count = SIZE_MAX;
  }
  sim_survey_finish(&survey);
  sim_schedule_finish(&again);
  return false;
}

/* False: there are too many. */
static bool all_make(All *all, const Program *program) {
  SimRunOptions options = rig_options(&sim_policy_timed, program->vcpu_count);
  SimSearchOptions brute = sim_search_options_default;
  SimSchedule taken = { 0 };
  uint64_t runs = RUN_COUNT_MAX;
  *all = (All){ .program = program };
  rig_open(&options);
  program->set_up();
  all->snapshot = sim_snapshot_save();
  SimSurvey survey = { 0 };
  all->natural = survey_run(all, &(SimSchedule){ 0 }, &survey, &taken);
  sim_survey_finish(&survey);
  brute.policy = &sim_policy_exhaustive;
  brute.saved_size_max = 0; /* surveys come between the runs */
  SimShrinkSearched searched = search_through(all, &brute, &runs, &taken, see_all);
  sim_schedule_finish(&taken);
  return searched == SIM_SHRINK_NONE && all->count < OUTCOME_COUNT_MAX;
}

static void all_finish(All *all) {
  for (size_t i = 0; i < all->count; i++)
    sim_schedule_finish(&all->outcomes[i].worst);
  sim_snapshot_destroy(&all->snapshot);
}

/* ---- shrinking ---- */

static bool fails(const SimSchedule *candidate, SimSchedule *taken, SimSurvey *survey, void *data) {
  const All *all = data;
  return survey_run(all, candidate, survey, taken) == all->wanted;
}

static bool see_wanted(All *all, uint64_t outcome, const SimSchedule *taken) {
  (void)taken;
  return outcome == all->wanted;
}

static SimShrinkSearched search(const SimSearchOptions *options, uint64_t *runs, double *part, SimSchedule *found, void *data) {
  *part = 0;
  return search_through(data, options, runs, found, see_wanted);
}

static void complain(const All *all, uint64_t seed, const Outcome *outcome, const char *what, uint32_t told) {
  (void)all;
  random_program_print();
  fail_msg("seed %llu: %s: %u preemptions, %u by brute force", (unsigned long long)seed, what, told, outcome->fewest);
}

static void outcome_shrink(All *all, uint64_t seed, const Outcome *outcome) {
  const SimShrink shrink = { .fails = fails, .search = search, .data = all, .run_max = 100000, .check_max = 100000 };
  SimSchedule schedule = { 0 };
  SimShrinkResult result;
  all->wanted = outcome->outcome;
  for (size_t i = 0; i < outcome->worst.count; i++)
    sim_schedule_append(&schedule, outcome->worst.exceptions[i]);
  sim_shrink(&shrink, &schedule, &result);
  if (result.is_natural != (outcome->outcome == all->natural))
    complain(all, seed, outcome, "is it the natural one", result.preemptions);
  if (result.preemptions != outcome->fewest)
    complain(all, seed, outcome, "shrunk", result.preemptions);
  if (result.preemptions > 0 && !result.is_proved)
    complain(all, seed, outcome, "not proved", result.preemptions);
  sim_schedule_finish(&schedule);
}

/* Within a bound exhaustive comes to those outcomes that take no more. */
static void bound_search(All *all, uint64_t seed, const Outcome *outcome, uint32_t bound) {
  SimSearchOptions options = sim_search_options_default;
  SimSchedule taken = { 0 };
  uint64_t runs = UINT64_MAX;
  options.policy = &sim_policy_exhaustive;
  options.preemption_bound = bound;
  all->wanted = outcome->outcome;
  SimShrinkSearched searched = search_through(all, &options, &runs, &taken, see_wanted);
  if (searched != (bound >= outcome->fewest ? SIM_SHRINK_FOUND : SIM_SHRINK_NONE))
    complain(all, seed, outcome, "a bound of exhaustive", bound);
  sim_schedule_finish(&taken);
}

static uint64_t number_of(const char *name, uint64_t otherwise) {
  const char *text = getenv(name);
  return text != NULL ? strtoull(text, NULL, 10) : otherwise;
}

static void the_fewest_of_all(void **state) {
  (void)state;
  uint64_t count = number_of("SEARCH_COUNT", 150), seed = number_of("SEARCH_SEED", 1), done = 0, outcomes = 0, preemptions = 0;
  for (uint64_t tried = 0; done < count && tried < count * 3; tried++, seed++) {
    static All all;
    bool is_small = all_make(&all, random_program(seed, seed % 2 == 0));
    for (size_t i = 0; is_small && i < all.count; i++) {
      const Outcome *outcome = &all.outcomes[i];
      outcome_shrink(&all, seed, outcome);
      for (uint32_t bound = outcome->fewest > 0 ? outcome->fewest - 1 : 0; bound <= outcome->fewest; bound++)
        bound_search(&all, seed, outcome, bound);
      outcomes++;
      preemptions += outcome->fewest;
    }
    done += is_small;
    all_finish(&all);
  }
  printf("%llu programs, %llu outcomes that take %llu preemptions\n", (unsigned long long)done, (unsigned long long)outcomes,
         (unsigned long long)preemptions);
  assert_true(done >= count / 2 && preemptions > 0);
}

int main(void) {
  const struct CMUnitTest tests[] = { cmocka_unit_test(the_fewest_of_all) };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
