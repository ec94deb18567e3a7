#include "scan.h"

#include <math.h>
#include <string.h>

typedef struct Scanner {
  const char *file;
  char *bytes; /* of size bytes and a NUL; comments are blanked on the way */
  size_t size;
  size_t at;
  unsigned depth;
  GArray *places;
  size_t mark; /* an offset whose place is known: places are asked for in rising order */
  TextPosition mark_position;
  GError **error;
} Scanner;

/* A key of the object being read, for the search for duplicates. */
typedef struct ScanKey {
  char *name;
  TextPosition position;
} ScanKey;

static bool value_scan(Scanner *scanner);

/* ---- places and errors ---- */

static TextPosition position_at(Scanner *scanner, size_t offset) {
  for (; scanner->mark < offset; scanner->mark++) {
    unsigned char byte = (unsigned char)scanner->bytes[scanner->mark];
    if (byte == '\n') {
      scanner->mark_position.line++;
      scanner->mark_position.column = 1;
    } else if ((byte & 0xc0) != 0x80) {
      scanner->mark_position.column++;
    }
  }
  return scanner->mark_position;
}

static bool fail_at(Scanner *scanner, size_t offset, const char *format, ...) G_GNUC_PRINTF(3, 4);
static bool fail_at(Scanner *scanner, size_t offset, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  text_error_valist(scanner->error, SCENARIO_ERROR_SYNTAX, scanner->file, position_at(scanner, offset), format, arguments);
  va_end(arguments);
  return false;
}

static bool place_add(Scanner *scanner) {
  if (scanner->places->len == 2 * SCAN_VALUE_COUNT_MAX)
    return fail_at(scanner, scanner->at, "more than %u values; a scenario is not that large", SCAN_VALUE_COUNT_MAX);
  ScanPlace place = { (uint32_t)scanner->at, position_at(scanner, scanner->at) };
  g_array_append_val(scanner->places, place);
  return true;
}

/* What stands at the cursor, as a message says it. Returns owned. */
static char *found(const Scanner *scanner) {
  const char *at = scanner->bytes + scanner->at;
  if (scanner->at >= scanner->size)
    return g_strdup("the end of the file");
  size_t length = 0;
  while (length < 20 && (g_ascii_isalnum(at[length]) || at[length] == '_'))
    length++;
  if (length > 0)
    return g_strdup_printf("`%.*s`", (int)length, at);
  if ((unsigned char)*at < 0x20 || *at == 0x7f)
    return g_strdup_printf("the control character 0x%02x", (unsigned char)*at);
  gunichar character = g_utf8_get_char_validated(at, (gssize)(scanner->size - scanner->at));
  if (character >= 0x110000)
    return g_strdup_printf("the byte 0x%02x, which is not UTF-8", (unsigned char)*at);
  return g_strdup_printf("`%.*s`", (int)(g_utf8_next_char(at) - at), at);
}

static bool fail_expected(Scanner *scanner, const char *expected) {
  g_autofree char *what = found(scanner);
  return fail_at(scanner, scanner->at, "expected %s, found %s", expected, what);
}

/* ---- blanks and comments ---- */

static bool comment_scan(Scanner *scanner) {
  size_t begin = scanner->at;
  char *bytes = scanner->bytes;
  size_t end = begin + 2;
  if (bytes[begin + 1] == '/') {
    while (end < scanner->size && bytes[end] != '\n')
      end++;
  } else {
    while (end + 1 < scanner->size && !(bytes[end] == '*' && bytes[end + 1] == '/'))
      end++;
    if (end + 1 >= scanner->size)
      return fail_at(scanner, begin, "this comment has no end; expected */");
    end += 2;
  }
  const char *invalid;
  if (!g_utf8_validate(bytes + begin, (gssize)(end - begin), &invalid))
    return fail_at(scanner, (size_t)(invalid - bytes), "the byte 0x%02x is not UTF-8", (unsigned char)*invalid);
  position_at(scanner, end);
  for (size_t i = begin; i < end; i++)
    if (bytes[i] != '\n')
      bytes[i] = ' ';
  scanner->at = end;
  return true;
}

