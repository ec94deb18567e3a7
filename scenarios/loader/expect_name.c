#include "expect_load.h"

#include <string.h>

/* ---- errors ---- */

bool expect_never(Loader *loader, TextPosition position, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  g_autofree char *why = g_strdup_vprintf(format, arguments);
  va_end(arguments);
  return text_error(loader->error, SCENARIO_ERROR_EXPECTATION, loader->scenario->file, position, "expectation can never hold: %s", why);
}

bool expect_unknown(Loader *loader, TextPosition position, const char *kind, const char *name, const char *nearest) {
  g_autofree char *quoted = text_quote(name);
  g_autofree char *suggestion = text_suggestion(nearest);
  return expect_never(loader, position, "unknown %s %s%s", kind, quoted, suggestion);
}

/* ---- names of things ---- */

static bool any_find(const char *name, ExpectName *found) {
  if (!g_str_has_prefix(name, "any "))
    return false;
  for (unsigned kind = OBJECT_NONE + 1; kind < OBJECT_KIND_COUNT; kind++)
    if (strcmp(object_kind_name((ObjectKind)kind), name + 4) == 0) {
      *found = (ExpectName){ .is_any = true, .kind = (ObjectKind)kind };
      return true;
    }
  return false;
}

static bool dotted_find(Loader *loader, const char *name, const char *dot, ExpectName *found) {
  const Scenario *scenario = loader->scenario;
  g_autofree char *owner = g_strndup(name, (gsize)(dot - name));
  const ScenarioDriver *driver = scenario_driver_find(scenario, owner);
  const ScenarioProcess *process = scenario_process_find(scenario, owner);
  if (process != NULL && scenario_thread_find(process, dot + 1) != NULL) {
    *found = (ExpectName){ .kind = OBJECT_THREAD, .name = name };
    return true;
  }
  if (driver == NULL || dot[1] == '\0')
    return false;
  *found = (ExpectName){ .driver = driver->name.text, .name = dot + 1, .is_code = true };
  if (driver->is_source || scenario_function_find(driver, dot + 1) != NULL)
    return true;
  found->is_code = false;
  return scenario_global_find(driver, dot + 1) != NULL;
}

bool expect_name_find(Loader *loader, const char *name, ExpectName *found) {
  const Scenario *scenario = loader->scenario;
  const char *dot = strchr(name, '.');
  if (any_find(name, found))
    return true;
  if (dot != NULL)
    return dotted_find(loader, name, dot, found);
  if (scenario_driver_find(scenario, name) != NULL) {
    *found = (ExpectName){ .driver = name, .is_code = true };
    return true;
  }
  if (scenario_process_find(scenario, name) != NULL || strcmp(name, "System") == 0 || strcmp(name, "Idle") == 0) {
    *found = (ExpectName){ .kind = OBJECT_PROCESS, .name = name };
    return true;
  }
  for (size_t i = 0; i < scenario->driver_count; i++) /* objects bear the names of the globals that hold them */
    if (scenario_global_find(&scenario->drivers[i], name) != NULL) {
      *found = (ExpectName){ .driver = scenario->drivers[i].name.text, .name = name };
      return true;
    }
  return false;
}

/* Everything that expect_name_find knows, for suggestions. */
static GPtrArray *names_collect(const Scenario *scenario) {
  GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
  for (size_t i = 0; i < scenario->process_count; i++) {
    const ScenarioProcess *process = &scenario->processes[i];
    g_ptr_array_add(names, g_strdup(process->name.text));
    for (size_t j = 0; j < process->thread_count; j++)
      g_ptr_array_add(names, g_strdup_printf("%s.%s", process->name.text, process->threads[j].name.text));
  }
  for (size_t i = 0; i < scenario->driver_count; i++) {
    const ScenarioDriver *driver = &scenario->drivers[i];
    g_ptr_array_add(names, g_strdup(driver->name.text));
    for (size_t j = 0; j < driver->function_count; j++)
      g_ptr_array_add(names, g_strdup_printf("%s.%s", driver->name.text, driver->functions[j].name.text));
    for (size_t j = 0; j < driver->global_count; j++)
      g_ptr_array_add(names, g_strdup_printf("%s.%s", driver->name.text, driver->globals[j].name.text));
  }
  for (unsigned kind = OBJECT_NONE + 1; kind < OBJECT_KIND_COUNT; kind++)
    g_ptr_array_add(names, g_strdup_printf("any %s", object_kind_name((ObjectKind)kind)));
  return names;
}

