/* Scenario files: the tables of bad/, each case with the one line it must be refused with; bytes that no table can hold; what is no file. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "scenario.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *source_folder; /* of this test */
static bool is_update;            /* rewrites the expected lines; the diff is reviewed like code */

/* ---- tables of bad files ---- */

/* The files that cases of driver source look for stand beside x.json, in a folder of their own. */
static char *fixture_create(void) {
  char *folder = g_dir_make_tmp("irqlab-loader-XXXXXX", NULL);
  assert_non_null(folder);
  g_autofree char *present = g_build_filename(folder, "present.c", NULL), *dangling = g_build_filename(folder, "dangling.c", NULL),
                  *directory = g_build_filename(folder, "folder.c", NULL);
  assert_true(g_file_set_contents(present, "", 0, NULL));
  assert_int_equal(symlink("nowhere.c", dangling), 0);
  assert_int_equal(g_mkdir(directory, 0700), 0);
  return folder;
}

static void fixture_destroy(char *folder) {
  static const char *const names[] = { "present.c", "dangling.c", "folder.c" };
  for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
    g_autofree char *path = g_build_filename(folder, names[i], NULL);
    g_remove(path);
  }
  g_rmdir(folder);
  g_free(folder);
}

/* What the loader says of the bytes: its error, or "loads". The fixture's folder is not part of it. */
static char *verdict(const char *folder, const char *bytes) {
  g_autofree char *file = g_build_filename(folder, "x.json", NULL);
  g_autoptr(GError) error = NULL;
  g_autoptr(Scenario) scenario = scenario_load_bytes(file, bytes, strlen(bytes), &error);
  assert_true((scenario == NULL) == (error != NULL));
  if (error == NULL)
    return g_strdup("loads");
  assert_true(error->domain == SCENARIO_ERROR);
  size_t prefix = strlen(folder) + 1;
  return g_strdup(g_str_has_prefix(error->message, folder) ? error->message + prefix : error->message);
}

/* Runs one table; returns how many cases failed. */
static unsigned table_run(const char *path) {
  g_autofree char *text = NULL;
  assert_true(g_file_get_contents(path, &text, NULL, NULL));
  g_auto(GStrv) cases = g_strsplit(text, "\n== ", -1);
  g_autoptr(GString) updated = g_string_new(cases[0]);
  char *folder = fixture_create();
  unsigned failed = 0;
  for (size_t i = 1; cases[i] != NULL; i++) {
    char *bytes = strchr(cases[i], '\n') + 1;
    char *expected = strstr(bytes, "\n--");
    if (expected == NULL)
      expected = bytes - 1; /* no bytes at all */
    g_autofree char *input = expected < bytes ? g_strdup("") : g_strndup(bytes, (gsize)(expected - bytes));
    g_autofree char *wanted = g_strstrip(g_strdup(expected + 3));
    g_autofree char *said = verdict(folder, input);
    if (strcmp(said, wanted) != 0) {
      failed++;
      if (!is_update)
        fprintf(stderr, "%s: %.*s\n  expected: %s\n  said:     %s\n", path, (int)(bytes - 1 - cases[i]), cases[i], wanted, said);
    }
    g_string_append_printf(updated, "\n== %.*s%s%s-- %s\n", (int)(bytes - cases[i]), cases[i], input, *input == '\0' ? "" : "\n", said);
  }
  fixture_destroy(folder);
  if (is_update)
    assert_true(g_file_set_contents(path, updated->str, -1, NULL));
  return failed;
}

static void test_bad_tables(void **state) {
  (void)state;
  static const char *const tables[] = { "syntax", "format", "driver", "stimulus", "expect" };
  unsigned failed = 0;
  for (size_t i = 0; i < G_N_ELEMENTS(tables); i++) {
    g_autofree char *path = g_strdup_printf("%s/bad/%s.txt", source_folder, tables[i]);
    failed += table_run(path);
  }
  assert_true(failed == 0 || is_update);
}

