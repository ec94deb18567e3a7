/* irqlab shrink: a failing schedule made minimal, and the scenario around it. */
#include "../crash_report.h"
#include "../decided.h"
#include "../paragraph.h"
#include "schedule.h"
#include "search_options.h"
#include "shrink_scenario.h"

#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define FIND_COUNT_DEFAULT 10000

typedef struct ShrinkCommand {
  CliSearch search;
  CliSchedule schedule;
  gint64 schedules;
  gint64 budget;
  gint others;
  char *output;
  gboolean keeps_scenario;
  const char *name;
  bool has_line;
  ReportStyle style;
} ShrinkCommand;

/* ---- what fails ---- */

static bool search_options(const ShrinkCommand *command, SimSearchOptions *options) {
  const ScenarioPolicy *own = &command->schedule.scenario->policy;
  g_autofree char *wrong = cli_search_apply(&command->search, own, options);
  if (wrong != NULL) {
    cli_error("shrink: %s", wrong);
    return false;
  }
  if (!options->policy->explores) { /* one schedule is not much of a search */
    const SimPolicy *portfolio = sim_policy_find("portfolio");
    options->policy = portfolio != NULL ? portfolio : &sim_policy_random;
  }
  return true;
}

/* Something that goes wrong; false, after it was said, when nothing does. */
static bool failure_find(const ShrinkCommand *command, const SimSearchOptions *options, RunResult *result) {
  uint64_t most = command->schedules > 0 ? (uint64_t)command->schedules : FIND_COUNT_DEFAULT;
  ShrinkFound found = shrink_find(command->schedule.run, options, most);
  *result = found.result;
  g_autofree char *bounds = run_search_bounds(options);
  if (!found.is_found)
    printf("nothing went wrong in %" G_GUINT64_FORMAT " schedule%s%s%s%s: there is nothing to shrink\n", found.count,
           found.count == 1 ? "" : "s", found.is_all ? ", which are all there are" : "", found.is_all && *bounds != '\0' ? " " : "",
           found.is_all ? bounds : "");
  return found.is_found;
}

static bool failure_of_line(const ShrinkCommand *command, RunResult *result) {
  CliSchedule *schedule = (CliSchedule *)&command->schedule;
  cli_schedule_run(schedule, NULL, result);
  RunFailure failure = run_failure_of(schedule->run, result, NULL);
  bool is_failing = failure.kind != RUN_FAILURE_NONE;
  run_failure_finish(&failure);
  if (!is_failing)
    printf("nothing goes wrong in that schedule: there is nothing to shrink\n");
  return is_failing;
}

/* ---- where it is written ---- */

static bool is_same_file(const char *a, const char *b) {
  GStatBuf one, other;
  return g_stat(a, &one) == 0 && g_stat(b, &other) == 0 && one.st_dev == other.st_dev && one.st_ino == other.st_ino;
}

/* The scenario, the file its line is in, its drivers' sources: none of them is written over. 0, or the exit code after it was said. */
static int output_check(const ShrinkCommand *command, const char *line) {
  const Scenario *scenario = command->schedule.scenario;
  const char *output = command->output;
  bool is_input =
      output != NULL && (is_same_file(output, scenario->file) || (line != NULL && *line == '@' && is_same_file(output, line + 1)));
  for (size_t i = 0; output != NULL && i < scenario->driver_count; i++)
    for (size_t j = 0; j < scenario->drivers[i].file_count; j++)
      is_input |= is_same_file(output, scenario->drivers[i].paths[j]);
  return is_input ? cli_error("shrink: -o %s would write over what is read; choose another name", output) : EXIT_AS_EXPECTED;
}

/* ---- what is printed ---- */

static void report_print(const ShrinkCommand *command, ScenarioRun *run, const char *name, const Shrunk *shrunk) {
  g_autoptr(GString) out = g_string_new(NULL);
  g_autofree char *words = shrunk_words(shrunk), *decided = decided_line(run, &shrunk->result.exceptions);
  const ReportSubject subject = { .run = run,
                                  .result = &shrunk->result,
                                  .schedule = shrunk->line,
                                  .shrunk = words,
                                  .preemptions = shrunk->shrink.preemptions,
                                  .decided = decided,
                                  .name = name };
  crash_report_print(out, &command->style, &subject);
  fputs(out->str, stdout);
}

static void removed_print(GString *out, const ShrinkCommand *command, const GPtrArray *removed) {
  g_autoptr(GString) list = g_string_new(NULL);
  for (guint i = 0; i < removed->len; i++)
    g_string_append_printf(list, "%s%s", i > 0 ? ", " : "", (const char *)g_ptr_array_index(removed, i));
  if (removed->len > 0)
    paragraph_putf(out, &command->style, "not needed", "%s", list->str);
}

/* As expected only if it was seen to be. */
static void written_print(GString *out, const ShrinkCommand *command, const ShrunkScenario *small) {
  if (small->is_as_expected)
    paragraph_putf(out, &command->style, "written", "%s; it is as expected now: irqlab run %s", command->output, command->output);
  else
    paragraph_putf(out, &command->style, "written",
                   "%s; its expectation has to be written by hand, for irqlab run does not find it as expected: %s", command->output,
                   small->why != NULL ? small->why : "nothing is said of it");
}

