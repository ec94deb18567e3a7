/*
 * The lines of a story: time, what, and under its CPU the IRQL and what runs there. Widths follow from what there is to say and from the terminal.
 */
#include "story.h"

#include "phrase.h"
#include "story_order.h"

#include "model/events.h"

#include <stdlib.h>
#include <string.h>

#define LINE_COUNT_MAX 16
#define COLUMN_COUNT_MAX 4
#define WHAT_COLUMNS_MIN 30
#define WHAT_COLUMNS_MAX 64
#define CELL_COLUMNS_MAX 34
#define GAP 2

typedef struct Layout {
  uint8_t cpus[COLUMN_COUNT_MAX];
  unsigned cpu_count;
  unsigned time_columns;
  unsigned what_columns;
  unsigned cell_columns[COLUMN_COUNT_MAX];
} Layout;

/* ---- texts ---- */

/* An access of a race: what it touches, and where that stands. */
static char *access_of(const Names *names, const StoryLine *line) {
  RaceSide side;
  race_side(names, line->finding, line->which, &side);
  g_autofree char *words = race_side_words(names, line->finding, &side);
  return g_strdup_printf("%s  [%s: the %s]", words, rule_by_id(line->finding->rule)->name, line->which == RACE_FIRST ? "first" : "second");
}

/* Who has the lock there: ", fw.OnTimer has it"; "" when that is not known. Owned. */
static char *owner_of(const Names *names, const SimEvent *spin) {
  const SimRecord *record = names_record(names);
  for (uint32_t i = spin->sequence; spin->object != 0 && i-- > 0;) {
    const SimEvent *event = &record->events[i];
    if (event->object != spin->object || (event->kind != EVENT_LOCK_ACQUIRE && event->kind != EVENT_LOCK_RELEASE))
      continue;
    const char *who = event->kind == EVENT_LOCK_ACQUIRE && event->context != spin->context ? names_running(names, i) : "";
    return *who != '\0' ? g_strdup_printf(", %s has it", who) : g_strdup("");
  }
  return g_strdup("");
}

/* A call that has to wait: where it begins to, and where that is over. */
static char *call_of(const Names *names, const StoryLine *line) {
  const SimEvent *events = names_record(names)->events, *there = &events[line->place];
  const SimEvent *end = line->end != STORY_NONE ? &events[line->end] : NULL;
  SimEvent call = events[line->sequence];
  call.object = line->object;
  if (line->part == STORY_WHOLE)
    return phrase_call(names, &call, end);
  g_autofree char *asked = phrase_call(names, &call, NULL), *told = phrase_call(names, &call, end);
  if (line->part == STORY_HAS)
    return g_strdup_printf("%s, %s", told, there->kind == EVENT_LOCK_ACQUIRE ? "has it" : "goes on");
  g_autofree char *owner = owner_of(names, there);
  return g_strdup_printf("%s %s%s", asked, there->kind == SIM_EVENT_SPIN ? "spins" : "waits", owner);
}

/* Did the scenario's "faults" make the call fail? */
static bool is_made_to_fail(const Names *names, const StoryLine *line) {
  const SimEvent *events = names_record(names)->events;
  for (uint32_t i = line->sequence; line->end != STORY_NONE && i < line->end; i++)
    if (events[i].kind == EVENT_MADE_TO_FAIL && events[i].context == events[line->sequence].context && events[i].detail == 1)
      return true;
  return false;
}

static char *what_of(const Names *names, const StoryLine *line) {
  const SimEvent *event = &names_record(names)->events[line->sequence];
  if (line->is_access)
    return access_of(names, line);
  bool is_call = event->kind == EVENT_CALL;
  g_autofree char *text = is_call ? call_of(names, line) : phrase_any(names, event);
  g_autofree char *rule = line->finding != NULL ? g_strdup_printf("  [%s]", rule_by_id(line->finding->rule)->name) : g_strdup("");
  g_autofree char *times = line->repeats > 1 ? g_strdup_printf("  (%u times)", line->repeats) : g_strdup("");
  return g_strconcat(text, is_call && is_made_to_fail(names, line) ? ", by \"faults\"" : "", times, rule, NULL);
}

/* What runs there where that is another than on the line above in this column. */
static char *cell_with(const char *level, const char *running, const char **shown) {
  bool is_known = *shown != NULL && strcmp(*shown, running) == 0;
  *shown = running;
  return is_known ? g_strdup(level) : g_strdup_printf("%-8s  %s", level, running);
}

/* The level, and what runs there. */
static char *cell_of(const Names *names, const StoryLine *line, const SimEvent *event, const char **shown) {
  const SimEvent *end = line->end != STORY_NONE ? &names_record(names)->events[line->end] : NULL;
  const char *running = names_running(names, line->place);
  bool is_changed = line->part != STORY_WAITS && end != NULL && end->irql != event->irql && end->cpu == event->cpu;
  return cell_with(names_irql_short(is_changed ? end->irql : event->irql), running, &shown[event->cpu]);
}

