#include "step_parse.h"

#include "step_check.h"
#include "step_macro.h"
#include "step_name.h"

#include <string.h>

/* ---- words ---- */

static StepToken *token(StepCompiler *compiler) { return &compiler->lexer.token; }

static bool is_operator(StepCompiler *compiler, StepOperator operator) {
  return token(compiler)->kind == STEP_TOKEN_OPERATOR && token(compiler)->operator == operator;
}

static void *lexer_failed(StepCompiler *compiler) {
  return step_fail(compiler, compiler->lexer.error_offset, "%s", compiler->lexer.error);
}

static void advance(StepCompiler *compiler) {
  step_lexer_next(&compiler->lexer);
  if (compiler->lexer.error != NULL)
    lexer_failed(compiler);
}

static bool accept(StepCompiler *compiler, StepOperator operator) {
  if (!is_operator(compiler, operator))
    return false;
  advance(compiler);
  return true;
}

/* What stands at the current token, for messages. */
static const char *found(StepCompiler *compiler) {
  const StepToken *at = token(compiler);
  if (at->kind == STEP_TOKEN_END)
    return "the end";
  return step_program_print(compiler->program, "\"%.*s\"", (int)MIN(at->length, 40), compiler->lexer.text + at->offset);
}

static bool expect(StepCompiler *compiler, StepOperator operator) {
  if (compiler->has_failed)
    return false;
  if (is_operator(compiler, operator)) {
    advance(compiler);
    return !compiler->has_failed;
  }
  step_fail(compiler, token(compiler)->offset, "expected \"%s\" and found %s", step_operator_texts[operator], found(compiler));
  return false;
}

static const char *token_name(StepCompiler *compiler, const StepToken *name) {
  return step_program_print(compiler->program, "%.*s", (int)name->length, compiler->lexer.text + name->offset);
}

static bool is_word(StepCompiler *compiler, const char *word) {
  const StepToken *at = token(compiler);
  return at->kind == STEP_TOKEN_NAME && strlen(word) == at->length && strncmp(compiler->lexer.text + at->offset, word, at->length) == 0;
}

/* ---- nodes ---- */

static StepNode *node_here(StepCompiler *compiler, StepNodeKind kind) { return step_node_new(compiler, kind, token(compiler)->offset); }

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

/* ---- types ---- */

static const char *const type_words[] = {"const",   "volatile", "struct", "union", "enum",    "void",    "char",
                                         "short",   "int",      "long",   "signed", "unsigned", "__int64", "wchar_t"};

/* A name is a type unless a variable is called so. */
static bool is_type(StepCompiler *compiler) {
  if (token(compiler)->kind != STEP_TOKEN_NAME)
    return false;
  for (size_t i = 0; i < G_N_ELEMENTS(type_words); i++)
    if (is_word(compiler, type_words[i]))
      return true;
  const char *name = token_name(compiler, token(compiler));
  return (compiler->is_macro || step_variable_find(compiler, name) == NULL) && step_type_find(compiler, name) != NULL;
}

static bool accept_word(StepCompiler *compiler, const char *word) {
  if (!is_word(compiler, word))
    return false;
  advance(compiler);
  return true;
}

static void qualifiers_skip(StepCompiler *compiler) {
  while (accept_word(compiler, "const") || accept_word(compiler, "volatile"))
    continue;
}

/* C's own words for integers. NULL without an error: there is none here. */
static const StepType *parse_words(StepCompiler *compiler) {
  unsigned longs = 0, count = 0, size = 4;
  bool is_unsigned = false, is_char = false, is_signed = false;
  for (;; count++) {
    if (accept_word(compiler, "unsigned"))
      is_unsigned = true;
    else if (accept_word(compiler, "signed"))
      is_signed = true;
    else if (accept_word(compiler, "char"))
      is_char = true, size = 1;
    else if (accept_word(compiler, "short"))
      size = 2;
    else if (accept_word(compiler, "wchar_t"))
      size = 2, is_unsigned = true;
    else if (accept_word(compiler, "__int64"))
      size = 8;
    else if (accept_word(compiler, "long"))
      longs++;
    else if (!accept_word(compiler, "int") && !accept_word(compiler, "const") && !accept_word(compiler, "volatile"))
      break;
  }
  if (count == 0)
    return NULL;
  if (count > 4 || (is_char && longs > 0) || (is_signed && is_unsigned))
    return step_fail(compiler, token(compiler)->offset, "these words are no type together");
  return step_type_integer(&compiler->program->types, longs > 1 ? 8 : size, !is_unsigned);
}

