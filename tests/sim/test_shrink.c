/* Shrinking: what fails keeps failing, with the fewest preemptions there are, in few runs. */
#include "rig.h"
#include "sim/shrink.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/* ---- programs ---- */

static void lock(SimMachine *machine, unsigned which) {
  uint64_t *word = &rig_log()->words[which];
  sim_point(machine, SIM_POINT_SPIN, 1, 1 + which, 20);
  while (*word != 0)
    sim_spin(machine, (uint64_t)word, 1 + which);
  *word = 1;
}

static void unlock(SimMachine *machine, unsigned which) {
  uint64_t *word = &rig_log()->words[which];
  *word = 0;
  sim_spin_wake(machine, (uint64_t)word);
}

/* 100 sections each; in one of them the two locks are nested, the other way round in the other thread. */
static void sections(SimMachine *machine, void *argument) {
  unsigned own = (unsigned)(uintptr_t)argument - 'a';
  unsigned nested = own == 0 ? 46 : 54;
  for (unsigned i = 0; i < 100; i++) {
    lock(machine, own);
    if (i == nested)
      lock(machine, 1 - own);
    sim_point(machine, SIM_POINT_CALL, 2, 0, 30);
    if (i == nested)
      unlock(machine, 1 - own);
    unlock(machine, own);
  }
}

/* Fails (a word says so) when both read before either writes, in each of three rounds: three departures or more. */
static void rounds(SimMachine *machine, void *argument) {
  unsigned own = (unsigned)(uintptr_t)argument - 'a';
  uint64_t *words = rig_log()->words;
  for (unsigned i = 0; i < 3; i++) {
    sim_point(machine, SIM_POINT_CALL, 1, 1, own == 0 ? 10 : 1000);
    uint64_t read = words[i];
    sim_point(machine, SIM_POINT_CALL, 2, 1, own == 0 ? 10 : 1000);
    words[i] = read + 1;
  }
  words[10]++;
}

/* ---- running them ---- */

typedef struct Program {
  RigRoutine *routine;
  bool (*has_failed)(void);
  SimSnapshot *snapshot;
  uint64_t seed;
  uint64_t finding; /* runs of `another` */
} Program;

static bool is_hung(void) { return sim_machine()->stop == SIM_STOP_HUNG; }

static bool is_lost(void) {
  const uint64_t *words = rig_log()->words;
  return words[10] == 2 && words[0] == 1 && words[1] == 1 && words[2] == 1;
}

static void open(Program *program, RigRoutine *routine, bool (*has_failed)(void)) {
  SimRunOptions options = rig_options(&sim_policy_timed, 2);
  *program = (Program){ .routine = routine, .has_failed = has_failed };
  rig_open(&options);
  rig_thread(0, routine, 'a');
  rig_thread(1, routine, 'b');
  program->snapshot = sim_snapshot_save();
}

static bool run(Program *program, SimRunOptions *options, SimSchedule *taken) {
  options->exceptions = taken;
  sim_snapshot_restore(program->snapshot);
  sim_machine_begin(sim_machine(), options);
  sim_machine_run(sim_machine());
  return program->has_failed();
}

static bool fails(const SimSchedule *candidate, SimSchedule *taken, SimSurvey *survey, void *data) {
  SimRunOptions options = rig_options(&sim_policy_survey, 2);
  SimSearch search;
  sim_survey_begin(survey, &search, &options);
  options.replay = candidate;
  return run(data, &options, taken);
}

