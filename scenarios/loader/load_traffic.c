#include "load.h"
#include "words.h"

#include <string.h>

/* ---- where it happens ---- */

static const char *process_name_at(const void *scenario, size_t index) { return ((const Scenario *)scenario)->processes[index].name.text; }

static bool context_process_parse(Words *words, ScenarioContext *context) {
  const Scenario *scenario = words->loader->scenario;
  if (!words_expect(words, "of"))
    return false;
  while (words->text.text[words->at] == ' ')
    words->at++;
  Text at = { words->text.text, NULL, text_position(&words->text, words->at) };
  const char *name = words_name(words);
  if (name == NULL)
    return words_fail(words, "the name of a process");
  context->process = scenario_process_find(scenario, name);
  return context->process != NULL ||
         load_unknown(words->loader, &at, "process", name, text_nearest(name, process_name_at, scenario, scenario->process_count));
}

/* [dpc | thread of PROCESS | system thread] [on] [cpu N] [at LEVEL] [(remark)] */
static bool context_parse(Words *words, ScenarioContext *context) {
  unsigned cpu_count = words->loader->scenario->machine.cpu_count;
  if (words_accept(words, "dpc")) {
    context->kind = SCENARIO_CONTEXT_DPC;
    context->cpu = 0;
    context->irql = SIM_IRQL_DISPATCH;
  } else if (words_accept(words, "thread")) {
    context->kind = SCENARIO_CONTEXT_THREAD;
    if (!context_process_parse(words, context))
      return false;
  } else if (words_accept(words, "system")) {
    context->kind = SCENARIO_CONTEXT_SYSTEM_THREAD;
    if (!words_expect(words, "thread"))
      return false;
  } else if (!words_is_next(words, "on") && !words_is_next(words, "cpu")) {
    return words_fail(words, "`dpc`, `thread of PROCESS`, `system thread` or `cpu N`");
  }
  if (words_accept(words, "on") || words_is_next(words, "cpu")) {
    uint64_t cpu;
    if (!words_expect(words, "cpu") || !words_number(words, 0, SIM_VCPU_COUNT_MAX - 1, &cpu))
      return false;
    if (cpu >= cpu_count)
      return load_fail(words->loader, words->text.position, "there is no cpu %u; this machine has %u", (unsigned)cpu, cpu_count);
    context->cpu = (int)cpu;
  }
  if (words_is_next(words, "at") && context->kind != SCENARIO_CONTEXT_THREAD && context->kind != SCENARIO_CONTEXT_SYSTEM_THREAD)
    return words_fail(words, "the end of the text (only a thread can be at a level of its own)");
  if (words_accept(words, "at")) {
    size_t begin = words->at;
    if (!words_irql(words, &context->irql) || context->irql > SIM_IRQL_DISPATCH) {
      words->at = begin;
      return words_fail(words, "PASSIVE_LEVEL, APC_LEVEL or DISPATCH_LEVEL");
    }
  }
  return words_end(words, true);
}

/* ---- what happens ---- */

typedef bool StimulusLoad(Loader *loader, const JsonValue *value, const char *key, ScenarioStimulus *stimulus);

static bool connection_load(Loader *loader, const JsonValue *value, const char *key, ScenarioStimulus *stimulus) {
  return words_connection_whole(loader, value, key, &stimulus->connection);
}

static bool dpc_load(Loader *loader, const JsonValue *value, const char *key, ScenarioStimulus *stimulus) {
  static const char *const types[] = { "KDEFERRED_ROUTINE", NULL };
  return load_routine(loader, value, key, types, &stimulus->routine);
}

static bool interrupt_load(Loader *loader, const JsonValue *value, const char *key, ScenarioStimulus *stimulus) {
  static const char *const types[] = { "KSERVICE_ROUTINE", NULL };
  return load_routine(loader, value, key, types, &stimulus->routine);
}

static bool work_item_load(Loader *loader, const JsonValue *value, const char *key, ScenarioStimulus *stimulus) {
  static const char *const types[] = { "IO_WORKITEM_ROUTINE", NULL };
  return load_routine(loader, value, key, types, &stimulus->routine);
}

