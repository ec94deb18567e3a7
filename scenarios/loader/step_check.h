/*
 * step_check.h: what a tree of nodes means: names, types, conversions, constants. Host side, at load.
 *
 * Each function returns the checked node, which may be another than the one given, or NULL with the compiler's error set. A checked node has a
 * type and explicit conversions; operators of numbers are numbers.
 */
#pragma once

#include "step_tree.h"

/* Any expression as a value: arrays and functions have become pointers; VOID is possible. */
StepNode *step_check_value(StepCompiler *compiler, StepNode *node);

/* A step: a value that is not used. It must have an effect. */
StepNode *step_check_effect(StepCompiler *compiler, StepNode *node);

/* A condition: a number or a pointer. `role` names it in messages. */
StepNode *step_check_scalar(StepCompiler *compiler, StepNode *node, const char *role);

/* An unchecked expression that is assigned to something of that type. */
StepNode *step_check_assigned(StepCompiler *compiler, StepNode *node, const StepType *type, const char *role);

/* A checked value, converted as by assignment. */
StepNode *step_convert(StepCompiler *compiler, StepNode *value, const StepType *type, const char *role);

/* An unchecked expression whose value is known at load. */
bool step_check_constant(StepCompiler *compiler, StepNode *node, int64_t *value);

/* The same parsed at the compiler's current token. */
bool step_parse_constant(StepCompiler *compiler, int64_t *value);

/* `a.b.c` of a structure type: its place and type. */
bool step_check_path(StepCompiler *compiler, const StepNode *path, const StepType *type, StepMember *member);

/* The operation of a binary operator but && and ||. */
StepOperation step_operation_of(StepOperator operator);

/* Whether evaluating a checked node changes anything. */
bool step_node_has_effect(const StepNode *node);

/* Without any change of representation. */
StepNode *step_node_cast(StepCompiler *compiler, StepNode *node, const StepType *type);
StepNode *step_node_number(StepCompiler *compiler, uint32_t offset, int64_t value, const StepType *type);
