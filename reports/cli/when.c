/* irqlab when: at which choice a failure was decided. */
#include "../decided.h"
#include "../paragraph.h"
#include "nearby.h"
#include "schedule.h"
#include "shrink.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FIND_COUNT 10000
#define NUMBER_NONE G_MININT64 /* it was not named */

typedef struct WhenCommand {
  CliSchedule schedule;
  LikelihoodOptions options;
  gint64 draws;
  gint64 runs;
  char *seed;
  gboolean visits_accesses;
  gboolean holds_up;
  gboolean is_json;
  const char *name;
  ReportStyle style;
} WhenCommand;

/* ---- which schedule ---- */

static bool is_failing(CliSchedule *schedule) {
  RunResult result;
  cli_schedule_run(schedule, NULL, &result);
  RunFailure failure = run_failure_of(schedule->run, &result, NULL);
  bool is_wrong = failure.kind != RUN_FAILURE_NONE;
  run_failure_finish(&failure);
  run_result_finish(&result);
  return is_wrong;
}

/* Nobody named one: the first failure that a search finds, made minimal. False, after it was said: there is none. */
static bool schedule_find(WhenCommand *command) {
  CliSchedule *schedule = &command->schedule;
  SimSearchOptions options = schedule->scenario->policy.search;
  if (!options.policy->explores || options.policy == &sim_policy_replay)
    options.policy = &sim_policy_portfolio;
  ShrinkFound found = shrink_find(schedule->run, &options, FIND_COUNT);
  Shrunk shrunk = { 0 };
  if (found.is_found && shrink_bucket(schedule->run, &found.result, NULL, &shrunk)) {
    sim_schedule_finish(&schedule->exceptions);
    schedule->exceptions = shrunk.result.exceptions;
    shrunk.result.exceptions = (SimSchedule){ 0 };
  }
  shrunk_finish(&shrunk);
  run_result_finish(&found.result);
  if (!found.is_found)
    printf("nothing went wrong in %" G_GUINT64_FORMAT " schedules: there is nothing to ask about\n", found.count);
  return found.is_found;
}

/* ---- the command ---- */

/* What of the line did not come to pass, so that this is about another schedule; NULL: it fits. Returns owned. */
static char *misfit_words(const WhenCommand *command) {
  const CliSchedule *schedule = &command->schedule;
  ScheduleMisfit misfit;
  return schedule_misfit(schedule->run, &schedule->exceptions, &misfit) ? schedule_misfit_words(&schedule->exceptions, &misfit) : NULL;
}

static void told_print(const WhenCommand *command, const DecidedSubject *subject, const char *line, const char *misfit) {
  g_autoptr(GString) out = g_string_new(NULL);
  decided_print(out, &command->style, subject);
  if (misfit != NULL)
    paragraph_putf(out, &command->style, "misfit", "this is not the schedule that was recorded. %s", misfit);
  g_string_append_printf(out, "\n  schedule:         %s\n", line);
  report_trim_lines(out);
  fputs(out->str, stdout);
}

static void json_print(const WhenCommand *command, const DecidedSubject *subject, const char *line, const char *misfit) {
  json_object *json = decided_json(subject);
  json_object_object_add(json, "irqlab", json_object_new_string(IRQLAB_VERSION));
  json_object_object_add(json, "scenario", json_object_new_string(command->name));
  json_object_object_add(json, "schedule", json_object_new_string(line));
  json_object_object_add(json, "misfit", misfit != NULL ? json_object_new_string(misfit) : NULL);
  puts(json_object_to_json_string_ext(json, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_NOSLASHESCAPE));
  json_object_put(json);
}

/* Once more, with its events, for their names. */
static void print(const WhenCommand *command, const Likelihood *likelihood) {
  CliSchedule *schedule = (CliSchedule *)&command->schedule;
  SimRecord record = { 0 };
  RunResult result;
  g_autofree char *misfit = misfit_words(command);
  cli_schedule_run(schedule, &record, &result);
  char *line = sim_schedule_print(&result.exceptions, scenario_run_fingerprint(schedule->run));
  g_autoptr(Names) names = names_create(schedule->run, &record);
  const DecidedSubject subject = { .names = names, .likelihood = likelihood };
  (command->is_json ? json_print : told_print)(command, &subject, line, misfit);
  free(line);
  run_result_finish(&result);
  sim_record_finish(&record);
}

static int when(WhenCommand *command, bool has_line) {
  Likelihood likelihood;
  if (scenario_run_state_size(command->schedule.run) == 0 && is_failing(&command->schedule)) {
    printf("it goes wrong while Windows boots or drivers are loaded, before anything can go otherwise\n");
    return EXIT_AS_EXPECTED;
  }
  if (!has_line && !command->schedule.is_own && !is_failing(&command->schedule) && !schedule_find(command))
    return EXIT_NOT_AS_EXPECTED;
  if (!likelihood_of(command->schedule.run, &command->schedule.exceptions, &command->options, &likelihood)) {
    printf("nothing goes wrong in that schedule: there is nothing to ask about\n");
    return EXIT_NOT_AS_EXPECTED;
  }
  print(command, &likelihood);
  likelihood_finish(&likelihood);
  return EXIT_AS_EXPECTED;
}

