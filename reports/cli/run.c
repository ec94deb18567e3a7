/* irqlab run: scenarios, each in a worker, results as they come. */
#include "../junit.h"
#include "worker.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

typedef struct RunCommand {
  bool is_verbose;
  bool is_quiet;
  bool wants_json;
  bool is_single;
  bool has_progress;
  ReportStyle style;
  unsigned name_width;
  GPtrArray *outcomes;
  unsigned counts[4];
  int exit_code;
} RunCommand;

static volatile bool is_interrupted;

static void interrupt(int signal_number) {
  (void)signal_number;
  is_interrupted = true;
}

/* ---- printing ---- */

static void progress_erase(const RunCommand *command) {
  if (command->has_progress)
    fputs("\r\033[K", stderr);
}

static void progress_show(guint done, guint total, void *data) {
  const RunCommand *command = data;
  if (command->has_progress && done < total)
    fprintf(stderr, "\r\033[K  %u of %u", done, total);
}

static void headline_print(const RunCommand *command, const Outcome *outcome) {
  g_autoptr(GString) line = g_string_new(NULL);
  bool is_ok = outcome->status == OUTCOME_AS_EXPECTED;
  report_put(line, &command->style, is_ok ? REPORT_GREEN : REPORT_RED, is_ok ? "  ok   " : "  NOT  ");
  report_pad(line, outcome->name, command->name_width);
  g_string_append_c(line, ' ');
  if (outcome->status == OUTCOME_BAD_INPUT || outcome->status == OUTCOME_CRASHED) {
    g_string_append_printf(line, " %s", outcome->why);
  } else if (is_ok) {
    g_autofree char *schedules = outcome_schedules(outcome);
    report_pad(line, outcome->result, 52);
    g_string_append_printf(line, " as expected   %16s %8.0f ms", schedules, outcome->host_ms);
  } else {
    g_string_append_printf(line, " %s", outcome->why);
  }
  puts(line->str);
}

static void details_print(const RunCommand *command, const Outcome *outcome) {
  for (guint i = 0; i < outcome->notes->len; i++)
    printf("       %s\n", (const char *)g_ptr_array_index(outcome->notes, i));
  if (outcome->status == OUTCOME_NOT) {
    const OutcomeBucket *bucket = outcome->buckets->len > 0 ? g_ptr_array_index(outcome->buckets, outcome->buckets->len - 1) : NULL;
    bool has_exceptions = bucket != NULL && strchr(bucket->schedule + strlen("v1:"), ':') != NULL;
    printf("       %s:%u   irqlab trace %s%s%s\n", outcome->file, outcome->line, outcome->file, has_exceptions ? " " : "",
           has_exceptions ? bucket->schedule : "");
  }
  bool wants_table = outcome->buckets->len > 1 && (command->is_verbose || command->is_single);
  for (guint i = 0; wants_table && i < outcome->buckets->len; i++) {
    const OutcomeBucket *bucket = g_ptr_array_index(outcome->buckets, i);
    printf("       %10" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT "  %s\n", bucket->count, outcome->schedules, bucket->name);
  }
  bool wants_report = outcome->report != NULL && (command->is_verbose || (command->is_single && outcome->status != OUTCOME_AS_EXPECTED));
  if (wants_report)
    printf("\n%s\n", outcome->report);
}

static void told(Outcome *outcome, void *data) {
  RunCommand *command = data;
  command->counts[outcome->status]++;
  command->exit_code = MAX(command->exit_code, outcome_exit_code(outcome->status));
  progress_erase(command);
  if (!command->wants_json && !(command->is_quiet && outcome->status == OUTCOME_AS_EXPECTED)) {
    headline_print(command, outcome);
    details_print(command, outcome);
    fflush(stdout);
  }
  g_ptr_array_add(command->outcomes, outcome);
}

static void summary_print(const RunCommand *command, guint total) {
  unsigned expected = command->counts[OUTCOME_AS_EXPECTED];
  guint done = command->outcomes->len;
  printf("  %u scenario%s: %u as expected, %u not", done, done == 1 ? "" : "s", expected, done - expected);
  if (done < total)
    printf("; interrupted, %u not run", total - done);
  putchar('\n');
}

static void json_print(const RunCommand *command) {
  json_object *json = json_object_new_object();
  json_object *list = json_object_new_array();
  for (guint i = 0; i < command->outcomes->len; i++)
    json_object_array_add(list, outcome_to_json(g_ptr_array_index(command->outcomes, i)));
  json_object_object_add(json, "irqlab", json_object_new_string(IRQLAB_VERSION));
  json_object_object_add(json, "scenarios", list);
  json_object_object_add(json, "exit_code", json_object_new_int(command->exit_code));
  puts(json_object_to_json_string_ext(json, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_NOSLASHESCAPE));
  json_object_put(json);
}

/* ---- the command ---- */

static unsigned width_of(const GPtrArray *names) {
  unsigned width = 24;
  for (guint i = 0; i < names->len; i++)
    width = MAX(width, report_columns(g_ptr_array_index(names, i)));
  return MIN(width, 52);
}

static int junit_write(const RunCommand *command, const char *file) {
  g_autoptr(GError) error = NULL;
  g_autofree char *text = junit_print(command->outcomes);
  if (strcmp(file, "-") == 0) {
    fputs(text, stdout);
    return 0;
  }
  return g_file_set_contents(file, text, -1, &error) ? 0 : cli_error("%s", error->message);
}

