/*
 * expect_load.h: what the parts of the loader of expectations share (expect_*.c).
 */
#pragma once

#include "load.h"
#include "words.h"

/* A thing of Windows that a scenario may name: "agent", "agent.receiver", "fw", "fw.gLock", "any process". */
typedef struct ExpectName {
  bool is_any;        /* of that kind */
  ObjectKind kind;    /* OBJECT_NONE: by its name alone */
  const char *driver; /* of a global or a function */
  const char *name;   /* NULL: the driver itself */
  bool is_code;       /* a function, or a driver's code */
} ExpectName;

/* `file:line:column: expectation can never hold: ...`. Returns false. */
bool expect_never(Loader *loader, TextPosition position, const char *format, ...) G_GNUC_PRINTF(3, 4);
/* The same for a name that nobody knows. */
bool expect_unknown(Loader *loader, TextPosition position, const char *kind, const char *name, const char *nearest);

/* What the name means; false without an error when it means nothing. */
bool expect_name_find(Loader *loader, const char *name, ExpectName *found);
/* The error for it, with the nearest name that is declared. */
bool expect_name_unknown(Loader *loader, const Text *text, const char *name);
/* "DRIVER" or "DRIVER.FUNCTION". */
bool expect_where_load(Loader *loader, const JsonValue *value, ExpectFinding *finding);

/* A DDI function or a callback type. */
bool expect_function_load(Loader *loader, TextPosition position, const char *name, const DdiFunction **function,
                          const DdiCallback **callback);
bool expect_cpu_load(Loader *loader, const JsonValue *value, int *cpu); /* NULL: -1 */
bool expect_count_load(Loader *loader, const JsonValue *value, Expectation *expectation);

void expect_count_print(GString *text, const Expectation *expectation); /* ", 3 times" where it is asked */

bool expect_event_load(Loader *loader, const JsonValue *value, Expectation *expectation);
bool expect_order_load(Loader *loader, const JsonValue *value, Expectation *expectation);
bool expect_state_load(Loader *loader, const JsonValue *value, Expectation *expectation);
bool expect_global_load(Loader *loader, const JsonValue *value, Expectation *expectation);
bool expect_bugcheck_load(Loader *loader, const JsonValue *value, Expectation *expectation);
bool expect_outcome_parse(Loader *loader, const Text *text, Expectation *expectation, bool *is_outcome);

/* All of them together: contradictions, what this machine cannot do, callbacks that nobody registers. */
bool expect_check(Loader *loader, const ExpectSet *set);
