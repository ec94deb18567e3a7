#include "json.h"

#include "scan.h"

#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- memory ---- */

static void *block_new(JsonDocument *document, size_t count, size_t size) {
  void *block = g_malloc0_n(count, size);
  g_ptr_array_add(document->blocks, block);
  return block;
}

void json_document_free(JsonDocument *document) {
  if (document == NULL)
    return;
  g_ptr_array_unref(document->blocks);
  g_free(document);
}

/* ---- json-c's tree and our places, walked side by side ---- */

typedef struct Builder {
  JsonDocument *document;
  const GArray *places;
  guint next;
} Builder;

static const ScanPlace *place_next(Builder *builder) {
  g_assert(builder->next < builder->places->len);
  return &g_array_index(builder->places, ScanPlace, builder->next++);
}

static Text text_build(Builder *builder, const char *string, const ScanPlace *place) {
  size_t size = strlen(string) + 1;
  char *copy = block_new(builder->document, size, 1);
  memcpy(copy, string, size);
  return (Text){ copy, builder->document->bytes + place->offset + 1, place->position };
}

static void number_build(const ScanPlace *place, struct json_object *object, JsonValue *value, const char *bytes) {
  value->kind = JSON_NUMBER;
  value->is_fraction = json_object_get_type(object) == json_type_double;
  value->is_negative = bytes[place->offset] == '-';
  if (!value->is_fraction)
    value->magnitude = value->is_negative ? 0 - (uint64_t)json_object_get_int64(object) : json_object_get_uint64(object);
  if (value->magnitude == 0)
    value->is_negative = false;
}

static void value_build(Builder *builder, struct json_object *object, JsonValue *value) {
  const ScanPlace *place = place_next(builder);
  value->position = place->position;
  switch (json_object_get_type(object)) {
  case json_type_null: value->kind = JSON_NULL; break;
  case json_type_boolean:
    value->kind = JSON_BOOLEAN;
    value->boolean = json_object_get_boolean(object) != 0;
    break;
  case json_type_int:
  case json_type_double: number_build(place, object, value, builder->document->bytes); break;
  case json_type_string:
    value->kind = JSON_STRING;
    value->text = text_build(builder, json_object_get_string(object), place);
    break;
  case json_type_array: {
    value->kind = JSON_LIST;
    value->count = json_object_array_length(object);
    JsonValue *items = block_new(builder->document, value->count, sizeof *items);
    value->items = items;
    for (size_t i = 0; i < value->count; i++)
      value_build(builder, json_object_array_get_idx(object, i), &items[i]);
    break;
  }
  case json_type_object: {
    value->kind = JSON_OBJECT;
    value->count = (size_t)json_object_object_length(object);
    JsonMember *members = block_new(builder->document, value->count, sizeof *members);
    value->members = members;
    size_t i = 0;
    json_object_object_foreach(object, name, child) { /* in the order of the file */
      members[i].key = text_build(builder, name, place_next(builder));
      value_build(builder, child, &members[i++].value);
    }
    break;
  }
  }
}

static bool tree_build(JsonDocument *document, const Scan *scan, GError **error) {
  const TextPosition whole = { 0, 0 };
  struct json_tokener *tokener = json_tokener_new_ex(SCAN_DEPTH_MAX + 2);
  if (tokener == NULL)
    return text_error(error, SCENARIO_ERROR_SYNTAX, document->file, whole, "no memory to parse it");
  json_tokener_set_flags(tokener, JSON_TOKENER_STRICT);
  struct json_object *root = json_tokener_parse_ex(tokener, scan->blanked, (int)document->size + 1); /* the NUL ends a last number */
  enum json_tokener_error result = json_tokener_get_error(tokener);
  size_t end = json_tokener_get_parse_end(tokener);
  json_tokener_free(tokener);
  bool is_whole = result == json_tokener_success && strspn(scan->blanked + MIN(end, document->size), " \t\r\n") + end >= document->size;
  if (is_whole) {
    Builder builder = { document, scan->places, 0 };
    value_build(&builder, root, &document->root);
    g_assert(builder.next == scan->places->len);
  } else { /* our scan is stricter than json-c: not reached */
    text_error(error, SCENARIO_ERROR_SYNTAX, document->file, whole, "not JSON: %s", json_tokener_error_desc(result));
  }
  json_object_put(root);
  return is_whole;
}

