/*
 * The order in which a program is compiled: names, then the types of all that is declared, then initial values, then functions. A function of
 * which nothing is said is compiled once another's code, or an initial value, has shown what it is given to; in the end it is plain.
 */
#include "step_body.h"
#include "step_check.h"
#include "step_infer.h"
#include "step_initial.h"
#include "step_name.h"
#include "step_parse.h"

#include <string.h>

/* ---- the compiler ---- */

void step_compiler_begin(StepCompiler *compiler, Text text, uint32_t start, const char *where) {
  compiler->text = text;
  compiler->where = where;
  compiler->depth = 0;
  compiler->node_count = 0;
  if (strlen(text.text) > STEP_TEXT_SIZE_MAX) {
    step_fail(compiler, 0, "a step has at most %d bytes", STEP_TEXT_SIZE_MAX);
    text.text = "";
    start = 0;
  }
  step_lexer_begin(&compiler->lexer, text.text, compiler->program->strings);
  if (start == 0)
    return;
  compiler->lexer.error = NULL;
  compiler->lexer.at = start;
  step_lexer_next(&compiler->lexer);
}

void *step_compiler_allocate(StepCompiler *compiler, size_t size) {
  void *block = g_malloc0(size);
  g_ptr_array_add(compiler->scratch != NULL ? compiler->scratch : compiler->program->owned, block);
  return block;
}

char *step_compiler_print(StepCompiler *compiler, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  char *text = g_strdup_vprintf(format, arguments);
  va_end(arguments);
  g_ptr_array_add(compiler->scratch != NULL ? compiler->scratch : compiler->program->owned, text);
  return text;
}

StepNode *step_node_new(StepCompiler *compiler, StepNodeKind kind, uint32_t offset) {
  StepNode *node = step_compiler_allocate(compiler, sizeof *node);
  node->kind = kind;
  node->offset = compiler->is_macro ? compiler->macro_offset : offset;
  if (++compiler->node_count > STEP_NODE_COUNT_MAX)
    step_fail(compiler, offset, "the step is too long");
  return node;
}

/* "WHAT in WHERE: WHY; did you mean NEAREST?" of "WHAT: WHY". */
static void fail(StepCompiler *compiler, uint32_t offset, const char *nearest, const char *format, va_list arguments) {
  if (compiler->has_failed)
    return;
  compiler->has_failed = true;
  g_autofree char *message = g_strdup_vprintf(format, arguments);
  size_t what = strlen(message);
  for (size_t i = 0; i + 1 < what; i++)
    if ((message[i] == ':' || message[i] == ';') && message[i + 1] == ' ')
      what = i;
  g_autofree char *where = compiler->where != NULL ? g_strdup_printf(" in %s", compiler->where) : g_strdup("");
  g_autofree char *suggestion = nearest != NULL ? g_strdup_printf("; did you mean %s?", nearest) : g_strdup("");
  text_error(compiler->error, SCENARIO_ERROR_FORMAT, compiler->program->file,
             text_position(&compiler->text, compiler->is_macro ? compiler->macro_offset : offset), "%.*s%s%s%s", (int)what, message, where,
             message + what, suggestion);
}

void *step_fail(StepCompiler *compiler, uint32_t offset, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  fail(compiler, offset, NULL, format, arguments);
  va_end(arguments);
  return NULL;
}

void *step_fail_suggest(StepCompiler *compiler, uint32_t offset, const char *nearest, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  fail(compiler, offset, nearest, format, arguments);
  va_end(arguments);
  return NULL;
}

/* ---- names ---- */

static bool name_check(StepCompiler *compiler, const Text *name, const char *what) {
  static const char *const words[] = {
    "NULL", "TRUE",  "FALSE", "sizeof", "const",  "volatile", "struct", "union",   "enum",     "void",
    "char", "short", "int",   "long",   "signed", "unsigned", "return", "break",   "continue", "if",
    "else", "while", "for",   "do",     "switch", "case",     "goto",   "default", "__int64",  "wchar_t"
  };
  compiler->text = *name;
  bool is_good = g_ascii_isalpha(name->text[0]) || name->text[0] == '_';
  for (const char *c = name->text; *c != '\0'; c++)
    is_good = is_good && (g_ascii_isalnum(*c) || *c == '_');
  for (size_t i = 0; i < G_N_ELEMENTS(words); i++)
    is_good = is_good && strcmp(name->text, words[i]) != 0;
  if (!is_good)
    return step_fail(compiler, 0, "\"%s\" is no name for a %s", name->text, what);
  return true;
}

static const Text *variable_name(const GPtrArray *variables, guint index) {
  return &((const StepVariable *)g_ptr_array_index(variables, index))->name;
}

