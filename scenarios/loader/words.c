#include "words.h"

#include <string.h>

#define NS_PER_DAY (86400ull * 1000000000)

static const char *rest(Words *words) {
  while (words->text.text[words->at] == ' ' || words->text.text[words->at] == '\t')
    words->at++;
  return words->text.text + words->at;
}

static bool is_word(char byte) { return g_ascii_isalnum(byte) || byte == '_'; }

/* ---- the cursor ---- */

bool words_is_end(Words *words) { return *rest(words) == '\0'; }

bool words_is_next(Words *words, const char *literal) {
  size_t length = strlen(literal);
  const char *at = rest(words);
  return strncmp(at, literal, length) == 0 && !(is_word(literal[length - 1]) && is_word(at[length]));
}

bool words_accept(Words *words, const char *literal) {
  if (!words_is_next(words, literal))
    return false;
  words->at += strlen(literal);
  return true;
}

bool words_fail(Words *words, const char *expected) {
  const char *at = rest(words);
  TextPosition position = text_position(&words->text, words->at);
  if (*at == '\0')
    return load_fail(words->loader, position, "expected %s, found the end of the text", expected);
  g_autofree char *quoted = text_quote(at);
  return load_fail(words->loader, position, "expected %s, found %s", expected, quoted);
}

bool words_expect(Words *words, const char *literal) {
  if (words_accept(words, literal))
    return true;
  g_autofree char *expected = g_strdup_printf("`%s`", literal);
  return words_fail(words, expected);
}

bool words_end(Words *words, bool with_remark) {
  if (with_remark && *rest(words) == '(') {
    const char *end = strchr(rest(words), ')');
    if (end == NULL)
      return words_fail(words, "a remark in parentheses");
    words->at = (size_t)(end + 1 - words->text.text);
  }
  return words_is_end(words) || words_fail(words, "the end of the text");
}

/* ---- names and strings ---- */

const char *words_name(Words *words) {
  const char *at = rest(words);
  size_t length = 0;
  while (is_word(at[length]))
    length++;
  if (length == 0 || g_ascii_isdigit(*at))
    return NULL;
  words->at += length;
  return load_take(words->loader, g_strndup(at, length));
}

const char *words_string(Words *words) {
  const char *at = rest(words);
  const char *end = *at == '"' ? strchr(at + 1, '"') : NULL;
  if (end == NULL)
    return NULL;
  words->at = (size_t)(end + 1 - words->text.text);
  g_autofree char *inner = g_strndup(at + 1, (gsize)(end - at - 1));
  return load_take(words->loader, g_strcompress(inner)); /* C's own escapes, as "\\\\.\\Name" is written in driver code */
}

/* ---- numbers ---- */

static bool number_take(Words *words, uint64_t *number) {
  const char *at = rest(words);
  bool is_hex = at[0] == '0' && (at[1] == 'x' || at[1] == 'X');
  if (!g_ascii_isdigit(*at) || (is_hex && !g_ascii_isxdigit(at[2])))
    return false;
  g_autofree char *digits = NULL;
  size_t length = is_hex ? 2 : 0;
  while (is_hex ? g_ascii_isxdigit(at[length]) : g_ascii_isdigit(at[length]))
    length++;
  digits = g_strndup(at + (is_hex ? 2 : 0), length - (is_hex ? 2 : 0));
  if (is_word(at[length]) || !g_ascii_string_to_unsigned(digits, is_hex ? 16 : 10, 0, UINT64_MAX, number, NULL))
    return false;
  words->at += length;
  return true;
}

bool words_number(Words *words, uint64_t lowest, uint64_t highest, uint64_t *number) {
  size_t begin = words->at;
  if (number_take(words, number) && *number >= lowest && *number <= highest)
    return true;
  words->at = begin;
  g_autofree char *expected = highest == UINT64_MAX
                                  ? g_strdup("a whole number")
                                  : g_strdup_printf("a number from %" G_GUINT64_FORMAT " to %" G_GUINT64_FORMAT, lowest, highest);
  return words_fail(words, expected);
}

static const char *constant_at(const void *names, size_t index) {
  (void)names;
  return ddi_constants[index].name;
}

bool words_value(Words *words, int64_t *value) {
  bool is_negative = words_accept(words, "-");
  uint64_t magnitude;
  if (g_ascii_isdigit(*rest(words))) {
    if (!words_number(words, 0, is_negative ? 1ull << 63 : UINT64_MAX, &magnitude))
      return false;
    *value = (int64_t)(is_negative ? 0 - magnitude : magnitude);
    return true;
  }
  size_t begin = words->at;
  const char *name = is_negative ? NULL : words_name(words);
  if (name == NULL)
    return words_fail(words, "a number or a constant such as TRUE or STATUS_SUCCESS");
  const DdiConstant *constant = ddi_constant_find(name);
  if (constant == NULL) {
    g_autofree char *suggestion = text_suggestion(text_nearest(name, constant_at, NULL, ddi_constant_count));
    return load_fail(words->loader, text_position(&words->text, begin), "unknown constant \"%s\"%s", name, suggestion);
  }
  *value = constant->value;
  return true;
}

