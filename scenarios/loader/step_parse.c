#include "step_parse_internal.h"

#include "step_check.h"
#include "step_macro.h"
#include "step_name.h"

/* ---- nodes ---- */

/* A node over its children; NULL when one of them failed or the tree has grown too high. */
static StepNode *node_over(StepCompiler *compiler, StepNode *node, StepNode *first, StepNode *second) {
  if (first == NULL || compiler->has_failed)
    return NULL;
  node->first = first;
  node->second = second;
  node->height = (uint16_t)(MAX(first->height, second != NULL ? second->height : 0) + 1);
  if (node->height > STEP_HEIGHT_MAX)
    return step_fail(compiler, node->offset, "the expression has too many operators");
  return node;
}

StepNode *step_node_clone(StepCompiler *compiler, const StepNode *node) {
  if (node == NULL || compiler->has_failed)
    return NULL;
  StepNode *copy = step_node_new(compiler, node->kind, node->offset);
  *copy = *node;
  copy->first = step_node_clone(compiler, node->first);
  copy->second = step_node_clone(compiler, node->second);
  copy->third = step_node_clone(compiler, node->third);
  copy->next = step_node_clone(compiler, node->next);
  copy->designator = step_node_clone(compiler, node->designator);
  return copy;
}

/* ---- expressions ---- */

static StepNode *parse_unary(StepCompiler *compiler);
static StepNode *parse_comma(StepCompiler *compiler);

/* "(a, b)" behind a name; *count of them, linked through next. */
static bool parse_arguments(StepCompiler *compiler, StepNode **first, unsigned *count) {
  StepNode **last = first;
  *first = NULL;
  *count = 0;
  if (!expect(compiler, STEP_OP_OPEN))
    return false;
  if (accept(compiler, STEP_OP_CLOSE))
    return !compiler->has_failed;
  do {
    StepNode *argument = step_parse_assignment(compiler);
    if (argument == NULL)
      return false;
    if (++*count > STEP_ARGUMENT_COUNT_MAX) {
      step_fail(compiler, argument->offset, "a call has at most %d arguments", STEP_ARGUMENT_COUNT_MAX);
      return false;
    }
    *last = argument;
    last = &argument->next;
  } while (accept(compiler, STEP_OP_COMMA));
  return expect(compiler, STEP_OP_CLOSE);
}

/* The body of a macro with the arguments in the place of its parameters. */
static StepNode *macro_expand(StepCompiler *compiler, const StepMacro *macro, uint32_t offset, StepNode *arguments) {
  StepNode *nodes[STEP_MACRO_PARAMETER_COUNT_MAX] = { 0 };
  for (unsigned i = 0; arguments != NULL; i++) {
    nodes[i] = arguments;
    StepNode *next = arguments->next;
    arguments->next = NULL;
    arguments = next;
  }
  StepCompiler outer = *compiler;
  compiler->macro_offset = compiler->is_macro ? compiler->macro_offset : offset;
  compiler->is_macro = true;
  compiler->bound_names = macro->parameters;
  compiler->bound_nodes = nodes;
  step_lexer_begin(&compiler->lexer, macro->body, compiler->program->strings);
  StepNode *body = is_operator(compiler, STEP_OP_OPEN_BRACE) ? step_parse_initial(compiler) : parse_comma(compiler);
  compiler->lexer = outer.lexer;
  compiler->macro_offset = outer.macro_offset;
  compiler->is_macro = outer.is_macro;
  compiler->bound_names = outer.bound_names;
  compiler->bound_nodes = outer.bound_nodes;
  return compiler->has_failed ? NULL : body;
}

static StepNode *parse_macro(StepCompiler *compiler, const StepMacro *macro, uint32_t offset) {
  StepNode *arguments;
  unsigned count, wanted = 0;
  if (!parse_arguments(compiler, &arguments, &count))
    return NULL;
  while (macro->parameters[wanted] != NULL)
    wanted++;
  if (count != wanted)
    return step_fail(compiler, offset, "%s takes %u argument%s and is given %u", macro->name, wanted, wanted == 1 ? "" : "s", count);
  return macro_expand(compiler, macro, offset, arguments);
}

