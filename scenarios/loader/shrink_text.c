#include "shrink_text.h"

#include "outline.h"
#include "run_internal.h"

#include <string.h>

/* ---- parts that could go ---- */

typedef struct Part {
  const Outline *parent;
  guint index;
  char *what;
} Part;

static void part_clear(void *part) { g_free(((Part *)part)->what); }

static void part_add(GArray *parts, const Outline *parent, guint index, const char *under) {
  const Outline *child = g_ptr_array_index(parent->children, index);
  char *what = child->key != NULL ? g_strdup_printf("%s%s%s", under, *under != '\0' ? " " : "", child->key)
                                  : g_strdup_printf("%s %u", under, index + 1);
  Part part = { parent, index, what };
  g_array_append_val(parts, part);
}

static void children_add(GArray *parts, const Outline *parent, const char *under) {
  for (guint i = 0; parent != NULL && i < parent->children->len; i++)
    part_add(parts, parent, i, under);
}

/* Members of these names. */
static void members_add(GArray *parts, const Outline *object, const char *const *keys, const char *under) {
  for (guint i = 0; object != NULL && object->first == '{' && i < object->children->len; i++)
    if (g_strv_contains(keys, ((const Outline *)g_ptr_array_index(object->children, i))->key))
      part_add(parts, object, i, under);
}

static const Outline *body_of(const Outline *operation) {
  const Outline *body = outline_member(operation, "do");
  return body != NULL ? body : outline_member(operation, "for ever");
}

static void script_add(GArray *parts, const Outline *script, const char *under) {
  const Outline *list = script != NULL && script->first == '{' ? outline_member(script, "do") : script;
  for (guint i = 0; list != NULL && list->first == '[' && i < list->children->len; i++) {
    const Outline *operation = g_ptr_array_index(list->children, i);
    part_add(parts, list, i, under);
    script_add(parts, operation->first != '{' ? NULL : body_of(operation), under);
  }
}

static void processes_add(GArray *parts, const Outline *processes) {
  children_add(parts, processes, "processes");
  for (guint i = 0; processes != NULL && i < processes->children->len; i++) {
    const Outline *process = g_ptr_array_index(processes->children, i);
    const Outline *threads = outline_member(process, "threads");
    g_autofree char *under = g_strdup_printf("threads of %s", process->key);
    children_add(parts, threads, under);
    for (guint k = 0; threads != NULL && k < threads->children->len; k++) {
      const Outline *thread = g_ptr_array_index(threads->children, k);
      g_autofree char *within = g_strdup_printf("%s.%s", process->key, thread->key);
      script_add(parts, thread, within);
    }
  }
}

static void filters_add(GArray *parts, const Outline *filters) {
  static const char *const keys[] = { "conditions", "flags", "weight", "sublayer", "name", NULL };
  children_add(parts, filters, "filters");
  for (guint i = 0; filters != NULL && i < filters->children->len; i++) {
    g_autofree char *under = g_strdup_printf("filter %u's", i + 1);
    members_add(parts, g_ptr_array_index(filters->children, i), keys, under);
  }
}

/* Drivers; of those written as steps also functions and globals that nothing uses. */
static void drivers_add(GArray *parts, const Outline *drivers) {
  children_add(parts, drivers, "drivers");
  for (guint i = 0; drivers != NULL && i < drivers->children->len; i++) {
    const Outline *driver = g_ptr_array_index(drivers->children, i);
    if (outline_member(driver, "source") != NULL)
      continue;
    for (guint k = 0; k < driver->children->len; k++) /* what sets it up is part of it */
      if (strcmp(((const Outline *)g_ptr_array_index(driver->children, k))->key, "DriverEntry") != 0)
        part_add(parts, driver, k, driver->key);
    children_add(parts, outline_member(driver, "globals"), driver->key);
  }
}