static const char summary[] = "Says at which choice of a schedule its failure was decided, and from where on nothing could avert it.";
static const char description[] =
    "SCENARIO is a file, or a name of the library. LINE is a schedule that fails, as reports print it, or @FILE; without one it is the\n"
    "scenario's own, the natural one if that fails, or the first failure that a search finds, made minimal.\n\n"
    "Behind each choice of the schedule others are run that begin as it does and answer the choices from there on as they are drawn, each\n"
    "answer as likely as another; counted is how many fail in the same way. From the end towards the beginning all there are are run, as\n"
    "far as --budget goes. Inevitable is said only of what was proved so: every schedule that begins like that was run, and fails. What\n"
    "could go otherwise is the order of steps, where interrupts land, what the scenario's \"vary\" says, and each kind that the line "
    "itself\n"
    "departs in.\n\n"
    "Examples:\n"
    "  irqlab when drivers/ab-ba-locks\n"
    "  irqlab when mine.json v1:-:a18b6671.s0=1\n\n"
    "Exit codes: 0 told; 1 nothing went wrong; 2 bad input; 3 cannot be set up.\n";

static bool is_good(gint64 number) { return number >= 1 || number == NUMBER_NONE; }

static uint64_t number_or_default(gint64 number) { return number != NUMBER_NONE ? (uint64_t)number : 0; }

static bool numbers_check(WhenCommand *command) {
  guint64 seed = 1;
  if (!is_good(command->draws) || !is_good(command->runs)) {
    cli_error("when: --draws and --budget take numbers from 1");
    return false;
  }
  if (command->seed != NULL && !g_ascii_string_to_unsigned(command->seed, 10, 0, G_MAXUINT64, &seed, NULL)) {
    cli_error("when: --seed takes a number from 0 to 18446744073709551615, not \"%s\"", command->seed);
    return false;
  }
  command->options = (LikelihoodOptions){ .draws = number_or_default(command->draws),
                                          .runs = number_or_default(command->runs),
                                          .seed = seed,
                                          .visits_accesses = command->visits_accesses,
                                          .holds_up = command->holds_up };
  return true;
}

static bool arguments_parse(WhenCommand *command, int *argc, char ***argv) {
  g_autofree char *color = NULL;
  const GOptionEntry entries[] = {
    { "draws", 'n', 0, G_OPTION_ARG_INT64, &command->draws, "Draw so many schedules behind a choice (default 400, fewer of long runs)",
      "N" },
    { "budget", 0, 0, G_OPTION_ARG_INT64, &command->runs, "Run at most so many to have run all (default 20000, fewer of long runs)", "N" },
    { "seed", 0, 0, G_OPTION_ARG_STRING, &command->seed, "What is drawn depends on it (default 1)", "N" },
    { "accesses", 0, 0, G_OPTION_ARG_NONE, &command->visits_accesses, "Each access of memory by a driver is a place to switch", NULL },
    { "clock", 0, 0, G_OPTION_ARG_NONE, &command->holds_up, "The clock may tick while all CPUs are held up", NULL },
    CLI_SCHEDULE_RACES(&command->schedule),
    { "json", 0, 0, G_OPTION_ARG_NONE, &command->is_json, "Print all of it as JSON", NULL },
    { "color", 0, 0, G_OPTION_ARG_STRING, &color, "auto (default), always or never", "WHEN" },
    { 0 },
  };
  ReportColorMode mode = REPORT_COLOR_AUTO;
  if (!cli_options("when", "SCENARIO [LINE]", summary, description, entries, argc, argv) || !cli_color_mode(color, &mode))
    return false;
  command->style = report_style_of(STDOUT_FILENO, mode);
  if (*argc < 2 || *argc > 3) {
    cli_error("when: a scenario and perhaps a line: irqlab when SCENARIO [v1:...]\nirqlab when --help tells more.");
    return false;
  }
  return numbers_check(command);
}

int cli_when(int argc, char **argv) {
  WhenCommand command = { .draws = NUMBER_NONE, .runs = NUMBER_NONE };
  int exit_code = EXIT_BAD_INPUT;
  if (arguments_parse(&command, &argc, &argv)) {
    command.name = argv[1];
    exit_code = cli_schedule_open(&command.schedule, argv[1], argc > 2 ? argv[2] : NULL);
    if (exit_code == EXIT_AS_EXPECTED)
      exit_code = when(&command, argc > 2);
    cli_schedule_finish(&command.schedule);
  }
  g_free(command.seed);
  return exit_code;
}
