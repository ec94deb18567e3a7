#include "load.h"

#include <string.h>

/* ---- Driver Verifier ---- */

static const LoadWord verifier_flags[] = {
  { "standard", SCENARIO_VERIFIER_STANDARD },
  { "special_pool", SCENARIO_VERIFIER_SPECIAL_POOL },
  { "force_irql_checking", SCENARIO_VERIFIER_FORCE_IRQL },
  { "low_resources", SCENARIO_VERIFIER_LOW_RESOURCES },
  { "pool_tracking", SCENARIO_VERIFIER_POOL_TRACKING },
  { "io_verification", SCENARIO_VERIFIER_IO },
  { "deadlock_detection", SCENARIO_VERIFIER_DEADLOCK },
  { "security_checks", SCENARIO_VERIFIER_SECURITY },
  { "miscellaneous_checks", SCENARIO_VERIFIER_MISCELLANEOUS },
  { "ddi_compliance", SCENARIO_VERIFIER_DDI },
};

/* true, false, or a list of flags. */
static bool verifier_value_load(Loader *loader, const JsonValue *value, uint32_t *flags) {
  *flags = 0;
  if (value->kind == JSON_BOOLEAN) {
    *flags = value->boolean ? SCENARIO_VERIFIER_STANDARD : 0;
    return true;
  }
  if (value->kind != JSON_LIST)
    return load_expected(loader, value, "verifier", "true, false or a list of flags");
  for (size_t i = 0; i < value->count; i++) {
    unsigned flag;
    if (!LOAD_WORD(loader, &value->items[i], "verifier", verifier_flags, &flag))
      return false;
    *flags |= flag;
  }
  return true;
}

static bool verifier_load(Loader *loader, const JsonValue *value) {
  ScenarioDriver *drivers = (ScenarioDriver *)loader->scenario->drivers; /* ours until loading ends */
  uint32_t flags;
  if (value->kind != JSON_OBJECT) {
    if (!verifier_value_load(loader, value, &flags))
      return false;
    for (size_t i = 0; i < loader->scenario->driver_count; i++)
      drivers[i].verifier_flags = flags;
    return true;
  }
  for (size_t i = 0; i < value->count; i++) {
    const ScenarioDriver *driver;
    if (!load_driver_name(loader, &value->members[i].key, value->members[i].key.text, &driver) ||
        !verifier_value_load(loader, &value->members[i].value, &drivers[driver->number].verifier_flags))
      return false;
  }
  return true;
}

/* ---- quirks ---- */

static bool leak_path_load(Loader *loader, const JsonValue *value, ScenarioMachine *machine) {
  static const LoadWord paths[] = {
    { "always", SCENARIO_LEAK_ALWAYS },
    { "error_return", SCENARIO_LEAK_ERROR_RETURN },
    { "flow_closing", SCENARIO_LEAK_FLOW_CLOSING },
    { "inline_completion", SCENARIO_LEAK_INLINE_COMPLETION },
    { "lower_callout_blocks", SCENARIO_LEAK_LOWER_CALLOUT_BLOCKS },
  };
  bool is_list = value->kind == JSON_LIST;
  if (is_list && value->count == 0)
    return load_expected(loader, value, "leak_path", "at least one path");
  for (size_t i = 0; i < (is_list ? value->count : 1); i++) {
    unsigned path;
    if (!LOAD_WORD(loader, is_list ? &value->items[i] : value, "leak_path", paths, &path))
      return false;
    machine->leak_paths |= path;
  }
  return true;
}

/* What KB2664888 put right was in Windows from Vista SP2 to 7 SP1. With a later one a scenario asks what that would make of it. */
static bool netio_load(Loader *loader, const JsonValue *netio, const JsonValue *leak_path, ScenarioMachine *machine) {
  static const LoadWord versions[] = { { "fixed", SCENARIO_NETIO_FIXED }, { "before-kb2664888", SCENARIO_NETIO_BEFORE_KB2664888 } };
  unsigned version = SCENARIO_NETIO_FIXED;
  if (netio != NULL && !LOAD_WORD(loader, netio, "netio", versions, &version))
    return false;
  machine->netio = version;
  if (version == SCENARIO_NETIO_FIXED) {
    if (leak_path != NULL)
      return load_fail(loader, leak_path->position, "\"leak_path\" means nothing without \"netio\": \"before-kb2664888\"");
    return true;
  }
  machine->leak_paths = leak_path == NULL ? SCENARIO_LEAK_FLOW_CLOSING | SCENARIO_LEAK_LOWER_CALLOUT_BLOCKS : 0;
  return leak_path == NULL || leak_path_load(loader, leak_path, machine);
}

