/* Drivers that are C source: built, loaded, and where their code is. */
#include "run_internal.h"

#include "config.h"

#include "model/ob/ob_face.h"

#include <string.h>

static GuestBuild *image_build(const ScenarioRun *run, const ScenarioDriver *driver, unsigned slot, GError **error) {
  g_autofree const char **files = g_new0(const char *, driver->file_count + 1);
  for (size_t i = 0; i < driver->file_count; i++)
    files[i] = driver->files[i].text;
  GuestSource source = {
    .folder = run->scenario->folder,
    .files = files,
    .file_count = driver->file_count,
    .include_paths = driver->include_paths,
    .include_count = driver->include_count,
    .defines = driver->defines,
    .define_count = driver->define_count,
    .is_covered = run->coverage != NULL,
    .compiler = driver->compiler,
  };
  GuestBuildOptions options = { .include_folder = config_include_folder() };
  return guest_build(&source, slot, &options, error);
}

/* One note a function that is not modelled, with every place that uses it. */
static void unmodelled_note(ScenarioRun *run, const ScenarioDriver *driver, const GPtrArray *uses) {
  for (guint i = 0; i < uses->len;) {
    const GuestUse *first = g_ptr_array_index(uses, i);
    g_autoptr(GString) places = g_string_new(NULL);
    for (; i < uses->len && strcmp(((GuestUse *)g_ptr_array_index(uses, i))->name, first->name) == 0; i++) {
      const GuestUse *use = g_ptr_array_index(uses, i);
      g_string_append_printf(places, "%s%s", places->len > 0 ? ", " : "", use->file);
      if (use->line != 0)
        g_string_append_printf(places, ":%u", use->line);
    }
    g_ptr_array_add(run->notes, g_strdup_printf("%s: not modelled yet, and will end the run where called: %s (%s)", driver->files[0].text,
                                                first->name, places->str));
  }
}

static bool image_load(ScenarioRun *run, const ScenarioDriver *driver, GError **error) {
  unsigned slot = run->images->len;
  if (slot == SIM_IMAGE_SLOT_COUNT)
    return scenario_error(run->scenario, driver->name.position, error, "too many drivers that are C source: %u fit into a machine",
                          (unsigned)SIM_IMAGE_SLOT_COUNT);
  g_autoptr(GuestBuild) build = image_build(run, driver, slot, error);
  if (build == NULL) {
    g_prefix_error(error, "%s:%u:%u: driver \"%s\": ", run->scenario->file, driver->name.position.line, driver->name.position.column,
                   driver->name.text);
    return false;
  }
  unmodelled_note(run, driver, build->unmodelled);
  GuestImage *image = guest_image_load(build, slot, driver->name.text, error);
  if (image == NULL)
    return false;
  g_ptr_array_add(run->images, image);
  return true;
}

bool run_images_load(ScenarioRun *run, GError **error) {
  for (size_t i = 0; i < run->scenario->driver_count; i++)
    if (run->scenario->drivers[i].is_source && !image_load(run, &run->scenario->drivers[i], error))
      return false;
  return true;
}

/* The variables that ntoskrnl exports, such as PsThreadType: where they are is known now (model/guest/runtime/variables.c). */
static void exports_write(GuestImage *image) {
  typedef struct Export {
    const char *name;
    uint64_t *variable;
  } Export;
  const Export *export = (const Export *)guest_image_find(image, "irqlab_exports");
  for (; export != NULL && export->name != NULL; export ++)
    *export->variable = ob_variable_find(export->name);
}

void run_images_begin(const ScenarioRun *run) {
  for (guint i = 0; i < run->images->len; i++) {
    guest_image_begin(g_ptr_array_index(run->images, i));
    exports_write(g_ptr_array_index(run->images, i));
  }
}

const GuestImage *run_image_of(const ScenarioRun *run, const ScenarioDriver *driver) {
  for (guint i = 0; i < run->images->len; i++) {
    const GuestImage *image = g_ptr_array_index(run->images, i);
    if (strcmp(image->name, driver->name.text) == 0)
      return image;
  }
  return NULL;
}

uint64_t run_image_symbol(const ScenarioRun *run, const ScenarioDriver *driver, const char *name) {
  const GuestImage *image = run_image_of(run, driver);
  return image != NULL ? guest_image_find((GuestImage *)image, name) : 0;
}

static const GuestImage *image_named(const ScenarioRun *run, const char *driver) {
  const ScenarioDriver *found = scenario_driver_find(run->scenario, driver);
  return found != NULL ? run_image_of(run, found) : NULL;
}

bool run_image_global(const ScenarioRun *run, const char *driver, const char *name, int64_t *value) {
  gsize size = 0;
  const GuestImage *image = image_named(run, driver);
  uint64_t address = image != NULL ? guest_image_find_variable((GuestImage *)image, name, &size) : 0;
  if (address == 0)
    return false;
  switch (size) {
  case 1: return *value = *(const int8_t *)address, true;
  case 2: return *value = *(const int16_t *)address, true;
  case 4: return *value = *(const int32_t *)address, true;
  case 8: return *value = *(const int64_t *)address, true;
  default: return false;
  }
}

/* ---- names that only the image can confirm ---- */

static bool routine_check(const ScenarioRun *run, const ScenarioRoutine *routine, GError **error) {
  if (routine->driver == NULL || !routine->driver->is_source || run_image_symbol(run, routine->driver, routine->name) != 0)
    return true;
  return scenario_error(run->scenario, routine->text.position, error, "driver \"%s\" has no function %s", routine->driver->name.text,
                        routine->name);
}

static bool global_check(const ScenarioRun *run, const Expectation *expectation, GError **error) {
  int64_t value;
  const ExpectGlobal *global = &expectation->global;
  if (expectation->kind != EXPECT_GLOBAL || image_named(run, global->driver) == NULL ||
      run_image_global(run, global->driver, global->name, &value))
    return true;
  return scenario_error(run->scenario, expectation->position, error, "driver \"%s\" has no global %s of 1, 2, 4 or 8 bytes", global->driver,
                        global->name);
}

bool run_names_check(const ScenarioRun *run, GError **error) {
  const Scenario *scenario = run->scenario;
  for (size_t i = 0; i < scenario->callout_count; i++) {
    const ScenarioCallout *callout = &scenario->callouts[i];
    if (!routine_check(run, &callout->classify, error) || !routine_check(run, &callout->notify, error) ||
        !routine_check(run, &callout->flow_delete, error))
      return false;
  }
  for (size_t i = 0; i < scenario->stimulus_count; i++)
    if (!routine_check(run, &scenario->stimuli[i].routine, error))
      return false;
  for (size_t i = 0; i < scenario->fault_count; i++)
    if (!routine_check(run, &scenario->faults[i].within, error))
      return false;
  for (size_t i = 0; i < scenario->expect.count; i++)
    if (!global_check(run, &scenario->expect.items[i], error))
      return false;
  return true;
}
