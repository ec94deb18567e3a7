#include "explore_line.h"

#include "../style.h"

#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define COLUMNS_DEFAULT 80
#define COLUMNS_MIN 8

static char *line_of(const ExplorePart *parts, unsigned count, unsigned rank_max) {
  GString *line = g_string_new(NULL);
  for (unsigned i = 0; i < count; i++)
    if (parts[i].text != NULL && parts[i].text[0] != '\0' && parts[i].rank <= rank_max)
      g_string_append_printf(line, "  %s", parts[i].text);
  return g_string_free(line, FALSE);
}

static void cut(char *line, unsigned columns) {
  while (report_columns(line) > columns)
    *g_utf8_prev_char(line + strlen(line)) = '\0';
}

char *explore_line(const ExplorePart *parts, unsigned count, unsigned columns) {
  unsigned rank = 0;
  for (unsigned i = 0; i < count; i++)
    rank = MAX(rank, parts[i].rank);
  char *line = line_of(parts, count, rank);
  while (report_columns(line) > columns && rank > 0) {
    g_free(line);
    line = line_of(parts, count, --rank);
  }
  cut(line, columns);
  return line;
}

unsigned explore_columns(int descriptor) {
  struct winsize size;
  return ioctl(descriptor, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? MAX(size.ws_col, COLUMNS_MIN) : COLUMNS_DEFAULT;
}

bool explore_can_rewrite(int descriptor) {
  const char *terminal = g_getenv("TERM");
  return isatty(descriptor) && terminal != NULL && terminal[0] != '\0' && strcmp(terminal, "dumb") != 0;
}
