#include "schedule.h"

#include <errno.h>
#include <string.h>

void cli_schedule_finish(CliSchedule *schedule) {
  g_clear_pointer(&schedule->run, scenario_run_free);
  g_clear_pointer(&schedule->scenario, scenario_free);
  sim_schedule_finish(&schedule->exceptions);
}

/* What stands in the file, without blanks around it. Returns owned; NULL after an error was printed. */
static char *line_load(const char *file) {
  g_autoptr(GError) error = NULL;
  char *text = NULL;
  if (!g_file_get_contents(file, &text, NULL, &error)) {
    cli_error("%s", error->message);
    return NULL;
  }
  return g_strstrip(text);
}

static void image_tell(CliSchedule *schedule, const char *fingerprint) {
  g_autofree char *words = scenario_run_image_words(schedule->run, fingerprint);
  schedule->is_of_other_image = words != NULL;
  if (words != NULL)
    cli_error("%s.\n  An image changes with the driver's source, its compiler and the headers; it is - where all drivers are steps.",
              words);
}

static bool line_read(CliSchedule *schedule, const char *line) {
  char fingerprint[64];
  const char *why;
  size_t column;
  if (!sim_schedule_parse(line, &schedule->exceptions, fingerprint, sizeof fingerprint, &why, &column)) {
    if (strlen(line) < 160)
      cli_error("schedule, column %zu: %s\n  %s\n  %*s^", column + 1, why, line, (int)column, "");
    else
      cli_error("schedule, column %zu: %s", column + 1, why);
    return false;
  }
  image_tell(schedule, fingerprint);
  return true;
}

int cli_schedule_open(CliSchedule *schedule, const char *name, const char *line) {
  g_autoptr(GError) error = NULL;
  g_autofree char *file = cli_scenario_file(name, &error);
  if (!sim_arena_map()) {
    cli_error("the machine's memory cannot be mapped at 0x%llx: %s", SIM_ARENA_BASE, g_strerror(errno));
    return EXIT_SET_UP;
  }
  if (file != NULL)
    schedule->scenario = scenario_load(file, &error);
  if (schedule->scenario != NULL)
    schedule->run = scenario_run_create(schedule->scenario, &error);
  if (schedule->run == NULL)
    return cli_error("%s", error->message);
  schedule->is_own = line == NULL && schedule->scenario->policy.search.policy == &sim_policy_replay;
  schedule->races |= schedule->is_own && schedule->scenario->policy.search.races;
  if (schedule->races && !scenario_run_look_for_races(schedule->run)) {
    cli_error("--races: the host refuses the address space for it");
    return EXIT_SET_UP;
  }
  if (line == NULL) { /* a scenario may name its own */
    if (*schedule->scenario->policy.image != '\0')
      image_tell(schedule, schedule->scenario->policy.image);
    const SimSchedule *own = &schedule->scenario->policy.replay;
    for (size_t i = 0; i < own->count; i++)
      sim_schedule_append(&schedule->exceptions, own->exceptions[i]);
    return EXIT_AS_EXPECTED;
  }
  g_autofree char *loaded = *line == '@' ? line_load(line + 1) : g_strdup(line);
  return loaded != NULL && line_read(schedule, loaded) ? EXIT_AS_EXPECTED : EXIT_BAD_INPUT;
}

void cli_schedule_run(CliSchedule *schedule, SimRecord *record, RunResult *result) {
  RunRequest request = { .policy = &sim_policy_replay, .replay = &schedule->exceptions, .record = record };
  *result = (RunResult){ 0 };
  scenario_run_once(schedule->run, &request, result);
}