static const StepType *parse_specifiers(StepCompiler *compiler) {
  qualifiers_skip(compiler);
  if (accept_word(compiler, "void"))
    return compiler->program->types.void_type;
  const StepType *type = parse_words(compiler);
  if (type != NULL || compiler->has_failed)
    return type;
  if (!accept_word(compiler, "struct") && !accept_word(compiler, "union"))
    accept_word(compiler, "enum");
  StepToken at = *token(compiler);
  if (at.kind != STEP_TOKEN_NAME)
    return step_fail(compiler, at.offset, "expected a type and found %s", found(compiler));
  const char *name = token_name(compiler, &at);
  type = step_type_find(compiler, name);
  if (type == NULL)
    return step_fail_suggest(compiler, at.offset, step_type_nearest(name), "unknown type \"%s\"", name);
  advance(compiler);
  return type;
}

/* "*" and qualifiers, then "[N]"...; the counts of arrays read from the left. */
static const StepType *parse_type(StepCompiler *compiler, bool may_be_open) {
  const StepType *type = parse_specifiers(compiler);
  if (type == NULL || compiler->has_failed)
    return NULL;
  for (unsigned stars = 0;; stars++) {
    qualifiers_skip(compiler);
    if (!is_operator(compiler, STEP_OP_MULTIPLY))
      break;
    if (stars == 8)
      return step_fail(compiler, token(compiler)->offset, "a type has at most 8 stars");
    advance(compiler);
    type = step_type_pointer(&compiler->program->types, type);
  }
  uint32_t counts[4], offsets[4];
  unsigned rank = 0;
  while (is_operator(compiler, STEP_OP_OPEN_INDEX)) {
    uint32_t offset = token(compiler)->offset;
    advance(compiler);
    if (rank == G_N_ELEMENTS(counts))
      return step_fail(compiler, offset, "an array has at most 4 dimensions");
    offsets[rank] = offset;
    counts[rank++] = 0;
    if (may_be_open && rank == 1 && accept(compiler, STEP_OP_CLOSE_INDEX))
      continue;
    int64_t count;
    if (!step_parse_constant(compiler, &count))
      return NULL;
    if (count < 1 || count > STEP_VARIABLE_SIZE_MAX)
      return step_fail(compiler, offset, "an array has 1 to %d elements, not %" G_GINT64_FORMAT, STEP_VARIABLE_SIZE_MAX, count);
    counts[rank - 1] = (uint32_t)count;
    if (!expect(compiler, STEP_OP_CLOSE_INDEX))
      return NULL;
  }
  for (; rank > 0; rank--) {
    if (type->size == 0)
      return step_fail(compiler, offsets[rank - 1], "an array needs elements of a known size");
    if ((uint64_t)type->size * counts[rank - 1] > STEP_VARIABLE_SIZE_MAX)
      return step_fail(compiler, offsets[rank - 1], "an array has at most %d bytes", STEP_VARIABLE_SIZE_MAX);
    type = step_type_array(&compiler->program->types, type, counts[rank - 1]);
  }
  return compiler->has_failed ? NULL : type;
}

/* ---- expressions ---- */

static StepNode *parse_assignment(StepCompiler *compiler);
static StepNode *parse_unary(StepCompiler *compiler);
static StepNode *parse_comma(StepCompiler *compiler);
static StepNode *parse_initial(StepCompiler *compiler);

