/*
 * crash_report.h: what a person reads when a schedule came to something: what was wrong, how it came to it, what Windows does, how to mend it, and
 * what to type next. Made from a second run of the same schedule with detail on, whose hash is asserted to be the same.
 */
#pragma once

#include "run.h"
#include "style.h"

/* What a report is of. Borrowed. */
typedef struct ReportSubject {
  ScenarioRun *run;
  const RunResult *result;   /* of the schedule */
  const char *schedule;      /* its line */
  const RunVerdict *verdict; /* of all schedules of which this is one; NULL: it is alone */
  const char *why;           /* in one line, why it is not as expected; NULL: it is */
  const char *shrunk;        /* what making it minimal came to; NULL: it was not */
  uint32_t preemptions;      /* with `shrunk`: that it takes */
  const char *decided;       /* at which of its choices; NULL: not known */
  const char *name;          /* how the scenario is named on a command line */
} ReportSubject;

/* Appends the report. Runs the schedule again; the machine then is as that run left it. */
void crash_report_print(GString *out, const ReportStyle *style, const ReportSubject *subject);
