/* irqlab run: scenarios, each in a worker, results as they come. */
#include "../coverage.h"
#include "../junit.h"
#include "explore_line.h"
#include "faults.h"
#include "progress.h"
#include "worker.h"

#include "config.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

typedef struct RunCommand {
  bool is_verbose;
  bool is_quiet;
  bool is_silent; /* a document is printed instead of lines */
  bool is_single;
  ReportStyle style;
  ResultColumns columns;
  Progress progress;
  GPtrArray *outcomes;
  json_object *coverage; /* of all scenarios together; NULL: not asked for */
  unsigned counts[OUTCOME_STATUS_COUNT];
  int exit_code;
} RunCommand;

static volatile bool is_interrupted;

static void interrupt(int signal_number) {
  (void)signal_number;
  is_interrupted = true;
}

/* ---- told as they come ---- */

static void idle(guint done, guint total, void *data) { progress_show(&((RunCommand *)data)->progress, done, total); }

static void told(Outcome *outcome, void *data) {
  RunCommand *command = data;
  command->counts[outcome->status]++;
  command->exit_code = MAX(command->exit_code, outcome_exit_code(outcome->status));
  g_ptr_array_add(command->outcomes, outcome);
  if (command->coverage != NULL && outcome->coverage != NULL)
    coverage_merge(command->coverage, outcome->coverage);
  progress_erase(&command->progress);
  if (command->is_silent || (command->is_quiet && outcome->status == OUTCOME_AS_EXPECTED))
    return;
  g_autoptr(GString) out = g_string_new(NULL);
  result_print(out, &command->style, &command->columns, outcome);
  result_print_details(out, &command->style, outcome, command->is_verbose, command->is_single);
  fputs(out->str, stdout);
  fflush(stdout);
}

/* ---- at the end ---- */

static void summary_print(const RunCommand *command, guint total) {
  static const char *const words[OUTCOME_STATUS_COUNT] = { NULL, NULL, "bad input", "crashed", "not set up" };
  unsigned expected = command->counts[OUTCOME_AS_EXPECTED];
  guint done = command->outcomes->len;
  g_autoptr(GString) kinds = g_string_new(NULL);
  for (unsigned i = 0; i < OUTCOME_STATUS_COUNT; i++)
    if (words[i] != NULL && command->counts[i] > 0)
      g_string_append_printf(kinds, "%s%u %s", kinds->len > 0 ? ", " : "", command->counts[i], words[i]);
  printf("  %u scenario%s: %u as expected, %u not", done, done == 1 ? "" : "s", expected, done - expected);
  if (kinds->len > 0)
    printf(" (%s)", kinds->str);
  if (done < total)
    printf("; interrupted, %u not run", total - done);
  putchar('\n');
}

static void json_print(const RunCommand *command, guint total, int exit_code) {
  json_object *json = json_object_new_object();
  json_object *list = json_object_new_array();
  for (guint i = 0; i < command->outcomes->len; i++)
    json_object_array_add(list, outcome_to_json(g_ptr_array_index(command->outcomes, i)));
  json_object_object_add(json, "irqlab", json_object_new_string(IRQLAB_VERSION));
  json_object_object_add(json, "scenarios", list);
  json_object_object_add(json, "not_run", json_object_new_int64(total - command->outcomes->len));
  json_object_object_add(json, "exit_code", json_object_new_int(exit_code));
  puts(json_object_to_json_string_ext(json, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_NOSLASHESCAPE));
  json_object_put(json);
}

/* Can the file be written? Found out before anything runs. */
static int file_prepare(const char *option, const char *file) {
  FILE *stream = strcmp(file, "-") == 0 ? NULL : fopen(file, "a");
  if (stream == NULL && strcmp(file, "-") != 0)
    return cli_error("%s %s: %s", option, file, g_strerror(errno));
  if (stream != NULL)
    fclose(stream);
  return EXIT_AS_EXPECTED;
}

