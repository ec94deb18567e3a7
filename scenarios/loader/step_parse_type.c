/* Types and declarations. */
#include "step_parse_internal.h"

#include "step_check.h"
#include "step_name.h"

/* ---- types ---- */

static const char *const type_words[] = { "const", "volatile", "struct", "union",  "enum",     "void",    "char",
                                          "short", "int",      "long",   "signed", "unsigned", "__int64", "wchar_t" };

/* A name is a type unless a variable is called so. */
bool step_parse_is_type(StepCompiler *compiler) {
  if (token(compiler)->kind != STEP_TOKEN_NAME)
    return false;
  for (size_t i = 0; i < G_N_ELEMENTS(type_words); i++)
    if (is_word(compiler, type_words[i]))
      return true;
  const char *name = token_name(compiler, token(compiler));
  return (compiler->is_macro || step_variable_find(compiler, name) == NULL) && step_type_find(compiler, name) != NULL;
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
const StepType *step_parse_type(StepCompiler *compiler, bool may_be_open) {
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

bool step_parse_constant(StepCompiler *compiler, int64_t *value) {
  StepNode *node = step_parse_assignment(compiler);
  return node != NULL && step_check_constant(compiler, node, value);
}

/* ---- initial values ---- */

/* ".name =" or "[n] =" before an item; *designator NULL: none. */
static bool parse_designator(StepCompiler *compiler, StepNode **designator) {
  *designator = NULL;
  uint32_t offset = token(compiler)->offset;
  if (accept(compiler, STEP_OP_DOT)) {
    *designator = step_parse_member_path(compiler);
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
    StepNode *item = step_parse_initial(compiler);
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

StepNode *step_parse_initial(StepCompiler *compiler) {
  if (compiler->has_failed)
    return NULL;
  if (++compiler->depth > STEP_DEPTH_MAX)
    return step_fail(compiler, token(compiler)->offset, "the initial value is nested too deeply");
  StepNode *node = is_operator(compiler, STEP_OP_OPEN_BRACE) ? parse_list(compiler) : step_parse_assignment(compiler);
  compiler->depth--;
  return node;
}

/* ---- declarations ---- */

bool step_parse_declaration(StepCompiler *compiler, const StepType **type, StepNode **initial) {
  *initial = NULL;
  if (compiler->lexer.error != NULL)
    return lexer_failed(compiler);
  *type = step_parse_type(compiler, true);
  if (*type == NULL)
    return false;
  if (accept(compiler, STEP_OP_ASSIGN) && (*initial = step_parse_initial(compiler)) == NULL)
    return false;
  if (is_operator(compiler, STEP_OP_SEMICOLON))
    advance(compiler);
  return step_parse_at_end(compiler);
}
