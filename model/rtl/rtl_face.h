/*
 * rtl_face.h: the debug log for those outside of the WDK world. Stdint only.
 */
#pragma once

#include <stdint.h>

/* The text of a DbgPrint by the index that EVENT_DEBUG_PRINT carries; NULL when the ring has gone on. Owned by the arena. */
const char *debug_log_text(uint64_t index);

/* How many texts there have been. */
uint64_t debug_log_count(void);

/* DbgPrint's body: `format` is an address of guest memory, `arguments` the values behind it, each widened to 64 bits. What the driver's
 * pointers name is probed at the current IRQL. Returns the NTSTATUS that DbgPrint does. Any IRQL <= DIRQL. */
uint32_t dbg_print(uint64_t format, const uint64_t *arguments, unsigned count);
