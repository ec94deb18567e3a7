/* ndis_state.h: what a run changes in model/ndis. Stdint and sim only; zeroed when a run begins. */
#pragma once

#include <stdint.h>

typedef struct NdisState {
  uint32_t unused;
} NdisState;