/* `a.b.c`: members of nothing yet. */
StepNode *step_parse_member_path(StepCompiler *compiler) {
  StepNode *path = NULL;
  do {
    StepNode *member = node_here(compiler, STEP_NODE_MEMBER);
    if (token(compiler)->kind != STEP_TOKEN_NAME)
      return step_fail(compiler, token(compiler)->offset, "expected a field and found %s", found(compiler));
    member->name = token_name(compiler, token(compiler));
    member->first = path;
    member->height = (uint16_t)(path != NULL ? path->height + 1 : 0);
    if (member->height > STEP_DEPTH_MAX)
      return step_fail(compiler, member->offset, "too many fields in one another");
    path = member;
    advance(compiler);
  } while (accept(compiler, STEP_OP_DOT));
  return compiler->has_failed ? NULL : path;
}

/* FIELD_OFFSET(TYPE, FIELD), CONTAINING_RECORD(ADDRESS, TYPE, FIELD): macros whose arguments are no expressions. */
static StepNode *parse_field_macro(StepCompiler *compiler, uint32_t offset, bool is_container) {
  StepNode *node = step_node_new(compiler, is_container ? STEP_NODE_CONTAINER : STEP_NODE_OFFSET, offset);
  StepNode *address = NULL;
  if (!expect(compiler, STEP_OP_OPEN))
    return NULL;
  if (is_container && ((address = step_parse_assignment(compiler)) == NULL || !expect(compiler, STEP_OP_COMMA)))
    return NULL;
  node->type = step_parse_type(compiler, false);
  if (node->type == NULL || !expect(compiler, STEP_OP_COMMA))
    return NULL;
  StepNode *path = step_parse_member_path(compiler);
  if (path == NULL || !expect(compiler, STEP_OP_CLOSE))
    return NULL;
  return is_container ? node_over(compiler, node, address, path) : node_over(compiler, node, path, NULL);
}

static StepNode *parse_call(StepCompiler *compiler, const char *name, uint32_t offset) {
  StepNode *node = step_node_new(compiler, STEP_NODE_CALL, offset);
  unsigned count;
  node->name = name;
  if (!parse_arguments(compiler, &node->first, &count))
    return NULL;
  for (StepNode *argument = node->first; argument != NULL; argument = argument->next)
    node->height = MAX(node->height, (uint16_t)(argument->height + 1));
  node->value = count;
  return node;
}

static StepNode *parse_name(StepCompiler *compiler) {
  StepToken at = *token(compiler);
  const char *name = token_name(compiler, &at);
  for (unsigned i = 0; compiler->is_macro && compiler->bound_names[i] != NULL; i++) {
    if (strcmp(name, compiler->bound_names[i]) == 0) {
      advance(compiler);
      return step_node_clone(compiler, compiler->bound_nodes[i]);
    }
  }
  StepNode *node = node_here(compiler, STEP_NODE_NAME);
  node->name = name;
  advance(compiler);
  if (!is_operator(compiler, STEP_OP_OPEN))
    return compiler->has_failed ? NULL : node;
  bool is_offset = strcmp(name, "FIELD_OFFSET") == 0 || strcmp(name, "offsetof") == 0;
  if (is_offset || strcmp(name, "CONTAINING_RECORD") == 0)
    return parse_field_macro(compiler, at.offset, !is_offset);
  const StepMacro *macro = step_function_is_named(compiler, name) ? NULL : step_macro_find(name);
  return macro != NULL ? parse_macro(compiler, macro, at.offset) : parse_call(compiler, name, at.offset);
}

