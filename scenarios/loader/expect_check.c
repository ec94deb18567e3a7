/*
 * expect_check.c: expectations that can never hold, found before anything runs: what this machine cannot do, callbacks that nobody registers,
 * and expectations that contradict each other.
 */
#include "expect_load.h"

#include "model/events.h"

#include <string.h>

typedef struct Checker {
  Loader *loader;
  GHashTable *mentions; /* words of all steps */
} Checker;

/* ---- what the machine cannot do ---- */

static bool windows_check(Loader *loader, const Expectation *expectation) {
  const DdiBugcheck *row = expectation->bugcheck.row;
  DdiWindows windows = loader->scenario->machine.windows;
  if (expectation->kind != EXPECT_BUGCHECK || row == NULL || row->since <= windows)
    return true;
  return expect_never(loader, expectation->position, "bug check 0x%X needs %s or later; this machine is %s", row->code,
                      ddi_windows_title(row->since), ddi_windows_title(windows));
}

/* 0xC4 is Driver Verifier's. */
static bool verifier_check(Loader *loader, const Expectation *expectation) {
  const Scenario *scenario = loader->scenario;
  if (expectation->kind != EXPECT_BUGCHECK || expectation->bugcheck.code != 0xc4)
    return true;
  for (size_t i = 0; i < scenario->driver_count; i++)
    if (scenario->drivers[i].verifier_flags != 0)
      return true;
  return expect_never(loader, expectation->position,
                      "bug check 0xC4 is Driver Verifier's; expected \"verifier\" on for a driver of this machine");
}

/* ---- callbacks that nobody registers ---- */

/* Every word in the steps and declarations of all drivers: what is in none of them, nobody hands to Windows or calls. */
static void words_collect(GHashTable *words, const char *text) {
  while (*text != '\0') {
    size_t length = 0;
    while (g_ascii_isalnum(text[length]) || text[length] == '_')
      length++;
    if (length > 0)
      g_hash_table_add(words, g_strndup(text, length));
    text += length > 0 ? length : 1;
  }
}

static void value_collect(GHashTable *words, const JsonValue *value) {
  if (value->kind == JSON_STRING)
    words_collect(words, value->text.text);
  for (size_t i = 0; i < value->count; i++)
    value_collect(words, value->kind == JSON_LIST ? &value->items[i] : &value->members[i].value);
}

static void variables_collect(GHashTable *words, const ScenarioVariable *variables, size_t count) {
  for (size_t i = 0; i < count; i++)
    words_collect(words, variables[i].declaration.text);
}

/* Returns owned; for look-up only. */
static GHashTable *mentions_collect(const Scenario *scenario) {
  GHashTable *words = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  for (size_t i = 0; i < scenario->driver_count; i++) {
    const ScenarioDriver *driver = &scenario->drivers[i];
    variables_collect(words, driver->globals, driver->global_count);
    for (size_t j = 0; j < driver->function_count; j++) {
      variables_collect(words, driver->functions[j].locals, driver->functions[j].local_count);
      value_collect(words, driver->functions[j].body);
    }
  }
  return words;
}

static bool is_routine(const ScenarioRoutine *routine, const ScenarioFunction *function) { return routine->function == function; }

/* Is there anything that could make Windows or the driver call it? */
static bool function_is_reachable(const Checker *checker, const ScenarioFunction *function) {
  const Scenario *scenario = checker->loader->scenario;
  if (function == function->driver->driver_entry || function == function->driver->unload ||
      g_hash_table_contains(checker->mentions, function->name.text))
    return true;
  for (size_t i = 0; i < scenario->callout_count; i++) {
    const ScenarioCallout *callout = &scenario->callouts[i];
    if (is_routine(&callout->classify, function) || is_routine(&callout->notify, function) || is_routine(&callout->flow_delete, function))
      return true;
  }
  for (size_t i = 0; i < scenario->stimulus_count; i++)
    if (is_routine(&scenario->stimuli[i].routine, function))
      return true;
  return false;
}

static bool where_check(const Checker *checker, const Expectation *expectation) {
  const ExpectFinding *finding = &expectation->finding;
  if (expectation->kind != EXPECT_FINDING || finding->where_function == NULL)
    return true;
  const ScenarioDriver *driver = scenario_driver_find(checker->loader->scenario, finding->where_driver);
  const ScenarioFunction *function = scenario_function_find(driver, finding->where_function);
  return function == NULL || function_is_reachable(checker, function) ||
         expect_never(checker->loader, expectation->position, "nobody registers or calls %s.%s", finding->where_driver,
                      finding->where_function);
}

