/* A scenario prepared for many runs, one run, and where driver code is. */
#include "run_internal.h"

#include "guest_signals.h"

#include "model/guest/guest_face.h"
#include "model/ke/ke.h"
#include "model/rules/rule_ids.h"
#include "sim/search.h"

#include <string.h>

/* ---- preparing ---- */

static bool expects_events(const Scenario *scenario) {
  for (size_t i = 0; i < scenario->expect.count; i++)
    if (scenario->expect.items[i].kind == EXPECT_EVENT || scenario->expect.items[i].kind == EXPECT_ORDER)
      return true;
  return false;
}

static bool has_steps(const Scenario *scenario) {
  for (size_t i = 0; i < scenario->driver_count; i++)
    if (!scenario->drivers[i].is_source)
      return true;
  return false;
}

static void array_free(gpointer array) { g_array_unref(array); }
static void lines_free(gpointer lines) { g_strfreev(lines); }

static ScenarioRun *run_new(const Scenario *scenario) {
  ScenarioRun *run = g_new0(ScenarioRun, 1);
  run->scenario = scenario;
  run->images = g_ptr_array_new_with_free_func((GDestroyNotify)guest_image_unload);
  run->notes = g_ptr_array_new_with_free_func(g_free);
  run->texts = g_ptr_array_new_with_free_func(g_free);
  run->scripts = g_ptr_array_new_with_free_func(array_free);
  run->processes = g_new0(KeProcess *, scenario->process_count + 1);
  run->faults_met = g_new0(bool, scenario->fault_count + 1);
  run->drivers = g_new0(uint32_t, scenario->driver_count + 1);
  run->sources = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, lines_free);
  run->wants_events = expects_events(scenario);
  return run;
}

char *scenario_run_image_words(const ScenarioRun *run, const char *fingerprint) {
  if (strcmp(fingerprint, run->fingerprint) == 0)
    return NULL;
  return g_strdup_printf("the line was made with driver image %s, and this is %s: its choices may not be where they were", fingerprint,
                         run->fingerprint);
}

static bool run_prepare(ScenarioRun *run, GError **error) {
  if (!sim_arena_map()) {
    g_set_error(error, SCENARIO_ERROR, SCENARIO_ERROR_READ, "the machine's memory at 0x%llx could not be mapped: %s", SIM_ARENA_BASE,
                g_strerror(errno));
    return false;
  }
  if (has_steps(run->scenario) && (run->steps = step_program_create(run->scenario, error)) == NULL)
    return false;
  if (!run_images_load(run, error) || !run_names_check(run, error))
    return false;
  run->fingerprint = guest_images_fingerprint(run->images);
  char *image = *run->scenario->policy.image != '\0' ? scenario_run_image_words(run, run->scenario->policy.image) : NULL;
  if (image != NULL)
    g_ptr_array_add(run->notes, image);
  if (!run_boot(run, error))
    return false;
  g_ptr_array_add(run->notes, NULL);
  return true;
}

/* Who expects data races, or that there is none, looks for them. */
static bool is_about_races(const ExpectSet *set) {
  for (size_t i = 0; i < set->count; i++)
    if (set->items[i].kind == EXPECT_FINDING && !set->items[i].finding.is_any && set->items[i].finding.rule->id == RULE_DATA_RACE)
      return true;
  return false;
}

bool scenario_run_look_for_races(ScenarioRun *run) {
  run->races = sim_race_map();
  return run->races;
}

char *scenario_run_races_left(const ScenarioRun *run) {
  if (run->races_left == 0)
    return NULL;
  return g_strdup_printf(
      "data races were not looked for to the end of each schedule: there is room for %u threads and interrupt levels, and for so "
      "many locks and others that order them",
      SIM_RACE_ACTOR_COUNT_MAX);
}

static ScenarioRun *run_create(ScenarioRun *run, GError **error) {
  const Scenario *scenario = run->scenario;
  if (is_about_races(&scenario->expect))
    scenario_run_look_for_races(run);
  if (run_prepare(run, error))
    return run;
  scenario_run_free(run);
  return NULL;
}

bool scenario_run_was_told_to_look_for_races(const ScenarioRun *run) { return run->races && !is_about_races(&run->scenario->expect); }

ScenarioRun *scenario_run_create(const Scenario *scenario, GError **error) { return run_create(run_new(scenario), error); }

