#include "trace.h"

#include "phrase.h"
#include "style.h"

#include "model/events.h"

#include <json-c/json.h>

#define CPU_NONE 0xff

/* ---- text ---- */

static void line_print(GString *line, const Names *names, const SimEvent *event) {
  g_autofree char *time = names_time(names_run(names), event->time_ns);
  g_autofree char *object = names_object(names, event->object);
  g_autofree char *what = phrase_event(names, event);
  const char *function = names_function(event->function);
  char cpu[8];
  g_snprintf(cpu, sizeof cpu, event->cpu == CPU_NONE ? "-" : "%u", event->cpu);
  g_string_append_printf(line, "%6u %18s  %3s  ", event->sequence, time, cpu);
  report_pad(line, event->cpu == CPU_NONE ? "" : names_irql_short(event->irql), 10);
  report_pad(line, names_running(names, event->sequence), 22);
  g_string_append_c(line, ' ');
  report_pad(line, model_event_name(event->kind), 21);
  g_string_append_c(line, ' ');
  if (what != NULL)
    g_string_append(line, what);
  else
    g_string_append_printf(line, "%s%s%s", function, *function != '\0' && *object != '\0' ? " " : "", object);
  g_string_append_c(line, '\n');
}

void trace_print(FILE *stream, const Names *names, uint32_t from) {
  const SimRecord *record = names_record(names);
  g_autoptr(GString) line = g_string_new(NULL);
  fputs(" event               time  cpu  irql      context                kind                  what\n", stream);
  for (size_t i = from; i < record->count && !ferror(stream); i++) {
    g_string_truncate(line, 0);
    line_print(line, names, &record->events[i]);
    report_trim_lines(line);
    fputs(line->str, stream);
  }
}

/* ---- JSON ---- */

static void text_add(json_object *json, const char *key, const char *text) {
  g_autofree char *valid = g_utf8_make_valid(text != NULL ? text : "", -1);
  json_object_object_add(json, key, json_object_new_string(valid));
}

static json_object *event_json(const Names *names, const SimEvent *event) {
  json_object *json = json_object_new_object();
  g_autofree char *object = names_object(names, event->object);
  g_autofree char *place = place_words(names_run(names), event->site);
  g_autofree char *what = phrase_event(names, event);
  int64_t time_ns = (int64_t)event->time_ns - (int64_t)scenario_run_origin_ns(names_run(names));
  json_object_object_add(json, "event", json_object_new_int64(event->sequence));
  json_object_object_add(json, "time_ns", json_object_new_int64(time_ns));
  json_object_object_add(json, "cpu", event->cpu == CPU_NONE ? NULL : json_object_new_int(event->cpu));
  json_object_object_add(json, "irql", event->cpu == CPU_NONE ? NULL : json_object_new_string(sim_irql_name(event->irql)));
  text_add(json, "context", names_running(names, event->sequence));
  text_add(json, "kind", model_event_name(event->kind));
  text_add(json, "function", names_function(event->function));
  text_add(json, "object", object);
  json_object_object_add(json, "status", json_object_new_int64(event->status));
  json_object_object_add(json, "detail", json_object_new_int64(event->detail));
  text_add(json, "place", place);
  text_add(json, "what", what);
  return json;
}

void trace_print_json(FILE *stream, const Names *names, uint32_t from) {
  const SimRecord *record = names_record(names);
  for (size_t i = from; i < record->count && !ferror(stream); i++) {
    json_object *json = event_json(names, &record->events[i]);
    fprintf(stream, "%s\n", json_object_to_json_string_ext(json, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
    json_object_put(json);
  }
}