static void row_clear(void *data) {
  StoryRow *row = data;
  g_free(row->time);
  g_free(row->what);
  g_free(row->cell);
}

/* Where the schedule departs, before the line that comes behind it. Returns the first that is not told yet. */
static guint preemptions_add(GArray *rows, const Names *names, const GArray *preemptions, guint next, const StoryLine *line, uint8_t cpu) {
  const SimRecord *record = names_record(names);
  for (; preemptions != NULL && next < preemptions->len; next++) {
    const Preemption *preemption = &g_array_index(preemptions, Preemption, next);
    /* An access lies behind its event; who made it goes on there, where another was held up. */
    uint32_t last = line->place + (line->is_access && preemption->cpu != cpu);
    if (preemption->event > last)
      break;
    uint32_t before = preemption->event > 0 ? preemption->event - 1 : 0;
    StoryRow row = { .cpu = preemption->cpu, .what = g_strdup(preemption->text) };
    row.time_ns = before < record->count ? record->events[before].time_ns : 0;
    row.cell = g_strdup(preemption->cpu != 0xff ? "|" : "");
    g_array_append_val(rows, row);
  }
  return next;
}

static StoryRow row_of(const Names *names, const StoryLine *line, const char **shown) {
  const SimEvent *event = &names_record(names)->events[line->place];
  RaceSide side;
  StoryRow row = { .line = line, .cpu = event->cpu, .context = event->context, .time_ns = event->time_ns };
  row.object = line->object != 0 ? line->object : names_record(names)->events[line->sequence].object;
  if (line->is_access && race_side(names, line->finding, line->which, &side)) {
    row.cpu = side.cpu;
    row.context = side.context;
    row.object = 0;
    row.time_ns = side.time_ns;
    row.cell = cell_with(names_irql_short(side.irql), names_running(names, side.sequence), &shown[side.cpu]);
  }
  row.what = what_of(names, line);
  if (row.cell == NULL)
    row.cell = event->cpu == 0xff ? g_strdup("") : cell_of(names, line, event, shown);
  return row;
}

/* Each CPU has a clock of its own, and one that steps finishes its step before another begins one: what it does last may be later than what others do
 * next. They are told as coming after it, which is how it was. */
static void times_tell(GArray *rows, const ScenarioRun *run) {
  uint64_t latest_ns = 0;
  for (guint i = 0; i < rows->len; i++) {
    StoryRow *row = &g_array_index(rows, StoryRow, i);
    latest_ns = MAX(latest_ns, row->time_ns);
    row->time = names_time(run, latest_ns);
  }
}

static GArray *rows_make(const Names *names, const StoryChoice *choice, const GArray *preemptions) {
  GArray *rows = g_array_new(FALSE, TRUE, sizeof(StoryRow));
  const char *shown[256] = { NULL };
  guint next = 0;
  g_array_set_clear_func(rows, row_clear);
  for (guint i = 0; i < choice->lines->len; i++) {
    const StoryLine *line = &g_array_index(choice->lines, StoryLine, i);
    StoryRow row = row_of(names, line, shown);
    next = preemptions_add(rows, names, preemptions, next, line, row.cpu);
    g_array_append_val(rows, row);
  }
  story_order(rows);
  times_tell(rows, names_run(names));
  return rows;
}

/* ---- widths ---- */

static int compare_cpus(const void *left, const void *right) { return *(const uint8_t *)left - *(const uint8_t *)right; }

static int column_of(const Layout *layout, uint8_t cpu) {
  for (unsigned i = 0; i < layout->cpu_count; i++)
    if (layout->cpus[i] == cpu)
      return (int)i;
  return -1;
}

static void cpus_collect(Layout *layout, const GArray *rows) {
  for (guint i = rows->len; i-- > 0;) { /* the last lines matter most */
    uint8_t cpu = g_array_index(rows, StoryRow, i).cpu;
    if (cpu != 0xff && layout->cpu_count < COLUMN_COUNT_MAX && column_of(layout, cpu) < 0)
      layout->cpus[layout->cpu_count++] = cpu;
  }
  qsort(layout->cpus, layout->cpu_count, 1, compare_cpus);
}

static unsigned cells_width(const Layout *layout) {
  unsigned width = 0;
  for (unsigned i = 0; i < layout->cpu_count; i++)
    width += layout->cell_columns[i] + GAP;
  return width;
}

