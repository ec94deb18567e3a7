#include "load.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

/* ---- C source ---- */

/* A path of the scenario: relative to its folder; there, and of that kind. */
static bool path_load(Loader *loader, const Text *text, bool is_folder, const char **path) {
  char *resolved = g_path_is_absolute(text->text) ? g_strdup(text->text) : g_build_filename(loader->scenario->folder, text->text, NULL);
  *path = load_take(loader, resolved);
  g_autofree char *quoted = text_quote(text->text);
  struct stat status;
  if (stat(resolved, &status) != 0) {
    int why = errno;
    bool is_dangling = why == ENOENT && lstat(resolved, &status) == 0 && S_ISLNK(status.st_mode);
    return load_fail(loader, text->position, "%s: %s", quoted,
                     is_dangling     ? "a symbolic link to a file that does not exist"
                     : why == ENOENT ? "no such file, seen from the scenario's folder"
                                     : g_strerror(why));
  }
  if (is_folder ? S_ISDIR(status.st_mode) : S_ISREG(status.st_mode))
    return true;
  return load_fail(loader, text->position, "%s is %s; expected a %s", quoted,
                   S_ISDIR(status.st_mode) ? "a folder" : "not a folder or a regular file", is_folder ? "folder" : "file");
}

static bool paths_load(Loader *loader, const Text *texts, size_t count, bool is_folder, const char *const **paths) {
  const char **list = load_new(loader, count, sizeof *list);
  *paths = list;
  for (size_t i = 0; i < count; i++)
    if (!path_load(loader, &texts[i], is_folder, &list[i]))
      return false;
  return true;
}

static bool defines_load(Loader *loader, const JsonValue *value, ScenarioDriver *driver) {
  const Text *texts;
  if (!load_texts(loader, value, "define", &texts, &driver->define_count))
    return false;
  const char **list = load_new(loader, driver->define_count, sizeof *list);
  driver->defines = list;
  for (size_t i = 0; i < driver->define_count; i++) {
    size_t name = strspn(texts[i].text, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "_");
    if (name == 0 || g_ascii_isdigit(*texts[i].text) || (texts[i].text[name] != '\0' && texts[i].text[name] != '=')) {
      g_autofree char *quoted = text_quote(texts[i].text);
      return load_fail(loader, texts[i].position, "\"define\": expected \"NAME\" or \"NAME=VALUE\", found %s", quoted);
    }
    list[i] = texts[i].text;
  }
  return true;
}

static bool compiler_load(Loader *loader, const JsonValue *value, ScenarioDriver *driver) {
  Text text;
  if (!load_text(loader, value, "compiler", &text))
    return false;
  if (*text.text == '-' || strspn(text.text, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "_.+-") != strlen(text.text))
    return load_expected(loader, value, "compiler", "the name of a C compiler, such as \"gcc\" or \"clang-14\"");
  driver->compiler = text.text;
  return true;
}

static bool source_load(Loader *loader, const JsonValue *value, ScenarioDriver *driver) {
  if (!load_object(loader, value, driver->name.text, LOAD_DRIVER_SOURCE))
    return false;
  driver->is_source = true;
  const JsonValue *source = json_get(value, "source"), *include = json_get(value, "include"), *define = json_get(value, "define"),
                  *compiler = json_get(value, "compiler");
  if (!load_texts(loader, source, "source", &driver->files, &driver->file_count))
    return false;
  if (driver->file_count == 0)
    return load_expected(loader, source, "source", "at least one C file");
  for (size_t i = 0; i < driver->file_count; i++)
    if (!g_str_has_suffix(driver->files[i].text, ".c")) {
      g_autofree char *quoted = text_quote(driver->files[i].text);
      return load_fail(loader, driver->files[i].position, "\"source\": expected a C file, *.c, found %s", quoted);
    }
  const Text *folders = NULL;
  return paths_load(loader, driver->files, driver->file_count, false, &driver->paths) &&
         (include == NULL || (load_texts(loader, include, "include", &folders, &driver->include_count) &&
                              paths_load(loader, folders, driver->include_count, true, &driver->include_paths))) &&
         (define == NULL || defines_load(loader, define, driver)) && (compiler == NULL || compiler_load(loader, compiler, driver));
}

/* ---- steps ---- */

