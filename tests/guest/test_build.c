/* Building: what is refused and in which words, what is listed, that an image does not depend on who built it, the cache. */
#include "harness.h"

#include <glib/gstdio.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define ENTRY "NTSTATUS DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath) { (void)DriverObject; (void)RegistryPath;\n"
#define GOOD "#include <ntddk.h>\nint used;\n" ENTRY "used = 5; return STATUS_SUCCESS; }\n"

static GuestBuild *build_in(const char *folder, const char *cache, const char *compiler, unsigned slot, GError **error) {
  const char *files[] = { "driver.c" };
  const char *includes[] = { "include" };
  const char *defines[] = { "CHOICE=2" };
  GuestSource source = { .folder = folder,
                         .files = files,
                         .file_count = 1,
                         .include_paths = includes,
                         .include_count = 1,
                         .defines = defines,
                         .define_count = 1,
                         .compiler = compiler };
  GuestBuildOptions options = { .include_folder = IRQLAB_TEST_INCLUDE, .cache_folder = cache, .timeout_seconds = 20 };
  return guest_build(&source, slot, &options, error);
}

static char *path_of(const char *name) { return g_build_filename(harness_folder(), name, NULL); }

static void write_in(const char *folder, const char *name, const char *text) {
  g_autofree char *path = g_build_filename(folder, name, NULL);
  harness_write(path, text);
}

/* ---- what is refused ---- */

typedef struct Refusal {
  const char *text;
  const char *words; /* of the message, in this order, between "|" */
} Refusal;

static const Refusal refusals[] = {
  { "#include <ntddk.h>\nint printf(const char *format, ...);\nvoid exit(int status);\n" ENTRY "exit(0);\nreturn printf(\"x\");\n}\n",
    "driver.c:5: exit is neither Windows' nor defined by the driver|driver.c:6: printf is neither" },
  { "#include <ntddk.h>\n" ENTRY "undeclared(1);\nreturn 0; }\n", "driver.c:3:|error:|undeclared" },
  { "#include <ntddk.h>\n" ENTRY "return 0 }\n", "driver.c:3:|error:" },
  { "#include <stdio.h>\n#include <ntddk.h>\n" ENTRY "printf(\"x\"); return 0; }\n", "driver.c:4:|error:|printf" },
  { "#include <sys/mman.h>\n", "driver.c:1:|sys/mman.h" },
  { "#include <ntddk.h>\nint Other(void) { return 1; }\n", "driver.c: no DriverEntry" },
  { "#include <ntddk.h>\nvoid *malloc(SIZE_T);\nPVOID (*allocate)(SIZE_T) = malloc;\n" ENTRY "return 0; }\n",
    "driver.c: malloc is neither" },
  { "#include <ntddk.h>\n_Thread_local int mine;\n" ENTRY "return mine; }\n", "driver.c:4: __tls_get_addr is neither" },
  { "#include <ntddk.h>\nchar large[17 << 20];\n" ENTRY "return large[5]; }\n", "larger than an image slot" },
};

static bool words_are_in(const char *text, const char *words) {
  g_auto(GStrv) parts = g_strsplit(words, "|", -1);
  for (char **part = parts; *part != NULL; part++) {
    text = strstr(text, *part);
    if (text == NULL)
      return false;
    text += strlen(*part);
  }
  return true;
}

static void wrong_drivers_are_refused(void **state) {
  (void)state;
  static const char *const compilers[] = { "gcc", "clang" };
  const char *files[] = { "driver.c" };
  unsigned failed = 0;
  for (size_t i = 0; i < G_N_ELEMENTS(refusals); i++)
    for (size_t k = 0; k < G_N_ELEMENTS(compilers); k++) {
      g_autofree char *error = NULL;
      harness_write("driver.c", refusals[i].text);
      g_autoptr(GuestBuild) build = harness_build_files(compilers[k], files, 1, &error);
      if (build == NULL && words_are_in(error, refusals[i].words))
        continue;
      print_error("%s, refusal %zu: %s\n", compilers[k], i, build != NULL ? "built" : error);
      failed++;
    }
  assert_int_equal(failed, 0);
}

static void files_that_define_the_same(void **state) {
  (void)state;
  const char *files[] = { "driver.c", "other.c" };
  g_autofree char *error = NULL;
  harness_write("driver.c", GOOD);
  harness_write("other.c", "int used;\n");
  assert_null(harness_build_files("gcc", files, 2, &error));
  assert_string_equal(error, "used is defined in driver.c and in other.c");
}

/* ---- what is not modelled ---- */

