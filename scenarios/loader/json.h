/*
 * json.h: the JSON of a scenario file as an immutable tree in which each key and each value knows its line and column.
 *
 * json-c parses, strictly; a scanner of our own (scan.h) has before that bounded the file, found duplicate keys and recorded the places, which
 * json-c does not keep. Numbers are whole: nothing in a scenario is a fraction.
 */
#pragma once

#include "text.h"

typedef enum JsonKind { JSON_NULL, JSON_BOOLEAN, JSON_NUMBER, JSON_STRING, JSON_LIST, JSON_OBJECT } JsonKind;

typedef struct JsonValue JsonValue;
typedef struct JsonMember JsonMember;

struct JsonValue {
  JsonKind kind;
  TextPosition position;
  bool boolean;     /* JSON_BOOLEAN */
  bool is_negative; /* JSON_NUMBER: the value is -magnitude, and fits int64_t */
  bool is_fraction; /* JSON_NUMBER with a fraction or an exponent: magnitude means nothing */
  uint64_t magnitude;
  Text text;                 /* JSON_STRING */
  size_t count;              /* JSON_LIST, JSON_OBJECT: in the order of the file */
  const JsonValue *items;    /* JSON_LIST */
  const JsonMember *members; /* JSON_OBJECT */
};

struct JsonMember {
  Text key;
  JsonValue value;
};

/* A parsed file. Owned by whoever parsed it; everything in it lives as long as it does. */
typedef struct JsonDocument {
  const char *file; /* as the user wrote it: for messages */
  const char *bytes;
  size_t size;
  JsonValue root;
  GPtrArray *blocks; /* what is to be freed */
} JsonDocument;

/* Reads a regular file of up to 16 MiB. NULL with error. Returns owned. */
JsonDocument *json_document_read(const char *file, GError **error);

/* Parses any bytes, which are copied. `file` is the name for messages. NULL with error. Returns owned. */
JsonDocument *json_document_parse(const char *file, const void *bytes, size_t size, GError **error);
void json_document_free(JsonDocument *document);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(JsonDocument, json_document_free)

/* The value of a key, or NULL. Borrowed. */
const JsonValue *json_get(const JsonValue *object, const char *key);

/* "a list", "the string \"vista\"", "the number 7", "true": what stands there, for messages. Returns owned. */
char *json_describe(const JsonValue *value);
