#include "crash_report.h"

#include "bugcheck.h"
#include "cause.h"
#include "expected.h"
#include "headline.h"
#include "lock_circle.h"
#include "outcome.h"
#include "paragraph.h"
#include "phrase.h"
#include "race_side.h"
#include "round.h"
#include "sentence.h"
#include "shell.h"
#include "story.h"
#include "stuck.h"
#include "wait_chain.h"
#include "where.h"

#include "config.h"
#include "model/events.h"
#include "model/rules/rule_ids.h"

#include <string.h>

#define OTHER_COUNT_MAX 6        /* findings beside the one it is about */
#define SCHEDULE_COLUMNS_MAX 600 /* a longer line is told by its seed */
#define CAUSE_RUN_COUNT_MAX 500

/* Everything one report is made from. */
typedef struct Report {
  const ReportSubject *subject;
  const ReportStyle *style;
  GString *out;
  const Names *names;
  const RunResult *result;
  const Finding *finding; /* what it is about; NULL: none */
  const GArray *preemptions;
} Report;

/* ---- the run again, with detail ---- */

/* A run that the host's clock ended does not end there again. */
static bool is_repeatable(const RunResult *result) { return result->stop != SIM_STOP_LIMIT_HOST_TIME; }

/* What it found is what `result` tells, and more of it. */
static void run_again(ScenarioRun *run, const RunResult *result, SimRecord *record, SimSurvey *survey, RunResult *detailed) {
  SimRunOptions options = { 0 };
  SimSearch search;
  sim_survey_begin(survey, &search, &options);
  RunRequest request = { .policy = options.policy, .search = options.search, .replay = &result->exceptions, .record = record };
  scenario_run_once(run, &request, detailed);
  SIM_ASSERT(detailed->hash == result->hash);
}

/* The same finding where more is known of it; itself when the second run has none. */
static const Finding *detailed_of(const RunResult *detailed, const Finding *finding) {
  for (uint32_t i = 0; finding != NULL && i < detailed->finding_count; i++) {
    const Finding *other = &detailed->findings[i];
    if (other->rule == finding->rule && other->site == finding->site && other->function == finding->function &&
        other->other.site == finding->other.site && other->event == finding->event)
      return other;
  }
  return finding;
}

/* The calls that the finding is about, in the schedules that were explored: each is run once more. */
static CauseTable *causes_collect(const ReportSubject *subject, const Finding *finding) {
  bool is_drawn = subject->verdict != NULL && subject->verdict->search.policy == &sim_policy_random && subject->verdict->buckets->len > 1;
  if (!is_drawn || !is_repeatable(subject->result) || finding == NULL || ddi_function_by_id(finding->function) == NULL ||
      finding->site == 0)
    return NULL;
  CauseTable *table = cause_table_new(finding->function, finding->site);
  for (uint64_t i = 0; i < subject->verdict->schedule_count && i < CAUSE_RUN_COUNT_MAX; i++) {
    SimRecord record = { 0 };
    RunResult result = { 0 };
    scenario_explore_again(subject->run, subject->verdict, i, &record, &result);
    g_autoptr(Names) names = names_create(subject->run, &record);
    cause_table_add(table, names, &result);
    run_result_finish(&result);
    sim_record_finish(&record);
  }
  return table;
}

/* ---- the head: what and where ---- */

static uint32_t site_of(const Report *report) {
  if (report->finding != NULL && report->finding->site != 0)
    return report->finding->site;
  return report->result->bugcheck.code != 0 && report->result->bugcheck.site != 0 ? report->result->bugcheck.site : stuck_site();
}

/* Nothing was found, and yet it is not as expected. */
static bool is_promise_broken(const Report *report) {
  return report->subject->why != NULL && report->result->bugcheck.code == 0 && report->result->stop == SIM_STOP_QUIET;
}

static char *broken_words(const Report *report) {
  const RunVerdict *verdict = report->subject->verdict;
  return verdict != NULL && verdict->failed != NULL ? expectation_broken(verdict->failed)
                                                    : g_strdup_printf("not as expected: %s", report->subject->why);
}

static void head_print(const Report *report) {
  g_autofree char *line = report->finding != NULL     ? headline_finding(report->names, report->finding)
                          : is_promise_broken(report) ? broken_words(report)
                                                      : headline_end(report->names, report->result);
  g_autoptr(GString) wrapped = g_string_new(NULL);
  report_wrap(wrapped, report->style, 0, 2, line);
  report_put(report->out, report->style, REPORT_RED, wrapped->str);
  where_print(report->out, report->style, report->subject->run, site_of(report),
              report->finding != NULL ? names_function(report->finding->function) : "");
  g_string_append_c(report->out, '\n');
}

