/* The machine without Windows: contexts, cpus, interrupts, choices, schedules, the hash. What fibers do is recorded and asserted after the run. */
#include "sim/gate.h"
#include "sim/machine.h"
#include "sim/search.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* A program of two threads that each make three steps; the log keeps who stepped. */
typedef struct Log {
  char text[256];
  size_t length;
} Log;

static Log *run_log(void) { return (Log *)SIM_RUNNER_BASE; }

static void log_add(char character) { run_log()->text[run_log()->length++] = character; }

static void three_steps(SimMachine *machine, void *argument) {
  for (int i = 0; i < 3; i++) {
    log_add((char)(uintptr_t)argument);
    sim_point(machine, SIM_POINT_CALL, 0, 0, 100);
  }
}

static SimRunOptions options_of(const SimPolicy *policy, unsigned vcpu_count) {
  return (SimRunOptions){.vcpu_count = vcpu_count, .policy = policy, .limits = sim_limits_default, .seed = 1};
}

static void machine_open(const SimRunOptions *options) {
  assert_true(sim_arena_map());
  sim_arena_reset();
  sim_arena_claim(SIM_RUNNER_BASE, sizeof(Log));
  memset(run_log(), 0, sizeof(Log));
  sim_machine_begin(sim_machine(), options);
}

static void thread_add(unsigned vcpu, void (*entry)(SimMachine *, void *), char name) {
  SimMachine *machine = sim_machine();
  SimContext *context = sim_context_create(machine, NULL, SIM_CONTEXT_THREAD, entry, (void *)(uintptr_t)name);
  sim_vcpu_set_thread(machine, &machine->vcpus[vcpu], context);
}

static void timed_steps_the_earliest(void **state) {
  (void)state;
  SimRunOptions options = options_of(&sim_policy_timed, 2);
  machine_open(&options);
  thread_add(0, three_steps, 'a');
  thread_add(1, three_steps, 'b');
  assert_int_equal(sim_machine_run(sim_machine()), SIM_STOP_QUIET);
  assert_string_equal(run_log()->text, "ababab");
}

static void record_run(SimSchedule *exceptions, uint64_t seed, char *text, uint64_t *hash) {
  SimRunOptions options = options_of(&sim_policy_random, 2);
  options.seed = seed;
  options.exceptions = exceptions;
  machine_open(&options);
  thread_add(0, three_steps, 'a');
  thread_add(1, three_steps, 'b');
  sim_machine_run(sim_machine());
  strcpy(text, run_log()->text);
  *hash = sim_machine()->hash;
}

static void replay_is_the_same(void **state) {
  (void)state;
  unsigned distinct = 0;
  char last[256] = "";
  for (uint64_t seed = 0; seed < 50; seed++) {
    SimSchedule recorded = {0}, parsed = {0};
    char text[256], fingerprint[16];
    uint64_t hash;
    const char *error;
    size_t column;
    record_run(&recorded, seed, text, &hash);
    char *line = sim_schedule_print(&recorded, "-");
    assert_true(sim_schedule_parse(line, &parsed, fingerprint, sizeof fingerprint, &error, &column));
    assert_int_equal(parsed.count, recorded.count);
    SimRunOptions options = options_of(&sim_policy_replay, 2);
    options.replay = &parsed;
    machine_open(&options);
    thread_add(0, three_steps, 'a');
    thread_add(1, three_steps, 'b');
    sim_machine_run(sim_machine());
    assert_string_equal(run_log()->text, text);
    assert_int_equal(sim_machine()->hash, hash);
    assert_int_equal(sim_machine()->replay_misses, 0);
    distinct += strcmp(last, text) != 0;
    strcpy(last, text);
    free(line);
    sim_schedule_finish(&recorded);
    sim_schedule_finish(&parsed);
  }
  assert_true(distinct > 5);
}

/* Two threads of three steps: 20 orders of their steps, each found, and no other. */
static void exhaustive_finds_every_order(void **state) {
  (void)state;
  SimSearch search = {0};
  char found[64][8];
  unsigned found_count = 0, runs = 0;
  do {
    SimRunOptions options = options_of(&sim_policy_exhaustive, 2);
    options.search = &search;
    machine_open(&options);
    thread_add(0, three_steps, 'a');
    thread_add(1, three_steps, 'b');
    assert_int_equal(sim_machine_run(sim_machine()), SIM_STOP_QUIET);
    unsigned at = 0;
    while (at < found_count && strcmp(found[at], run_log()->text) != 0)
      at++;
    if (at == found_count)
      strcpy(found[found_count++], run_log()->text);
    assert_true(++runs < 1000);
  } while (sim_search_next(&search));
  sim_search_finish(&search);
  assert_int_equal(found_count, 20);
}

