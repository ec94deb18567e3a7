/* user_state.h: what a run changes in model/user. Stdint and sim only; zeroed when a run begins. */
#pragma once

#include <stdint.h>

typedef struct UserState {
  uint32_t unused;
} UserState;