bool step_parse_constant(StepCompiler *compiler, int64_t *value) {
  StepNode *node = parse_assignment(compiler);
  return node != NULL && step_check_constant(compiler, node, value);
}

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
    StepNode *argument = parse_assignment(compiler);
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
  StepNode *nodes[STEP_MACRO_PARAMETER_COUNT_MAX] = {0};
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
  StepNode *body = is_operator(compiler, STEP_OP_OPEN_BRACE) ? parse_initial(compiler) : parse_comma(compiler);
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
static StepNode *parse_member_path(StepCompiler *compiler) {
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
  if (is_container && ((address = parse_assignment(compiler)) == NULL || !expect(compiler, STEP_OP_COMMA)))
    return NULL;
  node->type = parse_type(compiler, false);
  if (node->type == NULL || !expect(compiler, STEP_OP_COMMA))
    return NULL;
  StepNode *path = parse_member_path(compiler);
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
  if (at->kind == STEP_TOKEN_NAME && !is_type(compiler))
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
    return parse_call(compiler, step_program_print(compiler->program, "%s.%s", first->name, node->name), first->offset);
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
      increment->operator = token(compiler)->operator;
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
  if (accept(compiler, STEP_OP_OPEN) && is_type(compiler)) {
    node->type = parse_type(compiler, false);
    return node->type != NULL && expect(compiler, STEP_OP_CLOSE) ? node : NULL;
  }
  compiler->lexer = before;
  return node_over(compiler, node, parse_unary(compiler), NULL);
}

/* NULL without an error: no cast stands here. */
static StepNode *parse_cast(StepCompiler *compiler) {
  StepLexer before = compiler->lexer;
  StepNode *node = node_here(compiler, STEP_NODE_CAST);
  if (!accept(compiler, STEP_OP_OPEN) || !is_type(compiler)) {
    if (!compiler->has_failed)
      compiler->lexer = before;
    return NULL;
  }
  node->type = parse_type(compiler, false);
  node->is_trusted = compiler->is_macro && compiler->bound_names[0] == NULL; /* nothing of the user's is in it */
  if (node->type == NULL || !expect(compiler, STEP_OP_CLOSE))
    return NULL;
  return node_over(compiler, node, parse_unary(compiler), NULL);
}

