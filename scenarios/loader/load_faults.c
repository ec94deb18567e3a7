/* "faults": calls that fail, by name. "vary": which kinds of choices are explored beside the order of steps. */
#include "load.h"

#include <string.h>

enum { FAULT_COUNT_MAX = 32 };
_Static_assert(FAULT_COUNT_MAX < DDI_FAULT_COUNT_MAX, "and one of a boot");

/* ---- "vary" ---- */

bool load_varies(Loader *loader, const JsonValue *value, uint32_t *varies) {
  LoadWord words[SIM_CHOICE_KIND_COUNT + 1];
  size_t count = 0;
  for (unsigned kind = 0; kind < SIM_CHOICE_KIND_COUNT; kind++)
    if (SIM_CHOICE_RARE >> kind & 1)
      words[count++] = (LoadWord){ sim_choice_names[kind], 1u << kind };
  words[count++] = (LoadWord){ "all", SIM_CHOICE_RARE };
  *varies = 0;
  bool is_list = value->kind == JSON_LIST;
  for (size_t i = 0; i < (is_list ? value->count : 1); i++) {
    unsigned kinds;
    if (!load_word(loader, is_list ? &value->items[i] : value, "vary", words, count, &kinds))
      return false;
    *varies |= kinds;
  }
  return true;
}

/* ---- "faults" ---- */

static const char *failing_at(const void *context, size_t index) {
  (void)context;
  return ddi_functions[index].failure_count > 0 ? ddi_functions[index].name : "";
}

static bool function_find(Loader *loader, const Text *text, const char *name, ScenarioFault *fault) {
  fault->function = ddi_function_find(name);
  if (fault->function == NULL)
    return load_unknown(loader, text, "function", name, text_nearest(name, failing_at, NULL, ddi_function_count));
  if (fault->function->failure_count == 0)
    return load_fail(loader, text->position,
                     "%s does not fail for a reason outside of the driver; irqlab explain FUNCTION says what one may fail with", name);
  return true;
}

/* "NAME" or "NAME #N". */
static bool short_load(Loader *loader, const JsonValue *value, const char *key, ScenarioFault *fault) {
  Text text;
  if (!load_text(loader, value, key, &text))
    return false;
  const char *mark = strchr(text.text, '#');
  if (mark == NULL)
    return function_find(loader, &text, text.text, fault);
  g_autofree char *name = g_strchomp(g_strndup(text.text, (gsize)(mark - text.text)));
  guint64 nth;
  if (!g_ascii_string_to_unsigned(mark + 1, 10, 1, UINT32_MAX, &nth, NULL))
    return load_fail(loader, text_position(&text, (size_t)(mark - text.text)), "expected the number of a call, such as \"%s #2\"", name);
  fault->nth = (uint32_t)nth;
  return function_find(loader, &text, name, fault);
}

static const char *function_name_at(const void *driver, size_t index) {
  return ((const ScenarioDriver *)driver)->functions[index].name.text;
}

/* "fw" or "fw.classify". */
static bool within_load(Loader *loader, const JsonValue *value, ScenarioFault *fault) {
  Text text;
  if (!load_text(loader, value, "in", &text))
    return false;
  const char *dot = strchr(text.text, '.');
  const char *driver = dot != NULL ? load_take(loader, g_strndup(text.text, (gsize)(dot - text.text))) : text.text;
  ScenarioRoutine *routine = &fault->within;
  if (!load_driver_name(loader, &text, driver, &routine->driver))
    return false;
  if (dot == NULL)
    return true;
  routine->name = load_string(loader, dot + 1);
  routine->text = text;
  if (routine->driver->is_source)
    return true; /* looked up when it is built */
  routine->function = scenario_function_find(routine->driver, routine->name);
  return routine->function != NULL ||
         load_unknown(loader, &text, "function", routine->name,
                      text_nearest(routine->name, function_name_at, routine->driver, routine->driver->function_count));
}

static bool with_load(Loader *loader, const JsonValue *value, ScenarioFault *fault) {
  Text text;
  if (!load_text(loader, value, "with", &text))
    return false;
  g_autoptr(GString) known = g_string_new(NULL);
  for (uint32_t i = 0; i < fault->function->failure_count; i++) {
    const char *name = fault->function->failures[i].name;
    if (strcmp(name, text.text) == 0) {
      fault->failure = i + 1;
      return true;
    }
    g_string_append_printf(known, "%s%s", i > 0 ? ", " : "", name);
  }
  g_autofree char *quoted = text_quote(text.text);
  return load_fail(loader, text.position, "\"with\": %s is not documented to fail with %s; it may with: %s", fault->function->name, quoted,
                   known->str);
}

static bool fault_load(Loader *loader, const JsonValue *value, ScenarioFault *fault) {
  *fault = (ScenarioFault){ .failure = 1, .position = value->position };
  if (value->kind == JSON_STRING)
    return short_load(loader, value, "faults", fault);
  if (!load_object(loader, value, "faults", LOAD_FAULT))
    return false;
  const JsonValue *within = json_get(value, "in"), *nth = json_get(value, "nth"), *with = json_get(value, "with");
  uint64_t number = 0;
  if (!short_load(loader, json_get(value, "fail"), "fail", fault) || (within != NULL && !within_load(loader, within, fault)) ||
      (with != NULL && !with_load(loader, with, fault)))
    return false;
  if (nth == NULL)
    return true;
  if (fault->nth != 0)
    return load_fail(loader, nth->position, "\"nth\" says again what stands behind the # of \"fail\"");
  if (!load_number(loader, nth, "nth", 1, UINT32_MAX, &number))
    return false;
  fault->nth = (uint32_t)number;
  return true;
}

bool load_faults(Loader *loader, const JsonValue *value) {
  if (value == NULL)
    return true;
  if (!load_list(loader, value, "faults", "calls that fail, \"ExAllocatePool2 #1\""))
    return false;
  if (value->count > FAULT_COUNT_MAX)
    return load_fail(loader, value->position, "\"faults\": expected at most %d", FAULT_COUNT_MAX);
  ScenarioFault *faults = load_new(loader, value->count, sizeof *faults);
  loader->scenario->faults = faults;
  loader->scenario->fault_count = value->count;
  for (size_t i = 0; i < value->count; i++)
    if (!fault_load(loader, &value->items[i], &faults[i]))
      return false;
  return true;
}
