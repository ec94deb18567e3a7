/* irqlab explore: many schedules, until a budget is used up. */
#include "explore.h"
#include "explore_line.h"

#include "../campaign/join.h"
#include "../campaign/summary.h"
#include "../shell.h"
#include "search_options.h"

#include "config.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define FOUND_LINE_MAX 160 /* of a schedule that is told at once */
#define PROGRESS_PERIOD_US (G_USEC_PER_SEC / 4)
#define SECONDS_DEFAULT 60
#define SCHEDULES_NOT_GIVEN G_MININT64

static volatile bool is_interrupted;

static void interrupt(int signal_number) {
  (void)signal_number;
  is_interrupted = true;
}

typedef struct ExploreArguments {
  CliSearch search;
  gint64 schedules; /* 0: no limit */
  gboolean until_saturated, until_found, wants_json, no_sandbox, is_quiet, wants_coverage, no_shrink;
  gint jobs;
  char *time, *shard, *out, *report, *color;
  double seconds;
  uint64_t shard_number, shard_count;
} ExploreArguments;

typedef struct ExploreCommand {
  const ExploreArguments *arguments;
  ReportStyle style;
  SimSearchOptions search; /* of the scenario that runs */
  bool has_progress, is_progress_there;
  gint64 shown_us;
  uint64_t shown_count;
  double shown_s, rate;
  GPtrArray *told; /* texts of failures told so far */
  const char *name;
  double budget_s; /* of the scenario that runs; 0: none */
  uint64_t budget; /* schedules; 0: none */
} ExploreCommand;

/* ---- as it goes ---- */

static void progress_clear(ExploreCommand *command) {
  if (command->is_progress_there)
    fputs("\r\033[K", stderr);
  command->is_progress_there = false;
}

/* The same failure is told twice where it is expected once and another time not. */
static bool is_told(ExploreCommand *command, const char *text, bool is_wrong) {
  g_autofree char *key = g_strdup_printf("%d %s", is_wrong, text);
  for (guint i = 0; i < command->told->len; i++)
    if (strcmp(g_ptr_array_index(command->told, i), key) == 0)
      return true;
  g_ptr_array_add(command->told, g_steal_pointer(&key));
  return false;
}

/* Of a search that goes through a tree in parts, numbers say nothing to a person. */
static char *when_words(const CampaignOutcome *outcome, const Campaign *campaign, double seconds) {
  return campaign_is_systematic(campaign) ? g_strdup_printf("%7.1f s", seconds)
                                          : g_strdup_printf("%7.1f s  schedule %" G_GUINT64_FORMAT, seconds, outcome->first);
}

/* What is new of this outcome, and how to see it. */
static void news_print(ExploreCommand *command, const CampaignOutcome *outcome, const Campaign *campaign, double seconds, const char *news,
                       bool is_wrong) {
  const char *why = is_wrong ? outcome->why : NULL;
  CampaignFailure failure = { news, why, 1, outcome->first, outcome->schedule };
  g_autofree char *when = when_words(outcome, campaign, seconds), *again = campaign_replay_words(campaign, &failure, NULL, "");
  g_autoptr(GString) out = g_string_new(NULL);
  progress_clear(command);
  report_put(out, &command->style, is_wrong ? REPORT_RED : REPORT_YELLOW, "  found ");
  g_string_append_printf(out, " %s  %s\n", when, news);
  if (why != NULL)
    g_string_append_printf(out, "%20s%s\n", "", why);
  if (why != NULL && strlen(outcome->schedule) <= FOUND_LINE_MAX && *again != '\0')
    g_string_append_printf(out, "%20s%s\n", "", again);
  fputs(out->str, stdout);
  fflush(stdout);
}

static void found(const CampaignOutcome *outcome, const Campaign *campaign, double seconds, void *data) {
  ExploreCommand *command = data;
  g_autoptr(GString) news = g_string_new(NULL);
  bool is_wrong = false;
  for (char **failure = outcome->failures; *failure != NULL; failure++) {
    bool is_one_wrong = campaign_failure_why(outcome, *failure) != NULL;
    if (is_told(command, *failure, is_one_wrong))
      continue;
    is_wrong |= is_one_wrong;
    g_string_append_printf(news, "%s%s", news->len > 0 ? "; " : "", *failure);
  }
  if (news->len > 0 && !command->arguments->wants_json && !command->arguments->is_quiet)
    news_print(command, outcome, campaign, seconds, news->str, is_wrong);
}

