/* What systematic searches claim: partial-order reduction, bounds and shards against brute force over the same programs. */
#include "programs.h"

#include "sim/search.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static SimSearchOptions options_of(const SimPolicy *policy) {
  SimSearchOptions options = sim_search_options_default;
  options.policy = policy;
  return options;
}

static void assert_same_outcomes(const char *name, const Found *left, const Found *right) {
  if (left->outcome_count != right->outcome_count ||
      memcmp(left->outcomes, right->outcomes, left->outcome_count * sizeof *left->outcomes) != 0)
    fail_msg("%s: %zu outcomes by brute force (%llu runs), %zu (%llu runs)", name, left->outcome_count, (unsigned long long)left->runs,
             right->outcome_count, (unsigned long long)right->runs);
}

static void print(const char *name, const char *how, const Found *found) {
  if (getenv("SEARCH_PRINT") != NULL)
    printf("%-28s %-12s %8llu runs %6llu known %6llu states %4zu outcomes%s\n", name, how, (unsigned long long)found->runs,
           (unsigned long long)found->known, (unsigned long long)found->proof.states, found->outcome_count,
           found->is_complete ? "" : " (not over)");
}

/* How many runs each method needs. Those of the first, third and fifth are known: C(6,3), 12! / (4! 4! 4!) and 288,000 interleavings; 7,134 of the third
 * are no two the same (GenMC finds as many). */
typedef struct Row {
  const char *program;
  uint64_t exhaustive;
  uint64_t dpor;
} Row;

static const Row rows[] = {
  { "locks in order", 20, 20 },
  { "locks crossed", 26, 11 },
  { "racy increments", 34650, 7134 },
  { "buffer of one", 288000, 288000 },
  { "interrupt and mask", 1139, 36 },
  { "wait and set", 25, 4 },
  { "two wait, one sets", 2688, 40 },
  { "stop or not", 5, 3 },
  { "timer race", 17, 1 + 17 }, /* its first run shows that time matters: then all orders */
  { "timer late", 15, 9 },
  { "strangers", 34650, 1 },
};

static void dpor_finds_every_outcome(void **state) {
  static Found all, reduced;
  (void)state;
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    const Program *program = program_find(rows[i].program);
    SimSearchOptions options = options_of(&sim_policy_exhaustive);
    program_search(program, &options, UINT64_MAX, &all);
    print(program->name, "exhaustive", &all);
    options = options_of(&sim_policy_dpor);
    program_search(program, &options, UINT64_MAX, &reduced);
    print(program->name, "dpor", &reduced);
    assert_true(all.is_complete && reduced.is_complete);
    assert_same_outcomes(program->name, &all, &reduced);
    assert_int_equal(all.runs, rows[i].exhaustive);
    assert_int_equal(reduced.runs, rows[i].dpor);
    assert_int_equal(reduced.known, 0); /* none of these leads where everything sleeps */
  }
}

/* ---- shards: together all of it, and nothing twice ---- */

static void found_add(Found *sum, const Found *part) {
  sum->runs += part->runs;
  for (size_t i = 0; i < part->outcome_count; i++)
    found_outcome_put(sum, part->outcomes[i]);
}

static void shards_split(const char *name, const SimPolicy *policy, bool holds_up, bool is_exact) {
  static Found all, part, sum;
  const Program *program = program_find(name);
  SimSearchOptions options = options_of(policy);
  options.holds_up = holds_up;
  program_search(program, &options, UINT64_MAX, &all);
  for (unsigned count = 2; count <= 40; count = count * 2 + 1) {
    memset(&sum, 0, sizeof sum);
    for (unsigned shard = 0; shard < count; shard++) {
      options.first = shard;
      options.stride = count;
      program_search(program, &options, UINT64_MAX, &part);
      assert_true(part.is_complete);
      found_add(&sum, &part);
    }
    assert_same_outcomes(name, &all, &sum);
    if (is_exact)
      assert_int_equal(sum.runs, all.runs);
    else
      assert_true(sum.runs >= all.runs);
  }
}

static void shards_of_exhaustive(void **state) {
  (void)state;
  shards_split("locks in order", &sim_policy_exhaustive, false, true);
  shards_split("stop or not", &sim_policy_exhaustive, false, true);
  shards_split("two wait, one sets", &sim_policy_exhaustive, false, true);
}

/* Two shards may have schedules that differ only in steps that commute. */
static void shards_of_dpor(void **state) {
  (void)state;
  shards_split("locks in order", &sim_policy_dpor, false, true);
  shards_split("stop or not", &sim_policy_dpor, false, false);
  shards_split("racy increments", &sim_policy_dpor, false, false);
  shards_split("tick", &sim_policy_dpor, true, false);
}

