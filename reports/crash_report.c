#include "crash_report.h"

#include "story.h"
#include "words.h"

#include "model/events.h"

#include <string.h>

#define INDENT 19 /* where the text behind "  Windows stops:  " begins */

/* ---- which finding it is about ---- */

/* The one that led to the bug check: the last in its context; else the first of all. */
static const Finding *main_finding(const RunResult *result) {
  const Finding *best = result->finding_count > 0 ? &result->findings[0] : NULL;
  for (uint32_t i = 0; result->bugcheck.code != 0 && i < result->finding_count; i++)
    if (result->findings[i].context == result->bugcheck.context)
      best = &result->findings[i];
  return best;
}

static uint32_t event_of_kind(const SimRecord *record, unsigned kind) {
  for (size_t i = record->count; i > 0; i--)
    if (record->events[i - 1].kind == kind)
      return (uint32_t)(i - 1);
  return record->count > 0 ? (uint32_t)record->count - 1 : 0;
}

/* ---- the headline ---- */

static char *finding_headline(const Finding *finding) {
  const RuleInfo *rule = rule_by_id(finding->rule);
  const DdiFunction *function = ddi_function_by_id(finding->function);
  const DdiCallback *callback = ddi_callback_by_id(finding->function);
  const char *name = function != NULL ? function->name : callback != NULL ? callback->name : "";
  if (g_str_has_prefix(rule->name, "irql-too-") && function != NULL)
    return g_strdup_printf("%s: %s needs %s and was called at %s", rule->name, name, function->contract, sim_irql_name(finding->irql));
  if (strcmp(rule->name, "irql-leak") == 0 && function != NULL)
    return g_strdup_printf("%s: %s was called at %s and returned at %s", rule->name, name, sim_irql_name(finding->irql_min),
                           sim_irql_name(finding->irql_max));
  if (strcmp(rule->name, "irql-leak-callback") == 0)
    return g_strdup_printf("%s: a driver's %s was entered at %s and returned at %s", rule->name, name, sim_irql_name(finding->irql_min),
                           sim_irql_name(finding->irql_max));
  return g_strdup_printf("%s: %s%s%s", rule->name, rule->title, *name != '\0' ? ", in " : "", name);
}

static char *headline(const RunResult *result, const Finding *finding) {
  if (finding != NULL)
    return finding_headline(finding);
  if (result->bugcheck.code != 0) {
    const DdiBugcheck *row = ddi_bugcheck_find(result->bugcheck.code);
    return g_strdup_printf("%s (0x%X)%s%s", row != NULL ? row->name : "bug check", result->bugcheck.code, row != NULL ? ": " : "",
                           row != NULL ? row->meaning : "");
  }
  switch (result->stop) {
  case SIM_STOP_HUNG:
    return g_strdup("hung: no CPU can go on, and nothing is left that could wake one");
  case SIM_STOP_NOT_MODELLED:
    return g_strdup_printf("not-modelled: %s was called, which irqlab does not model yet", result->stop_text);
  case SIM_STOP_GUEST_CRASH:
    return g_strdup("crash: driver code crashed in a way that no check saw");
  case SIM_STOP_QUIET:
    return g_strdup("clean: nothing was found, and nothing is left to do");
  default: {
    g_autofree char *bucket = run_result_bucket(result);
    return g_strdup_printf("%s: the run was ended because it reached a limit of its budget", bucket);
  }
  }
}

/* ---- where ---- */

/* The line of the driver, and carets under the function it calls. */
static void source_print(GString *out, const ReportStyle *style, const ScenarioRun *run, uint32_t site, const char *function) {
  RunSite where;
  if (site == 0 || !scenario_run_site(run, site, &where))
    return;
  g_autofree char *name = g_path_get_basename(where.file);
  g_autofree char *place = g_strdup_printf("  %s:%u", name, where.line);
  g_string_append_c(out, '\n');
  report_put(out, style, REPORT_CYAN, place);
  g_string_append_printf(out, "   %s\n", where.text);
  const char *at = *function != '\0' ? strstr(where.text, function) : NULL;
  if (at == NULL)
    return;
  g_autofree char *before = g_strndup(where.text, (gsize)(at - where.text));
  g_autofree char *carets = g_strnfill(strlen(function), '^');
  g_string_append_printf(out, "%*s", (int)(report_columns(place) + 3 + report_columns(before)), "");
  report_put(out, style, REPORT_RED, carets);
  g_string_append_c(out, '\n');
}

static void stack_print(GString *out, const ReportStyle *style, const ScenarioRun *run, const Finding *finding) {
  if (finding == NULL || finding->frame_count == 0)
    return;
  g_autofree char *innermost = words_site(run, finding->site);
  report_put(out, style, REPORT_DIM, "\n  stack of the driver\n");
  if (*innermost != '\0')
    g_string_append_printf(out, "     %s\n", innermost);
  for (unsigned i = finding->frame_count; i > 1; i--) {
    g_autofree char *caller = words_site(run, finding->frames[i - 1].site);
    if (*caller != '\0')
      g_string_append_printf(out, "     %s\n", caller);
  }
}

