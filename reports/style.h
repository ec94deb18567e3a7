/*
 * style.h: how a report looks on a terminal: colours, width, wrapping. Nothing else in reports/ knows an escape sequence.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

typedef struct ReportStyle {
  bool has_color;
  unsigned width; /* columns; at least 60 */
} ReportStyle;

typedef enum ReportColor { REPORT_PLAIN, REPORT_BOLD, REPORT_RED, REPORT_GREEN, REPORT_YELLOW, REPORT_CYAN, REPORT_DIM } ReportColor;

typedef enum ReportColorMode { REPORT_COLOR_AUTO, REPORT_COLOR_ALWAYS, REPORT_COLOR_NEVER } ReportColorMode;

/* Of a file descriptor: colours on a terminal unless NO_COLOR is set; the terminal's width, else 110. */
ReportStyle report_style_of(int descriptor, ReportColorMode mode);

/* Appends text in a colour. */
void report_put(GString *out, const ReportStyle *style, ReportColor color, const char *text);
void report_putf(GString *out, const ReportStyle *style, ReportColor color, const char *format, ...) G_GNUC_PRINTF(4, 5);

/* Appends text wrapped at the width: the first line goes on at `column`, the next begin at `indent`. Ends with a newline. */
void report_wrap(GString *out, const ReportStyle *style, unsigned column, unsigned indent, const char *text);

/* Columns a UTF-8 text takes (one a character: irqlab writes nothing wide). */
unsigned report_columns(const char *text);
/* Appends text cut or padded to exactly that many columns; cut text ends in "…". */
void report_pad(GString *out, const char *text, unsigned columns);
/* Takes blanks off the ends of lines. */
void report_trim_lines(GString *out);
