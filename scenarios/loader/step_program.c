#include "step_name.h"

#include <string.h>

/* ---- memory ---- */

void *step_program_allocate(StepProgram *program, size_t size) {
  void *block = g_malloc0(size);
  g_ptr_array_add(program->owned, block);
  return block;
}

char *step_program_print(StepProgram *program, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  char *text = g_strdup_vprintf(format, arguments);
  va_end(arguments);
  g_ptr_array_add(program->owned, text);
  return text;
}

static void bytes_free(void *bytes) { g_byte_array_free(bytes, TRUE); }
static void list_free(void *list) { g_ptr_array_free(list, TRUE); }

static GPtrArray *list_new(StepProgram *program) {
  GPtrArray *list = g_ptr_array_new();
  g_ptr_array_add(program->lists, list);
  return list;
}

/* ---- building ---- */

StepProgram *step_program_new(const char *file) {
  StepProgram *program = g_new0(StepProgram, 1);
  program->owned = g_ptr_array_new_with_free_func(g_free);
  program->lists = g_ptr_array_new_with_free_func(list_free);
  program->strings = g_ptr_array_new_with_free_func(bytes_free);
  program->drivers = g_ptr_array_new();
  program->functions = g_ptr_array_new();
  program->sites = g_array_new(FALSE, TRUE, sizeof(StepSiteRecord));
  program->read_only = g_byte_array_new();
  program->file = step_program_print(program, "%s", file);
  g_array_set_size(program->sites, 1);
  step_types_init(&program->types);
  return program;
}

void step_program_free(StepProgram *program) {
  if (program == NULL)
    return;
  for (guint i = 0; i < program->drivers->len; i++) {
    StepDriver *driver = g_ptr_array_index(program->drivers, i);
    g_byte_array_free(driver->image, TRUE);
    g_array_free(driver->relocations, TRUE);
    g_hash_table_destroy(driver->globals_by_name);
    g_hash_table_destroy(driver->functions_by_name);
  }
  step_types_finish(&program->types);
  g_ptr_array_free(program->drivers, TRUE);
  g_ptr_array_free(program->functions, TRUE);
  g_ptr_array_free(program->strings, TRUE);
  g_ptr_array_free(program->lists, TRUE);
  g_ptr_array_free(program->owned, TRUE);
  g_array_free(program->sites, TRUE);
  g_byte_array_free(program->read_only, TRUE);
  g_free(program);
}

StepDriver *step_driver_add(StepProgram *program, Text name) {
  StepDriver *driver = step_program_allocate(program, sizeof *driver);
  driver->program = program;
  driver->name = name;
  driver->number = program->drivers->len;
  driver->globals = list_new(program);
  driver->functions = list_new(program);
  driver->globals_by_name = g_hash_table_new(g_str_hash, g_str_equal);
  driver->functions_by_name = g_hash_table_new(g_str_hash, g_str_equal);
  driver->image = g_byte_array_new();
  driver->relocations = g_array_new(FALSE, FALSE, sizeof(StepRelocation));
  g_ptr_array_add(program->drivers, driver);
  return driver;
}

void step_global_add(StepDriver *driver, Text name, Text declaration) {
  StepGlobal *global = step_program_allocate(driver->program, sizeof *global);
  global->variable = (StepVariable){ .kind = STEP_GLOBAL, .name = name, .declaration = declaration, .driver = driver };
  g_ptr_array_add(driver->globals, global);
  if (step_driver_global(driver, name.text) == NULL)
    g_hash_table_insert(driver->globals_by_name, (char *)name.text, global);
}

StepFunction *step_function_add(StepDriver *driver, Text name, const DdiCallback *callback, const JsonValue *body) {
  StepProgram *program = driver->program;
  StepFunction *function = step_program_allocate(program, sizeof *function);
  StepFunctionSource *source = step_program_allocate(program, sizeof *source);
  function->source = source;
  function->number = program->functions->len;
  function->address = SIM_STEP_CODE_BASE + (uint64_t)function->number * STEP_FUNCTION_SPACING;
  source->driver = driver;
  source->name = name;
  source->title = step_program_print(program, "%s.%s", driver->name.text, name.text);
  source->callback = callback;
  source->parameters = list_new(program);
  source->locals = list_new(program);
  source->body = body;
  source->type = step_type_function(&program->types, source->title);
  g_ptr_array_add(driver->functions, function);
  if (step_driver_function(driver, name.text) == NULL)
    g_hash_table_insert(driver->functions_by_name, (char *)name.text, function);
  g_ptr_array_add(program->functions, function);
  return function;
}

static void variable_add(StepFunction *function, GPtrArray *list, StepVariableKind kind, Text name, Text declaration) {
  StepVariable *variable = step_program_allocate(function->source->driver->program, sizeof *variable);
  *variable = (StepVariable){ .kind = kind, .name = name, .declaration = declaration };
  g_ptr_array_add(list, variable);
}

void step_parameter_add(StepFunction *function, Text name, Text declaration) {
  variable_add(function, function->source->parameters, STEP_PARAMETER, name, declaration);
}

void step_local_add(StepFunction *function, Text name, Text declaration) {
  variable_add(function, function->source->locals, STEP_LOCAL, name, declaration);
}

void step_returns_set(StepFunction *function, Text type) { function->source->returns_text = type; }

/* ---- asking ---- */

StepFunction *step_program_find(const StepProgram *program, const char *driver, const char *function) {
  const StepDriver *owner = step_driver_find(program, driver);
  return owner != NULL ? step_driver_function(owner, function) : NULL;
}

StepFunction *step_program_find_by_address(const StepProgram *program, uint64_t address) {
  uint64_t offset = address - SIM_STEP_CODE_BASE;
  if (offset % STEP_FUNCTION_SPACING != 0 || offset / STEP_FUNCTION_SPACING >= program->functions->len)
    return NULL;
  return g_ptr_array_index(program->functions, offset / STEP_FUNCTION_SPACING);
}

StepGlobal *step_global_find(const StepProgram *program, const char *driver, const char *name) {
  const StepDriver *owner = step_driver_find(program, driver);
  return owner != NULL ? step_driver_global(owner, name) : NULL;
}

uint64_t step_function_address(const StepFunction *function) { return function->address; }
const DdiCallback *step_function_callback(const StepFunction *function) { return function->source->callback; }
unsigned step_function_parameter_count(const StepFunction *function) { return function->parameter_count; }

bool step_site_describe(const StepProgram *program, uint32_t site, StepSite *description) {
  uint32_t number = site & ~SIM_SITE_STEP;
  if (!(site & SIM_SITE_STEP) || number == 0 || number >= program->sites->len)
    return false;
  const StepSiteRecord *record = &g_array_index(program->sites, StepSiteRecord, number);
  const StepFunctionSource *source = record->function->source;
  *description = (StepSite){
    .driver = source->driver->name.text,
    .function = source->name.text,
    .step = record->step,
    .text = record->text,
    .file = program->file,
    .position = record->position,
  };
  return true;
}
