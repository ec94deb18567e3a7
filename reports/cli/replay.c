/* irqlab replay: one schedule again, from its line. irqlab trace: every event of it. */
#include "../crash_report.h"
#include "../trace.h"
#include "cli.h"

#include "model/ddi/bugchecks.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct Replay {
  Scenario *scenario;
  ScenarioRun *run;
  SimSchedule schedule;
} Replay;

static void replay_finish(Replay *replay) {
  g_clear_pointer(&replay->run, scenario_run_free);
  g_clear_pointer(&replay->scenario, scenario_free);
  sim_schedule_finish(&replay->schedule);
}

static bool line_read(Replay *replay, const char *line) {
  char fingerprint[64];
  const char *why;
  size_t column;
  if (!sim_schedule_parse(line, &replay->schedule, fingerprint, sizeof fingerprint, &why, &column)) {
    cli_error("schedule, column %zu: %s\n  %s\n  %*s^", column + 1, why, line, (int)column, "");
    return false;
  }
  if (strcmp(fingerprint, scenario_run_fingerprint(replay->run)) != 0)
    fprintf(stderr, "irqlab: the line was made with the driver image %s, and this one is %s: the schedule may not fit any more\n",
            fingerprint, scenario_run_fingerprint(replay->run));
  return true;
}

/* Loads, boots, reads the line (NULL: the natural schedule). */
static bool replay_open(Replay *replay, const char *name, const char *line) {
  g_autoptr(GError) error = NULL;
  g_autofree char *file = cli_scenario_file(name, &error);
  if (file != NULL)
    replay->scenario = scenario_load(file, &error);
  if (replay->scenario != NULL)
    replay->run = scenario_run_create(replay->scenario, &error);
  if (replay->run == NULL) {
    fprintf(stderr, "%s\n", error->message);
    return false;
  }
  return line == NULL || line_read(replay, line);
}

static void once(Replay *replay, SimRecord *record, RunResult *result) {
  RunRequest request = { .policy = &sim_policy_replay, .replay = &replay->schedule, .record = record };
  *result = (RunResult){ 0 };
  scenario_run_once(replay->run, &request, result);
}

/* ---- replay ---- */

static bool hashes_agree(Replay *replay, uint64_t hash, gint times) {
  for (gint i = 1; i < times; i++) {
    RunResult result;
    once(replay, NULL, &result);
    uint64_t again = result.hash;
    run_result_finish(&result);
    if (again != hash) {
      cli_error("run %d of the same schedule came out differently (hash %016llx): this is a defect of irqlab", i + 1,
                (unsigned long long)again);
      return false;
    }
  }
  return true;
}

static const char replay_description[] =
    "The line is printed at the end of each report. In quotes or not: it has no blanks. Without one the natural schedule is run.\n\n"
    "Example:\n  irqlab replay osr-291980/dpc-classify v1:-\n";

int cli_replay(int argc, char **argv) {
  gint times = 2;
  g_autofree char *color = NULL;
  const GOptionEntry entries[] = {
    { "times", 'n', 0, G_OPTION_ARG_INT, &times, "Run it so many times and compare the hashes (default 2)", "N" },
    { "color", 0, 0, G_OPTION_ARG_STRING, &color, "auto (default), always or never", "WHEN" },
    { 0 },
  };
  ReportColorMode mode = REPORT_COLOR_AUTO;
  if (!cli_options("replay", "SCENARIO [LINE]", "Runs one schedule of a scenario again and prints its report.", replay_description, entries,
                   &argc, &argv) ||
      !cli_color_mode(color, &mode))
    return EXIT_BAD_INPUT;
  if (argc < 2 || argc > 3)
    return cli_error("replay takes a scenario and a line: irqlab replay SCENARIO v1:...");
  Replay replay = { 0 };
  int exit_code = EXIT_BAD_INPUT;
  if (replay_open(&replay, argv[1], argc > 2 ? argv[2] : NULL)) {
    RunResult result;
    once(&replay, NULL, &result);
    ReportStyle style = report_style_of(STDOUT_FILENO, mode);
    g_autoptr(GString) out = g_string_new(NULL);
    char *line = sim_schedule_print(&result.exceptions, scenario_run_fingerprint(replay.run));
    crash_report_print(out, &style, &(ReportSubject){ .run = replay.run, .result = &result, .schedule = line, .name = argv[1] });
    fputs(out->str, stdout);
    printf("  hash:            %016llx, %s\n", (unsigned long long)result.hash, times > 1 ? "the same each time" : "once");
    if (result.replay_misses > 0)
      printf("  misfit:          %u choices of the line do not exist in this run\n", result.replay_misses);
    exit_code = hashes_agree(&replay, result.hash, times) ? EXIT_AS_EXPECTED : EXIT_NOT_AS_EXPECTED;
    free(line);
    run_result_finish(&result);
  }
  replay_finish(&replay);
  return exit_code;
}

/* ---- trace ---- */

static const char trace_description[] =
    "Without a line the natural schedule is traced. What happened before the first stimulus (boot, loading of\n"
    "drivers) is printed with --boot.\n\nExample:\n  irqlab trace osr-291980/dpc-classify\n";

static uint32_t first_after_boot(const ScenarioRun *run, const SimRecord *record) {
  for (size_t i = 0; i < record->count; i++)
    if (record->events[i].time_ns >= scenario_run_origin_ns(run))
      return (uint32_t)i;
  return 0;
}

int cli_trace(int argc, char **argv) {
  gboolean with_boot = FALSE;
  const GOptionEntry entries[] = {
    { "boot", 0, 0, G_OPTION_ARG_NONE, &with_boot, "Begin with Windows' boot and the loading of drivers", NULL },
    { 0 },
  };
  if (!cli_options("trace", "SCENARIO [LINE]", "Prints every event of a run, one a line.", trace_description, entries, &argc, &argv))
    return EXIT_BAD_INPUT;
  if (argc < 2 || argc > 3)
    return cli_error("trace takes a scenario and perhaps a line: irqlab trace SCENARIO [v1:...]");
  Replay replay = { 0 };
  int exit_code = EXIT_BAD_INPUT;
  if (replay_open(&replay, argv[1], argc > 2 ? argv[2] : NULL)) {
    SimRecord record = { 0 };
    RunResult result;
    once(&replay, &record, &result);
    g_autoptr(GString) out = g_string_new(NULL);
    trace_print(out, replay.run, &record, with_boot ? 0 : first_after_boot(replay.run, &record));
    g_autofree char *bucket = run_result_bucket(&result);
    g_string_append_printf(out, "%s, %u events, hash %016llx\n", bucket, result.event_count, (unsigned long long)result.hash);
    fputs(out->str, stdout);
    run_result_finish(&result);
    sim_record_finish(&record);
    exit_code = EXIT_AS_EXPECTED;
  }
  replay_finish(&replay);
  return exit_code;
}
