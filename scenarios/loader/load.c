#include "load.h"

#include <string.h>

/* ---- memory ---- */

void *load_new(Loader *loader, size_t count, size_t size) {
  void *block = g_malloc0_n(MAX(count, 1), size);
  g_ptr_array_add(loader->scenario->blocks, block);
  return block;
}

char *load_take(Loader *loader, char *string) {
  g_ptr_array_add(loader->scenario->blocks, string);
  return string;
}

char *load_string(Loader *loader, const char *string) { return load_take(loader, g_strdup(string)); }

const char *load_format(Loader *loader, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  char *string = g_strdup_vprintf(format, arguments);
  va_end(arguments);
  return load_take(loader, string);
}

/* ---- errors ---- */

bool load_fail(Loader *loader, TextPosition position, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  text_error_valist(loader->error, SCENARIO_ERROR_FORMAT, loader->scenario->file, position, format, arguments);
  va_end(arguments);
  return false;
}

bool load_expected(Loader *loader, const JsonValue *value, const char *key, const char *expected) {
  g_autofree char *found = json_describe(value);
  return load_fail(loader, value->position, "\"%s\": expected %s, found %s", key, expected, found);
}

bool load_unknown(Loader *loader, const Text *text, const char *kind, const char *name, const char *nearest) {
  g_autofree char *quoted = text_quote(name);
  g_autofree char *suggestion = text_suggestion(nearest);
  return load_fail(loader, text->position, "unknown %s %s%s", kind, quoted, suggestion);
}

/* ---- objects ---- */

static size_t key_count(const LoadKeys *keys) {
  size_t count = 0;
  while (count < LOAD_KEY_COUNT_MAX && keys->keys[count] != NULL)
    count++;
  return count;
}

static bool key_unknown(Loader *loader, const Text *key, const LoadKeys *keys) {
  const char *nearest = text_nearest_of(key->text, keys->keys, key_count(keys));
  g_autofree char *quoted = text_quote(key->text);
  if (nearest != NULL)
    return load_fail(loader, key->position, "unknown key %s in %s; did you mean \"%s\"?", quoted, keys->title, nearest);
  g_autofree char *known = g_strjoinv(", ", (char **)keys->keys);
  return load_fail(loader, key->position, "unknown key %s in %s; expected one of %s", quoted, keys->title, known);
}

bool load_object(Loader *loader, const JsonValue *value, const char *key, LoadObject kind) {
  const LoadKeys *keys = &load_keys[kind];
  if (value->kind != JSON_OBJECT) {
    g_autofree char *expected = g_strdup_printf("an object, { ... }, for %s", keys->title);
    return load_expected(loader, value, key, expected);
  }
  for (size_t i = 0; i < value->count; i++) {
    size_t at = 0;
    while (keys->keys[at] != NULL && strcmp(keys->keys[at], value->members[i].key.text) != 0)
      at++;
    if (keys->keys[at] == NULL)
      return key_unknown(loader, &value->members[i].key, keys);
  }
  for (size_t i = 0; i < G_N_ELEMENTS(keys->required) && keys->required[i] != NULL; i++)
    if (json_get(value, keys->required[i]) == NULL)
      return load_fail(loader, value->position, "%s needs the key \"%s\"", keys->title, keys->required[i]);
  return true;
}

/* ---- values ---- */

static bool many_check(Loader *loader, const JsonValue *value, const char *key, JsonKind kind, size_t most, const char *expected) {
  if (value->kind != kind)
    return load_expected(loader, value, key, expected);
  return value->count <= most ||
         load_fail(loader, value->position, "\"%s\" has %zu elements; at most %zu are allowed", key, value->count, most);
}

bool load_list(Loader *loader, const JsonValue *value, const char *key, const char *of) {
  g_autofree char *expected = g_strdup_printf("a list of %s", of);
  return many_check(loader, value, key, JSON_LIST, LOAD_COUNT_MAX, expected);
}

bool load_named(Loader *loader, const JsonValue *value, const char *key, const char *of) {
  g_autofree char *expected = g_strdup_printf("an object of %s", of);
  return many_check(loader, value, key, JSON_OBJECT, LOAD_NAME_COUNT_MAX, expected);
}

bool load_text(Loader *loader, const JsonValue *value, const char *key, Text *text) {
  if (value->kind != JSON_STRING)
    return load_expected(loader, value, key, "a string");
  if (*value->text.text == '\0')
    return load_fail(loader, value->position, "\"%s\" is empty", key);
  *text = value->text;
  return true;
}

