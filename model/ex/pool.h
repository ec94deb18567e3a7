/*
 * pool.h: the pool as the rest of the model uses it.
 */
#pragma once

#include "ex_face.h"
#include "ex_state.h"

#include <ntddk.h>

/* Memory that looks to driver code like any other allocation, for Windows' own objects (DEVICE_OBJECT, ...): never fails by choice, belongs to no
 * driver. Zeroed. NULL: guest memory is used up. Any IRQL. */
PVOID ex_pool_allocate_system(PoolKind kind, SIZE_T size, ULONG tag);
VOID ex_pool_free_system(PVOID address);
