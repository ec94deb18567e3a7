/* irqlab explain: a rule, a bug check, a function or a status, in words. */
#include "cli.h"

#include "model/ddi/bugchecks.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define INDENT 14

static void label(GString *out, const ReportStyle *style, const char *name, const char *text) {
  g_autoptr(GString) head = g_string_new(NULL);
  if (text == NULL || *text == '\0')
    return;
  report_pad(head, name, INDENT);
  report_put(out, style, REPORT_BOLD, head->str);
  report_wrap(out, style, INDENT, INDENT, text);
}

static void rule_explain(GString *out, const ReportStyle *style, const RuleInfo *rule) {
  report_putf(out, style, REPORT_BOLD, "%s: %s\n\n", rule->name, rule->title);
  label(out, style, "what", rule->explanation);
  label(out, style, "Windows", rule->windows);
  label(out, style, "with Verifier", rule->windows_verifier);
  label(out, style, "mend", rule->mend);
  label(out, style, "page", rule->page);
  g_autofree char *bad = g_strdup_printf("irqlab run -v rules/%s", rule->name);
  label(out, style, "see it", bad);
}

static void bugcheck_explain(GString *out, const ReportStyle *style, const DdiBugcheck *bugcheck) {
  report_putf(out, style, REPORT_BOLD, "0x%X %s\n\n", bugcheck->code, bugcheck->name);
  label(out, style, "what", bugcheck->meaning);
  for (unsigned i = 0; i < 4; i++) {
    g_autofree char *name = g_strdup_printf("parameter %u", i + 1);
    label(out, style, name, bugcheck->parameters[i]);
  }
  for (size_t i = 0; i < ddi_bugcheck_case_count; i++) {
    const DdiBugcheckCase *special = &ddi_bugcheck_cases[i];
    if (special->code != bugcheck->code)
      continue;
    g_autofree char *name = g_strdup_printf("P1 = 0x%" G_GINT64_MODIFIER "x", special->first);
    label(out, style, name, special->meaning);
  }
  label(out, style, "page", bugcheck->page);
}

static void function_explain(GString *out, const ReportStyle *style, const DdiFunction *function) {
  report_putf(out, style, REPORT_BOLD, "%s (%s)\n\n", function->name, function->header);
  label(out, style, "contract", function->contract);
  label(out, style, "advice", function->advice);
  for (unsigned i = 0; i < function->parameter_count; i++) {
    const DdiParameter *parameter = &function->parameters[i];
    const char *direction = (parameter->direction & DDI_IN) && (parameter->direction & DDI_OUT) ? "in and out"
                            : parameter->direction & DDI_OUT                                    ? "out"
                            : parameter->direction & DDI_IN                                     ? "in"
                                                                                                : "value";
    g_autofree char *text =
        g_strdup_printf("%s: %s%s", parameter->name, direction, parameter->direction & DDI_OPTIONAL ? ", optional" : "");
    label(out, style, i == 0 ? "parameters" : "", text);
  }
  for (const char *const *phase = function->phases; phase != NULL && *phase != NULL; phase++)
    label(out, style, phase == function->phases ? "phases" : "", *phase);
  label(out, style, "page", function->page);
}

static bool explain(GString *out, const ReportStyle *style, const char *name) {
  char *end;
  unsigned long code = strtoul(name, &end, 0);
  const RuleInfo *rule = rule_find(name);
  const DdiBugcheck *bugcheck = *end == '\0' ? ddi_bugcheck_find((uint32_t)code) : ddi_bugcheck_find_name(name);
  const DdiFunction *function = ddi_function_find(name);
  const DdiStatus *status = ddi_status_find(name);
  const char *status_name = *end == '\0' ? ddi_status_name((int32_t)code) : NULL;
  if (status == NULL && bugcheck == NULL && status_name != NULL)
    status = ddi_status_find(status_name);
  if (rule != NULL)
    rule_explain(out, style, rule);
  if (bugcheck != NULL)
    bugcheck_explain(out, style, bugcheck);
  if (function != NULL)
    function_explain(out, style, function);
  if (status != NULL)
    g_string_append_printf(out, "%s (0x%08X): %s\n", status->name, (unsigned)status->value, status->meaning);
  return rule != NULL || bugcheck != NULL || function != NULL || status != NULL;
}

static const char *name_at(const void *names, size_t index) {
  (void)names;
  if (index < rule_count)
    return rule_table[index].name;
  index -= rule_count;
  if (index < ddi_bugcheck_count)
    return ddi_bugchecks[index].name;
  return ddi_functions[index - ddi_bugcheck_count].name;
}

static const char description[] =
    "NAME is a rule (irqlab list rules), a bug check by name or code, a modelled function, or an NTSTATUS.\n\n"
    "Examples:\n  irqlab explain irql-too-high\n  irqlab explain 0x5\n  irqlab explain FltSendMessage\n"
    "  irqlab explain STATUS_TIMEOUT\n";

int cli_explain(int argc, char **argv) {
  g_autofree char *color = NULL;
  const GOptionEntry entries[] = {
    { "color", 0, 0, G_OPTION_ARG_STRING, &color, "auto (default), always or never", "WHEN" },
    { 0 },
  };
  ReportColorMode mode = REPORT_COLOR_AUTO;
  if (!cli_options("explain", "NAME ...", "Explains a rule, a bug check, a function or a status code.", description, entries, &argc,
                   &argv) ||
      !cli_color_mode(color, &mode))
    return EXIT_BAD_INPUT;
  if (argc < 2)
    return cli_error("explain takes a name: irqlab explain irql-too-high");
  ReportStyle style = report_style_of(STDOUT_FILENO, mode);
  for (int i = 1; i < argc; i++) {
    g_autoptr(GString) out = g_string_new(NULL);
    if (!explain(out, &style, argv[i])) {
      g_autofree char *suggestion =
          text_suggestion(text_nearest(argv[i], name_at, NULL, rule_count + ddi_bugcheck_count + ddi_function_count));
      return cli_error("nothing is known of \"%s\"%s", argv[i], suggestion);
    }
    report_trim_lines(out);
    printf("%s%s", i > 1 ? "\n" : "", out->str);
  }
  return EXIT_AS_EXPECTED;
}