/* ---- good ones ---- */

static void load_good(const char *name, const char *bytes) {
  g_autoptr(GError) error = NULL;
  g_autoptr(Scenario) scenario = scenario_load_bytes(name, bytes, strlen(bytes), &error);
  if (scenario == NULL)
    fail_msg("%s", error->message);
}

/* Every key at once; and the whole scenarios of the README. */
static void test_good(void **state) {
  (void)state;
  g_autofree char *everything = g_build_filename(source_folder, "good", "everything.json", NULL);
  g_autofree char *readme = g_build_filename(source_folder, "..", "..", "scenarios", "README.md", NULL);
  g_autofree char *text = NULL, *page = NULL;
  assert_true(g_file_get_contents(everything, &text, NULL, NULL));
  load_good("everything.json", text);
  assert_true(g_file_get_contents(readme, &page, NULL, NULL));
  g_auto(GStrv) blocks = g_strsplit(page, "```jsonc\n{", -1);
  assert_non_null(blocks[1]);
  for (size_t i = 1; blocks[i] != NULL; i++) {
    g_autofree char *inner = g_strndup(blocks[i], (gsize)(strstr(blocks[i], "\n```") - blocks[i]));
    g_autofree char *whole = g_strconcat("{", inner, NULL);
    load_good("README.md", whole);
  }
}

/* What was read is what was written. */
static void test_values(void **state) {
  (void)state;
  g_autofree char *path = g_build_filename(source_folder, "good", "everything.json", NULL);
  g_autoptr(Scenario) scenario = scenario_load(path, NULL);
  assert_non_null(scenario);
  const ScenarioMachine *machine = &scenario->machine;
  assert_int_equal(machine->cpu_count, 4);
  assert_int_equal(machine->windows, DDI_WINDOWS_7_SP1);
  assert_int_equal(machine->leak_paths, SCENARIO_LEAK_ALWAYS | SCENARIO_LEAK_INLINE_COMPLETION);
  assert_int_equal(scenario->drivers[0].verifier_flags, SCENARIO_VERIFIER_STANDARD | SCENARIO_VERIFIER_LOW_RESOURCES);
  assert_int_equal(scenario->callout_count, 2);
  assert_ptr_equal(scenario->filters[0].callout, &scenario->callouts[0]);
  assert_string_equal(scenario->callouts[1].classify.function->callback->name, "FWPS_CALLOUT_CLASSIFY_FN1");
  assert_int_equal(scenario->filters[0].conditions[1].mask, 0xffffff00);
  const ScenarioStimulus *data = &scenario->stimuli[3];
  assert_int_equal(data->at_ns, 3000000);
  assert_int_equal(data->every_ns, 250000);
  assert_int_equal(data->times, 10);
  assert_int_equal(data->connection.remote.address, 0xc0000207);
  assert_int_equal(scenario->stimuli[1].context.irql, SIM_IRQL_DISPATCH);
  assert_string_equal(scenario->stimuli[1].context.process->name.text, "browser");
  const ScenarioScript *script = &scenario->processes[0].threads[1].script;
  assert_string_equal(script->operations[4].port.name, "\\AvPort");
  assert_string_equal(script->operations[10].body->operations[1].device, "\\\\.\\Av");
  assert_int_equal(scenario->processes[0].threads[1].start_ns, 1500000);
  assert_true(scenario->policy.search.seed == UINT64_MAX);
  assert_true(scenario->policy.search.varies == (1u << SIM_CHOICE_ALLOCATION | 1u << SIM_CHOICE_PACKET));
  assert_int_equal(scenario->fault_count, 4);
  assert_string_equal(scenario->faults[0].function->name, "ExAllocatePool2");
  assert_int_equal(scenario->faults[0].nth, 2);
  assert_int_equal(scenario->faults[1].nth, 7);
  assert_int_equal(scenario->faults[1].failure, 2);
  assert_string_equal(scenario->faults[1].within.name, "classify");
  assert_int_equal(scenario->faults[2].nth, 3);
  assert_null(scenario->faults[2].within.name);
  assert_int_equal(scenario->faults[3].nth, 0);
  TextPosition place = scenario->drivers[0].functions[0].locals[1].name.position;
  assert_int_equal(place.line, 22);
}

