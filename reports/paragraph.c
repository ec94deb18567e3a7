#include "paragraph.h"

#include <string.h>

static void lines_put(GString *out, const ReportStyle *style, const char *text) {
  g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
  for (char **line = lines; *line != NULL; line++) {
    if (line != lines)
      g_string_append_printf(out, "%*s", PARAGRAPH_INDENT, "");
    report_wrap(out, style, PARAGRAPH_INDENT, PARAGRAPH_INDENT, *line);
  }
}

void paragraph_put(GString *out, const ReportStyle *style, const char *label, const char *text) {
  g_autofree char *head = g_strdup_printf("  %s:", label);
  g_autoptr(GString) padded = g_string_new(NULL);
  report_pad(padded, *label != '\0' ? head : "", PARAGRAPH_INDENT);
  report_put(out, style, REPORT_BOLD, padded->str);
  lines_put(out, style, text);
}

void paragraph_putf(GString *out, const ReportStyle *style, const char *label, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  g_autofree char *text = g_strdup_vprintf(format, arguments);
  va_end(arguments);
  paragraph_put(out, style, label, text);
}

void paragraph_more(GString *out, const ReportStyle *style, const char *text) {
  g_string_append_printf(out, "%*s", PARAGRAPH_INDENT, "");
  lines_put(out, style, text);
}

char *paragraph_page(const char *page) {
  if (g_str_has_prefix(page, "bug-check"))
    return g_strdup_printf("https://learn.microsoft.com/windows-hardware/drivers/debugger/%s", page);
  if (g_str_has_prefix(page, "win32/"))
    return g_strdup_printf("https://learn.microsoft.com/windows/%s", page);
  const char *slash = strchr(page, '/');
  if (slash != NULL && (g_str_has_prefix(slash, "/nf-") || g_str_has_prefix(slash, "/nc-") || g_str_has_prefix(slash, "/ns-")))
    return g_strdup_printf("https://learn.microsoft.com/windows-hardware/drivers/ddi/%s", page);
  return g_strdup_printf("https://learn.microsoft.com/windows-hardware/drivers/%s", page);
}