static void snapshot_restores_everything(void **state) {
  (void)state;
  SimRunOptions options = options_of(&sim_policy_timed, 2);
  machine_open(&options);
  thread_add(0, three_steps, 'a');
  thread_add(1, three_steps, 'b');
  SimSnapshot *snapshot = sim_snapshot_save();
  uint64_t hash = 0;
  for (int i = 0; i < 3; i++) {
    sim_snapshot_restore(snapshot);
    sim_machine_begin(sim_machine(), &options);
    assert_int_equal(sim_machine_run(sim_machine()), SIM_STOP_QUIET);
    assert_string_equal(run_log()->text, "ababab");
    if (i > 0)
      assert_int_equal(sim_machine()->hash, hash);
    hash = sim_machine()->hash;
  }
  sim_snapshot_destroy(&snapshot);
}

static void pauses_in_the_middle(SimMachine *machine, void *argument) {
  three_steps(machine, argument);
  sim_pause(machine);
  three_steps(machine, argument);
}

static void a_paused_run_goes_on_from_each_restore(void **state) {
  (void)state;
  SimRunOptions options = options_of(&sim_policy_timed, 2);
  machine_open(&options);
  thread_add(0, pauses_in_the_middle, 'a');
  thread_add(1, three_steps, 'b');
  assert_int_equal(sim_machine_run(sim_machine()), SIM_STOP_NONE);
  assert_string_equal(run_log()->text, "abababa"); /* the pause takes effect at the next scheduling point */
  SimSnapshot *snapshot = sim_snapshot_save();
  for (int i = 0; i < 3; i++) {
    sim_snapshot_restore(snapshot);
    sim_machine_begin(sim_machine(), &options);
    assert_int_equal(sim_machine_run(sim_machine()), SIM_STOP_QUIET);
    assert_string_equal(run_log()->text, "abababaaa");
  }
  sim_snapshot_destroy(&snapshot);
}

/* ---- IRQL and interrupts ---- */

static void isr(SimMachine *machine, void *argument) {
  log_add((char)(uintptr_t)argument);
  sim_charge(machine, 10);
}

typedef struct Stimulus {
  SimQueueEntry entry;
  SimInterrupt interrupt;
} Stimulus;

static void stimulus_fire(SimMachine *machine, SimQueueEntry *entry) {
  sim_interrupt_request(machine, &machine->vcpus[0], &SIM_CONTAINER((void *)entry, Stimulus, entry)->interrupt);
}

static void stimulus_add(uint64_t time_ns, SimIrql irql, char name) {
  Stimulus *stimulus = sim_heap_allocate(sizeof *stimulus);
  sim_interrupt_init(&stimulus->interrupt, irql, SIM_CONTEXT_INTERRUPT, isr, (void *)(uintptr_t)name);
  stimulus->entry.fire = stimulus_fire;
  sim_queue_push(&sim_machine()->queue, &stimulus->entry, time_ns);
}

static void masked_steps(SimMachine *machine, void *argument) {
  (void)argument;
  sim_irql_raise(machine, SIM_IRQL_DISPATCH, 0);
  for (int i = 0; i < 3; i++) {
    log_add('m');
    sim_point(machine, SIM_POINT_CALL, 0, 0, 100);
  }
  sim_irql_lower(machine, SIM_IRQL_PASSIVE, 0);
  log_add('p');
}

static void interrupts_land_by_level(void **state) {
  (void)state;
  SimRunOptions options = options_of(&sim_policy_timed, 1);
  machine_open(&options);
  thread_add(0, masked_steps, 0);
  stimulus_add(50, SIM_IRQL_DISPATCH, 'd'); /* masked until the level is lowered */
  stimulus_add(150, 5, 'i');                /* a device: lands between the steps */
  assert_int_equal(sim_machine_run(sim_machine()), SIM_STOP_QUIET);
  assert_string_equal(run_log()->text, "mmimdp");
}

static void ties_fall_in_order_of_request(void **state) {
  (void)state;
  SimRunOptions options = options_of(&sim_policy_timed, 1);
  machine_open(&options);
  for (char name = 'a'; name <= 'h'; name++)
    stimulus_add(1000, 5, name);
  assert_int_equal(sim_machine_run(sim_machine()), SIM_STOP_QUIET);
  assert_string_equal(run_log()->text, "abcdefgh");
}

static void spins_alone(SimMachine *machine, void *argument) {
  (void)argument;
  sim_spin(machine, 0x1000, 0);
}

