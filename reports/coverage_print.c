#include "coverage_internal.h"

#include "paragraph.h"

#include "sim/choice.h"

#include <string.h>

#define NEVER_COUNT_MAX 40
#define LINES_COUNT_MAX 12

static uint64_t pair_count(json_object *json, const char *key, const char *one, const char *other) {
  return coverage_count(coverage_part(coverage_part(json, key), one), other);
}

static bool has_met(json_object *coverage, const char *one, const char *other) {
  return pair_count(coverage, "met", one, other) + pair_count(coverage, "met", other, one) > 0;
}

static bool has_interrupted(json_object *coverage, const char *one, const char *other) {
  return pair_count(coverage, "interrupted", one, other) + pair_count(coverage, "interrupted", other, one) > 0;
}

/* "fw.OnClose with itself", "fw.classify and fw.unload". */
static void pair_print(GString *text, const char *one, const char *other) {
  const char *separator = text->len > 0 ? "\n" : "";
  if (strcmp(one, other) == 0)
    g_string_append_printf(text, "%s%s with itself", separator, one);
  else
    g_string_append_printf(text, "%s%s and %s", separator, one, other);
}

static bool is_called_as(json_object *coverage, const char *routine, const char *callback) {
  return json_object_object_get_ex(coverage_part(coverage_part(coverage, "routines"), routine), callback, NULL); /* 0: in boot */
}

/* A driver is loaded before anything of it is called, and unloaded once. */
static bool can_meet(json_object *coverage, const char *one, const char *other) {
  if (is_called_as(coverage, one, "DRIVER_INITIALIZE") || is_called_as(coverage, other, "DRIVER_INITIALIZE"))
    return false;
  return strcmp(one, other) != 0 || !is_called_as(coverage, one, "DRIVER_UNLOAD");
}

static void pairs_print(GString *out, const ReportStyle *style, json_object *coverage) {
  g_autoptr(GPtrArray) names = coverage_keys(coverage_part(coverage, "routines"), coverage_by_name);
  g_autoptr(GString) met = g_string_new(NULL);
  g_autoptr(GString) interrupted = g_string_new(NULL);
  g_autoptr(GString) never = g_string_new(NULL);
  unsigned met_count = 0, never_count = 0;
  for (guint i = 0; i < names->len; i++)
    for (guint j = i; j < names->len; j++) {
      const char *one = g_ptr_array_index(names, i), *other = g_ptr_array_index(names, j);
      if (has_met(coverage, one, other))
        pair_print(met, one, other);
      if (has_interrupted(coverage, one, other))
        pair_print(interrupted, one, other);
      bool is_any = has_met(coverage, one, other) || has_interrupted(coverage, one, other);
      met_count += is_any;
      if (!is_any && can_meet(coverage, one, other) && never_count++ < NEVER_COUNT_MAX)
        pair_print(never, one, other);
    }
  if (never_count > NEVER_COUNT_MAX)
    g_string_append_printf(never, "\n%u more (--json lists what met)", never_count - NEVER_COUNT_MAX);
  paragraph_putf(out, style, "routines", "%u ran; %u of %u pairs met", names->len, met_count, met_count + never_count);
  if (met->len > 0)
    paragraph_put(out, style, "met", met->str);
  if (interrupted->len > 0)
    paragraph_put(out, style, "interrupted", interrupted->str);
  if (never->len > 0)
    paragraph_put(out, style, "never met", never->str);
}

static unsigned pairs_of(json_object *json) {
  unsigned count = 0;
  g_autoptr(GPtrArray) names = coverage_keys(json, coverage_by_name);
  for (guint i = 0; i < names->len; i++)
    count += (unsigned)json_object_object_length(coverage_part(json, g_ptr_array_index(names, i)));
  return count;
}

static void locks_print(GString *out, const ReportStyle *style, json_object *coverage) {
  json_object *order = coverage_part(coverage, "lock_order");
  g_autoptr(GPtrArray) held = coverage_keys(order, coverage_by_name);
  g_autoptr(GString) text = g_string_new(NULL);
  for (guint i = 0; i < held->len; i++) {
    const char *one = g_ptr_array_index(held, i);
    g_autoptr(GPtrArray) taken = coverage_keys(coverage_part(order, one), coverage_by_name);
    for (guint j = 0; j < taken->len; j++) {
      const char *other = g_ptr_array_index(taken, j);
      bool is_both = strcmp(one, other) != 0 && pair_count(coverage, "lock_order", other, one) > 0;
      g_string_append_printf(text, "%s%s, then %s%s", text->len > 0 ? "\n" : "", one, other, is_both ? "  (both orders!)" : "");
    }
  }
  if (text->len > 0)
    paragraph_put(out, style, "lock order", text->str);
}