static bool quirks_load(Loader *loader, const JsonValue *value, ScenarioMachine *machine) {
  static const LoadWord waits[] = { { "switch", SCENARIO_WAIT_SWITCH }, { "hang", SCENARIO_WAIT_HANG } };
  static const LoadWord orders[] = { { "attach_first", SCENARIO_FLTSEND_ATTACH_FIRST }, { "wait_first", SCENARIO_FLTSEND_WAIT_FIRST } };
  static const LoadWord pagings[] = { { "resident", SCENARIO_PAGING_RESIDENT },
                                      { "trimmed", SCENARIO_PAGING_TRIMMED },
                                      { "any", SCENARIO_PAGING_ANY } };
  const JsonValue *wait = json_get(value, "wait_at_dispatch"), *order = json_get(value, "fltsend_order"),
                  *paging = json_get(value, "paging");
  unsigned word = 0;
  if (wait != NULL && !LOAD_WORD(loader, wait, "wait_at_dispatch", waits, &word))
    return false;
  machine->wait_at_dispatch = word;
  word = 0;
  if (order != NULL && !LOAD_WORD(loader, order, "fltsend_order", orders, &word))
    return false;
  machine->fltsend_order = word;
  word = 0;
  if (paging != NULL && !LOAD_WORD(loader, paging, "paging", pagings, &word))
    return false;
  machine->paging = word;
  return netio_load(loader, json_get(value, "netio"), json_get(value, "leak_path"), machine);
}

/* ---- the machine ---- */

static bool windows_load(Loader *loader, const JsonValue *value, DdiWindows *windows) {
  LoadWord words[32];
  size_t count = MIN(ddi_windows_name_count, G_N_ELEMENTS(words));
  for (size_t i = 0; i < count; i++)
    words[i] = (LoadWord){ ddi_windows_names[i].name, ddi_windows_names[i].version };
  unsigned version;
  if (!load_word(loader, value, "windows", words, count, &version))
    return false;
  *windows = version;
  return true;
}

bool load_machine(Loader *loader, const JsonValue *value) {
  ScenarioMachine *machine = &loader->scenario->machine;
  *machine = (ScenarioMachine){ .cpu_count = 2, .windows = DDI_WINDOWS_10, .position = loader->scenario->document->root.position };
  if (value == NULL)
    return true;
  machine->position = value->position;
  if (!load_object(loader, value, "machine", LOAD_MACHINE))
    return false;
  const JsonValue *cpus = json_get(value, "cpus"), *windows = json_get(value, "windows"), *verifier = json_get(value, "verifier");
  uint64_t cpu_count = machine->cpu_count;
  if ((cpus != NULL && !load_number(loader, cpus, "cpus", 1, SIM_VCPU_COUNT_MAX, &cpu_count)) ||
      (windows != NULL && !windows_load(loader, windows, &machine->windows)) || (verifier != NULL && !verifier_load(loader, verifier)))
    return false;
  machine->cpu_count = (unsigned)cpu_count;
  return quirks_load(loader, value, machine);
}

/* ---- how it is run ---- */

bool load_budget(Loader *loader, const JsonValue *value) {
  SimLimits *limits = &loader->scenario->limits;
  *limits = sim_limits_default;
  if (value == NULL)
    return true;
  if (!load_object(loader, value, "budget", LOAD_BUDGET))
    return false;
  const struct {
    const char *key;
    uint64_t *limit;
    bool is_time;
  } rows[] = {
    { "steps", &limits->steps, false },       { "events", &limits->events, false },
    { "accesses", &limits->accesses, false }, { "virtual_time", &limits->virtual_ns, true },
    { "host_time", &limits->host_ns, true },
  };
  for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
    const JsonValue *limit = json_get(value, rows[i].key);
    if (limit == NULL)
      continue;
    if (!(rows[i].is_time ? load_duration(loader, limit, rows[i].key, rows[i].limit)
                          : load_number(loader, limit, rows[i].key, 1, UINT32_MAX, rows[i].limit)))
      return false;
    if (*rows[i].limit == 0)
      return load_expected(loader, limit, rows[i].key, "a time above zero");
  }
  return true;
}
