#include "scenario.h"

#include "load.h"

#include <string.h>

/* ---- loading ---- */

static bool version_check(Loader *loader, const JsonValue *value) {
  if (value->kind == JSON_NUMBER && !value->is_fraction && !value->is_negative && value->magnitude == 1)
    return true;
  return load_expected(loader, value, "irqlab", "1, the version of this format");
}

static bool head_load(Loader *loader, const JsonValue *root) {
  Scenario *scenario = loader->scenario;
  const JsonValue *version = json_get(root, "irqlab"), *title = json_get(root, "title"), *source = json_get(root, "source"),
                  *schema = json_get(root, "$schema");
  Text text = { 0 };
  g_assert(version != NULL && title != NULL); /* required keys */
  if (!version_check(loader, version) || !load_text(loader, title, "title", &text) ||
      (schema != NULL && !load_text(loader, schema, "$schema", &(Text){ 0 })))
    return false;
  scenario->title = text.text;
  const Text *sources = NULL;
  size_t count = 0;
  if (source != NULL && !load_texts(loader, source, "source", &sources, &count))
    return false;
  const char **list = load_new(loader, count, sizeof *list);
  for (size_t i = 0; i < count; i++)
    list[i] = sources[i].text;
  scenario->sources = list;
  scenario->source_count = count;
  return true;
}

static bool scenario_build(Loader *loader) {
  const JsonValue *root = &loader->scenario->document->root;
  if (root->kind != JSON_OBJECT) {
    g_autofree char *found = json_describe(root);
    return load_fail(loader, root->position, "expected a scenario, { \"irqlab\": 1, ... }, found %s", found);
  }
  return load_object(loader, root, "scenario", LOAD_SCENARIO) && head_load(loader, root) &&
         load_drivers(loader, json_get(root, "drivers")) && load_machine(loader, json_get(root, "machine")) &&
         load_callouts(loader, json_get(root, "callouts"), json_get(root, "sublayers"), json_get(root, "filters")) &&
         load_processes(loader, json_get(root, "processes")) && load_traffic(loader, json_get(root, "traffic")) &&
         load_faults(loader, json_get(root, "faults")) && load_policy(loader, json_get(root, "policy")) &&
         load_budget(loader, json_get(root, "budget")) && load_expectations(loader, json_get(root, "expect"));
}

/* Takes the document. */
static Scenario *scenario_from(JsonDocument *document, GError **error) {
  if (document == NULL)
    return NULL;
  g_autoptr(Scenario) scenario = g_new0(Scenario, 1);
  scenario->document = document;
  scenario->file = document->file;
  scenario->blocks = g_ptr_array_new_with_free_func(g_free);
  Loader loader = { scenario, error };
  scenario->folder = load_take(&loader, g_path_get_dirname(scenario->file));
  return scenario_build(&loader) ? g_steal_pointer(&scenario) : NULL;
}

Scenario *scenario_load(const char *file, GError **error) { return scenario_from(json_document_read(file, error), error); }

Scenario *scenario_load_bytes(const char *file, const void *bytes, size_t size, GError **error) {
  return scenario_from(json_document_parse(file, bytes, size, error), error);
}

void scenario_free(Scenario *scenario) {
  if (scenario == NULL)
    return;
  sim_schedule_finish(&scenario->policy.replay);
  g_ptr_array_unref(scenario->blocks);
  json_document_free(scenario->document);
  g_free(scenario);
}

bool scenario_error(const Scenario *scenario, TextPosition position, GError **error, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  text_error_valist(error, SCENARIO_ERROR_FORMAT, scenario->file, position, format, arguments);
  va_end(arguments);
  return false;
}

/* ---- looking ---- */

const ScenarioDriver *scenario_driver_find(const Scenario *scenario, const char *name) {
  for (size_t i = 0; i < scenario->driver_count; i++)
    if (strcmp(scenario->drivers[i].name.text, name) == 0)
      return &scenario->drivers[i];
  return NULL;
}

const ScenarioFunction *scenario_function_find(const ScenarioDriver *driver, const char *name) {
  for (size_t i = 0; i < driver->function_count; i++)
    if (strcmp(driver->functions[i].name.text, name) == 0)
      return &driver->functions[i];
  return NULL;
}

const ScenarioVariable *scenario_global_find(const ScenarioDriver *driver, const char *name) {
  for (size_t i = 0; i < driver->global_count; i++)
    if (strcmp(driver->globals[i].name.text, name) == 0)
      return &driver->globals[i];
  return NULL;
}

const ScenarioProcess *scenario_process_find(const Scenario *scenario, const char *name) {
  for (size_t i = 0; i < scenario->process_count; i++)
    if (strcmp(scenario->processes[i].name.text, name) == 0)
      return &scenario->processes[i];
  return NULL;
}

const ScenarioThread *scenario_thread_find(const ScenarioProcess *process, const char *name) {
  for (size_t i = 0; i < process->thread_count; i++)
    if (strcmp(process->threads[i].name.text, name) == 0)
      return &process->threads[i];
  return NULL;
}
