/*
 * step_name.h: what names in steps stand for, and which were meant by misspelt ones. Host side, at load.
 */
#pragma once

#include "step_tree.h"

/* A variable in scope: the function's locals and parameters, the driver's globals. NULL: none. */
const StepVariable *step_variable_find(StepCompiler *compiler, const char *name);

/* NULL: no type is called so. */
const StepType *step_type_find(StepCompiler *compiler, const char *name);
const char *step_type_nearest(const char *name); /* constant; NULL: none is near */

/* Whether a call of that name is one of a function: of the driver, of the table, or builtin. */
bool step_function_is_named(StepCompiler *compiler, const char *name);

StepDriver *step_driver_find(const StepProgram *program, const char *name);
StepFunction *step_driver_function(const StepDriver *driver, const char *name);
StepGlobal *step_driver_global(const StepDriver *driver, const char *name);

/* A NAME node as what it names; a MEMBER node whose first is the name of a driver likewise (NULL without an error: it is none). */
StepNode *step_name_check(StepCompiler *compiler, StepNode *node);
StepNode *step_name_check_qualified(StepCompiler *compiler, StepNode *node);

/* A call's function, and its arguments converted to its parameters. */
StepNode *step_call_check(StepCompiler *compiler, StepNode *node);

/* The function's parameters and result become those of the callback type. */
void step_function_type_set(StepProgram *program, StepFunction *function, const DdiCallback *callback);
/* An inferable function of which nothing was learnt is plain: no parameters, no result. */
void step_function_type_plain(StepProgram *program, StepFunction *function);

/* Room in the program's read-only memory, 8-byte aligned: its offset. */
uint32_t step_read_only_add(StepProgram *program, const void *bytes, uint32_t size);
