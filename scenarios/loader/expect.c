#include "expect.h"

#include "expect_load.h"

#include <string.h>

const char *const expect_when_names[EXPECT_WHEN_COUNT] = { "always", "sometimes", "never" };

/* ---- findings ---- */

static const char *rule_name_at(const void *names, size_t index) {
  (void)names;
  return rule_table[index].name;
}

static bool rule_load(Loader *loader, TextPosition position, const char *name, ExpectFinding *finding) {
  finding->is_any = strcmp(name, "any") == 0;
  finding->rule = finding->is_any ? NULL : rule_find(name);
  return finding->is_any || finding->rule != NULL ||
         expect_unknown(loader, position, "rule", name, text_nearest(name, rule_name_at, NULL, rule_count));
}

static const char *finding_text(Loader *loader, const Expectation *expectation) {
  const ExpectFinding *finding = &expectation->finding;
  g_autoptr(GString) text = g_string_new(finding->is_any ? "any finding" : finding->rule->name);
  if (finding->function != NULL || finding->callback != NULL)
    g_string_append_printf(text, " at %s", finding->function != NULL ? finding->function->name : finding->callback->name);
  if (finding->where_driver != NULL)
    g_string_append_printf(text, " in %s", finding->where_driver);
  if (finding->where_function != NULL)
    g_string_append_printf(text, ".%s", finding->where_function);
  if (expectation->cpu >= 0)
    g_string_append_printf(text, " on cpu %d", expectation->cpu);
  expect_count_print(text, expectation);
  return load_string(loader, text->str);
}

static bool finding_load(Loader *loader, const JsonValue *value, Expectation *expectation) {
  Text rule, function;
  expectation->kind = EXPECT_FINDING;
  if (!load_object(loader, value, "finding", LOAD_EXPECT_FINDING) || !load_text(loader, json_get(value, "finding"), "finding", &rule) ||
      !rule_load(loader, rule.position, rule.text, &expectation->finding))
    return false;
  const JsonValue *at = json_get(value, "at"), *where = json_get(value, "where");
  if ((at != NULL &&
       (!load_text(loader, at, "at", &function) ||
        !expect_function_load(loader, function.position, function.text, &expectation->finding.function, &expectation->finding.callback))) ||
      (where != NULL && !expect_where_load(loader, where, &expectation->finding)) ||
      !expect_cpu_load(loader, json_get(value, "cpu"), &expectation->cpu) ||
      !expect_count_load(loader, json_get(value, "count"), expectation))
    return false;
  expectation->text = finding_text(loader, expectation);
  return true;
}

/* "irql-too-high", "irql-too-high at FltSendMessage". */
static bool finding_parse(Loader *loader, const Text *text, Expectation *expectation) {
  const char *at = strstr(text->text, " at ");
  g_autofree char *name = at == NULL ? g_strdup(text->text) : g_strndup(text->text, (gsize)(at - text->text));
  expectation->kind = EXPECT_FINDING;
  if (!rule_load(loader, text->position, name, &expectation->finding))
    return false;
  if (at != NULL && !expect_function_load(loader, text_position(text, (size_t)(at + 4 - text->text)), at + 4,
                                          &expectation->finding.function, &expectation->finding.callback))
    return false;
  expectation->text = text->text;
  return true;
}

/* ---- outcomes ---- */

static const struct {
  const char *word;
  ExpectOutcome outcome;
} outcomes[] = {
  { "clean", EXPECT_CLEAN },
  { "quiet", EXPECT_QUIET },
  { "hung", EXPECT_HUNG },
  { "not-modelled", EXPECT_NOT_MODELLED },
  { "guest-crash", EXPECT_GUEST_CRASH },
  { "limit", EXPECT_LIMIT },
};

static bool limit_parse(Words *words, Expectation *expectation) {
  static const struct {
    const char *word;
    SimStop stop;
  } limits[] = {
    { "steps", SIM_STOP_LIMIT_STEPS },         { "events", SIM_STOP_LIMIT_EVENTS },
    { "accesses", SIM_STOP_LIMIT_ACCESSES },   { "virtual_time", SIM_STOP_LIMIT_VIRTUAL_TIME },
    { "host_time", SIM_STOP_LIMIT_HOST_TIME }, { "memory", SIM_STOP_LIMIT_MEMORY },
  };
  if (words_is_end(words))
    return true;
  for (size_t i = 0; i < G_N_ELEMENTS(limits); i++)
    if (words_accept(words, limits[i].word)) {
      expectation->limit = limits[i].stop;
      return true;
    }
  return words_fail(words, "steps, events, accesses, virtual_time, host_time or memory");
}

bool expect_outcome_parse(Loader *loader, const Text *text, Expectation *expectation, bool *is_outcome) {
  Words words = words_begin(loader, *text);
  *is_outcome = false;
  for (size_t i = 0; i < G_N_ELEMENTS(outcomes) && !*is_outcome; i++)
    if (words_accept(&words, outcomes[i].word)) {
      *is_outcome = true;
      expectation->kind = EXPECT_OUTCOME;
      expectation->outcome = outcomes[i].outcome;
    }
  if (!*is_outcome)
    return true;
  expectation->text = text->text;
  if (expectation->outcome == EXPECT_LIMIT && !limit_parse(&words, expectation))
    return false;
  if (expectation->outcome == EXPECT_NOT_MODELLED)
    expectation->not_modelled = words_name(&words);
  return words_end(&words, false);
}