static bool blanks_skip(Scanner *scanner) {
  for (;;) {
    char byte = scanner->bytes[scanner->at];
    if (byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r')
      scanner->at++;
    else if (byte == '/' && (scanner->bytes[scanner->at + 1] == '/' || scanner->bytes[scanner->at + 1] == '*')) {
      if (!comment_scan(scanner))
        return false;
    } else
      return true;
  }
}

/* ---- strings ---- */

static bool hex_scan(Scanner *scanner, size_t at, unsigned *code) {
  *code = 0;
  for (size_t i = 0; i < 4; i++) {
    int digit = at + i < scanner->size ? g_ascii_xdigit_value(scanner->bytes[at + i]) : -1;
    if (digit < 0)
      return false;
    *code = *code * 16 + (unsigned)digit;
  }
  return true;
}

/* \uXXXX, the cursor on the backslash; a pair of surrogates is one character. */
static bool unicode_escape_scan(Scanner *scanner, GString *decoded) {
  unsigned code, low;
  if (!hex_scan(scanner, scanner->at + 2, &code))
    return fail_at(scanner, scanner->at, "\\u is followed by four hexadecimal digits");
  size_t length = 6;
  if (code >= 0xd800 && code <= 0xdbff) {
    if (scanner->bytes[scanner->at + 6] != '\\' || scanner->bytes[scanner->at + 7] != 'u' || !hex_scan(scanner, scanner->at + 8, &low) ||
        low < 0xdc00 || low > 0xdfff)
      return fail_at(scanner, scanner->at, "\\u%04x is half of a character; expected its other half behind it", code);
    code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
    length = 12;
  } else if (code >= 0xdc00 && code <= 0xdfff) {
    return fail_at(scanner, scanner->at, "\\u%04x is half of a character; expected its other half before it", code);
  } else if (code == 0) {
    return fail_at(scanner, scanner->at, "\\u0000 ends no string here; expected any other character");
  }
  g_string_append_unichar(decoded, code);
  scanner->at += length;
  return true;
}

static bool escape_scan(Scanner *scanner, GString *decoded) {
  static const char letters[] = "\"\\/bfnrt";
  static const char characters[] = "\"\\/\b\f\n\r\t";
  char letter = scanner->bytes[scanner->at + 1];
  if (letter == 'u')
    return unicode_escape_scan(scanner, decoded);
  const char *known = letter == '\0' ? NULL : strchr(letters, letter);
  if (known == NULL)
    return fail_at(scanner, scanner->at,
                   "unknown escape; expected one of \\\" \\\\ \\/ \\b \\f \\n \\r \\t \\uXXXX (a backslash is written \\\\)");
  g_string_append_c(decoded, characters[known - letters]);
  scanner->at += 2;
  return true;
}

/* A string, the cursor on its opening quote. */
static bool string_scan(Scanner *scanner, GString *decoded) {
  size_t begin = scanner->at++;
  g_string_truncate(decoded, 0);
  for (;;) {
    const char *at = scanner->bytes + scanner->at;
    size_t plain = 0;
    while ((unsigned char)at[plain] >= 0x20 && (unsigned char)at[plain] < 0x80 && at[plain] != '"' && at[plain] != '\\')
      plain++;
    g_string_append_len(decoded, at, (gssize)plain);
    scanner->at += plain;
    at += plain;
    if (scanner->at >= scanner->size)
      return fail_at(scanner, begin, "this string has no end; the file ends first");
    if (*at == '"') {
      scanner->at++;
      return true;
    }
    if (*at == '\\') {
      if (!escape_scan(scanner, decoded))
        return false;
      continue;
    }
    if (*at == '\n' || *at == '\r')
      return fail_at(scanner, begin, "this string has no end on its line; expected \"");
    if ((unsigned char)*at < 0x20)
      return fail_at(scanner, scanner->at, "control character 0x%02x in a string; expected an escape such as \\t", (unsigned char)*at);
    gunichar character = g_utf8_get_char_validated(at, (gssize)(scanner->size - scanner->at));
    if (character >= 0x110000)
      return fail_at(scanner, scanner->at, "the byte 0x%02x is not UTF-8", (unsigned char)*at);
    size_t length = (size_t)(g_utf8_next_char(at) - at);
    g_string_append_len(decoded, at, (gssize)length);
    scanner->at += length;
  }
}

/* ---- numbers and words ---- */

static size_t digits(const char *at) {
  size_t count = 0;
  while (g_ascii_isdigit(at[count]))
    count++;
  return count;
}

/* Whole numbers fit 64 bits, with a sign or without; others are finite. */
static bool number_range_check(Scanner *scanner, size_t begin, bool is_whole) {
  g_autofree char *text = g_strndup(scanner->bytes + begin, scanner->at - begin);
  bool is_negative = text[0] == '-';
  guint64 magnitude;
  if (!is_whole) {
    if (isfinite(g_ascii_strtod(text, NULL)))
      return true;
  } else if (g_ascii_string_to_unsigned(text + is_negative, 10, 0, is_negative ? 1ull << 63 : G_MAXUINT64, &magnitude, NULL)) {
    return true;
  }
  g_autofree char *quoted = text_quote(text);
  return fail_at(scanner, begin, "number out of range: %s; expected -9223372036854775808 to 18446744073709551615", quoted);
}

static bool number_scan(Scanner *scanner) {
  size_t begin = scanner->at;
  const char *bytes = scanner->bytes;
  scanner->at += bytes[begin] == '-';
  size_t count = digits(bytes + scanner->at);
  if (count == 0 && g_ascii_isalpha(bytes[scanner->at]))
    return fail_at(scanner, begin, "-Infinity and -NaN are no numbers here; expected digits");
  if (count == 0)
    return fail_expected(scanner, "digits behind -");
  if (count > 1 && bytes[scanner->at] == '0')
    return fail_at(scanner, begin, "a number does not begin with 0");
  scanner->at += count;
  bool is_whole = true;
  if (bytes[scanner->at] == '.') {
    scanner->at++;
    count = digits(bytes + scanner->at);
    if (count == 0)
      return fail_expected(scanner, "digits behind the point");
    scanner->at += count;
    is_whole = false;
  }
  if ((bytes[scanner->at] | 0x20) == 'e') {
    scanner->at++;
    scanner->at += bytes[scanner->at] == '-' || bytes[scanner->at] == '+';
    count = digits(bytes + scanner->at);
    if (count == 0)
      return fail_expected(scanner, "digits of an exponent");
    scanner->at += count;
    is_whole = false;
  }
  if ((bytes[scanner->at] | 0x20) == 'x' && scanner->at == begin + 1 && bytes[begin] == '0')
    return fail_at(scanner, begin, "hexadecimal numbers are written as strings: \"0x1f\"");
  if (g_ascii_isalnum(bytes[scanner->at]) || bytes[scanner->at] == '_') {
    scanner->at = begin;
    return fail_expected(scanner, "a number (a time or a name stands in double quotes)");
  }
  return number_range_check(scanner, begin, is_whole);
}

static bool word_scan(Scanner *scanner) {
  static const char *const words[] = { "true", "false", "null" };
  const char *at = scanner->bytes + scanner->at;
  size_t length = 0;
  while (g_ascii_isalnum(at[length]) || at[length] == '_')
    length++;
  for (size_t i = 0; i < G_N_ELEMENTS(words); i++)
    if (strlen(words[i]) == length && strncmp(at, words[i], length) == 0) {
      scanner->at += length;
      return true;
    }
  if ((length == 3 && g_ascii_strncasecmp(at, "nan", 3) == 0) || (length >= 3 && g_ascii_strncasecmp(at, "inf", 3) == 0)) {
    g_autofree char *what = found(scanner);
    return fail_at(scanner, scanner->at, "%s is no number here; expected digits", what);
  }
  return fail_expected(scanner, "a value: a string in double quotes, a number, true, false, null, [ or {");
}

/* ---- lists and objects ---- */

/* After an element: the comma, or the end. *more is false at the end. */
static bool separator_scan(Scanner *scanner, char end, const char *expected, bool *more) {
  if (!blanks_skip(scanner))
    return false;
  char byte = scanner->bytes[scanner->at];
  if (byte == end && scanner->at < scanner->size) {
    scanner->at++;
    *more = false;
    return true;
  }
  if (byte != ',')
    return fail_expected(scanner, expected);
  scanner->at++;
  if (!blanks_skip(scanner))
    return false;
  if (scanner->bytes[scanner->at] == end)
    return fail_at(scanner, scanner->at, "expected another element behind the comma, found `%c`", end);
  *more = true;
  return true;
}

static bool list_scan(Scanner *scanner) {
  scanner->at++;
  if (!blanks_skip(scanner))
    return false;
  if (scanner->bytes[scanner->at] == ']') {
    scanner->at++;
    return true;
  }
  for (bool more = true; more;)
    if (!value_scan(scanner) || !separator_scan(scanner, ']', "`,` or `]`", &more))
      return false;
  return true;
}

static int key_compare(const void *a, const void *b) {
  const ScanKey *x = a, *y = b;
  int order = strcmp(x->name, y->name);
  if (order != 0)
    return order;
  if (x->position.line != y->position.line)
    return x->position.line < y->position.line ? -1 : 1;
  return x->position.column < y->position.column ? -1 : x->position.column > y->position.column;
}

static bool is_before(TextPosition a, TextPosition b) { return a.line != b.line ? a.line < b.line : a.column < b.column; }

/* Names the first key in the file that repeats one. Sorts the keys. */
static bool keys_check(Scanner *scanner, GArray *keys) {
  qsort(keys->data, keys->len, sizeof(ScanKey), key_compare);
  const ScanKey *first = NULL, *again = NULL;
  for (guint i = 1; i < keys->len; i++) {
    const ScanKey *left = &g_array_index(keys, ScanKey, i - 1), *right = left + 1;
    if (strcmp(left->name, right->name) == 0 && (again == NULL || is_before(right->position, again->position))) {
      first = left;
      again = right;
    }
  }
  if (again == NULL)
    return true;
  g_autofree char *quoted = text_quote(again->name);
  return text_error(scanner->error, SCENARIO_ERROR_SYNTAX, scanner->file, again->position, "duplicate key %s; the first is at %u:%u",
                    quoted, first->position.line, first->position.column);
}

static void key_clear(void *key) { g_free(((ScanKey *)key)->name); }

static bool member_scan(Scanner *scanner, GArray *keys) {
  if (scanner->bytes[scanner->at] != '"')
    return fail_expected(scanner, "a key in double quotes");
  if (!place_add(scanner))
    return false;
  ScanKey key = { NULL, g_array_index(scanner->places, ScanPlace, scanner->places->len - 1).position };
  g_autoptr(GString) name = g_string_new(NULL);
  if (!string_scan(scanner, name))
    return false;
  key.name = g_strdup(name->str);
  g_array_append_val(keys, key);
  if (!blanks_skip(scanner))
    return false;
  if (scanner->bytes[scanner->at] != ':')
    return fail_expected(scanner, "`:` behind the key");
  scanner->at++;
  return blanks_skip(scanner) && value_scan(scanner);
}

static bool object_scan(Scanner *scanner) {
  scanner->at++;
  if (!blanks_skip(scanner))
    return false;
  if (scanner->bytes[scanner->at] == '}') {
    scanner->at++;
    return true;
  }
  g_autoptr(GArray) keys = g_array_new(FALSE, FALSE, sizeof(ScanKey));
  g_array_set_clear_func(keys, key_clear);
  for (bool more = true; more;)
    if (!member_scan(scanner, keys) || !separator_scan(scanner, '}', "`,` or `}`", &more))
      return false;
  return keys_check(scanner, keys);
}

static bool value_scan(Scanner *scanner) {
  if (!place_add(scanner))
    return false;
  char byte = scanner->bytes[scanner->at];
  if (byte == '"') {
    g_autoptr(GString) decoded = g_string_new(NULL);
    return string_scan(scanner, decoded);
  }
  if (byte == '-' || g_ascii_isdigit(byte))
    return number_scan(scanner);
  if (byte == '\'')
    return fail_at(scanner, scanner->at, "expected a string in double quotes, found `'`");
  if (byte != '[' && byte != '{')
    return word_scan(scanner);
  if (scanner->depth == SCAN_DEPTH_MAX)
    return fail_at(scanner, scanner->at, "nested more than %u deep", SCAN_DEPTH_MAX);
  scanner->depth++;
  bool ok = byte == '[' ? list_scan(scanner) : object_scan(scanner);
  scanner->depth--;
  return ok;
}

bool scan_bytes(Scan *scan, const char *file, const char *bytes, size_t size, GError **error) {
  *scan = (Scan){ NULL, NULL };
  if (size > SCAN_SIZE_MAX)
    return text_error(error, SCENARIO_ERROR_READ, file, (TextPosition){ 0, 0 }, "larger than 16 MiB; a scenario is not that large");
  scan->places = g_array_new(FALSE, FALSE, sizeof(ScanPlace));
  scan->blanked = g_malloc(size + 1);
  memcpy(scan->blanked, bytes, size);
  scan->blanked[size] = '\0';
  Scanner scanner = {
    .file = file, .bytes = scan->blanked, .size = size, .places = scan->places, .mark_position = { 1, 1 }, .error = error
  };
  if (size >= 3 && memcmp(bytes, "\xef\xbb\xbf", 3) == 0) { /* a byte order mark, as Windows' editors write it: no column */
    memset(scan->blanked, ' ', 3);
    scanner.at = scanner.mark = 3;
  } else if (size >= 2 && ((bytes[0] == '\xff' && bytes[1] == '\xfe') || (bytes[0] == '\xfe' && bytes[1] == '\xff'))) {
    return fail_at(&scanner, 0, "UTF-16; a scenario is UTF-8");
  }
  if (!blanks_skip(&scanner))
    return false;
  if (scanner.at >= size)
    return fail_at(&scanner, scanner.at, "nothing is in this file; expected a scenario: { \"irqlab\": 1, ... }");
  if (!value_scan(&scanner) || !blanks_skip(&scanner))
    return false;
  if (scanner.at < size)
    return fail_expected(&scanner, "the end of the file behind the scenario");
  return true;
}

void scan_finish(Scan *scan) {
  if (scan->places != NULL)
    g_array_unref(scan->places);
  g_free(scan->blanked);
}