static bool system_thread_load(Loader *loader, const JsonValue *value, const char *key, ScenarioStimulus *stimulus) {
  static const char *const types[] = { "KSTART_ROUTINE", NULL };
  return load_routine(loader, value, key, types, &stimulus->routine);
}

static bool unload_load(Loader *loader, const JsonValue *value, const char *key, ScenarioStimulus *stimulus) {
  Text text;
  return load_text(loader, value, key, &text) && load_driver_name(loader, &text, text.text, &stimulus->driver);
}

static bool page_out_load(Loader *loader, const JsonValue *value, const char *key, ScenarioStimulus *stimulus) {
  static const LoadWord words[] = { { "all", 0 } };
  unsigned all;
  (void)stimulus;
  return LOAD_WORD(loader, value, key, words, &all);
}

/* Keys that go with only some of them. */
enum { TAKES_BYTES = 1, TAKES_IRQL = 2, TAKES_CONTEXT = 4, TAKES_CPU = 8 };

static const struct {
  const char *key;
  ScenarioStimulusKind kind;
  unsigned takes;
  StimulusLoad *load;
} stimuli[] = {
  { "tcp connect", SCENARIO_TCP_CONNECT, TAKES_CONTEXT, connection_load },
  { "tcp data in", SCENARIO_TCP_DATA_IN, TAKES_BYTES | TAKES_CONTEXT, connection_load },
  { "tcp data out", SCENARIO_TCP_DATA_OUT, TAKES_BYTES | TAKES_CONTEXT, connection_load },
  { "tcp close", SCENARIO_TCP_CLOSE, TAKES_CONTEXT, connection_load },
  { "dpc", SCENARIO_DPC, TAKES_CPU, dpc_load },
  { "interrupt", SCENARIO_INTERRUPT, TAKES_CPU | TAKES_IRQL, interrupt_load },
  { "work item", SCENARIO_WORK_ITEM, TAKES_CPU, work_item_load },
  { "thread", SCENARIO_THREAD, TAKES_CPU, system_thread_load },
  { "unload", SCENARIO_UNLOAD, 0, unload_load },
  { "page out", SCENARIO_PAGE_OUT, 0, page_out_load },
};

/* The one key that says what happens. */
static bool stimulus_kind_find(Loader *loader, const JsonValue *value, size_t *kind) {
  bool is_found = false;
  for (size_t i = 0; i < G_N_ELEMENTS(stimuli); i++) {
    const JsonValue *part = json_get(value, stimuli[i].key);
    if (part == NULL)
      continue;
    if (is_found)
      return load_fail(loader, part->position, "a stimulus is one thing; this one is \"%s\" and \"%s\"", stimuli[*kind].key,
                       stimuli[i].key);
    is_found = true;
    *kind = i;
  }
  return is_found || load_fail(loader, value->position,
                               "this stimulus does nothing; expected one of \"tcp connect\", \"tcp data in\", \"tcp data "
                               "out\", \"tcp close\", \"dpc\", \"interrupt\", \"work item\", \"thread\", \"unload\", "
                               "\"page out\"");
}

/* An error where a key is there of which this kind of stimulus makes nothing. */
static bool is_wanted(Loader *loader, const JsonValue *value, const char *key, size_t kind, unsigned takes) {
  return value == NULL || (stimuli[kind].takes & takes) != 0 ||
         load_fail(loader, value->position, "\"%s\" means nothing for \"%s\"", key, stimuli[kind].key);
}

static bool details_load(Loader *loader, const JsonValue *value, size_t kind, ScenarioStimulus *stimulus) {
  const JsonValue *bytes = json_get(value, "bytes"), *irql = json_get(value, "irql"), *in = json_get(value, "in");
  if (!is_wanted(loader, bytes, "bytes", kind, TAKES_BYTES) || !is_wanted(loader, irql, "irql", kind, TAKES_IRQL) ||
      !is_wanted(loader, in, "in", kind, TAKES_CONTEXT | TAKES_CPU))
    return false;
  uint64_t level = stimulus->irql;
  if ((bytes != NULL && !load_number(loader, bytes, "bytes", 1, 1 << 20, &stimulus->byte_count)) ||
      (irql != NULL && !load_number(loader, irql, "irql", SIM_IRQL_DEVICE_LOWEST, SIM_IRQL_DEVICE_HIGHEST, &level)))
    return false;
  stimulus->irql = (SimIrql)level;
  if (in == NULL)
    return true;
  if (!load_text(loader, in, "in", &stimulus->context.text))
    return false;
  Words words = words_begin(loader, stimulus->context.text);
  if (!context_parse(&words, &stimulus->context))
    return false;
  if ((stimuli[kind].takes & TAKES_CPU) && stimulus->context.kind != SCENARIO_CONTEXT_DEFAULT)
    return load_fail(loader, in->position, "\"%s\" says where it runs; expected no more than \"cpu N\" here", stimuli[kind].key);
  return true;
}

