/* The policies that draw: what each answers is an option and a replay of it is the run; what they promise of chances, by counts of many runs. */
#include "every_kind.h"

#include "sim/search.h"

#include <stdio.h>
#include <stdlib.h>

#define VCPU_COUNT EVERY_KIND_CPU_COUNT
#define RUN_COUNT 120

/* ---- searches ---- */

typedef void Program(void);

static SimSearch search_open(const SimPolicy *policy, uint64_t seed) {
  SimSearch search;
  SimSearchOptions options = sim_search_options_default;
  options.policy = policy;
  options.seed = seed;
  sim_search_init(&search, &options);
  return search;
}

static void load(const SimRunOptions *options, Program *program) {
  rig_open(options);
  every_kind_page();
  program();
}

/* One schedule of the search; the machine is as it left it. Appends its exceptions. */
static void schedule_run(SimSearch *search, Program *program, SimSchedule *exceptions) {
  SimRunOptions options = rig_options(NULL, VCPU_COUNT);
  options.exceptions = exceptions;
  sim_search_begin(search, &options);
  load(&options, program);
  assert_int_equal(sim_machine_run(sim_machine()), SIM_STOP_QUIET);
  assert_true(sim_search_end(search, sim_machine()));
}

/* Each run replays from what it recorded; what a search does is a function of its options. */
static void policy_check(const SimPolicy *policy, bool *is_met) {
  SimSearch one = search_open(policy, 7), other = search_open(policy, 7);
  uint64_t first = 0;
  unsigned others = 0;
  for (unsigned i = 0; i < RUN_COUNT; i++) {
    SimSchedule recorded = { 0 }, again = { 0 };
    schedule_run(&one, every_kind, &recorded);
    uint64_t hash = sim_machine()->hash;
    schedule_run(&other, every_kind, &again);
    assert_int_equal(sim_machine()->hash, hash);
    assert_int_equal(again.count, recorded.count);
    SimRunOptions options = rig_options(&sim_policy_replay, VCPU_COUNT);
    options.replay = &recorded;
    load(&options, every_kind);
    sim_machine_run(sim_machine());
    assert_int_equal(sim_machine()->hash, hash);
    assert_int_equal(sim_machine()->replay_misses, 0);
    for (size_t k = 0; k < recorded.count; k++)
      is_met[recorded.exceptions[k].kind] = true;
    first = i == 0 ? hash : first;
    others += hash != first;
    sim_schedule_finish(&recorded);
    sim_schedule_finish(&again);
  }
  assert_true(others > RUN_COUNT / 2);
  sim_search_finish(&one);
  sim_search_finish(&other);
}

static bool is_drawing(const SimPolicy *policy) { return policy->explores && !policy->is_systematic && policy->state_size > 0; }

static void every_policy_replays_and_repeats(void **state) {
  unsigned count = 0;
  (void)state;
  for (size_t i = 0; i < sim_policy_count; i++) {
    bool is_met[SIM_CHOICE_KIND_COUNT] = { false };
    if (!is_drawing(sim_policies[i]) || strcmp(sim_policies[i]->name, "faults") == 0)
      continue;
    count++;
    policy_check(sim_policies[i], is_met);
    assert_true(is_met[SIM_CHOICE_STEP] && is_met[SIM_CHOICE_INTERRUPT] && is_met[SIM_CHOICE_ACCESS] && is_met[SIM_CHOICE_MODEL] &&
                is_met[SIM_CHOICE_IRQL]);
  }
  assert_int_equal(count, 9);
}

/* Shards of one search answer as they would alone, and none does another's schedules. */
static void a_shard_is_a_search(void **state) {
  (void)state;
  uint64_t hashes[2][8];
  for (unsigned shard = 0; shard < 2; shard++) {
    SimSearch search = search_open(&sim_policy_burst, 1);
    search.options.stride = 2;
    search.number = search.options.first = shard;
    for (unsigned i = 0; i < 8; i++) {
      SimSchedule exceptions = { 0 };
      assert_int_equal(search.number, shard + 2 * i);
      schedule_run(&search, every_kind, &exceptions);
      hashes[shard][i] = sim_machine()->hash;
      sim_schedule_finish(&exceptions);
    }
    sim_search_finish(&search);
  }
  assert_true(memcmp(hashes[0], hashes[1], sizeof hashes[0]) != 0);
}

/* ---- chances ---- */