static int file_write(const char *option, const char *file, const char *text) {
  if (strcmp(file, "-") == 0) {
    fputs(text, stdout);
    return EXIT_AS_EXPECTED;
  }
  FILE *stream = fopen(file, "w");
  bool is_written = stream != NULL && fputs(text, stream) >= 0;
  if (stream != NULL && fclose(stream) != 0)
    is_written = false;
  return is_written ? EXIT_AS_EXPECTED : cli_error("%s %s: %s", option, file, g_strerror(errno));
}

static int junit_write(const RunCommand *command, const char *file) {
  g_autofree char *text = junit_print(command->outcomes);
  return file_write("--junit", file, text);
}

static void coverage_show(const RunCommand *command) {
  g_autoptr(GString) out = g_string_new(NULL);
  coverage_print(out, &command->style, command->coverage);
  fputs(out->str, stdout);
}

/* ---- the command ---- */

static void signals_catch(void) {
  struct sigaction action = { .sa_handler = interrupt };
  sigaction(SIGINT, &action, NULL);
  sigaction(SIGTERM, &action, NULL);
  sigaction(SIGHUP, &action, NULL);
}

static const char summary[] =
    "Runs scenario files and says for each whether it came out as it expects. Folders are searched for *.json. Without\n"
    "an argument the whole library is run; a scenario or folder of the library can be named without its path.";
static const char description[] =
    "Examples:\n"
    "  irqlab run scenarios/seeds                         a folder\n"
    "  irqlab run -v osr-291980/dpc-classify              one scenario of the library, with its report\n"
    "  irqlab run --schedules 100000 --seed 7 mine.json   more schedules than the file asks for\n"
    "  irqlab run --junit results.xml scenarios           for CI\n"
    "  irqlab run --coverage --lcov driver.info mine.json what was exercised, and the lines for genhtml\n"
    "  irqlab run --what-can-vary mine.json               the choices of its natural schedule\n"
    "  irqlab run --faults mine.json                      each allocation and call that can fail fails once\n\n"
    "By its policy a scenario runs one schedule (\"timed\"; with --schedules: so many by \"portfolio\"), draws as many as --schedules "
    "says\n"
    "from --seed on (\"random\" and others), or runs all there are within its bounds, up to --schedules (\"exhaustive\" and others).\n"
    "irqlab list policies lists them.\n"
    "Of a single scenario that is not as expected the report is printed; with -v that of each.\n\n"
    "Exit codes, the highest wins: 0 all as expected; 1 some not as expected, or a worker died; 2 bad input; 3 cannot be set up;\n"
    "130 interrupted.\n";

typedef struct RunArguments {
  gboolean is_verbose, is_quiet, wants_json, no_sandbox;
  gint64 schedules;
  gboolean wants_variation, wants_faults, wants_fault_pairs;
  gint jobs, timeout_s;
  gboolean wants_coverage;
  gboolean shrinks;
  char *junit, *color, *lcov;
  CliSearch search;
} RunArguments;