static void levelled(const CampaignLevel *level, double seconds, void *data) {
  ExploreCommand *command = data;
  if (level->preemptions == SIM_SEARCH_UNBOUNDED || command->arguments->wants_json || command->arguments->is_quiet)
    return;
  progress_clear(command);
  g_autofree char *words = campaign_level_words(level, &command->search), *next = campaign_level_next_words(level);
  printf("  done   %7.1f s  %s%s\n", seconds, words, next);
  fflush(stdout);
}

/* What is left of the budget, in seconds at this rate; negative: nobody knows. */
static double left_s(const ExploreCommand *command, uint64_t count, double seconds) {
  double left = command->budget_s > 0 ? MAX(command->budget_s - seconds, 0) : -1;
  if (command->budget > count && command->rate > 0) {
    double by_count = (double)(command->budget - count) / command->rate;
    left = left < 0 ? by_count : MIN(left, by_count);
  }
  return left;
}

static void progress(const Campaign *campaign, uint64_t pending, double seconds, void *data) {
  ExploreCommand *command = data;
  gint64 now_us = g_get_monotonic_time();
  if (!command->has_progress || now_us - command->shown_us < PROGRESS_PERIOD_US)
    return;
  uint64_t count = campaign->schedule_count + pending;
  if (command->shown_us != 0 && seconds > command->shown_s && count >= command->shown_count)
    command->rate = 0.5 * command->rate + 0.5 * (double)(count - command->shown_count) / (seconds - command->shown_s);
  command->shown_us = now_us;
  command->shown_s = seconds;
  command->shown_count = count;
  g_autofree char *rate_text = outcome_number((uint64_t)command->rate);
  g_autoptr(GArray) failures = campaign_failures(campaign);
  guint finding_count = 0;
  for (guint i = 0; i < failures->len; i++)
    finding_count += strcmp(g_array_index(failures, CampaignFailure, i).text, "clean") != 0;
  double left = left_s(command, count, seconds);
  g_autofree char *left_text = left < 0 ? NULL : g_strdup_printf("%d:%02d left", (int)left / 60, (int)left % 60);
  double unseen = 100 * behaviours_unseen(&campaign->behaviours, campaign->schedule_count);
  g_autofree char *unseen_text = campaign_is_systematic(campaign) ? NULL : g_strdup_printf("unseen %.3g %%", unseen);
  g_autofree char *schedules = outcome_count(count, "schedule"), *rate = g_strdup_printf("%s/s", rate_text);
  g_autofree char *behaviours = outcome_count(behaviours_distinct(&campaign->behaviours), "behaviour");
  g_autofree char *found = outcome_count(finding_count, "failure");
  const ExplorePart parts[] = { { command->name, 4 }, { schedules, 0 },   { rate, 2 },     { behaviours, 5 },
                                { found, 0 },         { unseen_text, 3 }, { left_text, 1 } };
  g_autofree char *line = explore_line(parts, G_N_ELEMENTS(parts), explore_columns(STDERR_FILENO) - 1);
  fprintf(stderr, "\r\033[K%s", line);
  command->is_progress_there = true;
}

/* ---- one scenario ---- */

/* The policy of a scenario is for run. Here what draws gives way to the best that does; what searches all there are, or replays, does not. */
static void policy_default(const ExploreArguments *arguments, SimSearchOptions *search) {
  if (arguments->search.policy == NULL && !search->policy->is_systematic && search->policy != &sim_policy_replay)
    search->policy = &sim_policy_portfolio;
}

static char *search_fill(const ExploreArguments *arguments, const char *file, SimSearchOptions *search) {
  g_autoptr(GError) error = NULL;
  g_autoptr(Scenario) scenario = scenario_load(file, &error);
  if (scenario == NULL)
    return g_strdup(error->message);
  ScenarioPolicy own = scenario->policy;
  policy_default(arguments, &own.search);
  char *wrong = cli_search_apply(&arguments->search, &own, search);
  if (wrong == NULL && search->policy->is_systematic && arguments->shard_count > campaign_tree_part_count(search->policy))
    return g_strdup_printf("--shard: what %s searches cannot be cut in more shards than %u", search->policy->name,
                           campaign_tree_part_count(search->policy));
  return wrong;
}

