/* When a failure was decided, as JSON. */
#include "decided.h"

static void put_share(json_object *json, const LikelihoodShare *share) {
  json_object_object_add(json, "runs", json_object_new_int64((int64_t)share->runs));
  json_object_object_add(json, "fails", json_object_new_int64((int64_t)share->fails));
  g_autofree char *chance = g_strdup_printf("%.4f", share->chance);
  json_object_object_add(json, "likelihood", json_object_new_double_s(share->chance, chance));
}

static json_object *interval_json(const LikelihoodPoint *point) {
  json_object *interval = json_object_new_array();
  const double ends[] = { point->low, point->high };
  for (unsigned i = 0; i < G_N_ELEMENTS(ends); i++) {
    g_autofree char *end = g_strdup_printf("%.4f", ends[i]);
    json_object_array_add(interval, json_object_new_double_s(ends[i], end));
  }
  return interval;
}

/* What can still become of it; null: not looked at. */
static json_object *point_json(const LikelihoodPoint *point) {
  if (point->share.runs == 0)
    return NULL;
  json_object *json = json_object_new_object();
  put_share(json, &point->share);
  json_object_object_add(json, "all", json_object_new_boolean(point->is_exact));
  json_object_object_add(json, "interval", interval_json(point));
  return json;
}

static json_object *option_json(const DecidedSubject *subject, size_t choice, unsigned option) {
  const Likelihood *likelihood = subject->likelihood;
  const LikelihoodShare *share = &likelihood->options[likelihood->line.points[choice].first + option];
  json_object *json = json_object_new_object();
  g_autofree char *words = decided_answer_words(subject, choice, option);
  json_object_object_add(json, "answer",
                         json_object_new_int64(likelihood->line.options[likelihood->line.points[choice].first + option].id));
  json_object_object_add(json, "what", json_object_new_string(words));
  if (share->runs > 0)
    put_share(json, share);
  return json;
}

static json_object *choice_json(const DecidedSubject *subject, size_t choice) {
  const Likelihood *likelihood = subject->likelihood;
  const SimProspectPoint *point = &likelihood->line.points[choice];
  json_object *json = json_object_new_object(), *options = json_object_new_array();
  g_autofree char *key = g_strdup_printf("%x.%c%u", point->context, sim_choice_letters[point->kind], point->ordinal);
  json_object_object_add(json, "choice", json_object_new_string(key));
  json_object_object_add(json, "kind", json_object_new_string(sim_choice_names[point->kind]));
  json_object_object_add(json, "event", json_object_new_int64(point->event));
  json_object_object_add(json, "natural", json_object_new_int64(point->natural));
  json_object_object_add(json, "before", point_json(&likelihood->points[choice]));
  json_object_object_add(json, "behind", point_json(&likelihood->points[choice + 1]));
  for (unsigned i = 0; i < point->count; i++)
    json_object_array_add(options, option_json(subject, choice, i));
  json_object_object_add(json, "options", options);
  return json;
}

/* A place in "choices"; null: none. */
static json_object *place_json(const Likelihood *likelihood, size_t choice) {
  return choice < likelihood->line.count ? json_object_new_int64((int64_t)choice) : NULL;
}

json_object *decided_json(const DecidedSubject *subject) {
  const Likelihood *likelihood = subject->likelihood;
  json_object *json = json_object_new_object(), *choices = json_object_new_array();
  g_autofree char *failure = run_failure_words(names_run(subject->names), &likelihood->failure);
  g_autofree char *bounds = decided_bounds(likelihood);
  json_object_object_add(json, "failure", json_object_new_string(failure));
  json_object_object_add(json, "bounds", json_object_new_string(bounds));
  json_object_object_add(json, "from_the_beginning", json_object_new_boolean(likelihood->proved == 0));
  json_object_object_add(json, "inevitable_behind", likelihood->proved > 0 ? place_json(likelihood, likelihood->proved - 1) : NULL);
  json_object_object_add(json, "ended_by_the_host_clock", json_object_new_boolean(likelihood->is_cut));
  json_object_object_add(json, "averted_before", json_object_new_boolean(likelihood->is_averted));
  json_object_object_add(json, "always_seen_behind", likelihood->tried > 0 ? place_json(likelihood, likelihood->tried - 1) : NULL);
  json_object_object_add(json, "matters_most", place_json(likelihood, likelihood->critical));
  json_object_object_add(json, "drawn", json_object_new_int64((int64_t)likelihood->drawn));
  json_object_object_add(json, "counted", json_object_new_int64((int64_t)likelihood->counted));
  json_object_object_add(json, "first", point_json(&likelihood->points[0]));
  for (size_t i = 0; i < likelihood->line.count; i++)
    json_object_array_add(choices, choice_json(subject, i));
  json_object_object_add(json, "choices", choices);
  return json;
}