/* ---- bounds ---- */

static void bounds_grow(const char *name, uint32_t set(SimSearchOptions *, uint32_t)) {
  static Found all, bounded;
  const Program *program = program_find(name);
  SimSearchOptions options = options_of(&sim_policy_exhaustive);
  program_search(program, &options, UINT64_MAX, &all);
  uint64_t before = 0;
  for (uint32_t bound = 0; bound < 20; bound++) {
    options = options_of(&sim_policy_exhaustive);
    set(&options, bound);
    program_search(program, &options, UINT64_MAX, &bounded);
    assert_true(bounded.is_complete && bounded.runs >= before);
    if (!bounded.proof.is_bounded) {
      assert_int_equal(bounded.runs, all.runs);
      assert_same_outcomes(name, &all, &bounded);
      return;
    }
    assert_true(bounded.runs < all.runs);
    before = bounded.runs;
  }
  fail_msg("%s: no bound is enough", name);
}

static uint32_t preemptions_set(SimSearchOptions *options, uint32_t bound) { return options->preemption_bound = bound; }
static uint32_t delays_set(SimSearchOptions *options, uint32_t bound) { return options->delay_bound = bound; }

static void bounded_searches_grow_to_all(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
    if (rows[i].exhaustive < 3000) {
      bounds_grow(rows[i].program, preemptions_set);
      bounds_grow(rows[i].program, delays_set);
    }
}

/* Without a preemption each thread runs to its end: 3! orders. With one more each has a place where the other goes first. */
static void preemptions_are_counted(void **state) {
  static Found found;
  (void)state;
  SimSearchOptions options = options_of(&sim_policy_exhaustive);
  options.preemption_bound = 0;
  program_search(program_find("racy increments"), &options, UINT64_MAX, &found);
  assert_int_equal(found.runs, 6);
  assert_int_equal(found.outcome_count, 1);
  options.preemption_bound = 1;
  program_search(program_find("racy increments"), &options, UINT64_MAX, &found);
  assert_true(found.outcome_count > 1); /* one preemption loses an update */
  options = options_of(&sim_policy_exhaustive);
  options.delay_bound = 0;
  program_search(program_find("racy increments"), &options, UINT64_MAX, &found);
  assert_int_equal(found.runs, 1);
}

static void proofs_say_what_was_searched(void **state) {
  static Found found;
  (void)state;
  SimSearchOptions options = options_of(&sim_policy_exhaustive);
  options.preemption_bound = 1;
  program_search(program_find("racy increments"), &options, UINT64_MAX, &found);
  assert_true(found.proof.is_complete && found.proof.is_bounded && found.proof.schedules == found.runs);
  program_search(program_find("racy increments"), &options, 5, &found);
  assert_false(found.proof.is_complete);
  options = options_of(&sim_policy_dpor);
  program_search(program_find("timer race"), &options, UINT64_MAX, &found);
  assert_true(found.proof.is_complete && found.proof.is_timed && !found.proof.is_bounded);
}

/* Level after level: what each leaves out for its bound the next ones have, nothing twice. */
static void levels_are_all(const char *name) {
  static Found all, level, sum;
  const Program *program = program_find(name);
  SimSearchOptions options = options_of(&sim_policy_exhaustive);
  program_search(program, &options, UINT64_MAX, &all);
  memset(&sum, 0, sizeof sum);
  for (unsigned i = 0; i < SIM_SEARCH_LEVEL_COUNT; i++) {
    SimSearchOptions own = sim_search_level(&options, i), below = options;
    program_search(program, &own, UINT64_MAX, &level);
    found_add(&sum, &level);
    assert_int_equal(level.runs, level.proof.schedules);
    below.preemption_bound = own.preemption_bound;
    program_search(program, &below, UINT64_MAX, &level);
    assert_int_equal(sum.runs, level.runs);
    if (!level.proof.is_bounded)
      break;
  }
  assert_int_equal(sum.runs, all.runs);
  assert_same_outcomes(name, &all, &sum);
}

static void levels_have_each_schedule_once(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
    if (rows[i].exhaustive < 3000)
      levels_are_all(rows[i].program);
}

/* ---- the clock ---- */

static bool has_outcome(const Found *found, uint64_t outcome) {
  for (size_t i = 0; i < found->outcome_count; i++)
    if (found->outcomes[i] == outcome)
      return true;
  return false;
}