/* ---- who raised the level, and what it began with ---- */

/* The function in which an event happened, if driver code called one: the call before it that has not returned. */
static uint32_t open_call(const SimRecord *record, uint32_t sequence) {
  uint32_t context = record->events[sequence].context;
  unsigned depth = 0;
  for (uint32_t i = sequence; i-- > 0;) {
    const SimEvent *event = &record->events[i];
    if (event->context != context)
      continue;
    if (event->kind == EVENT_RETURN)
      depth++;
    else if (event->kind == EVENT_CALL && depth-- == 0)
      return event->function;
    else if (event->kind == EVENT_CALLBACK || event->kind == SIM_EVENT_CONTEXT_BEGIN)
      break;
  }
  return 0;
}

/* " (fw.work step 2)"; "" when the event was in no driver code. Returns owned. */
static char *in_parentheses(const Report *report, uint32_t site) {
  g_autofree char *place = place_words(report->subject->run, site);
  return *place != '\0' ? g_strdup_printf(" (%s)", place) : g_strdup("");
}

static char *raiser_words(const Report *report, const SimEvent *event) {
  const SimRecord *record = names_record(report->names);
  uint32_t call = event->function != 0 ? event->function : open_call(record, event->sequence);
  g_autofree char *place = in_parentheses(report, event->site);
  if (event->kind == SIM_EVENT_INTERRUPT && event->object == 0 && event->irql == SIM_IRQL_DISPATCH)
    return g_strdup("Windows, to dispatch DPCs");
  if (event->kind == SIM_EVENT_INTERRUPT) {
    g_autofree char *object = names_object_short(report->names, event->object);
    return g_strdup_printf("the interrupt of %s", *object != '\0' ? object : "the clock");
  }
  uint32_t outer = open_call(record, event->sequence);
  if (call != 0 && outer != 0 && outer != call) /* Windows' own function did it, inside of the one the driver called */
    return g_strdup_printf("%s, inside by %s%s", names_function(outer), names_function(call), place);
  if (call != 0)
    return g_strdup_printf("%s%s", names_function(call), place);
  const char *running = names_running(report->names, event->sequence);
  return g_strdup_printf("%s%s", *running != '\0' ? running : model_event_name(event->kind), place);
}

static void raised_print(const Report *report) {
  const Finding *finding = report->finding;
  const SimRecord *record = names_record(report->names);
  if (finding == NULL || finding->irql_raised_by >= record->count || finding->rule == RULE_DATA_RACE)
    return;
  const SimEvent *event = &record->events[finding->irql_raised_by];
  g_autofree char *time = names_time(report->subject->run, event->time_ns);
  g_autofree char *by = raiser_words(report, event);
  paragraph_putf(report->out, report->style, "raised by", "%s: %s on cpu %u since %s", by, sim_irql_name(event->irql), event->cpu, time);
}

static void related_print(const Report *report) {
  const Finding *finding = report->finding;
  const SimRecord *record = names_record(report->names);
  if (finding == NULL || finding->event_related >= record->count || finding->rule == RULE_LOCK_ORDER ||
      finding->rule == RULE_DEADLOCK) /* its circle says it */
    return;
  const SimEvent *event = &record->events[finding->event_related];
  uint32_t call = event->function != 0 ? event->function : open_call(record, event->sequence);
  g_autofree char *time = names_time(report->subject->run, event->time_ns);
  g_autofree char *what = phrase_event(report->names, event);
  g_autofree char *place = in_parentheses(report, event->site);
  bool is_told = what != NULL && event->kind != EVENT_MESSAGE_DONE;
  paragraph_putf(report->out, report->style, "began with", "%s, at %s%s",
                 is_told     ? what
                 : call != 0 ? names_function(call)
                             : model_event_name(event->kind),
                 time, place);
}

