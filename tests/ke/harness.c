#include "harness.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define RANDOM_RUN_COUNT 20
#define RANDOM_STEP_COUNT_MAX 20000
#define NOTE_SIZE 4096

static char notes[NOTE_SIZE];
static char failure[512];
static uint64_t memory_next;

/* ---- notes ---- */

void note(const char *word) {
  size_t length = strlen(notes);
  snprintf(notes + length, NOTE_SIZE - length, "%s%s", length > 0 ? " " : "", word);
}

void note_number(const char *word, long number) {
  char text[64];
  snprintf(text, sizeof text, "%s=%ld", word, number);
  note(text);
}

/* ---- set-up ---- */

KeThread *harness_thread_of(KeProcess *process, const char *name, int priority, KeThreadStart *start, const void *argument) {
  KeThread *thread = ke_thread_create(process, start, (void *)argument, priority, name);
  ke_thread_ready(thread);
  return thread;
}

KeThread *harness_thread(const char *name, int priority, KeThreadStart *start, const void *argument) {
  return harness_thread_of(MODEL->ke.system_process, name, priority, start, argument);
}

void *harness_memory(size_t size) {
  uint64_t address = memory_next;
  memory_next += (size + 63) & ~(size_t)63;
  return (void *)address;
}

/* ---- checks ---- */

static void failure_note(const char *file, int line, const char *text) {
  if (failure[0] == '\0')
    snprintf(failure, sizeof failure, "%s:%d: %s", file, line, text);
}

void harness_expect(bool condition, const char *text, const char *file, int line) {
  if (!condition)
    failure_note(file, line, text);
}

void harness_expect_equal(uint64_t actual, uint64_t expected, const char *text, const char *file, int line) {
  char message[256];
  snprintf(message, sizeof message, "%s is 0x%llx, not 0x%llx", text, (unsigned long long)actual, (unsigned long long)expected);
  harness_expect(actual == expected, message, file, line);
}

void harness_expect_text(const char *actual, const char *expected, const char *file, int line) {
  char message[400];
  snprintf(message, sizeof message, "\"%s\", not \"%s\"", actual, expected);
  harness_expect(strcmp(actual, expected) == 0, message, file, line);
}

const SimEvent *event_at(const HarnessRun *run, unsigned kind, size_t n) {
  for (size_t i = 0; i < run->record->count; i++)
    if (run->record->events[i].kind == kind && n-- == 0)
      return &run->record->events[i];
  return NULL;
}

size_t event_count(const HarnessRun *run, unsigned kind) {
  size_t count = 0;
  for (size_t i = 0; i < run->record->count; i++)
    count += run->record->events[i].kind == kind;
  return count;
}

/* ---- running ---- */

static void run_begin(const HarnessCase *test, const SimPolicy *policy, uint64_t seed, SimRecord *record) {
  ModelOptions options;
  SimRunOptions run = { .vcpu_count = test->cpus > 0 ? test->cpus : 1,
                        .policy = policy,
                        .seed = seed,
                        .limits = sim_limits_default,
                        .record = record,
                        .name = test->name };
  notes[0] = '\0';
  if (policy != &sim_policy_timed)
    run.limits.steps = RANDOM_STEP_COUNT_MAX;
  sim_arena_reset();
  sim_machine_begin(sim_machine(), &run);
  model_options_default(&options, test->windows != 0 ? test->windows : DDI_WINDOWS_10);
  options.trusts_host_routines = true;
  options.worker_count = 0; /* threads of Windows' own only where a case asks for them */
  if (test->options != NULL)
    test->options(&options);
  model_begin(&options);
  memory_next = sim_pages_allocate(sim_machine(), 16, SIM_PAGE_NONPAGED | SIM_PAGE_RESIDENT | SIM_PAGE_WRITABLE);
  test->setup();
}

static HarnessRun run_one(const HarnessCase *test, const SimPolicy *policy, uint64_t seed, SimRecord *record) {
  run_begin(test, policy, seed, record);
  HarnessRun result = { .stop = sim_machine_run(sim_machine()), .record = record, .notes = notes };
  result.hash = sim_machine()->hash;
  result.bugcheck = ke_bugcheck();
  return result;
}

static void trace_print(const HarnessRun *run) {
  for (size_t i = 0; i < run->record->count; i++) {
    const SimEvent *event = &run->record->events[i];
    fprintf(stderr, "  %5u %10llu ns cpu %3u irql %2u %08x %-20s object %3u status %08x detail %x\n", event->sequence,
            (unsigned long long)event->time_ns, event->cpu, event->irql, event->context, model_event_name(event->kind), event->object,
            (unsigned)event->status, event->detail);
  }
}

static void case_run(void **state) {
  const HarnessCase *test = *state;
  SimRecord record = { 0 }, again = { 0 };
  HarnessRun run = run_one(test, &sim_policy_timed, 0, &record);
  failure[0] = '\0';
  test->check(&run);
  uint64_t hash = run.hash;
  if (failure[0] != '\0' && getenv("HARNESS_TRACE") != NULL)
    trace_print(&run);
  bool is_same = run_one(test, &sim_policy_timed, 0, &again).hash == hash;
  sim_record_finish(&record);
  sim_record_finish(&again);
  for (uint64_t seed = 1; seed <= RANDOM_RUN_COUNT; seed++) {
    run_one(test, &sim_policy_random, seed, &record);
    sim_record_finish(&record);
  }
  if (failure[0] != '\0')
    fail_msg("%s", failure);
  assert_true(is_same);
}

int harness_main(const char *group, const HarnessCase *cases, size_t count) {
  struct CMUnitTest *tests = calloc(count, sizeof *tests);
  if (tests == NULL || !sim_arena_map()) {
    perror("harness");
    return 1;
  }
  for (size_t i = 0; i < count; i++)
    tests[i] = (struct CMUnitTest){ .name = cases[i].name, .test_func = case_run, .initial_state = (void *)&cases[i] };
  int result = _cmocka_run_group_tests(group, tests, count, NULL, NULL);
  free(tests);
  return result;
}
