/* irqlab replay --stop-at: one event of a schedule, and what stands where then. */
#include "visit.h"

#include "../inspect.h"

#include "model/events.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EVENT_COUNT_BEFORE 10

/* ---- which event ---- */

static bool is_named(const SimEvent *event, const char *name) {
  if (strcmp(model_event_name(event->kind), name) == 0)
    return true;
  return (event->kind == EVENT_CALL || event->kind == EVENT_CALLBACK) && strcmp(names_function(event->function), name) == 0;
}

static uint32_t number_find(const RunVisit *visit, const char *text) {
  guint64 number;
  uint32_t first = run_visit_first(visit), end = (uint32_t)run_visit_record(visit)->count;
  if (g_ascii_string_to_unsigned(text, 10, first, end - 1, &number, NULL))
    return (uint32_t)number;
  cli_error("replay: events of this run have numbers from %u (those before are Windows' boot and the loading of drivers) to %u, not \"%s\"",
            first, end - 1, text);
  return UINT32_MAX;
}

static const char *kind_at(const void *unused, size_t index) {
  (void)unused;
  const char *name = index < SIM_EVENT_KIND_COUNT ? model_event_name((unsigned)index) : ddi_functions[index - SIM_EVENT_KIND_COUNT].name;
  return name != NULL && *name != '\0' && strcmp(name, "?") != 0 ? name : NULL;
}

bool visit_name_is_known(const char *name) {
  if (ddi_callback_find(name) != NULL)
    return true;
  for (size_t i = 0; i < SIM_EVENT_KIND_COUNT + ddi_function_count; i++)
    if (g_strcmp0(kind_at(NULL, i), name) == 0)
      return true;
  const char *nearest = text_nearest(name, kind_at, NULL, SIM_EVENT_KIND_COUNT + ddi_function_count);
  g_autofree char *suggestion = text_suggestion(nearest);
  printf("  there is no function and no kind of event \"%s\"%s\n", name, suggestion);
  return false;
}

uint32_t visit_event_find(const RunVisit *visit, const char *text) {
  const SimRecord *record = run_visit_record(visit);
  if (record->count <= run_visit_first(visit)) {
    cli_error("replay: the run was over in Windows' boot or the loading of drivers: irqlab trace --boot shows it");
    return UINT32_MAX;
  }
  if (g_ascii_isdigit(text[*text == '-' || *text == '+']))
    return number_find(visit, text);
  const char *mark = strchr(text, '#');
  g_autofree char *name = mark != NULL ? g_strndup(text, (gsize)(mark - text)) : g_strdup(text);
  guint64 wanted = 1, met = 0;
  if (mark != NULL && !g_ascii_string_to_unsigned(mark + 1, 10, 1, UINT32_MAX, &wanted, NULL)) {
    cli_error("replay: \"%s\": a number from 1 was expected behind #", text);
    return UINT32_MAX;
  }
  for (size_t i = run_visit_first(visit); i < record->count; i++)
    if (is_named(&record->events[i], name) && ++met == wanted)
      return (uint32_t)i;
  if (met > 0) {
    cli_error("replay: %s happens %" G_GUINT64_FORMAT " time%s in this run, not %" G_GUINT64_FORMAT, name, met, met == 1 ? "" : "s",
              wanted);
    return UINT32_MAX;
  }
  const char *nearest = text_nearest(name, kind_at, NULL, SIM_EVENT_KIND_COUNT + ddi_function_count);
  g_autofree char *suggestion = nearest != NULL && strcmp(nearest, name) != 0 ? text_suggestion(nearest) : g_strdup("");
  cli_error("replay: no event of this run is a call of \"%s\" or of that kind%s", name, suggestion);
  return UINT32_MAX;
}

/* ---- at the event ---- */

typedef struct Look {
  const Names *names;
  uint32_t event;
  GString *out;
} Look;

static void look(void *data) {
  Look *self = data;
  inspect_all(self->out, self->names, self->event);
}

int visit_stop_at(CliSchedule *schedule, const char *text) {
  g_autoptr(RunVisit) visit = run_visit_create(schedule->run, &schedule->exceptions);
  uint32_t event = visit_event_find(visit, text);
  if (event == UINT32_MAX)
    return EXIT_BAD_INPUT;
  g_autoptr(Names) names = names_create(schedule->run, run_visit_record(visit));
  g_autoptr(GString) out = g_string_new(NULL);
  uint32_t first = MAX(run_visit_first(visit), event > EVENT_COUNT_BEFORE ? event - EVENT_COUNT_BEFORE : 0);
  Look self = { names, event, g_string_new(NULL) };
  run_visit_at(visit, event, look, &self);
  for (uint32_t i = first; i < event; i++)
    inspect_event(out, names, i);
  g_string_append(out, "stopped behind\n");
  inspect_event(out, names, event);
  fputs(out->str, stdout);
  fputs(self.out->str, stdout);
  g_string_free(self.out, TRUE);
  return EXIT_AS_EXPECTED;
}
