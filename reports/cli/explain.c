/* irqlab explain: a rule, a bug check, a function, a callback or a status, in words. */
#include "../paragraph.h"
#include "../reference.h"
#include "cli.h"

#include "config.h"
#include "model/ddi/bugchecks.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void title_put(GString *out, const ReportStyle *style, const char *format, ...) G_GNUC_PRINTF(3, 4);
static void title_put(GString *out, const ReportStyle *style, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  g_autofree char *text = g_strdup_vprintf(format, arguments);
  va_end(arguments);
  g_autoptr(GString) wrapped = g_string_new(NULL);
  report_wrap(wrapped, style, 0, 2, text);
  report_put(out, style, REPORT_BOLD, wrapped->str);
  g_string_append_c(out, '\n');
}

/* ---- rules ---- */

static void rule_explain(GString *out, const ReportStyle *style, const RuleInfo *rule) {
  g_autofree char *page = paragraph_page(rule->page), *folder = g_build_filename(config_library_folder(), "rules", rule->name, NULL);
  title_put(out, style, "%s: %s", rule->name, rule->title);
  paragraph_put(out, style, "what", rule->explanation);
  paragraph_put(out, style, "Windows", rule->windows);
  paragraph_put(out, style, "with Verifier", rule->windows_verifier);
  paragraph_put(out, style, "mend", rule->mend);
  paragraph_put(out, style, "documented", page);
  if (g_file_test(folder, G_FILE_TEST_IS_DIR))
    paragraph_putf(out, style, "see it", "irqlab run -v rules/%s", rule->name);
}

/* ---- bug checks ---- */

static void bugcheck_explain(GString *out, const ReportStyle *style, const DdiBugcheck *bugcheck) {
  g_autofree char *page = paragraph_page(bugcheck->page);
  title_put(out, style, "0x%X %s", bugcheck->code, bugcheck->name);
  paragraph_put(out, style, "what", bugcheck->meaning);
  for (unsigned i = 0; i < 4; i++) {
    g_autofree char *name = g_strdup_printf("parameter %u", i + 1);
    if (*bugcheck->parameters[i] != '\0')
      paragraph_put(out, style, name, bugcheck->parameters[i]);
  }
  for (size_t i = 0; i < ddi_bugcheck_case_count; i++) {
    const DdiBugcheckCase *special = &ddi_bugcheck_cases[i];
    g_autofree char *name = g_strdup_printf("P1 = 0x%" G_GINT64_MODIFIER "x", special->first);
    if (special->code == bugcheck->code)
      paragraph_put(out, style, name, special->meaning);
  }
  paragraph_put(out, style, "documented", page);
}

/* ---- functions and callbacks: their generated reference ---- */

/* "`Event` (PRKEVENT): in and out" -> without the marks of Markdown. Returns owned. */
static char *plain(const char *text, size_t length) {
  GString *out = g_string_new(NULL);
  for (size_t i = 0; i < length; i++)
    if (text[i] != '`')
      g_string_append_c(out, text[i]);
  return g_string_free(out, FALSE);
}

/* One line of the list: `LABEL: TEXT`, a parameter where the label is in marks. */
static void item_put(GString *out, const ReportStyle *style, const char *line, size_t length, bool *has_parameters) {
  g_autofree char *text = plain(line, length);
  char *colon = strstr(text, ": ");
  if (colon == NULL) {
    paragraph_more(out, style, text);
  } else if (*line == '`') {
    paragraph_put(out, style, *has_parameters ? "" : "parameters", text);
    *has_parameters = true;
  } else if ((size_t)(colon - text) + 4 >= PARAGRAPH_INDENT) { /* a line of its own, too long for a label */
    paragraph_more(out, style, text);
  } else {
    *colon = '\0';
    paragraph_put(out, style, strcmp(text, "page") == 0 ? "documented" : text, colon + 2);
  }
}

static void reference_explain(GString *out, const ReportStyle *style, const ReferenceEntry *entry, const char *header) {
  const char *prototype = strstr(entry->text, "```c\n"), *end = prototype != NULL ? strstr(prototype + 5, "\n```") : NULL;
  bool has_parameters = false;
  title_put(out, style, "%s%s%s%s", entry->name, *header != '\0' ? " (" : "", header, *header != '\0' ? ")" : "");
  if (end != NULL) {
    g_autofree char *text = g_strndup(prototype + 5, (gsize)(end - prototype - 5));
    paragraph_put(out, style, "declared", text);
  }
  for (const char *line = strstr(entry->text, "\n- "); line != NULL; line = strstr(line + 3, "\n- "))
    item_put(out, style, line + 3, strcspn(line + 3, "\n"), &has_parameters);
}

static void function_explain(GString *out, const ReportStyle *style, const DdiFunction *function) {
  const ReferenceEntry *entry = reference_find(function->name);
  if (entry != NULL) {
    reference_explain(out, style, entry, function->header);
    return;
  }
  g_autofree char *page = paragraph_page(function->page);
  title_put(out, style, "%s (%s)", function->name, function->header);
  paragraph_put(out, style, "contract", function->contract);
  paragraph_put(out, style, "documented", page);
}

