#include "cause.h"

#include "headline.h"
#include "phrase.h"
#include "stuck.h"

#include "model/events.h"

#include <string.h>

/* ---- one run ---- */

static char *finding_words(const Names *names, const Finding *finding) {
  const DdiFunction *function = ddi_function_by_id(finding->function);
  g_autofree char *place = place_words(names_run(names), finding->site);
  g_autofree char *in = names_in(names, names_event_of(names, finding->context, finding->event));
  return g_strdup_printf("%s%s%s%s%s%s%s", rule_by_id(finding->rule)->name, function != NULL ? " at " : "",
                         function != NULL ? function->name : "", *place != '\0' ? ", " : "", place, *in != '\0' ? ", " : "", in);
}

char *cause_words(const Names *names, const RunResult *result) {
  const Finding *finding = headline_choose(result);
  if (finding != NULL)
    return finding_words(names, finding);
  if (result->bugcheck.code == 0 && result->stop == SIM_STOP_QUIET)
    return g_strdup("");
  if (result->stop == SIM_STOP_HUNG || result->bugcheck.code == 0x133)
    return stuck_words(names);
  g_autofree char *place = place_words(names_run(names), result->bugcheck.site);
  const SimRecord *record = names_record(names);
  uint32_t last = record->count > 0 ? (uint32_t)record->count - 1 : 0;
  while (last > 0 && record->events[last].context == 0)
    last--;
  g_autofree char *in = names_in(names, last);
  return g_strdup_printf("%s%s%s", place, *place != '\0' && *in != '\0' ? ", " : "", in);
}

/* ---- the same call elsewhere ---- */

typedef struct CauseRow {
  char *where;  /* "in a DPC at DISPATCH_LEVEL" */
  char *result; /* "STATUS_SUCCESS", "0x5 INVALID_PROCESS_ATTACH_ATTEMPT" */
  uint64_t schedules;
} CauseRow;

struct CauseTable {
  uint32_t function;
  uint32_t site;
  GPtrArray *rows; /* CauseRow, in the order met */
};

static void row_free(gpointer data) {
  CauseRow *row = data;
  g_free(row->where);
  g_free(row->result);
  g_free(row);
}

CauseTable *cause_table_new(uint32_t function, uint32_t site) {
  CauseTable *table = g_new0(CauseTable, 1);
  table->function = function;
  table->site = site;
  table->rows = g_ptr_array_new_with_free_func(row_free);
  return table;
}

void cause_table_free(CauseTable *table) {
  if (table != NULL)
    g_ptr_array_unref(table->rows);
  g_free(table);
}

static const SimEvent *return_of(const SimRecord *record, uint32_t call) {
  const SimEvent *event = &record->events[call];
  unsigned depth = 0;
  for (size_t i = call + 1; i < record->count; i++) {
    const SimEvent *other = &record->events[i];
    if (other->context != event->context || other->function != event->function)
      continue;
    if (other->kind == EVENT_CALL)
      depth++;
    else if (other->kind == EVENT_RETURN && depth-- == 0)
      return other;
  }
  return NULL;
}

static char *result_of(const Names *names, const RunResult *result, uint32_t call) {
  const SimEvent *event = &names_record(names)->events[call], *end = return_of(names_record(names), call);
  if (end != NULL) {
    char *text = names_result(event->function, end->status);
    return text != NULL ? text : g_strdup("returned");
  }
  if (result->bugcheck.code != 0 && result->bugcheck.context == event->context)
    return phrase_bugcheck(result->bugcheck.code);
  return g_strdup("did not return");
}

static CauseRow *row_of(CauseTable *table, const char *where, const char *result) {
  for (guint i = 0; i < table->rows->len; i++) {
    CauseRow *row = g_ptr_array_index(table->rows, i);
    if (strcmp(row->where, where) == 0 && strcmp(row->result, result) == 0)
      return row;
  }
  CauseRow *row = g_new0(CauseRow, 1);
  row->where = g_strdup(where);
  row->result = g_strdup(result);
  g_ptr_array_add(table->rows, row);
  return row;
}

void cause_table_add(CauseTable *table, const Names *names, const RunResult *result) {
  const SimRecord *record = names_record(names);
  g_autoptr(GHashTable) counted = g_hash_table_new(NULL, NULL); /* a row counts a schedule once */
  for (size_t i = 0; i < record->count; i++) {
    const SimEvent *event = &record->events[i];
    if (event->kind != EVENT_CALL || event->function != table->function || event->site != table->site)
      continue;
    g_autofree char *where = g_strdup_printf("in %s at %s", names_kind(names, (uint32_t)i), sim_irql_name(event->irql));
    g_autofree char *text = result_of(names, result, (uint32_t)i);
    CauseRow *row = row_of(table, where, text);
    if (g_hash_table_add(counted, row))
      row->schedules++;
  }
}

/* By where, then the most frequent first. Names and numbers only: the same whatever the order they were met in. */
static int compare_rows(gconstpointer left, gconstpointer right) {
  const CauseRow *a = *(CauseRow *const *)left, *b = *(CauseRow *const *)right;
  int order = strcmp(b->where, a->where);
  if (order == 0 && a->schedules != b->schedules)
    order = a->schedules > b->schedules ? -1 : 1;
  return order != 0 ? order : strcmp(a->result, b->result);
}

char **cause_table_lines(const CauseTable *table) {
  unsigned where_columns = 0, count_columns = 0;
  if (table->rows->len < 2)
    return NULL;
  for (guint i = 0; i < table->rows->len; i++) {
    const CauseRow *row = g_ptr_array_index(table->rows, i);
    g_autofree char *count = g_strdup_printf("%" G_GUINT64_FORMAT, row->schedules);
    where_columns = MAX(where_columns, (unsigned)strlen(row->where));
    count_columns = MAX(count_columns, (unsigned)strlen(count));
  }
  g_ptr_array_sort(table->rows, compare_rows);
  GPtrArray *lines = g_ptr_array_new();
  for (guint i = 0; i < table->rows->len; i++) { /* the number first: what comes of a call may be long */
    const CauseRow *row = g_ptr_array_index(table->rows, i);
    g_ptr_array_add(lines, g_strdup_printf("%*" G_GUINT64_FORMAT "   %-*s   %s", (int)count_columns, row->schedules, (int)where_columns,
                                           row->where, row->result));
  }
  g_ptr_array_add(lines, NULL);
  return (char **)g_ptr_array_free(lines, FALSE);
}
