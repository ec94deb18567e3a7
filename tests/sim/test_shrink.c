/* Shrinking: what fails keeps failing, with the fewest departures there are, in few runs. */
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
  return (SimShrink){ .fails = fails,
                      .another = another,
                      .data = program,
                      .kinds = 1u << SIM_CHOICE_STEP | 1u << SIM_CHOICE_INTERRUPT,
                      .run_max = 100000,
                      .check_max = 50000,
                      .another_max = 16 };
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
  size_t before = 0, after = 0;
  uint64_t runs = 0;
  for (unsigned i = 0; i < 10; i++) {
    SimSchedule schedule = { 0 };
    SimShrinkResult result;
    assert_true(another(&schedule, &program));
    before += schedule.count;
    double begin_ms = now_ms();
    sim_shrink(&shrink, &schedule, &result);
    all_ms += now_ms() - begin_ms;
    after += result.count;
    runs += result.run_count;
    assert_true(result.is_proved);
    assert_true(result.count <= 2);
    assert_fails(&program, &schedule);
    sim_schedule_finish(&schedule);
  }
  print_message("AB-BA among 2x100 sections: %.1f departures -> %.1f, proved; %llu runs, %.2f ms each\n", (double)before / 10,
                (double)after / 10, (unsigned long long)runs / 10, all_ms / 10);
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
    assert_int_equal(result.count, result.refuted + 1);
    assert_fails(&program, &schedule);
    print_message("three rounds: %zu, as %zu departures; %llu runs, %llu of them to prove it\n", result.count, schedule.count,
                  (unsigned long long)result.run_count, (unsigned long long)result.check_count);
    sim_schedule_finish(&schedule);
  }
  sim_snapshot_destroy(&program.snapshot);
}

static bool is_other(const SimSurvey *survey, const SimSurveyPoint *point, uint32_t id) {
  for (unsigned i = 0; i < point->others; i++)
    if (survey->others[point->other + i] == id)
      return true;
  return false;
}

/* Where an answer goes on, what else could be said is the natural one, too: schedules with fewer are all run. */
static void what_goes_on_can_end(void **state) {
  (void)state;
  Program program;
  open(&program, rounds, is_lost);
  SimSurvey survey = { .is_listing = true };
  SimSchedule none = { 0 }, staying = { 0 }, taken = { 0 };
  fails(&none, &taken, &survey, &program);
  size_t first = 0, going_on = 0;
  while (first < survey.count && survey.points[first].others == 0)
    first++;
  assert_true(first < survey.count);
  const SimSurveyPoint *point = &survey.points[first];
  sim_schedule_append(&staying, (SimException){ .context = point->context,
                                                .ordinal = point->ordinal,
                                                .answer = survey.others[point->other],
                                                .kind = point->kind,
                                                .stays = true });
  taken.count = 0;
  fails(&staying, &taken, &survey, &program);
  for (size_t i = survey.free_from; i < survey.count; i++)
    if (survey.points[i].answer != survey.points[i].natural) {
      going_on++;
      assert_true(is_other(&survey, &survey.points[i], survey.points[i].natural));
      assert_false(is_other(&survey, &survey.points[i], survey.points[i].answer));
    }
  assert_true(going_on > 0);
  sim_schedule_finish(&staying);
  sim_schedule_finish(&taken);
  sim_survey_finish(&survey);
  sim_snapshot_destroy(&program.snapshot);
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
  assert_true(result.is_proved);
  assert_int_equal(result.run_count, 1);
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
    cmocka_unit_test(a_deadlock_among_many_sections), cmocka_unit_test(three_rounds_of_luck),
    cmocka_unit_test(what_goes_on_can_end),           cmocka_unit_test(what_fails_anyway),
    cmocka_unit_test(the_runs_are_bounded),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
