/*
 * Which events are told, and how they are laid out. A call whose return follows is one line; what a CPU does while only changing levels is in its
 * column; the rest is left out and counted.
 */
#include "story.h"

#include "model/events.h"

#include <string.h>

#define LINE_COUNT_MAX 16
#define COLUMN_COUNT_MAX 4
#define WHAT_COLUMNS 52
#define COLUMN_WIDTH 26

typedef struct Story {
  const ScenarioRun *run;
  const SimRecord *record;
  Words *words;
  uint32_t last;    /* the event it is about */
  GArray *chosen;   /* uint32_t: sequences, ascending */
  GHashTable *objects; /* ordinals that the events of its context are about; looked up only */
  uint8_t cpus[COLUMN_COUNT_MAX];
  unsigned cpu_count;
} Story;

static const SimEvent *event_at(const Story *story, uint32_t sequence) { return &story->record->events[sequence]; }

/* Kinds that say something by themselves. */
static bool is_telling(const SimEvent *event) {
  switch (event->kind) {
  case SIM_EVENT_INTERRUPT:
  case SIM_EVENT_SPIN:
  case EVENT_CALL:
  case EVENT_WAIT:
  case EVENT_DPC_BEGIN:
  case EVENT_WORK_BEGIN:
  case EVENT_CLASSIFY_CALLOUT:
  case EVENT_CLASSIFY_ANSWER:
  case EVENT_CONNECTION:
  case EVENT_PEND_FAILED:
  case EVENT_PEND_STALE:
  case EVENT_PEND_WITHOUT_ABSORB:
  case EVENT_MESSAGE_TAKE:
  case EVENT_MESSAGE_REPLY:
  case EVENT_ATTACH:
  case EVENT_LOCK_RECURSION:
  case EVENT_LOCK_NOT_HELD:
  case EVENT_IRQL_LEAK_PATH:
  case EVENT_DEBUG_PRINT:
  case EVENT_SYSTEM_CALL:
  case EVENT_SYSTEM_RETURN:
  case EVENT_FAULT:
  case EVENT_PORT_DISCONNECT:
    return true;
  default:
    return false;
  }
}

/* The return that belongs to a call, if the run got there; UINT32_MAX: it did not. */
static uint32_t return_of(const Story *story, uint32_t call) {
  const SimEvent *event = event_at(story, call);
  unsigned depth = 0;
  for (uint32_t i = call + 1; i <= story->last; i++) {
    const SimEvent *other = event_at(story, i);
    if (other->context != event->context || (other->kind != EVENT_CALL && other->kind != EVENT_RETURN))
      continue;
    if (other->kind == EVENT_CALL)
      depth++;
    else if (depth-- == 0)
      return i;
  }
  return UINT32_MAX;
}

/* ---- choosing ---- */

static void objects_collect(Story *story) {
  uint32_t context = event_at(story, story->last)->context;
  for (uint32_t i = 0; i <= story->last; i++) {
    const SimEvent *event = event_at(story, i);
    if (event->context == context && event->object != 0)
      g_hash_table_add(story->objects, GUINT_TO_POINTER(event->object));
  }
}

/* Its own CPU's events, and of other CPUs what is about the same things. */
static bool is_related(const Story *story, const SimEvent *event) {
  const SimEvent *last = event_at(story, story->last);
  if (event->context == last->context || event->sequence == story->last)
    return true;
  if (event->object != 0 && g_hash_table_contains(story->objects, GUINT_TO_POINTER(event->object)))
    return true;
  return event->cpu == last->cpu && event->kind != EVENT_CALL;
}

static void choose(Story *story) {
  uint64_t origin_ns = scenario_run_origin_ns(story->run);
  const SimEvent *last = event_at(story, story->last);
  for (uint32_t i = 0; i <= story->last; i++) {
    const SimEvent *event = event_at(story, i);
    bool is_after_boot = event->time_ns >= origin_ns || last->time_ns < origin_ns;
    bool is_raise = event->kind == SIM_EVENT_IRQL && event->irql >= SIM_IRQL_DISPATCH && event->detail < SIM_IRQL_DISPATCH;
    if (i == story->last || (is_after_boot && (is_telling(event) || is_raise) && is_related(story, event)))
      g_array_append_val(story->chosen, i);
  }
}

static void cpu_add(Story *story, uint8_t cpu) {
  for (unsigned i = 0; i < story->cpu_count; i++)
    if (story->cpus[i] == cpu)
      return;
  if (story->cpu_count < COLUMN_COUNT_MAX && cpu != 0xff)
    story->cpus[story->cpu_count++] = cpu;
}

static int compare_cpus(const void *left, const void *right) { return *(const uint8_t *)left - *(const uint8_t *)right; }