bool load_number(Loader *loader, const JsonValue *value, const char *key, uint64_t lowest, uint64_t highest, uint64_t *number) {
  bool is_one = value->kind == JSON_NUMBER && !value->is_fraction && !value->is_negative;
  if (is_one && value->magnitude >= lowest && value->magnitude <= highest) {
    *number = value->magnitude;
    return true;
  }
  g_autofree char *expected = highest == UINT64_MAX
                                  ? g_strdup_printf("a whole number from %" G_GUINT64_FORMAT " on", lowest)
                                  : g_strdup_printf("a whole number from %" G_GUINT64_FORMAT " to %" G_GUINT64_FORMAT, lowest, highest);
  return load_expected(loader, value, key, expected);
}

bool load_duration(Loader *loader, const JsonValue *value, const char *key, uint64_t *duration_ns) {
  if (value->kind == JSON_STRING && load_duration_parse(value->text.text, duration_ns))
    return true;
  return load_expected(loader, value, key, "a time such as \"1ms\", \"2.5us\", \"300ns\" or \"10s\", of at most a day");
}

bool load_texts(Loader *loader, const JsonValue *value, const char *key, const Text **texts, size_t *count) {
  bool is_list = value->kind == JSON_LIST;
  if (!is_list && value->kind != JSON_STRING)
    return load_expected(loader, value, key, "a string or a list of strings");
  if (is_list && !load_list(loader, value, key, "strings"))
    return false;
  *count = is_list ? value->count : 1;
  Text *list = load_new(loader, *count, sizeof *list);
  *texts = list;
  for (size_t i = 0; i < *count; i++)
    if (!load_text(loader, is_list ? &value->items[i] : value, key, &list[i]))
      return false;
  return true;
}

static const char *word_at(const void *words, size_t index) { return ((const LoadWord *)words)[index].word; }

bool load_word(Loader *loader, const JsonValue *value, const char *key, const LoadWord *words, size_t count, unsigned *result) {
  for (size_t i = 0; value->kind == JSON_STRING && i < count; i++)
    if (strcmp(words[i].word, value->text.text) == 0) {
      *result = words[i].value;
      return true;
    }
  g_autoptr(GString) expected = g_string_new(NULL);
  for (size_t i = 0; i < count; i++)
    g_string_append_printf(expected, "%s\"%s\"", i == 0 ? "" : i == count - 1 ? " or " : ", ", words[i].word);
  const char *nearest = value->kind == JSON_STRING ? text_nearest(value->text.text, word_at, words, count) : NULL;
  g_autofree char *found = json_describe(value);
  g_autofree char *suggestion = text_suggestion(nearest);
  return load_fail(loader, value->position, "\"%s\": expected %s, found %s%s", key, expected->str, found, suggestion);
}

static const char *constant_at(const void *prefix, size_t index) {
  const char *name = ddi_constants[index].name;
  return g_str_has_prefix(name, prefix) ? name : NULL;
}

bool load_flags(Loader *loader, const JsonValue *value, const char *key, const char *prefix, uint32_t *flags) {
  const Text *texts = NULL;
  size_t count = 0;
  if (!load_texts(loader, value, key, &texts, &count))
    return false;
  for (size_t i = 0; i < count; i++) {
    const DdiConstant *constant = ddi_constant_find(texts[i].text);
    if (constant == NULL || !g_str_has_prefix(texts[i].text, prefix)) {
      g_autofree char *kind = g_strdup_printf("flag (%s...)", prefix);
      return load_unknown(loader, &texts[i], kind, texts[i].text, text_nearest(texts[i].text, constant_at, prefix, ddi_constant_count));
    }
    *flags |= (uint32_t)constant->value;
  }
  return true;
}

bool load_name(Loader *loader, const Text *key, const char *kind) {
  bool is_good = g_ascii_isalpha(*key->text) || *key->text == '_';
  for (const char *c = key->text; is_good && *c != '\0'; c++)
    is_good = g_ascii_isalnum(*c) || *c == '_';
  if (is_good && strlen(key->text) < OBJECT_NAME_SIZE)
    return true;
  g_autofree char *quoted = text_quote(key->text);
  return load_fail(loader, key->position, "%s is no name for a %s; expected a C identifier of at most %d characters", quoted, kind,
                   OBJECT_NAME_SIZE - 1);
}
