/*
 * words.h: the small languages inside strings: "10.0.0.1:49152 -> 192.0.2.7:443", "dpc on cpu 0", "reply(message, TRUE)". A cursor over a
 * text; errors name the column. All functions skip blanks first.
 */
#pragma once

#include "load.h"

typedef struct Words {
  Loader *loader;
  Text text;
  size_t at;
} Words;

static inline Words words_begin(Loader *loader, Text text) { return (Words){ loader, text, 0 }; }

bool words_is_end(Words *words);
/* Takes the literal when it is next: words as whole words, anything else to the letter. */
bool words_accept(Words *words, const char *literal);
bool words_is_next(Words *words, const char *literal); /* the same without taking it */
/* `expected EXPECTED, found "..."`, with the column. Returns false. */
bool words_fail(Words *words, const char *expected);
bool words_expect(Words *words, const char *literal);
/* Nothing but blanks, or a remark in parentheses where one is allowed, is left. */
bool words_end(Words *words, bool with_remark);

/* A C identifier, or NULL with nothing taken. Owned by the scenario. */
const char *words_name(Words *words);
/* A string in double quotes (\" in the file), or NULL with nothing taken. Owned by the scenario. */
const char *words_string(Words *words);
bool words_number(Words *words, uint64_t lowest, uint64_t highest, uint64_t *number); /* decimal or 0x; sets the error */
/* A number, TRUE, FALSE or a constant of the headers; sets the error. */
bool words_value(Words *words, int64_t *value);
bool words_duration(Words *words, uint64_t *duration_ns); /* "5ms"; sets the error */
bool words_address(Words *words, uint32_t *address);
bool words_endpoint(Words *words, ScenarioEndpoint *endpoint);
bool words_connection(Words *words, ScenarioConnection *connection); /* "A:P -> B:P" */
bool words_irql(Words *words, SimIrql *irql); /* "DISPATCH_LEVEL", "DIRQL 5"; false, taken nothing and no error: none */

/* A constant expression that stands alone in a string: "3", "-1", "TRUE", "STATUS_TIMEOUT", "0x1f". */
bool words_value_whole(Loader *loader, const JsonValue *value, const char *key, int64_t *result);
bool words_connection_whole(Loader *loader, const JsonValue *value, const char *key, ScenarioConnection *connection);
