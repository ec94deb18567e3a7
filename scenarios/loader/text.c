#include "text.h"

#include <string.h>

G_DEFINE_QUARK(irqlab - scenario - error, scenario_error)

/* ---- places ---- */

/* How many characters of the file, and bytes of the decoded text, the escape or character at `raw` is. */
static void text_unit(const char *raw, size_t *columns, size_t *bytes) {
  *columns = 1;
  if (*raw != '\\') {
    *bytes = (size_t)(g_utf8_next_char(raw) - raw);
    return;
  }
  if (raw[1] != 'u') {
    *columns = 2;
    *bytes = 1;
    return;
  }
  unsigned code = 0;
  for (unsigned i = 2; i < 6; i++)
    code = code * 16 + (unsigned)g_ascii_xdigit_value(raw[i]);
  bool is_pair = code >= 0xd800 && code <= 0xdbff;
  *columns = is_pair ? 12 : 6;
  *bytes = is_pair ? 4 : code < 0x80 ? 1 : code < 0x800 ? 2 : 3;
}

TextPosition text_position(const Text *text, size_t offset) {
  TextPosition position = text->position;
  if (text->raw == NULL)
    return position;
  position.column++;
  const char *raw = text->raw;
  for (size_t done = 0; done < offset && *raw != '"';) {
    size_t columns, bytes;
    text_unit(raw, &columns, &bytes);
    if (done + bytes > offset)
      break;
    done += bytes;
    position.column += (uint32_t)columns;
    raw = *raw == '\\' ? raw + columns : raw + bytes;
  }
  return position;
}

/* ---- errors ---- */

/* What came from the file may hold anything: nothing in a message moves a terminal's cursor. */
static char *printable(char *message) {
  g_autofree char *owned = message;
  g_autofree char *valid = g_utf8_make_valid(owned, -1);
  GString *clean = g_string_new(NULL);
  for (const char *c = valid; *c != '\0'; c = g_utf8_next_char(c)) {
    gunichar character = g_utf8_get_char(c);
    if (g_unichar_iscntrl(character) || g_unichar_type(character) == G_UNICODE_FORMAT)
      g_string_append_printf(clean, "\\u%04x", (unsigned)character);
    else
      g_string_append_unichar(clean, character);
  }
  return g_string_free(clean, FALSE);
}

bool text_error_valist(GError **error, ScenarioError code, const char *file, TextPosition position, const char *format, va_list arguments) {
  g_autofree char *what = g_strdup_vprintf(format, arguments);
  g_autofree char *message = printable(position.line == 0 ? g_strdup_printf("%s: %s", file, what)
                                                          : g_strdup_printf("%s:%u:%u: %s", file, position.line, position.column, what));
  g_set_error_literal(error, SCENARIO_ERROR, (int)code, message);
  return false;
}

bool text_error(GError **error, ScenarioError code, const char *file, TextPosition position, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  text_error_valist(error, code, file, position, format, arguments);
  va_end(arguments);
  return false;
}

char *text_quote(const char *text) {
  const glong shown = 60;
  if (g_utf8_strlen(text, -1) <= shown)
    return g_strdup_printf("\"%s\"", text);
  g_autofree char *head = g_utf8_substring(text, 0, shown);
  return g_strdup_printf("\"%s...\"", head);
}

/* ---- suggestions ---- */

enum { NAME_SIZE = 72 };

/* Lower case without separators: what people agree on when they remember a name. Returns its length, or 0 when it is too long. */
static size_t name_fold(const char *name, char folded[NAME_SIZE]) {
  size_t length = 0;
  for (; *name != '\0'; name++) {
    if (*name == '_' || *name == '-' || *name == ' ')
      continue;
    if (length == NAME_SIZE - 1)
      return 0;
    folded[length++] = g_ascii_tolower(*name);
  }
  folded[length] = '\0';
  return length;
}

/* Insertions, deletions, replacements and neighbours exchanged (optimal string alignment). */
static unsigned name_distance(const char *a, size_t a_length, const char *b, size_t b_length) {
  unsigned rows[3][NAME_SIZE];
  unsigned *before = rows[0], *last = rows[1], *row = rows[2];
  for (size_t j = 0; j <= b_length; j++)
    last[j] = (unsigned)j;
  for (size_t i = 1; i <= a_length; i++) {
    row[0] = (unsigned)i;
    for (size_t j = 1; j <= b_length; j++) {
      unsigned best = last[j - 1] + (a[i - 1] != b[j - 1]);
      best = MIN(best, MIN(last[j], row[j - 1]) + 1);
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        best = MIN(best, before[j - 2] + 1);
      row[j] = best;
    }
    unsigned *free_row = before;
    before = last;
    last = row;
    row = free_row;
  }
  return last[b_length];
}

const char *text_nearest(const char *name, TextNameAt *name_at, const void *names, size_t count) {
  char wanted[NAME_SIZE], folded[NAME_SIZE];
  size_t length = name_fold(name, wanted);
  if (length == 0)
    return NULL;
  unsigned allowed = length <= 3 ? 1 : MIN((unsigned)(length + 2) / 4, 4u);
  const char *nearest = NULL;
  for (size_t i = 0; i < count; i++) {
    const char *candidate = name_at(names, i);
    size_t candidate_length = candidate == NULL ? 0 : name_fold(candidate, folded);
    if (candidate_length == 0 || (candidate_length > length ? candidate_length - length : length - candidate_length) > allowed)
      continue;
    unsigned distance = name_distance(wanted, length, folded, candidate_length);
    if (distance > allowed || (distance == allowed && nearest != NULL))
      continue;
    nearest = candidate;
    if (distance == 0)
      break;
    allowed = distance; /* from here on only a nearer one */
  }
  return nearest;
}

static const char *string_at(const void *names, size_t index) { return ((const char *const *)names)[index]; }

const char *text_nearest_of(const char *name, const char *const *names, size_t count) {
  return text_nearest(name, string_at, names, count);
}

char *text_suggestion(const char *nearest) { return nearest == NULL ? g_strdup("") : g_strdup_printf("; did you mean \"%s\"?", nearest); }