static GArray *parts_collect(const Outline *root) {
  static const char *const sections[] = { "processes", "traffic", "faults", "filters", "callouts", "sublayers", "budget", NULL };
  static const char *const settings[] = { "verifier", "wait_at_dispatch", "netio", "leak_path", "fltsend_order", "paging", NULL };
  GArray *parts = g_array_new(FALSE, FALSE, sizeof(Part));
  g_array_set_clear_func(parts, part_clear);
  members_add(parts, root, sections, "");
  children_add(parts, outline_member(root, "traffic"), "traffic");
  children_add(parts, outline_member(root, "faults"), "faults");
  processes_add(parts, outline_member(root, "processes"));
  filters_add(parts, outline_member(root, "filters"));
  children_add(parts, outline_member(root, "callouts"), "callouts");
  children_add(parts, outline_member(root, "sublayers"), "sublayers");
  members_add(parts, outline_member(root, "machine"), settings, "machine");
  drivers_add(parts, outline_member(root, "drivers"));
  return parts;
}

static char *entry_cut(const char *text, const Outline *parent, guint index, ShrinkCut *cut) {
  size_t end;
  *cut = (ShrinkCut){ .entry = ((const Outline *)g_ptr_array_index(parent->children, index))->key_begin };
  outline_range(parent, index, &cut->begin, &end);
  cut->size = end - cut->begin;
  return outline_without(text, parent, index);
}

char *shrink_text_without(const char *file, const char *text, guint index, ShrinkCut *cut) {
  g_autoptr(Outline) root = outline_parse(file, text, NULL);
  g_autoptr(GArray) parts = root != NULL ? parts_collect(root) : NULL;
  if (parts == NULL || index >= parts->len)
    return NULL;
  const Part *part = &g_array_index(parts, Part, index);
  return entry_cut(text, part->parent, part->index, cut);
}

char *shrink_text_name(const char *file, const char *text, size_t entry) {
  g_autoptr(Outline) root = outline_parse(file, text, NULL);
  g_autoptr(GArray) parts = root != NULL ? parts_collect(root) : NULL;
  for (guint i = 0; parts != NULL && i < parts->len; i++) {
    const Part *part = &g_array_index(parts, Part, i);
    if (((const Outline *)g_ptr_array_index(part->parent->children, part->index))->key_begin == entry)
      return g_strdup(part->what);
  }
  return NULL;
}

char *shrink_text_cpus(const char *file, const char *text, unsigned count) {
  g_autoptr(Outline) root = outline_parse(file, text, NULL);
  if (root == NULL)
    return NULL;
  const Outline *machine = outline_member(root, "machine");
  g_autofree char *number = g_strdup_printf("%u", count);
  g_autofree char *object = g_strdup_printf("{ \"cpus\": %u }", count);
  return machine != NULL ? outline_with_member(text, machine, "cpus", number) : outline_with_member(text, root, "machine", object);
}

char *shrink_text_without_expect(const char *file, const char *text, ShrinkCut *cut) {
  g_autoptr(Outline) root = outline_parse(file, text, NULL);
  for (guint i = 0; root != NULL && i < root->children->len; i++)
    if (strcmp(((const Outline *)g_ptr_array_index(root->children, i))->key, "expect") == 0)
      return entry_cut(text, root, i, cut);
  return NULL;
}

/* ---- what it comes to, as an expectation ---- */

static void finding_append(GString *expect, const char *rule, const char *at, const char *where) {
  g_string_append_printf(expect, "%s{ \"finding\": \"%s\"", expect->len > 0 ? ", " : "", rule);
  if (at != NULL)
    g_string_append_printf(expect, ", \"at\": \"%s\"", at);
  if (where != NULL)
    g_string_append_printf(expect, ", \"where\": \"%s\"", where);
  g_string_append(expect, " }");
}

