/* guest_state.h: what a run changes in model/guest. Stdint and sim only; zeroed when a run begins. */
#pragma once

#include "../../sim/context.h"

#include <stdint.h>

typedef struct GuestState {
  uint16_t frames_beyond[SIM_CONTEXT_COUNT_MAX]; /* by slot of the context: active functions that its SimFrames had no room for */
} GuestState;
