#include "expect_load.h"

#include <string.h>

/* ---- what can be said of what ---- */

typedef struct StateWord {
  const char *word;
  ExpectStateValue is;
  unsigned kinds; /* bits of ExpectStateKind */
} StateWord;

static const StateWord state_words[] = {
  { "permitted", EXPECT_IS_PERMITTED, 1 << EXPECT_STATE_CONNECTION },
  { "blocked", EXPECT_IS_BLOCKED, 1 << EXPECT_STATE_CONNECTION },
  { "pending", EXPECT_IS_PENDING, 1 << EXPECT_STATE_CONNECTION },
  { "closed", EXPECT_IS_CLOSED, 1 << EXPECT_STATE_CONNECTION },
  { "none", EXPECT_IS_NONE, 1 << EXPECT_STATE_CONNECTION },
  { "running", EXPECT_IS_RUNNING, 1 << EXPECT_STATE_THREAD },
  { "ready", EXPECT_IS_READY, 1 << EXPECT_STATE_THREAD },
  { "waiting", EXPECT_IS_WAITING, 1 << EXPECT_STATE_THREAD },
  { "ended", EXPECT_IS_ENDED, 1 << EXPECT_STATE_THREAD },
  { "idle", EXPECT_IS_IDLE, 1 << EXPECT_STATE_CPU },
  { "spinning", EXPECT_IS_SPINNING, 1 << EXPECT_STATE_CPU },
  { "hung", EXPECT_IS_HUNG, 1 << EXPECT_STATE_CPU },
  { "loaded", EXPECT_IS_LOADED, 1 << EXPECT_STATE_DRIVER },
  { "unloaded", EXPECT_IS_UNLOADED, 1 << EXPECT_STATE_DRIVER },
};

static bool value_load(Loader *loader, const JsonValue *value, ExpectState *state) {
  Text text;
  if (!load_text(loader, value, "is", &text))
    return false;
  const char *names[G_N_ELEMENTS(state_words)];
  size_t count = 0;
  for (size_t i = 0; i < G_N_ELEMENTS(state_words); i++) {
    if (!(state_words[i].kinds & (1u << state->kind)))
      continue;
    names[count++] = state_words[i].word;
    if (strcmp(state_words[i].word, text.text) == 0) {
      state->is = state_words[i].is;
      return true;
    }
  }
  Words words = words_begin(loader, text);
  if (state->kind == EXPECT_STATE_CPU && words_irql(&words, &state->irql) && words_is_end(&words)) {
    state->is = EXPECT_IS_AT_IRQL;
    return true;
  }
  g_autoptr(GString) expected = g_string_new(NULL);
  for (size_t i = 0; i < count; i++)
    g_string_append_printf(expected, "%s\"%s\"", i == 0 ? "" : i == count - 1 ? " or " : ", ", names[i]);
  if (state->kind == EXPECT_STATE_CPU)
    g_string_append(expected, ", or an IRQL");
  g_autofree char *suggestion = text_suggestion(text_nearest_of(text.text, names, count));
  return load_fail(loader, text.position, "\"is\": expected %s, found \"%s\"%s", expected->str, text.text, suggestion);
}

/* ---- of what ---- */

static bool script_connects_from(const ScenarioScript *script, const ScenarioEndpoint *end) {
  for (size_t i = 0; i < script->count; i++) {
    const ScriptOperation *operation = &script->operations[i];
    if ((operation->kind == SCRIPT_TCP_CONNECT && operation->connection.local.address == end->address &&
         operation->connection.local.port == end->port) ||
        (operation->kind == SCRIPT_REPEAT && script_connects_from(operation->body, end)))
      return true;
  }
  return false;
}

static bool is_connected_from(const Scenario *scenario, const ScenarioEndpoint *end) {
  for (size_t i = 0; i < scenario->stimulus_count; i++) {
    const ScenarioStimulus *stimulus = &scenario->stimuli[i];
    if (stimulus->kind == SCENARIO_TCP_CONNECT && stimulus->connection.local.address == end->address &&
        stimulus->connection.local.port == end->port)
      return true;
  }
  for (size_t i = 0; i < scenario->process_count; i++)
    for (size_t j = 0; j < scenario->processes[i].thread_count; j++)
      if (script_connects_from(&scenario->processes[i].threads[j].script, end))
        return true;
  return false;
}

