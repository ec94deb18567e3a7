/* From the list of steps in the file to statements, each with its number and its site. */
#include "step_body.h"

#include <string.h>

static bool read_list(StepCompiler *compiler, const JsonValue *list, unsigned depth, GPtrArray **statements);

/* An error at a place of the JSON rather than in a text. */
static bool fail_at(StepCompiler *compiler, const JsonValue *value, const char *what) {
  compiler->text = (Text){ .text = "", .position = value->position };
  step_fail(compiler, 0, "%s", what);
  return false;
}

/* Gives the statement its number and its site; the text is what a report shows. */
static StepStatement *statement_new(StepCompiler *compiler, StepStatementKind kind, TextPosition position) {
  StepProgram *program = compiler->program;
  if (program->sites->len > STEP_COUNT_MAX)
    return step_fail(compiler, 0, "a scenario has at most %d steps", STEP_COUNT_MAX);
  StepStatement *statement = step_program_allocate(program, sizeof *statement);
  StepSiteRecord site = { .function = compiler->function, .step = ++compiler->step, .text = "", .position = position };
  statement->kind = kind;
  statement->position = position;
  statement->site = SIM_SITE_STEP | program->sites->len;
  statement->step = site.step;
  g_array_append_val(program->sites, site);
  compiler->where = step_program_print(program, "step %u of %s", statement->step, compiler->function->source->title);
  return statement;
}

static void site_text(StepCompiler *compiler, const StepStatement *statement, const char *text) {
  g_array_index(compiler->program->sites, StepSiteRecord, statement->site & ~SIM_SITE_STEP).text = text;
}

/* Whether the line is the word, alone or followed by something; then where that begins. */
static bool is_keyword(const char *line, const char *word, const char **rest) {
  while (g_ascii_isspace(*line))
    line++;
  size_t length = strlen(word);
  if (strncmp(line, word, length) != 0 || g_ascii_isalnum(line[length]) || line[length] == '_')
    return false;
  for (line += length; g_ascii_isspace(*line);)
    line++;
  *rest = line;
  return true;
}

static bool is_end(const char *rest) {
  if (*rest == ';')
    rest++;
  while (g_ascii_isspace(*rest))
    rest++;
  return *rest == '\0';
}

static StepStatement *read_line(StepCompiler *compiler, const JsonValue *value) {
  static const struct {
    const char *word;
    StepStatementKind kind;
  } words[] = { { "return", STEP_RETURN_NOTHING }, { "break", STEP_BREAK }, { "continue", STEP_CONTINUE } };
  StepStatement *statement = statement_new(compiler, STEP_LINE, value->position);
  if (statement == NULL)
    return NULL;
  const char *line = value->text.text, *rest = line;
  statement->text = value->text;
  site_text(compiler, statement, line);
  for (size_t i = 0; i < G_N_ELEMENTS(words); i++) {
    if (!is_keyword(line, words[i].word, &rest))
      continue;
    statement->kind = words[i].kind;
    statement->start = (uint32_t)(rest - line);
    if (!is_end(rest) && words[i].kind == STEP_RETURN_NOTHING)
      statement->kind = STEP_RETURN_VALUE;
    else if (!is_end(rest))
      return compiler->text = value->text, step_fail(compiler, statement->start, "nothing may follow \"%s\"", words[i].word);
  }
  return statement;
}

/* One kind of step that holds steps. */
typedef struct BlockForm {
  StepStatementKind kind;
  const char *key;       /* names it; its value is the condition or the count, but for "for ever" */
  const char *body;      /* the key of its steps */
  const char *otherwise; /* a key that may be missing */
} BlockForm;

static const BlockForm forms[] = {
  { STEP_IF, "if", "then", "else" },
  { STEP_WHILE, "while", "do", NULL },
  { STEP_FOR_EVER, "for ever", "for ever", NULL },
  { STEP_REPEAT, "repeat", "do", NULL },
};

static const BlockForm *form_of(StepCompiler *compiler, const JsonValue *value) {
  for (size_t i = 0; i < G_N_ELEMENTS(forms); i++)
    if (json_get(value, forms[i].key) != NULL)
      return &forms[i];
  static const char *const names[] = { "if", "while", "for ever", "repeat", NULL };
  const char *nearest = value->count > 0 ? text_nearest_of(value->members[0].key.text, names, 4) : NULL;
  if (value->count > 0)
    compiler->text = value->members[0].key;
  else
    compiler->text = (Text){ .text = "", .position = value->position };
  return step_fail_suggest(compiler, 0, nearest, "a step is a line, or has one of the keys \"if\", \"while\", \"for ever\", \"repeat\"");
}

