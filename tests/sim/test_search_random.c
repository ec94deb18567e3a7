/* Programs drawn at random: partial-order reduction, with and without what is known of futile attempts at locks, and merged states come to the outcomes of
 * brute force, which makes every attempt. SEARCH_SEED and SEARCH_COUNT: other programs, and how many. */
#include "random_program.h"

#include <stdio.h>
#include <stdlib.h>

#define RUN_COUNT_MAX 4000

static uint64_t number_of(const char *name, uint64_t otherwise) {
  const char *text = getenv(name);
  return text != NULL ? strtoull(text, NULL, 10) : otherwise;
}

static bool is_same(const Found *all, const Found *reduced) {
  return reduced->is_complete && all->outcome_count == reduced->outcome_count &&
         memcmp(all->outcomes, reduced->outcomes, all->outcome_count * sizeof *all->outcomes) == 0;
}

static void compare(const char *how, uint64_t seed, const Found *all, const Found *other) {
  if (is_same(all, other))
    return;
  random_program_print();
  fail_msg("seed %llu: %zu outcomes by brute force (%llu runs), %zu by %s (%llu runs, %llu known)", (unsigned long long)seed,
           all->outcome_count, (unsigned long long)all->runs, other->outcome_count, how, (unsigned long long)other->runs,
           (unsigned long long)other->known);
}

/* Within a bound, states that are alike have as much of it left: which interrupts were put off, too. */
static void bounded_compare(const Program *program, uint64_t seed, SimSearchOptions options) {
  static Found bounded, merged;
  for (options.preemption_bound = 0; options.preemption_bound < 3; options.preemption_bound++) {
    options.merges_states = false;
    program_search(program, &options, RUN_COUNT_MAX, &bounded);
    options.merges_states = true;
    program_search(program, &options, RUN_COUNT_MAX, &merged);
    compare("merged states, bounded", seed, &bounded, &merged);
  }
}

typedef struct Total {
  uint64_t programs, all, reduced, known, outcomes;
} Total;

/* False: it has too many schedules. */
static bool program_compare(uint64_t seed, bool may_stop, Total *total) {
  static Found all, other;
  const Program *program = random_program(seed, may_stop);
  SimSearchOptions brute = sim_search_options_default, dpor = sim_search_options_default, merged;
  brute.policy = &sim_policy_exhaustive;
  dpor.policy = &sim_policy_dpor;
  merged = brute;
  merged.merges_states = true;
  brute.makes_attempts = dpor.makes_attempts = true;
  program_search(program, &brute, RUN_COUNT_MAX, &all);
  if (!all.is_complete)
    return false;
  program_search(program, &dpor, RUN_COUNT_MAX * 2, &other);
  compare("dpor, all attempts made", seed, &all, &other);
  program_search(program, &merged, RUN_COUNT_MAX, &other);
  compare("merged states", seed, &all, &other);
  merged.merges_states = false;
  bounded_compare(program, seed, merged);
  dpor.makes_attempts = false;
  program_search(program, &dpor, RUN_COUNT_MAX * 2, &other);
  compare("dpor", seed, &all, &other);
  *total = (Total){ total->programs + 1, total->all + all.runs, total->reduced + other.runs, total->known + other.known,
                    total->outcomes + all.outcome_count };
  return true;
}

static void total_print(const Total *total) {
  printf("%llu programs, %llu schedules by brute force, %llu by dpor and %llu left, %llu outcomes\n", (unsigned long long)total->programs,
         (unsigned long long)total->all, (unsigned long long)total->reduced, (unsigned long long)total->known,
         (unsigned long long)total->outcomes);
}

static void programs_compare(bool may_stop) {
  uint64_t count = number_of("SEARCH_COUNT", 400), seed = number_of("SEARCH_SEED", 1);
  Total total = { 0 };
  for (uint64_t tried = 0; total.programs < count && tried < count * 3; tried++)
    program_compare(seed++, may_stop, &total);
  total_print(&total);
  assert_true(total.programs >= count / 2 && total.reduced < total.all);
}

/* ---- with all CPUs held up until the clock ticks ---- */

static bool ticking_compare(uint64_t seed, bool may_stop, RandomClock clock, Total *total) {
  static Found all, other;
  const Program *program = random_program_ticking(seed, may_stop, clock);
  SimSearchOptions brute = sim_search_options_default, dpor;
  brute.policy = &sim_policy_exhaustive;
  brute.makes_attempts = brute.holds_up = true;
  dpor = brute;
  dpor.policy = &sim_policy_dpor;
  program_search(program, &brute, RUN_COUNT_MAX, &all);
  if (!all.is_complete)
    return false;
  program_search(program, &dpor, RUN_COUNT_MAX * 2, &other);
  compare("dpor, all attempts made", seed, &all, &other);
  dpor.makes_attempts = false;
  program_search(program, &dpor, RUN_COUNT_MAX * 2, &other);
  compare("dpor", seed, &all, &other);
  *total = (Total){ total->programs + 1, total->all + all.runs, total->reduced + other.runs, total->known + other.known,
                    total->outcomes + all.outcome_count };
  return true;
}

static void no_outcome_is_lost_where_the_clock_ticks(void **state) {
  (void)state;
  uint64_t count = number_of("SEARCH_COUNT", 300), seed = number_of("SEARCH_SEED", 2000);
  Total total = { 0 };
  for (uint64_t tried = 0; total.programs < count && tried < count * 4; tried++, seed++)
    ticking_compare(seed, seed % 3 == 0, seed % 2 ? RANDOM_CLOCK_SET : RANDOM_CLOCK_LATER, &total);
  total_print(&total);
  assert_true(total.programs >= count / 2 && total.reduced < total.all);
}

static void no_outcome_is_lost(void **state) {
  (void)state;
  programs_compare(false);
}

static void no_outcome_is_lost_where_runs_stop(void **state) {
  (void)state;
  programs_compare(true);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(no_outcome_is_lost),
    cmocka_unit_test(no_outcome_is_lost_where_runs_stop),
    cmocka_unit_test(no_outcome_is_lost_where_the_clock_ticks),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
