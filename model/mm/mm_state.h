/* mm_state.h: what a run changes in model/mm. Stdint and sim only; zeroed when a run begins. */
#pragma once

#include <stdint.h>

typedef struct MmState {
  uint32_t unused;
} MmState;
