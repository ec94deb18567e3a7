#include "step_body.h"

#include "step_check.h"
#include "step_emit.h"
#include "step_initial.h"
#include "step_parse.h"

#include <string.h>

/* ---- from JSON to statements ---- */

static bool read_list(StepCompiler *compiler, const JsonValue *list, unsigned depth, GPtrArray **statements);

/* An error at a place of the JSON rather than in a text. */
static bool fail_at(StepCompiler *compiler, const JsonValue *value, const char *what) {
  compiler->text = (Text){.text = "", .position = value->position};
  step_fail(compiler, 0, "%s", what);
  return false;
}

/* Gives the statement its number and its site; the text is what a report shows. */
static StepStatement *statement_new(StepCompiler *compiler, StepStatementKind kind, TextPosition position) {
  StepProgram *program = compiler->program;
  if (program->sites->len > STEP_COUNT_MAX)
    return step_fail(compiler, 0, "a scenario has at most %d steps", STEP_COUNT_MAX);
  StepStatement *statement = step_program_allocate(program, sizeof *statement);
  StepSiteRecord site = {.function = compiler->function, .step = ++compiler->step, .text = "", .position = position};
  statement->kind = kind;
  statement->position = position;
  statement->site = SIM_SITE_STEP | program->sites->len;
  statement->step = site.step;
  g_array_append_val(program->sites, site);
  compiler->where = step_program_print(program, "step %u of %s", statement->step, compiler->function->source->title);
  return statement;
}

static void site_text(StepCompiler *compiler, const StepStatement *statement, const char *text) {
  g_array_index(compiler->program->sites, StepSiteRecord, statement->site & ~SIM_SITE_STEP).text = text;
}

/* Whether the line is the word, alone or followed by something; then where that begins. */
static bool is_keyword(const char *line, const char *word, const char **rest) {
  while (g_ascii_isspace(*line))
    line++;
  size_t length = strlen(word);
  if (strncmp(line, word, length) != 0 || g_ascii_isalnum(line[length]) || line[length] == '_')
    return false;
  for (line += length; g_ascii_isspace(*line);)
    line++;
  *rest = line;
  return true;
}

static bool is_end(const char *rest) {
  if (*rest == ';')
    rest++;
  while (g_ascii_isspace(*rest))
    rest++;
  return *rest == '\0';
}

static StepStatement *read_line(StepCompiler *compiler, const JsonValue *value) {
  static const struct {
    const char *word;
    StepStatementKind kind;
  } words[] = {{"return", STEP_RETURN_NOTHING}, {"break", STEP_BREAK}, {"continue", STEP_CONTINUE}};
  StepStatement *statement = statement_new(compiler, STEP_LINE, value->position);
  if (statement == NULL)
    return NULL;
  const char *line = value->text.text, *rest = line;
  statement->text = value->text;
  site_text(compiler, statement, line);
  for (size_t i = 0; i < G_N_ELEMENTS(words); i++) {
    if (!is_keyword(line, words[i].word, &rest))
      continue;
    statement->kind = words[i].kind;
    statement->start = (uint32_t)(rest - line);
    if (!is_end(rest) && words[i].kind == STEP_RETURN_NOTHING)
      statement->kind = STEP_RETURN_VALUE;
    else if (!is_end(rest))
      return compiler->text = value->text, step_fail(compiler, statement->start, "nothing may follow \"%s\"", words[i].word);
  }
  return statement;
}

/* One kind of step that holds steps. */
typedef struct BlockForm {
  StepStatementKind kind;
  const char *key;       /* names it; its value is the condition or the count, but for "for ever" */
  const char *body;      /* the key of its steps */
  const char *otherwise; /* a key that may be missing */
} BlockForm;

static const BlockForm forms[] = {
  { STEP_IF, "if", "then", "else" },
  { STEP_WHILE, "while", "do", NULL },
  { STEP_FOR_EVER, "for ever", "for ever", NULL },
  { STEP_REPEAT, "repeat", "do", NULL },
};