/* Where what is left behind came from. */
static void made_print(const Report *report) {
  const SimRecord *record = names_record(report->names);
  bool is_left = report->finding != NULL && report->finding->rule == RULE_LEFT_BEHIND_AT_UNLOAD && report->finding->object != 0;
  for (size_t i = 0; is_left && i < record->count; i++) {
    const SimEvent *event = &record->events[i];
    if (event->object != report->finding->object || event->kind != EVENT_OBJECT_CREATE)
      continue;
    uint32_t call = open_call(record, (uint32_t)i);
    g_autofree char *time = names_time(report->subject->run, event->time_ns), *place = in_parentheses(report, event->site);
    if (call != 0)
      paragraph_putf(report->out, report->style, "made by", "%s%s, at %s", names_function(call), place, time);
    return;
  }
}

/* ---- Windows ---- */

static bool has_verifier(const Scenario *scenario) {
  for (size_t i = 0; i < scenario->driver_count; i++)
    if (scenario->drivers[i].verifier_flags != 0)
      return true;
  return false;
}

static void windows_print(const Report *report) {
  const RuleInfo *rule = report->finding != NULL ? rule_by_id(report->finding->rule) : NULL;
  bool is_verified = has_verifier(scenario_run_scenario(report->subject->run));
  if (report->result->bugcheck.code != 0)
    bugcheck_print(report->out, report->style, report->names, &report->result->bugcheck);
  else if (rule != NULL)
    paragraph_put(report->out, report->style, is_verified ? "without Verifier" : "Windows", rule->windows);
  if (rule != NULL && is_verified && report->result->bugcheck.code != 0)
    paragraph_put(report->out, report->style, "without Verifier", rule->windows);
  else if (rule != NULL)
    paragraph_put(report->out, report->style, "with Verifier", rule->windows_verifier);
}

/* Where more is known of the mistake than its rule. Returns owned; NULL: nothing. */
static char *special_mend(const Report *report) {
  const Finding *finding = report->finding;
  if (sentence_is_of_failed_entry(report->names, finding))
    return g_strdup("Undo in DriverEntry, before it returns an error, what it has set up so far, last first: Windows does not call "
                    "DriverUnload then.");
  if (finding->rule != RULE_WILD_ACCESS || !(finding->detail & FINDING_FAULT_BY_RETURN))
    return NULL;
  g_autofree char *arrays = place_local_arrays(report->subject->run, finding->site);
  return g_strdup_printf("Bound what is written to the function's local variables, by loops and by copies%s%s.",
                         arrays != NULL ? ": it has the array " : "", arrays != NULL ? arrays : "");
}

static void contract_print(const Report *report) {
  const Finding *finding = report->finding;
  if (finding == NULL)
    return;
  const RuleInfo *rule = rule_by_id(finding->rule);
  const DdiFunction *function = ddi_function_by_id(finding->function);
  bool is_level = g_str_has_prefix(rule->name, "irql-too-");
  g_autofree char *page = paragraph_page(is_level && function != NULL ? function->page : rule->page);
  if (is_level && function != NULL)
    paragraph_putf(report->out, report->style, "contract", "%s, %s: %s\n%s", function->header, function->name, function->contract, page);
  else
    paragraph_put(report->out, report->style, "documented", page);
  bool has_advice = is_level && function != NULL && *function->advice != '\0';
  g_autofree char *special = special_mend(report);
  paragraph_put(report->out, report->style, "mend", special != NULL ? special : has_advice ? function->advice : rule->mend);
}

/* The scenario beside this one in which it is put right, if there is one: corrected.json, c-corrected.json, good-X.json beside bad-X.json. */
static void mended_print(const Report *report) {
  const Scenario *scenario = scenario_run_scenario(report->subject->run);
  g_autofree char *own = g_path_get_basename(scenario->file);
  bool is_twin = g_str_has_prefix(own, "bad-");
  g_autofree char *twin = g_strconcat("good-", is_twin ? own + strlen("bad-") : "", NULL);
  const char *names[] = { is_twin ? twin : g_str_has_prefix(own, "c-") ? "c-corrected.json" : "corrected.json", "fixed.json" };
  for (unsigned i = 0; i < G_N_ELEMENTS(names) && report->finding != NULL; i++) {
    g_autofree char *file = g_build_filename(scenario->folder, names[i], NULL);
    if (strcmp(names[i], own) == 0 || !g_file_test(file, G_FILE_TEST_IS_REGULAR))
      continue;
    const char *library = config_library_folder();
    bool is_library = g_str_has_prefix(file, library) && file[strlen(library)] == '/';
    paragraph_put(report->out, report->style, "put right in",
                  is_library                     ? file + strlen(library) + 1
                  : g_str_has_prefix(file, "./") ? file + 2
                                                 : file);
    return;
  }
}