/* ---- labelled paragraphs ---- */

static void label_put(GString *out, const ReportStyle *style, const char *label, const char *text) {
  g_autofree char *head = g_strdup_printf("  %s:", label);
  g_autoptr(GString) padded = g_string_new(NULL);
  report_pad(padded, head, INDENT);
  report_put(out, style, REPORT_BOLD, padded->str);
  report_wrap(out, style, INDENT, INDENT, text);
}

static char *page_address(const char *page) {
  if (g_str_has_prefix(page, "bug-check"))
    return g_strdup_printf("https://learn.microsoft.com/windows-hardware/drivers/debugger/%s", page);
  if (g_str_has_prefix(page, "win32/"))
    return g_strdup_printf("https://learn.microsoft.com/windows/%s", page);
  const char *slash = strchr(page, '/');
  if (slash != NULL && (g_str_has_prefix(slash, "/nf-") || g_str_has_prefix(slash, "/nc-") || g_str_has_prefix(slash, "/ns-")))
    return g_strdup_printf("https://learn.microsoft.com/windows-hardware/drivers/ddi/%s", page);
  return g_strdup_printf("https://learn.microsoft.com/windows-hardware/drivers/%s", page);
}

/* ---- the bug check ---- */

static char *parameter_words(const KeBugcheck *bugcheck, unsigned index, const char *meaning) {
  g_autofree char *object = bugcheck->objects[index] != 0 ? words_object_short(bugcheck->objects[index]) : g_strdup("");
  g_autofree char *value = *object != '\0' ? g_strdup(object)
                           : bugcheck->parameters[index] < 16 ? g_strdup_printf("%u", (unsigned)bugcheck->parameters[index])
                                                              : g_strdup_printf("0x%" G_GINT64_MODIFIER "x", bugcheck->parameters[index]);
  return *meaning != '\0' ? g_strdup_printf("P%u %s (%s)", index + 1, value, meaning) : g_strdup_printf("P%u %s", index + 1, value);
}

static void bugcheck_print(GString *out, const ReportStyle *style, const KeBugcheck *bugcheck) {
  const DdiBugcheck *row = ddi_bugcheck_find(bugcheck->code);
  const DdiBugcheckCase *special = ddi_bugcheck_case_find(bugcheck->code, bugcheck->parameters[0]);
  g_autofree char *name = g_strdup_printf("0x%08X %s", bugcheck->code, row != NULL ? row->name : "");
  label_put(out, style, "Windows stops", name);
  for (unsigned i = 0; i < 4; i++) {
    const char *meaning = special != NULL ? special->parameters[i] : row != NULL ? row->parameters[i] : "";
    g_autofree char *words = parameter_words(bugcheck, i, meaning);
    g_string_append_printf(out, "%*s", INDENT, "");
    report_wrap(out, style, INDENT, INDENT + 3, words);
  }
  if (special != NULL || row != NULL) {
    g_string_append_printf(out, "%*s", INDENT, "");
    report_wrap(out, style, INDENT, INDENT, special != NULL ? special->meaning : row->meaning);
  }
}

static void windows_print(GString *out, const ReportStyle *style, const RunResult *result, const Finding *finding) {
  const RuleInfo *rule = finding != NULL ? rule_by_id(finding->rule) : NULL;
  if (result->bugcheck.code != 0)
    bugcheck_print(out, style, &result->bugcheck);
  else if (rule != NULL)
    label_put(out, style, "Windows", rule->windows);
  if (rule != NULL)
    label_put(out, style, "with Verifier", rule->windows_verifier);
}

/* ---- the rest ---- */

static void raised_print(GString *out, const ReportStyle *style, const ScenarioRun *run, const SimRecord *record, const Finding *finding) {
  if (finding == NULL || finding->irql_raised_by == UINT32_MAX || finding->irql_raised_by >= record->count)
    return;
  const SimEvent *event = &record->events[finding->irql_raised_by];
  g_autoptr(Words) words = words_create(run, record);
  g_autofree char *time = words_time(run, event->time_ns);
  g_autofree char *what = words_event(words, event);
  g_autofree char *site = words_site(run, event->site);
  g_autofree char *text = g_strdup_printf("cpu %u came to %s at %s: %s%s%s%s", event->cpu, sim_irql_name(event->irql), time,
                                          what != NULL ? what : model_event_name(event->kind), *site != '\0' ? " (" : "", site,
                                          *site != '\0' ? ")" : "");
  label_put(out, style, "raised by", text);
}

static void related_print(GString *out, const ReportStyle *style, const ScenarioRun *run, const SimRecord *record, const Finding *finding) {
  if (finding == NULL || finding->event_related >= record->count)
    return;
  const SimEvent *event = &record->events[finding->event_related];
  g_autoptr(Words) words = words_create(run, record);
  g_autofree char *time = words_time(run, event->time_ns);
  g_autofree char *what = words_event(words, event);
  g_autofree char *site = words_site(run, event->site);
  g_autofree char *text =
      g_strdup_printf("%s: %s%s%s%s", time, what != NULL ? what : model_event_name(event->kind), *site != '\0' ? " (" : "", site,
                      *site != '\0' ? ")" : "");
  label_put(out, style, "began with", text);
}

