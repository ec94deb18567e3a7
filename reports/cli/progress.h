/*
 * progress.h: the lines of `irqlab run`: one a scenario, what stands below it, and how far it has come.
 */
#pragma once

#include "../outcome.h"
#include "../style.h"

/* How far it has come, on a terminal's standard error: gone before the next line is printed. */
typedef struct Progress {
  bool is_shown;
  bool is_there;
  int64_t begun_us; /* when it was first to be shown; 0: not yet */
} Progress;

void progress_show(Progress *progress, guint done, guint total);
void progress_erase(Progress *progress);

/* Widths of the columns of a scenario's line; 0: as wide as need be. */
typedef struct ResultColumns {
  unsigned name;
  unsigned result;
  bool is_cut; /* what is longer is cut: a terminal */
} ResultColumns;

/* For these scenarios (CliScenario) on a terminal of that width; 0: not a terminal. */
ResultColumns result_columns_of(const GPtrArray *scenarios, unsigned width);

/* "  ok   NAME   RESULT   as expected   41 schedules   3 ms". */
void result_print(GString *out, const ReportStyle *style, const ResultColumns *columns, const Outcome *outcome);

/* Notes, where the expectation stands, the table of outcomes, the report: as much as is asked for. */
void result_print_details(GString *out, const ReportStyle *style, const Outcome *outcome, bool is_verbose, bool is_single);
