#include "files.h"

#include <glib.h>
#include <string.h>

static int text_compare(const void *left, const void *right) { return strcmp(*(const char *const *)left, *(const char *const *)right); }

static void files_add(GPtrArray *files, const char *path) {
  g_autoptr(GDir) folder = g_dir_open(path, 0, NULL);
  if (folder == NULL) {
    if (g_str_has_suffix(path, ".json") && !g_str_has_suffix(path, "schema.json"))
      g_ptr_array_add(files, g_strdup(path));
    return;
  }
  for (const char *name; (name = g_dir_read_name(folder)) != NULL;) {
    g_autofree char *inner = g_build_filename(path, name, NULL);
    files_add(files, inner);
  }
}

char **scenario_files(const char *path) {
  GPtrArray *files = g_ptr_array_new();
  files_add(files, path);
  g_ptr_array_sort(files, text_compare);
  g_ptr_array_add(files, NULL);
  return (char **)g_ptr_array_free(files, FALSE);
}
