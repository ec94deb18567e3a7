/*
 * table.h: a DDI of a few rows and types, under the names of model/ddi/ddi.h, so that these tests need no Windows: the step language knows
 * of Windows only what the table says.
 */
#pragma once

#include "model/ddi/ddi.h"

#include <stddef.h>

#define TABLE_LOG_COUNT 64

/* What the functions of the table did, in a run. */
typedef struct TableLog {
  uint64_t values[TABLE_LOG_COUNT]; /* TestLog(VALUE), DbgPrint's arguments */
  uint32_t count;
} TableLog;

extern TableLog table_log;

/* Calls a callback: set by the fixture. */
extern uint64_t (*table_call)(uint64_t function, const uint64_t *arguments, unsigned count);
