#include "load.h"
#include "words.h"

#include <string.h>

static const char *const classify_types[] = { "FWPS_CALLOUT_CLASSIFY_FN1", "FWPS_CALLOUT_CLASSIFY_FN0", "FWPS_CALLOUT_CLASSIFY_FN2",
                                              "FWPS_CALLOUT_CLASSIFY_FN3", NULL };
static const char *const notify_types[] = { "FWPS_CALLOUT_NOTIFY_FN1", "FWPS_CALLOUT_NOTIFY_FN0", "FWPS_CALLOUT_NOTIFY_FN2",
                                            "FWPS_CALLOUT_NOTIFY_FN3", NULL };
static const char *const flow_delete_types[] = { "FWPS_CALLOUT_FLOW_DELETE_NOTIFY_FN0", NULL };

/* ---- who registers them ---- */

/* irqlab does, for a driver of steps without DriverEntry; any other does it itself, and what stands here would come to nothing. */
static bool registers_itself(const ScenarioDriver *driver) { return driver->is_source || driver->driver_entry != NULL; }

static bool setup_check(Loader *loader, TextPosition position, const ScenarioDriver *driver, const char *what) {
  return !registers_itself(driver) ||
         load_fail(loader, position, "%s registers callouts and adds filters itself, in DriverEntry; leave out %s%s", driver->name.text,
                   what, driver->is_source ? "" : ", or its DriverEntry");
}

/* ---- callouts and sublayers ---- */

static bool callout_load(Loader *loader, const JsonMember *member, ScenarioCallout *callout) {
  const JsonValue *value = &member->value;
  callout->name = member->key;
  if (!load_name(loader, &callout->name, "callout") || !load_object(loader, value, member->key.text, LOAD_CALLOUT))
    return false;
  const JsonValue *notify = json_get(value, "notify"), *flow_delete = json_get(value, "flowDelete"), *flags = json_get(value, "flags");
  return load_routine(loader, json_get(value, "classify"), "classify", classify_types, &callout->classify) &&
         setup_check(loader, callout->classify.text.position, callout->classify.driver, "\"callouts\"") &&
         (notify == NULL || load_routine(loader, notify, "notify", notify_types, &callout->notify)) &&
         (flow_delete == NULL || load_routine(loader, flow_delete, "flowDelete", flow_delete_types, &callout->flow_delete)) &&
         (flags == NULL || load_flags(loader, flags, "flags", "FWP_CALLOUT_FLAG_", &callout->flags));
}

static bool sublayers_load(Loader *loader, const JsonValue *value) {
  Scenario *scenario = loader->scenario;
  if (value == NULL)
    return true;
  if (!load_named(loader, value, "sublayers", "sublayers, { \"NAME\": { \"weight\": 100 } }"))
    return false;
  ScenarioSublayer *sublayers = load_new(loader, value->count, sizeof *sublayers);
  scenario->sublayers = sublayers;
  scenario->sublayer_count = value->count;
  for (size_t i = 0; i < value->count; i++) {
    uint64_t weight;
    sublayers[i].name = value->members[i].key;
    if (!load_name(loader, &sublayers[i].name, "sublayer") ||
        !load_object(loader, &value->members[i].value, sublayers[i].name.text, LOAD_SUBLAYER) ||
        !load_number(loader, json_get(&value->members[i].value, "weight"), "weight", 0, UINT16_MAX, &weight))
      return false;
    sublayers[i].weight = (uint16_t)weight;
  }
  return true;
}

/* ---- conditions ---- */

/* "10.0.0.1" or "10.0.0.0/8". */
static bool address_condition_load(Loader *loader, const JsonValue *value, const char *key, ScenarioCondition *condition) {
  Text text;
  if (!load_text(loader, value, key, &text))
    return false;
  Words words = words_begin(loader, text);
  uint64_t bits = 32;
  if (!words_address(&words, &condition->value) || (words_accept(&words, "/") && !words_number(&words, 0, 32, &bits)) ||
      !words_end(&words, false))
    return false;
  condition->mask = bits == 0 ? 0 : UINT32_MAX << (32 - bits);
  return true;
}

/* 443 or "1024-2047". */
static bool port_condition_load(Loader *loader, const JsonValue *value, const char *key, ScenarioCondition *condition) {
  uint64_t low, high;
  if (value->kind != JSON_STRING) {
    if (!load_number(loader, value, key, 0, UINT16_MAX, &low))
      return false;
    high = low;
  } else {
    Words words = words_begin(loader, value->text);
    if (!words_number(&words, 0, UINT16_MAX, &low) || !words_expect(&words, "-") || !words_number(&words, low, UINT16_MAX, &high) ||
        !words_end(&words, false))
      return false;
  }
  condition->value = (uint32_t)low;
  condition->value_high = (uint32_t)high;
  return true;
}