static const BlockForm *form_of(StepCompiler *compiler, const JsonValue *value) {
  for (size_t i = 0; i < G_N_ELEMENTS(forms); i++)
    if (json_get(value, forms[i].key) != NULL)
      return &forms[i];
  static const char *const names[] = {"if", "while", "for ever", "repeat", NULL};
  const char *nearest = value->count > 0 ? text_nearest_of(value->members[0].key.text, names, 4) : NULL;
  if (value->count > 0)
    compiler->text = value->members[0].key;
  else
    compiler->text = (Text){.text = "", .position = value->position};
  return step_fail_suggest(compiler, 0, nearest, "a step is a line, or has one of the keys \"if\", \"while\", \"for ever\", \"repeat\"");
}

static bool keys_check(StepCompiler *compiler, const BlockForm *form, const JsonValue *value) {
  const char *const names[] = {form->key, form->body, form->otherwise};
  size_t count = form->otherwise != NULL ? 3 : 2;
  for (size_t i = 0; i < value->count; i++) {
    const Text *key = &value->members[i].key;
    bool is_known = false;
    for (size_t j = 0; j < count; j++)
      is_known = is_known || strcmp(key->text, names[j]) == 0;
    if (is_known)
      continue;
    compiler->text = *key;
    step_fail_suggest(compiler, 0, text_nearest_of(key->text, names, count), "\"%s\" has no key \"%s\"", form->key, key->text);
    return false;
  }
  if (json_get(value, form->body) == NULL)
    return fail_at(compiler, value, step_program_print(compiler->program, "\"%s\" needs \"%s\", a list of steps", form->key, form->body));
  return true;
}

/* The condition of "if" and "while", the count of "repeat". */
static bool read_head(StepCompiler *compiler, const BlockForm *form, const JsonValue *head, StepStatement *statement) {
  StepProgram *program = compiler->program;
  if (form->kind == STEP_FOR_EVER) {
    site_text(compiler, statement, "for ever");
  } else if (head->kind == JSON_STRING) {
    statement->text = head->text;
    statement->position = head->position;
    site_text(compiler, statement, form->kind == STEP_REPEAT ? step_program_print(program, "repeat %s", head->text.text)
                                                             : step_program_print(program, "%s (%s)", form->key, head->text.text));
  } else if (form->kind == STEP_REPEAT && head->kind == JSON_NUMBER && !head->is_negative && !head->is_fraction &&
             head->magnitude <= UINT32_MAX) {
    statement->count = (int64_t)head->magnitude;
    site_text(compiler, statement, step_program_print(program, "repeat %" G_GINT64_FORMAT, statement->count));
  } else {
    return fail_at(compiler, head, form->kind == STEP_REPEAT ? "\"repeat\" takes a number of times" : "a condition is a string");
  }
  return true;
}

static StepStatement *read_block(StepCompiler *compiler, const JsonValue *value, unsigned depth) {
  const BlockForm *form = form_of(compiler, value);
  if (form == NULL)
    return NULL;
  StepStatement *statement = statement_new(compiler, form->kind, value->position);
  const char *where = compiler->where;
  if (statement == NULL || !keys_check(compiler, form, value) ||
      !read_head(compiler, form, json_get(value, form->key), statement) ||
      !read_list(compiler, json_get(value, form->body), depth + 1, &statement->body))
    return NULL;
  compiler->where = where;
  const JsonValue *otherwise = form->otherwise != NULL ? json_get(value, form->otherwise) : NULL;
  if (otherwise != NULL && !read_list(compiler, otherwise, depth + 1, &statement->otherwise))
    return NULL;
  return statement;
}

static bool read_list(StepCompiler *compiler, const JsonValue *list, unsigned depth, GPtrArray **statements) {
  if (list->kind != JSON_LIST)
    return fail_at(compiler, list, "a list of steps is expected here");
  if (depth > STEP_BLOCK_DEPTH_MAX)
    return fail_at(compiler, list, "steps are nested too deeply");
  *statements = g_ptr_array_new();
  g_ptr_array_add(compiler->program->lists, *statements);
  for (size_t i = 0; i < list->count; i++) {
    const JsonValue *value = &list->items[i];
    compiler->text = (Text){.text = "", .position = value->position};
    StepStatement *statement = NULL;
    if (value->kind == JSON_STRING)
      statement = read_line(compiler, value);
    else if (value->kind == JSON_OBJECT)
      statement = read_block(compiler, value, depth);
    else
      return fail_at(compiler, value, "a step is a line such as \"x = 1\", or an object with \"if\", \"while\", \"for ever\" or \"repeat\"");
    if (statement == NULL)
      return false;
    g_ptr_array_add(*statements, statement);
  }
  return true;
}

