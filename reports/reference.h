/*
 * reference.h: the reference pages that the DDI table generates, as data: a prototype and the lines about it, one entry a function or callback.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

typedef struct ReferenceEntry {
  const char *name; /* "FltSendMessage" */
  const char *text; /* Markdown: a ```c block with the prototype, then a list */
} ReferenceEntry;

extern const ReferenceEntry reference_entries[]; /* sorted by name (strcmp) */
extern const size_t reference_entry_count;

/* NULL: there is none. */
const ReferenceEntry *reference_find(const char *name);

/* Is the function's result of that type, as its prototype spells it ("NTSTATUS", "KIRQL")? */
bool reference_returns(const ReferenceEntry *entry, const char *type);

/* The line of the entry about a parameter: "in, `SenderBufferLength` bytes"; NULL: none. The text goes on behind it: *length are its characters. */
const char *reference_parameter(const ReferenceEntry *entry, const char *parameter, size_t *length);