/* `"NAME": "TYPE"` or `"NAME": "TYPE = INITIAL"`; the step language reads the declarations. */
static bool variables_load(Loader *loader, const JsonValue *value, const char *key, const char *kind, const ScenarioVariable **variables,
                           size_t *count) {
  if (value == NULL)
    return true;
  if (!load_named(loader, value, key, "names and types, { \"status\": \"NTSTATUS\" }"))
    return false;
  ScenarioVariable *list = load_new(loader, value->count, sizeof *list);
  *variables = list;
  *count = value->count;
  for (size_t i = 0; i < value->count; i++) {
    list[i].name = value->members[i].key;
    if (!load_name(loader, &list[i].name, kind) || !load_text(loader, &value->members[i].value, list[i].name.text, &list[i].declaration))
      return false;
  }
  return true;
}

/* What functions of these names are, where nothing else says it. */
static const struct {
  const char *name;
  const char *callback;
} usual_callbacks[] = {
  { "DriverEntry", "DRIVER_INITIALIZE" },  { "DriverUnload", "DRIVER_UNLOAD" },
  { "unload", "DRIVER_UNLOAD" },           { "classify", "FWPS_CALLOUT_CLASSIFY_FN1" },
  { "notify", "FWPS_CALLOUT_NOTIFY_FN1" }, { "flowDelete", "FWPS_CALLOUT_FLOW_DELETE_NOTIFY_FN0" },
};

static bool callback_load(Loader *loader, const JsonValue *value, ScenarioFunction *function) {
  Text text;
  if (!load_text(loader, value, "as", &text))
    return false;
  function->callback = ddi_callback_find(text.text);
  if (function->callback != NULL)
    return true;
  const char *names[256];
  size_t count = MIN(ddi_callback_count, G_N_ELEMENTS(names));
  for (size_t i = 0; i < count; i++)
    names[i] = ddi_callbacks[i].name;
  return load_unknown(loader, &text, "callback type", text.text, text_nearest_of(text.text, names, count));
}

static bool function_load(Loader *loader, const JsonMember *member, ScenarioFunction *function) {
  const JsonValue *value = &member->value;
  function->name = member->key;
  if (!load_name(loader, &function->name, "function"))
    return false;
  if (value->kind == JSON_LIST) { /* nothing but steps */
    function->body = value;
  } else {
    if (value->kind != JSON_OBJECT)
      return load_expected(loader, value, function->name.text, "a function: a list of steps or { \"do\": [...] }");
    if (!load_object(loader, value, function->name.text, LOAD_FUNCTION))
      return false;
    function->body = json_get(value, "do");
    if (!load_list(loader, function->body, "do", "steps") ||
        !variables_load(loader, json_get(value, "parameters"), "parameters", "parameter", &function->parameters,
                        &function->parameter_count) ||
        !variables_load(loader, json_get(value, "locals"), "locals", "local", &function->locals, &function->local_count))
      return false;
  }
  const JsonValue *as = json_get(value, "as"), *returns = json_get(value, "returns"), *parameters = json_get(value, "parameters");
  if (returns != NULL && !load_text(loader, returns, "returns", &function->returns))
    return false;
  if (as != NULL && (returns != NULL || parameters != NULL))
    return load_fail(loader, (parameters != NULL ? parameters : returns)->position,
                     "a function with \"as\" has the parameters and the result of its type");
  if (as != NULL)
    return callback_load(loader, as, function);
  for (size_t i = 0; i < G_N_ELEMENTS(usual_callbacks) && returns == NULL && parameters == NULL; i++)
    if (strcmp(usual_callbacks[i].name, function->name.text) == 0)
      function->callback = ddi_callback_find(usual_callbacks[i].callback);
  return true;
}

/* A key of a driver that is no function: what it may have been meant to be. */
static bool driver_key_check(Loader *loader, const JsonMember *member) {
  static const char *const keys[] = { "globals", "source", "include", "define", "compiler" };
  if (member->value.kind == JSON_LIST || (member->value.kind == JSON_OBJECT && json_get(&member->value, "do") != NULL))
    return true;
  const char *nearest = text_nearest_of(member->key.text, keys, G_N_ELEMENTS(keys));
  g_autofree char *quoted = text_quote(member->key.text);
  g_autofree char *suggestion = text_suggestion(nearest);
  return load_fail(loader, member->key.position, "%s is no function: it has no \"do\"%s", quoted, suggestion);
}

