/*
 * load_script.c: what user-mode threads do, as words: "connect(gPort)", "get(message, 100ms)", "reply(message, TRUE)", "delay(5ms)",
 * "tcp connect 10.0.0.1:49152 -> 192.0.2.7:443", "send 100 bytes", "close", "ioctl(fw, 0x222003)", "exit", "exit process";
 * {"for ever": [...]} and {"repeat": 3, "do": [...]}.
 */
#include "load.h"
#include "words.h"

#include <string.h>

/* ---- ports ---- */

static bool is_port_type(const ScenarioVariable *global) {
  const char *type = global->declaration.text;
  return g_str_has_prefix(type, "PFLT_PORT") && (type[9] == '\0' || strchr(" \t=", type[9]) != NULL);
}

static const char *port_global_at(const void *globals, size_t index) { return g_ptr_array_index((GPtrArray *)globals, index); }

/* The global of that name that is a port; `driver_name` NULL: of any driver, but of one only. */
static bool port_global_find(Words *words, TextPosition position, const char *driver_name, const char *name, ScenarioPort *port) {
  const Scenario *scenario = words->loader->scenario;
  g_autoptr(GPtrArray) known = g_ptr_array_new();
  for (size_t i = 0; i < scenario->driver_count; i++) {
    const ScenarioDriver *driver = &scenario->drivers[i];
    for (size_t j = 0; j < driver->global_count; j++) {
      const char *global = driver->globals[j].name.text;
      if (!is_port_type(&driver->globals[j]))
        continue;
      g_ptr_array_add(known, (char *)global);
      if (strcmp(global, name) != 0 || (driver_name != NULL && strcmp(driver->name.text, driver_name) != 0))
        continue;
      if (port->driver != NULL)
        return load_fail(words->loader, position, "%s is a port of %s and of %s; write which: %s.%s", name, port->driver->name.text,
                         driver->name.text, driver->name.text, name);
      *port = (ScenarioPort){ .driver = driver, .global = global };
    }
  }
  if (port->driver == NULL) {
    g_autofree char *suggestion = text_suggestion(text_nearest(name, port_global_at, known, known->len));
    return load_fail(words->loader, position, "no driver has a global \"%s\" of type PFLT_PORT%s", name, suggestion);
  }
  if (port->driver->driver_entry != NULL)
    return load_fail(words->loader, position, "%s opens its ports itself, in DriverEntry; name the port: connect(\\\"\\\\\\\\NAME\\\")",
                     port->driver->name.text);
  return true;
}

static bool port_parse(Words *words, ScenarioPort *port) {
  TextPosition position = text_position(&words->text, words->at);
  *port = (ScenarioPort){ .name = words_string(words) };
  if (port->name != NULL && *port->name == '\0')
    return load_fail(words->loader, position, "the name of a port is empty");
  if (port->name != NULL)
    return *port->name == '\\' ||
           load_fail(words->loader, position,
                     "a port's name begins with a backslash, of which a string of C in one of JSON needs four: connect(\\\"\\\\\\\\%s\\\")",
                     port->name);
  const char *name = words_name(words), *driver = NULL;
  if (name != NULL && words_accept(words, ".")) {
    driver = name;
    name = words_name(words);
  }
  if (name == NULL)
    return words_fail(words, "a port: a driver's PFLT_PORT global, or its name as a string");
  return port_global_find(words, position, driver, name, port);
}

/* ---- one operation ---- */

static bool connect_parse(Words *words, ScriptOperation *operation) {
  return words_expect(words, "(") && port_parse(words, &operation->port) && words_expect(words, ")");
}

static bool get_parse(Words *words, ScriptOperation *operation) {
  operation->duration_ns = SCENARIO_FOREVER;
  return words_expect(words, "(") && words_expect(words, "message") &&
         (!words_accept(words, ",") || words_duration(words, &operation->duration_ns)) && words_expect(words, ")");
}

static bool reply_parse(Words *words, ScriptOperation *operation) {
  int64_t value;
  if (!words_expect(words, "(") || !words_expect(words, "message") || !words_expect(words, ",") || !words_value(words, &value))
    return false;
  operation->value = (uint64_t)value;
  return (!words_accept(words, ",") || words_number(words, 1, 4096, &operation->length)) && words_expect(words, ")");
}

static bool delay_parse(Words *words, ScriptOperation *operation) {
  return words_expect(words, "(") && words_duration(words, &operation->duration_ns) && words_expect(words, ")");
}

static bool tcp_connect_parse(Words *words, ScriptOperation *operation) {
  return words_expect(words, "connect") && words_connection(words, &operation->connection);
}