static void signals_catch(void) {
  struct sigaction action = { .sa_handler = interrupt };
  sigaction(SIGINT, &action, NULL);
  sigaction(SIGTERM, &action, NULL);
}

static const char summary[] =
    "Runs scenario files and says for each whether it came out as it expects. Folders are searched for *.json. Without\n"
    "arguments the whole library is run.";
static const char description[] =
    "Each scenario runs in a process of its own. Exit code: 0 all as expected, 1 not as expected, 2 bad input; the highest wins.\n\n"
    "Examples:\n"
    "  irqlab run scenarios/seeds                        a folder\n"
    "  irqlab run -v osr-291980/dpc-classify             one of the library, with its report\n"
    "  irqlab run --schedules 100000 --seed 7 mine.json  more schedules than the file asks for\n"
    "  irqlab run --junit results.xml scenarios          for CI\n";

int cli_run(int argc, char **argv) {
  gboolean is_verbose = FALSE, is_quiet = FALSE, wants_json = FALSE, no_sandbox = FALSE;
  gint jobs = (gint)g_get_num_processors(), timeout_s = 300;
  gint64 schedules = 0;
  g_autofree char *junit = NULL, *color = NULL, *seed = NULL;
  const GOptionEntry entries[] = {
    { "verbose", 'v', 0, G_OPTION_ARG_NONE, &is_verbose, "Print the report of every scenario, also of those as expected", NULL },
    { "quiet", 'q', 0, G_OPTION_ARG_NONE, &is_quiet, "Print only what is not as expected, and the summary", NULL },
    { "schedules", 0, 0, G_OPTION_ARG_INT64, &schedules,
      "How many schedules of a random policy are run, instead of the scenario's own number", "N" },
    { "seed", 0, 0, G_OPTION_ARG_STRING, &seed, "First seed of a random policy, instead of the scenario's own", "N" },
    { "jobs", 'j', 0, G_OPTION_ARG_INT, &jobs, "How many scenarios run at a time (default: as many as there are processors)", "N" },
    { "timeout", 0, 0, G_OPTION_ARG_INT, &timeout_s, "End a scenario after this host time (default 300, 0: never)", "SECONDS" },
    { "junit", 0, 0, G_OPTION_ARG_FILENAME, &junit, "Also write the results as JUnit XML", "FILE" },
    { "json", 0, 0, G_OPTION_ARG_NONE, &wants_json, "Print one JSON document instead of lines", NULL },
    { "color", 0, 0, G_OPTION_ARG_STRING, &color, "auto (default), always or never", "WHEN" },
    { "no-sandbox", 0, 0, G_OPTION_ARG_NONE, &no_sandbox, "Do not restrict the system calls of workers whose drivers are steps", NULL },
    { 0 },
  };
  ReportColorMode mode = REPORT_COLOR_AUTO;
  WorkerOptions options = { 0 };
  if (!cli_options("run", "[FILE or FOLDER or NAME ...]", summary, description, entries, &argc, &argv) || !cli_color_mode(color, &mode))
    return EXIT_BAD_INPUT;
  if (jobs < 1 || jobs > 1024)
    return cli_error("--jobs takes a number from 1 to 1024, not %d", jobs);
  if (schedules < 0 || timeout_s < 0)
    return cli_error("--schedules and --timeout take no negative numbers");
  if (seed != NULL && !g_ascii_string_to_unsigned(seed, 10, 0, G_MAXUINT64, &options.seed, NULL))
    return cli_error("--seed takes a number from 0 to 18446744073709551615, not \"%s\"", seed);
  g_autoptr(GPtrArray) files = g_ptr_array_new_with_free_func(g_free), names = g_ptr_array_new_with_free_func(g_free);
  g_autoptr(GError) error = NULL;
  if (!cli_scenario_files(argv + 1, files, names, &error))
    return cli_error("%s", error->message);
  if (files->len == 0)
    return cli_error("there is no scenario (*.json) in what was given");
  RunCommand command = { .is_verbose = is_verbose, .is_quiet = is_quiet, .wants_json = wants_json, .is_single = files->len == 1 };
  command.style = report_style_of(STDOUT_FILENO, wants_json ? REPORT_COLOR_NEVER : mode);
  command.has_progress = isatty(STDERR_FILENO) && isatty(STDOUT_FILENO) && files->len > 1;
  command.name_width = width_of(names);
  command.outcomes = g_ptr_array_new_with_free_func((GDestroyNotify)outcome_free);
  options.has_seed = seed != NULL;
  options.schedules = (uint64_t)schedules;
  options.wants_report = is_verbose || wants_json;
  options.style = command.style;
  options.timeout_s = (unsigned)timeout_s;
  options.jobs = MIN((unsigned)jobs, files->len);
  options.has_sandbox = !no_sandbox;
  signals_catch();
  workers_run(files, names, &options, &is_interrupted, told, progress_show, &command);
  progress_erase(&command);
  if (wants_json)
    json_print(&command);
  else
    summary_print(&command, files->len);
  int exit_code = is_interrupted ? EXIT_INTERRUPTED : command.exit_code;
  if (junit != NULL)
    exit_code = MAX(exit_code, junit_write(&command, junit));
  g_ptr_array_unref(command.outcomes);
  return exit_code;
}