static void a_cpu_that_spins_for_nobody_hangs(void **state) {
  (void)state;
  SimRunOptions options = options_of(&sim_policy_timed, 1);
  machine_open(&options);
  thread_add(0, spins_alone, 0);
  assert_int_equal(sim_machine_run(sim_machine()), SIM_STOP_HUNG);
}

static void for_ever(SimMachine *machine, void *argument) {
  (void)argument;
  for (;;)
    sim_point(machine, SIM_POINT_CALL, 0, 0, 100);
}

static void limits_are_outcomes(void **state) {
  (void)state;
  static const struct {
    SimLimits limits;
    SimStop expected;
  } rows[] = {
      {{1000, 1u << 30, 1u << 30, 1ull << 40, 1ull << 40}, SIM_STOP_LIMIT_STEPS},
      {{1u << 30, 1u << 30, 1u << 30, 5000, 1ull << 40}, SIM_STOP_LIMIT_VIRTUAL_TIME},
      {{1u << 30, 1u << 30, 1u << 30, 1ull << 50, 1}, SIM_STOP_LIMIT_HOST_TIME},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    SimRunOptions options = options_of(&sim_policy_timed, 1);
    options.limits = rows[i].limits;
    machine_open(&options);
    thread_add(0, for_ever, 0);
    assert_int_equal(sim_machine_run(sim_machine()), rows[i].expected);
  }
}

/* ---- watches ---- */

static void touches_watched(SimMachine *machine, void *argument) {
  (void)argument;
  uint64_t page = sim_pages_allocate(machine, 1, SIM_PAGE_NONPAGED | SIM_PAGE_RESIDENT | SIM_PAGE_WRITABLE);
  sim_watch_add(machine, page + 8, 4, 'r');
  sim_watch_add(machine, page + 64, 4, 'w');
  sim_access(page, 8, SIM_ACCESS_READ, 0);       /* beside it */
  sim_access(page + 64, 1, SIM_ACCESS_WRITE, 0); /* ends it */
  sim_access(page + 64, 4, SIM_ACCESS_READ, 0);
  sim_access(page + 10, 1, SIM_ACCESS_READ, 0);  /* found once */
  sim_access(page + 10, 1, SIM_ACCESS_READ, 0);
}

static void note_watch(const SimEvent *event, void *data) {
  (void)data;
  log_add((char)event->detail);
}

static void a_watched_read_is_an_event(void **state) {
  (void)state;
  SimRunOptions options = options_of(&sim_policy_timed, 1);
  machine_open(&options);
  SimEventMask mask = {0};
  sim_event_mask_add(&mask, SIM_EVENT_WATCH_READ);
  sim_observer_add(sim_machine(), note_watch, NULL, mask);
  thread_add(0, touches_watched, 0);
  assert_int_equal(sim_machine_run(sim_machine()), SIM_STOP_QUIET);
  assert_string_equal(run_log()->text, "r");
}

/* ---- the schedule line ---- */

static void bad_lines_are_named(void **state) {
  (void)state;
  static const struct {
    const char *line;
    size_t column;
  } rows[] = {
      {"", 0},          {"v2:-", 0},           {"v1:", 3},           {"v1:zz", 3},         {"v1:-:", 5},          {"v1:-:12", 7},
      {"v1:-:12.", 8},  {"v1:-:12.x1=1", 8},   {"v1:-:12.s=1", 9},   {"v1:-:12.s1", 10},   {"v1:-:12.s1=", 11},   {"v1:-:12.s1=1,", 12},
      {"v1:-:1ffffffff.s1=1", 13}, {"v1:-:1.s99999999999=1", 17}, {"v1:-:1.s1=1:", 12},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    SimSchedule schedule = {0};
    char fingerprint[16];
    const char *error = NULL;
    size_t column = 999;
    assert_false(sim_schedule_parse(rows[i].line, &schedule, fingerprint, sizeof fingerprint, &error, &column));
    assert_non_null(error);
    assert_int_equal(column, rows[i].column);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(timed_steps_the_earliest),
      cmocka_unit_test(replay_is_the_same),
      cmocka_unit_test(exhaustive_finds_every_order),
      cmocka_unit_test(snapshot_restores_everything),
      cmocka_unit_test(a_paused_run_goes_on_from_each_restore),
      cmocka_unit_test(interrupts_land_by_level),
      cmocka_unit_test(ties_fall_in_order_of_request),
      cmocka_unit_test(a_cpu_that_spins_for_nobody_hangs),
      cmocka_unit_test(limits_are_outcomes),
      cmocka_unit_test(a_watched_read_is_an_event),
      cmocka_unit_test(bad_lines_are_named),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