static void unmodelled_names_are_listed(void **state) {
  (void)state;
  harness_write("driver.c", "#include <ntddk.h>\nNTSTATUS PsSomethingUndocumented(ULONG);\nPVOID table[] = { IoAllocateMdl };\n" ENTRY
                            "IoFreeMdl(NULL);\nPsSomethingUndocumented(1);\nIoFreeMdl(NULL);\nreturn MmHighestUserAddress == NULL;\n}\n");
  const char *files[] = { "driver.c" };
  g_autoptr(GuestBuild) build = harness_build_files("gcc", files, 1, NULL);
  assert_non_null(build);
  g_autoptr(GString) list = g_string_new(NULL);
  for (guint i = 0; i < build->unmodelled->len; i++) {
    const GuestUse *use = g_ptr_array_index(build->unmodelled, i);
    g_string_append_printf(list, "%s %s:%u ", use->name, use->file, use->line);
  }
  assert_string_equal(list->str, "IoAllocateMdl driver.c:0 IoFreeMdl driver.c:5 IoFreeMdl driver.c:7 MmHighestUserAddress driver.c:8 "
                                 "PsSomethingUndocumented driver.c:6 ");
  g_autoptr(GuestBuild) again = harness_build_files("gcc", files, 1, NULL);
  assert_true(again->is_cached);
  assert_int_equal(again->unmodelled->len, build->unmodelled->len);
}

/* ---- the same image, whoever builds it ---- */

static char *image_bytes(const GuestBuild *build, gsize *size) {
  char *bytes;
  assert_true(g_file_get_contents(build->path, &bytes, size, NULL));
  return bytes;
}

static void images_do_not_depend_on_who_builds(void **state) {
  (void)state;
  static const char *const compilers[] = { "gcc", "clang" };
  static const char text[] =
      "#include \"own.h\"\n#include <ntddk.h>\nconst char *name = __FILE__ __DATE__ __TIME__;\nstatic const char *other = OWN;\n" ENTRY
      "ASSERT(CHOICE == 2); return name[0] + other[0]; }\n";
  g_autofree char *here = path_of("here"), *there = path_of("some/where else/there"), *cache = path_of("cache 1"),
                  *other_cache = path_of("cache2");
  write_in("here", "driver.c", text);
  write_in("here/include", "own.h", "#define OWN __FILE__\n");
  write_in("some/where else/there", "driver.c", text);
  write_in("some/where else/there/include", "own.h", "#define OWN __FILE__\n");
  for (size_t k = 0; k < G_N_ELEMENTS(compilers); k++) {
    GError *error = NULL;
    gsize size, other_size;
    g_autoptr(GuestBuild) build = build_in(here, cache, compilers[k], 0, &error);
    assert_non_null(build);
    g_setenv("CFLAGS", "-O3", TRUE);
    g_setenv("C_INCLUDE_PATH", here, TRUE);
    g_setenv("LC_ALL", "tr_TR.UTF-8", TRUE);
    g_setenv("CC", "false", TRUE);
    g_setenv("SOURCE_DATE_EPOCH", "1234567890", TRUE);
    g_setenv("GCC_COLORS", "error=01;31", TRUE);
    g_setenv("PWD", "/", TRUE);
    g_autoptr(GuestBuild) other = build_in(there, other_cache, compilers[k], 0, &error);
    assert_non_null(other);
    assert_false(other->is_cached);
    assert_string_equal(other->fingerprint, build->fingerprint);
    g_autofree char *bytes = image_bytes(build, &size), *other_bytes = image_bytes(other, &other_size);
    assert_int_equal(size, other_size);
    assert_memory_equal(bytes, other_bytes, size);
  }
}

/* ---- the cache ---- */

static bool is_cached(const char *folder, const char *cache, char **fingerprint) {
  GError *error = NULL;
  g_autoptr(GuestBuild) build = build_in(folder, cache, "gcc", 0, &error);
  if (build == NULL) {
    print_error("%s\n", error->message);
    fail();
    return false;
  }
  if (fingerprint != NULL) {
    g_free(*fingerprint);
    *fingerprint = g_strdup(build->fingerprint);
  }
  return build->is_cached;
}

static void each_file(const char *folder, void (*visit)(const char *path)) {
  GDir *entries = g_dir_open(folder, 0, NULL);
  for (const char *name = g_dir_read_name(entries); name != NULL; name = g_dir_read_name(entries)) {
    g_autofree char *path = g_build_filename(folder, name, NULL);
    visit(path);
  }
  g_dir_close(entries);
}

static void damage(const char *path) {
  g_autofree char *text = NULL;
  gsize size;
  assert_true(g_file_get_contents(path, &text, &size, NULL));
  text[size / 2] ^= 1;
  assert_true(g_file_set_contents(path, text, (gssize)size, NULL));
}

static void cut(const char *path) { assert_int_equal(truncate(path, 100), 0); }

