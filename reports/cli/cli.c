#include "cli.h"

#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int cli_error(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  fputs("irqlab: ", stderr);
  vfprintf(stderr, format, arguments);
  fputc('\n', stderr);
  va_end(arguments);
  return EXIT_BAD_INPUT;
}

static bool asks_for_help(int argc, char **argv) {
  for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
    if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
      return true;
  return false;
}

static const GOptionEntry *entry_find(const GOptionEntry *entries, char letter) {
  while (entries->long_name != NULL && (letter == '\0' || entries->short_name != letter))
    entries++;
  return entries->long_name != NULL ? entries : NULL;
}

/* "-j2" is --jobs=2: GLib takes a number behind a letter only as an argument of its own. */
static void numbers_detach(const GOptionEntry *entries, int argc, char **argv) {
  for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
    const GOptionEntry *entry = argv[i][0] == '-' ? entry_find(entries, argv[i][1]) : NULL;
    if (entry == NULL)
      continue;
    bool is_number = entry->arg == G_OPTION_ARG_INT || entry->arg == G_OPTION_ARG_INT64;
    const char *digits = argv[i] + 2;
    if (*digits == '\0')
      i += entry->arg != G_OPTION_ARG_NONE; /* what follows is its value */
    if (*digits == '\0' || !is_number || strspn(digits, "0123456789") != strlen(digits))
      continue;
    g_autofree char *spelled = g_strdup_printf("--%s=%s", entry->long_name, digits);
    argv[i] = (char *)g_intern_string(spelled); /* nobody would free it */
  }
}

/* "; did you mean "--policy"?" for an option that there is not. Returns owned. */
static char *option_suggestion(const GOptionEntry *entries, const GError *error) {
  const char *given = g_error_matches(error, G_OPTION_ERROR, G_OPTION_ERROR_UNKNOWN_OPTION) ? strstr(error->message, "--") : NULL;
  const char *names[64];
  size_t count = 0;
  for (; given != NULL && entries->long_name != NULL && count < G_N_ELEMENTS(names); entries++)
    if (!(entries->flags & G_OPTION_FLAG_HIDDEN))
      names[count++] = entries->long_name;
  g_autofree char *name = given != NULL ? g_strndup(given + strlen("--"), strcspn(given + strlen("--"), "=")) : NULL;
  const char *nearest = name != NULL ? text_nearest_of(name, names, count) : NULL;
  g_autofree char *option = nearest != NULL ? g_strconcat("--", nearest, NULL) : NULL;
  return text_suggestion(option);
}

bool cli_options(const char *command, const char *arguments, const char *summary, const char *description, const GOptionEntry *entries,
                 int *argc, char ***argv) {
  g_autoptr(GError) error = NULL;
  g_autofree char *name = g_strdup_printf("irqlab %s", command);
  g_autoptr(GOptionContext) context = g_option_context_new(arguments);
  g_set_prgname(name);
  g_option_context_set_summary(context, summary);
  g_option_context_set_description(context, description);
  g_option_context_add_main_entries(context, entries, NULL);
  if (asks_for_help(*argc, *argv)) { /* GLib's own way would print "[OPTION?]" where no locale was set */
    g_autofree char *help = g_option_context_get_help(context, TRUE, NULL);
    fputs(help, stdout);
    exit(fflush(stdout) == 0 ? EXIT_AS_EXPECTED : EXIT_SET_UP);
  }
  numbers_detach(entries, *argc, *argv);
  if (g_option_context_parse(context, argc, argv, &error))
    return true;
  g_autofree char *suggestion = option_suggestion(entries, error);
  cli_error("%s: %s%s\nirqlab %s --help tells the options.", command, error->message, suggestion, command);
  return false;
}

bool cli_color_mode(const char *text, ReportColorMode *mode) {
  static const char *const names[] = { "auto", "always", "never" };
  if (text == NULL)
    return true;
  for (unsigned i = 0; i < G_N_ELEMENTS(names); i++)
    if (strcmp(text, names[i]) == 0) {
      *mode = (ReportColorMode)i;
      return true;
    }
  cli_error("--color takes auto, always or never, not \"%s\"", text);
  return false;
}

