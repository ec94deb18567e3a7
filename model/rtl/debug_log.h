/*
 * debug_log.h: where debug output goes: a ring of the last texts, in the order they came.
 */
#pragma once

#include <ntddk.h>

/* Appends `length` bytes of text (cut at DEBUG_TEXT_SIZE_MAX) and emits EVENT_DEBUG_PRINT with its index. Any IRQL. */
void debug_log_append(const char *text, ULONG length);

/* Windows' own debug output: as dbg_print, but the format is a constant of the model; the arguments still are the driver's. */
void debug_print_model(const char *format, const uint64_t *arguments, unsigned count);