static bool keys_check(StepCompiler *compiler, const BlockForm *form, const JsonValue *value) {
  const char *const names[] = { form->key, form->body, form->otherwise };
  size_t count = form->otherwise != NULL ? 3 : 2;
  for (size_t i = 0; i < value->count; i++) {
    const Text *key = &value->members[i].key;
    bool is_known = false;
    for (size_t j = 0; j < count; j++)
      is_known = is_known || strcmp(key->text, names[j]) == 0;
    if (is_known)
      continue;
    compiler->text = *key;
    step_fail_suggest(compiler, 0, text_nearest_of(key->text, names, count), "\"%s\" has no key \"%s\"", form->key, key->text);
    return false;
  }
  if (json_get(value, form->body) == NULL)
    return fail_at(compiler, value, step_compiler_print(compiler, "\"%s\" needs \"%s\", a list of steps", form->key, form->body));
  return true;
}

/* The condition of "if" and "while", the count of "repeat". */
static bool read_head(StepCompiler *compiler, const BlockForm *form, const JsonValue *head, StepStatement *statement) {
  StepProgram *program = compiler->program;
  if (form->kind == STEP_FOR_EVER) {
    site_text(compiler, statement, "for ever");
  } else if (head->kind == JSON_STRING) {
    statement->text = head->text;
    statement->position = head->position;
    site_text(compiler, statement,
              form->kind == STEP_REPEAT ? step_program_print(program, "repeat %s", head->text.text)
                                        : step_program_print(program, "%s (%s)", form->key, head->text.text));
  } else if (form->kind == STEP_REPEAT && head->kind == JSON_NUMBER && !head->is_negative && !head->is_fraction &&
             head->magnitude <= UINT32_MAX) {
    statement->count = (int64_t)head->magnitude;
    site_text(compiler, statement, step_program_print(program, "repeat %" G_GINT64_FORMAT, statement->count));
  } else {
    return fail_at(compiler, head, form->kind == STEP_REPEAT ? "\"repeat\" takes a number of times" : "a condition is a string");
  }
  return true;
}

static StepStatement *read_block(StepCompiler *compiler, const JsonValue *value, unsigned depth) {
  const BlockForm *form = form_of(compiler, value);
  if (form == NULL)
    return NULL;
  StepStatement *statement = statement_new(compiler, form->kind, value->position);
  const char *where = compiler->where;
  if (statement == NULL || !keys_check(compiler, form, value) || !read_head(compiler, form, json_get(value, form->key), statement) ||
      !read_list(compiler, json_get(value, form->body), depth + 1, &statement->body))
    return NULL;
  compiler->where = where;
  const JsonValue *otherwise = form->otherwise != NULL ? json_get(value, form->otherwise) : NULL;
  if (otherwise != NULL && !read_list(compiler, otherwise, depth + 1, &statement->otherwise))
    return NULL;
  return statement;
}

static bool read_list(StepCompiler *compiler, const JsonValue *list, unsigned depth, GPtrArray **statements) {
  if (list->kind != JSON_LIST)
    return fail_at(compiler, list, "a list of steps is expected here");
  if (depth > STEP_BLOCK_DEPTH_MAX)
    return fail_at(compiler, list, "steps are nested too deeply");
  *statements = g_ptr_array_new();
  g_ptr_array_add(compiler->program->lists, *statements);
  for (size_t i = 0; i < list->count; i++) {
    const JsonValue *value = &list->items[i];
    compiler->text = (Text){ .text = "", .position = value->position };
    StepStatement *statement = NULL;
    if (value->kind == JSON_STRING)
      statement = read_line(compiler, value);
    else if (value->kind == JSON_OBJECT)
      statement = read_block(compiler, value, depth);
    else
      return fail_at(compiler, value,
                     "a step is a line such as \"x = 1\", or an object with \"if\", \"while\", \"for ever\" or \"repeat\"");
    if (statement == NULL)
      return false;
    g_ptr_array_add(*statements, statement);
  }
  return true;
}

bool step_body_read(StepCompiler *compiler, StepFunction *function) {
  StepProgram *program = compiler->program;
  StepFunctionSource *source = function->source;
  StepSiteRecord entry = { .function = function, .text = source->name.text, .position = source->name.position };
  function->site = SIM_SITE_STEP | program->sites->len;
  g_array_append_val(program->sites, entry);
  compiler->function = function;
  compiler->driver = source->driver;
  compiler->step = 0;
  compiler->where = source->title;
  if (source->body != NULL)
    return read_list(compiler, source->body, 1, &source->statements);
  source->statements = g_ptr_array_new();
  g_ptr_array_add(program->lists, source->statements);
  return true;
}