static bool outcome_load(Loader *loader, const JsonValue *value, Expectation *expectation) {
  Text text;
  bool is_outcome;
  if (!load_object(loader, value, "outcome", LOAD_EXPECT_OUTCOME) || !load_text(loader, json_get(value, "outcome"), "outcome", &text) ||
      !expect_outcome_parse(loader, &text, expectation, &is_outcome))
    return false;
  if (is_outcome)
    return true;
  const char *names[G_N_ELEMENTS(outcomes)];
  for (size_t i = 0; i < G_N_ELEMENTS(outcomes); i++)
    names[i] = outcomes[i].word;
  return expect_unknown(loader, text.position, "outcome", text.text, text_nearest_of(text.text, names, G_N_ELEMENTS(names)));
}

/* ---- one expectation ---- */

/* Outcomes, then rules, then bug checks: what a string may begin with. */
static const char *word_at(const void *names, size_t index) {
  (void)names;
  if (index < G_N_ELEMENTS(outcomes))
    return outcomes[index].word;
  index -= G_N_ELEMENTS(outcomes);
  return index < rule_count ? rule_table[index].name : ddi_bugchecks[index - rule_count].name;
}

static bool string_load(Loader *loader, const JsonValue *value, Expectation *expectation) {
  Text text;
  bool is_outcome;
  if (!load_text(loader, value, "expect", &text) || !expect_outcome_parse(loader, &text, expectation, &is_outcome))
    return false;
  if (is_outcome)
    return true;
  if (strcmp(text.text, "any finding") == 0) {
    expectation->kind = EXPECT_FINDING;
    expectation->finding.is_any = true;
    expectation->text = text.text;
    return true;
  }
  if (strcmp(text.text, "any bug check") == 0) {
    expectation->kind = EXPECT_BUGCHECK;
    expectation->bugcheck.is_any = true;
    expectation->text = text.text;
    return true;
  }
  g_autofree char *first = g_strndup(text.text, strcspn(text.text, " "));
  if (g_ascii_isdigit(*first) || ddi_bugcheck_find_name(text.text) != NULL)
    return expect_bugcheck_load(loader, value, expectation);
  if (rule_find(first) != NULL)
    return finding_parse(loader, &text, expectation);
  return expect_unknown(loader, text.position, "rule, bug check or outcome", first,
                        text_nearest(first, word_at, NULL, G_N_ELEMENTS(outcomes) + rule_count + ddi_bugcheck_count));
}

static bool expectation_load(Loader *loader, const JsonValue *value, Expectation *expectation) {
  static const struct {
    const char *key;
    bool (*load)(Loader *, const JsonValue *, Expectation *);
  } kinds[] = {
    { "bugcheck", expect_bugcheck_load }, { "finding", finding_load },    { "event", expect_event_load },   { "order", expect_order_load },
    { "outcome", outcome_load },          { "state", expect_state_load }, { "global", expect_global_load },
  };
  expectation->position = value->position;
  expectation->cpu = -1;
  if (value->kind == JSON_STRING)
    return string_load(loader, value, expectation);
  for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++)
    if (json_get(value, kinds[i].key) != NULL)
      return kinds[i].load(loader, value, expectation);
  if (value->kind == JSON_OBJECT && value->count == 0)
    return expect_never(loader, value->position, "it is empty");
  return load_expected(
      loader, value, "expect",
      "a string such as \"irql-too-high at FltSendMessage\", or an object with \"bugcheck\", \"finding\", \"event\", \"order\", "
      "\"outcome\", \"state\" or \"global\"");
}

/* ---- all of them ---- */

bool load_expectations(Loader *loader, const JsonValue *value) {
  ExpectSet *set = &loader->scenario->expect;
  if (value == NULL)
    return true;
  if (!load_object(loader, value, "expect", LOAD_EXPECT))
    return false;
  size_t count = 0;
  for (size_t i = 0; i < value->count; i++) {
    const JsonMember *member = &value->members[i];
    if (!load_list(loader, &member->value, member->key.text, "expectations"))
      return false;
    if (member->value.count == 0)
      return expect_never(loader, member->value.position, "the list \"%s\" is empty", member->key.text);
    count += member->value.count;
  }
  if (count == 0)
    return expect_never(loader, value->position, "\"expect\" is empty");
  Expectation *items = load_new(loader, count, sizeof *items);
  set->items = items;
  for (size_t i = 0; i < value->count; i++)
    for (size_t j = 0; j < value->members[i].value.count; j++) {
      Expectation *expectation = &items[set->count++];
      while (strcmp(expect_when_names[expectation->when], value->members[i].key.text) != 0)
        expectation->when++;
      if (!expectation_load(loader, &value->members[i].value.items[j], expectation))
        return false;
    }
  return expect_check(loader, set);
}
