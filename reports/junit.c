#include "junit.h"

#include <string.h>

/* XML 1.0 takes no control characters but tab, newline and return, and no invalid UTF-8; colours have no place in it either. */
static char *escape(const char *text) {
  g_autofree char *valid = g_utf8_make_valid(text, -1);
  g_autoptr(GString) clean = g_string_new(NULL);
  for (const char *at = valid; *at != '\0'; at = g_utf8_next_char(at)) {
    gunichar character = g_utf8_get_char(at);
    if (character == 0x1b && at[1] == '[') { /* an escape sequence of a terminal: to its letter */
      at += 2 + strspn(at + 2, "0123456789;");
      if (*at == '\0')
        break;
    } else if ((character >= 0x20 || character == '\t' || character == '\n' || character == '\r') && character != 0xfffe &&
               character != 0xffff) {
      g_string_append_unichar(clean, character);
    } else {
      g_string_append(clean, "\xef\xbf\xbd");
    }
  }
  return g_markup_escape_text(clean->str, (gssize)clean->len);
}

static void attribute(GString *out, const char *name, const char *value) {
  g_autofree char *escaped = escape(value != NULL ? value : "");
  g_string_append_printf(out, " %s=\"%s\"", name, escaped);
}

static void seconds(GString *out, double milliseconds) {
  char text[G_ASCII_DTOSTR_BUF_SIZE];
  g_string_append_printf(out, " time=\"%s\"", g_ascii_formatd(text, sizeof text, "%.6f", milliseconds / 1000));
}

static void element(GString *out, const char *name, const Outcome *outcome) {
  g_autofree char *report = escape(outcome->report != NULL ? outcome->report : outcome->why != NULL ? outcome->why : "");
  g_string_append_printf(out, "      <%s", name);
  attribute(out, "message", outcome->why);
  attribute(out, "type", outcome_status_name(outcome->status));
  g_string_append_printf(out, ">%s</%s>\n", report, name);
}

static void testcase(GString *out, const char *suite, const Outcome *outcome) {
  g_string_append(out, "    <testcase");
  attribute(out, "classname", suite);
  g_autofree char *base = g_path_get_basename(outcome->name);
  attribute(out, "name", base);
  attribute(out, "file", outcome->file);
  if (outcome->line != 0)
    g_string_append_printf(out, " line=\"%u\"", outcome->line);
  seconds(out, outcome->host_ms);
  g_string_append(out, ">\n");
  if (outcome->status == OUTCOME_NOT)
    element(out, "failure", outcome);
  else if (outcome->status != OUTCOME_AS_EXPECTED)
    element(out, "error", outcome);
  g_autofree char *schedules = outcome_schedules(outcome);
  g_autofree char *text = g_strdup_printf("%s\n%s, %s\n", outcome->title, outcome->result, schedules);
  g_autofree char *escaped = escape(text);
  g_string_append_printf(out, "      <system-out>%s</system-out>\n    </testcase>\n", escaped);
}

typedef struct Count {
  unsigned tests, failures, errors;
  double milliseconds;
} Count;

static void count_add(Count *count, const Outcome *outcome) {
  count->tests++;
  count->failures += outcome->status == OUTCOME_NOT;
  count->errors += outcome->status > OUTCOME_NOT;
  count->milliseconds += outcome->host_ms;
}

static void head(GString *out, const char *indent, const char *name, const char *title, const Count *count) {
  g_string_append_printf(out, "%s<%s", indent, name);
  attribute(out, "name", title);
  g_string_append_printf(out, " tests=\"%u\" failures=\"%u\" errors=\"%u\"", count->tests, count->failures, count->errors);
  seconds(out, count->milliseconds);
  g_string_append(out, ">\n");
}

char *junit_print(const GPtrArray *outcomes) {
  GString *out = g_string_new("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
  Count all = { 0 };
  for (guint i = 0; i < outcomes->len; i++)
    count_add(&all, g_ptr_array_index(outcomes, i));
  head(out, "", "testsuites", "irqlab", &all);
  for (guint i = 0; i < outcomes->len;) {
    g_autofree char *suite = g_path_get_dirname(((const Outcome *)g_ptr_array_index(outcomes, i))->file);
    Count count = { 0 };
    guint end = i;
    for (; end < outcomes->len; end++) {
      const Outcome *outcome = g_ptr_array_index(outcomes, end);
      g_autofree char *folder = g_path_get_dirname(outcome->file);
      if (strcmp(folder, suite) != 0)
        break;
      count_add(&count, outcome);
    }
    head(out, "  ", "testsuite", suite, &count);
    for (; i < end; i++)
      testcase(out, suite, g_ptr_array_index(outcomes, i));
    g_string_append(out, "  </testsuite>\n");
  }
  g_string_append(out, "</testsuites>\n");
  return g_string_free(out, FALSE);
}