/* As many columns as the width has room for; the CPU it is about always has one. */
static void columns_choose(Story *story, const ReportStyle *style) {
  unsigned room = style->width > 20 + WHAT_COLUMNS ? (style->width - 20 - WHAT_COLUMNS) / COLUMN_WIDTH : 1;
  unsigned first = story->chosen->len > LINE_COUNT_MAX ? story->chosen->len - LINE_COUNT_MAX : 0;
  cpu_add(story, event_at(story, story->last)->cpu);
  for (guint i = first; i < story->chosen->len && story->cpu_count < CLAMP(room, 1, COLUMN_COUNT_MAX); i++)
    cpu_add(story, event_at(story, g_array_index(story->chosen, uint32_t, i))->cpu);
  qsort(story->cpus, story->cpu_count, 1, compare_cpus);
}

/* ---- printing ---- */

static char *what_of(const Story *story, uint32_t sequence) {
  const SimEvent *event = event_at(story, sequence);
  if (event->kind == EVENT_CALL) {
    uint32_t end = return_of(story, sequence);
    char *text = words_event(story->words, event_at(story, end != UINT32_MAX ? end : sequence));
    return text != NULL ? text : g_strdup(words_function(event->function));
  }
  char *text = words_event(story->words, event);
  return text != NULL ? text : g_strdup(model_event_name(event->kind));
}

/* "DISPATCH  NDIS receive": level and what runs there. */
static char *cell_of(const Story *story, const SimEvent *event) {
  return g_strdup_printf("%-9s %s", words_irql_short(event->irql), words_context(story->words, event->context));
}

static void line_print(GString *out, const ReportStyle *style, const Story *story, uint32_t sequence) {
  const SimEvent *event = event_at(story, sequence);
  bool is_last = sequence == story->last;
  g_autofree char *time = words_time(story->run, event->time_ns);
  g_autofree char *what = what_of(story, sequence);
  g_autofree char *cell = cell_of(story, event);
  g_autoptr(GString) line = g_string_new(NULL);
  g_string_append_printf(line, "  %s %15s   ", is_last ? "->" : "  ", time);
  report_pad(line, what, WHAT_COLUMNS - 1);
  g_string_append_c(line, ' ');
  for (unsigned i = 0; i < story->cpu_count; i++)
    if (story->cpus[i] == event->cpu)
      report_pad(line, cell, COLUMN_WIDTH);
    else
      g_string_append_printf(line, "%*s", COLUMN_WIDTH, "");
  g_string_append_c(line, '\n');
  report_trim_lines(line);
  report_put(out, style, is_last ? REPORT_BOLD : REPORT_PLAIN, line->str);
}

static void heading_print(GString *out, const ReportStyle *style, const Story *story) {
  g_autoptr(GString) line = g_string_new(NULL);
  report_pad(line, "  how it came to this", 23 + WHAT_COLUMNS);
  for (unsigned i = 0; i < story->cpu_count; i++) {
    g_autofree char *name = g_strdup_printf("cpu %u", story->cpus[i]);
    report_pad(line, name, COLUMN_WIDTH);
  }
  g_string_append_c(line, '\n');
  report_trim_lines(line);
  report_put(out, style, REPORT_DIM, line->str);
}

/* A return is told with its call: the call of the last event is the last line, even when other things happened inside of it. */
static void repetitions_drop(Story *story) {
  GArray *kept = g_array_new(FALSE, FALSE, sizeof(uint32_t));
  for (guint i = 0; i < story->chosen->len; i++) {
    uint32_t sequence = g_array_index(story->chosen, uint32_t, i);
    const SimEvent *event = event_at(story, sequence);
    const SimEvent *last = event_at(story, story->last);
    bool is_call_of_last = event->kind == EVENT_CALL && sequence != story->last && event->context == last->context &&
                           event->function == last->function && last->function != 0 && return_of(story, sequence) == UINT32_MAX;
    if (!is_call_of_last || sequence == story->last)
      g_array_append_val(kept, sequence);
  }
  g_array_unref(story->chosen);
  story->chosen = kept;
}

void story_print(GString *out, const ReportStyle *style, const ScenarioRun *run, const SimRecord *record, uint32_t sequence) {
  if (sequence >= record->count)
    return;
  g_autoptr(Words) words = words_create(run, record);
  Story story = {.run = run, .record = record, .words = words, .last = sequence};
  story.chosen = g_array_new(FALSE, FALSE, sizeof(uint32_t));
  story.objects = g_hash_table_new(NULL, NULL);
  objects_collect(&story);
  choose(&story);
  repetitions_drop(&story);
  columns_choose(&story, style);
  heading_print(out, style, &story);
  guint first = story.chosen->len > LINE_COUNT_MAX ? story.chosen->len - LINE_COUNT_MAX : 0;
  if (first > 0)
    report_putf(out, style, REPORT_DIM, "                       … %u steps before\n", first);
  for (guint i = first; i < story.chosen->len; i++)
    line_print(out, style, &story, g_array_index(story.chosen, uint32_t, i));
  g_array_unref(story.chosen);
  g_hash_table_unref(story.objects);
}
