#include "step_name.h"

#include "step_check.h"
#include "step_macro.h"

#include <string.h>

/* ---- look-up ---- */

static const StepVariable *variable_in(const GPtrArray *variables, const char *name) {
  for (guint i = 0; i < variables->len; i++) {
    const StepVariable *variable = g_ptr_array_index(variables, i);
    if (strcmp(variable->name.text, name) == 0)
      return variable;
  }
  return NULL;
}

const StepVariable *step_variable_find(StepCompiler *compiler, const char *name) {
  const StepVariable *variable = NULL;
  if (compiler->function != NULL) {
    variable = variable_in(compiler->function->source->locals, name);
    if (variable == NULL)
      variable = variable_in(compiler->function->source->parameters, name);
  }
  if (variable != NULL)
    return variable;
  const StepGlobal *global = step_driver_global(compiler->driver, name);
  return global != NULL ? &global->variable : NULL;
}

StepDriver *step_driver_find(const StepProgram *program, const char *name) {
  for (guint i = 0; i < program->drivers->len; i++) {
    StepDriver *driver = g_ptr_array_index(program->drivers, i);
    if (strcmp(driver->name.text, name) == 0)
      return driver;
  }
  return NULL;
}

StepFunction *step_driver_function(const StepDriver *driver, const char *name) {
  return g_hash_table_lookup(driver->functions_by_name, name);
}

StepGlobal *step_driver_global(const StepDriver *driver, const char *name) { return g_hash_table_lookup(driver->globals_by_name, name); }

const StepType *step_type_find(StepCompiler *compiler, const char *name) {
  if (strcmp(name, "VOID") == 0) /* a macro of the headers */
    return compiler->program->types.void_type;
  DdiTypeIndex index = ddi_type_find(name);
  return index != UINT32_MAX ? step_type_of(&compiler->program->types, index) : NULL;
}

static const char *type_name_at(const void *names, size_t index) { return ((const DdiTypeName *)names)[index].name; }

const char *step_type_nearest(const char *name) { return text_nearest(name, type_name_at, ddi_type_names, ddi_type_name_count); }

bool step_function_is_named(StepCompiler *compiler, const char *name) {
  return step_driver_function(compiler->driver, name) != NULL || ddi_function_find(name) != NULL || step_builtin_find(name) != NULL;
}

/* ---- what was meant ---- */

static void names_of_variables(GPtrArray *names, const GPtrArray *variables) {
  for (guint i = 0; i < variables->len; i++)
    g_ptr_array_add(names, (char *)((const StepVariable *)g_ptr_array_index(variables, i))->name.text);
}

static void names_of_functions(StepCompiler *compiler, GPtrArray *names) {
  for (guint i = 0; i < compiler->driver->functions->len; i++)
    g_ptr_array_add(names, (char *)((const StepFunction *)g_ptr_array_index(compiler->driver->functions, i))->source->name.text);
}

static const char *nearest_of(GPtrArray *names, const char *name) {
  return text_nearest_of(name, (const char *const *)names->pdata, names->len);
}

static const char *nearest_value(StepCompiler *compiler, const char *name) {
  g_autoptr(GPtrArray) names = g_ptr_array_new();
  if (compiler->function != NULL) {
    names_of_variables(names, compiler->function->source->locals);
    names_of_variables(names, compiler->function->source->parameters);
  }
  names_of_variables(names, compiler->driver->globals);
  names_of_functions(compiler, names);
  for (uint32_t i = 0; i < ddi_constant_count; i++)
    g_ptr_array_add(names, (char *)ddi_constants[i].name);
  for (uint32_t i = 0; i < ddi_guid_count; i++)
    g_ptr_array_add(names, (char *)ddi_guids[i].name);
  return nearest_of(names, name);
}