/* Names, and that none stands before it in its list or in `others`. */
static bool variables_name_check(StepCompiler *compiler, const GPtrArray *variables, const GPtrArray *others, const char *what) {
  if (variables->len > STEP_VARIABLE_COUNT_MAX) {
    compiler->text = *variable_name(variables, STEP_VARIABLE_COUNT_MAX);
    return step_fail(compiler, 0, "there are at most %d %ss", STEP_VARIABLE_COUNT_MAX, what);
  }
  for (guint i = 0; i < variables->len; i++) {
    const Text *name = variable_name(variables, i);
    if (!name_check(compiler, name, what))
      return false;
    bool is_twice = false;
    for (guint j = 0; j < i; j++)
      is_twice = is_twice || strcmp(variable_name(variables, j)->text, name->text) == 0;
    for (guint j = 0; others != NULL && j < others->len; j++)
      is_twice = is_twice || strcmp(variable_name(others, j)->text, name->text) == 0;
    if (is_twice)
      return step_fail(compiler, 0, "\"%s\" is declared twice", name->text);
  }
  return true;
}

static bool driver_names_check(StepCompiler *compiler, const StepDriver *driver) {
  compiler->where = NULL;
  if (driver->number >= STEP_DRIVER_COUNT_MAX) {
    compiler->text = driver->name;
    return step_fail(compiler, 0, "a scenario has at most %d drivers", STEP_DRIVER_COUNT_MAX);
  }
  if (!name_check(compiler, &driver->name, "driver"))
    return false;
  if (step_driver_find(compiler->program, driver->name.text) != driver)
    return step_fail(compiler, 0, "the driver \"%s\" is there twice", driver->name.text);
  compiler->where = driver->name.text;
  if (!variables_name_check(compiler, driver->globals, NULL, "global"))
    return false;
  for (guint i = 0; i < driver->functions->len; i++) {
    StepFunction *function = g_ptr_array_index(driver->functions, i);
    StepFunctionSource *source = function->source;
    compiler->where = driver->name.text;
    if (!name_check(compiler, &source->name, "function"))
      return false;
    if (step_driver_function(driver, source->name.text) != function || step_driver_global(driver, source->name.text) != NULL)
      return step_fail(compiler, 0, "\"%s\" is declared twice", source->name.text);
    compiler->where = source->title;
    if (!variables_name_check(compiler, source->parameters, NULL, "parameter") ||
        !variables_name_check(compiler, source->locals, source->parameters, "local"))
      return false;
  }
  return true;
}

/* ---- declarations ---- */

static const char *kind_name(StepVariableKind kind) {
  return kind == STEP_LOCAL ? "local" : kind == STEP_PARAMETER ? "parameter" : "global";
}

static bool variable_declare(StepCompiler *compiler, StepVariable *variable, const char *owner) {
  const StepType *type;
  StepProgram *program = compiler->program;
  const char *where = step_compiler_print(compiler, "%s %s of %s", kind_name(variable->kind), variable->name.text, owner);
  step_compiler_begin(compiler, variable->declaration, 0, where);
  if (!step_parse_declaration(compiler, &type, &variable->initial))
    return false;
  type = step_initial_type(compiler, type, variable->initial);
  if (type == NULL)
    return false;
  g_autofree char *text = step_type_print(type);
  if (type->size == 0)
    return step_fail(compiler, 0, "%s is no type of a variable%s", text, type->kind == DDI_TYPE_FUNCTION ? "; a pointer to it is" : "");
  if (type->size > STEP_VARIABLE_SIZE_MAX)
    return step_fail(compiler, 0, "a variable has at most %d bytes", STEP_VARIABLE_SIZE_MAX);
  if (variable->kind == STEP_PARAMETER && variable->initial != NULL)
    return step_fail(compiler, variable->initial->offset, "a parameter has no initial value");
  if (variable->kind == STEP_PARAMETER && type->kind == DDI_TYPE_ARRAY)
    type = step_type_pointer(&program->types, type->target);
  if (variable->kind == STEP_PARAMETER && !step_type_is_scalar(type) && type->size != 1 && type->size != 2 && type->size != 4 &&
      type->size != 8)
    return step_fail(compiler, 0, "a structure of %u bytes cannot be passed by value", type->size);
  variable->type = type;
  return true;
}

static bool returns_declare(StepCompiler *compiler, StepFunctionSource *source) {
  StepNode *initial;
  source->returns = compiler->program->types.void_type;
  if (source->returns_text.text == NULL)
    return true;
  step_compiler_begin(compiler, source->returns_text, 0, step_compiler_print(compiler, "the result of %s", source->title));
  if (!step_parse_declaration(compiler, &source->returns, &initial))
    return false;
  if (initial != NULL)
    return step_fail(compiler, initial->offset, "a result has no initial value");
  const StepType *type = source->returns;
  bool is_small = type->kind == DDI_TYPE_STRUCT && (type->size == 1 || type->size == 2 || type->size == 4 || type->size == 8);
  if (type->kind != DDI_TYPE_VOID && !step_type_is_scalar(type) && !is_small)
    return step_fail(compiler, 0, "this type cannot be returned");
  return true;
}

