/* flt_state.h: what a run changes in model/flt. Stdint and sim only; zeroed when a run begins. */
#pragma once

#include <stdint.h>

typedef struct FltState {
  uint32_t unused;
} FltState;