static void contract_print(GString *out, const ReportStyle *style, const Finding *finding) {
  if (finding == NULL)
    return;
  const RuleInfo *rule = rule_by_id(finding->rule);
  const DdiFunction *function = ddi_function_by_id(finding->function);
  if (function != NULL) {
    g_autofree char *page = page_address(function->page);
    g_autofree char *text = g_strdup_printf("%s, %s: %s\n%s", function->header, function->name, function->contract, page);
    label_put(out, style, "contract", text);
  }
  if (function == NULL || !g_str_has_prefix(rule->name, "irql-too-")) {
    g_autofree char *page = page_address(rule->page);
    label_put(out, style, "documented", page);
  }
  bool has_advice = function != NULL && *function->advice != '\0' && g_str_has_prefix(rule->name, "irql-too-");
  label_put(out, style, "mend", has_advice ? function->advice : rule->mend);
}

static void others_print(GString *out, const ReportStyle *style, const ScenarioRun *run, const RunResult *result, const Finding *finding) {
  for (uint32_t i = 0; i < result->finding_count; i++) {
    const Finding *other = &result->findings[i];
    if (other == finding)
      continue;
    g_autofree char *line = finding_headline(other);
    g_autofree char *site = words_site(run, other->site);
    g_autofree char *text = g_strdup_printf("%s%s%s%s", line, *site != '\0' ? " (" : "", site, *site != '\0' ? ")" : "");
    label_put(out, style, "also", text);
  }
}

static void stuck_print(GString *out, const ReportStyle *style) {
  const SimMachine *machine = sim_machine();
  for (uint32_t i = 0; i < machine->vcpu_count; i++) {
    const SimVcpu *vcpu = &machine->vcpus[i];
    const SimContext *top = vcpu->depth > 0 ? vcpu->stack[vcpu->depth - 1] : NULL;
    g_autofree char *object = top != NULL ? words_object(top->pending.object) : g_strdup("");
    g_autofree char *text = g_strdup_printf("%s, %s%s", sim_irql_name(vcpu->irql),
                                            vcpu->is_hung                       ? "hangs"
                                            : top != NULL && top->is_spinning ? "spins on "
                                                                                : "idle",
                                            top != NULL && top->is_spinning ? object : "");
    g_autofree char *label = g_strdup_printf("cpu %u", i);
    label_put(out, style, label, text);
  }
}

static void count_print(GString *out, const ReportStyle *style, const ReportCount *count) {
  if (count == NULL || count->total == 0)
    return;
  g_autofree char *text = g_strdup_printf("in %" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT " schedule%s %s", count->count, count->total,
                                          count->total == 1 ? "" : "s", count->is_exhausted ? "(all there are)" : "explored");
  label_put(out, style, "how often", text);
}

static void commands_print(GString *out, const ReportStyle *style, const char *schedule, const char *command_name) {
  bool is_natural = strchr(schedule + strlen("v1:"), ':') == NULL;
  g_string_append_c(out, '\n');
  report_put(out, style, REPORT_BOLD, "  again:         ");
  g_string_append_printf(out, "  irqlab replay %s %s\n", command_name, schedule);
  report_put(out, style, REPORT_BOLD, "  every step:    ");
  g_string_append_printf(out, "  irqlab trace %s%s%s\n", command_name, is_natural ? "" : " ", is_natural ? "" : schedule);
}

void crash_report_print(GString *out, const ReportStyle *style, ScenarioRun *run, const RunResult *result, const char *schedule,
                        const ReportCount *count, const char *command_name) {
  SimRecord record = {0};
  RunResult again = {0};
  RunRequest request = {.policy = &sim_policy_replay, .replay = &result->exceptions, .record = &record};
  scenario_run_once(run, &request, &again);
  SIM_ASSERT(again.hash == result->hash);
  const Finding *finding = main_finding(result);
  const char *function = finding != NULL ? words_function(finding->function) : "";
  g_autofree char *line = headline(result, finding);
  report_put(out, style, REPORT_RED, line);
  g_string_append_c(out, '\n');
  source_print(out, style, run, finding != NULL ? finding->site : result->bugcheck.site, function);
  g_string_append_c(out, '\n');
  uint32_t about = finding != NULL                ? finding->event
                   : result->bugcheck.code != 0 ? event_of_kind(&record, EVENT_BUGCHECK)
                                                  : event_of_kind(&record, SIM_EVENT_STOP);
  story_print(out, style, run, &record, about);
  stack_print(out, style, run, finding);
  g_string_append_c(out, '\n');
  windows_print(out, style, result, finding);
  if (result->stop == SIM_STOP_HUNG)
    stuck_print(out, style);
  raised_print(out, style, run, &record, finding);
  related_print(out, style, run, &record, finding);
  count_print(out, style, count);
  contract_print(out, style, finding);
  others_print(out, style, run, result, finding);
  commands_print(out, style, schedule, command_name);
  report_trim_lines(out);
  run_result_finish(&again);
  sim_record_finish(&record);
}