static StepNode *parse_string(StepCompiler *compiler) {
  StepNode *node = node_here(compiler, STEP_NODE_STRING);
  node->is_wide = token(compiler)->is_wide;
  node->bytes = g_byte_array_append(g_byte_array_new(), token(compiler)->bytes->data, token(compiler)->bytes->len);
  g_ptr_array_add(compiler->program->strings, node->bytes);
  advance(compiler);
  while (token(compiler)->kind == STEP_TOKEN_STRING) { /* strings side by side are one */
    if (token(compiler)->is_wide != node->is_wide || node->bytes->len > STEP_TEXT_SIZE_MAX)
      return step_fail(compiler, token(compiler)->offset, "these strings cannot be joined");
    g_byte_array_set_size(node->bytes, node->bytes->len - (node->is_wide ? 2 : 1));
    g_byte_array_append(node->bytes, token(compiler)->bytes->data, token(compiler)->bytes->len);
    advance(compiler);
  }
  return compiler->has_failed ? NULL : node;
}

static StepNode *parse_primary(StepCompiler *compiler) {
  const StepToken *at = token(compiler);
  if (at->kind == STEP_TOKEN_NUMBER) {
    StepNode *node = node_here(compiler, STEP_NODE_NUMBER);
    node->value = (int64_t)at->value;
    node->type = step_type_integer(&compiler->program->types, at->size, at->is_signed);
    advance(compiler);
    return compiler->has_failed ? NULL : node;
  }
  if (at->kind == STEP_TOKEN_STRING)
    return parse_string(compiler);
  if (at->kind == STEP_TOKEN_NAME && !step_parse_is_type(compiler))
    return parse_name(compiler);
  if (at->kind == STEP_TOKEN_NAME)
    return step_fail(compiler, at->offset, "%s is a type, and a value is expected here", found(compiler));
  if (!is_operator(compiler, STEP_OP_OPEN))
    return step_fail(compiler, at->offset, "expected an expression and found %s", found(compiler));
  advance(compiler);
  StepNode *node = parse_comma(compiler);
  return node != NULL && expect(compiler, STEP_OP_CLOSE) ? node : NULL;
}

static StepNode *parse_member(StepCompiler *compiler, StepNode *first, bool is_arrow) {
  StepNode *node = node_here(compiler, STEP_NODE_MEMBER);
  advance(compiler);
  if (token(compiler)->kind != STEP_TOKEN_NAME)
    return step_fail(compiler, token(compiler)->offset, "expected a field and found %s", found(compiler));
  node->name = token_name(compiler, token(compiler));
  if (!compiler->is_macro)
    node->offset = token(compiler)->offset;
  advance(compiler);
  if (is_arrow)
    first = node_over(compiler, step_node_new(compiler, STEP_NODE_DEREFERENCE, first->offset), first, NULL);
  node = node_over(compiler, node, first, NULL);
  /* `driver.function(...)`: a call of another driver's function. */
  if (node != NULL && !is_arrow && first->kind == STEP_NODE_NAME && is_operator(compiler, STEP_OP_OPEN) &&
      step_variable_find(compiler, first->name) == NULL)
    return parse_call(compiler, step_compiler_print(compiler, "%s.%s", first->name, node->name), first->offset);
  return node;
}

static StepNode *parse_postfix(StepCompiler *compiler) {
  StepNode *node = parse_primary(compiler);
  while (node != NULL && !compiler->has_failed) {
    if (is_operator(compiler, STEP_OP_DOT) || is_operator(compiler, STEP_OP_ARROW)) {
      node = parse_member(compiler, node, is_operator(compiler, STEP_OP_ARROW));
    } else if (is_operator(compiler, STEP_OP_OPEN_INDEX)) {
      StepNode *index = node_here(compiler, STEP_NODE_INDEX);
      advance(compiler);
      StepNode *second = parse_comma(compiler);
      if (second == NULL || !expect(compiler, STEP_OP_CLOSE_INDEX))
        return NULL;
      node = node_over(compiler, index, node, second);
    } else if (is_operator(compiler, STEP_OP_INCREMENT) || is_operator(compiler, STEP_OP_DECREMENT)) {
      StepNode *increment = node_here(compiler, STEP_NODE_INCREMENT);
      increment->operator= token(compiler)->operator;
      advance(compiler);
      node = node_over(compiler, increment, node, NULL);
    } else if (is_operator(compiler, STEP_OP_OPEN)) {
      return step_fail(compiler, token(compiler)->offset, "only a function named here can be called");
    } else {
      return node;
    }
  }
  return NULL;
}

