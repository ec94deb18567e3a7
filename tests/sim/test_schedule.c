/* Schedules: whatever a run does, its line does again. And the line itself, hostile ones among them. */
#include "every_kind.h"

#include <stdio.h>
#include <stdlib.h>

#define SEED_COUNT 200
#define VCPU_COUNT EVERY_KIND_CPU_COUNT

/* ---- running the program ---- */

typedef struct Outcome {
  SimStop stop;
  uint64_t hash;
  uint32_t event_count;
  uint32_t misses;
  SimSchedule exceptions;
  char text[512];
} Outcome;

static void outcome_take(Outcome *outcome, SimStop stop) {
  outcome->stop = stop;
  outcome->hash = sim_machine()->hash;
  outcome->event_count = sim_machine()->event_count;
  outcome->misses = sim_machine()->replay_misses;
  snprintf(outcome->text, sizeof outcome->text, "%s", rig_log()->text);
}

static void program_run(SimRunOptions options, Outcome *outcome) {
  outcome->exceptions.count = 0;
  options.exceptions = &outcome->exceptions;
  rig_open(&options);
  every_kind_page();
  every_kind();
  outcome_take(outcome, sim_machine_run(sim_machine()));
}

static void record(uint64_t seed, Outcome *outcome) {
  SimRunOptions options = rig_options(&sim_policy_random, VCPU_COUNT);
  options.seed = seed;
  program_run(options, outcome);
}

static void replay(const SimSchedule *schedule, Outcome *outcome) {
  SimRunOptions options = rig_options(&sim_policy_replay, VCPU_COUNT);
  options.replay = schedule;
  program_run(options, outcome);
}

static void assert_same(const Outcome *one, const Outcome *other) {
  assert_string_equal(one->text, other->text);
  assert_int_equal(one->stop, other->stop);
  assert_int_equal(one->event_count, other->event_count);
  assert_int_equal(one->hash, other->hash);
}

static void assert_same_exceptions(const SimSchedule *one, const SimSchedule *other) {
  assert_int_equal(one->count, other->count);
  for (size_t i = 0; i < one->count; i++) {
    assert_int_equal(one->exceptions[i].context, other->exceptions[i].context);
    assert_int_equal(one->exceptions[i].kind, other->exceptions[i].kind);
    assert_int_equal(one->exceptions[i].ordinal, other->exceptions[i].ordinal);
    assert_int_equal(one->exceptions[i].answer, other->exceptions[i].answer);
  }
}

static void line_parse(const char *line, SimSchedule *schedule) {
  char fingerprint[16];
  const char *error = NULL;
  size_t column = 0;
  assert_true(sim_schedule_parse(line, schedule, fingerprint, sizeof fingerprint, &error, &column));
}

/* ---- properties ---- */

/* replay(record(run)) == run, through the printed line; and what the replay records is that line again. */
static void a_recorded_run_replays(void **state) {
  (void)state;
  bool is_met[SIM_CHOICE_KIND_COUNT] = { false };
  uint64_t first_hash = 0;
  unsigned others = 0;
  for (uint64_t seed = 0; seed < SEED_COUNT; seed++) {
    Outcome recorded = { 0 }, again = { 0 }, replayed = { 0 };
    SimSchedule parsed = { 0 };
    record(seed, &recorded);
    record(seed, &again);
    assert_same(&recorded, &again);
    char *line = sim_schedule_print(&recorded.exceptions, "-");
    line_parse(line, &parsed);
    assert_same_exceptions(&recorded.exceptions, &parsed);
    replay(&parsed, &replayed);
    assert_same(&recorded, &replayed);
    assert_int_equal(replayed.misses, 0);
    assert_same_exceptions(&recorded.exceptions, &replayed.exceptions);
    for (size_t i = 0; i < recorded.exceptions.count; i++)
      is_met[recorded.exceptions.exceptions[i].kind] = true;
    first_hash = seed == 0 ? recorded.hash : first_hash;
    others += recorded.hash != first_hash;
    free(line);
    sim_schedule_finish(&recorded.exceptions);
    sim_schedule_finish(&again.exceptions);
    sim_schedule_finish(&replayed.exceptions);
    sim_schedule_finish(&parsed);
  }
  assert_true(is_met[SIM_CHOICE_STEP] && is_met[SIM_CHOICE_INTERRUPT] && is_met[SIM_CHOICE_ACCESS] && is_met[SIM_CHOICE_MODEL]);
  assert_true(others > SEED_COUNT / 2);
}

