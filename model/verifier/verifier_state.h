/* verifier_state.h: what a run changes in model/verifier. Stdint and sim only; zeroed when a run begins. */
#pragma once

#include <stdint.h>

typedef struct VerifierState {
  uint32_t unused;
} VerifierState;
