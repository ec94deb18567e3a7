#include "outcome.h"

#include <string.h>

static void bucket_free(gpointer data) {
  OutcomeBucket *bucket = data;
  g_free(bucket->name);
  g_free(bucket->schedule);
  g_free(bucket->hash);
  g_free(bucket->cause);
  json_object_put(bucket->bugcheck);
  json_object_put(bucket->findings);
  g_free(bucket);
}

Outcome *outcome_new(const char *file, const char *argument, const char *name) {
  Outcome *outcome = g_new0(Outcome, 1);
  outcome->file = g_strdup(file);
  outcome->argument = g_strdup(argument);
  outcome->name = g_strdup(name);
  outcome->title = g_strdup("");
  outcome->result = g_strdup("");
  outcome->states = -1;
  outcome->buckets = g_ptr_array_new_with_free_func(bucket_free);
  outcome->notes = g_ptr_array_new_with_free_func(g_free);
  return outcome;
}

void outcome_free(Outcome *outcome) {
  if (outcome == NULL)
    return;
  g_free(outcome->file);
  g_free(outcome->argument);
  g_free(outcome->name);
  g_free(outcome->title);
  g_free(outcome->result);
  g_free(outcome->why);
  g_free(outcome->hash);
  g_free(outcome->policy);
  g_free(outcome->bounds);
  g_free(outcome->report);
  json_object_put(outcome->coverage);
  json_object_put(outcome->levels);
  g_free(outcome->log);
  g_ptr_array_unref(outcome->buckets);
  g_ptr_array_unref(outcome->notes);
  g_free(outcome);
}

static const char *const status_names[] = { "as expected", "not as expected", "bad input", "crashed", "cannot set up" };

const char *outcome_status_name(OutcomeStatus status) { return status_names[status]; }

int outcome_exit_code(OutcomeStatus status) {
  static const int codes[OUTCOME_STATUS_COUNT] = { 0, 1, 2, 1, 3 };
  return codes[status];
}

/* ---- numbers with separators, whatever the locale ---- */

char *outcome_number(uint64_t number) {
  g_autofree char *digits = g_strdup_printf("%" G_GUINT64_FORMAT, number);
  GString *text = g_string_new(NULL);
  gsize length = strlen(digits);
  for (gsize i = 0; i < length; i++) {
    if (i > 0 && (length - i) % 3 == 0)
      g_string_append_c(text, ',');
    g_string_append_c(text, digits[i]);
  }
  return g_string_free(text, FALSE);
}

char *outcome_count(uint64_t number, const char *noun) {
  g_autofree char *text = outcome_number(number);
  return g_strdup_printf("%s %s%s", text, noun, number == 1 ? "" : "s");
}

char *outcome_schedules(const Outcome *outcome) {
  g_autofree char *number = outcome_number(outcome->schedules);
  if (outcome->schedules <= 1 && !outcome->is_exhausted)
    return g_strdup_printf("%s schedule", number);
  bool is_bounded = outcome->is_exhausted && outcome->bounds != NULL && *outcome->bounds != '\0';
  return g_strdup_printf("%s %s%s%s", outcome->is_exhausted ? "exhausted" : "explored", number, is_bounded ? " " : "",
                         is_bounded ? outcome->bounds : "");
}

/* ---- JSON ---- */

/* JSON takes valid UTF-8 only; what a driver prints or a path holds may be anything. */
static json_object *text_json(const char *text) {
  g_autofree char *valid = text != NULL ? g_utf8_make_valid(text, -1) : NULL;
  return valid != NULL ? json_object_new_string(valid) : NULL;
}

static json_object *milliseconds_json(double milliseconds) {
  char text[G_ASCII_DTOSTR_BUF_SIZE];
  return json_object_new_double_s(milliseconds, g_ascii_formatd(text, sizeof text, "%.3f", milliseconds));
}

