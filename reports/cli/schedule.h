/*
 * schedule.h: one schedule of a scenario, in this process: what replay and trace are about.
 */
#pragma once

#include "cli.h"

typedef struct CliSchedule {
  Scenario *scenario;
  ScenarioRun *run;
  SimSchedule exceptions; /* none: the natural schedule */
  gboolean races;         /* --races: races are looked for, too; before it is opened */
  bool is_own;            /* the one that the scenario itself names */
  bool is_of_other_image; /* than the drivers' by now */
} CliSchedule;

/* For a command's GOptionEntry array. */
#define CLI_SCHEDULE_RACES(schedule)                                                                                                       \
  { "races", 0, 0, G_OPTION_ARG_NONE, &(schedule)->races, "Look for data races, too", NULL }

/* Loads and boots the scenario and reads the line: "v1:...", "@FILE" that holds one, or NULL for the natural schedule. Returns an exit code, after
 * an error was printed when it is not 0. Finish it in any case. */
int cli_schedule_open(CliSchedule *schedule, const char *name, const char *line);
void cli_schedule_finish(CliSchedule *schedule);

/* Runs it. `record` may be NULL. */
void cli_schedule_run(CliSchedule *schedule, SimRecord *record, RunResult *result);
