/* irqlab list: what there is. */
#include "cli.h"

#include "model/ddi/bugchecks.h"

#include <stdio.h>
#include <string.h>

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
      fprintf(stderr, "irqlab: %s\n", entry->error != NULL ? entry->error : error->message);
      exit_code = EXIT_BAD_INPUT;
      continue;
    }
    g_autoptr(GString) line = g_string_new(NULL);
    report_pad(line, entry->name, columns);
    g_string_append_printf(line, "  %s", scenario->title);
    puts(line->str);
  }
  return exit_code;
}

static int list_rules(void) {
  for (size_t i = 0; i < rule_count; i++)
    printf("%-30s  %s\n", rule_table[i].name, rule_table[i].title);
  return EXIT_AS_EXPECTED;
}

static int list_bugchecks(void) {
  for (size_t i = 0; i < ddi_bugcheck_count; i++)
    printf("0x%-8X  %-48s  %s\n", ddi_bugchecks[i].code, ddi_bugchecks[i].name, ddi_bugchecks[i].meaning);
  return EXIT_AS_EXPECTED;
}

static int list_functions(void) {
  for (uint32_t i = 0; i < ddi_function_count; i++)
    printf("%-44s  %s\n", ddi_functions[i].name, ddi_functions[i].contract);
  return EXIT_AS_EXPECTED;
}

static const char description[] =
    "WHAT is scenarios (with files and folders to look in; default: the library), rules, bugchecks or functions.\n\n"
    "Examples:\n  irqlab list\n  irqlab list scenarios mine/\n  irqlab list functions\n";

int cli_list(int argc, char **argv) {
  const GOptionEntry entries[] = { { 0 } };
  static const char *const kinds[] = { "scenarios", "rules", "bugchecks", "functions" };
  if (!cli_options("list", "[WHAT] [PATH ...]", "Lists what irqlab has: scenarios, rules, bug checks, modelled functions.", description,
                   entries, &argc, &argv))
    return EXIT_BAD_INPUT;
  const char *what = argc > 1 ? argv[1] : "scenarios";
  if (strcmp(what, "scenarios") == 0)
    return list_scenarios(argc > 2 ? argv + 2 : NULL);
  if (strcmp(what, "rules") == 0)
    return list_rules();
  if (strcmp(what, "bugchecks") == 0)
    return list_bugchecks();
  if (strcmp(what, "functions") == 0)
    return list_functions();
  if (g_file_test(what, G_FILE_TEST_EXISTS))
    return list_scenarios(argv + 1);
  g_autofree char *suggestion = text_suggestion(text_nearest_of(what, kinds, G_N_ELEMENTS(kinds)));
  return cli_error("list: unknown kind \"%s\"%s", what, suggestion);
}
