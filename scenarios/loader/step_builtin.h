/*
 * step_builtin.h: functions that the headers define inline and that need more than an expression: lists and blocks of memory. Where the DDI table
 * has a row of the same name, the row is meant.
 *
 * They touch guest memory as the driver's own code does: through sim_access, at the place of the step that calls them.
 */
#pragma once

#include "model/ddi/ddi.h"

#define STEP_BUILTIN_PARAMETER_COUNT_MAX 3

typedef struct StepBuiltin {
  const char *name;
  const char *returns;
  struct {
    const char *name, *type;
  } parameters[STEP_BUILTIN_PARAMETER_COUNT_MAX + 1]; /* the last has no name */
  DdiStepThunk *run;
} StepBuiltin;

extern const StepBuiltin step_builtins[]; /* the last has no name */

const StepBuiltin *step_builtin_find(const char *name); /* NULL: none */
