/*
 * step_infer.h: functions of which nothing was said: in which order their types come to light. Host side, at load.
 *
 * Such a function gets its type where a step or an initial value gives it to something of a callback type; one that nobody gives away is plain.
 */
#pragma once

#include "step_tree.h"

/* Notes which functions some step names without calling them. After all bodies are read. */
void step_infer_begin(StepProgram *program);

/* The function that is to be taken for a plain one once all that have a type are compiled, so that what it gives away is seen: first those that
 * nobody gives away. NULL: every function has its type. */
StepFunction *step_infer_next(const StepProgram *program);