json_object *outcome_to_json(const Outcome *outcome) {
  json_object *json = json_object_new_object();
  json_object_object_add(json, "file", text_json(outcome->file));
  json_object_object_add(json, "argument", text_json(outcome->argument));
  json_object_object_add(json, "name", text_json(outcome->name));
  json_object_object_add(json, "title", text_json(outcome->title));
  json_object_object_add(json, "status", text_json(status_names[outcome->status]));
  json_object_object_add(json, "result", text_json(outcome->result));
  json_object_object_add(json, "why", text_json(outcome->why));
  json_object_object_add(json, "line", json_object_new_int64(outcome->line));
  json_object_object_add(json, "schedules", json_object_new_int64((int64_t)outcome->schedules));
  json_object_object_add(json, "hash", text_json(outcome->hash));
  json_object_object_add(json, "policy", text_json(outcome->policy));
  json_object_object_add(json, "bounds", text_json(outcome->bounds));
  json_object_object_add(json, "exhausted", json_object_new_boolean(outcome->is_exhausted));
  json_object_object_add(json, "levels", outcome->levels != NULL ? json_object_get(outcome->levels) : json_object_new_array());
  json_object_object_add(json, "states", outcome->states >= 0 ? json_object_new_int64(outcome->states) : NULL);
  json_object_object_add(json, "milliseconds", milliseconds_json(outcome->host_ms));
  json_object *buckets = json_object_new_array();
  for (guint i = 0; i < outcome->buckets->len; i++) {
    const OutcomeBucket *bucket = g_ptr_array_index(outcome->buckets, i);
    json_object *item = json_object_new_object();
    json_object_object_add(item, "result", text_json(bucket->name));
    json_object_object_add(item, "count", json_object_new_int64((int64_t)bucket->count));
    json_object_object_add(item, "first", json_object_new_int64((int64_t)bucket->first));
    json_object_object_add(item, "schedule", text_json(bucket->schedule));
    json_object_object_add(item, "hash", text_json(bucket->hash));
    json_object_object_add(item, "cause", text_json(bucket->cause));
    json_object_object_add(item, "bugcheck", json_object_get(bucket->bugcheck));
    json_object_object_add(item, "findings", bucket->findings != NULL ? json_object_get(bucket->findings) : json_object_new_array());
    json_object_array_add(buckets, item);
  }
  json_object_object_add(json, "outcomes", buckets);
  json_object *notes = json_object_new_array();
  for (guint i = 0; i < outcome->notes->len; i++)
    json_object_array_add(notes, text_json(g_ptr_array_index(outcome->notes, i)));
  json_object_object_add(json, "notes", notes);
  json_object_object_add(json, "report", text_json(outcome->report));
  if (outcome->coverage != NULL)
    json_object_object_add(json, "coverage", json_object_get(outcome->coverage));
  json_object_object_add(json, "log", text_json(outcome->log));
  return json;
}

static char *string_of(json_object *json, const char *key) {
  json_object *value;
  return json_object_object_get_ex(json, key, &value) && value != NULL ? g_strdup(json_object_get_string(value)) : NULL;
}

static int64_t number_of(json_object *json, const char *key) {
  json_object *value;
  return json_object_object_get_ex(json, key, &value) ? json_object_get_int64(value) : 0;
}

static void buckets_read(Outcome *outcome, json_object *json) {
  json_object *list;
  if (!json_object_object_get_ex(json, "outcomes", &list))
    return;
  for (size_t i = 0; i < json_object_array_length(list); i++) {
    json_object *item = json_object_array_get_idx(list, i);
    OutcomeBucket *bucket = g_new0(OutcomeBucket, 1);
    bucket->name = string_of(item, "result");
    bucket->count = (uint64_t)number_of(item, "count");
    bucket->first = (uint64_t)number_of(item, "first");
    bucket->schedule = string_of(item, "schedule");
    bucket->hash = string_of(item, "hash");
    bucket->cause = string_of(item, "cause");
    bucket->bugcheck = json_object_get(json_object_object_get(item, "bugcheck"));
    bucket->findings = json_object_get(json_object_object_get(item, "findings"));
    g_ptr_array_add(outcome->buckets, bucket);
  }
}

Outcome *outcome_from_json(json_object *json) {
  g_autofree char *file = string_of(json, "file"), *argument = string_of(json, "argument"), *name = string_of(json, "name");
  g_autofree char *status = string_of(json, "status");
  if (file == NULL || argument == NULL || name == NULL || status == NULL)
    return NULL;
  Outcome *outcome = outcome_new(file, argument, name);
  for (unsigned i = 0; i < G_N_ELEMENTS(status_names); i++)
    if (strcmp(status, status_names[i]) == 0)
      outcome->status = (OutcomeStatus)i;
  g_free(outcome->title);
  g_free(outcome->result);
  outcome->title = string_of(json, "title");
  outcome->result = string_of(json, "result");
  outcome->why = string_of(json, "why");
  outcome->report = string_of(json, "report");
  outcome->coverage = json_object_get(json_object_object_get(json, "coverage"));
  outcome->log = string_of(json, "log");
  outcome->line = (unsigned)number_of(json, "line");
  outcome->schedules = (uint64_t)number_of(json, "schedules");
  outcome->hash = string_of(json, "hash");
  outcome->policy = string_of(json, "policy");
  outcome->bounds = string_of(json, "bounds");
  json_object *value;
  if (json_object_object_get_ex(json, "exhausted", &value))
    outcome->is_exhausted = json_object_get_boolean(value);
  outcome->levels = json_object_get(json_object_object_get(json, "levels"));
  if (json_object_object_get_ex(json, "states", &value) && value != NULL)
    outcome->states = json_object_get_int64(value);
  if (json_object_object_get_ex(json, "milliseconds", &value))
    outcome->host_ms = json_object_get_double(value);
  buckets_read(outcome, json);
  if (json_object_object_get_ex(json, "notes", &value))
    for (size_t i = 0; i < json_object_array_length(value); i++)
      g_ptr_array_add(outcome->notes, g_strdup(json_object_get_string(json_object_array_get_idx(value, i))));
  return outcome;
}