bool step_body_read(StepCompiler *compiler, StepFunction *function) {
  StepProgram *program = compiler->program;
  StepFunctionSource *source = function->source;
  StepSiteRecord entry = {.function = function, .text = source->name.text, .position = source->name.position};
  function->site = SIM_SITE_STEP | program->sites->len;
  g_array_append_val(program->sites, entry);
  compiler->function = function;
  compiler->driver = source->driver;
  compiler->step = 0;
  compiler->where = source->title;
  if (source->body != NULL)
    return read_list(compiler, source->body, 1, &source->statements);
  source->statements = g_ptr_array_new();
  g_ptr_array_add(program->lists, source->statements);
  return true;
}

/* ---- from statements to code ---- */

/* A loop being emitted: where "break" and "continue" go is known at its end. */
typedef struct Loop {
  struct Loop *outer;
  GArray *breaks;    /* unsigned: instructions to patch */
  GArray *continues;
} Loop;

typedef struct Body {
  StepEmitter emitter;
  StepFunctionSource *source;
  Loop *loop;
  unsigned base; /* first free temporary: counts of "repeat" stand below */
} Body;

/* Emits statements. *goes_on: whether the end of the list is reached. */
static bool emit_list(Body *body, const GPtrArray *statements, bool *goes_on);

static StepNode *parse_text(Body *body, const StepStatement *statement) {
  StepCompiler *compiler = body->emitter.compiler;
  step_compiler_begin(compiler, statement->text, statement->start, compiler->where);
  return step_parse_expression(compiler);
}

static void mark(Body *body, const StepStatement *statement) {
  step_emit(&body->emitter, STEP_MARK, 0, statement->site);
}

static bool emit_line(Body *body, const StepStatement *statement) {
  StepNode *node = parse_text(body, statement);
  if (node != NULL)
    node = step_check_effect(body->emitter.compiler, node);
  if (node == NULL)
    return false;
  step_emit_effect(&body->emitter, node, body->base);
  return !body->emitter.compiler->has_failed;
}

static bool emit_return(Body *body, const StepStatement *statement) {
  StepCompiler *compiler = body->emitter.compiler;
  const StepType *returns = body->source->returns;
  bool is_void = returns->kind == DDI_TYPE_VOID;
  compiler->text = statement->text;
  g_autofree char *type = step_type_print(returns);
  if (statement->kind == STEP_RETURN_NOTHING) {
    if (!is_void)
      return step_fail(compiler, 0, "\"return\" needs a value: the function returns %s", type);
    step_emit(&body->emitter, STEP_RETURN_VOID, 0, 0);
    return true;
  }
  if (is_void)
    return step_fail(compiler, statement->start, "\"return\" takes no value here: the function returns nothing");
  StepNode *node = parse_text(body, statement);
  if (node != NULL)
    node = step_check_assigned(compiler, node, returns, "the result");
  if (node == NULL)
    return false;
  step_emit_result(&body->emitter, node, body->base);
  return !compiler->has_failed;
}

static bool emit_jump_out(Body *body, const StepStatement *statement) {
  StepCompiler *compiler = body->emitter.compiler;
  compiler->text = statement->text;
  bool is_break = statement->kind == STEP_BREAK;
  if (body->loop == NULL)
    return step_fail(compiler, 0, "\"%s\" stands in no loop", is_break ? "break" : "continue");
  unsigned jump = step_emit(&body->emitter, STEP_JUMP, 0, 0);
  g_array_append_val(is_break ? body->loop->breaks : body->loop->continues, jump);
  return true;
}

/* A condition in a temporary. *known: 0 or 1 when it is known at load, else -1. */
static bool emit_condition(Body *body, const StepStatement *statement, int *known) {
  StepNode *node = parse_text(body, statement);
  if (node != NULL)
    node = step_check_scalar(body->emitter.compiler, node, "the condition");
  if (node == NULL)
    return false;
  *known = node->kind == STEP_NODE_NUMBER ? node->value != 0 : -1;
  step_emit_value(&body->emitter, node, body->base);
  return !body->emitter.compiler->has_failed;
}

