/*
 * finding.h: what the rules found in a run. Rules watch events, keep their state in the arena (RulesState), and never act on the run: the model
 * does not know that a rule exists. Stdint only: the scenarios and the reports read it.
 */
#pragma once

#include "sim/machine.h"

#include <stdbool.h>
#include <stdint.h>

#define FINDING_COUNT_MAX 64
#define FINDING_FRAME_COUNT_MAX 12

/* Where the other one was, of a mistake that takes two (a race, two orders of locks). */
typedef struct FindingOther {
  uint32_t site;     /* 0: there is no other */
  uint32_t context;  /* id */
  uint32_t object;   /* ordinal of what it ran for; 0: not known */
  uint32_t function; /* the call that driver code was in; 0: none */
  uint8_t cpu;       /* of an interrupt or DPC; 0xff: a thread */
  SimIrql irql;      /* the level it came at; of a thread: 0 */
  uint8_t at_cpu;    /* where and when it was: only where `event` is known */
  SimIrql at_irql;
  uint64_t time_ns;
  uint32_t event;       /* the last before it; UINT32_MAX: not known */
  uint16_t frame_count; /* the guest's call stack, innermost last */
  SimFrame frames[SIM_RACE_FRAME_COUNT_MAX];
} FindingOther;

/* One mistake, found at one place; the same again only counts. */
typedef struct Finding {
  uint32_t rule;          /* RuleInfo.id */
  uint32_t count;         /* how often in this run */
  uint32_t event;         /* sequence of the event that showed it first */
  uint32_t event_related; /* sequence of an earlier event it is about (where the lock was taken, the pend made, ...); UINT32_MAX: none */
  uint64_t time_ns;
  uint32_t function; /* DdiFunction.id or DdiCallback.id; 0: none */
  uint32_t context;
  uint32_t object; /* ordinal of what it is about; 0: none */
  uint32_t site;   /* in driver code; 0: not in driver code */
  uint8_t cpu;
  SimIrql irql;
  uint8_t irql_min; /* of irql-too-high / -too-low: what the contract allows; of leaks: the level at entry, then at return */
  uint8_t irql_max;
  uint32_t irql_raised_by; /* sequence of the event that last raised this cpu to DISPATCH_LEVEL or above; UINT32_MAX: it is below */
  int32_t status;
  uint32_t detail;      /* of the event */
  uint64_t value;       /* of the event: an address */
  uint16_t frame_count; /* the guest's call stack, innermost last */
  SimFrame frames[FINDING_FRAME_COUNT_MAX];
  FindingOther other;
} Finding;

/* Finding.detail of data-race. */
enum { FINDING_RACE_WRITES = 1, FINDING_RACE_OTHER_WRITES = 2, FINDING_RACE_BY_MODEL = 4, FINDING_RACE_OTHER_BY_MODEL = 8 };

/* Finding.detail of a memory access: that bit of the event's. */
enum { FINDING_FAULT_BY_RETURN = 1 << 17 };

/* The findings so far, in the order they were met. */
const Finding *rules_findings(uint32_t *count);

/* Starts all rules: after model_begin, before any driver is loaded. */
void rules_begin(void);

/* What can only be said at the end (never completed, still held): once, after the run ended by itself (quiet or hung) and before the findings
 * are read. Not after a bug check or a limit: there everything is unfinished. */
void rules_end(void);