/* Three steps, to the point: a thread that starts steps, and so does one that goes on. */
static void three(SimMachine *machine, void *argument) {
  for (int i = 0; i < 3; i++) {
    if (i > 0)
      sim_point(machine, SIM_POINT_CALL, 0, 0, 100);
    log_add((char)(uintptr_t)argument);
  }
}

static void two_times_three(void) {
  rig_thread(0, three, 'a');
  rig_thread(1, three, 'b');
}

/* How often each order of 2 x 3 steps was seen; orders are counted by their letters as bits. */
static unsigned orders_count(const SimPolicy *policy, unsigned run_count, unsigned *counts) {
  SimSearch search = search_open(policy, 1);
  unsigned distinct = 0;
  memset(counts, 0, 64 * sizeof *counts);
  for (unsigned i = 0; i < run_count; i++) {
    SimSchedule exceptions = { 0 };
    schedule_run(&search, two_times_three, &exceptions);
    unsigned order = 0;
    for (size_t k = 0; k < rig_log()->length; k++)
      order = order << 1 | (rig_log()->text[k] == 'b');
    distinct += i >= 8 && counts[order]++ == 0; /* the first ones learn how long threads are */
    sim_schedule_finish(&exceptions);
  }
  sim_search_finish(&search);
  return distinct;
}

/* Uniform over the 20 orders: chi-square with 19 degrees of freedom is below 43.8 with 99.9 percent. */
static void urw_is_uniform(void **state) {
  (void)state;
  unsigned counts[64], run_count = 8008;
  assert_int_equal(orders_count(&sim_policy_urw, run_count, counts), 20);
  double expected = (run_count - 8) / 20.0, chi_square = 0, random_square = 0;
  for (unsigned i = 0; i < 64; i++)
    if (counts[i] != 0)
      chi_square += (counts[i] - expected) * (counts[i] - expected) / expected;
  orders_count(&sim_policy_burst, run_count, counts);
  for (unsigned i = 0; i < 64; i++)
    if (counts[i] != 0)
      random_square += (counts[i] - expected) * (counts[i] - expected) / expected;
  print_message("chi-square: urw %.1f, burst %.1f\n", chi_square, random_square);
  assert_true(chi_square < 43.8);
  assert_true(random_square > 10 * 43.8);
}

static void all_orders_are_met(void **state) {
  (void)state;
  static const SimPolicy *const policies[] = { &sim_policy_pos,  &sim_policy_surw,     &sim_policy_feedback,
                                               &sim_policy_fair, &sim_policy_frontier, &sim_policy_portfolio };
  for (size_t i = 0; i < sizeof policies / sizeof policies[0]; i++) {
    unsigned counts[64];
    unsigned distinct = orders_count(policies[i], 4000, counts);
    if (distinct != 20)
      print_message("%s: %u orders\n", policies[i]->name, distinct);
    assert_int_equal(distinct, 20);
  }
}

/* A bug of depth 2: thread b's only step falls into one of thread a's many gaps. */
static void many_steps(SimMachine *machine, void *argument) {
  (void)argument;
  for (int i = 0; i < 20; i++) {
    rig_log()->words[0] = (uint64_t)i;
    sim_point(machine, SIM_POINT_CALL, 0, 1, 100);
  }
}

static void one_step(SimMachine *machine, void *argument) {
  (void)argument;
  sim_point(machine, SIM_POINT_CALL, 0, 1, 100);
  rig_log()->words[1] = rig_log()->words[0];
}

static void depth_two(void) {
  rig_thread(0, many_steps, 'a');
  rig_thread(1, one_step, 'b');
}

/* k is about 24, n is 2: each run finds the gap after step 10 with a chance of at least 1/48; fewer than 50 in 4800 runs: 1e-7. */
static void pct_keeps_its_bound(void **state) {
  (void)state;
  SimSearch search = search_open(&sim_policy_pct, 1);
  search.options.depth = 2;
  unsigned found = 0;
  for (unsigned i = 0; i < 4800; i++) {
    SimSchedule exceptions = { 0 };
    schedule_run(&search, depth_two, &exceptions);
    found += rig_log()->words[1] == 10;
    sim_schedule_finish(&exceptions);
  }
  sim_search_finish(&search);
  print_message("pct: %u of 4800\n", found);
  assert_true(found >= 50);
}

/* Twenty threads write, one reads: that it reads before all of them is one order in 21 where orders at the place are uniform, and rarer than any run
 * can tell where all steps are drawn alike. */
#define WRITER_COUNT 20