/* What is said of a function's type where it stands. */
static bool function_declare(StepCompiler *compiler, StepFunction *function) {
  StepFunctionSource *source = function->source;
  compiler->driver = source->driver;
  compiler->function = function;
  compiler->text = source->name;
  compiler->where = source->title;
  if (function->number >= STEP_FUNCTION_COUNT_MAX)
    return step_fail(compiler, 0, "a scenario has at most %u functions", (unsigned)STEP_FUNCTION_COUNT_MAX);
  if (source->parameters->len > STEP_ARGUMENT_COUNT_MAX)
    return step_fail(compiler, 0, "a function has at most %d parameters", STEP_ARGUMENT_COUNT_MAX);
  if (source->callback != NULL) {
    step_function_type_set(compiler->program, function, source->callback);
  } else {
    source->is_inferable = source->parameters->len == 0 && source->returns_text.text == NULL;
    source->is_typed = !source->is_inferable;
    if (!returns_declare(compiler, source))
      return false;
    for (guint i = 0; i < source->parameters->len; i++)
      if (!variable_declare(compiler, g_ptr_array_index(source->parameters, i), source->title))
        return false;
  }
  for (guint i = 0; i < source->locals->len; i++)
    if (!variable_declare(compiler, g_ptr_array_index(source->locals, i), source->title))
      return false;
  return true;
}

/* Globals in the order of the file, as a linker would place them; 16-byte alignment for structures, as compilers give it. */
static bool globals_declare(StepCompiler *compiler, StepDriver *driver) {
  uint32_t size = 0;
  compiler->driver = driver;
  compiler->function = NULL;
  for (guint i = 0; i < driver->globals->len; i++) {
    StepVariable *global = &((StepGlobal *)g_ptr_array_index(driver->globals, i))->variable;
    if (!variable_declare(compiler, global, driver->name.text))
      return false;
    uint32_t alignment = step_type_is_scalar(global->type) ? global->type->alignment : 16;
    global->offset = (size + alignment - 1) / alignment * alignment;
    size = global->offset + global->type->size;
    if (size > STEP_MEMORY_SIZE_MAX)
      return step_fail(compiler, 0, "a driver's globals have at most %d bytes", STEP_MEMORY_SIZE_MAX);
  }
  g_byte_array_set_size(driver->image, size);
  if (size > 0)
    memset(driver->image->data, 0, size);
  return true;
}

static bool globals_initialize(StepCompiler *compiler, StepDriver *driver) {
  compiler->driver = driver;
  compiler->function = NULL;
  for (guint i = 0; i < driver->globals->len; i++) {
    StepVariable *global = &((StepGlobal *)g_ptr_array_index(driver->globals, i))->variable;
    compiler->text = global->declaration;
    compiler->where = step_compiler_print(compiler, "global %s of %s", global->name.text, driver->name.text);
    if (global->initial != NULL && !step_initial_global(compiler, global))
      return false;
  }
  return true;
}

/* ---- functions ---- */

static bool function_compile(StepCompiler *compiler, StepFunction *function) {
  g_autoptr(GPtrArray) scratch = g_ptr_array_new_with_free_func(g_free);
  StepFunctionSource *source = function->source;
  source->is_compiled = true;
  compiler->where = source->title;
  compiler->scratch = scratch;
  bool is_good = variables_name_check(compiler, source->locals, source->parameters, "local") && step_body_emit(compiler, function);
  compiler->scratch = NULL;
  return is_good;
}

/* Compiles what has a type; *is_done: nothing was left to do. */
static bool functions_compile_typed(StepCompiler *compiler, bool *is_done) {
  const GPtrArray *functions = compiler->program->functions;
  *is_done = true;
  for (guint i = 0; i < functions->len; i++) {
    StepFunction *function = g_ptr_array_index(functions, i);
    if (!function->source->is_typed || function->source->is_compiled)
      continue;
    *is_done = false;
    if (!function_compile(compiler, function))
      return false;
  }
  return true;
}

static bool functions_compile(StepCompiler *compiler) {
  for (;;) {
    bool is_done;
    if (!functions_compile_typed(compiler, &is_done))
      return false;
    if (!is_done)
      continue;
    StepFunction *function = step_infer_next(compiler->program);
    if (function == NULL)
      return true;
    step_function_type_plain(compiler->program, function);
  }
}

bool step_program_compile(StepProgram *program, GError **error) {
  StepCompiler compiler = { .program = program, .error = error };
  for (guint i = 0; i < program->drivers->len; i++)
    if (!driver_names_check(&compiler, g_ptr_array_index(program->drivers, i)))
      return false;
  for (guint i = 0; i < program->drivers->len; i++)
    if (!globals_declare(&compiler, g_ptr_array_index(program->drivers, i)))
      return false;
  for (guint i = 0; i < program->functions->len; i++) {
    StepFunction *function = g_ptr_array_index(program->functions, i);
    if (!function_declare(&compiler, function) || !step_body_read(&compiler, function))
      return false;
  }
  for (guint i = 0; i < program->drivers->len; i++)
    if (!globals_initialize(&compiler, g_ptr_array_index(program->drivers, i)))
      return false;
  step_infer_begin(program);
  return functions_compile(&compiler);
}
