/* irqlab replay: one schedule again, from its line. */
#include "../crash_report.h"
#include "schedule.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* Runs it `times` - 1 times more; false, after it was told, when one of them came out differently. */
static bool hashes_agree(CliSchedule *schedule, uint64_t hash, gint times) {
  for (gint i = 1; i < times; i++) {
    RunResult result;
    cli_schedule_run(schedule, NULL, &result);
    uint64_t again = result.hash;
    run_result_finish(&result);
    if (again != hash) {
      cli_error(
          "run %d of the same schedule came out differently (hash %016llx, not %016llx): this is a defect of irqlab; please report it",
          i + 1, (unsigned long long)again, (unsigned long long)hash);
      return false;
    }
  }
  return true;
}

static int replay(CliSchedule *schedule, const char *name, gint times, const ReportStyle *style) {
  RunResult result;
  cli_schedule_run(schedule, NULL, &result);
  g_autoptr(GString) out = g_string_new(NULL);
  char *line = sim_schedule_print(&result.exceptions, scenario_run_fingerprint(schedule->run));
  crash_report_print(out, style, &(ReportSubject){ .run = schedule->run, .result = &result, .schedule = line, .name = name });
  bool agree = result.stop == SIM_STOP_LIMIT_HOST_TIME || hashes_agree(schedule, result.hash, times);
  fputs(out->str, stdout);
  printf("  hash:             %016llx%s\n", (unsigned long long)result.hash,
         !agree      ? ", but not each time"
         : times > 1 ? ", the same each time"
                     : "");
  if (result.replay_misses > 0)
    printf("  misfit:           %u choice%s of the line did not exist in this run: it is not the schedule that was recorded\n",
           result.replay_misses, result.replay_misses == 1 ? "" : "s");
  else if (result.exceptions.count < schedule->exceptions.count)
    printf("  misfit:           %zu choice%s of the line did not come up in this run\n",
           schedule->exceptions.count - result.exceptions.count, schedule->exceptions.count - result.exceptions.count == 1 ? "" : "s");
  free(line);
  run_result_finish(&result);
  return agree ? EXIT_AS_EXPECTED : EXIT_NOT_AS_EXPECTED;
}

static const char summary[] = "Runs one schedule of a scenario again, event by event the same, and prints its report.";
static const char description[] =
    "SCENARIO is a file, or a name of the library. LINE is printed at the end of each report and by irqlab run --json; @FILE reads it\n"
    "from a file. Without one the natural schedule is run: every choice as an idle machine would take it.\n\n"
    "Examples:\n"
    "  irqlab replay osr-291980/dpc-classify v1:-\n"
    "  irqlab replay --times 1000 mine.json @line.txt\n\n"
    "Exit codes: 0 replayed; 1 runs of the same line differ; 2 bad input; 3 cannot be set up.\n";

int cli_replay(int argc, char **argv) {
  gint times = 2;
  g_autofree char *color = NULL;
  const GOptionEntry entries[] = {
    { "times", 'n', 0, G_OPTION_ARG_INT, &times, "Run it so many times and compare the hashes (default 2)", "N" },
    { "color", 0, 0, G_OPTION_ARG_STRING, &color, "auto (default), always or never", "WHEN" },
    { 0 },
  };
  ReportColorMode mode = REPORT_COLOR_AUTO;
  if (!cli_options("replay", "SCENARIO [LINE]", summary, description, entries, &argc, &argv) || !cli_color_mode(color, &mode))
    return EXIT_BAD_INPUT;
  if (argc < 2 || argc > 3)
    return cli_error("replay: a scenario and perhaps a line: irqlab replay SCENARIO v1:...\nirqlab replay --help tells more.");
  if (times < 1)
    return cli_error("replay: --times takes a number from 1, not %d", times);
  ReportStyle style = report_style_of(STDOUT_FILENO, mode);
  CliSchedule schedule = { 0 };
  int exit_code = cli_schedule_open(&schedule, argv[1], argc > 2 ? argv[2] : NULL);
  if (exit_code == EXIT_AS_EXPECTED)
    exit_code = replay(&schedule, argv[1], times, &style);
  cli_schedule_finish(&schedule);
  return exit_code;
}
