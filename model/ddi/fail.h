/*
 * fail.h: calls of driver code that fail for no reason of their own. For wrappers: ddi_fails in call.h; here is what else there is.
 */
#pragma once

#include "../../sim/machine.h"
#include "ddi_state.h"

/* For bodies that allocate for driver code: is there no memory? Asked once a call. Never for Windows itself. */
bool ddi_allocation_fails(void);

/* What a context is doing, as a hash of the callbacks and functions it is in: the same for every build and schedule. Never 0. */
uint64_t ddi_path_key(const SimContext *context);
