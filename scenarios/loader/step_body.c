/* From statements to the code of a function. */
#include "step_body.h"

#include "step_check.h"
#include "step_emit.h"
#include "step_initial.h"
#include "step_parse.h"

#include <string.h>

/* A loop being emitted: where "break" and "continue" go is known at its end. */
typedef struct Loop {
  struct Loop *outer;
  GArray *breaks; /* unsigned: instructions to patch */
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

static void mark(Body *body, const StepStatement *statement) { step_emit(&body->emitter, STEP_MARK, 0, statement->site); }

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
  Loop loop = { .outer = body->loop, .breaks = breaks, .continues = continues };
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
  compiler->where = step_compiler_print(compiler, "step %u of %s", statement->step, body->source->title);
  *goes_on = true;
  switch (statement->kind) {
  case STEP_LINE: mark(body, statement); return emit_line(body, statement);
  case STEP_IF: mark(body, statement); return emit_if(body, statement, goes_on);
  case STEP_WHILE:
  case STEP_FOR_EVER: return emit_loop(body, statement, goes_on);
  case STEP_REPEAT: return emit_repeat(body, statement);
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
    compiler->where = step_compiler_print(compiler, "local %s of %s", local->name.text, body->source->title);
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
  Body body = { .emitter = { .compiler = compiler, .code = code, .temporary_count = 1 }, .source = function->source };
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
