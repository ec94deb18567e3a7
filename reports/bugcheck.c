#include "bugcheck.h"

#include "paragraph.h"

#include "model/events.h"

#include <string.h>

/* What a value is, in words that its meaning asks for. Returns owned. */
static char *value_words(const Names *names, const KeBugcheck *bugcheck, unsigned index, const char *meaning) {
  uint64_t value = bugcheck->parameters[index];
  if (bugcheck->objects[index] != 0)
    return names_object_short(names, bugcheck->objects[index]);
  if (strstr(meaning, "IRQL") != NULL && value < SIM_IRQL_COUNT)
    return g_strdup_printf("%u = %s", (unsigned)value, sim_irql_name((SimIrql)value));
  if (value >= SIM_IMAGE_BASE && value < SIM_IMAGE_END) {
    char *place = place_code(names_run(names), value);
    if (*place != '\0')
      return place;
    g_free(place);
  }
  if (value >= SIM_ARENA_BASE || ((value & SIM_SITE_STEP) && bugcheck->site == value))
    return names_address(names, value);
  return value < 10 ? g_strdup_printf("%u", (unsigned)value) : g_strdup_printf("0x%" G_GINT64_MODIFIER "x", value);
}

/* The parameters, as many to a line as have room. */
static void parameters_print(GString *out, const ReportStyle *style, const Names *names, const KeBugcheck *bugcheck,
                             const char *const *meanings) {
  g_autoptr(GString) line = g_string_new(NULL);
  for (unsigned i = 0; i < 4; i++) {
    const char *meaning = meanings != NULL ? meanings[i] : "";
    g_autofree char *value = value_words(names, bugcheck, i, meaning);
    g_autofree char *text =
        g_strdup_printf("P%u %s%s%s%s", i + 1, value, *meaning != '\0' ? " (" : "", meaning, *meaning != '\0' ? ")" : "");
    if (line->len > 0 && PARAGRAPH_INDENT + report_columns(line->str) + 3 + report_columns(text) > style->width) {
      paragraph_more(out, style, line->str);
      g_string_truncate(line, 0);
    }
    g_string_append_printf(line, "%s%s", line->len > 0 ? "   " : "", text);
  }
  paragraph_more(out, style, line->str);
}

/* On which CPU, at which level, in what, and where in the driver. */
static void place_print(GString *out, const ReportStyle *style, const Names *names, const KeBugcheck *bugcheck) {
  const SimRecord *record = names_record(names);
  uint32_t last = (uint32_t)record->count;
  while (last > 0 && record->events[last - 1].kind != EVENT_BUGCHECK)
    last--;
  g_autofree char *in = last > 0 ? names_in(names, last - 1) : g_strdup("");
  g_autofree char *place = place_words(names_run(names), bugcheck->site);
  g_autofree char *line = g_strdup_printf("on cpu %u at %s%s%s%s%s", bugcheck->cpu, sim_irql_name(bugcheck->irql), *in != '\0' ? ", " : "",
                                          in, *place != '\0' ? ", " : "", place);
  paragraph_more(out, style, line);
}

void bugcheck_print(GString *out, const ReportStyle *style, const Names *names, const KeBugcheck *bugcheck) {
  const DdiBugcheck *row = ddi_bugcheck_find(bugcheck->code);
  const DdiBugcheckCase *special = ddi_bugcheck_case_find(bugcheck->code, bugcheck->parameters[0]);
  paragraph_putf(out, style, "Windows stops", "0x%08X %s", bugcheck->code, row != NULL ? row->name : "");
  parameters_print(out, style, names, bugcheck, special != NULL ? special->parameters : row != NULL ? row->parameters : NULL);
  if (special != NULL || row != NULL)
    paragraph_more(out, style, special != NULL ? special->meaning : row->meaning);
  place_print(out, style, names, bugcheck);
}
