/*
 * step_body.h: the steps of a function: from the list in the file to statements, and from statements to code. Host side, at load.
 */
#pragma once

#include "step_tree.h"

/* Reads the body's JSON: the function's statements, each with its site. NULL or false with the compiler's error set. */
bool step_body_read(StepCompiler *compiler, StepFunction *function);

/* Emits locals, statements and the end; lays out the frame. The function is typed. */
bool step_body_emit(StepCompiler *compiler, StepFunction *function);