bool words_value_whole(Loader *loader, const JsonValue *value, const char *key, int64_t *result) {
  if (value->kind == JSON_NUMBER && !value->is_fraction) {
    *result = (int64_t)(value->is_negative ? 0 - value->magnitude : value->magnitude);
    return true;
  }
  if (value->kind == JSON_BOOLEAN) {
    *result = value->boolean;
    return true;
  }
  if (value->kind != JSON_STRING)
    return load_expected(loader, value, key, "a number or the name of a constant");
  Words words = words_begin(loader, value->text);
  return words_value(&words, result) && words_end(&words, false);
}

/* ---- times ---- */

/* DIGITS[.DIGITS]UNIT as whole nanoseconds; its length, or 0. */
static size_t duration_take(const char *text, uint64_t *duration_ns) {
  static const struct {
    const char *name;
    uint64_t ns;
  } units[] = { { "ns", 1 }, { "us", 1000 }, { "ms", 1000000 }, { "s", 1000000000 } };
  size_t at = 0, fraction = 0;
  uint64_t digits = 0;
  bool has_point = false;
  for (; g_ascii_isdigit(text[at]) || (text[at] == '.' && !has_point && at > 0); at++) {
    if (text[at] == '.') {
      has_point = true;
      continue;
    }
    if (digits > UINT64_MAX / 10 - 9)
      return 0;
    digits = digits * 10 + (uint64_t)(text[at] - '0');
    fraction += has_point;
  }
  if (at == 0 || (has_point && fraction == 0))
    return 0;
  while (text[at] == ' ')
    at++;
  for (size_t i = 0; i < G_N_ELEMENTS(units); i++) {
    size_t length = strlen(units[i].name);
    if (strncmp(text + at, units[i].name, length) != 0 || is_word(text[at + length]))
      continue;
    uint64_t unit = units[i].ns;
    for (; fraction > 0 && unit % 10 == 0; fraction--)
      unit /= 10;
    if (fraction > 0 || digits > NS_PER_DAY / unit)
      return 0;
    *duration_ns = digits * unit;
    return at + length;
  }
  return 0;
}

bool load_duration_parse(const char *text, uint64_t *duration_ns) {
  size_t length = duration_take(text, duration_ns);
  return length > 0 && text[length] == '\0';
}

bool words_duration(Words *words, uint64_t *duration_ns) {
  size_t length = duration_take(rest(words), duration_ns);
  words->at += length;
  return length > 0 || words_fail(words, "a time such as 5ms");
}

/* ---- addresses ---- */

bool words_address(Words *words, uint32_t *address) {
  const char *at = rest(words);
  size_t length = 0;
  *address = 0;
  for (unsigned part = 0; part < 4; part++) {
    unsigned value = 0, count = 0;
    if (part > 0 && at[length++] != '.')
      return words_fail(words, "an IPv4 address such as 10.0.0.1");
    for (; g_ascii_isdigit(at[length]) && count < 4; count++)
      value = value * 10 + (unsigned)(at[length++] - '0');
    if (count == 0 || value > 255)
      return words_fail(words, "an IPv4 address such as 10.0.0.1");
    *address = *address << 8 | value;
  }
  words->at += length;
  return true;
}

bool words_endpoint(Words *words, ScenarioEndpoint *endpoint) {
  uint64_t port = 0;
  if (!words_address(words, &endpoint->address) || !words_expect(words, ":") || !words_number(words, 1, 65535, &port))
    return false;
  endpoint->port = (uint16_t)port;
  return true;
}

bool words_connection(Words *words, ScenarioConnection *connection) {
  connection->text = words->text;
  return words_endpoint(words, &connection->local) && words_expect(words, "->") && words_endpoint(words, &connection->remote);
}

bool words_connection_whole(Loader *loader, const JsonValue *value, const char *key, ScenarioConnection *connection) {
  Text text;
  if (!load_text(loader, value, key, &text))
    return false;
  Words words = words_begin(loader, text);
  return words_connection(&words, connection) && words_end(&words, true);
}

/* ---- levels ---- */

bool words_irql(Words *words, SimIrql *irql) {
  static const LoadWord levels[] = {
    { "PASSIVE_LEVEL", SIM_IRQL_PASSIVE }, { "APC_LEVEL", SIM_IRQL_APC }, { "DISPATCH_LEVEL", SIM_IRQL_DISPATCH },
    { "CLOCK_LEVEL", SIM_IRQL_CLOCK },     { "IPI_LEVEL", SIM_IRQL_IPI }, { "HIGH_LEVEL", SIM_IRQL_HIGH },
  };
  for (size_t i = 0; i < G_N_ELEMENTS(levels); i++)
    if (words_accept(words, levels[i].word)) {
      *irql = (SimIrql)levels[i].value;
      return true;
    }
  size_t begin = words->at;
  uint64_t level;
  if (words_accept(words, "DIRQL") && number_take(words, &level) && level >= SIM_IRQL_DEVICE_LOWEST && level <= SIM_IRQL_DEVICE_HIGHEST) {
    *irql = (SimIrql)level;
    return true;
  }
  words->at = begin;
  return false;
}
