/*
 * step_macro.h: macros of the WDK's headers that driver code uses most, as expressions of the step language.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#define STEP_MACRO_PARAMETER_COUNT_MAX 5

typedef struct StepMacro {
  const char *name;
  const char *parameters[STEP_MACRO_PARAMETER_COUNT_MAX + 1]; /* NULL-terminated */
  const char *body;
} StepMacro;

extern const StepMacro step_macros[]; /* the last has no name */

const StepMacro *step_macro_find(const char *name); /* NULL: none */