/* Of "driver.function". */
static const char *nearest_qualified(StepCompiler *compiler, const char *name) {
  g_autoptr(GPtrArray) names = g_ptr_array_new();
  for (guint i = 0; i < compiler->program->functions->len; i++)
    g_ptr_array_add(names, (char *)((const StepFunction *)g_ptr_array_index(compiler->program->functions, i))->source->title);
  return nearest_of(names, name);
}

static const char *nearest_function(StepCompiler *compiler, const char *name) {
  if (strchr(name, '.') != NULL)
    return nearest_qualified(compiler, name);
  g_autoptr(GPtrArray) names = g_ptr_array_new();
  names_of_functions(compiler, names);
  for (uint32_t i = 0; i < ddi_function_count; i++)
    g_ptr_array_add(names, (char *)ddi_functions[i].name);
  for (const StepBuiltin *builtin = step_builtins; builtin->name != NULL; builtin++)
    g_ptr_array_add(names, (char *)builtin->name);
  for (const StepMacro *macro = step_macros; macro->name != NULL; macro++)
    g_ptr_array_add(names, (char *)macro->name);
  return nearest_of(names, name);
}

/* ---- names as values ---- */

static StepNode *node_variable(StepNode *node, const StepVariable *variable) {
  node->kind = STEP_NODE_VARIABLE;
  node->variable = variable;
  node->type = variable->type;
  node->is_lvalue = true;
  return node;
}

static StepNode *node_function(StepNode *node, StepFunction *function) {
  node->kind = STEP_NODE_FUNCTION;
  node->function = function;
  node->type = function->source->type;
  return node;
}

uint32_t step_read_only_add(StepProgram *program, const void *bytes, uint32_t size) {
  uint32_t offset = program->read_only->len;
  g_byte_array_append(program->read_only, bytes, size);
  g_byte_array_set_size(program->read_only, (program->read_only->len + 7) & ~7u);
  memset(program->read_only->data + offset + size, 0, program->read_only->len - offset - size);
  return offset;
}

static StepNode *node_guid(StepCompiler *compiler, StepNode *node, const DdiGuid *guid) {
  StepProgram *program = compiler->program;
  node->type = step_type_find(compiler, "GUID");
  if (node->type == NULL)
    return step_fail(compiler, node->offset, "the headers do not know the type GUID");
  if (program->read_only->len > STEP_MEMORY_SIZE_MAX)
    return step_fail(compiler, node->offset, "strings and GUIDs have at most %d bytes together", STEP_MEMORY_SIZE_MAX);
  uint32_t offset = 0;
  while (offset + 16 <= program->read_only->len && memcmp(program->read_only->data + offset, guid->bytes, 16) != 0)
    offset += 8;
  node->kind = STEP_NODE_READ_ONLY;
  node->value = offset + 16 <= program->read_only->len ? offset : step_read_only_add(program, guid->bytes, 16);
  return node;
}

StepNode *step_name_check(StepCompiler *compiler, StepNode *node) {
  const char *name = node->name;
  const StepVariable *variable = step_variable_find(compiler, name);
  if (variable != NULL && variable->type == NULL)
    return step_fail(compiler, node->offset, "\"%s\" is declared further down", name);
  if (variable != NULL)
    return node_variable(node, variable);
  StepTypes *types = &compiler->program->types;
  if (strcmp(name, "NULL") == 0)
    return step_node_number(compiler, node->offset, 0, step_type_pointer(types, types->void_type));
  StepFunction *function = step_driver_function(compiler->driver, name);
  if (function != NULL)
    return node_function(node, function);
  const DdiConstant *constant = ddi_constant_find(name);
  if (constant != NULL)
    return step_node_number(compiler, node->offset, constant->value, step_type_of(types, constant->type));
  if (strcmp(name, "TRUE") == 0 || strcmp(name, "FALSE") == 0)
    return step_node_number(compiler, node->offset, name[0] == 'T', step_type_integer(types, 4, true));
  const DdiGuid *guid = ddi_guid_find(name);
  if (guid != NULL)
    return node_guid(compiler, node, guid);
  if (ddi_function_find(name) != NULL || step_builtin_find(name) != NULL || step_macro_find(name) != NULL)
    return step_fail(compiler, node->offset, "%s is a function of Windows: steps can call it, its address is not theirs", name);
  if (step_driver_find(compiler->program, name) != NULL)
    return step_fail(compiler, node->offset, "\"%s\" is a driver; a function or a global of it is %s.NAME", name, name);
  return step_fail_suggest(compiler, node->offset, nearest_value(compiler, name), "unknown name \"%s\"", name);
}