static void the_empty_schedule_is_the_timed_run(void **state) {
  (void)state;
  Outcome timed = { 0 }, replayed = { 0 };
  program_run(rig_options(&sim_policy_timed, VCPU_COUNT), &timed);
  replay(&(SimSchedule){ 0 }, &replayed);
  assert_same(&timed, &replayed);
  assert_int_equal(timed.stop, SIM_STOP_QUIET);
  assert_int_equal(replayed.exceptions.count, 0);
}

/* Taking an exception away leaves the others meaningful: the run is one that can happen, and it replays itself. */
static void any_part_of_a_schedule_is_a_schedule(void **state) {
  (void)state;
  for (uint64_t seed = 0; seed < 4; seed++) {
    Outcome recorded = { 0 };
    record(seed, &recorded);
    for (size_t without = 0; without < recorded.exceptions.count; without++) {
      SimSchedule part = { 0 };
      Outcome one = { 0 }, other = { 0 };
      for (size_t i = 0; i < recorded.exceptions.count; i++)
        if (i != without)
          sim_schedule_append(&part, recorded.exceptions.exceptions[i]);
      replay(&part, &one);
      assert_true(one.exceptions.count <= part.count);
      replay(&one.exceptions, &other);
      assert_same(&one, &other);
      sim_schedule_finish(&part);
      sim_schedule_finish(&one.exceptions);
      sim_schedule_finish(&other.exceptions);
    }
    sim_schedule_finish(&recorded.exceptions);
  }
}

/* Runs from a saved state record and replay as runs from the start do. */
static void from_a_saved_state(void **state) {
  (void)state;
  SimRunOptions options = rig_options(&sim_policy_timed, VCPU_COUNT);
  rig_open(&options);
  every_kind_page();
  every_kind();
  SimSnapshot *snapshot = sim_snapshot_save();
  for (uint64_t seed = 0; seed < 20; seed++) {
    Outcome recorded = { 0 }, replayed = { 0 };
    options = rig_options(&sim_policy_random, VCPU_COUNT);
    options.seed = seed;
    options.exceptions = &recorded.exceptions;
    sim_snapshot_restore(snapshot);
    sim_machine_begin(sim_machine(), &options);
    outcome_take(&recorded, sim_machine_run(sim_machine()));
    options = rig_options(&sim_policy_replay, VCPU_COUNT);
    options.replay = &recorded.exceptions;
    sim_snapshot_restore(snapshot);
    sim_machine_begin(sim_machine(), &options);
    outcome_take(&replayed, sim_machine_run(sim_machine()));
    assert_same(&recorded, &replayed);
    sim_schedule_finish(&recorded.exceptions);
  }
  sim_snapshot_destroy(&snapshot);
}

/* Held at every so many events, saved and restored, a run comes to the same. */
typedef struct Holding {
  uint32_t every;
  uint32_t count;
} Holding;

static void hold(const SimEvent *event, void *data) {
  const Holding *holding = data;
  if (event->sequence % holding->every == 0)
    sim_hold(sim_machine());
}

static void a_run_that_is_held_goes_on(void **state) {
  (void)state;
  for (uint32_t every = 1; every < 12; every++) {
    Outcome recorded = { 0 }, held = { 0 };
    Holding holding = { .every = every };
    SimEventMask mask;
    record(every, &recorded);
    SimRunOptions options = rig_options(&sim_policy_replay, VCPU_COUNT);
    options.replay = &recorded.exceptions;
    options.exceptions = &held.exceptions;
    rig_open(&options);
    memset(&mask, 0xff, sizeof mask);
    sim_observer_add(sim_machine(), hold, &holding, mask);
    every_kind_page();
    every_kind();
    SimStop stop;
    while ((stop = sim_machine_run(sim_machine())) == SIM_STOP_NONE) {
      SimSnapshot *snapshot = sim_snapshot_save();
      sim_snapshot_restore(snapshot);
      sim_snapshot_destroy(&snapshot);
      holding.count++;
    }
    outcome_take(&held, stop);
    assert_true(holding.count > 0);
    assert_same(&recorded, &held);
    assert_same_exceptions(&recorded.exceptions, &held.exceptions);
    sim_schedule_finish(&recorded.exceptions);
    sim_schedule_finish(&held.exceptions);
  }
}