/* ---- finding scenario files ---- */

#define FOLDER_DEPTH_MAX 32

static bool is_scenario_name(const char *name) { return g_str_has_suffix(name, ".json") && strcmp(name, "schema.json") != 0; }

/* "x/y.json" -> "x/y". Returns owned. */
static char *without_ending(const char *path) {
  return g_str_has_suffix(path, ".json") ? g_strndup(path, strlen(path) - strlen(".json")) : g_strdup(path);
}

/* By their names without the ending: "bad" before "bad-too". */
static int compare_names(gconstpointer left, gconstpointer right) {
  g_autofree char *a = without_ending(*(char *const *)left), *b = without_ending(*(char *const *)right);
  int order = strcmp(a, b);
  return order != 0 ? order : strcmp(*(char *const *)left, *(char *const *)right);
}

static char **folder_entries(const char *folder, GError **error) {
  g_autoptr(GDir) directory = g_dir_open(folder, 0, error);
  if (directory == NULL)
    return NULL;
  GPtrArray *names = g_ptr_array_new();
  for (const char *name = g_dir_read_name(directory); name != NULL; name = g_dir_read_name(directory))
    if (name[0] != '.')
      g_ptr_array_add(names, g_strdup(name));
  g_ptr_array_sort(names, compare_names);
  g_ptr_array_add(names, NULL);
  return (char **)g_ptr_array_free(names, FALSE);
}

/* What of the path is below the folder; the path itself when it is not. Borrowed. */
static const char *below(const char *path, const char *folder) {
  size_t length = strlen(folder);
  while (length > 1 && folder[length - 1] == '/')
    length--;
  if (strncmp(path, folder, length) != 0 || path[length] != '/')
    return path;
  path += length;
  while (*path == '/')
    path++;
  return path;
}

static void scenario_free_one(gpointer data) {
  CliScenario *scenario = data;
  g_free(scenario->file);
  g_free(scenario->name);
  g_free(scenario->spoken);
  g_free(scenario->error);
  g_free(scenario);
}

/* `folder`: the one that was asked for, under which it was found; "": it was asked for itself. */
static void scenario_add(GPtrArray *scenarios, const char *file, const char *folder, const char *error) {
  CliScenario *scenario = g_new0(CliScenario, 1);
  const char *in_library = below(file, config_library_folder());
  scenario->file = g_strdup(file);
  scenario->name = without_ending(*folder != '\0' ? below(file, folder) : in_library);
  scenario->spoken = in_library != file ? without_ending(in_library) : g_strdup(file);
  scenario->error = g_strdup(error);
  g_ptr_array_add(scenarios, scenario);
}

static void folder_add(GPtrArray *scenarios, const char *folder, const char *asked, unsigned depth) {
  g_autoptr(GError) error = NULL;
  g_auto(GStrv) entries = folder_entries(folder, &error);
  if (entries == NULL) {
    scenario_add(scenarios, folder, "", error->message);
    return;
  }
  for (char **entry = entries; *entry != NULL; entry++) {
    g_autofree char *path = strcmp(folder, ".") == 0 ? g_strdup(*entry) : g_build_filename(folder, *entry, NULL);
    bool is_loader = strcmp(*entry, "loader") == 0 && strcmp(folder, config_library_folder()) == 0;
    if (g_file_test(path, G_FILE_TEST_IS_DIR)) {
      if (depth < FOLDER_DEPTH_MAX && !is_loader)
        folder_add(scenarios, path, asked, depth + 1);
    } else if (is_scenario_name(*entry)) {
      scenario_add(scenarios, path, asked, NULL);
    }
  }
}