static StepNode *parse_prefix(StepCompiler *compiler) {
  static const struct {
    StepOperator operator;
    StepNodeKind kind;
  } prefixes[] = {{STEP_OP_SUBTRACT, STEP_NODE_UNARY},        {STEP_OP_ADD, STEP_NODE_UNARY},      {STEP_OP_NOT, STEP_NODE_UNARY},
                  {STEP_OP_COMPLEMENT, STEP_NODE_UNARY},      {STEP_OP_AND, STEP_NODE_ADDRESS},    {STEP_OP_MULTIPLY, STEP_NODE_DEREFERENCE},
                  {STEP_OP_INCREMENT, STEP_NODE_INCREMENT},   {STEP_OP_DECREMENT, STEP_NODE_INCREMENT}};
  if (is_word(compiler, "sizeof"))
    return parse_sizeof(compiler);
  for (size_t i = 0; i < G_N_ELEMENTS(prefixes); i++) {
    if (is_operator(compiler, prefixes[i].operator)) {
      StepNode *node = node_here(compiler, prefixes[i].kind);
      node->operator = prefixes[i].operator;
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
      [STEP_OP_MULTIPLY] = 10, [STEP_OP_DIVIDE] = 10,    [STEP_OP_MODULO] = 10,      [STEP_OP_ADD] = 9,          [STEP_OP_SUBTRACT] = 9,
      [STEP_OP_SHIFT_LEFT] = 8, [STEP_OP_SHIFT_RIGHT] = 8, [STEP_OP_LESS] = 7,         [STEP_OP_GREATER] = 7,      [STEP_OP_LESS_EQUAL] = 7,
      [STEP_OP_GREATER_EQUAL] = 7, [STEP_OP_EQUAL] = 6,    [STEP_OP_NOT_EQUAL] = 6,    [STEP_OP_AND] = 5,          [STEP_OP_XOR] = 4,
      [STEP_OP_OR] = 3,         [STEP_OP_LOGICAL_AND] = 2, [STEP_OP_LOGICAL_OR] = 1};
  return operator < STEP_OP_BINARY_END ? table[operator] : 0;
}

static StepNode *parse_binary(StepCompiler *compiler, unsigned lowest) {
  StepNode *left = parse_unary(compiler);
  while (left != NULL && token(compiler)->kind == STEP_TOKEN_OPERATOR) {
    unsigned level = precedence(token(compiler)->operator);
    if (level == 0 || level < lowest)
      break;
    StepNode *node = node_here(compiler, STEP_NODE_BINARY);
    node->operator = token(compiler)->operator;
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
  node->third = parse_assignment(compiler);
  if (node->third == NULL)
    return NULL;
  node = node_over(compiler, node, condition, second);
  if (node != NULL)
    node->height = MAX(node->height, (uint16_t)(node->third->height + 1));
  return node;
}

static StepNode *parse_assignment(StepCompiler *compiler) {
  if (compiler->has_failed)
    return NULL;
  if (++compiler->depth > STEP_DEPTH_MAX)
    return step_fail(compiler, token(compiler)->offset, "the expression is nested too deeply");
  StepNode *left = parse_conditional(compiler);
  if (left != NULL && (is_operator(compiler, STEP_OP_ASSIGN) || is_operator(compiler, STEP_OP_ASSIGN_WITH))) {
    StepNode *node = node_here(compiler, STEP_NODE_ASSIGN);
    node->operator = token(compiler)->with;
    advance(compiler);
    StepNode *right = parse_assignment(compiler);
    left = right != NULL ? node_over(compiler, node, left, right) : NULL;
  }
  compiler->depth--;
  return left;
}

static StepNode *parse_comma(StepCompiler *compiler) {
  StepNode *left = parse_assignment(compiler);
  while (left != NULL && is_operator(compiler, STEP_OP_COMMA)) {
    StepNode *node = node_here(compiler, STEP_NODE_COMMA);
    advance(compiler);
    StepNode *right = parse_assignment(compiler);
    left = right != NULL ? node_over(compiler, node, left, right) : NULL;
  }
  return left;
}

/* ---- initial values ---- */

/* ".name =" or "[n] =" before an item; *designator NULL: none. */
static bool parse_designator(StepCompiler *compiler, StepNode **designator) {
  *designator = NULL;
  uint32_t offset = token(compiler)->offset;
  if (accept(compiler, STEP_OP_DOT)) {
    *designator = parse_member_path(compiler);
  } else if (accept(compiler, STEP_OP_OPEN_INDEX)) {
    int64_t index;
    if (!step_parse_constant(compiler, &index) || !expect(compiler, STEP_OP_CLOSE_INDEX))
      return false;
    *designator = step_node_new(compiler, STEP_NODE_NUMBER, offset);
    (*designator)->value = index;
  } else {
    return true;
  }
  return *designator != NULL && expect(compiler, STEP_OP_ASSIGN);
}

static StepNode *parse_list(StepCompiler *compiler) {
  StepNode *list = node_here(compiler, STEP_NODE_LIST);
  StepNode **last = &list->first;
  advance(compiler);
  while (!compiler->has_failed && !is_operator(compiler, STEP_OP_CLOSE_BRACE)) {
    StepNode *designator;
    if (!parse_designator(compiler, &designator))
      return NULL;
    StepNode *item = parse_initial(compiler);
    if (item == NULL)
      return NULL;
    item->designator = designator;
    list->height = MAX(list->height, (uint16_t)(item->height + 1));
    *last = item;
    last = &item->next;
    if (!accept(compiler, STEP_OP_COMMA))
      break;
  }
  return expect(compiler, STEP_OP_CLOSE_BRACE) ? list : NULL;
}

static StepNode *parse_initial(StepCompiler *compiler) {
  if (compiler->has_failed)
    return NULL;
  if (++compiler->depth > STEP_DEPTH_MAX)
    return step_fail(compiler, token(compiler)->offset, "the initial value is nested too deeply");
  StepNode *node = is_operator(compiler, STEP_OP_OPEN_BRACE) ? parse_list(compiler) : parse_assignment(compiler);
  compiler->depth--;
  return node;
}

/* ---- whole texts ---- */

static bool at_end(StepCompiler *compiler) {
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
  return at_end(compiler) ? node : NULL;
}

bool step_parse_declaration(StepCompiler *compiler, const StepType **type, StepNode **initial) {
  *initial = NULL;
  if (compiler->lexer.error != NULL)
    return lexer_failed(compiler);
  *type = parse_type(compiler, true);
  if (*type == NULL)
    return false;
  if (accept(compiler, STEP_OP_ASSIGN) && (*initial = parse_initial(compiler)) == NULL)
    return false;
  if (is_operator(compiler, STEP_OP_SEMICOLON))
    advance(compiler);
  return at_end(compiler);
}
