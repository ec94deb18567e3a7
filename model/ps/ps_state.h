/* ps_state.h: what a run changes in model/ps. Stdint and sim only; zeroed when a run begins. */
#pragma once

#include <stdint.h>

typedef struct PsState {
  uint32_t unused;
} PsState;
