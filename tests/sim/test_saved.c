/* States saved inside of runs change nothing: the same schedules in the same order with the same hashes and outcomes as when each run begins where
 * runs begin, also where there is hardly room for any. */
#include "programs.h"

#include "sim/search.h"

#define RUN_COUNT_MAX 3000

static const SimSearchOptions searches[] = {
  { .policy = &sim_policy_exhaustive, .preemption_bound = SIM_SEARCH_UNBOUNDED, .delay_bound = SIM_SEARCH_UNBOUNDED },
  { .policy = &sim_policy_exhaustive, .preemption_bound = 2, .delay_bound = SIM_SEARCH_UNBOUNDED },
  { .policy = &sim_policy_exhaustive, .preemption_bound = SIM_SEARCH_UNBOUNDED, .delay_bound = 3 },
  { .policy = &sim_policy_exhaustive,
    .preemption_bound = SIM_SEARCH_UNBOUNDED,
    .delay_bound = SIM_SEARCH_UNBOUNDED,
    .merges_states = true },
  { .policy = &sim_policy_exhaustive, .preemption_bound = 1, .delay_bound = SIM_SEARCH_UNBOUNDED, .merges_states = true },
  { .policy = &sim_policy_exhaustive,
    .preemption_bound = SIM_SEARCH_UNBOUNDED,
    .delay_bound = SIM_SEARCH_UNBOUNDED,
    .first = 1,
    .stride = 3 },
  { .policy = &sim_policy_exhaustive, .preemption_bound = 2, .delay_bound = SIM_SEARCH_UNBOUNDED, .preemption_floor = 2, .holds_up = true },
};

static void assert_same(const char *name, size_t search, size_t size, const Found *whole, const Found *saved) {
  bool is_same = whole->runs == saved->runs && whole->known == saved->known && whole->hash == saved->hash &&
                 whole->is_complete == saved->is_complete && whole->outcome_count == saved->outcome_count &&
                 memcmp(whole->outcomes, saved->outcomes, whole->outcome_count * sizeof *whole->outcomes) == 0 &&
                 whole->proof.states == saved->proof.states && whole->proof.steps == saved->proof.steps;
  if (!is_same)
    fail_msg("%s, search %zu, %zu bytes: %llu runs, %llu known, hash %llx; from the beginning %llu, %llu, %llx", name, search, size,
             (unsigned long long)saved->runs, (unsigned long long)saved->known, (unsigned long long)saved->hash,
             (unsigned long long)whole->runs, (unsigned long long)whole->known, (unsigned long long)whole->hash);
}

/* Returns how many runs went on from a saved state, and how many states there was no room for. */
static void program_compare(const Program *program, uint64_t *resumed, uint64_t *dropped) {
  static Found whole, saved;
  static const size_t sizes[] = { 1, 200000, SIM_SEARCH_SAVED_SIZE };
  for (size_t search = 0; search < sizeof searches / sizeof *searches; search++) {
    SimSearchOptions options = searches[search];
    program_search(program, &options, RUN_COUNT_MAX, &whole);
    assert_int_equal(whole.proof.resumed, 0);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
      options.saved_size_max = sizes[i];
      program_search(program, &options, RUN_COUNT_MAX, &saved);
      assert_same(program->name, search, sizes[i], &whole, &saved);
      *resumed += saved.proof.resumed;
      *dropped += saved.proof.dropped;
    }
  }
}

static void programs_go_the_same_way(void **state) {
  (void)state;
  for (size_t i = 0; i < program_count; i++) {
    uint64_t resumed = 0, dropped = 0;
    program_compare(&programs[i], &resumed, &dropped);
    if (resumed == 0)
      fail_msg("%s: no run went on from a saved state", programs[i].name);
    if (i == 1) /* paths of twenty points, and room for less */
      assert_true(dropped > 0);
  }
}

static void drawn_programs_go_the_same_way(void **state) {
  (void)state;
  uint64_t resumed = 0, dropped = 0;
  for (unsigned seed = 1; seed <= 40; seed++) {
    Program program = program_drawn(seed);
    program_compare(&program, &resumed, &dropped);
  }
  assert_true(resumed > 0 && dropped > 0);
}

int main(void) {
  const struct CMUnitTest tests[] = { cmocka_unit_test(programs_go_the_same_way), cmocka_unit_test(drawn_programs_go_the_same_way) };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
