/*
 * step_initial.h: initial values of variables: expressions, strings, and lists in braces with or without designators. Host side, at load.
 */
#pragma once

#include "step_emit.h"

/* "UCHAR[] = {1, 2}": the array's type with the count that the initial value gives; any other type as it is. NULL: an error. */
const StepType *step_initial_type(StepCompiler *compiler, const StepType *type, const StepNode *initial);

/* A local of the function being emitted: what sets it, at the beginning of the function's code. */
bool step_initial_local(StepEmitter *emitter, StepVariable *variable);

/* A global: its bytes in the driver's image, and the places that get addresses at install. All globals have their places by now. */
bool step_initial_global(StepCompiler *compiler, StepVariable *variable);