static int result_exit_code(const ExploreResult *result, bool is_whole) {
  if (result->error != NULL)
    return result->exit_code;
  g_autofree char *never = is_whole ? campaign_never_happened(result->campaign) : NULL;
  return never != NULL || !campaign_is_as_expected(result->campaign) ? EXIT_NOT_AS_EXPECTED : EXIT_AS_EXPECTED;
}

static void result_print(ExploreCommand *command, const CliScenario *scenario, const ExploreResult *result, json_object *list) {
  bool is_whole = result->is_begun && result->campaign->header.shard_count == 1 && !is_interrupted && result->error == NULL;
  CampaignSummary summary = { .seconds = result->seconds,
                              .before = result->schedule_count_before,
                              .stopped = result->stopped,
                              .is_whole = is_whole,
                              .folder = command->arguments->out };
  progress_clear(command);
  if (list != NULL) {
    json_object *json = result->is_begun ? campaign_summary_json(result->campaign, &summary) : json_object_new_object();
    json_object_object_add(json, "file", json_object_new_string(scenario->file));
    json_object_object_add(json, "jobs", json_object_new_int64(result->jobs));
    json_object_object_add(json, "error", result->error != NULL ? json_object_new_string(result->error) : NULL);
    json_object *notes = json_object_new_array();
    for (guint i = 0; i < result->notes->len; i++)
      json_object_array_add(notes, json_object_new_string(g_ptr_array_index(result->notes, i)));
    json_object_object_add(json, "notes", notes);
    json_object_array_add(list, json);
    return;
  }
  g_autoptr(GString) out = g_string_new(NULL);
  if (result->is_begun)
    campaign_summary_print(out, &command->style, result->campaign, &summary);
  for (guint i = 0; i < result->notes->len; i++)
    g_string_append_printf(out, "       %s\n", (const char *)g_ptr_array_index(result->notes, i));
  g_autofree char *folder = command->arguments->out != NULL ? shell_word(command->arguments->out) : NULL;
  if (is_interrupted && folder != NULL && result->is_begun && result->error == NULL)
    g_string_append_printf(out, "       all of it is kept: irqlab explore --out %s goes on\n", folder);
  fputs(out->str, stdout);
  fflush(stdout);
  if (result->error != NULL)
    cli_error("%s", result->error);
}

/* `held`: as a folder holds it; NULL: as the command line says. */
static int scenario_explore_one(ExploreCommand *command, const CliScenario *scenario, const ExploreHeld *held, double seconds,
                                json_object *list) {
  const ExploreArguments *arguments = command->arguments;
  ExploreTask task = { .scenario = scenario,
                       .schedules = (uint64_t)arguments->schedules,
                       .seconds = seconds,
                       .until_saturated = arguments->until_saturated,
                       .until_found = arguments->until_found,
                       .jobs = (unsigned)arguments->jobs,
                       .shard = held != NULL ? held->shard : arguments->shard_number,
                       .shard_count = held != NULL ? held->shard_count : arguments->shard_count,
                       .folder = arguments->out,
                       .has_sandbox = !arguments->no_sandbox,
                       .wants_shrunk = !arguments->no_shrink,
                       .has_coverage = arguments->wants_coverage,
                       .is_interrupted = &is_interrupted,
                       .found = found,
                       .levelled = levelled,
                       .progress = progress,
                       .data = command };
  g_autofree char *wrong = g_strdup(scenario->error);
  if (held != NULL)
    task.search = held->search;
  else if (wrong == NULL)
    wrong = search_fill(arguments, scenario->file, &task.search);
  if (wrong != NULL) {
    progress_clear(command);
    return cli_error("%s", wrong);
  }
  ExploreResult result;
  command->name = scenario->name;
  command->search = task.search;
  command->budget_s = seconds;
  command->budget = task.schedules;
  command->shown_us = 0;
  command->rate = 0;
  g_ptr_array_set_size(command->told, 0);
  explore_run(&task, &result);
  bool is_whole = task.shard_count == 1 && !is_interrupted;
  int exit_code = result_exit_code(&result, is_whole);
  result_print(command, scenario, &result, list);
  explore_result_finish(&result);
  return exit_code;
}

