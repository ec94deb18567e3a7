#include "expect_load.h"

#include <string.h>

static const char *bugcheck_name_at(const void *names, size_t index) {
  (void)names;
  return ddi_bugchecks[index].name;
}

/* A code, a name or "any". */
static bool code_load(Loader *loader, const JsonValue *value, ExpectBugcheck *bugcheck) {
  uint64_t code = value->magnitude;
  if (value->kind == JSON_STRING && strcmp(value->text.text, "any") == 0) {
    bugcheck->is_any = true;
    return true;
  }
  if (value->kind == JSON_STRING && !g_ascii_isdigit(*value->text.text)) {
    bugcheck->row = ddi_bugcheck_find_name(value->text.text);
    if (bugcheck->row == NULL)
      return expect_unknown(loader, value->position, "bug check", value->text.text,
                            text_nearest(value->text.text, bugcheck_name_at, NULL, ddi_bugcheck_count));
    bugcheck->code = bugcheck->row->code;
    return true;
  }
  if (value->kind == JSON_STRING) {
    Words words = words_begin(loader, value->text);
    if (!words_number(&words, 0, UINT32_MAX, &code) || !words_end(&words, false))
      return false;
  } else if (value->kind != JSON_NUMBER || value->is_fraction || value->is_negative || code > UINT32_MAX) {
    return load_expected(loader, value, "bugcheck", "the name or the code of a bug check, or \"any\"");
  }
  bugcheck->code = (uint32_t)code;
  bugcheck->row = ddi_bugcheck_find(bugcheck->code);
  return bugcheck->row != NULL || expect_never(loader, value->position, "unknown bug check 0x%X", bugcheck->code);
}

/* 2, "0x1f", "DISPATCH_LEVEL", "agent", "any process", "fw.classify", "any". */
static bool parameter_load(Loader *loader, const JsonValue *value, ExpectParameter *parameter) {
  ExpectName found;
  int64_t number;
  if (value->kind != JSON_STRING) {
    if (!words_value_whole(loader, value, "parameters", &number))
      return false;
    *parameter = (ExpectParameter){ .kind = EXPECT_PARAMETER_NUMBER, .number = (uint64_t)number };
    return true;
  }
  if (!load_text(loader, value, "parameters", &parameter->text))
    return false;
  const char *name = parameter->text.text;
  if (strcmp(name, "any") == 0)
    return true;
  if (expect_name_find(loader, name, &found)) {
    parameter->kind = found.is_any ? EXPECT_PARAMETER_OBJECT_KIND : found.is_code ? EXPECT_PARAMETER_CODE : EXPECT_PARAMETER_OBJECT;
    parameter->object_kind = found.kind;
    parameter->driver = found.driver;
    parameter->name = found.name;
    return true;
  }
  Words words = words_begin(loader, parameter->text);
  SimIrql irql;
  parameter->kind = EXPECT_PARAMETER_NUMBER;
  if (words_irql(&words, &irql) && words_is_end(&words)) {
    parameter->number = irql;
    return true;
  }
  const DdiStatus *status = ddi_status_find(name);
  if (status != NULL) {
    parameter->number = (uint64_t)(int64_t)status->value;
    return true;
  }
  const DdiConstant *constant = ddi_constant_find(name);
  if (constant == NULL && !g_ascii_isdigit(*name) && *name != '-')
    return expect_name_unknown(loader, &parameter->text, name);
  words = words_begin(loader, parameter->text);
  if (!words_value(&words, &number) || !words_end(&words, false))
    return false;
  parameter->number = (uint64_t)number;
  return true;
}

static bool parameters_load(Loader *loader, const JsonValue *value, Expectation *expectation) {
  if (value == NULL)
    return true;
  if (!load_list(loader, value, "parameters", "up to four parameters"))
    return false;
  if (value->count > 4)
    return load_fail(loader, value->items[4].position, "a bug check has four parameters");
  if (expectation->bugcheck.is_any && value->count > 0)
    return load_fail(loader, value->position, "\"parameters\" mean nothing for any bug check");
  for (size_t i = 0; i < value->count; i++)
    if (!parameter_load(loader, &value->items[i], &expectation->bugcheck.parameters[i]))
      return false;
  return true;
}

/* `INVALID_PROCESS_ATTACH_ATTEMPT (0x5) with agent, any process, 0, 1`. */
static const char *bugcheck_text(Loader *loader, const JsonValue *parameters, const ExpectBugcheck *bugcheck) {
  if (bugcheck->is_any)
    return "any bug check";
  g_autoptr(GString) text = g_string_new(NULL);
  g_string_append_printf(text, "%s (0x%X)", bugcheck->row->name, bugcheck->code);
  for (size_t i = 0; parameters != NULL && i < parameters->count; i++) {
    const JsonValue *parameter = &parameters->items[i];
    g_string_append(text, i == 0 ? " with " : ", ");
    if (parameter->kind == JSON_STRING)
      g_string_append(text, parameter->text.text);
    else
      g_string_append_printf(text, "%" G_GINT64_FORMAT, (gint64)bugcheck->parameters[i].number);
  }
  return load_string(loader, text->str);
}

bool expect_bugcheck_load(Loader *loader, const JsonValue *value, Expectation *expectation) {
  bool is_object = value->kind == JSON_OBJECT;
  expectation->kind = EXPECT_BUGCHECK;
  if (is_object && !load_object(loader, value, "bugcheck", LOAD_EXPECT_BUGCHECK))
    return false;
  const JsonValue *parameters = json_get(value, "parameters");
  if (!code_load(loader, is_object ? json_get(value, "bugcheck") : value, &expectation->bugcheck) ||
      !parameters_load(loader, parameters, expectation) || !expect_cpu_load(loader, json_get(value, "cpu"), &expectation->cpu))
    return false;
  expectation->text = bugcheck_text(loader, parameters, &expectation->bugcheck);
  return true;
}
