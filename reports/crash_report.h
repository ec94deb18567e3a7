/*
 * crash_report.h: what a person reads when a schedule came to something: what was wrong, how it came to it, what Windows does, how to mend it, and
 * what to type next. Made from a second run of the same schedule with detail on, whose hash is asserted to be the same.
 */
#pragma once

#include "run.h"
#include "style.h"

/* How often this came out, for the line that says so; total 0: it is not said. */
typedef struct ReportCount {
  uint64_t count;
  uint64_t total;
  bool is_exhausted;
} ReportCount;

/* Appends the report of one schedule of the scenario. Runs it again; the machine then is as that run left it. `command_name` is how the scenario
 * is named on a command line. */
void crash_report_print(GString *out, const ReportStyle *style, ScenarioRun *run, const RunResult *result, const char *schedule,
                        const ReportCount *count, const char *command_name);
