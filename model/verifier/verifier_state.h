/* verifier_state.h: what a run changes in model/verifier. Stdint and sim only; zeroed when a run begins. */
#pragma once

#include "../../sim/machine.h"

#include <stdint.h>

typedef struct VerifierState {
  uint64_t trim_count; /* how often force-IRQL checking sent pageable memory out */
} VerifierState;
