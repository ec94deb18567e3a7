#include "outline.h"

#include "scan.h"

#include <string.h>

/* The scanner has checked the bytes: what is read here is JSON to the letter, of a bounded depth. */
typedef struct Reader {
  const char *text;
  size_t at;
} Reader;

static void outline_free_one(gpointer outline) { outline_free(outline); }

void outline_free(Outline *outline) {
  if (outline == NULL)
    return;
  g_ptr_array_unref(outline->children);
  g_free(outline->key);
  g_free(outline);
}

static void blanks_skip(Reader *reader) { reader->at += strspn(reader->text + reader->at, " \t\r\n"); }

static void string_skip(Reader *reader) {
  reader->at++;
  while (reader->text[reader->at] != '"')
    reader->at += reader->text[reader->at] == '\\' ? 2 : 1;
  reader->at++;
}

static Outline *value_read(Reader *reader);

static Outline *member_read(Reader *reader) {
  size_t begin = reader->at;
  string_skip(reader);
  char *key = g_strndup(reader->text + begin + 1, reader->at - begin - 2);
  blanks_skip(reader);
  reader->at++; /* the colon */
  Outline *value = value_read(reader);
  value->key = key;
  value->key_begin = begin;
  return value;
}

static void children_read(Reader *reader, Outline *parent) {
  bool is_object = parent->first == '{';
  reader->at++;
  blanks_skip(reader);
  while (reader->text[reader->at] != (is_object ? '}' : ']')) {
    g_ptr_array_add(parent->children, is_object ? member_read(reader) : value_read(reader));
    blanks_skip(reader);
    if (reader->text[reader->at] == ',')
      reader->at++;
    blanks_skip(reader);
  }
  reader->at++;
}

static Outline *value_read(Reader *reader) {
  Outline *value = g_new0(Outline, 1);
  blanks_skip(reader);
  value->children = g_ptr_array_new_with_free_func(outline_free_one);
  value->begin = value->key_begin = reader->at;
  value->first = reader->text[reader->at];
  if (value->first == '{' || value->first == '[')
    children_read(reader, value);
  else if (value->first == '"')
    string_skip(reader);
  else
    reader->at += strcspn(reader->text + reader->at, ",]} \t\r\n");
  value->end = reader->at;
  return value;
}

Outline *outline_parse(const char *file, const char *text, GError **error) {
  Scan scan = { 0 };
  Outline *outline = NULL;
  if (scan_bytes(&scan, file, text, strlen(text), error))
    outline = value_read(&(Reader){ .text = scan.blanked });
  scan_finish(&scan);
  return outline;
}

/* ---- looking and changing ---- */

const Outline *outline_member(const Outline *object, const char *key) {
  for (guint i = 0; object != NULL && object->first == '{' && i < object->children->len; i++) {
    const Outline *child = g_ptr_array_index(object->children, i);
    if (strcmp(child->key, key) == 0)
      return child;
  }
  return NULL;
}

static char *spliced(const char *text, size_t begin, size_t end, const char *by) {
  g_autofree char *head = g_strndup(text, begin);
  return g_strconcat(head, by, text + end, NULL);
}

void outline_range(const Outline *parent, guint index, size_t *begin, size_t *end) {
  const Outline *child = g_ptr_array_index(parent->children, index);
  bool is_last = index + 1 == parent->children->len;
  if (!is_last) {
    *begin = child->key_begin;
    *end = ((const Outline *)g_ptr_array_index(parent->children, index + 1))->key_begin;
  } else if (index > 0) {
    *begin = ((const Outline *)g_ptr_array_index(parent->children, index - 1))->end;
    *end = child->end;
  } else {
    *begin = parent->begin + 1;
    *end = parent->end - 1;
  }
}

char *outline_without(const char *text, const Outline *parent, guint index) {
  size_t begin, end;
  outline_range(parent, index, &begin, &end);
  return spliced(text, begin, end, "");
}

char *outline_replaced(const char *text, const Outline *value, const char *by) { return spliced(text, value->begin, value->end, by); }

char *outline_with_member(const char *text, const Outline *object, const char *key, const char *value) {
  const Outline *known = outline_member(object, key);
  if (known != NULL)
    return outline_replaced(text, known, value);
  guint count = object->children->len;
  size_t at = count > 0 ? ((const Outline *)g_ptr_array_index(object->children, count - 1))->end : object->begin + 1;
  g_autofree char *member = g_strdup_printf("%s\n  \"%s\": %s", count > 0 ? "," : "", key, value);
  return spliced(text, at, at, member);
}

char *outline_text(const char *text, const Outline *value) {
  bool is_string = value->first == '"';
  return g_strndup(text + value->begin + is_string, value->end - value->begin - 2 * is_string);
}
