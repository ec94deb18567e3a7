/*
 * failure.h: what went wrong in a run, so that it is known again in another schedule, and in another scenario made from the same drivers: the bug
 * check, finding, end or expectation, and the driver code it is about by its names and words, never by line or address.
 */
#pragma once

#include "run.h"

typedef enum RunFailureKind {
  RUN_FAILURE_NONE,        /* nothing went wrong */
  RUN_FAILURE_BUGCHECK,    /* code, the functions of the driver it was in, and kinds of objects */
  RUN_FAILURE_FINDING,     /* rule, function, the step or line of the driver, the functions around it, the kind of object */
  RUN_FAILURE_STOP,        /* it hung, or came to another end that is none, with those findings */
  RUN_FAILURE_EXPECTATION, /* an expectation of the scenario did not hold */
} RunFailureKind;

/* Owned strings; finish frees. */
typedef struct RunFailure {
  RunFailureKind kind;
  uint32_t code; /* bug check, or RuleInfo.id */
  uint32_t function;
  SimStop stop;
  char *stop_text;
  char *routine;    /* "fw.classify"; NULL: in no driver code */
  char *stack;      /* the same with what called it: "fw.inject < fw.worker" */
  char *text;       /* of the step or the source line, or how the run came out; NULL: no matter which */
  char *other;      /* of a mistake that takes two: text and functions of the other place; NULL: none */
  uint8_t kinds[4]; /* ObjectKind of the finding's object, or of those in the bug check's parameters */
  size_t expectation;
} RunFailure;

/* What went wrong, with the machine as that run left it. What the natural schedule comes to as well (NULL: not known) is not what a schedule is
 * about, if there is anything else. Owned by the caller: run_failure_finish. */
RunFailure run_failure_of(const ScenarioRun *run, const RunResult *result, const RunResult *natural);
void run_failure_finish(RunFailure *failure);

/* Did the same go wrong in this run, which has just ended? As `irqlab explore` tells failures apart: another caller of the same function is another. */
bool run_failure_is(const ScenarioRun *run, const RunFailure *failure, const RunResult *result);
/* The failure is that finding: a run that has it fails, whatever follows. */
bool run_failure_is_finding(const ScenarioRun *run, const RunFailure *failure, const Finding *finding);

/* "data-race at KeSetEvent in fw.work", "INVALID_PROCESS_ATTACH_ATTEMPT (0x5) in fw.classify". Returns owned. */
char *run_failure_words(const ScenarioRun *run, const RunFailure *failure);