static void failure_append(GString *expect, const RunFailure *failure) {
  const DdiBugcheck *row = failure->kind == RUN_FAILURE_BUGCHECK ? ddi_bugcheck_find(failure->code) : NULL;
  const DdiFunction *function = ddi_function_by_id(failure->function);
  const DdiCallback *callback = function == NULL ? ddi_callback_by_id(failure->function) : NULL;
  switch (failure->kind) {
  case RUN_FAILURE_BUGCHECK:
    if (row != NULL)
      g_string_append_printf(expect, "{ \"bugcheck\": \"%s\" }", row->name);
    return;
  case RUN_FAILURE_FINDING:
    finding_append(expect, rule_by_id(failure->code)->name,
                   function != NULL   ? function->name
                   : callback != NULL ? callback->name
                                      : NULL,
                   failure->routine);
    return;
  case RUN_FAILURE_STOP: break;
  default: return;
  }
  static const char *const limits[] = { [SIM_STOP_LIMIT_STEPS] = "steps",         [SIM_STOP_LIMIT_EVENTS] = "events",
                                        [SIM_STOP_LIMIT_ACCESSES] = "accesses",   [SIM_STOP_LIMIT_VIRTUAL_TIME] = "virtual_time",
                                        [SIM_STOP_LIMIT_HOST_TIME] = "host_time", [SIM_STOP_LIMIT_MEMORY] = "memory" };
  if (failure->stop == SIM_STOP_NOT_MODELLED)
    g_string_append_printf(expect, "{ \"outcome\": \"not-modelled %s\" }", failure->stop_text);
  else if (failure->stop >= SIM_STOP_LIMIT_STEPS)
    g_string_append_printf(expect, "{ \"outcome\": \"limit %s\" }", limits[failure->stop]);
  else
    g_string_append_printf(expect, "{ \"outcome\": \"%s\" }", failure->stop == SIM_STOP_HUNG ? "hung" : "guest-crash");
}

/* A rule that nothing mentions would not be as expected; and a run that does not end by itself. */
static void rest_append(GString *expect, const RunResult *result, const RunFailure *failure) {
  for (size_t rule = 0; rule < rule_count; rule++)
    for (uint32_t i = 0; i < result->finding_count; i++)
      if (result->findings[i].rule == rule_table[rule].id) {
        if (failure->kind != RUN_FAILURE_FINDING || failure->code != rule_table[rule].id)
          finding_append(expect, rule_table[rule].name, NULL, NULL);
        break;
      }
  if (failure->kind == RUN_FAILURE_STOP || result->bugcheck.code != 0 || result->stop == SIM_STOP_QUIET)
    return;
  RunFailure end = { .kind = RUN_FAILURE_STOP, .stop = result->stop, .stop_text = (char *)result->stop_text };
  g_string_append(expect, expect->len > 0 ? ", " : "");
  failure_append(expect, &end);
}

/* The text of the expectation that did not hold. Owned; NULL: it is not found. */
static char *expectation_text(const ScenarioRun *run, size_t index, const char *text) {
  g_autoptr(Outline) root = outline_parse(run->scenario->file, text, NULL);
  const Outline *expect = root != NULL ? outline_member(root, "expect") : NULL;
  for (guint i = 0; expect != NULL && i < expect->children->len; i++) {
    const Outline *list = g_ptr_array_index(expect->children, i);
    if (index < list->children->len) {
      const Outline *item = g_ptr_array_index(list->children, index);
      return g_strndup(text + item->begin, item->end - item->begin);
    }
    index -= list->children->len;
  }
  return NULL;
}

char *shrink_text_expect(const ScenarioRun *run, const Shrunk *shrunk, const RunFailure *failure, const char *text) {
  g_autoptr(GString) always = g_string_new(NULL);
  const char *never = "";
  g_autofree char *held = NULL;
  g_autofree char *item = failure->kind == RUN_FAILURE_EXPECTATION ? expectation_text(run, failure->expectation, text) : NULL;
  if (item != NULL && run->scenario->expect.items[failure->expectation].when == EXPECT_NEVER)
    g_string_append(always, item);
  else if (item != NULL)
    never = held = g_strdup_printf("\"never\": [%s]", item);
  failure_append(always, failure);
  if (failure->kind == RUN_FAILURE_FINDING && shrunk->result.bugcheck.code != 0) {
    RunFailure bugcheck = { .kind = RUN_FAILURE_BUGCHECK, .code = shrunk->result.bugcheck.code };
    g_string_append(always, ", ");
    failure_append(always, &bugcheck);
  }
  rest_append(always, &shrunk->result, failure);
  if (always->len == 0)
    return g_strdup_printf("{ %s }", never);
  return g_strdup_printf("{ \"always\": [%s]%s%s }", always->str, *never != '\0' ? ", " : "", never);
}

