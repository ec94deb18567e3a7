/*
 * load.h: what the parts of the loader share (load_*.c, expect_*.c): memory of the scenario, typed values of the JSON tree, errors.
 *
 * Every function that returns bool returns false with the loader's error set; whatever was loaded until then is freed with the scenario.
 */
#pragma once

#include "scenario.h"

typedef struct Loader {
  Scenario *scenario;
  GError **error;
} Loader;

/* ---- memory: zeroed, freed with the scenario ---- */

void *load_new(Loader *loader, size_t count, size_t size);
char *load_string(Loader *loader, const char *string); /* a copy */
char *load_take(Loader *loader, char *string);         /* takes it (g_free) */
const char *load_format(Loader *loader, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* ---- errors ---- */

bool load_fail(Loader *loader, TextPosition position, const char *format, ...) G_GNUC_PRINTF(3, 4);
/* `"KEY": expected EXPECTED, found the string "x"`. */
bool load_expected(Loader *loader, const JsonValue *value, const char *key, const char *expected);
/* `unknown KIND "NAME"; did you mean "NEAREST"?`, at the text. */
bool load_unknown(Loader *loader, const Text *text, const char *kind, const char *name, const char *nearest);

/* ---- objects and their keys ---- */

/* The objects of the format. Their keys stand in load_keys.c, and under the same name in schema.json's $defs. */
typedef enum LoadObject {
  LOAD_SCENARIO,
  LOAD_MACHINE,
  LOAD_DRIVER_SOURCE,
  LOAD_FUNCTION,
  LOAD_CALLOUT,
  LOAD_SUBLAYER,
  LOAD_FILTER,
  LOAD_CONDITIONS,
  LOAD_PROCESS,
  LOAD_THREAD,
  LOAD_SCRIPT_FOREVER,
  LOAD_SCRIPT_REPEAT,
  LOAD_STIMULUS,
  LOAD_POLICY,
  LOAD_POLICY_REPLAY,
  LOAD_FAULT,
  LOAD_BUDGET,
  LOAD_EXPECT,
  LOAD_EXPECT_BUGCHECK,
  LOAD_EXPECT_FINDING,
  LOAD_EXPECT_EVENT,
  LOAD_EXPECT_ORDER,
  LOAD_EXPECT_OUTCOME,
  LOAD_EXPECT_STATE,
  LOAD_EXPECT_GLOBAL,
  LOAD_OBJECT_COUNT,
} LoadObject;

#define LOAD_KEY_COUNT_MAX 24

typedef struct LoadKeys {
  const char *name;                     /* in schema.json's $defs */
  const char *title;                    /* in messages: `unknown key "x" in TITLE` */
  const char *keys[LOAD_KEY_COUNT_MAX]; /* NULL behind the last */
  const char *required[3];
} LoadKeys;

extern const LoadKeys load_keys[LOAD_OBJECT_COUNT];

/* The value is an object with only known keys and all required ones. `key`: what it stands under, for messages. */
bool load_object(Loader *loader, const JsonValue *value, const char *key, LoadObject kind);

/* ---- typed values; `key` is what the value stands under, for messages ---- */

/* More than any scenario needs, and few enough that what is quadratic stays quick. */
#define LOAD_COUNT_MAX 4096
#define LOAD_NAME_COUNT_MAX 512

bool load_list(Loader *loader, const JsonValue *value, const char *key, const char *of); /* a list of OF */
bool load_named(Loader *loader, const JsonValue *value, const char *key,
                const char *of);                                                     /* an object whose keys are names: an object of OF */
bool load_text(Loader *loader, const JsonValue *value, const char *key, Text *text); /* a string that is not empty */
bool load_number(Loader *loader, const JsonValue *value, const char *key, uint64_t lowest, uint64_t highest, uint64_t *number);
bool load_duration(Loader *loader, const JsonValue *value, const char *key, uint64_t *duration_ns); /* "1.5ms" */

bool load_duration_parse(const char *text, uint64_t *duration_ns); /* false: it is no time; no error is set */

/* A string or a list of strings, copied to a C array. */
bool load_texts(Loader *loader, const JsonValue *value, const char *key, const Text **texts, size_t *count);

/* One of some words, each of which stands for a number. */
typedef struct LoadWord {
  const char *word;
  unsigned value;
} LoadWord;
bool load_word(Loader *loader, const JsonValue *value, const char *key, const LoadWord *words, size_t count, unsigned *result);
#define LOAD_WORD(loader, value, key, words, result) load_word(loader, value, key, words, G_N_ELEMENTS(words), result)

/* A list of named constants of the headers with a prefix (FWPM_FILTER_FLAG_...), or'ed. */
bool load_flags(Loader *loader, const JsonValue *value, const char *key, const char *prefix, uint32_t *flags);

/* A name for things of ours (drivers, processes, functions): a C identifier. */
bool load_name(Loader *loader, const Text *key, const char *kind);

/* ---- the parts, in the order in which they are loaded ---- */

bool load_drivers(Loader *loader, const JsonValue *value);
bool load_machine(Loader *loader, const JsonValue *value); /* NULL: all as by default */
bool load_callouts(Loader *loader, const JsonValue *callouts, const JsonValue *sublayers, const JsonValue *filters);
bool load_processes(Loader *loader, const JsonValue *value);
bool load_script(Loader *loader, const JsonValue *value, const char *key, ScenarioScript *script);
bool load_traffic(Loader *loader, const JsonValue *value);
bool load_policy(Loader *loader, const JsonValue *value);
bool load_budget(Loader *loader, const JsonValue *value);
bool load_faults(Loader *loader, const JsonValue *value);
bool load_expectations(Loader *loader, const JsonValue *value);

/* Kinds of choices by name, one or a list, or "all": bits, as SimRunOptions.varies. */
bool load_varies(Loader *loader, const JsonValue *value, uint32_t *varies);

/* "fw.classify": a function of a driver, which Windows calls as one of the callback types named (the first where it says nothing itself). */
bool load_routine(Loader *loader, const JsonValue *value, const char *key, const char *const *callbacks, ScenarioRoutine *routine);

/* A driver by name, with a suggestion where there is none. */
bool load_driver_name(Loader *loader, const Text *text, const char *name, const ScenarioDriver **driver);
