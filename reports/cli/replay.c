/* irqlab replay: one schedule again, from its line. */
#include "../crash_report.h"
#include "../paragraph.h"
#include "../shell.h"
#include "debug.h"
#include "nearby.h"
#include "schedule.h"
#include "visit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NEARBY_COUNT_DEFAULT 2000

typedef struct ReplayCommand {
  gboolean races;
  gint times;
  gint64 nearby;
  char *stop_at;
  gboolean steps;
  gboolean debugs;
  char **debug_commands;
  char *reach;
  const char *name;
  const char *line;
  ReportStyle style;
} ReplayCommand;

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

/* ---- a schedule that does not fit ---- */

static void misfit_print(GString *out, const ReportStyle *style, const CliSchedule *schedule, const ScheduleMisfit *misfit) {
  g_autofree char *words = schedule_misfit_words(&schedule->exceptions, misfit);
  paragraph_putf(out, style, "misfit", "this is %s the schedule that was recorded. %s", misfit->is_natural ? "hardly" : "not", words);
}

/* Nothing goes wrong by this schedule any more; perhaps by one near it. */
static void nearby_print(GString *out, const ReplayCommand *command, CliSchedule *schedule) {
  RunResult found;
  uint64_t count;
  bool is_found = nearby_search(schedule->run, &schedule->exceptions, (uint64_t)command->nearby, &found, &count);
  g_autofree char *runs = outcome_count(count, is_found ? "run" : "schedule");
  if (is_found) {
    g_autofree char *bucket = run_result_bucket(&found);
    char *line = sim_schedule_print(&found.exceptions, scenario_run_fingerprint(schedule->run));
    g_autofree char *name = shell_word(command->name);
    paragraph_putf(out, &command->style, "nearby", "%s, after %s:", bucket, runs);
    g_string_append_printf(out, "%*sirqlab replay %s%s %s\n", PARAGRAPH_INDENT, "", command->races ? "--races " : "", name, line);
    free(line);
    run_result_finish(&found);
  } else {
    paragraph_putf(out, &command->style, "nearby", "nothing goes wrong in %s near it and others that were run", runs);
  }
}

static bool is_failing(const CliSchedule *schedule, const RunResult *result) {
  RunFailure failure = run_failure_of(schedule->run, result, NULL);
  bool is_wrong = failure.kind != RUN_FAILURE_NONE;
  run_failure_finish(&failure);
  return is_wrong;
}

/* ---- a schedule that fits, and does not fail as it did ---- */

/* Somebody kept the line, and it has something to say. */
static bool is_kept(const CliSchedule *schedule) { return !schedule->is_own && schedule->exceptions.count > 0; }

/* The failure that the scenario expects of this line and that did not appear; NULL. Of the scenario's own line and of one made with another driver
 * image: one that comes in some schedule, too. Of any other line nobody said that it is that schedule. Right behind its run. */
static const Expectation *missing_failure(const CliSchedule *schedule, const RunResult *result) {
  const ExpectSet *set = &schedule->scenario->expect;
  const Expectation *missing = NULL;
  bool is_meant = schedule->is_own || (schedule->is_of_other_image && is_kept(schedule));
  for (size_t i = 0; (is_meant || is_kept(schedule)) && i < set->count; i++) {
    const Expectation *one = &set->items[i];
    bool is_end = one->kind == EXPECT_OUTCOME && one->outcome != EXPECT_CLEAN && one->outcome != EXPECT_QUIET;
    if (one->when == EXPECT_NEVER || (one->when == EXPECT_SOMETIMES && !is_meant) ||
        (one->kind != EXPECT_BUGCHECK && one->kind != EXPECT_FINDING && !is_end))
      continue;
    if (expectation_holds(schedule->run, one, result))
      return NULL;
    missing = missing != NULL ? missing : one;
  }
  return missing;
}

static void missing_print(GString *out, const ReplayCommand *command, CliSchedule *schedule, const Expectation *missing, bool is_wrong) {
  if (missing != NULL)
    paragraph_putf(out, &command->style, "not seen", "every choice of the line came up, and what the scenario expects did not: %s",
                   missing->text);
  else
    paragraph_putf(out, &command->style, "not seen", "every choice of the line came up, and nothing goes wrong%s%s",
                   schedule->is_of_other_image ? " with this driver image"
                                               : ": if it once did, it did so with another driver or scenario than these",
                   schedule->races ? "" : " (data races are looked for with --races)");
  if (!is_wrong && command->nearby > 0)
    nearby_print(out, command, schedule);
}

/* ---- the run ---- */

static int replay(ReplayCommand *command, CliSchedule *schedule) {
  RunResult result;
  ScheduleMisfit misfit;
  cli_schedule_run(schedule, NULL, &result);
  const Expectation *missing = missing_failure(schedule, &result);
  bool is_wrong = is_failing(schedule, &result), is_fitting = true;
  g_autoptr(GString) out = g_string_new(NULL);
  char *line = sim_schedule_print(&result.exceptions, scenario_run_fingerprint(schedule->run));
  crash_report_print(out, &command->style,
                     &(ReportSubject){ .run = schedule->run, .result = &result, .schedule = line, .name = command->name });
  g_autofree char *races_left = scenario_run_races_left(schedule->run);
  if (races_left != NULL)
    paragraph_put(out, &command->style, "races", races_left);
  bool agree = result.stop == SIM_STOP_LIMIT_HOST_TIME || hashes_agree(schedule, result.hash, command->times);
  g_string_append_printf(out, "  hash:             %016llx%s\n", (unsigned long long)result.hash,
                         !agree               ? ", but not each time"
                         : command->times > 1 ? ", the same each time"
                                              : "");
  bool is_judged = result.stop != SIM_STOP_LIMIT_HOST_TIME && !result.ended_in_boot;
  if (is_judged && schedule_misfit(schedule->run, &schedule->exceptions, &misfit) && !(is_wrong && misfit.is_natural)) {
    is_fitting = false;
    misfit_print(out, &command->style, schedule, &misfit);
    if (!is_wrong && command->nearby > 0)
      nearby_print(out, command, schedule);
  } else if (is_judged && (missing != NULL || (!is_wrong && is_kept(schedule)))) {
    missing_print(out, command, schedule, missing, is_wrong);
  }
  fputs(out->str, stdout);
  free(line);
  run_result_finish(&result);
  return agree && is_fitting && missing == NULL ? EXIT_AS_EXPECTED : EXIT_NOT_AS_EXPECTED;
}