static void callback_explain(GString *out, const ReportStyle *style, const DdiCallback *callback) {
  const ReferenceEntry *entry = reference_find(callback->name);
  g_autofree char *page = paragraph_page(callback->page);
  if (entry != NULL) {
    reference_explain(out, style, entry, "a routine of the driver that Windows calls");
    return;
  }
  title_put(out, style, "%s: a routine of the driver that Windows calls", callback->name);
  paragraph_put(out, style, "contract", callback->contract);
  paragraph_put(out, style, "documented", page);
}

/* ---- anything ---- */

/* "0xC0000005", "5", "-1073741819": what statuses and bug checks are written as. */
static bool number_of(const char *text, uint32_t *number) {
  char *end;
  long long value = strtoll(text, &end, 0);
  *number = (uint32_t)value;
  return *text != '\0' && *end == '\0' && value >= INT32_MIN && value <= UINT32_MAX;
}

static bool explain(GString *out, const ReportStyle *style, const char *name) {
  uint32_t number;
  bool is_number = number_of(name, &number);
  const RuleInfo *rule = rule_find(name);
  const DdiBugcheck *bugcheck = is_number ? ddi_bugcheck_find(number) : ddi_bugcheck_find_name(name);
  const DdiFunction *function = ddi_function_find(name);
  const DdiCallback *callback = ddi_callback_find(name);
  const char *status_name = is_number && bugcheck == NULL ? ddi_status_name((int32_t)number) : name;
  const DdiStatus *status = status_name != NULL ? ddi_status_find(status_name) : NULL;
  if (rule != NULL)
    rule_explain(out, style, rule);
  if (bugcheck != NULL)
    bugcheck_explain(out, style, bugcheck);
  if (function != NULL)
    function_explain(out, style, function);
  if (callback != NULL)
    callback_explain(out, style, callback);
  if (status != NULL) {
    title_put(out, style, "0x%08X %s", (unsigned)status->value, status->name);
    paragraph_put(out, style, "what", status->meaning);
    bool is_error = status->value < 0;
    paragraph_put(out, style, "NT_SUCCESS",
                  is_error ? "FALSE: the call has failed" : "TRUE: only a comparison with it tells it from STATUS_SUCCESS");
  }
  return rule != NULL || bugcheck != NULL || function != NULL || callback != NULL || status != NULL;
}

static const char *name_at(const void *names, size_t index) {
  (void)names;
  if (index < rule_count)
    return rule_table[index].name;
  index -= rule_count;
  if (index < ddi_bugcheck_count)
    return ddi_bugchecks[index].name;
  index -= ddi_bugcheck_count;
  if (index < ddi_function_count)
    return ddi_functions[index].name;
  index -= ddi_function_count;
  return index < ddi_callback_count ? ddi_callbacks[index].name : ddi_statuses[index - ddi_callback_count].name;
}

static size_t name_count(void) { return rule_count + ddi_bugcheck_count + ddi_function_count + ddi_callback_count + ddi_status_count; }

static const char description[] =
    "NAME is a rule, a bug check by name or code, a function of Windows that irqlab models, a routine type that Windows calls, or an\n"
    "NTSTATUS by name or value. irqlab list names them.\n\n"
    "Examples:\n"
    "  irqlab explain irql-too-high          what is wrong, what Windows does, how to mend it\n"
    "  irqlab explain 0x5                    what a bug check means, and its parameters\n"
    "  irqlab explain FltSendMessage         the contract that calls are checked against\n"
    "  irqlab explain STATUS_TIMEOUT\n\n"
    "Exit codes: 0 explained; 2 nothing is known of a name.\n";

int cli_explain(int argc, char **argv) {
  g_autofree char *color = NULL;
  const GOptionEntry entries[] = {
    { "color", 0, 0, G_OPTION_ARG_STRING, &color, "auto (default), always or never", "WHEN" },
    { 0 },
  };
  ReportColorMode mode = REPORT_COLOR_AUTO;
  if (!cli_options("explain", "NAME ...", "Explains what a report names.", description, entries, &argc, &argv) ||
      !cli_color_mode(color, &mode))
    return EXIT_BAD_INPUT;
  if (argc < 2)
    return cli_error("explain: a name: irqlab explain irql-too-high\nirqlab explain --help tells more.");
  ReportStyle style = report_style_of(STDOUT_FILENO, mode);
  for (int i = 1; i < argc; i++) {
    g_autoptr(GString) out = g_string_new(NULL);
    if (!explain(out, &style, argv[i])) {
      g_autofree char *suggestion = text_suggestion(text_nearest(argv[i], name_at, NULL, name_count()));
      return cli_error("explain: nothing is known of \"%s\"%s", argv[i], suggestion);
    }
    report_trim_lines(out);
    printf("%s%s", i > 1 ? "\n" : "", out->str);
  }
  return EXIT_AS_EXPECTED;
}