/* Could a driver of this scenario have a callback of that type? A function without a type may become one where it is handed over. */
static bool callback_is_possible(const Checker *checker, const DdiCallback *callback) {
  const Scenario *scenario = checker->loader->scenario;
  for (size_t i = 0; i < scenario->driver_count; i++) {
    const ScenarioDriver *driver = &scenario->drivers[i];
    if (driver->is_source)
      return true;
    for (size_t j = 0; j < driver->function_count; j++) {
      const ScenarioFunction *function = &driver->functions[j];
      bool has_type = function->callback != NULL || function->parameter_count > 0 || function->returns.text != NULL;
      if ((function->callback == callback || !has_type) && function_is_reachable(checker, function))
        return true;
    }
  }
  return false;
}

static bool callback_check(const Checker *checker, const Expectation *expectation) {
  const DdiCallback *callback = expectation->kind == EXPECT_FINDING ? expectation->finding.callback : NULL;
  TextPosition position = expectation->position;
  for (size_t i = 0; i < expectation->event_count && callback == NULL; i++) {
    callback = expectation->events[i].function == 0 ? NULL : ddi_callback_by_id(expectation->events[i].function);
    position = expectation->events[i].text.position;
  }
  return callback == NULL || callback_is_possible(checker, callback) ||
         expect_never(checker->loader, position, "no driver registers a callback of type %s", callback->name);
}

/* ---- contradictions ---- */

static bool is_asked_alike(const char *general, const char *special) {
  return general == NULL || (special != NULL && strcmp(general, special) == 0);
}

static bool parameter_covers(const ExpectParameter *general, const ExpectParameter *special) {
  if (general->kind == EXPECT_PARAMETER_ANY)
    return true;
  if (general->kind == EXPECT_PARAMETER_OBJECT_KIND && special->kind == EXPECT_PARAMETER_OBJECT)
    return general->object_kind == special->object_kind;
  if (general->kind != special->kind || general->number != special->number || general->object_kind != special->object_kind)
    return false;
  return g_strcmp0(general->driver, special->driver) == 0 && g_strcmp0(general->name, special->name) == 0;
}

static bool bugcheck_covers(const ExpectBugcheck *general, const ExpectBugcheck *special) {
  if (general->is_any)
    return true;
  bool covers = !special->is_any && general->code == special->code;
  for (size_t i = 0; i < 4 && covers; i++)
    covers = parameter_covers(&general->parameters[i], &special->parameters[i]);
  return covers;
}

static bool finding_covers(const ExpectFinding *general, const ExpectFinding *special) {
  return (general->is_any || general->rule == special->rule) && (general->function == NULL || general->function == special->function) &&
         (general->callback == NULL || general->callback == special->callback) &&
         is_asked_alike(general->where_driver, special->where_driver) && is_asked_alike(general->where_function, special->where_function);
}

static bool event_covers(const ExpectEvent *general, const ExpectEvent *special) {
  return general->kind == special->kind && (general->function == 0 || general->function == special->function) &&
         is_asked_alike(general->object, special->object) &&
         (!general->has_status || (special->has_status && general->status == special->status)) &&
         (!general->has_detail || (special->has_detail && general->detail == special->detail)) &&
         (general->cpu < 0 || general->cpu == special->cpu) && (general->irql < 0 || general->irql == special->irql);
}

static bool order_covers(const Expectation *general, const Expectation *special) {
  bool covers = general->event_count == special->event_count;
  for (size_t i = 0; i < general->event_count && covers; i++)
    covers = event_covers(&general->events[i], &special->events[i]);
  return covers;
}

static bool outcome_covers(const Expectation *general, const Expectation *special) {
  if (general->outcome == EXPECT_QUIET && special->outcome == EXPECT_CLEAN)
    return true;
  return general->outcome == special->outcome && is_asked_alike(general->not_modelled, special->not_modelled) &&
         (general->limit == SIM_STOP_NONE || general->limit == special->limit);
}

static bool state_covers(const ExpectState *general, const ExpectState *special) {
  return general->kind == special->kind && general->address == special->address && general->port == special->port &&
         general->number == special->number && g_strcmp0(general->process, special->process) == 0 &&
         g_strcmp0(general->name, special->name) == 0 && general->is == special->is && general->irql == special->irql;
}