/* A run that a limit ends replays to the same end. */
static void limits_replay(void **state) {
  (void)state;
  for (uint64_t limit = 1; limit < 120; limit += 7)
    for (int which = 0; which < 3; which++) {
      Outcome recorded = { 0 }, replayed = { 0 };
      SimRunOptions options = rig_options(&sim_policy_random, VCPU_COUNT);
      options.seed = limit;
      *(which == 0 ? &options.limits.steps : which == 1 ? &options.limits.events : &options.limits.accesses) = limit;
      program_run(options, &recorded);
      options.policy = &sim_policy_replay;
      options.replay = &recorded.exceptions;
      program_run(options, &replayed);
      assert_same(&recorded, &replayed);
      sim_schedule_finish(&recorded.exceptions);
      sim_schedule_finish(&replayed.exceptions);
    }
}

/* The same number from gcc and clang, with and without optimisation, with fibers of either kind. It changes when what an event is changes: then
 * look why, and write the new one down. */
static void hashes_are_those_of_every_build(void **state) {
  (void)state;
  uint64_t all = 0;
  for (uint64_t seed = 0; seed < 20; seed++) {
    Outcome recorded = { 0 };
    record(seed, &recorded);
    all = all * 31 + recorded.hash;
    sim_schedule_finish(&recorded.exceptions);
  }
  assert_int_equal(all, 0xf28075799d1873a7ULL);
}

/* ---- contexts ---- */

/* Interrupts' contexts are named apart, however many there are: 100,000 of them, a few at a time. */
static void note_id(const SimEvent *event, void *data) {
  uint32_t *ids = data;
  ids[rig_log()->words[0]++] = event->context;
}

static void request_many(SimMachine *machine, SimQueueEntry *entry) {
  RigStimulus *stimulus = SIM_CONTAINER(entry, RigStimulus, entry);
  sim_interrupt_request(machine, &machine->vcpus[0], &stimulus->interrupt);
  if (rig_log()->words[1]++ < 100000)
    sim_queue_push(&machine->queue, entry, entry->time_ns + 50);
}

static int id_compare(const void *left, const void *right) {
  uint32_t one = *(const uint32_t *)left, other = *(const uint32_t *)right;
  return one < other ? -1 : one > other;
}

static void no_two_interrupts_have_one_name(void **state) {
  (void)state;
  SimRunOptions options = rig_options(&sim_policy_timed, 1);
  uint32_t *ids = calloc(200000, sizeof *ids);
  rig_open(&options);
  SimEventMask mask = { 0 };
  sim_event_mask_add(&mask, SIM_EVENT_INTERRUPT);
  sim_observer_add(sim_machine(), note_id, ids, mask);
  rig_interrupt(0, 10, 5, SIM_CONTEXT_INTERRUPT, log_name, 'i')->entry.fire = request_many;
  assert_int_equal(sim_machine_run(sim_machine()), SIM_STOP_QUIET);
  size_t count = rig_log()->words[0];
  assert_true(count > 99000);
  qsort(ids, count, sizeof *ids, id_compare);
  for (size_t i = 1; i < count; i++)
    assert_true(ids[i - 1] != 0 && ids[i - 1] != ids[i]);
  free(ids);
}

/* Which cpu was first changes nobody's name: exceptions keep their meaning when others are taken away. */
static void note_name(const SimEvent *event, void *data) { ((uint32_t *)data)[event->cpu] = event->context; }

static void names_do_not_depend_on_other_cpus(void **state) {
  (void)state;
  uint32_t names[2][2] = { { 0 } };
  for (unsigned first = 0; first < 2; first++) {
    SimRunOptions options = rig_options(&sim_policy_timed, 2);
    rig_open(&options);
    SimEventMask mask = { 0 };
    sim_event_mask_add(&mask, SIM_EVENT_INTERRUPT);
    sim_observer_add(sim_machine(), note_name, names[first], mask);
    rig_interrupt(first, 10, 5, SIM_CONTEXT_INTERRUPT, log_name, 'f');
    rig_interrupt(1 - first, 20, 5, SIM_CONTEXT_INTERRUPT, log_name, 's');
    assert_int_equal(sim_machine_run(sim_machine()), SIM_STOP_QUIET);
  }
  assert_int_equal(names[0][0], names[1][0]);
  assert_int_equal(names[0][1], names[1][1]);
  assert_true(names[0][0] != names[0][1]);
}