static SimShrinkSearched search_through(const SimSearchOptions *options, uint64_t *runs, double *part, SimSchedule *found, void *data) {
  Program *program = data;
  SimSearch search;
  SimSearchProof proof;
  uint64_t count = 0;
  bool is_more = true, is_found = false;
  sim_search_init(&search, options);
  for (; is_more && !is_found && count < *runs; count++) {
    SimRunOptions own = rig_options(NULL, 2);
    sim_search_begin(&search, &own);
    own.exceptions = found;
    found->count = 0;
    if (!sim_search_resume(&search, program->snapshot, &own)) {
      sim_snapshot_restore(program->snapshot);
      sim_machine_begin(sim_machine(), &own);
    }
    sim_machine_run(sim_machine());
    is_found = sim_search_is_new(&search, sim_machine()) && program->has_failed();
    is_more = sim_search_end(&search, sim_machine());
  }
  bool is_all = sim_search_proof(&search, &proof) && !is_more && !proof.is_cut;
  *part = proof.part;
  sim_search_finish(&search);
  *runs = count;
  return is_found ? SIM_SHRINK_FOUND : is_all ? SIM_SHRINK_NONE : SIM_SHRINK_CUT;
}

static bool another(SimSchedule *schedule, void *data) {
  Program *program = data;
  for (unsigned i = 0; i < 10000; i++) {
    SimRunOptions options = rig_options(&sim_policy_random, 2);
    options.seed = program->seed++;
    schedule->count = 0;
    program->finding++;
    if (run(program, &options, schedule))
      return true;
  }
  return false;
}

static SimShrink shrink_of(Program *program) {
  return (SimShrink){
    .fails = fails, .search = search_through, .another = another, .data = program, .run_max = 100000, .check_max = 50000, .another_max = 16
  };
}

static void assert_fails(Program *program, const SimSchedule *schedule) {
  SimSchedule taken = { 0 };
  SimRunOptions options = rig_options(&sim_policy_replay, 2);
  options.replay = schedule;
  assert_true(run(program, &options, &taken));
  assert_int_equal(taken.count, schedule->count);
  assert_memory_equal(taken.exceptions, schedule->exceptions, taken.count * sizeof *taken.exceptions);
  sim_schedule_finish(&taken);
}

static double now_ms(void) {
  struct timespec time;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return (double)time.tv_sec * 1e3 + (double)time.tv_nsec / 1e6;
}

/* ---- tests ---- */

static void a_deadlock_among_many_sections(void **state) {
  (void)state;
  Program program;
  open(&program, sections, is_hung);
  SimShrink shrink = shrink_of(&program);
  double all_ms = 0;
  size_t before = 0, after = 0, exceptions = 0;
  uint64_t runs = 0;
  for (unsigned i = 0; i < 10; i++) {
    SimSchedule schedule = { 0 };
    SimShrinkResult result;
    assert_true(another(&schedule, &program));
    double begin_ms = now_ms();
    sim_shrink(&shrink, &schedule, &result);
    all_ms += now_ms() - begin_ms;
    before += result.preemptions_before;
    after += result.preemptions;
    exceptions += schedule.count;
    runs += result.run_count;
    assert_true(result.is_proved);
    assert_int_equal(result.preemptions, 1);
    assert_fails(&program, &schedule);
    sim_schedule_finish(&schedule);
  }
  print_message("AB-BA among 2x100 sections: %.1f preemptions -> %.1f, proved, in %.1f exceptions; %llu runs, %.2f ms each\n",
                (double)before / 10, (double)after / 10, (double)exceptions / 10, (unsigned long long)runs / 10, all_ms / 10);
  sim_snapshot_destroy(&program.snapshot);
}

static void three_rounds_of_luck(void **state) {
  (void)state;
  Program program;
  open(&program, rounds, is_lost);
  SimShrink shrink = shrink_of(&program);
  for (unsigned i = 0; i < 5; i++) {
    SimSchedule schedule = { 0 };
    SimShrinkResult result;
    assert_true(another(&schedule, &program));
    sim_shrink(&shrink, &schedule, &result);
    assert_true(result.is_proved);
    assert_int_equal(result.preemptions, 3);
    assert_fails(&program, &schedule);
    print_message("three rounds: %u, as %zu exceptions; %llu runs, %llu of them to prove it\n", result.preemptions, schedule.count,
                  (unsigned long long)result.run_count, (unsigned long long)result.check_count);
    sim_schedule_finish(&schedule);
  }
  sim_snapshot_destroy(&program.snapshot);
}