static int scenario_shrink(ShrinkCommand *command, Shrunk *shrunk) {
  g_autoptr(GError) error = NULL;
  ShrunkScenario small;
  const ShrinkScenarioOptions options = { .output = command->output, .is_whole = command->keeps_scenario || command->output == NULL };
  if (!shrink_scenario(g_steal_pointer(&command->schedule.scenario), g_steal_pointer(&command->schedule.run), shrunk, &options, &small,
                       &error))
    return cli_error("shrink: %s", error->message);
  report_print(command, small.run, command->output != NULL ? command->output : command->name, &small.shrunk);
  g_autoptr(GString) out = g_string_new(NULL);
  removed_print(out, command, small.removed);
  if (command->output != NULL)
    written_print(out, command, &small);
  fputs(out->str, stdout);
  shrunk_scenario_finish(&small);
  return EXIT_AS_EXPECTED;
}

static int shrink(ShrinkCommand *command) {
  SimSearchOptions options;
  RunResult result = { 0 };
  if (!search_options(command, &options))
    return EXIT_BAD_INPUT;
  bool is_failing = command->has_line ? failure_of_line(command, &result) : failure_find(command, &options, &result);
  if (!is_failing) {
    run_result_finish(&result);
    return EXIT_NOT_AS_EXPECTED;
  }
  Shrunk shrunk;
  const ShrinkBudget budget = { .runs = (uint64_t)command->budget, .others = (unsigned)command->others };
  bool is_shrunk = shrink_bucket(command->schedule.run, &result, &budget, &shrunk);
  run_result_finish(&result);
  int exit_code = is_shrunk
                      ? scenario_shrink(command, &shrunk)
                      : (printf("what goes wrong does not depend on the schedule: there is nothing to shrink\n"), EXIT_NOT_AS_EXPECTED);
  shrunk_finish(&shrunk);
  return exit_code;
}

/* ---- the command ---- */

static const char summary[] = "Makes a failing schedule minimal, and the scenario around it, so that the story is as short as it can be.";
static const char description[] =
    "SCENARIO is a file, or a name of the library. LINE is a schedule that fails, as reports print it, or @FILE; without one the first "
    "failure\n"
    "that a search finds is taken. The result fails the same way: the same bug check or finding, in the same function of the driver. It "
    "has the\n"
    "fewest preemptions that can be found, as --preemptions counts them: the CPU that stepped last could go on, and another one does, or "
    "its\n"
    "quantum ends, or the clock ticks; or an interrupt is put off, however late it lands. What is said of it tells whether all schedules\n"
    "with fewer were run. What fails by itself is told by the natural schedule, unless another takes fewer preemptions, and some.\n\n"
    "Without -o the schedule alone is shrunk. With -o a new scenario is written: the old one's text without what the failure does not\n"
    "need, with the schedule and the expectation in it; it is run before it is said to be as expected.\n\n"
    "Examples:\n"
    "  irqlab shrink mine.json\n"
    "  irqlab shrink mine.json v1:-:a18b6671.s0=1 -o regression.json\n\n"
    "Exit codes: 0 shrunk; 1 nothing went wrong; 2 bad input; 3 cannot be set up.\n";

static bool arguments_parse(ShrinkCommand *command, int *argc, char ***argv) {
  g_autofree char *color = NULL;
  const GOptionEntry entries[] = {
    { "output", 'o', 0, G_OPTION_ARG_FILENAME, &command->output, "Write the shrunk scenario to that file", "FILE" },
    { "budget", 0, 0, G_OPTION_ARG_INT64, &command->budget, "At most so many runs for the schedule (default 20000, fewer of long runs)",
      "N" },
    { "others", 0, 0, G_OPTION_ARG_INT, &command->others, "Begin also from so many other failing schedules (default 16)", "N" },
    { "keep-scenario", 0, 0, G_OPTION_ARG_NONE, &command->keeps_scenario, "Shrink the schedule alone", NULL },
    { "schedules", 0, 0, G_OPTION_ARG_INT64, &command->schedules, "Search at most so many schedules for a failure (default 10000)", "N" },
    CLI_SEARCH_ENTRIES(&command->search),
    CLI_SEARCH_RACES(&command->search),
    { "color", 0, 0, G_OPTION_ARG_STRING, &color, "auto (default), always or never", "WHEN" },
    { 0 },
  };
  ReportColorMode mode = REPORT_COLOR_AUTO;
  if (!cli_options("shrink", "SCENARIO [LINE]", summary, description, entries, argc, argv) || !cli_color_mode(color, &mode) ||
      !cli_search_check(&command->search, "shrink"))
    return false;
  command->style = report_style_of(STDOUT_FILENO, mode);
  if (*argc < 2 || *argc > 3) {
    cli_error("shrink: a scenario and perhaps a line: irqlab shrink SCENARIO [v1:...]\nirqlab shrink --help tells more.");
    return false;
  }
  if (command->budget < 0 || command->others < 0 || command->schedules < 0) {
    cli_error("shrink: --budget, --others and --schedules take numbers from 1");
    return false;
  }
  return true;
}

int cli_shrink(int argc, char **argv) {
  ShrinkCommand command = { .search = CLI_SEARCH_INIT };
  int exit_code = EXIT_BAD_INPUT;
  if (arguments_parse(&command, &argc, &argv)) {
    command.name = argv[1];
    command.has_line = argc > 2;
    command.schedule.races = command.search.races;
    exit_code = cli_schedule_open(&command.schedule, argv[1], argc > 2 ? argv[2] : NULL);
    if (exit_code == EXIT_AS_EXPECTED)
      exit_code = output_check(&command, argc > 2 ? argv[2] : NULL);
    if (exit_code == EXIT_AS_EXPECTED)
      exit_code = shrink(&command);
    cli_schedule_finish(&command.schedule);
  }
  cli_search_finish(&command.search);
  g_free(command.output);
  return exit_code;
}