StepNode *step_name_check_qualified(StepCompiler *compiler, StepNode *node) {
  if (node->first->kind != STEP_NODE_NAME || step_variable_find(compiler, node->first->name) != NULL)
    return NULL;
  const StepDriver *driver = step_driver_find(compiler->program, node->first->name);
  if (driver == NULL)
    return NULL;
  StepFunction *function = step_driver_function(driver, node->name);
  if (function != NULL)
    return node_function(node, function);
  const StepGlobal *global = step_driver_global(driver, node->name);
  if (global != NULL)
    return node_variable(node, &global->variable);
  g_autoptr(GPtrArray) names = g_ptr_array_new();
  names_of_variables(names, driver->globals);
  for (guint i = 0; i < driver->functions->len; i++)
    g_ptr_array_add(names, (char *)((const StepFunction *)g_ptr_array_index(driver->functions, i))->source->name.text);
  return step_fail_suggest(compiler, node->offset, nearest_of(names, node->name), "%s has no function and no global \"%s\"",
                           driver->name.text, node->name);
}

/* ---- calls ---- */

/* One parameter of whatever is called. */
typedef struct Wanted {
  const char *name;
  const StepType *type;
} Wanted;

static bool arguments_check(StepCompiler *compiler, StepNode *node, const Wanted *wanted, unsigned count, bool is_variadic) {
  unsigned given = (unsigned)node->value;
  if (given < count || (given > count && !is_variadic)) {
    step_fail(compiler, node->offset, "%s takes %s%u argument%s and is given %u", node->name, is_variadic ? "at least " : "", count,
              count == 1 ? "" : "s", given);
    return false;
  }
  StepNode **link = &node->first;
  for (unsigned i = 0; i < given; i++) {
    StepNode *argument = *link, *next = argument->next;
    if (i < count) {
      const char *name = wanted[i].name[0] != '\0' ? step_compiler_print(compiler, " (%s)", wanted[i].name) : "";
      const char *role = step_compiler_print(compiler, "argument %u%s of %s", i + 1, name, node->name);
      argument = step_check_assigned(compiler, argument, wanted[i].type, role);
    } else {
      argument = step_check_scalar(compiler, argument, step_compiler_print(compiler, "argument %u of %s", i + 1, node->name));
      if (argument != NULL && step_type_is_integer(argument->type))
        argument = step_convert(compiler, argument, step_type_promoted(&compiler->program->types, argument->type), "");
    }
    if (argument == NULL)
      return false;
    if (argument->type->kind == DDI_TYPE_STRUCT && argument->type->size != 1 && argument->type->size != 2 && argument->type->size != 4 &&
        argument->type->size != 8) {
      step_fail(compiler, argument->offset, "a structure of %u bytes cannot be passed by value", argument->type->size);
      return false;
    }
    argument->next = next;
    *link = argument;
    link = &argument->next;
  }
  return true;
}

static StepNode *call_ddi(StepCompiler *compiler, StepNode *node, const DdiFunction *ddi) {
  Wanted wanted[UINT8_MAX];
  StepTypes *types = &compiler->program->types;
  for (unsigned i = 0; i < ddi->parameter_count; i++)
    wanted[i] = (Wanted){ ddi->parameters[i].name, step_type_of(types, ddi->parameters[i].type) };
  node->ddi = ddi;
  node->type = step_type_of(types, ddi->returns);
  if (node->type->kind == DDI_TYPE_STRUCT && node->type->size > 8)
    return step_fail(compiler, node->offset, "%s returns a structure of %u bytes, which steps cannot take", ddi->name, node->type->size);
  return arguments_check(compiler, node, wanted, ddi->parameter_count, ddi->is_variadic) ? node : NULL;
}