static bool stimulus_load(Loader *loader, const JsonValue *value, ScenarioStimulus *stimulus) {
  size_t kind = 0;
  if (!load_object(loader, value, "traffic", LOAD_STIMULUS) || !stimulus_kind_find(loader, value, &kind))
    return false;
  *stimulus = (ScenarioStimulus){ .kind = stimuli[kind].kind, .times = 1, .byte_count = 1, .context.cpu = -1, .position = value->position };
  if (stimulus->kind == SCENARIO_INTERRUPT)
    stimulus->irql = 5;
  const JsonValue *every = json_get(value, "every"), *times = json_get(value, "times");
  if ((every == NULL) != (times == NULL))
    return load_fail(loader, (every != NULL ? every : times)->position, "\"every\" and \"times\" go together");
  return load_duration(loader, json_get(value, "at"), "at", &stimulus->at_ns) &&
         (every == NULL || (load_duration(loader, every, "every", &stimulus->every_ns) &&
                            load_number(loader, times, "times", 1, 1000000, &stimulus->times))) &&
         stimuli[kind].load(loader, json_get(value, stimuli[kind].key), stimuli[kind].key, stimulus) &&
         details_load(loader, value, kind, stimulus);
}

/* ---- connections that are named must have been made ---- */

static bool is_same_connection(const ScenarioConnection *a, const ScenarioConnection *b) {
  return a->local.address == b->local.address && a->local.port == b->local.port && a->remote.address == b->remote.address &&
         a->remote.port == b->remote.port;
}

static bool script_connects(const ScenarioScript *script, const ScenarioConnection *connection) {
  for (size_t i = 0; i < script->count; i++) {
    const ScriptOperation *operation = &script->operations[i];
    if ((operation->kind == SCRIPT_TCP_CONNECT && is_same_connection(&operation->connection, connection)) ||
        (operation->kind == SCRIPT_REPEAT && script_connects(operation->body, connection)))
      return true;
  }
  return false;
}

static bool is_connected(const Scenario *scenario, const ScenarioConnection *connection) {
  for (size_t i = 0; i < scenario->stimulus_count; i++)
    if (scenario->stimuli[i].kind == SCENARIO_TCP_CONNECT && is_same_connection(&scenario->stimuli[i].connection, connection))
      return true;
  for (size_t i = 0; i < scenario->process_count; i++)
    for (size_t j = 0; j < scenario->processes[i].thread_count; j++)
      if (script_connects(&scenario->processes[i].threads[j].script, connection))
        return true;
  return false;
}

bool load_traffic(Loader *loader, const JsonValue *value) {
  Scenario *scenario = loader->scenario;
  if (value == NULL)
    return true;
  if (!load_list(loader, value, "traffic", "stimuli, { \"at\": \"1ms\", ... }"))
    return false;
  ScenarioStimulus *list = load_new(loader, value->count, sizeof *list);
  scenario->stimuli = list;
  scenario->stimulus_count = value->count;
  for (size_t i = 0; i < value->count; i++)
    if (!stimulus_load(loader, &value->items[i], &list[i]))
      return false;
  for (size_t i = 0; i < value->count; i++) {
    bool needs_connection =
        list[i].kind == SCENARIO_TCP_DATA_IN || list[i].kind == SCENARIO_TCP_DATA_OUT || list[i].kind == SCENARIO_TCP_CLOSE;
    if (needs_connection && !is_connected(scenario, &list[i].connection))
      return load_fail(loader, list[i].connection.text.position, "nothing connects %s; expected a \"tcp connect\" of it",
                       list[i].connection.text.text);
  }
  return true;
}
