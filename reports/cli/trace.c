/* irqlab trace: every event of a run. */
#include "../trace.h"
#include "schedule.h"

#include <stdio.h>

static uint32_t first_after_boot(const ScenarioRun *run, const SimRecord *record) {
  for (size_t i = 0; i < record->count; i++)
    if (record->events[i].time_ns >= scenario_run_origin_ns(run))
      return (uint32_t)i;
  return 0;
}

static void trace(CliSchedule *schedule, bool with_boot, bool wants_json) {
  SimRecord record = { 0 };
  RunResult result;
  cli_schedule_run(schedule, &record, &result);
  g_autoptr(Names) names = names_create(schedule->run, &record);
  g_autofree char *bucket = run_result_bucket(&result);
  uint32_t from = with_boot ? 0 : first_after_boot(schedule->run, &record);
  if (wants_json) {
    trace_print_json(stdout, names, from);
  } else {
    trace_print(stdout, names, from);
    printf("%s, %u event%s, hash %016llx\n", bucket, result.event_count, result.event_count == 1 ? "" : "s",
           (unsigned long long)result.hash);
  }
  g_autofree char *races_left = scenario_run_races_left(schedule->run);
  if (races_left != NULL)
    fprintf(wants_json ? stderr : stdout, "%s\n", races_left);
  run_result_finish(&result);
  sim_record_finish(&record);
}

static const char summary[] =
    "Prints every event of a run, one a line: virtual time, CPU, IRQL, who, what. They stand in the order in which they\n"
    "happened; the time is the CPU's own: one that is in the middle of a step may be ahead of the others.";
static const char description[] =
    "SCENARIO is a file, or a name of the library. LINE is a schedule as reports print it, or @FILE; without one the natural schedule is\n"
    "traced. What happened before the first stimulus (Windows' boot, the loading of drivers) is left out unless asked for.\n\n"
    "Examples:\n"
    "  irqlab trace osr-291980/dpc-classify\n"
    "  irqlab trace --json mine.json v1:-:a18b6671.s0=1 | grep '\"kind\":\"call\"'\n\n"
    "With --json each line is an object with the keys event, time_ns, cpu, irql, context, kind, function, object, status, detail,\n"
    "place and what. Exit codes: 0 traced; 2 bad input; 3 cannot be set up.\n";

int cli_trace(int argc, char **argv) {
  gboolean with_boot = FALSE, wants_json = FALSE;
  CliSchedule schedule = { 0 };
  const GOptionEntry entries[] = {
    CLI_SCHEDULE_RACES(&schedule),
    { "boot", 0, 0, G_OPTION_ARG_NONE, &with_boot, "Begin with Windows' boot and the loading of drivers", NULL },
    { "json", 0, 0, G_OPTION_ARG_NONE, &wants_json, "Print JSON, one object a line", NULL },
    { 0 },
  };
  if (!cli_options("trace", "SCENARIO [LINE]", summary, description, entries, &argc, &argv))
    return EXIT_BAD_INPUT;
  if (argc < 2 || argc > 3)
    return cli_error("trace: a scenario and perhaps a line: irqlab trace SCENARIO [v1:...]\nirqlab trace --help tells more.");
  int exit_code = cli_schedule_open(&schedule, argv[1], argc > 2 ? argv[2] : NULL);
  if (exit_code == EXIT_AS_EXPECTED)
    trace(&schedule, with_boot, wants_json);
  cli_schedule_finish(&schedule);
  return exit_code;
}
