/*
 * ps_face.h: threads that run driver code, for those outside of the WDK world. Stdint and sim only.
 */
#pragma once

#include "../ke/ke_state.h"

#include <stdint.h>

/* A system thread that will call routine(context) of the driver (ordinal) at PASSIVE_LEVEL. Not ready yet: then ke_thread_ready. */
KeThread *ps_thread_create(KeProcess *process, uint64_t routine, uint64_t context, uint32_t driver);
