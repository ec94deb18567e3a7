/*
 * rtl_state.h: what of a run the run-time library keeps: the debug log.
 */
#pragma once

#include <stdint.h>

#define DEBUG_LOG_CAPACITY 256
#define DEBUG_TEXT_SIZE_MAX 512 /* what one DbgPrint hands to the debugger at most: wdm/nf-wdm-dbgprint */

typedef struct DebugText {
  char *text;    /* terminated, on the arena's heap; NULL: none yet */
  uint32_t size; /* as allocated */
} DebugText;

typedef struct RtlState {
  uint64_t debug_count;                /* texts so far; the newest is at (debug_count - 1) % capacity */
  DebugText debug[DEBUG_LOG_CAPACITY]; /* a ring */
  uint32_t random_seed;
} RtlState;
