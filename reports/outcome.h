/*
 * outcome.h: what one scenario came to, as text and numbers: what a worker process hands to the one that prints, and what --json, JUnit and the
 * terminal are made of.
 */
#pragma once

#include <glib.h>
#include <json-c/json.h>
#include <stdbool.h>
#include <stdint.h>

typedef enum OutcomeStatus {
  OUTCOME_AS_EXPECTED, /* exit code 0 */
  OUTCOME_NOT,         /* 1: an expectation does not hold, or something that none mentions happened */
  OUTCOME_BAD_INPUT,   /* 2: the scenario or its driver cannot be run */
  OUTCOME_CRASHED,     /* 1: the worker died or ran out of time: that is no result of the scenario */
} OutcomeStatus;

typedef struct OutcomeBucket {
  char *name;
  uint64_t count;
  char *schedule; /* replays its first */
  char *hash;     /* of its first, 16 digits */
} OutcomeBucket;

typedef struct Outcome {
  char *file; /* as it is named on a command line */
  char *name; /* short: relative to what was asked for, without .json */
  char *title;
  OutcomeStatus status;
  char *result;  /* "INVALID_PROCESS_ATTACH_ATTEMPT (0x5)", "clean", ... */
  char *why;     /* one line when not as expected, or the error; NULL */
  unsigned line; /* of the expectation that does not hold; 0 */
  uint64_t schedules;
  bool is_exhausted;
  double host_ms;
  char *report;       /* the crash report, plain or coloured as asked; NULL */
  GPtrArray *buckets; /* OutcomeBucket * */
  GPtrArray *notes;   /* char * */
} Outcome;

Outcome *outcome_new(const char *file, const char *name);
void outcome_free(Outcome *outcome);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Outcome, outcome_free)

/* To and from JSON: also what --json prints for each scenario. from: NULL when it is none. */
json_object *outcome_to_json(const Outcome *outcome);
Outcome *outcome_from_json(json_object *json);

/* "explored 10,000", "exhausted 41", "1 schedule". Returns owned. */
char *outcome_schedules(const Outcome *outcome);
const char *outcome_status_name(OutcomeStatus status); /* "as expected", ...: constant */
int outcome_exit_code(OutcomeStatus status);