JsonDocument *json_document_parse(const char *file, const void *bytes, size_t size, GError **error) {
  JsonDocument *document = g_new0(JsonDocument, 1);
  document->blocks = g_ptr_array_new_with_free_func(g_free);
  document->file = g_strdup(file);
  g_ptr_array_add(document->blocks, (char *)document->file);
  Scan scan;
  bool ok = scan_bytes(&scan, file, bytes, size, error);
  if (ok) {
    char *copy = block_new(document, size + 1, 1);
    memcpy(copy, bytes, size);
    document->bytes = copy;
    document->size = size;
    ok = tree_build(document, &scan, error);
  }
  scan_finish(&scan);
  if (ok)
    return document;
  json_document_free(document);
  return NULL;
}

/* ---- reading ---- */

static bool read_error(const char *file, GError **error, const char *what) {
  return text_error(error, SCENARIO_ERROR_READ, file, (TextPosition){ 0, 0 }, "%s", what);
}

/* Opens what must be a regular file: nothing that could block or never end. */
static int regular_open(const char *file, GError **error) {
  struct stat status;
  int descriptor = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (descriptor < 0) {
    int why = errno;
    if (why == ENOENT && lstat(file, &status) == 0 && S_ISLNK(status.st_mode))
      read_error(file, error, "a symbolic link to a file that does not exist");
    else
      read_error(file, error, why == ENOENT ? "no such file" : g_strerror(why));
    return -1;
  }
  if (fstat(descriptor, &status) != 0)
    read_error(file, error, g_strerror(errno));
  else if (S_ISDIR(status.st_mode))
    read_error(file, error, "a folder; expected a scenario file");
  else if (!S_ISREG(status.st_mode))
    read_error(file, error, "not a regular file; expected a scenario file");
  else if (status.st_size > SCAN_SIZE_MAX)
    read_error(file, error, "larger than 16 MiB; a scenario is not that large");
  else
    return descriptor;
  close(descriptor);
  return -1;
}

JsonDocument *json_document_read(const char *file, GError **error) {
  int descriptor = regular_open(file, error);
  if (descriptor < 0)
    return NULL;
  g_autoptr(GByteArray) bytes = g_byte_array_new();
  guint8 buffer[16384];
  ssize_t got;
  while ((got = read(descriptor, buffer, sizeof buffer)) > 0 && bytes->len <= SCAN_SIZE_MAX)
    g_byte_array_append(bytes, buffer, (guint)got);
  int why = errno;
  close(descriptor);
  if (got < 0) {
    read_error(file, error, g_strerror(why));
    return NULL;
  }
  return json_document_parse(file, bytes->len == 0 ? (const void *)"" : bytes->data, bytes->len, error);
}

/* ---- looking ---- */

const JsonValue *json_get(const JsonValue *object, const char *key) {
  for (size_t i = 0; object->kind == JSON_OBJECT && i < object->count; i++)
    if (strcmp(object->members[i].key.text, key) == 0)
      return &object->members[i].value;
  return NULL;
}

char *json_describe(const JsonValue *value) {
  switch (value->kind) {
  case JSON_NULL: return g_strdup("null");
  case JSON_BOOLEAN: return g_strdup(value->boolean ? "true" : "false");
  case JSON_NUMBER:
    if (value->is_fraction)
      return g_strdup("a number with a fraction");
    return g_strdup_printf("the number %s%" G_GUINT64_FORMAT, value->is_negative ? "-" : "", value->magnitude);
  case JSON_STRING: {
    g_autofree char *quoted = text_quote(value->text.text);
    return g_strdup_printf("the string %s", quoted);
  }
  case JSON_LIST: return g_strdup(value->count == 0 ? "an empty list" : "a list");
  case JSON_OBJECT: return g_strdup(value->count == 0 ? "an empty object" : "an object");
  }
  return g_strdup("?");
}