static bool send_parse(Words *words, ScriptOperation *operation) {
  return words_number(words, 1, 1 << 20, &operation->number) && (words_accept(words, "byte") || words_expect(words, "bytes"));
}

static bool nothing_parse(Words *words, ScriptOperation *operation) {
  (void)words;
  (void)operation;
  return true;
}

static bool ioctl_parse(Words *words, ScriptOperation *operation) {
  if (!words_expect(words, "("))
    return false;
  operation->device = words_string(words);
  if (operation->device == NULL) {
    Text at = { words->text.text, NULL, text_position(&words->text, words->at) };
    const char *name = words_name(words);
    if (name == NULL)
      return words_fail(words, "a driver, or the name of a device as a string");
    if (!load_driver_name(words->loader, &at, name, &operation->driver))
      return false;
  }
  int64_t code;
  if (!words_expect(words, ",") || !words_value(words, &code))
    return false;
  operation->value = (uint32_t)code;
  return words_expect(words, ")");
}

static bool exit_parse(Words *words, ScriptOperation *operation) {
  if (words_accept(words, "process"))
    operation->kind = SCRIPT_EXIT_PROCESS;
  return true;
}

static const struct {
  const char *word;
  ScriptKind kind;
  bool (*parse)(Words *, ScriptOperation *);
} verbs[] = {
  { "connect", SCRIPT_CONNECT, connect_parse },
  { "disconnect", SCRIPT_DISCONNECT, nothing_parse },
  { "get", SCRIPT_GET, get_parse },
  { "reply", SCRIPT_REPLY, reply_parse },
  { "delay", SCRIPT_DELAY, delay_parse },
  { "tcp", SCRIPT_TCP_CONNECT, tcp_connect_parse },
  { "send", SCRIPT_TCP_SEND, send_parse },
  { "close", SCRIPT_TCP_CLOSE, nothing_parse },
  { "ioctl", SCRIPT_IOCTL, ioctl_parse },
  { "exit", SCRIPT_EXIT, exit_parse },
};

static const char *verb_at(const void *names, size_t index) {
  (void)names;
  return verbs[index].word;
}

static bool operation_parse(Loader *loader, Text text, ScriptOperation *operation) {
  Words words = words_begin(loader, text);
  for (size_t i = 0; i < G_N_ELEMENTS(verbs); i++)
    if (words_accept(&words, verbs[i].word)) {
      operation->kind = verbs[i].kind;
      return verbs[i].parse(&words, operation) && words_end(&words, false);
    }
  const char *name = words_name(&words);
  g_autofree char *quoted = text_quote(text.text);
  g_autofree char *suggestion = text_suggestion(name == NULL ? NULL : text_nearest(name, verb_at, NULL, G_N_ELEMENTS(verbs)));
  return load_fail(loader, text.position, "%s is nothing a thread can do%s", quoted,
                   *suggestion != '\0' ? suggestion
                                       : "; expected connect, disconnect, get, reply, delay, tcp connect, send, close, ioctl or exit");
}

/* ---- loops and lists ---- */

static bool loop_load(Loader *loader, const JsonValue *value, ScriptOperation *operation) {
  bool is_forever = json_get(value, "repeat") == NULL && json_get(value, "do") == NULL;
  if (!load_object(loader, value, "do", is_forever ? LOAD_SCRIPT_FOREVER : LOAD_SCRIPT_REPEAT))
    return false;
  operation->kind = SCRIPT_REPEAT;
  operation->number = SCENARIO_FOREVER;
  const char *key = is_forever ? "for ever" : "do";
  const JsonValue *list = json_get(value, key);
  if (!is_forever && !load_number(loader, json_get(value, "repeat"), "repeat", 1, 1000000, &operation->number))
    return false;
  ScenarioScript *body = load_new(loader, 1, sizeof *body);
  operation->body = body;
  if (!load_script(loader, list, key, body))
    return false;
  return body->count > 0 || load_expected(loader, list, key, "something to do in the loop");
}

bool load_script(Loader *loader, const JsonValue *value, const char *key, ScenarioScript *script) {
  if (!load_list(loader, value, key, "what the thread does"))
    return false;
  ScriptOperation *operations = load_new(loader, value->count, sizeof *operations);
  script->operations = operations;
  script->count = value->count;
  for (size_t i = 0; i < value->count; i++) {
    const JsonValue *item = &value->items[i];
    operations[i].text = (Text){ "", NULL, item->position };
    if (item->kind == JSON_OBJECT) {
      if (!loop_load(loader, item, &operations[i]))
        return false;
    } else if (!load_text(loader, item, key, &operations[i].text) || !operation_parse(loader, operations[i].text, &operations[i])) {
      return false;
    }
  }
  return true;
}