ScenarioRun *scenario_run_create_with_lines(const Scenario *scenario, GError **error) {
  ScenarioRun *run = run_new(scenario);
  bool is_any_source = false;
  for (size_t i = 0; i < scenario->driver_count; i++)
    is_any_source |= scenario->drivers[i].is_source;
  run->coverage = coverage_new(is_any_source);
  guest_coverage_set(run->coverage->lines);
  run = run_create(run, error);
  if (run != NULL)
    coverage_boot(run->coverage, &run->boot_record);
  return run;
}

void scenario_run_cover(ScenarioRun *run) {
  if (run->coverage != NULL)
    return;
  run->coverage = coverage_new(false);
  coverage_boot(run->coverage, &run->boot_record);
}

Coverage *scenario_run_coverage(const ScenarioRun *run) { return run->coverage; }

void scenario_run_free(ScenarioRun *run) {
  if (run == NULL)
    return;
  if (run->coverage != NULL)
    guest_coverage_set(NULL);
  coverage_free(run->coverage);
  guest_step_program_set(NULL, NULL);
  g_clear_pointer(&run->steps, step_program_free);
  run_prefix_drop(run);
  sim_snapshot_destroy(&run->snapshot);
  sim_record_finish(&run->boot_record);
  sim_record_finish(&run->boot_kept);
  g_ptr_array_unref(run->images);
  g_ptr_array_unref(run->notes);
  g_ptr_array_unref(run->texts);
  g_ptr_array_unref(run->scripts);
  g_hash_table_unref(run->sources);
  g_free(run->processes);
  g_free(run->drivers);
  g_free(run->faults_met);
  g_free(run->fingerprint);
  g_free(run->not_loaded);
  g_free(run);
}

const Scenario *scenario_run_scenario(const ScenarioRun *run) { return run->scenario; }
const char *scenario_run_fingerprint(const ScenarioRun *run) { return run->fingerprint; }
uint64_t scenario_run_origin_ns(const ScenarioRun *run) { return run->origin_ns; }
/* What runs begin with. */
static const SimSnapshot *state_of(const ScenarioRun *run) { return run->prefix.snapshot != NULL ? run->prefix.snapshot : run->snapshot; }

size_t scenario_run_copied_size(const ScenarioRun *run) { return run->snapshot != NULL ? sim_snapshot_copied(state_of(run)) : 0; }
void scenario_run_restore(ScenarioRun *run) {
  if (run->snapshot != NULL)
    sim_snapshot_restore(state_of(run));
}
size_t scenario_run_state_size(const ScenarioRun *run) { return run->snapshot != NULL ? sim_snapshot_size(state_of(run)) : 0; }
const char *const *scenario_run_notes(const ScenarioRun *run) { return (const char *const *)run->notes->pdata; }

/* ---- one run ---- */

static void result_take(ScenarioRun *run, RunResult *result) {
  const SimMachine *machine = sim_machine();
  uint32_t count;
  const Finding *findings = rules_findings(&count);
  const KeBugcheck *bugcheck = ke_bugcheck();
  result->stop = machine->stop;
  memcpy(result->stop_text, machine->stop_text, sizeof result->stop_text);
  if (bugcheck != NULL)
    result->bugcheck = *bugcheck;
  result->hash = machine->hash;
  result->event_count = machine->event_count;
  result->step_count = machine->step_count;
  result->virtual_ns = machine->now_ns - run->origin_ns;
  result->findings = count > 0 ? g_memdup2(findings, count * sizeof *findings) : NULL;
  result->finding_count = count;
  result->replay_misses = machine->replay_misses;
  run->races_left += machine->race_is_left;
  for (size_t i = 0; i < run->scenario->fault_count; i++) {
    const DdiFault *fault = ddi_fault((uint32_t)i);
    run->faults_met[i] |= fault != NULL && fault->met > 0 && fault->met >= fault->nth;
  }
}

#define RECORD_ROOM 128

void run_record_copy(SimRecord *to, const SimRecord *from) {
  to->count = 0;
  if (to->capacity < from->count) {
    to->capacity = from->count * 2 + RECORD_ROOM; /* for the run itself: to grow is to copy */
    to->events = g_realloc(to->events, to->capacity * sizeof *from->events);
  }
  if (from->count > 0)
    memcpy(to->events, from->events, from->count * sizeof *from->events);
  to->count = from->count;
}

