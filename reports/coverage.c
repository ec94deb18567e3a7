#include "coverage_internal.h"

#include "names.h"

#include "run_internal.h" /* the images of the run */

#include <stdlib.h>
#include <string.h>

/* ---- documents ---- */

static json_object *object_in(json_object *json, const char *key) {
  json_object *found = NULL;
  if (json_object_object_get_ex(json, key, &found))
    return found;
  found = json_object_new_object();
  json_object_object_add(json, key, found);
  return found;
}

static void count_add(json_object *json, const char *key, uint64_t count) {
  json_object *found = NULL;
  int64_t before = json_object_object_get_ex(json, key, &found) ? json_object_get_int64(found) : 0;
  json_object_object_add(json, key, json_object_new_int64(before + (int64_t)count));
}

void coverage_merge(json_object *into, json_object *from) {
  json_object_object_foreach(from, key, value) {
    json_object *own = NULL;
    bool is_known = json_object_object_get_ex(into, key, &own);
    if (json_object_is_type(value, json_type_int) && (!is_known || json_object_is_type(own, json_type_int)))
      count_add(into, key, (uint64_t)json_object_get_int64(value));
    else if (json_object_is_type(value, json_type_object) && (!is_known || json_object_is_type(own, json_type_object)))
      coverage_merge(object_in(into, key), value);
  }
}

static char *routine_name(const ScenarioRun *run, const CoverageRoutine *routine) {
  char *name = place_routine(run, routine->address);
  const DdiCallback *callback = ddi_callback_by_id(routine->callback);
  return name != NULL ? name : g_strdup(callback != NULL ? callback->name : "?");
}

static void pair_add(json_object *json, const char *one, const char *other, bool is_ordered, uint64_t count) {
  bool is_swapped = !is_ordered && strcmp(one, other) > 0;
  if (count > 0)
    count_add(object_in(json, is_swapped ? other : one), is_swapped ? one : other, count);
}

static void routines_put(json_object *json, const ScenarioRun *run, const Coverage *coverage) {
  json_object *routines = object_in(json, "routines"), *met = object_in(json, "met"), *interrupted = object_in(json, "interrupted");
  char *names[COVERAGE_ROUTINE_COUNT_MAX];
  for (unsigned i = 0; i < coverage->routine_count; i++) {
    names[i] = routine_name(run, &coverage->routines[i]);
    const DdiCallback *callback = ddi_callback_by_id(coverage->routines[i].callback);
    count_add(object_in(routines, names[i]), callback != NULL ? callback->name : "?", coverage->routines[i].entered);
  }
  for (unsigned i = 0; i < coverage->routine_count; i++)
    for (unsigned j = 0; j < coverage->routine_count; j++) {
      pair_add(met, names[i], names[j], false, coverage->met[i][j]);
      pair_add(interrupted, names[i], names[j], true, coverage->interrupted[i][j]);
    }
  for (unsigned i = 0; i < coverage->routine_count; i++)
    g_free(names[i]);
}

static void calls_put(json_object *json, const Coverage *coverage) {
  json_object *calls = object_in(json, "calls"), *met = object_in(json, "calls_met");
  for (unsigned i = 0; i < coverage->call_count; i++)
    count_add(calls, names_function(coverage->calls[i]), coverage->call_counts[i]);
  for (unsigned i = 0; i < coverage->call_count; i++)
    for (unsigned j = i; j < coverage->call_count; j++)
      pair_add(met, names_function(coverage->calls[i]), names_function(coverage->calls[j]), false, coverage->call_met[i][j]);
}

/* The driver's variable; else its kind, all those in pool or of Windows together. */
static char *lock_name(const ScenarioRun *run, uint64_t address) {
  char *name = place_variable(run, address, 0, GUEST_DEPTH_OBJECT);
  return name != NULL ? name : g_strdup(names_pool_block(address) != NULL ? "(a lock in pool)" : "(a lock of Windows)");
}

static void locks_put(json_object *json, const ScenarioRun *run, const Coverage *coverage) {
  json_object *order = object_in(json, "lock_order");
  for (unsigned i = 0; i < coverage->lock_edge_count; i++) {
    const CoverageLockEdge *edge = &coverage->lock_edges[i];
    g_autofree char *held = lock_name(run, edge->held_address), *taken = lock_name(run, edge->taken_address);
    pair_add(order, held, taken, true, edge->count);
  }
}

static void choices_put(json_object *json, const Coverage *coverage) {
  json_object *choices = object_in(json, "choices");
  for (unsigned kind = 0; kind < SIM_CHOICE_KIND_COUNT; kind++)
    for (unsigned answer = 0; answer <= COVERAGE_ANSWER_COUNT_MAX; answer++) {
      g_autofree char *key = answer < COVERAGE_ANSWER_COUNT_MAX ? g_strdup_printf("%u", answer) : g_strdup("other");
      if (coverage->answers[kind][answer] > 0)
        count_add(object_in(choices, sim_choice_names[kind]), key, coverage->answers[kind][answer]);
    }
}

