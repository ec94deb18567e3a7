/*
 * cause.h: why only sometimes: what a schedule's outcome is to be put down to, and how the same call came out elsewhere.
 */
#pragma once

#include "names.h"

/* What made the run come out as it did, in one line: "irql-too-high at FltSendMessage, fw.classify step 3, in a DPC (kernel client)"; "" when it is
 * clean. Returns owned. */
char *cause_words(const Names *names, const RunResult *result);

/* How calls of one function from one place in the driver came out, by the kind of context and the IRQL they were made in. */
typedef struct CauseTable CauseTable;

CauseTable *cause_table_new(uint32_t function, uint32_t site);
void cause_table_free(CauseTable *table);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CauseTable, cause_table_free)

/* Adds the calls of one run. The machine must be as the run left it. */
void cause_table_add(CauseTable *table, const Names *names, const RunResult *result);

/* One line for each way it came out; NULL when it came out in one way only. NULL-terminated; returns owned. */
char **cause_table_lines(const CauseTable *table);