SimStop run_machine(const ScenarioRun *run) {
  bool is_compiled = run->images->len > 0; /* steps pass a look at the clock themselves */
  if (is_compiled)
    guest_clock_start();
  SimStop stop = sim_machine_run(sim_machine());
  if (is_compiled)
    guest_clock_stop();
  return stop;
}

void scenario_run_once(ScenarioRun *run, const RunRequest *request, RunResult *result) {
  SimMachine *machine = sim_machine();
  SimRecord *record = request->record;
  if (record != NULL)
    run_record_copy(record, &run->boot_record);
  if (run->wants_events)
    run_record_copy(&result->record, &run->boot_kept);
  if (run->snapshot == NULL) {
    result->ended_in_boot = true;
    result_take(run, result);
    result->hash = run->boot_hash;
    result->event_count = (uint32_t)run->boot_record.count;
    return;
  }
  SimRunOptions options = { .vcpu_count = run->scenario->machine.cpu_count,
                            .policy = request->policy,
                            .seed = request->seed,
                            .replay = request->replay,
                            .search = request->search,
                            .races = run->races && !request->without_races,
                            .varies = request->search != NULL ? request->search->options.varies | request->policy->varies : 0,
                            .limits = run->scenario->limits,
                            .exceptions = &result->exceptions,
                            .record = record,
                            .kept = run->wants_events ? &result->record : NULL,
                            .name = run->scenario->file,
                            .is_whole = run->coverage != NULL };
  if (run->step_max != 0 && run->step_max < options.limits.steps)
    options.limits.steps = run->step_max;
  const RunPrefix *prefix = request->from_boot ? NULL : run_prefix_take(run, &options);
  if (prefix != NULL && record != NULL)
    run_record_copy(record, &prefix->record);
  if (prefix != NULL && run->wants_events)
    run_record_copy(&result->record, &prefix->kept);
  const SimSnapshot *start = prefix != NULL ? prefix->snapshot : run->snapshot;
  if (request->search == NULL || !sim_search_resume(request->search, start, &options)) {
    sim_snapshot_restore(start);
    sim_machine_begin(machine, &options);
    if (request->without_rules)
      sim_observers_silence(machine);
  }
  if (run->coverage != NULL)
    coverage_run_begin(run->coverage);
  run->kept = options.kept;
  SimStop stop = run_machine(run);
  if (!request->without_rules && (stop == SIM_STOP_QUIET || stop == SIM_STOP_HUNG))
    rules_end();
  run->kept = NULL;
  result_take(run, result);
  if (run->coverage != NULL)
    coverage_run_end(run->coverage, result);
}

/* ---- where driver code is ---- */

static const char *source_line(const ScenarioRun *run, const char *file, uint32_t line) {
  GStrv lines = g_hash_table_lookup(run->sources, file);
  if (lines == NULL) {
    g_autofree char *path = g_path_is_absolute(file) ? g_strdup(file) : g_build_filename(run->scenario->folder, file, NULL);
    g_autofree char *text = NULL;
    lines = g_file_get_contents(path, &text, NULL, NULL) ? g_strsplit(text, "\n", -1) : g_new0(char *, 1);
    g_hash_table_insert(run->sources, g_strdup(file), lines);
  }
  guint count = g_strv_length(lines);
  return line >= 1 && line <= count ? g_strchug(lines[line - 1]) : "";
}

bool scenario_run_site(const ScenarioRun *run, uint32_t site, RunSite *where) {
  StepSite step;
  if (site & SIM_SITE_STEP) {
    if (run->steps == NULL || !step_site_describe(run->steps, site, &step))
      return false;
    *where = (RunSite){ .driver = step.driver,
                        .function = step.function,
                        .file = step.file,
                        .line = step.position.line,
                        .column = step.position.column,
                        .step = step.step,
                        .text = step.text };
    return true;
  }
  unsigned slot = site >> 24;
  if (site == 0 || slot >= run->images->len)
    return false;
  GuestImage *image = g_ptr_array_index(run->images, slot);
  GuestSymbol symbol;
  if (!guest_image_symbol(image, site, &symbol))
    return false;
  *where = (RunSite){ .driver = image->name,
                      .function = symbol.function,
                      .file = symbol.file,
                      .line = symbol.line,
                      .column = symbol.column,
                      .text = source_line(run, symbol.file, symbol.line) };
  return true;
}
