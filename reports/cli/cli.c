#include "cli.h"

#include "config.h"

#include <stdio.h>
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

bool cli_options(const char *command, const char *arguments, const char *summary, const char *description, const GOptionEntry *entries,
                 int *argc, char ***argv) {
  g_autoptr(GError) error = NULL;
  g_autofree char *name = g_strdup_printf("irqlab %s", command);
  g_autoptr(GOptionContext) context = g_option_context_new(arguments);
  g_set_prgname(name);
  g_option_context_set_summary(context, summary);
  g_option_context_set_description(context, description);
  g_option_context_add_main_entries(context, entries, NULL);
  if (g_option_context_parse(context, argc, argv, &error))
    return true;
  cli_error("%s: %s\nirqlab %s --help tells the options.", command, error->message, command);
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

static bool is_scenario_name(const char *name) { return g_str_has_suffix(name, ".json") && strcmp(name, "schema.json") != 0; }

static int compare_names(gconstpointer left, gconstpointer right) { return strcmp(*(char *const *)left, *(char *const *)right); }

static char **folder_entries(const char *folder, GError **error) {
  g_autoptr(GDir) directory = g_dir_open(folder, 0, error);
  if (directory == NULL)
    return NULL;
  g_autoptr(GPtrArray) names = g_ptr_array_new();
  for (const char *name = g_dir_read_name(directory); name != NULL; name = g_dir_read_name(directory))
    if (name[0] != '.')
      g_ptr_array_add(names, g_strdup(name));
  g_ptr_array_sort(names, compare_names);
  g_ptr_array_add(names, NULL);
  return (char **)g_ptr_array_steal(names, NULL);
}

static char *shown_name(const char *path, const char *base) {
  const char *rest = g_str_has_prefix(path, base) ? path + strlen(base) : path;
  while (*rest == '/')
    rest++;
  gsize length = strlen(rest);
  return g_str_has_suffix(rest, ".json") ? g_strndup(rest, length - strlen(".json")) : g_strdup(rest);
}

static bool folder_add(const char *folder, const char *base, unsigned depth, GPtrArray *files, GPtrArray *names, GError **error) {
  g_auto(GStrv) entries = folder_entries(folder, error);
  if (entries == NULL)
    return false;
  for (char **entry = entries; *entry != NULL; entry++) {
    g_autofree char *path = g_build_filename(folder, *entry, NULL);
    if (g_file_test(path, G_FILE_TEST_IS_DIR)) {
      if (depth < 32 && strcmp(*entry, "loader") != 0 && !folder_add(path, base, depth + 1, files, names, error))
        return false;
    } else if (is_scenario_name(*entry)) {
      g_ptr_array_add(names, shown_name(path, base));
      g_ptr_array_add(files, g_steal_pointer(&path));
    }
  }
  return true;
}

bool cli_scenario_files(char **paths, GPtrArray *files, GPtrArray *names, GError **error) {
  const char *whole[] = { config_library_folder(), NULL };
  for (const char *const *path = paths != NULL && *paths != NULL ? (const char *const *)paths : whole; *path != NULL; path++) {
    if (g_file_test(*path, G_FILE_TEST_IS_DIR)) {
      g_autofree char *base = g_strdup(*path);
      while (strlen(base) > 1 && g_str_has_suffix(base, "/"))
        base[strlen(base) - 1] = '\0';
      if (!folder_add(base, base, 0, files, names, error))
        return false;
    } else {
      char *file = cli_scenario_file(*path, NULL);
      if (file == NULL)
        file = g_strdup(*path); /* that it is missing is its own result and costs no other its own */
      g_ptr_array_add(files, file);
      g_ptr_array_add(names, shown_name(file, ""));
    }
  }
  return true;
}

/* A name of the library: LIBRARY/NAME.json or LIBRARY/ANY FOLDER/NAME.json. */
static char *library_file(const char *name) {
  g_auto(GStrv) folders = folder_entries(config_library_folder(), NULL);
  g_autofree char *leaf = g_strdup_printf("%s.json", name);
  char *direct = g_build_filename(config_library_folder(), leaf, NULL);
  if (g_file_test(direct, G_FILE_TEST_IS_REGULAR))
    return direct;
  g_free(direct);
  for (char **folder = folders; folder != NULL && *folder != NULL; folder++) {
    char *path = g_build_filename(config_library_folder(), *folder, leaf, NULL);
    if (g_file_test(path, G_FILE_TEST_IS_REGULAR))
      return path;
    g_free(path);
  }
  return NULL;
}

char *cli_scenario_file(const char *name, GError **error) {
  if (g_file_test(name, G_FILE_TEST_EXISTS) || g_file_test(name, G_FILE_TEST_IS_SYMLINK))
    return g_strdup(name); /* whatever is wrong with it, loading will say */
  char *with_ending = g_strdup_printf("%s.json", name);
  if (g_file_test(with_ending, G_FILE_TEST_IS_REGULAR))
    return with_ending;
  g_free(with_ending);
  char *in_library = library_file(name);
  if (in_library == NULL)
    g_set_error(error, SCENARIO_ERROR, SCENARIO_ERROR_READ, "%s: no such file, and no scenario of that name in the library (irqlab list)",
                name);
  return in_library;
}