/* ---- the line ---- */

static void bad_lines_are_named(void **state) {
  (void)state;
  static const struct {
    const char *line;
    size_t column;
  } rows[] = {
    { "", 0 },
    { "v2:-", 0 },
    { "v1:", 3 },
    { "v1:zz", 3 },
    { "v1:-:", 5 },
    { "v1:-:12", 7 },
    { "v1:-:12.", 8 },
    { "v1:-:12.x1=1", 8 },
    { "v1:-:12.s=1", 9 },
    { "v1:-:12.s1", 10 },
    { "v1:-:12.s1=", 11 },
    { "v1:-:12.s1=1,", 12 },
    { "v1:-:1ffffffff.s1=1", 13 },
    { "v1:-:1.s99999999999=1", 17 },
    { "v1:-:1.s1=1:", 12 },
    { "v1:-:1.s1=1 ", 11 },
    { "v1:-:12345678901234567890.s1=1", 13 },
    { "v1:0123456789abcdef", 3 },
    { "v1:-:12.s5-=1", 11 },
    { "v1:-:12.s5-4=1", 12 },
    { "v1:-:12.s0-4294967295=1", 21 },
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    SimSchedule schedule = { 0 };
    char fingerprint[16];
    const char *error = NULL;
    size_t column = 999;
    assert_false(sim_schedule_parse(rows[i].line, &schedule, fingerprint, sizeof fingerprint, &error, &column));
    assert_non_null(error);
    assert_int_equal(column, rows[i].column);
    assert_null(schedule.exceptions);
  }
}

/* Answers to points that are not met, answers that are no option, the same point twice: a run, not an error. */
static void strange_lines_run(void **state) {
  (void)state;
  static const struct {
    const char *line;
    bool is_missed;
  } rows[] = {
    { "v1:-:12345678.s1=1.i1=0.m7=1.a4294967295=1.u4294967295=4294967295", false },
    { "v1:-:0.s0=63", true },
    { "v1:-:0.s0=4294967295", true },
    { "v1:-:0.s0=1:0.s0=63:0.s0=2", false }, /* the first counts */
    { "v1:-:0.s0=63:0.s0=1", true },
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    SimSchedule schedule = { 0 };
    Outcome outcome = { 0 };
    line_parse(rows[i].line, &schedule);
    replay(&schedule, &outcome);
    assert_int_equal(outcome.stop, SIM_STOP_QUIET);
    assert_int_equal(outcome.misses > 0, rows[i].is_missed);
    sim_schedule_finish(&schedule);
    sim_schedule_finish(&outcome.exceptions);
  }
}

/* As long as a hostile line can be: looked up without memory of the machine and in little time. */
static void a_long_line_is_only_long(void **state) {
  (void)state;
  Outcome natural = { 0 }, outcome = { 0 };
  SimSchedule schedule = { 0 };
  for (uint32_t i = 0; i < 2000000; i++)
    sim_schedule_append(&schedule,
                        (SimException){ .context = i * 2654435761u | 1, .ordinal = 1000000 + i, .answer = 1, .kind = (uint8_t)(i % 8) });
  program_run(rig_options(&sim_policy_timed, VCPU_COUNT), &natural);
  replay(&schedule, &outcome);
  assert_same(&natural, &outcome);
  sim_schedule_finish(&schedule);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_recorded_run_replays),
    cmocka_unit_test(the_empty_schedule_is_the_timed_run),
    cmocka_unit_test(any_part_of_a_schedule_is_a_schedule),
    cmocka_unit_test(from_a_saved_state),
    cmocka_unit_test(a_run_that_is_held_goes_on),
    cmocka_unit_test(limits_replay),
    cmocka_unit_test(hashes_are_those_of_every_build),
    cmocka_unit_test(no_two_interrupts_have_one_name),
    cmocka_unit_test(names_do_not_depend_on_other_cpus),
    cmocka_unit_test(bad_lines_are_named),
    cmocka_unit_test(strange_lines_run),
    cmocka_unit_test(a_long_line_is_only_long),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