/* sizeof x, sizeof(x), sizeof(TYPE) */
static StepNode *parse_sizeof(StepCompiler *compiler) {
  StepNode *node = node_here(compiler, STEP_NODE_SIZEOF);
  advance(compiler);
  StepLexer before = compiler->lexer;
  if (accept(compiler, STEP_OP_OPEN) && step_parse_is_type(compiler)) {
    node->type = step_parse_type(compiler, false);
    return node->type != NULL && expect(compiler, STEP_OP_CLOSE) ? node : NULL;
  }
  compiler->lexer = before;
  return node_over(compiler, node, parse_unary(compiler), NULL);
}

/* NULL without an error: no cast stands here. */
static StepNode *parse_cast(StepCompiler *compiler) {
  StepLexer before = compiler->lexer;
  StepNode *node = node_here(compiler, STEP_NODE_CAST);
  if (!accept(compiler, STEP_OP_OPEN) || !step_parse_is_type(compiler)) {
    if (!compiler->has_failed)
      compiler->lexer = before;
    return NULL;
  }
  node->type = step_parse_type(compiler, false);
  node->is_trusted = compiler->is_macro && compiler->bound_names[0] == NULL; /* nothing of the user's is in it */
  if (node->type == NULL || !expect(compiler, STEP_OP_CLOSE))
    return NULL;
  return node_over(compiler, node, parse_unary(compiler), NULL);
}

static StepNode *parse_prefix(StepCompiler *compiler) {
  static const struct {
    StepOperator operator;
    StepNodeKind kind;
  } prefixes[] = { { STEP_OP_SUBTRACT, STEP_NODE_UNARY },      { STEP_OP_ADD, STEP_NODE_UNARY },
                   { STEP_OP_NOT, STEP_NODE_UNARY },           { STEP_OP_COMPLEMENT, STEP_NODE_UNARY },
                   { STEP_OP_AND, STEP_NODE_ADDRESS },         { STEP_OP_MULTIPLY, STEP_NODE_DEREFERENCE },
                   { STEP_OP_INCREMENT, STEP_NODE_INCREMENT }, { STEP_OP_DECREMENT, STEP_NODE_INCREMENT } };
  if (is_word(compiler, "sizeof"))
    return parse_sizeof(compiler);
  for (size_t i = 0; i < G_N_ELEMENTS(prefixes); i++) {
    if (is_operator(compiler, prefixes[i].operator)) {
      StepNode *node = node_here(compiler, prefixes[i].kind);
      node->operator= prefixes[i].operator;
      node->is_prefix = true;
      advance(compiler);
      return node_over(compiler, node, parse_unary(compiler), NULL);
    }
  }
  StepNode *cast = is_operator(compiler, STEP_OP_OPEN) ? parse_cast(compiler) : NULL;
  return cast != NULL || compiler->has_failed ? cast : parse_postfix(compiler);
}

static StepNode *parse_unary(StepCompiler *compiler) {
  if (compiler->has_failed)
    return NULL;
  if (++compiler->depth > STEP_DEPTH_MAX)
    return step_fail(compiler, token(compiler)->offset, "the expression is nested too deeply");
  StepNode *node = parse_prefix(compiler);
  compiler->depth--;
  return node;
}