static bool protocol_condition_load(Loader *loader, const JsonValue *value, const char *key, ScenarioCondition *condition) {
  static const LoadWord protocols[] = { { "icmp", 1 }, { "tcp", 6 }, { "udp", 17 } };
  uint64_t number;
  if (value->kind == JSON_STRING)
    return LOAD_WORD(loader, value, key, protocols, &condition->value);
  if (!load_number(loader, value, key, 0, 255, &number))
    return false;
  condition->value = (uint32_t)number;
  return true;
}

static bool conditions_load(Loader *loader, const JsonValue *value, ScenarioFilter *filter) {
  static const struct {
    const char *key;
    bool (*load)(Loader *, const JsonValue *, const char *, ScenarioCondition *);
  } kinds[] = {
    [SCENARIO_CONDITION_LOCAL_ADDRESS] = { "local_address", address_condition_load },
    [SCENARIO_CONDITION_REMOTE_ADDRESS] = { "remote_address", address_condition_load },
    [SCENARIO_CONDITION_LOCAL_PORT] = { "local_port", port_condition_load },
    [SCENARIO_CONDITION_REMOTE_PORT] = { "remote_port", port_condition_load },
    [SCENARIO_CONDITION_PROTOCOL] = { "protocol", protocol_condition_load },
  };
  if (!load_object(loader, value, "conditions", LOAD_CONDITIONS))
    return false;
  ScenarioCondition *conditions = load_new(loader, value->count, sizeof *conditions);
  filter->conditions = conditions;
  for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++) {
    const JsonValue *part = json_get(value, kinds[i].key);
    if (part == NULL)
      continue;
    ScenarioCondition *condition = &conditions[filter->condition_count++];
    condition->kind = (ScenarioConditionKind)i;
    condition->position = part->position;
    if (!kinds[i].load(loader, part, kinds[i].key, condition))
      return false;
  }
  return true;
}

/* ---- filters ---- */

static const char *layer_at(const void *names, size_t index) {
  (void)names;
  return g_str_has_prefix(ddi_guids[index].name, "FWPM_LAYER_") ? ddi_guids[index].name : NULL;
}

static bool layer_load(Loader *loader, const JsonValue *value, ScenarioFilter *filter) {
  Text text;
  if (!load_text(loader, value, "layer", &text))
    return false;
  filter->layer = g_str_has_prefix(text.text, "FWPM_LAYER_") ? ddi_guid_find(text.text) : NULL;
  return filter->layer != NULL || load_unknown(loader, &text, "layer", text.text, text_nearest(text.text, layer_at, NULL, ddi_guid_count));
}

/* Those of "callouts" by name; a function becomes the callout of its own that all filters naming it share. */
static bool filter_callout_load(Loader *loader, const JsonValue *value, ScenarioCallout *callouts, ScenarioFilter *filter) {
  Scenario *scenario = loader->scenario;
  Text text;
  if (!load_text(loader, value, "callout", &text))
    return false;
  for (size_t i = 0; i < scenario->callout_count; i++)
    if (strcmp(callouts[i].name.text, text.text) == 0) {
      filter->callout = &callouts[i];
      return true;
    }
  if (strchr(text.text, '.') == NULL) {
    const char *names[64];
    size_t count = MIN(scenario->callout_count, G_N_ELEMENTS(names));
    for (size_t i = 0; i < count; i++)
      names[i] = callouts[i].name.text;
    g_autofree char *suggestion = text_suggestion(text_nearest_of(text.text, names, count));
    return load_fail(loader, text.position, "unknown callout \"%s\"%s", text.text,
                     *suggestion != '\0' ? suggestion : "; expected one of \"callouts\" or a classify function, \"DRIVER.FUNCTION\"");
  }
  ScenarioCallout *callout = &callouts[scenario->callout_count];
  callout->name = text;
  if (!load_routine(loader, value, "callout", classify_types, &callout->classify) ||
      !setup_check(loader, text.position, callout->classify.driver, "\"filters\""))
    return false;
  scenario->callout_count++;
  filter->callout = callout;
  return true;
}