static void writer(SimMachine *machine, void *argument) {
  (void)argument;
  for (int i = 0; i < 4; i++)
    sim_point(machine, SIM_POINT_CALL, 0, 0, 10);
  sim_point(machine, SIM_POINT_CALL, 0, 9, 10);
  rig_log()->words[0]++;
}

static void reader(SimMachine *machine, void *argument) {
  (void)argument;
  for (int i = 0; i < 40; i++)
    sim_point(machine, SIM_POINT_CALL, 0, 0, 10);
  sim_point(machine, SIM_POINT_CALL, 0, 9, 10);
  rig_log()->words[1] = rig_log()->words[0] + 1;
}

static void late_reader(void) {
  for (unsigned vcpu = 0; vcpu < WRITER_COUNT; vcpu++)
    rig_thread(vcpu, writer, 'w');
  rig_thread(WRITER_COUNT, reader, 'r');
}

static unsigned early_reads(const SimPolicy *policy) {
  SimSearch search = search_open(policy, 1);
  unsigned found = 0;
  for (unsigned i = 0; i < 400; i++) {
    SimRunOptions options = rig_options(NULL, WRITER_COUNT + 1);
    sim_search_begin(&search, &options);
    load(&options, late_reader);
    assert_int_equal(sim_machine_run(sim_machine()), SIM_STOP_QUIET);
    found += rig_log()->words[1] == 1;
    sim_search_end(&search, sim_machine());
  }
  sim_search_finish(&search);
  return found;
}

static void surw_and_feedback_select(void **state) {
  (void)state;
  unsigned surw = early_reads(&sim_policy_surw), feedback = early_reads(&sim_policy_feedback), urw = early_reads(&sim_policy_urw);
  print_message("early reads of 400: surw %u, feedback %u, urw %u\n", surw, feedback, urw);
  assert_true(surw >= 400 / 42 && feedback >= 400 / 42);
  assert_true(urw < surw);
}

/* A combination lock: only turns of the two in strict alternation come through, any other begins again. By chance one schedule in some 2^TURNS. */
#define TURNS 14

static void turner(SimMachine *machine, void *argument) {
  uint64_t self = (uint64_t)(uintptr_t)argument == 'a' ? 0 : 1;
  for (int i = 0; i < TURNS; i++) {
    sim_point_at(machine, SIM_POINT_INTERLOCKED, 0, 0, true, (uint64_t)&every_kind_memory()->words[0], 10);
    if (every_kind_memory()->words[0] < TURNS)
      every_kind_memory()->words[0] = every_kind_memory()->words[0] % 2 == self ? every_kind_memory()->words[0] + 1 : 0;
  }
}

static void two_turn(void) {
  rig_thread(0, turner, 'a');
  rig_thread(1, turner, 'b');
}

/* Schedules until the lock is open; `most`: not in as many. */
static unsigned turns_until_open(const SimPolicy *policy, uint64_t seed, unsigned most) {
  SimSearch search = search_open(policy, seed);
  unsigned count = 0;
  for (bool is_open = false; !is_open && count < most; count++) {
    SimSchedule exceptions = { 0 };
    schedule_run(&search, two_turn, &exceptions);
    is_open = every_kind_memory()->words[0] == TURNS;
    sim_schedule_finish(&exceptions);
  }
  sim_search_finish(&search);
  return count;
}

static void frontier_goes_on_from_where_it_was(void **state) {
  unsigned most = 0, sum = 0;
  (void)state;
  for (uint64_t seed = 1; seed <= 10; seed++) {
    unsigned count = turns_until_open(&sim_policy_frontier, seed * 1000, 2000);
    most = count > most ? count : most;
    sum += turns_until_open(&sim_policy_portfolio, seed * 1000, 2000);
  }
  print_message("frontier: %u schedules at most; portfolio: %u on an average\n", most, sum / 10);
  assert_true(most < 1000);
  assert_true(sum / 10 < 1000);
}

/* Whatever the others bring, each has its turns: in 700 schedules each member is drawn some. */
static void portfolio_leaves_nobody_out(void **state) {
  static const SimPolicy *const members[] = { &sim_policy_feedback, &sim_policy_surw,  &sim_policy_pos,     &sim_policy_urw,
                                              &sim_policy_pct,      &sim_policy_burst, &sim_policy_frontier };
  unsigned turns[7] = { 0 };
  (void)state;
  SimSearch search = search_open(&sim_policy_portfolio, 1);
  for (unsigned i = 0; i < 700; i++) {
    SimSchedule exceptions = { 0 };
    schedule_run(&search, every_kind, &exceptions);
    for (unsigned k = 0; k < 7; k++)
      turns[k] += search.policy == members[k];
    sim_schedule_finish(&exceptions);
  }
  sim_search_finish(&search);
  for (unsigned k = 0; k < 7; k++)
    assert_true(turns[k] >= 700 / 14 / 8);
}