bool expect_name_unknown(Loader *loader, const Text *text, const char *name) {
  g_autoptr(GPtrArray) names = names_collect(loader->scenario);
  return expect_unknown(loader, text->position, "object", name, text_nearest_of(name, (const char *const *)names->pdata, names->len));
}

/* ---- places in drivers ---- */

static const char *driver_name_at(const void *scenario, size_t index) { return ((const Scenario *)scenario)->drivers[index].name.text; }
static const char *function_name_at(const void *driver, size_t index) {
  return ((const ScenarioDriver *)driver)->functions[index].name.text;
}

bool expect_where_load(Loader *loader, const JsonValue *value, ExpectFinding *finding) {
  Text text;
  if (!load_text(loader, value, "where", &text))
    return false;
  const Scenario *scenario = loader->scenario;
  const char *dot = strchr(text.text, '.');
  const char *name = dot == NULL ? text.text : load_take(loader, g_strndup(text.text, (gsize)(dot - text.text)));
  const ScenarioDriver *driver = scenario_driver_find(scenario, name);
  if (driver == NULL)
    return expect_unknown(loader, text.position, "driver", name, text_nearest(name, driver_name_at, scenario, scenario->driver_count));
  finding->where_driver = driver->name.text;
  finding->where_function = dot == NULL ? NULL : dot + 1;
  if (dot == NULL || driver->is_source || scenario_function_find(driver, dot + 1) != NULL)
    return true;
  g_autofree char *kind = g_strdup_printf("function of %s", name);
  return expect_unknown(loader, text.position, kind, dot + 1, text_nearest(dot + 1, function_name_at, driver, driver->function_count));
}

/* ---- functions of Windows ---- */

/* Functions first, then callback types. */
static const char *ddi_name_at(const void *names, size_t index) {
  (void)names;
  return index < ddi_function_count ? ddi_functions[index].name : ddi_callbacks[index - ddi_function_count].name;
}

bool expect_function_load(Loader *loader, TextPosition position, const char *name, const DdiFunction **function,
                          const DdiCallback **callback) {
  *function = ddi_function_find(name);
  *callback = *function == NULL ? ddi_callback_find(name) : NULL;
  return *function != NULL || *callback != NULL ||
         expect_unknown(loader, position, "function", name, text_nearest(name, ddi_name_at, NULL, ddi_function_count + ddi_callback_count));
}

/* ---- numbers ---- */

bool expect_cpu_load(Loader *loader, const JsonValue *value, int *cpu) {
  uint64_t number;
  *cpu = -1;
  if (value == NULL)
    return true;
  if (!load_number(loader, value, "cpu", 0, SIM_VCPU_COUNT_MAX - 1, &number))
    return false;
  *cpu = (int)number;
  if (number < loader->scenario->machine.cpu_count)
    return true;
  return expect_never(loader, value->position, "there is no cpu %d; this machine has %u", *cpu, loader->scenario->machine.cpu_count);
}

bool expect_count_load(Loader *loader, const JsonValue *value, Expectation *expectation) {
  if (value == NULL)
    return true;
  expectation->has_count = true;
  if (!load_number(loader, value, "count", 0, UINT32_MAX, &expectation->count))
    return false;
  return expectation->count > 0 || load_fail(loader, value->position, "\"count\": 0 is written as an expectation under \"never\"");
}

void expect_count_print(GString *text, const Expectation *expectation) {
  if (expectation->has_count && expectation->count == 1)
    g_string_append(text, ", once");
  else if (expectation->has_count)
    g_string_append_printf(text, ", %" G_GUINT64_FORMAT " times", expectation->count);
}
