/* io_state.h: what a run changes in model/io. Stdint and sim only; zeroed when a run begins. */
#pragma once

#include <stdint.h>

typedef struct IoState {
  uint32_t unused;
} IoState;