static void choices_print(GString *out, const ReportStyle *style, json_object *coverage) {
  g_autoptr(GString) text = g_string_new(NULL);
  g_autoptr(GString) never = g_string_new(NULL);
  for (unsigned kind = 0; kind < SIM_CHOICE_KIND_COUNT; kind++) {
    json_object *answers = coverage_part(coverage_part(coverage, "choices"), sim_choice_names[kind]);
    g_autoptr(GPtrArray) keys = coverage_keys(answers, coverage_by_number);
    uint64_t count = 0;
    for (guint i = 0; i < keys->len; i++)
      count += coverage_count(answers, g_ptr_array_index(keys, i));
    if (count > 0)
      g_string_append_printf(text, "%s%s %" G_GUINT64_FORMAT, text->len > 0 ? ", " : "", sim_choice_names[kind], count);
    else
      g_string_append_printf(never, "%s%s", never->len > 0 ? ", " : "", sim_choice_names[kind]);
  }
  paragraph_putf(out, style, "chosen", "other than naturally: %s%s%s", text->len > 0 ? text->str : "nothing",
                 never->len > 0 ? "; never: " : "", never->str);
}

/* "12-14, 30": the lines that nobody ran. */
static char *missing_lines(json_object *lines, const GPtrArray *numbers) {
  GString *text = g_string_new(NULL);
  unsigned ranges = 0;
  for (guint i = 0; i < numbers->len; i++) {
    guint first = i;
    if (coverage_count(lines, g_ptr_array_index(numbers, i)) > 0)
      continue;
    while (i + 1 < numbers->len && coverage_count(lines, g_ptr_array_index(numbers, i + 1)) == 0)
      i++;
    if (ranges++ == LINES_COUNT_MAX)
      g_string_append(text, ", ...");
    if (ranges > LINES_COUNT_MAX)
      continue;
    g_string_append_printf(text, "%s%s", ranges > 1 ? ", " : "", (const char *)g_ptr_array_index(numbers, first));
    if (i > first)
      g_string_append_printf(text, "-%s", (const char *)g_ptr_array_index(numbers, i));
  }
  return g_string_free(text, FALSE);
}

static void lines_print(GString *out, const ReportStyle *style, json_object *coverage) {
  json_object *files = coverage_part(coverage, "lines");
  g_autoptr(GPtrArray) names = coverage_keys(files, coverage_by_name);
  for (guint i = 0; i < names->len; i++) {
    const char *file = g_ptr_array_index(names, i);
    json_object *lines = coverage_part(files, file);
    g_autoptr(GPtrArray) numbers = coverage_keys(lines, coverage_by_number);
    unsigned hit = 0;
    for (guint j = 0; j < numbers->len; j++)
      hit += coverage_count(lines, g_ptr_array_index(numbers, j)) > 0;
    g_autofree char *missing = missing_lines(lines, numbers), *base = g_path_get_basename(file);
    paragraph_putf(out, style, "lines", "%s: %u of %u (%.1f %%)%s%s", base, hit, numbers->len,
                   numbers->len > 0 ? 100.0 * hit / numbers->len : 100.0, *missing != '\0' ? "; never: " : "", missing);
  }
}

void coverage_print(GString *out, const ReportStyle *style, json_object *coverage) {
  uint64_t runs = coverage_count(coverage, "runs");
  g_string_append_c(out, '\n');
  paragraph_putf(out, style, "coverage", "of %" G_GUINT64_FORMAT " schedule%s", runs, runs == 1 ? "" : "s");
  pairs_print(out, style, coverage);
  paragraph_putf(out, style, "calls", "%d functions of Windows; %u pairs of calls met",
                 json_object_object_length(coverage_part(coverage, "calls")), pairs_of(coverage_part(coverage, "calls_met")));
  locks_print(out, style, coverage);
  choices_print(out, style, coverage);
  lines_print(out, style, coverage);
}