static bool arguments_parse(RunArguments *arguments, int *argc, char ***argv) {
  const GOptionEntry entries[] = {
    { "verbose", 'v', 0, G_OPTION_ARG_NONE, &arguments->is_verbose, "Print the report of every scenario, also of those as expected", NULL },
    { "quiet", 'q', 0, G_OPTION_ARG_NONE, &arguments->is_quiet, "Print only what is not as expected, and the summary", NULL },
    { "schedules", 0, 0, G_OPTION_ARG_INT64, &arguments->schedules, "How many schedules are explored, instead of the scenario's own number",
      "N" },
    CLI_SEARCH_ENTRIES(&arguments->search),
    CLI_SEARCH_RACES(&arguments->search),
    { "first", 0, 0, G_OPTION_ARG_INT64, &arguments->search.first, "Number of the first schedule, from 0 (the natural one)", "N" },
    { "faults", 0, 0, G_OPTION_ARG_NONE, &arguments->wants_faults, "Let each thing that can fail do so once, and tell what comes of it",
      NULL },
    { "fault-pairs", 0, 0, G_OPTION_ARG_NONE, &arguments->wants_fault_pairs, "The same, then let every two of them fail", NULL },
    { "what-can-vary", 0, 0, G_OPTION_ARG_NONE, &arguments->wants_variation,
      "List the choices of the natural schedule: their kinds, places and numbers", NULL },
    { "jobs", 'j', 0, G_OPTION_ARG_INT, &arguments->jobs, "How many scenarios run at a time (default: one a processor)", "N" },
    { "timeout", 0, 0, G_OPTION_ARG_INT, &arguments->timeout_s, "End a scenario after this host time (default 300, 0: never)", "SECONDS" },
    { "junit", 0, 0, G_OPTION_ARG_FILENAME, &arguments->junit, "Also write the results as JUnit XML (\"-\": to standard output)", "FILE" },
    { "json", 0, 0, G_OPTION_ARG_NONE, &arguments->wants_json, "Print one JSON document, with every report, instead of lines", NULL },
    { "shrink", 0, 0, G_OPTION_ARG_NONE, &arguments->shrinks, "Make the schedule that is reported minimal first", NULL },
    { "coverage", 0, 0, G_OPTION_ARG_NONE, &arguments->wants_coverage,
      "Tell at the end what the schedules exercised: routines that met or never did, lock orders, choices", NULL },
    { "lcov", 0, 0, G_OPTION_ARG_FILENAME, &arguments->lcov, "Write the lines of C drivers as a trace file of lcov (implies --coverage)",
      "FILE" },
    { "color", 0, 0, G_OPTION_ARG_STRING, &arguments->color, "auto (default), always or never", "WHEN" },
    { "no-sandbox", 0, 0, G_OPTION_ARG_NONE, &arguments->no_sandbox, "Do not restrict the system calls of workers whose drivers are steps",
      NULL },
    { 0 },
  };
  return cli_options("run", "[FILE or FOLDER or NAME ...]", summary, description, entries, argc, argv);
}

/* False, after an error was printed. */
static bool options_fill(RunArguments *arguments, WorkerOptions *options, ReportColorMode *mode) {
  bool is_right = cli_color_mode(arguments->color, mode);
  if (is_right && (arguments->jobs < 1 || arguments->jobs > 1024))
    is_right = cli_error("run: --jobs takes a number from 1 to 1024, not %d", arguments->jobs) == 0;
  if (is_right && (arguments->schedules < 0 || arguments->timeout_s < 0))
    is_right = cli_error("run: --schedules and --timeout take no negative number") == 0;
  if (is_right)
    is_right = cli_search_check(&arguments->search, "run");
  if (is_right && arguments->wants_json && g_strcmp0(arguments->junit, "-") == 0)
    is_right = cli_error("run: --json and --junit - both write to standard output") == 0;
  if (is_right && arguments->junit != NULL)
    is_right = file_prepare("--junit", arguments->junit) == 0;
  if (is_right && arguments->lcov != NULL && strcmp(arguments->lcov, "-") != 0)
    is_right = file_prepare("--lcov", arguments->lcov) == 0;
  options->wants_coverage = arguments->wants_coverage || arguments->lcov != NULL;
  options->wants_lines = arguments->lcov != NULL;
  arguments->search.draws = arguments->schedules > 1;
  options->search = &arguments->search;
  options->schedules = (uint64_t)arguments->schedules;
  options->timeout_s = (unsigned)arguments->timeout_s;
  options->has_sandbox = !arguments->no_sandbox;
  options->shrinks = arguments->shrinks;
  options->wants_report = arguments->is_verbose || arguments->wants_json;
  return is_right;
}