/* ---- bytes no table can hold ---- */

static void refuse(const char *name, const void *bytes, size_t size, const char *expected) {
  g_autoptr(GError) error = NULL;
  g_autoptr(Scenario) scenario = scenario_load_bytes("x.json", bytes, size, &error);
  assert_null(scenario);
  if (strcmp(error->message, expected) != 0)
    fail_msg("%s: %s", name, error->message);
}

static void test_bytes(void **state) {
  (void)state;
  refuse("not UTF-8", "{\"irqlab\": 1, \"title\": \"\xff\"}", 27, "x.json:1:25: the byte 0xff is not UTF-8");
  refuse("not UTF-8 in a comment", "// \xc3(\n{}", 9, "x.json:1:4: the byte 0xc3 is not UTF-8");
  refuse("UTF-16", "\xff\xfe{\0}\0", 6, "x.json:1:1: UTF-16; a scenario is UTF-8");
  refuse("a NUL", "{\"irqlab\": \0 1}", 15,
         "x.json:1:12: expected a value: a string in double quotes, a number, true, false, null, [ or {, "
         "found the control character 0x00");
  refuse("a NUL in a string", "{\"a\0\": 1}", 9, "x.json:1:4: control character 0x00 in a string; expected an escape such as \\t");
  refuse("a tab in a string", "{\"a\t\": 1}", 9, "x.json:1:4: control character 0x09 in a string; expected an escape such as \\t");
}

static void test_byte_order_mark(void **state) {
  (void)state;
  g_autoptr(GError) error = NULL;
  const char *bytes = "\xef\xbb\xbf{\"irqlab\": 1, \"title\": \"t\"}\r\n";
  g_autoptr(Scenario) scenario = scenario_load_bytes("x.json", bytes, strlen(bytes), &error);
  assert_non_null(scenario);
}

static size_t memory_peak(void) {
  g_autofree char *status = NULL;
  if (!g_file_get_contents("/proc/self/status", &status, NULL, NULL))
    return 0;
  const char *peak = strstr(status, "VmHWM:");
  return peak == NULL ? 0 : (size_t)g_ascii_strtoull(peak + 6, NULL, 10);
}

/* 100 MB of `[` are refused before they are read; 16 MiB of them at the 65th. */
static void test_large(void **state) {
  (void)state;
  const size_t size = 100u << 20, allowed = 16u << 20;
  char name[] = "/tmp/irqlab-loader-XXXXXX";
  int file = g_mkstemp(name);
  assert_true(file >= 0);
  g_autofree char *bytes = g_malloc(allowed);
  memset(bytes, '[', allowed);
  for (size_t i = 0; i < 6; i++)
    assert_int_equal(write(file, bytes, allowed), allowed);
  assert_int_equal(ftruncate(file, (off_t)size), 0);
  size_t before = memory_peak();
  g_autoptr(GError) error = NULL;
  assert_null(scenario_load(name, &error));
  assert_non_null(strstr(error->message, ": larger than 16 MiB; a scenario is not that large"));
  assert_true(memory_peak() - before < 1024);
  close(file);
  g_unlink(name);
  refuse("deep", bytes, allowed, "x.json:1:65: nested more than 64 deep");
  memset(bytes, '0', allowed);
  bytes[0] = '[';
  for (size_t i = 2; i < allowed; i += 2)
    bytes[i] = ',';
  refuse("many", bytes, allowed, "x.json:1:800000: more than 200000 values; a scenario is not that large");
}

/* ---- what is no file to read ---- */