static bool filter_action_load(Loader *loader, const JsonValue *value, const JsonValue *callout, uint32_t *action) {
  static const LoadWord actions[] = { /* fwptypes.h */
                                      { "FWP_ACTION_PERMIT", 0x1002 },
                                      { "FWP_ACTION_BLOCK", 0x1001 },
                                      { "FWP_ACTION_CALLOUT_TERMINATING", 0x5003 },
                                      { "FWP_ACTION_CALLOUT_INSPECTION", 0x6004 },
                                      { "FWP_ACTION_CALLOUT_UNKNOWN", 0x4005 }
  };
  if (!LOAD_WORD(loader, value, "action", actions, action))
    return false;
  bool needs_callout = (*action & 0x4000) != 0;
  if (needs_callout && callout == NULL)
    return load_fail(loader, value->position, "%s needs a \"callout\"", value->text.text);
  if (!needs_callout && callout != NULL)
    return load_fail(loader, callout->position, "%s calls no callout; expected one of the FWP_ACTION_CALLOUT_ actions", value->text.text);
  return true;
}

static bool filter_sublayer_load(Loader *loader, const JsonValue *value, ScenarioFilter *filter) {
  const Scenario *scenario = loader->scenario;
  Text text;
  if (!load_text(loader, value, "sublayer", &text))
    return false;
  const char *names[64];
  size_t count = MIN(scenario->sublayer_count, G_N_ELEMENTS(names));
  for (size_t i = 0; i < scenario->sublayer_count; i++) {
    if (i < count)
      names[i] = scenario->sublayers[i].name.text;
    if (strcmp(scenario->sublayers[i].name.text, text.text) == 0) {
      filter->sublayer = &scenario->sublayers[i];
      return true;
    }
  }
  return load_unknown(loader, &text, "sublayer", text.text, text_nearest_of(text.text, names, count));
}

static bool filter_load(Loader *loader, const JsonValue *value, ScenarioCallout *callouts, ScenarioFilter *filter) {
  if (!load_object(loader, value, "filters", LOAD_FILTER))
    return false;
  filter->position = value->position;
  const JsonValue *name = json_get(value, "name"), *callout = json_get(value, "callout"), *sublayer = json_get(value, "sublayer"),
                  *weight = json_get(value, "weight"), *conditions = json_get(value, "conditions"), *flags = json_get(value, "flags");
  Text text;
  if (name != NULL) {
    if (!load_text(loader, name, "name", &text))
      return false;
    filter->name = text.text;
  }
  filter->has_weight = weight != NULL;
  return layer_load(loader, json_get(value, "layer"), filter) &&
         filter_action_load(loader, json_get(value, "action"), callout, &filter->action) &&
         (callout != NULL
              ? filter_callout_load(loader, callout, callouts, filter)
              : loader->scenario->driver_count == 0 || setup_check(loader, value->position, &loader->scenario->drivers[0], "the filter")) &&
         (sublayer == NULL || filter_sublayer_load(loader, sublayer, filter)) &&
         (weight == NULL || load_number(loader, weight, "weight", 0, UINT64_MAX, &filter->weight)) &&
         (conditions == NULL || conditions_load(loader, conditions, filter)) &&
         (flags == NULL || load_flags(loader, flags, "flags", "FWPM_FILTER_FLAG_", &filter->flags));
}

bool load_callouts(Loader *loader, const JsonValue *callouts_value, const JsonValue *sublayers_value, const JsonValue *filters_value) {
  Scenario *scenario = loader->scenario;
  if (callouts_value != NULL &&
      !load_named(loader, callouts_value, "callouts", "callouts, { \"NAME\": { \"classify\": \"DRIVER.FUNCTION\" } }"))
    return false;
  if (filters_value != NULL && !load_list(loader, filters_value, "filters", "filters"))
    return false;
  size_t named_count = callouts_value == NULL ? 0 : callouts_value->count;
  size_t filter_count = filters_value == NULL ? 0 : filters_value->count;
  ScenarioCallout *callouts = load_new(loader, named_count + filter_count, sizeof *callouts);
  ScenarioFilter *filters = load_new(loader, filter_count, sizeof *filters);
  scenario->callouts = callouts;
  scenario->filters = filters;
  scenario->filter_count = filter_count;
  for (; scenario->callout_count < named_count; scenario->callout_count++)
    if (!callout_load(loader, &callouts_value->members[scenario->callout_count], &callouts[scenario->callout_count]))
      return false;
  if (!sublayers_load(loader, sublayers_value))
    return false;
  for (size_t i = 0; i < filter_count; i++)
    if (!filter_load(loader, &filters_value->items[i], callouts, &filters[i]))
      return false;
  return true;
}