/* ---- all of them ---- */

static void json_end(json_object *list, int exit_code) {
  json_object *json = json_object_new_object();
  json_object_object_add(json, "irqlab", json_object_new_string(IRQLAB_VERSION));
  json_object_object_add(json, "scenarios", list);
  json_object_object_add(json, "exit_code", json_object_new_int(exit_code));
  puts(json_object_to_json_string_ext(json, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_NOSLASHESCAPE));
  json_object_put(json);
}

static int explore(const ExploreArguments *arguments, ReportColorMode mode, char **paths) {
  g_autoptr(GError) error = NULL;
  bool goes_on = *paths == NULL; /* with what the folder holds */
  g_autoptr(GPtrArray) scenarios = goes_on ? explore_held(arguments->out, &error) : cli_scenarios(paths);
  if (scenarios == NULL)
    return cli_error("%s", error->message);
  ExploreCommand command = { .arguments = arguments, .told = g_ptr_array_new_with_free_func(g_free) };
  json_object *list = arguments->wants_json ? json_object_new_array() : NULL;
  int exit_code = EXIT_AS_EXPECTED;
  struct sigaction action = { .sa_handler = interrupt };
  sigaction(SIGINT, &action, NULL);
  sigaction(SIGTERM, &action, NULL);
  sigaction(SIGHUP, &action, NULL);
  signal(SIGPIPE, SIG_IGN); /* a worker may die while it is spoken to */
  command.style = report_style_of(STDOUT_FILENO, list != NULL ? REPORT_COLOR_NEVER : mode);
  command.has_progress = explore_can_rewrite(STDERR_FILENO) && list == NULL && !arguments->is_quiet;
  gint64 begin_us = g_get_monotonic_time();
  for (guint i = 0; i < scenarios->len && !is_interrupted; i++) {
    double used = (double)(g_get_monotonic_time() - begin_us) / 1e6;
    double seconds = arguments->seconds > 0 ? MAX((arguments->seconds - used) / (scenarios->len - i), 0.001) : 0;
    const ExploreHeld *held = goes_on ? g_ptr_array_index(scenarios, i) : NULL;
    int one = scenario_explore_one(&command, held != NULL ? &held->scenario : g_ptr_array_index(scenarios, i), held, seconds, list);
    exit_code = MAX(exit_code, one);
  }
  exit_code = is_interrupted ? EXIT_INTERRUPTED : exit_code;
  if (list != NULL)
    json_end(list, exit_code);
  g_ptr_array_unref(command.told);
  return exit_code;
}

/* ---- what a folder holds ---- */

static int report(const ExploreArguments *arguments, ReportColorMode mode) {
  g_autoptr(GError) error = NULL;
  g_autoptr(GPtrArray) joins = g_ptr_array_new_with_free_func((GDestroyNotify)campaign_join_free);
  g_autoptr(GPtrArray) notes = g_ptr_array_new_with_free_func(g_free);
  if (!campaign_folder_join(arguments->report, joins, notes, &error) || !campaign_joins_check(joins, arguments->report, &error))
    return cli_error("%s", error->message);
  ReportStyle style = report_style_of(STDOUT_FILENO, mode);
  json_object *list = arguments->wants_json ? json_object_new_array() : NULL;
  int exit_code = EXIT_AS_EXPECTED;
  for (guint i = 0; i < joins->len; i++) {
    const CampaignJoin *join = g_ptr_array_index(joins, i);
    guint before = notes->len;
    campaign_join_notes(join, notes);
    CampaignSummary summary = { .is_whole = notes->len == before, .folder = arguments->report };
    g_autofree char *never = summary.is_whole ? campaign_never_happened(join->campaign) : NULL;
    if (never != NULL || !campaign_is_as_expected(join->campaign))
      exit_code = EXIT_NOT_AS_EXPECTED;
    g_autoptr(GString) out = g_string_new(NULL);
    if (list != NULL)
      json_object_array_add(list, campaign_summary_json(join->campaign, &summary));
    else
      campaign_summary_print(out, &style, join->campaign, &summary);
    fputs(out->str, stdout);
  }
  for (guint i = 0; i < notes->len; i++)
    fprintf(list != NULL ? stderr : stdout, "%s%s\n", list != NULL ? "irqlab: " : "       ", (const char *)g_ptr_array_index(notes, i));
  if (list != NULL)
    json_end(list, exit_code);
  return exit_code;
}