/* Does `general` hold in every run in which `special` holds, for what can be said without running? */
static bool expectation_covers(const Expectation *general, const Expectation *special) {
  if (general->kind != special->kind || (general->has_count && (!special->has_count || general->count != special->count)) ||
      (general->cpu >= 0 && general->cpu != special->cpu))
    return false;
  switch (general->kind) {
  case EXPECT_BUGCHECK: return bugcheck_covers(&general->bugcheck, &special->bugcheck);
  case EXPECT_FINDING: return finding_covers(&general->finding, &special->finding);
  case EXPECT_EVENT: return event_covers(&general->events[0], &special->events[0]);
  case EXPECT_ORDER: return order_covers(general, special);
  case EXPECT_OUTCOME: return outcome_covers(general, special);
  case EXPECT_STATE: return state_covers(&general->state, &special->state);
  case EXPECT_GLOBAL:
    return strcmp(general->global.driver, special->global.driver) == 0 && strcmp(general->global.name, special->global.name) == 0 &&
           general->global.value == special->global.value;
  }
  return false;
}

/* Two expectations that no single run can fulfil both: it ends in one way, a thing is in one state, a clean run has no findings. */
static bool is_exclusive(const Expectation *a, const Expectation *b) {
  bool a_ends = a->kind == EXPECT_BUGCHECK || a->kind == EXPECT_OUTCOME, b_ends = b->kind == EXPECT_BUGCHECK || b->kind == EXPECT_OUTCOME;
  if (a_ends && b_ends) {
    if (a->kind != b->kind)
      return true;
    if (a->kind == EXPECT_OUTCOME)
      return !outcome_covers(a, b) && !outcome_covers(b, a);
    return !a->bugcheck.is_any && !b->bugcheck.is_any && a->bugcheck.code != b->bugcheck.code;
  }
  if (a->kind == EXPECT_OUTCOME && a->outcome == EXPECT_CLEAN && b->kind == EXPECT_FINDING)
    return true;
  if (a->kind == EXPECT_GLOBAL && b->kind == EXPECT_GLOBAL)
    return strcmp(a->global.driver, b->global.driver) == 0 && strcmp(a->global.name, b->global.name) == 0 &&
           a->global.value != b->global.value;
  if (a->kind != EXPECT_STATE || b->kind != EXPECT_STATE || state_covers(&a->state, &b->state))
    return false;
  ExpectState same = b->state;
  same.is = a->state.is;
  same.irql = a->state.irql;
  bool is_cpu = a->state.kind == EXPECT_STATE_CPU; /* spinning and at an IRQL go together */
  return state_covers(&a->state, &same) && !is_cpu;
}

/* What one of the pair asks for in a run in which the other must hold, too. */
static bool pair_check(Loader *loader, const Expectation *earlier, const Expectation *later) {
  const Expectation *never = earlier->when == EXPECT_NEVER ? earlier : later, *other = never == earlier ? later : earlier;
  if (never->when == EXPECT_NEVER) {
    if (other->when == EXPECT_NEVER || !expectation_covers(never, other))
      return true;
  } else {
    bool together = earlier->when == EXPECT_ALWAYS || later->when == EXPECT_ALWAYS;
    if (!together || !(is_exclusive(earlier, later) || is_exclusive(later, earlier)))
      return true;
  }
  return expect_never(loader, later->position, "%s \"%s\" contradicts %s \"%s\" at %u:%u", expect_when_names[later->when], later->text,
                      expect_when_names[earlier->when], earlier->text, earlier->position.line, earlier->position.column);
}

/* ---- all ---- */

bool expect_check(Loader *loader, const ExpectSet *set) {
  g_autoptr(GHashTable) mentions = mentions_collect(loader->scenario);
  const Checker checker = { loader, mentions };
  for (size_t i = 0; i < set->count; i++) {
    const Expectation *expectation = &set->items[i];
    bool must_happen = expectation->when != EXPECT_NEVER; /* that something impossible never happens is true, if not worth saying */
    if (must_happen && !(windows_check(loader, expectation) && verifier_check(loader, expectation) && where_check(&checker, expectation)))
      return false;
    if (!callback_check(&checker, expectation))
      return false;
    for (size_t j = 0; j < i; j++)
      if (!pair_check(loader, &set->items[j], expectation))
        return false;
  }
  return true;
}
