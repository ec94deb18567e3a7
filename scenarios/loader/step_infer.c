#include "step_infer.h"

#include "step_name.h"

/* A name in a step that is neither called nor a field: a function of that name will get its type from whoever is given it. */
static void name_is_given(const StepDriver *driver, const StepDriver *qualifier, const char *text, const StepToken *name) {
  char *copy = g_strndup(text + name->offset, name->length);
  StepFunction *function = step_driver_function(qualifier != NULL ? qualifier : driver, copy);
  if (function != NULL)
    function->source->is_given = true;
  g_free(copy);
}

static void given_in(StepProgram *program, const StepDriver *driver, const char *text) {
  StepLexer lexer;
  StepToken name = { 0 };
  const StepDriver *qualifier = NULL;
  bool is_name = false;
  for (step_lexer_begin(&lexer, text, program->strings);; step_lexer_next(&lexer)) {
    const StepToken *token = &lexer.token;
    bool is_dot = token->kind == STEP_TOKEN_OPERATOR && token->operator== STEP_OP_DOT;
    bool is_call = token->kind == STEP_TOKEN_OPERATOR && token->operator== STEP_OP_OPEN;
    if (is_name && !is_call && !is_dot)
      name_is_given(driver, qualifier, text, &name);
    if (token->kind == STEP_TOKEN_END)
      return;
    if (is_name && is_dot) {
      g_autofree char *copy = g_strndup(text + name.offset, name.length);
      qualifier = step_driver_find(program, copy);
    } else if (token->kind != STEP_TOKEN_NAME) {
      qualifier = NULL;
    }
    is_name = token->kind == STEP_TOKEN_NAME;
    name = *token;
  }
}

void step_infer_begin(StepProgram *program) {
  for (guint i = 1; i < program->sites->len; i++) {
    const StepSiteRecord *site = &g_array_index(program->sites, StepSiteRecord, i);
    if (site->step != 0)
      given_in(program, site->function->source->driver, site->text);
  }
}

StepFunction *step_infer_next(const StepProgram *program) {
  StepFunction *first = NULL;
  for (guint i = 0; i < program->functions->len; i++) {
    StepFunction *function = g_ptr_array_index(program->functions, i);
    if (function->source->is_typed)
      continue;
    if (!function->source->is_given)
      return function;
    if (first == NULL)
      first = function;
  }
  return first;
}
