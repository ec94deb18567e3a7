#include "progress.h"

#include "../shell.h"
#include "cli.h"

#include <stdio.h>
#include <string.h>

#define REST_COLUMNS 44 /* of a line: "  ok   ", "as expected", the schedules, the time */
#define NAME_COLUMNS_MIN 24
#define RESULT_COLUMNS 42

/* ---- how far ---- */

void progress_show(Progress *progress, guint done, guint total) {
  if (!progress->is_shown || done >= total)
    return;
  int64_t now_us = g_get_monotonic_time();
  if (progress->begun_us == 0)
    progress->begun_us = now_us;
  unsigned seconds = (unsigned)((now_us - progress->begun_us) / G_USEC_PER_SEC);
  if (total == 1 && seconds == 0)
    return;
  fprintf(stderr, "\r\033[K  %u of %u", done, total);
  if (seconds > 0)
    fprintf(stderr, "   %u s", seconds);
  progress->is_there = true;
}

void progress_erase(Progress *progress) {
  if (progress->is_there)
    fputs("\r\033[K", stderr);
  progress->is_there = false;
}

/* ---- one line ---- */

ResultColumns result_columns_of(const GPtrArray *scenarios, unsigned width) {
  ResultColumns columns = { .name = NAME_COLUMNS_MIN, .result = RESULT_COLUMNS, .is_cut = width > 0 };
  for (guint i = 0; i < scenarios->len; i++)
    columns.name = MAX(columns.name, report_columns(((const CliScenario *)g_ptr_array_index(scenarios, i))->name));
  unsigned room = width > REST_COLUMNS + NAME_COLUMNS_MIN + 20 ? width - REST_COLUMNS : NAME_COLUMNS_MIN + 20;
  if (columns.is_cut && columns.name + columns.result > room) {
    columns.result = CLAMP(room - MIN(columns.name, room), 20, RESULT_COLUMNS);
    columns.name = MIN(columns.name, room - columns.result);
  }
  return columns;
}

static void column_put(GString *out, const char *text, unsigned columns, bool is_cut) {
  if (is_cut || report_columns(text) <= columns)
    report_pad(out, text, columns);
  else
    g_string_append(out, text);
}

void result_print(GString *out, const ReportStyle *style, const ResultColumns *columns, const Outcome *outcome) {
  bool is_ok = outcome->status == OUTCOME_AS_EXPECTED;
  report_put(out, style, is_ok ? REPORT_GREEN : REPORT_RED, is_ok ? "  ok   " : "  NOT  ");
  column_put(out, outcome->name, columns->name, columns->is_cut);
  g_string_append(out, "  ");
  if (is_ok) {
    g_autofree char *schedules = outcome_schedules(outcome);
    column_put(out, outcome->result, columns->result, columns->is_cut);
    g_string_append_printf(out, "  as expected  %15s %6.0f ms\n", schedules, outcome->host_ms);
  } else {
    g_string_append_printf(out, "%s\n", outcome->why != NULL ? outcome->why : outcome_status_name(outcome->status));
  }
}

/* ---- below it ---- */

/* How often each came out, and why. */
static void table_print(GString *out, const Outcome *outcome) {
  g_autofree char *total = outcome_number(outcome->schedules);
  int columns = (int)strlen(total);
  for (guint i = 0; i < outcome->buckets->len; i++) {
    const OutcomeBucket *bucket = g_ptr_array_index(outcome->buckets, i);
    g_autofree char *count = outcome_number(bucket->count);
    g_string_append_printf(out, "       %*s of %s  %s\n", columns, count, total, bucket->name);
    if (bucket->cause != NULL && *bucket->cause != '\0')
      g_string_append_printf(out, "       %*s         %s\n", 2 * columns - 1, "", bucket->cause);
  }
}

static void place_print(GString *out, const Outcome *outcome) {
  const OutcomeBucket *bucket = outcome->buckets->len > 0 ? g_ptr_array_index(outcome->buckets, outcome->buckets->len - 1) : NULL;
  bool has_exceptions = bucket != NULL && strchr(bucket->schedule + strlen("v1:"), ':') != NULL && strlen(bucket->schedule) <= 600;
  g_string_append_printf(out, "       %s", outcome->file);
  if (outcome->line > 0)
    g_string_append_printf(out, ":%u", outcome->line);
  g_autofree char *scenario = shell_word(outcome->argument);
  g_string_append_printf(out, "   irqlab trace %s%s%s\n", scenario, has_exceptions ? " " : "", has_exceptions ? bucket->schedule : "");
}

/* What the worker said beside its outcome, indented. */
static void log_print(GString *out, const char *log) {
  g_auto(GStrv) lines = g_strsplit(log, "\n", -1);
  for (char **line = lines; *line != NULL; line++)
    if (**line != '\0')
      g_string_append_printf(out, "       | %s\n", *line);
}

/* The last bound that a search has done with, before it came to one that is not as expected: it proves something where not all was run. */
static void levels_print(GString *out, const Outcome *outcome, bool is_verbose) {
  size_t count = outcome->levels != NULL ? json_object_array_length(outcome->levels) : 0;
  const char *bounds = outcome->bounds != NULL ? outcome->bounds : "";
  for (size_t i = is_verbose || count == 0 ? 0 : count - 1; i < count; i++) {
    json_object *level = json_object_array_get_idx(outcome->levels, i), *preemptions = json_object_object_get(level, "preemptions");
    g_autofree char *schedules = outcome_count((uint64_t)json_object_get_int64(json_object_object_get(level, "schedules")), "schedule");
    if (preemptions != NULL)
      g_string_append_printf(out, "       nothing unexpected with at most %d preemption%s: %s (all%s%s)\n",
                             json_object_get_int(preemptions), json_object_get_int(preemptions) == 1 ? "" : "s", schedules,
                             *bounds != '\0' ? " " : "", bounds);
  }
}

/* Where states are merged, their number says what the schedules' does elsewhere. */
static void states_print(GString *out, const Outcome *outcome) {
  g_autofree char *states = outcome->states >= 0 ? outcome_count((uint64_t)outcome->states, "distinct state") : NULL;
  if (states != NULL)
    g_string_append_printf(out, "       %s, by their hash\n", states);
}

void result_print_details(GString *out, const ReportStyle *style, const Outcome *outcome, bool is_verbose, bool is_single) {
  (void)style;
  for (guint i = 0; i < outcome->notes->len; i++)
    g_string_append_printf(out, "       %s\n", (const char *)g_ptr_array_index(outcome->notes, i));
  if (outcome->log != NULL)
    log_print(out, outcome->log);
  if (is_verbose || is_single || outcome->status == OUTCOME_NOT)
    levels_print(out, outcome, is_verbose || is_single);
  if (is_verbose || is_single || outcome->status == OUTCOME_NOT)
    states_print(out, outcome);
  bool wants_report = outcome->report != NULL && (is_verbose || is_single);
  if (outcome->status == OUTCOME_NOT && !wants_report)
    place_print(out, outcome);
  if (outcome->buckets->len > 1 && (is_verbose || is_single || outcome->status == OUTCOME_NOT))
    table_print(out, outcome);
  if (wants_report)
    g_string_append_printf(out, "\n%s\n", outcome->report);
}
