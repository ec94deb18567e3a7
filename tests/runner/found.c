#include "found.h"

#include <stdio.h>
#include <string.h>

static int text_compare(const void *left, const void *right) { return strcmp(*(const char *const *)left, *(const char *const *)right); }

static void outcome_add(Found *found, const ScenarioRun *run, const RunResult *result, FoundAppend *append) {
  g_autofree char *bucket = run_result_bucket(result);
  g_autoptr(GString) text = g_string_new(bucket);
  g_string_append_printf(text, " stop %d code %x", (int)result->stop, result->bugcheck.code);
  if (append != NULL)
    append(run, text);
  for (guint i = 0; i < found->outcomes->len; i++)
    if (strcmp(g_ptr_array_index(found->outcomes, i), text->str) == 0)
      return;
  g_ptr_array_add(found->outcomes, g_strdup(text->str));
}

void found_search(ScenarioRun *run, const SimSearchOptions *options, uint64_t count_max, FoundAppend *append, Found *found) {
  RunSearch searching;
  *found = (Found){ .outcomes = g_ptr_array_new_with_free_func(g_free) };
  run_search_init(&searching, run, options);
  while (!found->is_complete && found->count + found->known < count_max) {
    RunResult result = { 0 };
    found->is_complete = !run_search_next(&searching, NULL, &result);
    found->known += result.stop == SIM_STOP_KNOWN;
    found->count += result.stop != SIM_STOP_KNOWN;
    if (result.stop != SIM_STOP_KNOWN)
      outcome_add(found, run, &result, append);
    run_result_finish(&result);
  }
  sim_search_proof(&searching.search, &found->proof);
  run_search_finish(&searching);
  g_ptr_array_sort(found->outcomes, text_compare);
}

void found_clear(Found *found) { g_ptr_array_unref(found->outcomes); }

bool found_is_same(const Found *left, const Found *right) {
  if (left->outcomes->len != right->outcomes->len)
    return false;
  for (guint i = 0; i < left->outcomes->len; i++)
    if (strcmp(g_ptr_array_index(left->outcomes, i), g_ptr_array_index(right->outcomes, i)) != 0)
      return false;
  return true;
}

void found_print(const char *how, const Found *found) {
  printf("  %-10s %llu schedules, %llu known%s%s\n", how, (unsigned long long)found->count, (unsigned long long)found->known,
         found->is_complete ? "" : " (not over)", found->proof.is_timed ? ", time matters" : "");
  for (guint i = 0; i < found->outcomes->len; i++)
    printf("    %s\n", (const char *)g_ptr_array_index(found->outcomes, i));
}