static char *file_path(const ScenarioRun *run, const char *file) {
  g_autofree char *path = g_build_filename(run->scenario->folder, file, NULL);
  return g_canonicalize_filename(path, NULL);
}

static void lines_put(json_object *json, const ScenarioRun *run, const Coverage *coverage) {
  json_object *files = object_in(json, "lines"), *functions = object_in(json, "functions");
  for (guint i = 0; i < run->images->len; i++) {
    CoverageLines *lines = coverage_lines_of(coverage, ((const GuestImage *)g_ptr_array_index(run->images, i))->path);
    for (guint j = 0; j < lines->lines->len; j++) {
      const CoverageLine *line = &g_array_index(lines->lines, CoverageLine, j);
      g_autofree char *path = file_path(run, line->file), *key = g_strdup_printf("%u", line->line);
      count_add(object_in(files, path), key, line->count);
    }
    for (guint j = 0; j < lines->functions->len; j++) {
      const CoverageFunction *function = &g_array_index(lines->functions, CoverageFunction, j);
      g_autofree char *path = file_path(run, function->file), *key = g_strdup_printf("%u %s", function->line, function->name);
      count_add(object_in(functions, path), key, function->count);
    }
    coverage_lines_free(lines);
  }
}

json_object *coverage_to_json(const ScenarioRun *run) {
  const Coverage *coverage = scenario_run_coverage(run);
  if (coverage == NULL)
    return NULL;
  json_object *json = json_object_new_object();
  count_add(json, "runs", coverage->run_count);
  routines_put(json, run, coverage);
  calls_put(json, coverage);
  locks_put(json, run, coverage);
  choices_put(json, coverage);
  lines_put(json, run, coverage);
  return json;
}

/* ---- reading ---- */

json_object *coverage_part(json_object *json, const char *key) {
  json_object *found = NULL;
  return json != NULL && json_object_object_get_ex(json, key, &found) && json_object_is_type(found, json_type_object) ? found : NULL;
}

uint64_t coverage_count(json_object *json, const char *key) {
  json_object *found = NULL;
  return json != NULL && json_object_object_get_ex(json, key, &found) ? (uint64_t)json_object_get_int64(found) : 0;
}

int coverage_by_name(gconstpointer a, gconstpointer b) { return strcmp(*(const char *const *)a, *(const char *const *)b); }

int coverage_by_number(gconstpointer a, gconstpointer b) {
  long left = strtol(*(const char *const *)a, NULL, 10), right = strtol(*(const char *const *)b, NULL, 10);
  return left != right ? (left > right) - (left < right) : coverage_by_name(a, b);
}

GPtrArray *coverage_keys(json_object *json, GCompareFunc compare) {
  GPtrArray *keys = g_ptr_array_new();
  if (json != NULL) {
    json_object_object_foreach(json, key, value) {
      (void)value;
      g_ptr_array_add(keys, key);
    }
  }
  g_ptr_array_sort(keys, compare);
  return keys;
}

/* ---- lcov ---- */

static void lcov_file(GString *out, json_object *coverage, const char *file) {
  json_object *lines = coverage_part(coverage_part(coverage, "lines"), file),
              *functions = coverage_part(coverage_part(coverage, "functions"), file);
  g_autoptr(GPtrArray) names = coverage_keys(functions, coverage_by_number);
  g_autoptr(GPtrArray) numbers = coverage_keys(lines, coverage_by_number);
  unsigned hit = 0, functions_hit = 0;
  g_string_append_printf(out, "TN:\nSF:%s\n", file);
  for (guint i = 0; i < names->len; i++) {
    const char *key = g_ptr_array_index(names, i), *name = strchr(key, ' ');
    g_string_append_printf(out, "FN:%ld,%s\n", strtol(key, NULL, 10), name != NULL ? name + 1 : key);
  }
  for (guint i = 0; i < names->len; i++) {
    const char *key = g_ptr_array_index(names, i), *name = strchr(key, ' ');
    uint64_t count = coverage_count(functions, key);
    functions_hit += count > 0;
    g_string_append_printf(out, "FNDA:%" G_GUINT64_FORMAT ",%s\n", count, name != NULL ? name + 1 : key);
  }
  g_string_append_printf(out, "FNF:%u\nFNH:%u\n", names->len, functions_hit);
  for (guint i = 0; i < numbers->len; i++) {
    uint64_t count = coverage_count(lines, g_ptr_array_index(numbers, i));
    hit += count > 0;
    g_string_append_printf(out, "DA:%s,%" G_GUINT64_FORMAT "\n", (const char *)g_ptr_array_index(numbers, i), count);
  }
  g_string_append_printf(out, "LF:%u\nLH:%u\nend_of_record\n", numbers->len, hit);
}

char *coverage_lcov(json_object *coverage) {
  GString *out = g_string_new(NULL);
  g_autoptr(GPtrArray) files = coverage_keys(coverage_part(coverage, "lines"), coverage_by_name);
  for (guint i = 0; i < files->len; i++)
    lcov_file(out, coverage, g_ptr_array_index(files, i));
  return g_string_free(out, FALSE);
}