/* ---- the command ---- */

static const char summary[] =
    "Searches the schedules of scenarios for failures until a budget is used up: --schedules, --for, --until-saturated, whichever comes\n"
    "first (without any: one minute). Schedules are drawn by the policy portfolio, unless the scenario names a systematic one "
    "(exhaustive,\n"
    "dpor, faults) or --policy another. Failures are told as they come and each is counted once: a bug check or a rule's finding, in "
    "these\n"
    "functions of the driver, on these kinds of objects; a data race, between these two places.";
static const char description[] =
    "Schedules have numbers, and what a number is depends on scenario, policy and seed alone: not on --jobs, --shard or how often the\n"
    "search was stopped. With --out each schedule that was run is kept in FOLDER, whatever kills irqlab; the same command goes on from\n"
    "there. irqlab merge joins folders. A time of --for is a number with s, m, h or d behind it; for several scenarios it is shared.\n\n"
    "Examples:\n"
    "  irqlab explore --for 10m mine.json\n"
    "  irqlab explore --schedules 1000000 --jobs 8 --out found mine.json     and again, after a power cut\n"
    "  irqlab explore --for 8h --out found                                   what the folder holds, further\n"
    "  irqlab explore --schedules 1000000 --shard 3/16 --out found mine.json one of 16 machines\n"
    "  irqlab explore --policy exhaustive --for 10m mine.json                with 0 preemptions, then 1, ...: proves as it goes\n"
    "  irqlab explore --policy exhaustive --preemptions 2 mine.json          all there are within the bound\n"
    "  irqlab explore --report found                                         what the folder holds\n\n"
    "Exit codes, the highest wins: 0 all as expected; 1 a schedule is not as the scenario expects, or irqlab itself crashed; 2 bad\n"
    "input; 3 cannot be set up, or the folder cannot be written; 130 interrupted (with --out all is kept).\n";

static bool arguments_parse(ExploreArguments *arguments, int *argc, char ***argv) {
  const GOptionEntry entries[] = {
    { "schedules", 0, 0, G_OPTION_ARG_INT64, &arguments->schedules, "Run the schedules below this number: of all shards together", "N" },
    { "for", 0, 0, G_OPTION_ARG_STRING, &arguments->time, "Search so long, such as 90s, 10m or 8h", "TIME" },
    { "until-saturated", 0, 0, G_OPTION_ARG_NONE, &arguments->until_saturated,
      "Search until about one schedule in a thousand still goes a new way", NULL },
    { "until-found", 0, 0, G_OPTION_ARG_NONE, &arguments->until_found, "Search until a schedule is not as expected", NULL },
    CLI_SEARCH_ENTRIES(&arguments->search),
    CLI_SEARCH_RACES_OR_NOT(&arguments->search),
    { "jobs", 'j', 0, G_OPTION_ARG_INT, &arguments->jobs, "How many worker processes (default: one a processor)", "N" },
    { "shard", 0, 0, G_OPTION_ARG_STRING, &arguments->shard, "Run only part I of N parts, which never repeat each other's work", "I/N" },
    { "out", 'o', 0, G_OPTION_ARG_FILENAME, &arguments->out, "Keep what is done in a folder, and go on with what it holds", "FOLDER" },
    { "report", 0, 0, G_OPTION_ARG_FILENAME, &arguments->report, "Run nothing: tell what a folder holds", "FOLDER" },
    { "coverage", 0, 0, G_OPTION_ARG_NONE, &arguments->wants_coverage,
      "Tell also what the schedules exercised: routines that met or never did, lock orders, choices", NULL },
    { "no-shrink", 0, 0, G_OPTION_ARG_NONE, &arguments->no_shrink, "Do not make failing schedules minimal in the end", NULL },
    { "quiet", 'q', 0, G_OPTION_ARG_NONE, &arguments->is_quiet, "Tell nothing before the end", NULL },
    { "json", 0, 0, G_OPTION_ARG_NONE, &arguments->wants_json, "Print one JSON document, with every line to replay, instead of lines",
      NULL },
    { "color", 0, 0, G_OPTION_ARG_STRING, &arguments->color, "auto (default), always or never", "WHEN" },
    { "no-sandbox", 0, 0, G_OPTION_ARG_NONE, &arguments->no_sandbox, "Do not restrict the system calls of workers whose drivers are steps",
      NULL },
    { 0 },
  };
  return cli_options("explore", "[FILE or FOLDER or NAME ...]", summary, description, entries, argc, argv);
}

