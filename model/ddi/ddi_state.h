/* ddi_state.h: what a run changes in model/ddi. Stdint and sim only; zeroed when a run begins. */
#pragma once

#include <stdint.h>

typedef struct DdiState {
  uint32_t unused;
} DdiState;