static bool connection_parse(Words *words, ExpectState *state) {
  ScenarioEndpoint end;
  TextPosition position = words->text.position;
  if (!words_endpoint(words, &end))
    return false;
  state->kind = EXPECT_STATE_CONNECTION;
  state->address = end.address;
  state->port = end.port;
  return is_connected_from(words->loader->scenario, &end) ||
         expect_never(words->loader, position, "nothing connects from %u.%u.%u.%u:%u", end.address >> 24, end.address >> 16 & 255,
                      end.address >> 8 & 255, end.address & 255, end.port);
}

static bool thread_parse(Words *words, ExpectState *state) {
  const Scenario *scenario = words->loader->scenario;
  state->kind = EXPECT_STATE_THREAD;
  state->process = words_name(words);
  if (state->process == NULL || !words_accept(words, ".") || (state->name = words_name(words)) == NULL)
    return words_fail(words, "a thread, PROCESS.THREAD");
  const ScenarioProcess *process = scenario_process_find(scenario, state->process);
  if (process != NULL && scenario_thread_find(process, state->name) != NULL)
    return true;
  g_autofree char *name = g_strdup_printf("%s.%s", state->process, state->name);
  return expect_name_unknown(words->loader, &words->text, name);
}

static bool cpu_parse(Words *words, ExpectState *state) {
  uint64_t number;
  state->kind = EXPECT_STATE_CPU;
  if (!words_number(words, 0, SIM_VCPU_COUNT_MAX - 1, &number))
    return false;
  state->number = (unsigned)number;
  unsigned cpu_count = words->loader->scenario->machine.cpu_count;
  return number < cpu_count ||
         expect_never(words->loader, words->text.position, "there is no cpu %u; this machine has %u", state->number, cpu_count);
}

static bool driver_parse(Words *words, ExpectState *state) {
  state->kind = EXPECT_STATE_DRIVER;
  state->name = words_name(words);
  if (state->name == NULL)
    return words_fail(words, "the name of a driver");
  return scenario_driver_find(words->loader->scenario, state->name) != NULL ||
         expect_name_unknown(words->loader, &words->text, state->name);
}

bool expect_state_load(Loader *loader, const JsonValue *value, Expectation *expectation) {
  Text text;
  expectation->kind = EXPECT_STATE;
  if (!load_object(loader, value, "state", LOAD_EXPECT_STATE) || !load_text(loader, json_get(value, "state"), "state", &text))
    return false;
  Words words = words_begin(loader, text);
  ExpectState *state = &expectation->state;
  bool ok = words_accept(&words, "connection") ? connection_parse(&words, state)
            : words_accept(&words, "thread")   ? thread_parse(&words, state)
            : words_accept(&words, "cpu")      ? cpu_parse(&words, state)
            : words_accept(&words, "driver")
                ? driver_parse(&words, state)
                : words_fail(&words, "`connection A.B.C.D:PORT`, `thread PROCESS.THREAD`, `cpu N` or `driver NAME`");
  const JsonValue *is = json_get(value, "is");
  if (!ok || !words_end(&words, false) || !value_load(loader, is, state))
    return false;
  expectation->text = load_format(loader, "%s is %s", text.text, is->text.text);
  return true;
}

/* ---- globals ---- */

static const char *global_name_at(const void *driver, size_t index) { return ((const ScenarioDriver *)driver)->globals[index].name.text; }

bool expect_global_load(Loader *loader, const JsonValue *value, Expectation *expectation) {
  Text text;
  ExpectGlobal *global = &expectation->global;
  expectation->kind = EXPECT_GLOBAL;
  if (!load_object(loader, value, "global", LOAD_EXPECT_GLOBAL) || !load_text(loader, json_get(value, "global"), "global", &text))
    return false;
  const char *dot = strchr(text.text, '.');
  if (dot == NULL || dot[1] == '\0')
    return load_expected(loader, json_get(value, "global"), "global", "a global of a driver, \"DRIVER.NAME\"");
  g_autofree char *owner = g_strndup(text.text, (gsize)(dot - text.text));
  const ScenarioDriver *driver = scenario_driver_find(loader->scenario, owner);
  if (driver == NULL)
    return expect_name_unknown(loader, &text, owner);
  global->driver = driver->name.text;
  global->name = dot + 1;
  if (!driver->is_source && scenario_global_find(driver, global->name) == NULL) {
    g_autofree char *kind = g_strdup_printf("global of %s", owner);
    return expect_unknown(loader, text.position, kind, global->name,
                          text_nearest(global->name, global_name_at, driver, driver->global_count));
  }
  if (!words_value_whole(loader, json_get(value, "is"), "is", &global->value))
    return false;
  expectation->text = load_format(loader, "%s is %" G_GINT64_FORMAT, text.text, global->value);
  return true;
}
