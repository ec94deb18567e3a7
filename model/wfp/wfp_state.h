/* wfp_state.h: what a run changes in model/wfp. Stdint and sim only; zeroed when a run begins. */
#pragma once

#include <stdint.h>

typedef struct WfpState {
  uint32_t unused;
} WfpState;
