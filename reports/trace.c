#include "trace.h"

#include "phrase.h"

#include "model/events.h"

void trace_print(GString *out, const ScenarioRun *run, const SimRecord *record, uint32_t from) {
  g_autoptr(Names) names = names_create(run, record);
  g_string_append(out, "event          time  cpu  irql      context               kind                  function / object / what\n");
  for (size_t i = from; i < record->count; i++) {
    const SimEvent *event = &record->events[i];
    g_autofree char *time = names_time(run, event->time_ns);
    g_autofree char *object = names_object(names, event->object);
    g_autofree char *what = phrase_event(names, event);
    const char *function = names_function(event->function);
    char cpu[8];
    g_snprintf(cpu, sizeof cpu, event->cpu == 0xff ? "-" : "%u", event->cpu);
    g_string_append_printf(out, "%5u %16s  %3s  ", event->sequence, time, cpu);
    report_pad(out, names_irql_short(event->irql), 10);
    report_pad(out, names_running(names, (uint32_t)i), 22);
    report_pad(out, model_event_name(event->kind), 22);
    if (what != NULL)
      g_string_append_printf(out, "%s", what);
    else
      g_string_append_printf(out, "%s%s%s", function, *function != '\0' && *object != '\0' ? " " : "", object);
    g_string_append_c(out, '\n');
  }
  report_trim_lines(out);
}