static bool emit_if(Body *body, const StepStatement *statement, bool *goes_on) {
  StepEmitter *emitter = &body->emitter;
  int known;
  bool then_goes_on, else_goes_on = true;
  if (!emit_condition(body, statement, &known))
    return false;
  unsigned otherwise = step_emit(emitter, STEP_JUMP_ZERO, body->base, 0);
  if (!emit_list(body, statement->body, &then_goes_on))
    return false;
  if (statement->otherwise == NULL) {
    step_emit_patch(emitter, otherwise);
    return true;
  }
  unsigned end = step_emit(emitter, STEP_JUMP, 0, 0);
  step_emit_patch(emitter, otherwise);
  if (!emit_list(body, statement->otherwise, &else_goes_on))
    return false;
  step_emit_patch(emitter, end);
  *goes_on = then_goes_on || else_goes_on;
  return true;
}

static void patch_all(Body *body, const GArray *jumps) {
  for (guint i = 0; i < jumps->len; i++)
    step_emit_patch(&body->emitter, g_array_index(jumps, unsigned, i));
}

/* The steps of a loop and the jump back to `start`; `breaks` gets the jumps that leave it. */
static bool emit_turn(Body *body, const StepStatement *statement, unsigned start, GArray *breaks) {
  g_autoptr(GArray) continues = g_array_new(FALSE, FALSE, sizeof(unsigned));
  Loop loop = {.outer = body->loop, .breaks = breaks, .continues = continues};
  bool goes_on;
  body->loop = &loop;
  bool is_good = emit_list(body, statement->body, &goes_on);
  body->loop = loop.outer;
  if (!is_good)
    return false;
  patch_all(body, continues);
  step_emit_loop(&body->emitter, start, statement->site);
  return true;
}

static bool emit_loop(Body *body, const StepStatement *statement, bool *goes_on) {
  g_autoptr(GArray) breaks = g_array_new(FALSE, FALSE, sizeof(unsigned));
  StepEmitter *emitter = &body->emitter;
  unsigned start = emitter->code->len, end = 0;
  int known = 1;
  mark(body, statement);
  if (statement->kind == STEP_WHILE) {
    if (!emit_condition(body, statement, &known))
      return false;
    end = step_emit(emitter, STEP_JUMP_ZERO, body->base, 0);
  }
  if (!emit_turn(body, statement, start, breaks))
    return false;
  if (statement->kind == STEP_WHILE)
    step_emit_patch(emitter, end);
  patch_all(body, breaks);
  *goes_on = known != 1 || breaks->len > 0;
  return true;
}

/* The count is evaluated once and stands in a temporary of its own. */
static bool emit_repeat(Body *body, const StepStatement *statement) {
  g_autoptr(GArray) breaks = g_array_new(FALSE, FALSE, sizeof(unsigned));
  StepCompiler *compiler = body->emitter.compiler;
  StepNode *count;
  mark(body, statement);
  if (statement->text.text != NULL) {
    count = parse_text(body, statement);
    const StepType *wide = step_type_integer(&compiler->program->types, 8, true);
    if (count != NULL)
      count = step_check_assigned(compiler, count, wide, "the count");
  } else {
    count = step_node_number(compiler, 0, statement->count, step_type_integer(&compiler->program->types, 8, true));
  }
  if (count == NULL)
    return false;
  unsigned counter = body->base;
  step_emit_value(&body->emitter, count, counter);
  unsigned start = body->emitter.code->len;
  unsigned end = step_emit(&body->emitter, STEP_JUMP_NOT_POSITIVE, counter, 0);
  step_emit_decrement(&body->emitter, counter);
  body->base++;
  bool is_good = emit_turn(body, statement, start, breaks);
  body->base--;
  if (!is_good)
    return false;
  step_emit_patch(&body->emitter, end);
  patch_all(body, breaks);
  return true;
}