/* ---- how often, why only sometimes ---- */

static void count_print(const Report *report, const CauseTable *causes) {
  const RunVerdict *verdict = report->subject->verdict;
  g_auto(GStrv) lines = causes != NULL ? cause_table_lines(causes) : NULL;
  if (verdict != NULL && verdict->schedule_count == 1 && !verdict->is_exhausted)
    paragraph_put(report->out, report->style, "how often", "one schedule was run");
  else if (verdict != NULL && verdict->schedule_count > 0 && verdict->shown != NULL) {
    g_autofree char *bounds = run_search_bounds(&verdict->search);
    g_autofree char *all = g_strdup_printf("(all there are%s%s)", *bounds != '\0' ? " " : "", bounds);
    paragraph_putf(report->out, report->style, "how often", "in %" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT " schedule%s %s",
                   verdict->shown->count, verdict->schedule_count, verdict->schedule_count == 1 ? "" : "s",
                   verdict->is_exhausted ? all : "explored");
  }
  if (lines == NULL)
    return;
  g_autofree char *place = place_words(report->subject->run, report->finding->site);
  g_autofree char *schedules = outcome_count(MIN(verdict->schedule_count, CAUSE_RUN_COUNT_MAX), "schedule");
  paragraph_putf(report->out, report->style, "the same call", "%s, %s: in how many of %s, where, what came of it",
                 names_function(report->finding->function), place, schedules);
  for (char **line = lines; *line != NULL; line++)
    paragraph_more(report->out, report->style, *line);
}

static void others_print(const Report *report) {
  unsigned count = 0;
  for (uint32_t i = 0; i < report->result->finding_count; i++) {
    const Finding *other = &report->result->findings[i];
    if (other == report->finding || ++count > OTHER_COUNT_MAX)
      continue;
    g_autofree char *line = headline_finding(report->names, other);
    g_autofree char *place = in_parentheses(report, other->site);
    paragraph_putf(report->out, report->style, "also", "%s%s", line, place);
  }
  if (count > OTHER_COUNT_MAX)
    paragraph_putf(report->out, report->style, "also", "%u more", count - OTHER_COUNT_MAX);
}

/* ---- what to type next ---- */

static bool is_natural(const char *schedule) { return strchr(schedule + strlen("v1:"), ':') == NULL; }

static void command_print(const Report *report, const char *label, const char *command) {
  g_autoptr(GString) head = g_string_new(NULL);
  report_pad(head, label, PARAGRAPH_INDENT);
  report_put(report->out, report->style, REPORT_BOLD, head->str);
  g_string_append_printf(report->out, "%s\n", command);
}

static void commands_print(const Report *report) {
  const ReportSubject *subject = report->subject;
  g_autofree char *quoted = shell_word(subject->name);
  g_string_append_c(report->out, '\n');
  bool is_drawn = subject->verdict != NULL && subject->verdict->search.policy == &sim_policy_random;
  if (strlen(subject->schedule) > SCHEDULE_COLUMNS_MAX && is_drawn && subject->verdict != NULL && subject->verdict->shown != NULL) {
    const SimSearchOptions *search = &subject->verdict->search, *own = &scenario_run_scenario(subject->run)->policy.search;
    g_autofree char *seed = search->seed != own->seed ? g_strdup_printf(" --seed %" G_GUINT64_FORMAT, search->seed) : g_strdup("");
    g_autofree char *again =
        g_strdup_printf("irqlab run -v --first %" G_GUINT64_FORMAT " --schedules 1%s%s %s", search->first + subject->verdict->shown->first,
                        search->policy != own->policy ? " --policy random" : "", seed, quoted);
    command_print(report, "  again:", again);
    g_string_append_printf(report->out, "%*s(its line for irqlab replay is long: irqlab run --json prints it)\n", PARAGRAPH_INDENT, "");
    return;
  }
  const char *races = scenario_run_was_told_to_look_for_races(subject->run) ? "--races " : "";
  g_autofree char *again = g_strdup_printf("irqlab replay %s%s %s", races, quoted, subject->schedule);
  g_autofree char *trace = g_strdup_printf("irqlab trace %s%s%s%s", races, quoted, is_natural(subject->schedule) ? "" : " ",
                                           is_natural(subject->schedule) ? "" : subject->schedule);
  command_print(report, "  again:", again);
  command_print(report, "  every step:", trace);
}

/* ---- the whole ---- */