static bool time_parse(const char *text, double *seconds) {
  char *end;
  double number = g_ascii_strtod(text, &end);
  double unit = strcmp(end, "s") == 0 ? 1 : strcmp(end, "m") == 0 ? 60 : strcmp(end, "h") == 0 ? 3600 : strcmp(end, "d") == 0 ? 86400 : 0;
  *seconds = number * unit;
  return end != text && *seconds > 0 && *seconds < 1e9;
}

static bool shard_parse(const char *text, uint64_t *shard, uint64_t *count) {
  char *end;
  if (!g_ascii_isdigit(*text))
    return false;
  *shard = g_ascii_strtoull(text, &end, 10);
  if (*end != '/' || !g_ascii_isdigit(end[1]))
    return false;
  *count = g_ascii_strtoull(end + 1, &end, 10);
  return *end == '\0' && *shard >= 1 && *shard <= *count && *count <= CAMPAIGN_SHARD_COUNT_MAX;
}

/* False, after an error was printed. */
static bool arguments_check(ExploreArguments *arguments, int argc) {
  arguments->shard_number = arguments->shard_count = 1;
  if (!cli_search_check(&arguments->search, "explore"))
    return false;
  if (arguments->jobs < 1 || arguments->jobs > 1024)
    return cli_error("explore: --jobs takes a number from 1 to 1024, not %d", arguments->jobs) == 0;
  if (arguments->schedules < 1 && arguments->schedules != SCHEDULES_NOT_GIVEN)
    return cli_error("explore: --schedules takes a number from 1, not %" G_GINT64_FORMAT, arguments->schedules) == 0;
  arguments->schedules = MAX(arguments->schedules, 0);
  if (arguments->time != NULL && !time_parse(arguments->time, &arguments->seconds))
    return cli_error("explore: --for takes a number with s, m, h or d behind it, such as 90s, 10m or 8h, not \"%s\"", arguments->time) == 0;
  if (arguments->shard != NULL && !shard_parse(arguments->shard, &arguments->shard_number, &arguments->shard_count))
    return cli_error("explore: --shard takes I/N with I from 1 to N, such as 3/16, not \"%s\"", arguments->shard) == 0;
  if (arguments->report != NULL && argc > 1)
    return cli_error("explore: --report takes a folder and no scenario") == 0;
  bool is_search_given = arguments->search.policy != NULL || arguments->search.seed != NULL || arguments->shard != NULL;
  if (arguments->out != NULL && argc < 2 && is_search_given)
    return cli_error("explore: a scenario is missing; without one --out goes on as the folder's campaigns were begun") == 0;
  if (arguments->report == NULL && arguments->out == NULL && argc < 2)
    return cli_error("explore: a scenario is missing: irqlab explore FILE\nirqlab explore --help tells more.") == 0;
  if (arguments->schedules == 0 && arguments->time == NULL && !arguments->until_saturated && !arguments->until_found)
    arguments->seconds = SECONDS_DEFAULT;
  return true;
}

int cli_explore(int argc, char **argv) {
  ExploreArguments arguments = { .search = CLI_SEARCH_INIT, .schedules = SCHEDULES_NOT_GIVEN, .jobs = (gint)g_get_num_processors() };
  arguments.search.races_by_itself = true;
  ReportColorMode mode = REPORT_COLOR_AUTO;
  int exit_code = EXIT_BAD_INPUT;
  if (arguments_parse(&arguments, &argc, &argv) && cli_color_mode(arguments.color, &mode) && arguments_check(&arguments, argc))
    exit_code = arguments.report != NULL ? report(&arguments, mode) : explore(&arguments, mode, argv + 1);
  cli_search_finish(&arguments.search);
  g_free(arguments.time);
  g_free(arguments.shard);
  g_free(arguments.out);
  g_free(arguments.report);
  g_free(arguments.color);
  return exit_code;
}