static bool emit_statement(Body *body, const StepStatement *statement, bool *goes_on) {
  StepCompiler *compiler = body->emitter.compiler;
  compiler->where = step_program_print(compiler->program, "step %u of %s", statement->step, body->source->title);
  *goes_on = true;
  switch (statement->kind) {
  case STEP_LINE:
    mark(body, statement);
    return emit_line(body, statement);
  case STEP_IF:
    mark(body, statement);
    return emit_if(body, statement, goes_on);
  case STEP_WHILE:
  case STEP_FOR_EVER:
    return emit_loop(body, statement, goes_on);
  case STEP_REPEAT:
    return emit_repeat(body, statement);
  case STEP_RETURN_VALUE:
  case STEP_RETURN_NOTHING:
    mark(body, statement);
    *goes_on = false;
    return emit_return(body, statement);
  case STEP_BREAK:
  case STEP_CONTINUE:
    mark(body, statement);
    *goes_on = false;
    return emit_jump_out(body, statement);
  }
  return false;
}

static bool emit_list(Body *body, const GPtrArray *statements, bool *goes_on) {
  *goes_on = true;
  for (guint i = 0; i < statements->len; i++) {
    bool next_goes_on;
    if (!emit_statement(body, g_ptr_array_index(statements, i), &next_goes_on))
      return false;
    *goes_on = *goes_on && next_goes_on;
  }
  return true;
}

/* ---- the frame ---- */

static bool emit_locals(Body *body) {
  StepCompiler *compiler = body->emitter.compiler;
  for (guint i = 0; i < body->source->locals->len; i++) {
    StepVariable *local = g_ptr_array_index(body->source->locals, i);
    compiler->text = local->declaration;
    compiler->where = step_program_print(compiler->program, "local %s of %s", local->name.text, body->source->title);
    if (local->initial != NULL && !step_initial_local(&body->emitter, local))
      return false;
  }
  return true;
}

/* Locals in the order of the file, then the parameters, 8 bytes each. */
static void layout(StepFunction *function, StepEmitter *emitter) {
  uint32_t size = 0;
  for (guint i = 0; i < function->source->locals->len; i++) {
    StepVariable *local = g_ptr_array_index(function->source->locals, i);
    size = (size + local->type->alignment - 1) / local->type->alignment * local->type->alignment;
    local->offset = size;
    size += local->type->size;
  }
  function->parameter_offset = (size + 7) & ~7u;
  function->parameter_count = function->source->parameters->len;
  for (guint i = 0; i < function->parameter_count; i++)
    ((StepVariable *)g_ptr_array_index(function->source->parameters, i))->offset = function->parameter_offset + 8 * i;
  emitter->locals_size = function->parameter_offset + 8 * function->parameter_count;
}

static bool end(Body *body, bool goes_on) {
  StepCompiler *compiler = body->emitter.compiler;
  if (body->source->returns->kind == DDI_TYPE_VOID) {
    step_emit(&body->emitter, STEP_RETURN_VOID, 0, 0);
    return true;
  }
  if (!goes_on)
    return true;
  g_autofree char *type = step_type_print(body->source->returns);
  compiler->text = body->source->name;
  compiler->where = NULL;
  return step_fail(compiler, 0, "%s must return a value (%s), and its last step does not: add \"return ...\"", body->source->title, type);
}

bool step_body_emit(StepCompiler *compiler, StepFunction *function) {
  g_autoptr(GArray) code = g_array_new(FALSE, TRUE, sizeof(StepInstruction));
  Body body = {.emitter = {.compiler = compiler, .code = code, .temporary_count = 1}, .source = function->source};
  compiler->function = function;
  compiler->driver = function->source->driver;
  layout(function, &body.emitter);
  bool goes_on;
  if (!emit_locals(&body) || !emit_list(&body, function->source->statements, &goes_on) || !end(&body, goes_on))
    return false;
  function->locals_offset = 8 * body.emitter.temporary_count;
  function->frame_size = (function->locals_offset + body.emitter.locals_size + STEP_CALL_SIZE + 15) & ~15u;
  StepInstruction *owned = step_program_allocate(compiler->program, code->len * sizeof *owned);
  memcpy(owned, code->data, code->len * sizeof *owned);
  function->code = owned;
  return true;
}
