/* From a loaded scenario to a program. */
#include "scenario.h"
#include "step.h"

static void function_add(StepDriver *driver, const ScenarioFunction *source) {
  StepFunction *function = step_function_add(driver, source->name, source->callback, source->body);
  for (size_t i = 0; i < source->parameter_count; i++)
    step_parameter_add(function, source->parameters[i].name, source->parameters[i].declaration);
  for (size_t i = 0; i < source->local_count; i++)
    step_local_add(function, source->locals[i].name, source->locals[i].declaration);
  if (source->returns.text != NULL)
    step_returns_set(function, source->returns);
}

StepProgram *step_program_create(const Scenario *scenario, GError **error) {
  StepProgram *program = step_program_new(scenario->file);
  for (size_t i = 0; i < scenario->driver_count; i++) {
    const ScenarioDriver *source = &scenario->drivers[i];
    if (source->is_source)
      continue;
    StepDriver *driver = step_driver_add(program, source->name);
    for (size_t j = 0; j < source->global_count; j++)
      step_global_add(driver, source->globals[j].name, source->globals[j].declaration);
    for (size_t j = 0; j < source->function_count; j++)
      function_add(driver, &source->functions[j]);
  }
  if (step_program_compile(program, error))
    return program;
  step_program_free(program);
  return NULL;
}