static unsigned precedence(StepOperator operator) {
  static const uint8_t table[STEP_OP_BINARY_END] = {
    [STEP_OP_MULTIPLY] = 10,   [STEP_OP_DIVIDE] = 10,    [STEP_OP_MODULO] = 10,       [STEP_OP_ADD] = 9,
    [STEP_OP_SUBTRACT] = 9,    [STEP_OP_SHIFT_LEFT] = 8, [STEP_OP_SHIFT_RIGHT] = 8,   [STEP_OP_LESS] = 7,
    [STEP_OP_GREATER] = 7,     [STEP_OP_LESS_EQUAL] = 7, [STEP_OP_GREATER_EQUAL] = 7, [STEP_OP_EQUAL] = 6,
    [STEP_OP_NOT_EQUAL] = 6,   [STEP_OP_AND] = 5,        [STEP_OP_XOR] = 4,           [STEP_OP_OR] = 3,
    [STEP_OP_LOGICAL_AND] = 2, [STEP_OP_LOGICAL_OR] = 1
  };
  return operator<STEP_OP_BINARY_END ? table[operator] : 0;
}

static StepNode *parse_binary(StepCompiler *compiler, unsigned lowest) {
  StepNode *left = parse_unary(compiler);
  while (left != NULL && token(compiler)->kind == STEP_TOKEN_OPERATOR) {
    unsigned level = precedence(token(compiler)->operator);
    if (level == 0 || level < lowest)
      break;
    StepNode *node = node_here(compiler, STEP_NODE_BINARY);
    node->operator= token(compiler)->operator;
    advance(compiler);
    StepNode *right = parse_binary(compiler, level + 1);
    if (right == NULL)
      return NULL;
    left = node_over(compiler, node, left, right);
  }
  return compiler->has_failed ? NULL : left;
}

static StepNode *parse_conditional(StepCompiler *compiler) {
  StepNode *condition = parse_binary(compiler, 1);
  if (condition == NULL || !is_operator(compiler, STEP_OP_QUESTION))
    return condition;
  StepNode *node = node_here(compiler, STEP_NODE_CONDITION);
  advance(compiler);
  StepNode *second = parse_comma(compiler);
  if (second == NULL || !expect(compiler, STEP_OP_COLON))
    return NULL;
  node->third = step_parse_assignment(compiler);
  if (node->third == NULL)
    return NULL;
  node = node_over(compiler, node, condition, second);
  if (node != NULL)
    node->height = MAX(node->height, (uint16_t)(node->third->height + 1));
  return node;
}

StepNode *step_parse_assignment(StepCompiler *compiler) {
  if (compiler->has_failed)
    return NULL;
  if (++compiler->depth > STEP_DEPTH_MAX)
    return step_fail(compiler, token(compiler)->offset, "the expression is nested too deeply");
  StepNode *left = parse_conditional(compiler);
  if (left != NULL && (is_operator(compiler, STEP_OP_ASSIGN) || is_operator(compiler, STEP_OP_ASSIGN_WITH))) {
    StepNode *node = node_here(compiler, STEP_NODE_ASSIGN);
    node->operator= token(compiler)->with;
    advance(compiler);
    StepNode *right = step_parse_assignment(compiler);
    left = right != NULL ? node_over(compiler, node, left, right) : NULL;
  }
  compiler->depth--;
  return left;
}

static StepNode *parse_comma(StepCompiler *compiler) {
  StepNode *left = step_parse_assignment(compiler);
  while (left != NULL && is_operator(compiler, STEP_OP_COMMA)) {
    StepNode *node = node_here(compiler, STEP_NODE_COMMA);
    advance(compiler);
    StepNode *right = step_parse_assignment(compiler);
    left = right != NULL ? node_over(compiler, node, left, right) : NULL;
  }
  return left;
}

/* ---- whole texts ---- */

bool step_parse_at_end(StepCompiler *compiler) {
  if (compiler->has_failed)
    return false;
  if (token(compiler)->kind == STEP_TOKEN_END)
    return true;
  step_fail(compiler, token(compiler)->offset, "expected an operator or the end and found %s", found(compiler));
  return false;
}

StepNode *step_parse_expression(StepCompiler *compiler) {
  if (compiler->lexer.error != NULL)
    return lexer_failed(compiler);
  StepNode *node = parse_comma(compiler);
  if (node == NULL)
    return NULL;
  if (is_operator(compiler, STEP_OP_SEMICOLON))
    advance(compiler);
  return step_parse_at_end(compiler) ? node : NULL;
}
