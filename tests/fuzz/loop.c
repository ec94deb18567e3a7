/*
 * A target without libFuzzer: every file as it is, then mutations of them, always the same ones.
 *
 *   fuzz_TARGET [-n COUNT] [-f FIRST] FILE or FOLDER ...
 *
 * Input N of a set of files depends on N and the files alone. When one brings the target down its number is printed, and its bytes are written to
 * fuzz-crash in the current folder: `fuzz_TARGET -n 0 fuzz-crash` runs just them.
 */
#include "fuzz.h"
#include "mutate.h"

#include <glib.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static GPtrArray *files; /* GBytes *, sorted by path */
static const uint8_t *current;
static size_t current_size;
static uint64_t current_number;

static void crash(int number) {
  char text[96];
  int length = snprintf(text, sizeof text, "fuzz: input %llu brought it down; it is in fuzz-crash\n", (unsigned long long)current_number);
  FILE *file = fopen("fuzz-crash", "wb");
  if (file != NULL) {
    fwrite(current, 1, current_size, file);
    fclose(file);
  }
  if (write(STDERR_FILENO, text, (size_t)length) < 0)
    _exit(3);
  signal(number, SIG_DFL);
  raise(number);
}

static int compare_names(gconstpointer left, gconstpointer right) { return strcmp(*(char *const *)left, *(char *const *)right); }

static void path_add(const char *path) {
  if (!g_file_test(path, G_FILE_TEST_IS_DIR)) {
    char *text;
    gsize size;
    if (g_file_get_contents(path, &text, &size, NULL) && size <= MUTATE_SIZE_MAX)
      g_ptr_array_add(files, g_bytes_new_take(text, size));
    return;
  }
  g_autoptr(GDir) folder = g_dir_open(path, 0, NULL);
  g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
  for (const char *name = folder != NULL ? g_dir_read_name(folder) : NULL; name != NULL; name = g_dir_read_name(folder))
    g_ptr_array_add(names, g_build_filename(path, name, NULL));
  g_ptr_array_sort(names, compare_names);
  for (guint i = 0; i < names->len; i++)
    path_add(g_ptr_array_index(names, i));
}

static void one(const uint8_t *bytes, size_t size, uint64_t number) {
  /* A copy of just that size, so that ASan sees a read behind its end. */
  uint8_t *copy = malloc(size > 0 ? size : 1);
  memcpy(copy, bytes, size);
  current = copy, current_size = size, current_number = number;
  LLVMFuzzerTestOneInput(copy, size);
  free(copy);
}

int main(int argc, char **argv) {
  uint64_t count = 1000, first = 0;
  int option;
  while ((option = getopt(argc, argv, "n:f:")) != -1) {
    if (option != 'n' && option != 'f')
      return 2;
    *(option == 'n' ? &count : &first) = strtoull(optarg, NULL, 10);
  }
  files = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
  for (int i = optind; i < argc; i++)
    path_add(argv[i]);
  if (files->len == 0) {
    fprintf(stderr, "fuzz: there is no file to begin with\n");
    return 2;
  }
  signal(SIGABRT, crash);
  signal(SIGSEGV, crash);
  signal(SIGBUS, crash);
  signal(SIGFPE, crash);
  for (guint i = 0; i < files->len; i++) {
    gsize size;
    const uint8_t *bytes = g_bytes_get_data(g_ptr_array_index(files, i), &size);
    one(bytes, size, i);
  }
  uint8_t *buffer = malloc(MUTATE_SIZE_MAX);
  for (uint64_t number = first; number < first + count; number++)
    one(buffer, mutate(files, number, buffer), number);
  free(buffer);
  printf("%llu passed, 0 failed\n", (unsigned long long)count + files->len);
  g_ptr_array_unref(files);
  return 0;
}