/* What a line says has the room that the cells leave; cells give way only when it would be too narrow to read. */
static void layout_make(Layout *layout, const ReportStyle *style, const GArray *rows) {
  unsigned what = (unsigned)strlen("how it came to this");
  cpus_collect(layout, rows);
  for (unsigned i = 0; i < layout->cpu_count; i++)
    layout->cell_columns[i] = 8;
  for (guint i = 0; i < rows->len; i++) {
    const StoryRow *row = &g_array_index(rows, StoryRow, i);
    int column = column_of(layout, row->cpu);
    layout->time_columns = MAX(layout->time_columns, report_columns(row->time));
    what = MAX(what, report_columns(row->what));
    if (column >= 0)
      layout->cell_columns[column] = CLAMP(report_columns(row->cell), layout->cell_columns[column], CELL_COLUMNS_MAX);
  }
  unsigned fixed = 5 + layout->time_columns + GAP;
  for (;;) {
    unsigned cells = cells_width(layout), widest = 0;
    unsigned room = style->width > fixed + cells ? style->width - fixed - cells : 0;
    layout->what_columns = MIN(MIN(what, WHAT_COLUMNS_MAX), room);
    if (room >= MIN(what, WHAT_COLUMNS_MIN))
      return;
    for (unsigned i = 1; i < layout->cpu_count; i++)
      if (layout->cell_columns[i] > layout->cell_columns[widest])
        widest = i;
    if (layout->cpu_count == 0 || layout->cell_columns[widest] <= 8)
      break;
    layout->cell_columns[widest]--;
  }
  layout->what_columns = MIN(what, WHAT_COLUMNS_MIN);
}

/* ---- printing ---- */

/* The text broken into pieces of at most that many columns. NULL-terminated; owned. */
static char **pieces(const char *text, unsigned columns) {
  g_autoptr(GString) wrapped = g_string_new(NULL);
  ReportStyle narrow = { .width = columns };
  report_wrap(wrapped, &narrow, 0, 2, text);
  g_string_truncate(wrapped, wrapped->len - 1);
  return g_strsplit(wrapped->str, "\n", -1);
}

static void row_print(GString *out, const ReportStyle *style, const Layout *layout, const StoryRow *row) {
  bool is_preemption = row->line == NULL, is_marked = !is_preemption && (row->line->finding != NULL || row->line->is_end);
  g_auto(GStrv) lines = pieces(row->what, layout->what_columns);
  for (unsigned i = 0; lines[i] != NULL; i++) {
    g_autoptr(GString) text = g_string_new(i == 0 && is_marked ? "  -> " : i == 0 && is_preemption ? "  || " : "     ");
    g_string_append_printf(text, "%*s  ", (int)layout->time_columns, i == 0 ? row->time : "");
    report_pad(text, lines[i], layout->what_columns);
    for (unsigned column = 0; i == 0 && column < layout->cpu_count; column++) {
      g_string_append_printf(text, "%*s", GAP, "");
      report_pad(text, layout->cpus[column] == row->cpu ? row->cell : "", layout->cell_columns[column]);
    }
    g_string_append_c(text, '\n');
    report_trim_lines(text);
    report_put(out, style, is_marked ? REPORT_BOLD : is_preemption ? REPORT_YELLOW : REPORT_PLAIN, text->str);
  }
}

static void heading_print(GString *out, const ReportStyle *style, const Layout *layout) {
  g_autoptr(GString) line = g_string_new(NULL);
  report_pad(line, "  how it came to this", 5 + layout->time_columns + GAP + layout->what_columns);
  for (unsigned i = 0; i < layout->cpu_count; i++) {
    g_autofree char *name = g_strdup_printf("cpu %u", layout->cpus[i]);
    g_string_append_printf(line, "%*s", GAP, "");
    report_pad(line, name, layout->cell_columns[i]);
  }
  g_string_append_c(line, '\n');
  report_trim_lines(line);
  report_put(out, style, REPORT_BOLD, line->str);
}

void story_print(GString *out, const ReportStyle *style, const Names *names, const RunResult *result, const Finding *main,
                 const GArray *preemptions) {
  StoryChoice choice = story_choose(names, result, main, preemptions != NULL && preemptions->len > 0, LINE_COUNT_MAX);
  g_autoptr(GArray) rows = rows_make(names, &choice, preemptions);
  Layout layout = { .cpu_count = 0 };
  if (rows->len > 0) {
    layout_make(&layout, style, rows);
    heading_print(out, style, &layout);
    for (guint i = 0; i < rows->len; i++)
      row_print(out, style, &layout, &g_array_index(rows, StoryRow, i));
    if (choice.left_out > 0)
      report_putf(out, style, REPORT_DIM, "     %*s  (%u less telling step%s left out)\n", (int)layout.time_columns, "", choice.left_out,
                  choice.left_out == 1 ? " is" : "s are");
  }
  story_choice_finish(&choice);
}