static StepNode *call_builtin(StepCompiler *compiler, StepNode *node, const StepBuiltin *builtin) {
  Wanted wanted[STEP_BUILTIN_PARAMETER_COUNT_MAX];
  unsigned count = 0;
  node->builtin = builtin;
  node->type = step_type_find(compiler, builtin->returns);
  for (; builtin->parameters[count].name != NULL; count++) {
    wanted[count] = (Wanted){ builtin->parameters[count].name, step_type_find(compiler, builtin->parameters[count].type) };
    if (wanted[count].type == NULL)
      return step_fail(compiler, node->offset, "the headers do not know the type %s", builtin->parameters[count].type);
  }
  if (node->type == NULL)
    return step_fail(compiler, node->offset, "the headers do not know the type %s", builtin->returns);
  return arguments_check(compiler, node, wanted, count, false) ? node : NULL;
}

static StepNode *call_steps(StepCompiler *compiler, StepNode *node, StepFunction *function) {
  StepFunctionSource *source = function->source;
  if (!source->is_typed)
    step_function_type_plain(compiler->program, function);
  Wanted wanted[STEP_ARGUMENT_COUNT_MAX];
  for (unsigned i = 0; i < source->parameters->len; i++) {
    const StepVariable *parameter = g_ptr_array_index(source->parameters, i);
    wanted[i] = (Wanted){ parameter->name.text, parameter->type };
  }
  node->function = function;
  node->type = source->returns;
  return arguments_check(compiler, node, wanted, source->parameters->len, false) ? node : NULL;
}

/* "driver.function" */
static StepFunction *qualified_function(StepCompiler *compiler, const char *name) {
  const char *dot = strchr(name, '.');
  if (dot == NULL)
    return NULL;
  g_autofree char *driver_name = g_strndup(name, (gsize)(dot - name));
  const StepDriver *driver = step_driver_find(compiler->program, driver_name);
  return driver != NULL ? step_driver_function(driver, dot + 1) : NULL;
}

StepNode *step_call_check(StepCompiler *compiler, StepNode *node) {
  const char *name = node->name;
  StepFunction *function = strchr(name, '.') != NULL ? qualified_function(compiler, name) : step_driver_function(compiler->driver, name);
  if (function != NULL)
    return call_steps(compiler, node, function);
  if (step_variable_find(compiler, name) != NULL)
    return step_fail(compiler, node->offset, "\"%s\" is a variable; only a function named here can be called", name);
  const DdiFunction *ddi = ddi_function_find(name);
  if (ddi != NULL)
    return call_ddi(compiler, node, ddi);
  const StepBuiltin *builtin = step_builtin_find(name);
  if (builtin != NULL)
    return call_builtin(compiler, node, builtin);
  return step_fail_suggest(compiler, node->offset, nearest_function(compiler, name), "unknown function \"%s\"", name);
}

/* ---- the types of functions ---- */

void step_function_type_set(StepProgram *program, StepFunction *function, const DdiCallback *callback) {
  StepFunctionSource *source = function->source;
  source->callback = callback;
  source->is_typed = true;
  source->returns = step_type_of(&program->types, callback->returns);
  source->type->name = callback->name;
  for (unsigned i = 0; i < callback->parameter_count; i++) {
    StepVariable *parameter = step_program_allocate(program, sizeof *parameter);
    parameter->kind = STEP_PARAMETER;
    parameter->name.text = callback->parameters[i].name;
    parameter->type = step_type_of(&program->types, callback->parameters[i].type);
    g_ptr_array_add(source->parameters, parameter);
  }
}

void step_function_type_plain(StepProgram *program, StepFunction *function) {
  function->source->is_typed = true;
  function->source->returns = program->types.void_type;
}