/* An interrupt that lands late is one preemption, however late. */
static void walk(SimMachine *machine, void *argument) {
  (void)argument;
  for (unsigned i = 0; i < 8; i++) {
    sim_point(machine, SIM_POINT_CALL, 1, 1, 10);
    rig_log()->words[0]++;
  }
}

static void look(SimMachine *machine, void *argument) {
  (void)machine, (void)argument;
  rig_log()->words[1] = rig_log()->words[0];
}

static bool is_seen_late(void) { return rig_log()->words[1] == 6; }

/* Another one at that level is another preemption. */
static void look_again(SimMachine *machine, void *argument) {
  (void)machine, (void)argument;
  rig_log()->words[2] = rig_log()->words[0];
}

static bool are_seen_late(void) { return rig_log()->words[1] == 3 && rig_log()->words[2] == 7; }

/* A thread walks, and so many interrupts look where it is: it fails with one preemption each. Returns how many exceptions say so. */
static size_t late_interrupts(bool (*has_failed)(void), unsigned count) {
  SimRunOptions options = rig_options(&sim_policy_timed, 2);
  Program program = { .has_failed = has_failed };
  rig_open(&options);
  rig_thread(0, walk, 'a');
  rig_interrupt(0, 15, SIM_IRQL_DISPATCH, SIM_CONTEXT_DPC, look, 'i');
  if (count == 2)
    rig_interrupt(0, 45, SIM_IRQL_DISPATCH, SIM_CONTEXT_DPC, look_again, 'j');
  program.snapshot = sim_snapshot_save();
  SimShrink shrink = shrink_of(&program);
  SimSchedule schedule = { 0 };
  SimShrinkResult result;
  assert_true(another(&schedule, &program));
  sim_shrink(&shrink, &schedule, &result);
  assert_false(result.is_natural);
  assert_int_equal(result.preemptions, count);
  assert_true(result.is_proved);
  assert_fails(&program, &schedule);
  size_t exceptions = schedule.count;
  sim_schedule_finish(&schedule);
  sim_snapshot_destroy(&program.snapshot);
  return exceptions;
}

static void an_interrupt_that_lands_late(void **state) {
  (void)state;
  assert_true(late_interrupts(is_seen_late, 1) >= 3); /* put off at each of several points */
}

static void two_interrupts_that_land_late(void **state) {
  (void)state;
  late_interrupts(are_seen_late, 2);
}

/* What fails anyway needs no departure; what uses up its runs says so and still fails. */
static bool always(void) { return true; }

static void what_fails_anyway(void **state) {
  (void)state;
  Program program;
  open(&program, rounds, always);
  SimShrink shrink = shrink_of(&program);
  SimSchedule schedule = { 0 };
  SimShrinkResult result;
  assert_true(another(&schedule, &program));
  sim_shrink(&shrink, &schedule, &result);
  assert_int_equal(schedule.count, 0);
  assert_true(result.is_natural);
  assert_int_equal(result.preemptions, 0);
  sim_schedule_finish(&schedule);
  sim_snapshot_destroy(&program.snapshot);
}

static void the_runs_are_bounded(void **state) {
  (void)state;
  Program program;
  open(&program, rounds, is_lost);
  for (uint64_t most = 0; most < 400; most += 7) {
    SimShrink shrink = shrink_of(&program);
    SimSchedule schedule = { 0 };
    SimShrinkResult result;
    program.seed = 0;
    assert_true(another(&schedule, &program));
    shrink.run_max = most;
    sim_shrink(&shrink, &schedule, &result);
    assert_true(result.run_count <= most);
    assert_fails(&program, &schedule);
    sim_schedule_finish(&schedule);
  }
  sim_snapshot_destroy(&program.snapshot);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_deadlock_among_many_sections),
    cmocka_unit_test(three_rounds_of_luck),
    cmocka_unit_test(an_interrupt_that_lands_late),
    cmocka_unit_test(two_interrupts_that_land_late),
    cmocka_unit_test(what_fails_anyway),
    cmocka_unit_test(the_runs_are_bounded),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
