/*
 * step_check_internal.h: what step_check.c and step_operator.c share.
 */
#pragma once

#include "step_check.h"

/* Any expression as it stands: arrays, functions and structures have not become values. */
StepNode *step_check_any(StepCompiler *compiler, StepNode *node);

/* ---- operators ---- */

/* A binary node whose operands are checked values. */
StepNode *step_operator_binary(StepCompiler *compiler, StepNode *node);
StepNode *step_operator_check_binary(StepCompiler *compiler, StepNode *node);
StepNode *step_operator_check_unary(StepCompiler *compiler, StepNode *node);
/* pointer + index, pointer - index: makes `node` that. */
StepNode *step_operator_scale(StepCompiler *compiler, StepNode *node, StepNode *pointer, StepNode *index, bool is_minus);
/* Bytes that a pointer to the type goes on by; 0 with an error: it has no size. */
uint32_t step_operator_size(StepCompiler *compiler, const StepNode *node, const StepType *target);
void *step_operator_fail(StepCompiler *compiler, const StepNode *node, const StepNode *left, const StepNode *right);

/* ---- small things ---- */

static inline const StepTypes *types_of(const StepCompiler *compiler) { return &compiler->program->types; }
static inline const StepType *type_long(const StepCompiler *compiler) { return step_type_integer(types_of(compiler), 4, true); }

static inline const StepType *type_pointer(StepCompiler *compiler, const StepType *target) {
  return step_type_pointer(&compiler->program->types, target);
}

/* For one message. */
static inline const char *print(StepCompiler *compiler, const StepType *type) {
  g_autofree char *text = step_type_print(type);
  return step_compiler_print(compiler, "%s", text);
}

/* What becomes a null pointer where a pointer is wanted. */
static inline bool is_null(const StepNode *node) {
  return node->kind == STEP_NODE_NUMBER && node->value == 0 &&
         (step_type_is_integer(node->type) || (node->type->kind == DDI_TYPE_POINTER && node->type->target->kind == DDI_TYPE_VOID));
}

static inline bool is_pointer(const StepNode *node) { return node->type->kind == DDI_TYPE_POINTER; }
static inline bool is_integer(const StepNode *node) { return step_type_is_integer(node->type); }
static inline bool is_logical(StepOperator operator) { return operator== STEP_OP_LOGICAL_AND || operator== STEP_OP_LOGICAL_OR; }
