#include "expect_load.h"

#include "model/events.h"

#include <string.h>

static const char *kind_name_at(const void *names, size_t index) {
  (void)names;
  const char *name = model_event_name((unsigned)index);
  return strcmp(name, "?") == 0 ? NULL : name;
}

static bool kind_find(const char *name, unsigned *kind) {
  for (*kind = 1; *kind < EVENT_KIND_END; ++*kind) {
    const char *known = kind_name_at(NULL, *kind);
    if (known != NULL && strcmp(known, name) == 0)
      return true;
  }
  return false;
}

static bool has_function(unsigned kind) {
  switch (kind) {
  case EVENT_CALL:
  case EVENT_RETURN:
  case EVENT_CALLBACK:
  case EVENT_CALLBACK_RETURN:
  case EVENT_PHASE:
  case EVENT_CONTRACT_IRQL:
  case EVENT_CONTRACT_IRQL_RETURN:
  case EVENT_CONTRACT_POINTER:
  case EVENT_CONTRACT:
  case SIM_EVENT_IRQL: return true;
  default: return false;
  }
}

static bool object_load(Loader *loader, const Text *text, const char *name, ExpectEvent *event) {
  ExpectName found;
  if (!expect_name_find(loader, name, &found) || found.is_any)
    return expect_name_unknown(loader, text, name);
  event->object = found.name != NULL ? found.name : found.driver;
  return true;
}

/* "call FltSendMessage", "lock-acquire fw.gLock", "pend". */
static bool pattern_parse(Loader *loader, const Text *text, ExpectEvent *event) {
  *event = (ExpectEvent){ .cpu = -1, .irql = -1, .text = *text };
  const char *blank = strchr(text->text, ' ');
  g_autofree char *kind = blank == NULL ? g_strdup(text->text) : g_strndup(text->text, (gsize)(blank - text->text));
  if (!kind_find(kind, &event->kind))
    return expect_unknown(loader, text->position, "event", kind, text_nearest(kind, kind_name_at, NULL, EVENT_KIND_END));
  if (blank == NULL)
    return true;
  const char *name = blank + strspn(blank, " ");
  Text at = { name, NULL, text_position(text, (size_t)(name - text->text)) };
  if (!has_function(event->kind))
    return object_load(loader, &at, name, event);
  const DdiFunction *function;
  const DdiCallback *callback;
  if (!expect_function_load(loader, at.position, name, &function, &callback))
    return false;
  event->function = function != NULL ? function->id : callback->id;
  return true;
}

static bool irql_load(Loader *loader, const JsonValue *value, ExpectEvent *event) {
  uint64_t number;
  SimIrql irql;
  if (value->kind == JSON_STRING) {
    Words words = words_begin(loader, value->text);
    if (!words_irql(&words, &irql))
      return words_fail(&words, "an IRQL such as DISPATCH_LEVEL or DIRQL 5");
    event->irql = irql;
    return words_end(&words, false);
  }
  if (!load_number(loader, value, "irql", 0, SIM_IRQL_HIGH, &number))
    return false;
  event->irql = (int)number;
  return true;
}

static bool status_load(Loader *loader, const JsonValue *value, ExpectEvent *event) {
  const DdiStatus *status = value->kind == JSON_STRING ? ddi_status_find(value->text.text) : NULL;
  int64_t number = status != NULL ? status->value : 0;
  if (status == NULL && !words_value_whole(loader, value, "status", &number))
    return false;
  event->has_status = true;
  event->status = (int32_t)number;
  return true;
}

static bool details_load(Loader *loader, const JsonValue *value, ExpectEvent *event) {
  const JsonValue *object = json_get(value, "object"), *irql = json_get(value, "irql"), *status = json_get(value, "status"),
                  *detail = json_get(value, "detail");
  Text text;
  uint64_t number;
  if (object != NULL && (!load_text(loader, object, "object", &text) || !object_load(loader, &text, text.text, event)))
    return false;
  if (detail != NULL) {
    if (!load_number(loader, detail, "detail", 0, UINT32_MAX, &number))
      return false;
    event->has_detail = true;
    event->detail = (uint32_t)number;
  }
  return expect_cpu_load(loader, json_get(value, "cpu"), &event->cpu) && (irql == NULL || irql_load(loader, irql, event)) &&
         (status == NULL || status_load(loader, status, event));
}

/* A string, or an object with "event". */
static bool event_load(Loader *loader, const JsonValue *value, ExpectEvent *event) {
  Text text;
  bool is_object = value->kind == JSON_OBJECT;
  if (is_object && !load_object(loader, value, "event", LOAD_EXPECT_EVENT))
    return false;
  return load_text(loader, is_object ? json_get(value, "event") : value, "event", &text) && pattern_parse(loader, &text, event) &&
         (!is_object || details_load(loader, value, event));
}

/* `call FltSendMessage on cpu 0 at DISPATCH_LEVEL`. */
static void event_print(GString *text, const ExpectEvent *event) {
  g_string_append(text, event->text.text);
  if (event->object != NULL && !g_str_has_suffix(event->text.text, event->object))
    g_string_append_printf(text, " of %s", event->object);
  if (event->has_status && ddi_status_name(event->status) != NULL)
    g_string_append_printf(text, " = %s", ddi_status_name(event->status));
  else if (event->has_status)
    g_string_append_printf(text, " = 0x%X", (uint32_t)event->status);
  if (event->has_detail)
    g_string_append_printf(text, " (%u)", event->detail);
  if (event->cpu >= 0)
    g_string_append_printf(text, " on cpu %d", event->cpu);
  if (event->irql >= 0)
    g_string_append_printf(text, " at %s", sim_irql_name((SimIrql)event->irql));
}

bool expect_event_load(Loader *loader, const JsonValue *value, Expectation *expectation) {
  ExpectEvent *event = load_new(loader, 1, sizeof *event);
  expectation->kind = EXPECT_EVENT;
  expectation->events = event;
  expectation->event_count = 1;
  if (!event_load(loader, value, event) || !expect_count_load(loader, json_get(value, "count"), expectation))
    return false;
  g_autoptr(GString) text = g_string_new("event ");
  event_print(text, event);
  expect_count_print(text, expectation);
  expectation->text = load_string(loader, text->str);
  return true;
}

bool expect_order_load(Loader *loader, const JsonValue *value, Expectation *expectation) {
  if (!load_object(loader, value, "order", LOAD_EXPECT_ORDER))
    return false;
  const JsonValue *list = json_get(value, "order");
  if (!load_list(loader, list, "order", "events, in the order in which they follow one another"))
    return false;
  if (list->count < 2)
    return load_fail(loader, list->position, "an order is of two events or more");
  ExpectEvent *events = load_new(loader, list->count, sizeof *events);
  expectation->kind = EXPECT_ORDER;
  expectation->events = events;
  expectation->event_count = list->count;
  g_autoptr(GString) text = g_string_new("order");
  for (size_t i = 0; i < list->count; i++) {
    const JsonValue *count = json_get(&list->items[i], "count");
    if (!event_load(loader, &list->items[i], &events[i]))
      return false;
    if (count != NULL)
      return load_fail(loader, count->position, "\"count\" means nothing in an order");
    g_string_append(text, i == 0 ? " " : ", ");
    event_print(text, &events[i]);
  }
  expectation->text = load_string(loader, text->str);
  return true;
}
