#include "harness.h"

#include "model/guest/guest.h"
#include "scenarios/loader/guest_signals.h"

#include <glib/gstdio.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static char *folder;

const char *harness_folder(void) { return folder; }

static void folder_remove(const char *path) {
  GDir *entries = g_dir_open(path, 0, NULL);
  for (const char *name = entries != NULL ? g_dir_read_name(entries) : NULL; name != NULL; name = g_dir_read_name(entries)) {
    g_autofree char *entry = g_build_filename(path, name, NULL);
    if (g_file_test(entry, G_FILE_TEST_IS_DIR))
      folder_remove(entry);
    else
      g_unlink(entry);
  }
  if (entries != NULL)
    g_dir_close(entries);
  g_rmdir(path);
}

void harness_begin(void) {
  folder = g_dir_make_tmp("irqlab-test-XXXXXX", NULL);
  assert_non_null(folder);
}

void harness_finish(void) {
  folder_remove(folder);
  g_clear_pointer(&folder, g_free);
}

void harness_write(const char *name, const char *text) {
  g_autofree char *path = g_build_filename(folder, name, NULL);
  g_autofree char *parent = g_path_get_dirname(path);
  g_mkdir_with_parents(parent, 0700);
  assert_true(g_file_set_contents(path, text, -1, NULL));
}

GuestBuild *harness_build_files(const char *compiler, const char *const *files, size_t count, char **error) {
  g_autofree char *cache = g_build_filename(folder, "cache", NULL);
  GuestSource source = { .folder = folder, .files = files, .file_count = count, .compiler = compiler };
  GuestBuildOptions options = { .include_folder = IRQLAB_TEST_INCLUDE, .cache_folder = cache };
  GError *problem = NULL;
  GuestBuild *build = guest_build(&source, 0, &options, &problem);
  if (build == NULL && error != NULL)
    *error = g_strdup(problem->message);
  else if (build == NULL)
    print_error("%s\n", problem->message);
  g_clear_error(&problem);
  return build;
}

GuestImage *harness_load(const char *compiler, const char *text) {
  g_autofree char *whole = g_strconcat(HARNESS_DECLARATIONS, text, NULL);
  harness_write("driver.c", whole);
  const char *files[] = { "driver.c" };
  g_autoptr(GuestBuild) build = harness_build_files(compiler, files, 1, NULL);
  assert_non_null(build);
  GError *problem = NULL;
  GuestImage *image = guest_image_load(build, 0, "test", &problem);
  if (image == NULL)
    print_error("%s\n", problem->message);
  assert_non_null(image);
  return image;
}

/* A thread of the guest: runs a function of the driver. */
static void thread_main(SimMachine *machine, void *function) {
  uint64_t arguments[2] = { 0, 0 };
  (void)machine;
  uint64_t result = guest_call((uint64_t)function, arguments, 2);
  if (machine->current->vcpu->number == 0)
    harness_outcome->result = result;
}

static void thread_add(SimMachine *machine, unsigned vcpu, uint64_t function) {
  SimContext *context = sim_context_create(machine, NULL, SIM_CONTEXT_THREAD, thread_main, (void *)function);
  sim_vcpu_set_thread(machine, &machine->vcpus[vcpu], context);
}

Outcome harness_run(GuestImage *image, const char *first, const char *second, const SimLimits *limits) {
  static Outcome outcome;
  SimMachine *machine = sim_machine();
  memset(&outcome, 0, sizeof outcome);
  harness_outcome = &outcome;
  sim_arena_reset();
  SimRunOptions options = { .vcpu_count = 2, .policy = &sim_policy_timed, .limits = limits != NULL ? *limits : sim_limits_default };
  sim_machine_begin(machine, &options);
  fakes_begin(machine);
  guest_image_begin(image);
  thread_add(machine, 0, guest_image_find(image, first));
  if (second != NULL)
    thread_add(machine, 1, guest_image_find(image, second));
  guest_clock_start();
  outcome.stop = sim_machine_run(machine);
  guest_clock_stop();
  outcome.accesses = machine->access_count;
  memcpy(outcome.stop_text, machine->stop_text, sizeof outcome.stop_text);
  return outcome;
}

char *harness_place(GuestImage *image, uint32_t site) {
  GuestSymbol symbol;
  if (!guest_image_symbol(image, site, &symbol))
    return g_strdup("?");
  return g_strdup_printf("%s:%u %s", symbol.file, symbol.line, symbol.function);
}
