/* ex_state.h: what a run changes in model/ex. Stdint and sim only; zeroed when a run begins. */
#pragma once

#include <stdint.h>

typedef struct ExState {
  uint32_t unused;
} ExState;
