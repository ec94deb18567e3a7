#include "expected.h"

#include "paragraph.h"
#include "phrase.h"

#include "model/events.h"

#include <string.h>

#define EVENT_COUNT_MAX 5

/* ---- what is there instead ---- */

static char *parameters_words(const ExpectBugcheck *expected) {
  g_autoptr(GString) text = g_string_new(NULL);
  for (unsigned i = 0; i < 4; i++) {
    const ExpectParameter *parameter = &expected->parameters[i];
    if (parameter->kind == EXPECT_PARAMETER_ANY)
      continue;
    g_string_append_printf(text, "%sP%u ", text->len > 0 ? ", " : "", i + 1);
    if (parameter->text.text != NULL)
      g_string_append(text, parameter->text.text);
    else
      g_string_append_printf(text, parameter->number < 10 ? "%" G_GUINT64_FORMAT : "0x%" G_GINT64_MODIFIER "x", parameter->number);
  }
  return g_strdup(text->str);
}

static void finding_print(GString *out, const ReportStyle *style, const Names *names, const Expectation *failed, const RunResult *result) {
  for (uint32_t i = 0; i < result->finding_count; i++) {
    const Finding *finding = &result->findings[i];
    if (failed->finding.rule == NULL || finding->rule != failed->finding.rule->id)
      continue;
    g_autofree char *place = place_words(names_run(names), finding->site);
    const char *function = names_function(finding->function);
    g_autofree char *line =
        g_strdup_printf("it was found%s%s%s%s on cpu %u, %u time%s", *function != '\0' ? " at " : "", function, *place != '\0' ? ", " : "",
                        place, finding->cpu, finding->count, finding->count == 1 ? "" : "s");
    paragraph_more(out, style, line);
  }
}

/* What a thread waits for. One of a process is named PROCESS.THREAD. */
static void waits_print(GString *out, const ReportStyle *style, const Names *names, const ExpectState *state) {
  g_autofree char *name = g_strdup_printf("%s.%s", state->process, state->name);
  for (uint32_t ordinal = object_count(); ordinal > 0; ordinal--) {
    const Object *object = object_by_ordinal(ordinal);
    if (object->kind != OBJECT_THREAD || strcmp(object->name, name) != 0)
      continue;
    const KeThread *thread = object->is_alive ? object->body : NULL;
    g_autofree char *what = thread != NULL && thread->state == KE_THREAD_WAITING ? names_object(names, thread->wait_object) : g_strdup("");
    g_autofree char *line = g_strdup_printf("it waits for %s", what);
    if (*what != '\0')
      paragraph_more(out, style, line);
    return;
  }
}

/* Events of the kind that was asked for, whatever else was asked of them. */
static void event_print(GString *out, const ReportStyle *style, const Names *names, const ExpectEvent *expected) {
  const SimRecord *record = names_record(names);
  unsigned count = 0;
  for (size_t i = 0; i < record->count; i++) {
    const SimEvent *event = &record->events[i];
    if (event->kind != expected->kind || (expected->function != 0 && event->function != expected->function) || ++count > EVENT_COUNT_MAX)
      continue;
    g_autofree char *time = names_time(names_run(names), event->time_ns), *what = phrase_event(names, event);
    g_autofree char *line = g_strdup_printf("there is: %s  cpu %u  %s  %s", time, event->cpu, names_irql_short(event->irql),
                                            what != NULL ? what : model_event_name(event->kind));
    paragraph_more(out, style, line);
  }
  if (count == 0)
    paragraph_more(out, style, "no such event happened at all");
  else if (count > EVENT_COUNT_MAX) {
    g_autofree char *line = g_strdup_printf("and %u more", count - EVENT_COUNT_MAX);
    paragraph_more(out, style, line);
  }
}

/* Is it the event that was asked for? As the runner judges it (run_judge.c). */
static bool is_event(const ExpectEvent *expected, const SimEvent *event) {
  const Object *object = event->object != 0 ? object_by_ordinal(event->object) : NULL;
  return event->kind == expected->kind && (expected->function == 0 || event->function == expected->function) &&
         (!expected->has_status || event->status == expected->status) && (!expected->has_detail || event->detail == expected->detail) &&
         (expected->cpu < 0 || event->cpu == expected->cpu) && (expected->irql < 0 || event->irql == expected->irql) &&
         (expected->object == NULL || (object != NULL && strcmp(object->name, expected->object) == 0));
}

/* How far an order came. */
static void order_print(GString *out, const ReportStyle *style, const Names *names, const Expectation *failed) {
  const SimRecord *record = names_record(names);
  size_t next = 0;
  for (size_t i = 0; i < record->count && next < failed->event_count; i++)
    next += is_event(&failed->events[next], &record->events[i]);
  if (next == failed->event_count)
    return;
  g_autofree char *line =
      g_strdup_printf("number %zu of it does not follow%s%s", next + 1, failed->events[next].text.text != NULL ? ": " : "",
                      failed->events[next].text.text != NULL ? failed->events[next].text.text : "");
  paragraph_more(out, style, line);
}

/* ---- the paragraph ---- */

void expected_print(GString *out, const ReportStyle *style, const Names *names, const RunResult *result, const RunVerdict *verdict,
                    const char *why) {
  if (verdict == NULL || why == NULL)
    return;
  const Expectation *failed = verdict->failed;
  const Scenario *scenario = scenario_run_scenario(names_run(names));
  paragraph_put(out, style, "not as expected", why);
  if (failed == NULL)
    return;
  g_autofree char *place = g_strdup_printf("%s:%u:%u", scenario->file, failed->position.line, failed->position.column);
  paragraph_more(out, style, place);
  if (failed->when == EXPECT_SOMETIMES)
    return;
  if (failed->kind == EXPECT_BUGCHECK && !failed->bugcheck.is_any && failed->bugcheck.code == result->bugcheck.code) {
    g_autofree char *parameters = parameters_words(&failed->bugcheck);
    g_autofree char *line = g_strdup_printf("it is that bug check, with other parameters: %s were expected", parameters);
    if (*parameters != '\0')
      paragraph_more(out, style, line);
  } else if (failed->kind == EXPECT_FINDING) {
    finding_print(out, style, names, failed, result);
  } else if (failed->kind == EXPECT_EVENT && failed->when == EXPECT_ALWAYS && failed->event_count > 0) {
    event_print(out, style, names, &failed->events[0]);
  } else if (failed->kind == EXPECT_ORDER && failed->when == EXPECT_ALWAYS) {
    order_print(out, style, names, failed);
  } else if (failed->kind == EXPECT_STATE && failed->when == EXPECT_ALWAYS && failed->state.kind == EXPECT_STATE_THREAD) {
    waits_print(out, style, names, &failed->state);
  }
}