static void cache_knows_what_changed(void **state) {
  (void)state;
  g_autofree char *folder = path_of("cached"), *cache = path_of("cache3"), *fingerprint = NULL;
  g_autofree char *images = g_build_filename(cache, "images", NULL), *recipes = g_build_filename(cache, "recipes", NULL);
  write_in("cached", "driver.c", "#include \"own.h\"\n" GOOD "int more = OWN;\n");
  write_in("cached/include", "own.h", "#define OWN 1\n");
  assert_false(is_cached(folder, cache, &fingerprint));
  g_autofree char *first = g_strdup(fingerprint);
  assert_true(is_cached(folder, cache, NULL));

  write_in("cached/include", "own.h", "#define OWN 2\n");
  assert_false(is_cached(folder, cache, &fingerprint));
  assert_string_not_equal(fingerprint, first);
  write_in("cached/include", "own.h", "#define OWN 1\n");
  assert_false(is_cached(folder, cache, &fingerprint));
  assert_string_equal(fingerprint, first);

  write_in("cached", "own.h", "#define OWN 3\n"); /* comes before include/own.h */
  assert_false(is_cached(folder, cache, &fingerprint));
  assert_string_not_equal(fingerprint, first);
  assert_true(is_cached(folder, cache, NULL));

  each_file(images, damage);
  assert_false(is_cached(folder, cache, NULL));
  assert_true(is_cached(folder, cache, NULL));
  each_file(images, cut);
  assert_false(is_cached(folder, cache, NULL));
  each_file(recipes, damage);
  assert_false(is_cached(folder, cache, NULL));
  each_file(recipes, cut);
  assert_false(is_cached(folder, cache, &fingerprint));
  assert_true(is_cached(folder, cache, NULL));
}

static void workers_share_the_cache(void **state) {
  (void)state;
  g_autofree char *folder = path_of("shared"), *cache = path_of("cache4");
  write_in("shared", "driver.c", GOOD);
  write_in("shared/include", "own.h", "");
  pid_t workers[4];
  for (int i = 0; i < 4; i++)
    if ((workers[i] = fork()) == 0) {
      bool is_whole = true;
      for (int k = 0; k < 3; k++) {
        g_autoptr(GuestBuild) build = build_in(folder, cache, "gcc", 0, NULL);
        is_whole = is_whole && build != NULL && g_file_test(build->path, G_FILE_TEST_EXISTS);
      }
      _exit(is_whole ? 0 : 1);
    }
  for (int i = 0; i < 4; i++) {
    int status;
    assert_int_equal(waitpid(workers[i], &status, 0), workers[i]);
    assert_int_equal(status, 0);
  }
}

static void slots_are_apart(void **state) {
  (void)state;
  g_autofree char *folder = path_of("slots"), *cache = path_of("cache5");
  write_in("slots", "driver.c", GOOD);
  write_in("slots/include", "own.h", "");
  GuestImage *images[SIM_IMAGE_SLOT_COUNT];
  for (unsigned slot = 0; slot < SIM_IMAGE_SLOT_COUNT; slot++) {
    g_autoptr(GuestBuild) build = build_in(folder, cache, "gcc", slot, NULL);
    assert_non_null(build);
    images[slot] = guest_image_load(build, slot, "test", NULL);
    assert_non_null(images[slot]);
    assert_true(images[slot]->entry - images[slot]->base < SIM_IMAGE_SLOT_SIZE);
    assert_int_equal((images[slot]->data + images[slot]->data_size) % SIM_PAGE_SIZE, 0);
    assert_int_equal(images[slot]->entry, guest_image_find(images[slot], "DriverEntry"));
  }
  for (unsigned slot = 0; slot < SIM_IMAGE_SLOT_COUNT; slot++)
    guest_image_unload(images[slot]);
}

/* ---- tools ---- */

static void compilers_are_known_and_end(void **state) {
  (void)state;
  g_autofree char *folder = path_of("tools"), *cache = path_of("cache6"), *tool = path_of("bin/gcc"), *bin = path_of("bin");
  GError *error = NULL;
  write_in("tools", "driver.c", GOOD);
  assert_null(build_in(folder, cache, "tcc", 0, &error));
  assert_true(g_str_has_prefix(error->message, "tcc: no compiler for drivers"));
  g_clear_error(&error);
  assert_null(build_in(folder, cache, "gcc; rm -rf /", 0, &error));
  g_clear_error(&error);
  assert_null(build_in(folder, cache, "gcc-99", 0, &error));
  assert_string_equal(error->message, "gcc-99: not found in PATH");
  g_clear_error(&error);

  harness_write("bin/gcc", "#!/bin/sh\nsleep 60\n");
  g_chmod(tool, 0700);
  g_autofree char *before = g_strdup(g_getenv("PATH"));
  g_autofree char *path = g_strconcat(bin, ":", before, NULL);
  g_setenv("PATH", path, TRUE);
  const char *files[] = { "driver.c" };
  GuestSource source = { .folder = folder, .files = files, .file_count = 1 };
  GuestBuildOptions options = { .include_folder = IRQLAB_TEST_INCLUDE, .cache_folder = cache, .timeout_seconds = 1 };
  assert_null(guest_build(&source, 0, &options, &error));
  assert_string_equal(error->message, "gcc took longer than 1 seconds and was ended");
  g_clear_error(&error);
  g_setenv("PATH", before, TRUE);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(wrong_drivers_are_refused),
    cmocka_unit_test(files_that_define_the_same),
    cmocka_unit_test(unmodelled_names_are_listed),
    cmocka_unit_test(images_do_not_depend_on_who_builds),
    cmocka_unit_test(cache_knows_what_changed),
    cmocka_unit_test(workers_share_the_cache),
    cmocka_unit_test(slots_are_apart),
    cmocka_unit_test(compilers_are_known_and_end),
  };
  harness_begin();
  int failed = cmocka_run_group_tests_name("guest build", tests, NULL, NULL);
  harness_finish();
  return failed;
}