static int run(const RunArguments *arguments, WorkerOptions *options, ReportColorMode mode, char **paths) {
  g_autoptr(GPtrArray) scenarios = cli_scenarios(paths);
  bool is_json = arguments->wants_json, is_silent = is_json || g_strcmp0(arguments->junit, "-") == 0;
  RunCommand command = {
    .is_verbose = arguments->is_verbose, .is_quiet = arguments->is_quiet, .is_silent = is_silent, .is_single = scenarios->len == 1
  };
  if (scenarios->len == 0)
    return cli_error("run: there is no scenario (*.json) in the library at %s", config_library_folder());
  command.style = report_style_of(STDOUT_FILENO, is_silent ? REPORT_COLOR_NEVER : mode);
  command.columns = result_columns_of(scenarios, isatty(STDOUT_FILENO) ? command.style.width : 0);
  command.progress.is_shown = explore_can_rewrite(STDERR_FILENO) && isatty(STDOUT_FILENO) && !is_silent;
  command.coverage = options->wants_coverage ? json_object_new_object() : NULL;
  command.outcomes = g_ptr_array_new_with_free_func((GDestroyNotify)outcome_free);
  options->style = command.style;
  options->wants_causes = options->wants_report || command.is_single;
  options->jobs = MIN((unsigned)arguments->jobs, scenarios->len);
  signals_catch();
  workers_run(scenarios, options, &is_interrupted, told, idle, &command);
  progress_erase(&command.progress);
  int exit_code = is_interrupted ? EXIT_INTERRUPTED : command.exit_code;
  int written = arguments->junit != NULL ? junit_write(&command, arguments->junit) : EXIT_AS_EXPECTED;
  exit_code = MAX(exit_code, written);
  if (is_json)
    json_print(&command, scenarios->len, exit_code);
  else if (!command.is_silent)
    summary_print(&command, scenarios->len);
  if (command.coverage != NULL && !command.is_silent)
    coverage_show(&command);
  if (arguments->lcov != NULL) {
    g_autofree char *lcov = coverage_lcov(command.coverage);
    int lcov_code = file_write("--lcov", arguments->lcov, lcov);
    exit_code = MAX(exit_code, lcov_code);
  }
  json_object_put(command.coverage);
  g_ptr_array_unref(command.outcomes);
  return exit_code;
}

static bool wants_look(const RunArguments *arguments) {
  return arguments->wants_faults || arguments->wants_fault_pairs || arguments->wants_variation;
}

/* Instead of running what the scenarios ask for. */
static int look(const RunArguments *arguments, const WorkerOptions *options, ReportColorMode mode, char **paths) {
  bool is_about_faults = arguments->wants_faults || arguments->wants_fault_pairs;
  CliLook look = { .fault_depth = arguments->wants_fault_pairs ? 2 : 1,
                   .wants_json = arguments->wants_json,
                   .schedules = options->schedules,
                   .varies = arguments->search.varies,
                   .style = report_style_of(STDOUT_FILENO, arguments->wants_json ? REPORT_COLOR_NEVER : mode) };
  if (is_about_faults && arguments->wants_variation)
    return cli_error("run: --faults and --what-can-vary are two different questions");
  if (arguments->junit != NULL)
    return cli_error("run: --junit is for results, not for --faults and --what-can-vary");
  g_autoptr(GPtrArray) scenarios = cli_scenarios(paths);
  return cli_look(scenarios, &look, is_about_faults ? cli_faults_look : cli_vary_look);
}

int cli_run(int argc, char **argv) {
  RunArguments arguments = { .jobs = (gint)g_get_num_processors(), .timeout_s = 300, .search = CLI_SEARCH_INIT };
  ReportColorMode mode = REPORT_COLOR_AUTO;
  WorkerOptions options = { 0 };
  int exit_code = EXIT_BAD_INPUT;
  if (arguments_parse(&arguments, &argc, &argv) && options_fill(&arguments, &options, &mode))
    exit_code = wants_look(&arguments) ? look(&arguments, &options, mode, argv + 1) : run(&arguments, &options, mode, argv + 1);
  cli_search_finish(&arguments.search);
  g_free(arguments.junit);
  g_free(arguments.lcov);
  g_free(arguments.color);
  return exit_code;
}
