/*
 * text.h: text of a scenario file with its place, errors that name the place, and suggestions for misspelt names.
 *
 * Everything wrong with the user's input is a GError of SCENARIO_ERROR whose message is ready to print:
 * `file:line:column: what, and what was expected`.
 */
#pragma once

#include <glib.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A place in a file; lines and columns from 1, columns in characters (code points; a tab is one). line 0: no place, the file as a whole. */
typedef struct TextPosition {
  uint32_t line;
  uint32_t column;
} TextPosition;

/* A string of the file: decoded, and where it stands. Borrowed from the scenario; text is never NULL but for an absent Text. */
typedef struct Text {
  const char *text;      /* decoded, UTF-8, no NUL inside; NULL: absent */
  const char *raw;       /* the file's bytes behind the opening quote; NULL: text does not stand in a file as it is */
  TextPosition position; /* of the opening quote */
} Text;

/* The place of text[offset], with escapes such as \" or \u0041 counted as they are written. */
TextPosition text_position(const Text *text, size_t offset);

#define SCENARIO_ERROR scenario_error_quark()
GQuark scenario_error_quark(void);

typedef enum ScenarioError {
  SCENARIO_ERROR_READ,        /* missing, unreadable, a folder, a device, too large */
  SCENARIO_ERROR_SYNTAX,      /* not JSON, or JSON beyond our bounds */
  SCENARIO_ERROR_FORMAT,      /* JSON, but no scenario: unknown keys, wrong types, unknown names, steps that do not parse */
  SCENARIO_ERROR_EXPECTATION, /* an expectation that can never hold */
} ScenarioError;

/* Sets *error to `file:line:column: MESSAGE`. Always returns false, so that a loader can `return text_error(...)`. */
bool text_error(GError **error, ScenarioError code, const char *file, TextPosition position, const char *format, ...) G_GNUC_PRINTF(5, 6);

/* The same with the arguments collected. */
bool text_error_valist(GError **error, ScenarioError code, const char *file, TextPosition position, const char *format, va_list arguments)
    G_GNUC_PRINTF(5, 0);

/* "\"TEXT\"", cut when it is long: for messages. Returns owned. */
char *text_quote(const char *text);

/* The name nearest to a misspelt one, by edit distance (case and separators count little), or NULL when none is near enough to be meant.
 * `name_at` returns the index-th name or NULL to pass it over. Ties go to the first. Borrowed from name_at. */
typedef const char *TextNameAt(const void *names, size_t index);
const char *text_nearest(const char *name, TextNameAt *name_at, const void *names, size_t count);

/* The same over an array of strings. */
const char *text_nearest_of(const char *name, const char *const *names, size_t count);

/* `; did you mean "NEAREST"?` or "" when there is none. Returns owned. */
char *text_suggestion(const char *nearest);