GPtrArray *cli_scenarios(char **paths) {
  GPtrArray *scenarios = g_ptr_array_new_with_free_func(scenario_free_one);
  if (paths == NULL || *paths == NULL) {
    folder_add(scenarios, config_library_folder(), config_library_folder(), 0);
    return scenarios;
  }
  for (char **path = paths; *path != NULL; path++) {
    g_autoptr(GError) error = NULL;
    g_autofree char *file = cli_scenario_file(*path, &error);
    guint before = scenarios->len;
    if (file != NULL && g_file_test(file, G_FILE_TEST_IS_DIR)) {
      folder_add(scenarios, file, file, 0);
      g_autofree char *empty = g_strdup_printf("%s: there is no scenario (*.json) in this folder", *path);
      if (scenarios->len == before)
        scenario_add(scenarios, file, "", empty);
    } else {
      scenario_add(scenarios, file != NULL ? file : *path, "", error != NULL ? error->message : NULL);
    }
  }
  return scenarios;
}

/* ---- names of the library ---- */

/* LIBRARY/NAME or LIBRARY/ANY FOLDER/NAME, a scenario with its ending left off or a folder; NULL: neither. Returns owned. */
static char *library_file(const char *name) {
  g_auto(GStrv) folders = folder_entries(config_library_folder(), NULL);
  g_autofree char *leaf = g_strdup_printf("%s.json", name);
  const char *const names[] = { leaf, name };
  const char *const none[] = { NULL };
  for (unsigned i = 0; i < G_N_ELEMENTS(names); i++) {
    char *direct = g_build_filename(config_library_folder(), names[i], NULL);
    if (g_file_test(direct, i == 0 ? G_FILE_TEST_IS_REGULAR : G_FILE_TEST_IS_DIR))
      return direct;
    g_free(direct);
    for (const char *const *folder = folders != NULL ? (const char *const *)folders : none; *folder != NULL; folder++) {
      char *path = g_build_filename(config_library_folder(), *folder, names[i], NULL);
      if (g_file_test(path, i == 0 ? G_FILE_TEST_IS_REGULAR : G_FILE_TEST_IS_DIR))
        return path;
      g_free(path);
    }
  }
  return NULL;
}

static const char *name_at(const void *names, size_t index) {
  return ((const CliScenario *)g_ptr_array_index((GPtrArray *)names, index))->name;
}

/* A name of the library that is meant, behind its first folder as well ("osr-291980/dpc-clasify"). Returns owned. */
static char *library_suggestion(const char *name) {
  g_autoptr(GPtrArray) all = cli_scenarios(NULL);
  for (guint i = 0, count = all->len; i < count; i++) {
    const CliScenario *scenario = g_ptr_array_index(all, i);
    const char *slash = strchr(scenario->name, '/');
    if (slash == NULL)
      continue;
    CliScenario *shorter = g_new0(CliScenario, 1);
    shorter->name = g_strdup(slash + 1);
    g_ptr_array_add(all, shorter);
  }
  g_autofree char *meant = without_ending(name);
  return text_suggestion(text_nearest(meant, name_at, all, all->len));
}

char *cli_scenario_file(const char *name, GError **error) {
  if (g_file_test(name, G_FILE_TEST_EXISTS) || g_file_test(name, G_FILE_TEST_IS_SYMLINK))
    return g_strdup(name); /* whatever is wrong with it, loading will say */
  char *with_ending = g_strdup_printf("%s.json", name);
  if (g_file_test(with_ending, G_FILE_TEST_IS_REGULAR))
    return with_ending;
  g_free(with_ending);
  bool is_plain = *name != '\0' && !g_path_is_absolute(name) && strstr(name, "..") == NULL;
  char *in_library = is_plain ? library_file(name) : NULL;
  if (in_library != NULL)
    return in_library;
  g_autofree char *suggestion = library_suggestion(name);
  g_set_error(error, SCENARIO_ERROR, SCENARIO_ERROR_READ, "%s: no such file, and no scenario of that name in the library%s", name,
              suggestion);
  return NULL;
}