/* ---- the new file ---- */

static char *folder_of(const char *file) {
  g_autofree char *folder = g_path_get_dirname(file);
  return g_canonicalize_filename(folder, NULL);
}

/* A path below `from` as it is seen from `to`. Both absolute. Owned. */
static char *path_between(const char *from, const char *path, const char *to) {
  g_autofree char *absolute = g_canonicalize_filename(path, from);
  g_auto(GStrv) there = g_strsplit(absolute, "/", -1);
  g_auto(GStrv) here = g_strsplit(to, "/", -1);
  guint same = 0;
  while (there[same] != NULL && here[same] != NULL && strcmp(there[same], here[same]) == 0)
    same++;
  GString *relative = g_string_new(NULL);
  for (guint i = same; here[i] != NULL; i++)
    if (*here[i] != '\0')
      g_string_append(relative, "../");
  for (guint i = same; there[i] != NULL; i++)
    g_string_append_printf(relative, "%s%s", i > same ? "/" : "", there[i]);
  return g_string_free(relative, FALSE);
}

/* The index-th path in drivers' "source" and "include"; NULL: there are not so many. */
static const Outline *path_at(const Outline *root, guint index) {
  static const char *const keys[] = { "source", "include" };
  const Outline *drivers = outline_member(root, "drivers");
  for (guint i = 0; drivers != NULL && i < drivers->children->len; i++)
    for (unsigned k = 0; k < G_N_ELEMENTS(keys); k++) {
      const Outline *paths = outline_member(g_ptr_array_index(drivers->children, i), keys[k]);
      if (paths == NULL || outline_member(g_ptr_array_index(drivers->children, i), "source") == NULL)
        continue;
      guint count = paths->first == '[' ? paths->children->len : 1;
      if (index < count)
        return paths->first == '[' ? g_ptr_array_index(paths->children, index) : paths;
      index -= count;
    }
  return NULL;
}

static char *paths_move(const char *file, const char *output, char *text) {
  g_autofree char *from = folder_of(file), *to = folder_of(output);
  for (guint i = 0; strcmp(from, to) != 0; i++) {
    g_autoptr(Outline) root = outline_parse(file, text, NULL);
    const Outline *path = root != NULL ? path_at(root, i) : NULL;
    if (path == NULL)
      break;
    g_autofree char *old = outline_text(text, path);
    if (g_path_is_absolute(old) || strchr(old, '\\') != NULL)
      continue;
    g_autofree char *moved = path_between(from, old, to);
    g_autofree char *quoted = g_strdup_printf("\"%s\"", moved);
    char *changed = outline_replaced(text, path, quoted);
    g_free(text);
    text = changed;
  }
  return text;
}

char *shrink_text_own(const char *file, const char *output, const char *text, const char *line, bool races, const char *expect,
                      GError **error) {
  g_autoptr(Outline) root = outline_parse(file, text, error);
  if (root == NULL)
    return NULL;
  g_autofree char *policy = g_strdup_printf("{ \"replay\": \"%s\"%s }", line, races ? ", \"races\": true" : "");
  g_autofree char *with_policy = outline_with_member(text, root, "policy", policy);
  g_autoptr(Outline) again = outline_parse(file, with_policy, error);
  if (again == NULL)
    return NULL;
  char *own = outline_with_member(with_policy, again, "expect", expect);
  return output != NULL ? paths_move(file, output, own) : own;
}
