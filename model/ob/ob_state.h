/* ob_state.h: what a run changes in model/ob. Stdint and sim only; zeroed when a run begins. */
#pragma once

#include <stdint.h>

typedef struct ObState {
  uint32_t unused;
} ObState;