/* ---- interrupts ---- */

static void sixty_steps(SimMachine *machine, void *argument) {
  (void)argument;
  for (int i = 0; i < 60; i++) {
    rig_log()->words[0]++;
    sim_point(machine, SIM_POINT_CALL, 0, 1, 100);
  }
}

static void steps_note(SimMachine *machine, void *argument) {
  (void)machine, (void)argument;
  rig_log()->words[1] = rig_log()->words[0];
}

static void one_interrupt(void) {
  rig_thread(0, sixty_steps, 'a');
  rig_interrupt(0, 50, SIM_IRQL_DISPATCH + 1, SIM_CONTEXT_INTERRUPT, steps_note, 'I');
}

/* An interrupt has a priority like a thread: where it is the lower one, the thread comes to its end first. One that is put off by a chance at each
 * point never waits so long: one of 2^55. */
static void an_interrupt_is_an_actor(void **state) {
  SimSearch search = search_open(&sim_policy_pct, 1);
  unsigned early = 0, late = 0;
  (void)state;
  for (unsigned i = 0; i < 400; i++) {
    SimSchedule exceptions = { 0 };
    schedule_run(&search, one_interrupt, &exceptions);
    early += rig_log()->words[1] < 5;
    late += rig_log()->words[1] > 55;
    sim_schedule_finish(&exceptions);
  }
  sim_search_finish(&search);
  print_message("interrupts of 400: %u early, %u late\n", early, late);
  assert_true(early >= 40 && late >= 8);
}

/* ---- fairness ---- */

static void spin_on_word(SimMachine *machine, void *argument) {
  (void)argument;
  while (every_kind_memory()->words[0] == 0)
    sim_point(machine, SIM_POINT_CALL, 0, 1, 10);
}

static void set_word(SimMachine *machine, void *argument) {
  (void)argument;
  for (int i = 0; i < 50; i++)
    sim_point(machine, SIM_POINT_CALL, 0, 0, 10);
  every_kind_memory()->words[0] = 1;
}

static void three_wait_for_one(void) {
  for (unsigned vcpu = 0; vcpu < 3; vcpu++)
    rig_thread(vcpu, spin_on_word, 's');
  rig_thread(3, set_word, 'w');
}

static void fair_comes_to_an_end(void **state) {
  (void)state;
  SimSearch search = search_open(&sim_policy_fair, 1);
  for (unsigned i = 0; i < 50; i++) {
    SimSchedule exceptions = { 0 };
    schedule_run(&search, three_wait_for_one, &exceptions);
    assert_true(sim_machine()->step_count < 50u * 4 * 16 * 4);
    sim_schedule_finish(&exceptions);
  }
  sim_search_finish(&search);
}

/* ---- bytes ---- */

static void bytes_are_answers(void **state) {
  (void)state;
  SimSearch search = search_open(&sim_policy_bytes, 1);
  uint64_t hashes[2] = { 0 };
  for (unsigned i = 0; i < 3; i++) {
    static const uint8_t bytes[2][6] = { { 0 }, { 1, 200, 3, 77, 5, 6 } };
    SimSchedule exceptions = { 0 };
    sim_policy_bytes_give(&search, bytes[i % 2], sizeof bytes[0]);
    schedule_run(&search, every_kind, &exceptions);
    assert_true(i < 2 || sim_machine()->hash == hashes[0]);
    hashes[i % 2] = sim_machine()->hash;
    sim_schedule_finish(&exceptions);
  }
  assert_int_not_equal(hashes[0], hashes[1]);
  sim_search_finish(&search);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(every_policy_replays_and_repeats),
    cmocka_unit_test(a_shard_is_a_search),
    cmocka_unit_test(urw_is_uniform),
    cmocka_unit_test(all_orders_are_met),
    cmocka_unit_test(pct_keeps_its_bound),
    cmocka_unit_test(surw_and_feedback_select),
    cmocka_unit_test(frontier_goes_on_from_where_it_was),
    cmocka_unit_test(portfolio_leaves_nobody_out),
    cmocka_unit_test(an_interrupt_is_an_actor),
    cmocka_unit_test(fair_comes_to_an_end),
    cmocka_unit_test(bytes_are_answers),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
