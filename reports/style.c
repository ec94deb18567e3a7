#include "style.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define WIDTH_DEFAULT 110
#define WIDTH_MIN 60
#define WIDTH_MAX 160

ReportStyle report_style_of(int descriptor, ReportColorMode mode) {
  ReportStyle style = { .width = WIDTH_DEFAULT };
  struct winsize size;
  bool is_terminal = isatty(descriptor);
  if (is_terminal && ioctl(descriptor, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
    style.width = CLAMP(size.ws_col, WIDTH_MIN, WIDTH_MAX);
  const char *no_color = getenv("NO_COLOR");
  const char *term = getenv("TERM");
  bool wants = is_terminal && (no_color == NULL || *no_color == '\0') && (term == NULL || strcmp(term, "dumb") != 0);
  style.has_color = mode == REPORT_COLOR_ALWAYS || (mode == REPORT_COLOR_AUTO && wants);
  return style;
}

static const char *const sequences[] = {
  [REPORT_PLAIN] = "",          [REPORT_BOLD] = "\033[1m",  [REPORT_RED] = "\033[1;31m", [REPORT_GREEN] = "\033[32m",
  [REPORT_YELLOW] = "\033[33m", [REPORT_CYAN] = "\033[36m", [REPORT_DIM] = "\033[2m",
};

void report_put(GString *out, const ReportStyle *style, ReportColor color, const char *text) {
  if (!style->has_color || color == REPORT_PLAIN) {
    g_string_append(out, text);
    return;
  }
  g_string_append(out, sequences[color]);
  g_string_append(out, text);
  g_string_append(out, "\033[0m");
}

void report_putf(GString *out, const ReportStyle *style, ReportColor color, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  g_autofree char *text = g_strdup_vprintf(format, arguments);
  va_end(arguments);
  report_put(out, style, color, text);
}

unsigned report_columns(const char *text) {
  unsigned columns = 0;
  for (; *text != '\0'; text++)
    columns += ((unsigned char)*text & 0xc0) != 0x80;
  return columns;
}

void report_pad(GString *out, const char *text, unsigned columns) {
  unsigned have = report_columns(text);
  if (have <= columns) {
    g_string_append_printf(out, "%s%*s", text, (int)(columns - have), "");
    return;
  }
  unsigned kept = 0;
  for (; *text != '\0' && kept < columns; text++) {
    if (((unsigned char)*text & 0xc0) != 0x80 && ++kept == columns)
      break;
    g_string_append_c(out, *text);
  }
  g_string_append(out, "…");
}

void report_wrap(GString *out, const ReportStyle *style, unsigned column, unsigned indent, const char *text) {
  bool is_line_begin = true;
  while (*text != '\0') {
    size_t blanks = strspn(text, " \n"), length = strcspn(text + blanks, " \n");
    g_autofree char *word = g_strndup(text + blanks, length);
    unsigned gap = is_line_begin ? 0 : (unsigned)blanks, columns = report_columns(word);
    text += blanks + length;
    if (length == 0)
      break;
    if (!is_line_begin && column + gap + columns > style->width) {
      g_string_append_printf(out, "\n%*s", (int)indent, "");
      column = indent;
      gap = 0;
    }
    g_string_append_printf(out, "%*s%s", (int)gap, "", word);
    column += gap + columns;
    is_line_begin = false;
  }
  g_string_append_c(out, '\n');
}

void report_trim_lines(GString *out) {
  gsize to = 0;
  for (gsize from = 0; from <= out->len; from++) {
    char character = out->str[from];
    if (character == '\n' || character == '\0')
      while (to > 0 && out->str[to - 1] == ' ')
        to--;
    if (from < out->len)
      out->str[to++] = character;
  }
  g_string_truncate(out, to);
}
