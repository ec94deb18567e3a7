#include "load.h"

static bool thread_load(Loader *loader, const JsonMember *member, ScenarioThread *thread) {
  const JsonValue *value = &member->value;
  thread->name = member->key;
  thread->priority = 8;
  thread->cpu = -1;
  if (!load_name(loader, &thread->name, "thread"))
    return false;
  if (value->kind != JSON_OBJECT)
    return load_script(loader, value, member->key.text, &thread->script);
  if (!load_object(loader, value, member->key.text, LOAD_THREAD))
    return false;
  const JsonValue *priority = json_get(value, "priority"), *cpu = json_get(value, "cpu"), *start = json_get(value, "start");
  uint64_t number;
  if (priority != NULL) {
    if (!load_number(loader, priority, "priority", 1, 31, &number))
      return false;
    thread->priority = (unsigned)number;
  }
  if (cpu != NULL) {
    if (!load_number(loader, cpu, "cpu", 0, loader->scenario->machine.cpu_count - 1, &number))
      return false;
    thread->cpu = (int)number;
  }
  return (start == NULL || load_duration(loader, start, "start", &thread->start_ns)) &&
         load_script(loader, json_get(value, "do"), "do", &thread->script);
}

static bool process_load(Loader *loader, const JsonMember *member, ScenarioProcess *process) {
  process->name = member->key;
  if (!load_name(loader, &process->name, "process") || !load_object(loader, &member->value, member->key.text, LOAD_PROCESS))
    return false;
  const JsonValue *threads = json_get(&member->value, "threads");
  if (threads == NULL)
    return true;
  if (!load_named(loader, threads, "threads", "threads, { \"NAME\": [ ... ] }"))
    return false;
  ScenarioThread *list = load_new(loader, threads->count, sizeof *list);
  process->threads = list;
  process->thread_count = threads->count;
  for (size_t i = 0; i < threads->count; i++) {
    list[i].process = process;
    if (!thread_load(loader, &threads->members[i], &list[i]))
      return false;
  }
  return true;
}

bool load_processes(Loader *loader, const JsonValue *value) {
  Scenario *scenario = loader->scenario;
  if (value == NULL)
    return true;
  if (!load_named(loader, value, "processes", "processes, { \"NAME\": { \"threads\": { ... } } }"))
    return false;
  ScenarioProcess *processes = load_new(loader, value->count, sizeof *processes);
  scenario->processes = processes;
  scenario->process_count = value->count;
  for (size_t i = 0; i < value->count; i++) {
    processes[i].number = (unsigned)i;
    if (!process_load(loader, &value->members[i], &processes[i]))
      return false;
    if (scenario_driver_find(scenario, processes[i].name.text) != NULL)
      return load_fail(loader, processes[i].name.position, "\"%s\" is the name of a driver, too", processes[i].name.text);
  }
  return true;
}