static bool was_found(const RunResult *result, uint32_t rule) {
  for (uint32_t i = 0; i < result->finding_count; i++)
    if (result->findings[i].rule == rule)
      return true;
  return false;
}

static void report_print(const Report *report, const CauseTable *causes) {
  bool is_stuck = report->result->stop == SIM_STOP_HUNG || report->result->stop >= SIM_STOP_LIMIT_STEPS ||
                  report->result->bugcheck.code == 0x133 || was_found(report->result, RULE_NETWORK_STALLED) ||
                  was_found(report->result, RULE_DEADLOCK);
  bool is_expected = report->subject->verdict == NULL || report->subject->verdict->is_as_expected;
  head_print(report);
  gsize before = report->out->len;
  story_print(report->out, report->style, report->names, report->result, report->finding, report->preemptions);
  if (report->finding != NULL && !race_sides_print(report->out, report->style, report->names, report->finding))
    where_print_stack(report->out, report->style, report->names, report->finding);
  if (report->out->len > before)
    g_string_append_c(report->out, '\n');
  expected_print(report->out, report->style, report->names, report->result, report->subject->verdict, report->subject->why);
  windows_print(report);
  if (report->finding != NULL)
    wait_chain_print(report->out, report->style, report->names, report->finding);
  if (report->finding != NULL)
    lock_circle_print(report->out, report->style, report->names, report->finding);
  if (report->finding != NULL)
    round_print(report->out, report->style, report->names, report->finding);
  if (is_stuck)
    stuck_print_cpus(report->out, report->style, report->names);
  raised_print(report);
  related_print(report);
  made_print(report);
  if (report->result->stop == SIM_STOP_QUIET &&
      (!is_expected || report->finding == NULL || report->finding->rule == RULE_PEND_NOT_COMPLETED))
    stuck_print_end(report->out, report->style, report->names);
  count_print(report, causes);
  if (report->subject->shrunk != NULL)
    paragraph_put(report->out, report->style, "shrunk", report->subject->shrunk);
  if (report->subject->decided != NULL)
    paragraph_put(report->out, report->style, "decided at", report->subject->decided);
  contract_print(report);
  mended_print(report);
  others_print(report);
  commands_print(report);
  report_trim_lines(report->out);
}

/* Is it about what the run did, and not about what is found in it, which a report tells by itself? */
static bool is_about_doing(const Expectation *failed) {
  return failed != NULL && failed->kind != EXPECT_BUGCHECK && failed->kind != EXPECT_FINDING && failed->kind != EXPECT_OUTCOME;
}

/* A schedule that is alone has been judged by nobody. Right behind its run. Returns owned; NULL: it is as expected, or its report says it. */
static char *alone_judge(const ReportSubject *subject, const RunResult *result, RunVerdict *verdict) {
  g_autofree bool *seen = g_new0(bool, scenario_run_scenario(subject->run)->expect.count + 1);
  if (subject->verdict != NULL || !is_repeatable(subject->result))
    return NULL;
  char *why = scenario_judge(subject->run, result, seen, &verdict->failed);
  if (why != NULL && is_about_doing(verdict->failed))
    return why;
  g_free(why);
  return NULL;
}

void crash_report_print(GString *out, const ReportStyle *style, const ReportSubject *subject) {
  const Finding *finding = headline_choose(subject->result);
  g_autoptr(CauseTable) causes = causes_collect(subject, finding);
  SimRecord record = { 0 };
  RunResult detailed = { 0 };
  SimSurvey survey = { .is_listing = true };
  if (is_repeatable(subject->result))
    run_again(subject->run, subject->result, &record, &survey, &detailed);
  RunVerdict verdict = { 0 };
  ReportSubject judged = *subject;
  g_autofree char *why = alone_judge(subject, &detailed, &verdict);
  if (why != NULL) {
    judged.verdict = &verdict;
    judged.why = why;
  }
  g_autoptr(Names) names = names_create(subject->run, &record);
  g_autoptr(GArray) preemptions = preemptions_collect(names, &survey, subject->shrunk != NULL);
  sim_survey_finish(&survey);
  const Finding *more = detailed_of(&detailed, finding);
  Report report = { .subject = &judged,
                    .style = style,
                    .out = out,
                    .names = names,
                    .result = more != finding ? &detailed : subject->result,
                    .finding = more,
                    .preemptions = preemptions };
  report_print(&report, causes);
  run_result_finish(&detailed);
  sim_record_finish(&record);
}