static int command_run(ReplayCommand *command, CliSchedule *schedule) {
  if (command->reach != NULL)
    return debug_reach(schedule, command->reach);
  if (command->debugs || command->debug_commands != NULL)
    return debug_replay(schedule, command->name, command->line, command->stop_at, command->debug_commands);
  if (command->steps)
    return visit_step(schedule);
  return command->stop_at != NULL ? visit_stop_at(schedule, command->stop_at) : replay(command, schedule);
}

static const char summary[] = "Runs one schedule of a scenario again, event by event the same, and prints its report.";
static const char description[] =
    "SCENARIO is a file, or a name of the library. LINE is printed at the end of each report and by irqlab run --json; @FILE reads it\n"
    "from a file. Without one it is the schedule that the scenario itself names (\"policy\": {\"replay\": ...}), else the natural one: "
    "every\n"
    "choice as an idle machine would take it.\n\n"
    "EVENT is a number, as irqlab trace prints them, a function that is called, or a kind of event; KeSetEvent#2 is the second.\n"
    "With --step commands are read from standard input, next and back and others: help lists them.\n\n"
    "A line that does not fit any more, because the driver or the scenario changed, is run as far as it goes; where it parts is said, and "
    "a\n"
    "schedule near it in which something goes wrong is looked for. So it is where the line fits and nothing goes wrong by it, or not what "
    "the\n"
    "scenario expects of it.\n\n"
    "Examples:\n"
    "  irqlab replay osr-291980/dpc-classify v1:-\n"
    "  irqlab replay --times 1000 mine.json @line.txt\n"
    "  irqlab replay --stop-at KeSetEvent#2 mine.json v1:-:a18b6671.s0=1\n"
    "  irqlab replay --gdb mine.json @line.txt\n\n"
    "Exit codes: 0 replayed; 1 the line does not fit, what the scenario expects of it does not appear, or runs of it differ;\n"
    "2 bad input; 3 cannot be set up.\n";

static bool arguments_parse(ReplayCommand *command, int *argc, char ***argv) {
  g_autofree char *color = NULL;
  const GOptionEntry entries[] = {
    { "times", 'n', 0, G_OPTION_ARG_INT, &command->times, "Run it so many times and compare the hashes (default 2)", "N" },
    { "stop-at", 0, 0, G_OPTION_ARG_STRING, &command->stop_at, "Print what stands where behind that event", "EVENT" },
    { "step", 0, 0, G_OPTION_ARG_NONE, &command->steps, "Go through it event by event, forwards and backwards", NULL },
    { "gdb", 0, 0, G_OPTION_ARG_NONE, &command->debugs, "Start gdb, stopped in the driver at that event or at the mistake", NULL },
    { "gdb-command", 0, 0, G_OPTION_ARG_STRING_ARRAY, &command->debug_commands, "Let gdb do that there, and end; more than once",
      "COMMAND" },
    { "nearby", 0, 0, G_OPTION_ARG_INT64, &command->nearby, "Look through so many schedules where the line does not fit (default 2000)",
      "N" },
    { "reach", 0, G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_STRING, &command->reach, "What --gdb runs", "EVENT" },
    CLI_SCHEDULE_RACES(command),
    { "color", 0, 0, G_OPTION_ARG_STRING, &color, "auto (default), always or never", "WHEN" },
    { 0 },
  };
  ReportColorMode mode = REPORT_COLOR_AUTO;
  if (!cli_options("replay", "SCENARIO [LINE]", summary, description, entries, argc, argv) || !cli_color_mode(color, &mode))
    return false;
  command->style = report_style_of(STDOUT_FILENO, mode);
  if (*argc < 2 || *argc > 3)
    cli_error("replay: a scenario and perhaps a line: irqlab replay SCENARIO v1:...\nirqlab replay --help tells more.");
  else if (command->times < 1)
    cli_error("replay: --times takes a number from 1, not %d", command->times);
  else if (command->nearby < 0)
    cli_error("replay: --nearby takes a number from 0, not %" G_GINT64_FORMAT, command->nearby);
  else if (command->steps && (command->stop_at != NULL || command->debugs || command->debug_commands != NULL))
    cli_error("replay: --step goes by itself: not with --stop-at or --gdb");
  else
    return true;
  return false;
}

int cli_replay(int argc, char **argv) {
  ReplayCommand command = { .times = 2, .nearby = NEARBY_COUNT_DEFAULT };
  int exit_code = EXIT_BAD_INPUT;
  if (arguments_parse(&command, &argc, &argv)) {
    CliSchedule schedule = { .races = command.races };
    command.name = argv[1];
    command.line = argc > 2 ? argv[2] : NULL;
    exit_code = cli_schedule_open(&schedule, argv[1], command.line);
    if (exit_code == EXIT_AS_EXPECTED)
      exit_code = command_run(&command, &schedule);
    cli_schedule_finish(&schedule);
  }
  g_free(command.stop_at);
  g_free(command.reach);
  g_strfreev(command.debug_commands);
  return exit_code;
}