static bool steps_load(Loader *loader, const JsonValue *value, ScenarioDriver *driver) {
  ScenarioFunction *functions = load_new(loader, value->count, sizeof *functions);
  driver->functions = functions;
  for (size_t i = 0; i < value->count; i++) {
    const JsonMember *member = &value->members[i];
    if (strcmp(member->key.text, "globals") == 0) {
      if (!variables_load(loader, &member->value, "globals", "global", &driver->globals, &driver->global_count))
        return false;
      continue;
    }
    ScenarioFunction *function = &functions[driver->function_count];
    function->driver = driver;
    function->number = (unsigned)driver->function_count++;
    if (!driver_key_check(loader, member) || !function_load(loader, member, function))
      return false;
  }
  for (size_t i = 0; i < driver->function_count; i++) {
    const ScenarioVariable *twin = scenario_global_find(driver, functions[i].name.text);
    if (twin != NULL)
      return load_fail(loader, functions[i].name.position, "\"%s\" is the name of a global, too", functions[i].name.text);
  }
  driver->driver_entry = scenario_function_find(driver, "DriverEntry");
  driver->unload = scenario_function_find(driver, "unload");
  if (driver->unload == NULL)
    driver->unload = scenario_function_find(driver, "DriverUnload");
  if (driver->driver_entry != NULL) /* it says itself, in DriverObject->DriverUnload */
    driver->unload = NULL;
  return true;
}

bool load_drivers(Loader *loader, const JsonValue *value) {
  Scenario *scenario = loader->scenario;
  if (value == NULL)
    return true;
  if (!load_named(loader, value, "drivers", "drivers, { \"NAME\": { ... } }"))
    return false;
  ScenarioDriver *drivers = load_new(loader, value->count, sizeof *drivers);
  scenario->drivers = drivers;
  scenario->driver_count = value->count;
  for (size_t i = 0; i < value->count; i++) {
    const JsonMember *member = &value->members[i];
    drivers[i].scenario = scenario;
    drivers[i].name = member->key;
    drivers[i].number = (unsigned)i;
  }
  for (size_t i = 0; i < value->count; i++) {
    const JsonValue *driver = &value->members[i].value;
    if (!load_name(loader, &drivers[i].name, "driver"))
      return false;
    if (!load_named(loader, driver, drivers[i].name.text, "functions written as steps, or { \"source\": \"FILE.c\" }"))
      return false;
    if (!(json_get(driver, "source") != NULL ? source_load : steps_load)(loader, driver, &drivers[i]))
      return false;
  }
  return true;
}

/* ---- names of drivers and functions, where others mention them ---- */

static const char *driver_name_at(const void *scenario, size_t index) { return ((const Scenario *)scenario)->drivers[index].name.text; }
static const char *function_name_at(const void *driver, size_t index) {
  return ((const ScenarioDriver *)driver)->functions[index].name.text;
}

bool load_driver_name(Loader *loader, const Text *text, const char *name, const ScenarioDriver **driver) {
  *driver = scenario_driver_find(loader->scenario, name);
  return *driver != NULL ||
         load_unknown(loader, text, "driver", name, text_nearest(name, driver_name_at, loader->scenario, loader->scenario->driver_count));
}

/* A function that nobody has typed yet is what it is used as; one with a type must be of one that is wanted. */
static bool callback_agree(Loader *loader, const Text *text, const char *const *callbacks, const ScenarioFunction *function) {
  if (function->parameter_count != 0 || function->returns.text != NULL)
    return load_fail(loader, text->position, "%s has parameters or a result of its own; as %s it has those of that type", text->text,
                     callbacks[0]);
  for (size_t i = 0; callbacks[i] != NULL; i++) {
    if (function->callback == NULL) {
      ((ScenarioFunction *)function)->callback = ddi_callback_find(callbacks[i]); /* ours until loading ends */
      return true;
    }
    if (strcmp(function->callback->name, callbacks[i]) == 0)
      return true;
  }
  return load_fail(loader, text->position, "%s is of type %s; expected %s", text->text, function->callback->name, callbacks[0]);
}

bool load_routine(Loader *loader, const JsonValue *value, const char *key, const char *const *callbacks, ScenarioRoutine *routine) {
  if (!load_text(loader, value, key, &routine->text))
    return false;
  const char *dot = strchr(routine->text.text, '.');
  if (dot == NULL || dot[1] == '\0')
    return load_expected(loader, value, key, "a function of a driver, \"DRIVER.FUNCTION\"");
  g_autofree char *driver = g_strndup(routine->text.text, (gsize)(dot - routine->text.text));
  routine->name = dot + 1;
  if (!load_driver_name(loader, &routine->text, driver, &routine->driver))
    return false;
  if (routine->driver->is_source)
    return true;
  routine->function = scenario_function_find(routine->driver, routine->name);
  if (routine->function == NULL) {
    g_autofree char *kind = g_strdup_printf("function of %s", driver);
    return load_unknown(loader, &routine->text, kind, routine->name,
                        text_nearest(routine->name, function_name_at, routine->driver, routine->driver->function_count));
  }
  return callback_agree(loader, &routine->text, callbacks, routine->function);
}
