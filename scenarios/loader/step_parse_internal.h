/*
 * step_parse_internal.h: what step_parse.c and step_parse_type.c share: the current word, and each other.
 */
#pragma once

#include "step_parse.h"

#include <string.h>

/* An expression without a comma; a list in braces or such an expression. NULL: failed. */
StepNode *step_parse_assignment(StepCompiler *compiler);
StepNode *step_parse_initial(StepCompiler *compiler);

/* `a.b.c`: members of nothing yet. */
StepNode *step_parse_member_path(StepCompiler *compiler);

/* Whether a type stands here: a name is one unless a variable is called so. */
bool step_parse_is_type(StepCompiler *compiler);
/* A type with its stars and counts; `may_be_open`: the first count may be missing. NULL: failed. */
const StepType *step_parse_type(StepCompiler *compiler, bool may_be_open);

/* Nothing stands behind. */
bool step_parse_at_end(StepCompiler *compiler);

/* ---- words ---- */

static inline StepToken *token(StepCompiler *compiler) { return &compiler->lexer.token; }

static inline bool is_operator(StepCompiler *compiler, StepOperator operator) {
  return token(compiler)->kind == STEP_TOKEN_OPERATOR && token(compiler)->operator== operator;
}

static inline void *lexer_failed(StepCompiler *compiler) {
  return step_fail(compiler, compiler->lexer.error_offset, "%s", compiler->lexer.error);
}

static inline void advance(StepCompiler *compiler) {
  step_lexer_next(&compiler->lexer);
  if (compiler->lexer.error != NULL)
    lexer_failed(compiler);
}

static inline bool accept(StepCompiler *compiler, StepOperator operator) {
  if (!is_operator(compiler, operator))
    return false;
  advance(compiler);
  return true;
}

/* What stands at the current token, for messages. */
static inline const char *found(StepCompiler *compiler) {
  const StepToken *at = token(compiler);
  if (at->kind == STEP_TOKEN_END)
    return "the end";
  return step_compiler_print(compiler, "\"%.*s\"", (int)MIN(at->length, 40), compiler->lexer.text + at->offset);
}

static inline bool expect(StepCompiler *compiler, StepOperator operator) {
  if (compiler->has_failed)
    return false;
  if (is_operator(compiler, operator)) {
    advance(compiler);
    return !compiler->has_failed;
  }
  step_fail(compiler, token(compiler)->offset, "expected \"%s\" and found %s", step_operator_texts[operator], found(compiler));
  return false;
}

static inline const char *token_name(StepCompiler *compiler, const StepToken *name) {
  return step_compiler_print(compiler, "%.*s", (int)name->length, compiler->lexer.text + name->offset);
}

static inline bool is_word(StepCompiler *compiler, const char *word) {
  const StepToken *at = token(compiler);
  return at->kind == STEP_TOKEN_NAME && strlen(word) == at->length && strncmp(compiler->lexer.text + at->offset, word, at->length) == 0;
}

static inline bool accept_word(StepCompiler *compiler, const char *word) {
  if (!is_word(compiler, word))
    return false;
  advance(compiler);
  return true;
}

static inline StepNode *node_here(StepCompiler *compiler, StepNodeKind kind) {
  return step_node_new(compiler, kind, token(compiler)->offset);
}
