/* guest_state.h: what a run changes in model/guest. Stdint and sim only; zeroed when a run begins. */
#pragma once

#include <stdint.h>

typedef struct GuestState {
  uint32_t unused;
} GuestState;
