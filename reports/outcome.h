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
  OUTCOME_SET_UP,      /* 3: this host does not let the machine be set up */
} OutcomeStatus;
#define OUTCOME_STATUS_COUNT 5

typedef struct OutcomeBucket {
  char *name;
  uint64_t count;
  uint64_t first;        /* number of the first schedule that came to it, from 0 */
  char *schedule;        /* replays its first */
  char *hash;            /* of its first, 16 digits */
  char *cause;           /* what it is to be put down to, in one line; "" when clean or not asked for */
  json_object *bugcheck; /* code, name and parameters; NULL: none */
  json_object *findings; /* list of rule, function, place, file, line, count */
} OutcomeBucket;

typedef struct Outcome {
  char *file;     /* as it was opened */
  char *argument; /* as it is named on a command line */
  char *name;     /* short: relative to what was asked for, without .json */
  char *title;
  OutcomeStatus status;
  char *result;  /* "INVALID_PROCESS_ATTACH_ATTEMPT (0x5)", "clean", ... */
  char *why;     /* one line when not as expected, or the error; NULL */
  unsigned line; /* of the expectation that does not hold; 0 */
  uint64_t schedules;
  char *hash;   /* over all schedules run, 16 digits; NULL: none was */
  char *policy; /* that chose the schedules; NULL: none was run */
  char *bounds; /* "with at most 2 preemptions", or "" */
  bool is_exhausted;
  json_object
      *levels; /* of a search that deepens: list of preemptions, schedules: all there are, before one that is not as expected; NULL: none */
  int64_t states; /* where they are merged: different ones met; -1: they are not */
  double host_ms;
  char *report;          /* the crash report, plain or coloured as asked; NULL */
  GPtrArray *buckets;    /* OutcomeBucket * */
  GPtrArray *notes;      /* char * */
  json_object *coverage; /* what its schedules have exercised (coverage.h); NULL: not asked for */
  char *log;             /* what its worker had to say on standard error; NULL: nothing */
} Outcome;

Outcome *outcome_new(const char *file, const char *argument, const char *name);
void outcome_free(Outcome *outcome);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Outcome, outcome_free)

/* To and from JSON: also what --json prints for each scenario. from: NULL when it is none. */
json_object *outcome_to_json(const Outcome *outcome);
Outcome *outcome_from_json(json_object *json);

/* "10,000". Returns owned. */
char *outcome_number(uint64_t number);
/* "10,000 schedules", "1 schedule". Returns owned. */
char *outcome_count(uint64_t number, const char *noun);
/* "explored 10,000", "exhausted 41", "1 schedule". Returns owned. */
char *outcome_schedules(const Outcome *outcome);
const char *outcome_status_name(OutcomeStatus status); /* "as expected", ...: constant */
int outcome_exit_code(OutcomeStatus status);