static void refuse_file(const char *path, const char *expected) {
  g_autoptr(GError) error = NULL;
  g_autoptr(Scenario) scenario = scenario_load(path, &error);
  assert_null(scenario);
  assert_true(g_str_has_prefix(error->message, path));
  assert_string_equal(error->message + strlen(path), expected);
}

static void test_files(void **state) {
  (void)state;
  g_autofree char *folder = g_dir_make_tmp("irqlab-loader-XXXXXX", NULL);
  g_autofree char *missing = g_build_filename(folder, "missing.json", NULL), *dangling = g_build_filename(folder, "dangling.json", NULL),
                  *pipe = g_build_filename(folder, "pipe.json", NULL), *closed = g_build_filename(folder, "closed.json", NULL);
  assert_int_equal(symlink("nowhere", dangling), 0);
  assert_int_equal(mkfifo(pipe, 0600), 0);
  assert_true(g_file_set_contents(closed, "{}", -1, NULL));
  assert_int_equal(g_chmod(closed, 0), 0);
  refuse_file(missing, ": no such file");
  refuse_file(dangling, ": a symbolic link to a file that does not exist");
  refuse_file(pipe, ": not a regular file; expected a scenario file");
  refuse_file(folder, ": a folder; expected a scenario file");
  refuse_file("/dev/null", ": not a regular file; expected a scenario file");
  if (geteuid() != 0)
    refuse_file(closed, ": Permission denied");
  g_unlink(dangling);
  g_unlink(pipe);
  g_unlink(closed);
  g_rmdir(folder);
}

/* ---- any bytes ---- */

/* A small generator of our own, so that a failure can be repeated anywhere. */
static uint64_t random_next(uint64_t *state) {
  *state = *state * 6364136223846793005u + 1442695040888963407u;
  return *state >> 33;
}

static void mutate(GString *bytes, uint64_t *state) {
  static const char interesting[] = "[]{},:\"\\/*-+.eE0123456789 \n\t\xff\xc3(nulltruefalse";
  for (unsigned count = 1 + random_next(state) % 4; count > 0 && bytes->len > 0; count--) {
    size_t at = random_next(state) % bytes->len;
    switch (random_next(state) % 4) {
    case 0: bytes->str[at] = interesting[random_next(state) % (sizeof interesting - 1)]; break;
    case 1: {
      size_t length = 1 + random_next(state) % 8;
      g_string_erase(bytes, (gssize)at, (gssize)MIN(length, bytes->len - at));
      break;
    }
    case 2: g_string_insert_c(bytes, (gssize)at, interesting[random_next(state) % (sizeof interesting - 1)]); break;
    default: g_string_truncate(bytes, at); break;
    }
  }
}

static void test_any_bytes(void **state) {
  (void)state;
  g_autofree char *path = g_build_filename(source_folder, "good", "everything.json", NULL);
  g_autofree char *text = NULL;
  size_t size;
  assert_true(g_file_get_contents(path, &text, &size, NULL));
  uint64_t seed = 1;
  for (unsigned i = 0; i < 3000; i++) {
    g_autoptr(GString) bytes = g_string_new_len(text, (gssize)size);
    mutate(bytes, &seed);
    g_autoptr(GError) error = NULL;
    g_autoptr(Scenario) scenario = scenario_load_bytes("x.json", bytes->str, bytes->len, &error);
    assert_true((scenario == NULL) == (error != NULL));
  }
}

int main(int argc, char **argv) {
  source_folder = argc > 1 ? argv[1] : "tests/loader";
  is_update = argc > 2 && strcmp(argv[2], "--update") == 0;
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_good),  cmocka_unit_test(test_values),          cmocka_unit_test(test_bad_tables),
    cmocka_unit_test(test_bytes), cmocka_unit_test(test_byte_order_mark), cmocka_unit_test(test_large),
    cmocka_unit_test(test_files), cmocka_unit_test(test_any_bytes),
  };
  return cmocka_run_group_tests_name("loader", tests, NULL, NULL);
}
