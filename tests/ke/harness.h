/*
 * harness.h: conformance cases of the model: a case says what machine it wants, sets threads and interrupts up, and looks at what happened once
 * the run has ended. Cases are WDK files (no libc, no cmocka): fibers only note; the checks run on the host's own stack afterwards.
 *
 * A run is told by two things: the notes, one word each, in the order they were made ("a b dpc c"), and the events.
 */
#pragma once

#include "../../model/events.h"
#include "../../model/ke/ke.h"
#include "../../model/model.h"

typedef struct HarnessRun {
  SimStop stop;
  uint64_t hash;
  const SimRecord *record;
  const KeBugcheck *bugcheck; /* NULL: none */
  const char *notes;          /* the words, a blank between them */
} HarnessRun;

typedef struct HarnessCase {
  const char *name;                       /* the rule's id first: "K_DPC_4 queued again by its own routine" */
  unsigned cpus;                          /* 0: 1 */
  DdiWindows windows;                     /* 0: Windows 10 */
  void (*options)(ModelOptions *options); /* changes the defaults; may be NULL */
  void (*setup)(void);
  void (*check)(const HarnessRun *run);
} HarnessCase;

/* Every case once, and once more for the same hash; then under a few random schedules, where only SIM_ASSERT and the sanitizers judge. Returns
 * main's result. */
int harness_main(const char *group, const HarnessCase *cases, size_t count);

/* ---- in fibers ---- */

void note(const char *word);
void note_number(const char *word, long number); /* "word=number" */

/* A thread of the System process at that priority, ready. */
KeThread *harness_thread(const char *name, int priority, KeThreadStart *start, const void *argument);
/* The same for another process. */
KeThread *harness_thread_of(KeProcess *process, const char *name, int priority, KeThreadStart *start, const void *argument);

/* Nonpaged guest memory, zeroed; the same address in each run. */
void *harness_memory(size_t size);

/* ---- in checks ---- */

#define EXPECT(condition) harness_expect((condition), #condition, __FILE__, __LINE__)
#define EXPECT_EQUAL(actual, expected) harness_expect_equal((uint64_t)(actual), (uint64_t)(expected), #actual, __FILE__, __LINE__)
#define EXPECT_NOTES(run, expected) harness_expect_text((run)->notes, (expected), __FILE__, __LINE__)
/* It stopped with that bug check. */
#define EXPECT_BUGCHECK(run, expected)                                                                                                     \
  harness_expect_equal((run)->bugcheck != NULL ? (run)->bugcheck->code : 0, (expected), "bug check", __FILE__, __LINE__)

void harness_expect(bool condition, const char *text, const char *file, int line);
void harness_expect_equal(uint64_t actual, uint64_t expected, const char *text, const char *file, int line);
void harness_expect_text(const char *actual, const char *expected, const char *file, int line);

size_t event_count(const HarnessRun *run, unsigned kind);
/* The n-th of that kind, from 0; NULL: there are fewer. */
const SimEvent *event_at(const HarnessRun *run, unsigned kind, size_t n);