/* What policies come to that hold up, the search comes to; and by bounds, with states merged and saved the same. */
static void the_clock_is_a_way_to_go(void **state) {
  static Found without, with, other;
  (void)state;
  const Program *program = program_find("tick");
  SimSearchOptions options = options_of(&sim_policy_exhaustive);
  program_search(program, &options, UINT64_MAX, &without);
  options.holds_up = true;
  program_search(program, &options, UINT64_MAX, &with);
  assert_true(with.is_complete && with.runs > without.runs && with.outcome_count > without.outcome_count);
  for (size_t i = 0; i < without.outcome_count; i++)
    assert_true(has_outcome(&with, without.outcomes[i]));
  SimSearchOptions drawn = options_of(&sim_policy_burst);
  program_search(program, &drawn, 5000, &other);
  assert_true(other.outcome_count > without.outcome_count);
  for (size_t i = 0; i < other.outcome_count; i++)
    assert_true(has_outcome(&with, other.outcomes[i]));
  options.merges_states = true;
  program_search(program, &options, UINT64_MAX, &other);
  assert_same_outcomes("tick, merged", &with, &other);
  options.merges_states = false;
  options.delay_bound = 0;
  program_search(program, &options, UINT64_MAX, &other);
  assert_int_equal(other.runs, 1);
  options = options_of(&sim_policy_dpor);
  options.holds_up = true;
  program_search(program, &options, UINT64_MAX, &other);
  print("tick", "dpor", &other);
  assert_true(other.is_complete && other.runs < with.runs);
  assert_same_outcomes("tick, reduced", &with, &other);
}

/* ---- states ---- */

typedef struct MergeRow {
  const char *program;
  uint64_t states; /* different ones at points where somebody can choose: that an interrupt was put off is a part only of what is bounded */
} MergeRow;

static const MergeRow merges[] = {
  { "locks in order", 57 },      { "locks crossed", 20 }, { "racy increments", 782 }, { "buffer of one", 1400 },
  { "interrupt and mask", 160 }, { "wait and set", 11 },  { "stop or not", 4 },       { "two wait, one sets", 116 },
  { "timer race", 13 },          { "timer late", 10 },    { "strangers", 112 },
};

static void merged_states_lose_no_outcome(void **state) {
  static Found all, merged;
  (void)state;
  for (size_t i = 0; i < sizeof merges / sizeof *merges; i++) {
    const Program *program = program_find(merges[i].program);
    SimSearchOptions options = options_of(&sim_policy_exhaustive);
    program_search(program, &options, UINT64_MAX, &all);
    options.merges_states = true;
    program_search(program, &options, UINT64_MAX, &merged);
    print(program->name, "merged", &merged);
    assert_same_outcomes(program->name, &all, &merged);
    assert_true(merged.is_complete && merged.runs <= all.runs);
    assert_int_equal(merged.proof.states, merges[i].states);
  }
}

/* With SEARCH_PRINT set: how fast. */
static void speed(const char *name, const SimPolicy *policy, bool is_merged) {
  static Found found;
  SimSearchOptions options = options_of(policy);
  options.merges_states = is_merged;
  struct timespec begin, end;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &begin);
  program_search(program_find(name), &options, UINT64_MAX, &found);
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &end);
  double seconds = (double)(end.tv_sec - begin.tv_sec) + (double)(end.tv_nsec - begin.tv_nsec) / 1e9;
  printf("%-28s %-12s %9llu runs %8llu known %8llu states %7.4f s %6.3f M runs/s\n", name, is_merged ? "merged" : policy->name,
         (unsigned long long)found.runs, (unsigned long long)found.known, (unsigned long long)found.proof.states, seconds,
         (double)(found.runs + found.known) / seconds / 1e6);
}

int main(void) {
  if (getenv("SEARCH_SPEED") != NULL) {
    static const char *const names[] = { "locks in order", "ten sections", "racy increments", "buffer of one" };
    for (unsigned i = 0; i < sizeof names / sizeof *names; i++)
      for (int how = 0; how < 3; how++)
        speed(names[i], how == 1 ? &sim_policy_dpor : &sim_policy_exhaustive, how == 2);
    speed("racy increments of three", &sim_policy_dpor, false);
    speed("racy increments of three", &sim_policy_exhaustive, true);
    return 0;
  }
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(merged_states_lose_no_outcome), cmocka_unit_test(dpor_finds_every_outcome),
    cmocka_unit_test(shards_of_exhaustive),          cmocka_unit_test(shards_of_dpor),
    cmocka_unit_test(bounded_searches_grow_to_all),  cmocka_unit_test(preemptions_are_counted),
    cmocka_unit_test(proofs_say_what_was_searched),  cmocka_unit_test(levels_have_each_schedule_once),
    cmocka_unit_test(the_clock_is_a_way_to_go),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
