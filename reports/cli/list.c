/* irqlab list: what there is. */
#include "cli.h"

#include "model/ddi/bugchecks.h"

#include <stdio.h>
#include <string.h>

/* ---- scenarios ---- */

static int list_scenarios(char **paths) {
  g_autoptr(GPtrArray) scenarios = cli_scenarios(paths);
  int exit_code = EXIT_AS_EXPECTED;
  unsigned columns = 24;
  for (guint i = 0; i < scenarios->len; i++)
    columns = MAX(columns, report_columns(((const CliScenario *)g_ptr_array_index(scenarios, i))->name));
  for (guint i = 0; i < scenarios->len; i++) {
    const CliScenario *entry = g_ptr_array_index(scenarios, i);
    g_autoptr(GError) error = NULL;
    g_autoptr(Scenario) scenario = entry->error == NULL ? scenario_load(entry->file, &error) : NULL;
    if (scenario == NULL) {
      exit_code = cli_error("%s", entry->error != NULL ? entry->error : error->message);
      continue;
    }
    g_autoptr(GString) line = g_string_new(NULL);
    report_pad(line, entry->name, columns);
    g_string_append_printf(line, "  %s", scenario->title);
    puts(line->str);
  }
  return exit_code;
}

/* ---- tables ---- */

static bool has_text(const char *text, const char *part) {
  g_autofree char *lower_text = g_ascii_strdown(text, -1), *lower_part = g_ascii_strdown(part, -1);
  return strstr(lower_text, lower_part) != NULL;
}

/* Prints the line when every word is in it. */
static void line_put(char **words, const char *format, ...) G_GNUC_PRINTF(2, 3);
static void line_put(char **words, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  g_autofree char *line = g_strdup_vprintf(format, arguments);
  va_end(arguments);
  for (char **word = words; word != NULL && *word != NULL; word++)
    if (!has_text(line, *word))
      return;
  puts(g_strchomp(line));
}

static void list_rules(char **words) {
  for (size_t i = 0; i < rule_count; i++)
    line_put(words, "%-30s  %s", rule_table[i].name, rule_table[i].title);
}

static void list_bugchecks(char **words) {
  for (size_t i = 0; i < ddi_bugcheck_count; i++)
    line_put(words, "0x%-8X  %-50s  %s", ddi_bugchecks[i].code, ddi_bugchecks[i].name, ddi_bugchecks[i].meaning);
}

static void list_functions(char **words) {
  for (uint32_t i = 0; i < ddi_function_count; i++)
    line_put(words, "%-44s  %-14s  %s", ddi_functions[i].name, ddi_functions[i].header, ddi_functions[i].contract);
}

static void list_callbacks(char **words) {
  for (uint32_t i = 0; i < ddi_callback_count; i++)
    line_put(words, "%-44s  %s", ddi_callbacks[i].name, ddi_callbacks[i].contract);
}

static void list_statuses(char **words) {
  for (size_t i = 0; i < ddi_status_count; i++)
    line_put(words, "0x%08X  %-44s  %s", (unsigned)ddi_statuses[i].value, ddi_statuses[i].name, ddi_statuses[i].meaning);
}

static void list_policies(char **words) {
  for (size_t i = 0; i < sim_policy_count; i++)
    line_put(words, "%-12s  %s", sim_policies[i]->name, sim_policies[i]->title);
}

/* ---- the command ---- */

static const struct {
  const char *name;
  void (*list)(char **words); /* NULL: scenarios */
} kinds[] = {
  { "scenarios", NULL },           { "rules", list_rules },       { "bugchecks", list_bugchecks }, { "functions", list_functions },
  { "callbacks", list_callbacks }, { "statuses", list_statuses }, { "policies", list_policies },
};

static const char *name_at(const void *names, size_t index) {
  (void)names;
  return kinds[index].name;
}

static const char description[] = "WHAT is one of\n"
                                  "  scenarios    those of the library, or in the files and folders given (the default)\n"
                                  "  rules        the mistakes that are found\n"
                                  "  bugchecks    with which Windows stops\n"
                                  "  functions    of Windows that are modelled, with their IRQL contract\n"
                                  "  callbacks    routine types that Windows calls\n"
                                  "  statuses     NTSTATUS values\n"
                                  "  policies     ways to choose schedules\n"
                                  "and but for scenarios, WORDs leave only lines with all of them in.\n\n"
                                  "Examples:\n"
                                  "  irqlab list\n"
                                  "  irqlab list mine/\n"
                                  "  irqlab list functions spinlock\n\n"
                                  "irqlab explain NAME tells more of each. Exit codes: 0 listed; 2 bad input.\n";

int cli_list(int argc, char **argv) {
  const GOptionEntry entries[] = { { 0 } };
  if (!cli_options("list", "[WHAT] [PATH or WORD ...]", "Lists what there is, one a line.", description, entries, &argc, &argv))
    return EXIT_BAD_INPUT;
  if (argc < 2)
    return list_scenarios(NULL);
  for (unsigned i = 0; i < G_N_ELEMENTS(kinds); i++) {
    if (strcmp(argv[1], kinds[i].name) != 0)
      continue;
    if (kinds[i].list == NULL)
      return list_scenarios(argv + 2);
    kinds[i].list(argv + 2);
    return EXIT_AS_EXPECTED;
  }
  g_autoptr(GError) error = NULL;
  g_autofree char *file = cli_scenario_file(argv[1], &error);
  if (file != NULL)
    return list_scenarios(argv + 1);
  g_autofree char *suggestion = text_suggestion(text_nearest(argv[1], name_at, NULL, G_N_ELEMENTS(kinds)));
  return cli_error("list: \"%s\" is no kind of thing to list, and no file or folder%s", argv[1], suggestion);
}
