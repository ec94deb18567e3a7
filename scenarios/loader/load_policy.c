/* "policy": which schedules are run, how many, and within what bounds. */
#include "load.h"

static const char *policy_at(const void *policies, size_t index) { return ((const SimPolicy *const *)policies)[index]->name; }

static bool policy_load(Loader *loader, const JsonValue *value, const char *key, const SimPolicy **policy) {
  *policy = value->kind == JSON_STRING ? sim_policy_find(value->text.text) : NULL;
  if (*policy != NULL)
    return true;
  const char *nearest = value->kind == JSON_STRING ? text_nearest(value->text.text, policy_at, sim_policies, sim_policy_count) : NULL;
  g_autofree char *found = json_describe(value);
  g_autofree char *suggestion = text_suggestion(nearest);
  return load_fail(loader, value->position, "\"%s\": expected the name of a policy (irqlab list policies), found %s%s", key, found,
                   suggestion);
}

uint64_t scenario_policy_schedules(const SimPolicy *policy) {
  return policy->is_systematic ? 1000000 : policy->explores && policy != &sim_policy_replay ? 100 : 1;
}

/* What the policy has no use for is a mistake. */
static bool policy_keys_check(Loader *loader, const JsonValue *value, const SimPolicy *policy) {
  const struct {
    const char *key;
    bool is_meant;
    const char *why;
  } rows[] = {
    { "schedules", policy->explores, "is one schedule" },
    { "seed", policy->explores && !policy->is_systematic, policy->explores ? "draws nothing" : "is one schedule" },
    { "depth", policy->explores && (!policy->is_systematic || policy->varies != 0),
      policy->explores ? "draws nothing" : "is one schedule" },
    { "vary", policy->explores, "is one schedule" },
    { "preemptions", policy->is_systematic, policy->explores ? "knows no bound" : "is one schedule" },
    { "delays", policy->is_systematic, policy->explores ? "knows no bound" : "is one schedule" },
    { "accesses", policy->explores, "is one schedule" },
    { "merge_states", policy->is_systematic, policy->explores ? "draws its schedules" : "is one schedule" },
  };
  for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
    const JsonValue *given = json_get(value, rows[i].key);
    if (given != NULL && !rows[i].is_meant)
      return load_fail(loader, given->position, "\"%s\" means nothing for the %s policy, which %s", rows[i].key, policy->name, rows[i].why);
  }
  return true;
}

static bool policy_number(Loader *loader, const JsonValue *value, const char *key, uint64_t lowest, uint64_t highest, uint32_t *number) {
  const JsonValue *given = json_get(value, key);
  uint64_t wide;
  if (given == NULL)
    return true;
  if (!load_number(loader, given, key, lowest, highest, &wide))
    return false;
  *number = (uint32_t)wide;
  return true;
}

static bool policy_flag(Loader *loader, const JsonValue *value, const char *key, bool *flag) {
  const JsonValue *given = json_get(value, key);
  if (given == NULL)
    return true;
  if (given->kind != JSON_BOOLEAN)
    return load_expected(loader, given, key, "true or false");
  *flag = given->boolean;
  return true;
}

/* { "replay": "v1:..." }: one schedule, by its line. Which image the line names is looked at when there is one (run.c). */
static bool replay_load(Loader *loader, const JsonValue *value) {
  ScenarioPolicy *policy = &loader->scenario->policy;
  Text line;
  const char *why;
  size_t column;
  if (!load_object(loader, value, "policy", LOAD_POLICY_REPLAY) || !load_text(loader, json_get(value, "replay"), "replay", &line) ||
      !policy_flag(loader, value, "races", &policy->search.races))
    return false;
  policy->search.policy = &sim_policy_replay;
  if (!sim_schedule_parse(line.text, &policy->replay, policy->image, sizeof policy->image, &why, &column))
    return load_fail(loader, text_position(&line, column), "\"replay\": %s", why);
  return true;
}

bool load_policy(Loader *loader, const JsonValue *value) {
  ScenarioPolicy *policy = &loader->scenario->policy;
  *policy = (ScenarioPolicy){ .search = sim_search_options_default, .schedules = 1 };
  policy->search.policy = &sim_policy_timed;
  if (value == NULL)
    return true;
  bool is_object = value->kind == JSON_OBJECT;
  if (is_object && json_get(value, "replay") != NULL)
    return replay_load(loader, value);
  if (is_object && !load_object(loader, value, "policy", LOAD_POLICY))
    return false;
  if (!policy_load(loader, is_object ? json_get(value, "kind") : value, is_object ? "kind" : "policy", &policy->search.policy))
    return false;
  policy->schedules = scenario_policy_schedules(policy->search.policy);
  if (!is_object)
    return true;
  SimSearchOptions *search = &policy->search;
  const JsonValue *schedules = json_get(value, "schedules"), *seed = json_get(value, "seed"), *vary = json_get(value, "vary");
  return policy_keys_check(loader, value, search->policy) &&
         (schedules == NULL || load_number(loader, schedules, "schedules", 1, 1000000000, &policy->schedules)) &&
         (seed == NULL || load_number(loader, seed, "seed", 0, UINT64_MAX, &search->seed)) &&
         (vary == NULL || load_varies(loader, vary, &search->varies)) && policy_number(loader, value, "depth", 1, 64, &search->depth) &&
         policy_number(loader, value, "preemptions", 0, 1000000, &search->preemption_bound) &&
         policy_number(loader, value, "delays", 0, 1000000, &search->delay_bound) &&
         policy_flag(loader, value, "accesses", &search->visits_accesses) &&
         policy_flag(loader, value, "merge_states", &search->merges_states) && policy_flag(loader, value, "races", &search->races);
}
