/*
 * net_buffer.h: net buffer lists for the rest of the model: what the stack itself makes of them, and their true state beside guest memory.
 */
#pragma once

#include "ndis_state.h"

#include <fwpsk.h>
#include <ndis.h>

NdisState *ndis_state(void); /* begun */

/* Zeroed guest memory of Windows' own, found again when it is touched after it was freed. NULL: there is none left, or the allocation
 * failed by choice (only on behalf of a driver, `may_fail`). Any IRQL <= DISPATCH_LEVEL. */
PVOID ndis_memory_allocate(SIZE_T size);
VOID ndis_memory_free(PVOID memory);

/* The true state of the list at that address; NULL: there is none, or no longer. */
NdisNetBufferList *ndis_list_at(const NET_BUFFER_LIST *list);

/* A list of the stack's own with `size` bytes of data in one buffer. Given back with ndis_list_release. NULL: no memory. */
NET_BUFFER_LIST *ndis_list_create(uint64_t flow_id, uint32_t size);

/* Its owner is done with it: it goes when the last clone and the last reference have gone. */
VOID ndis_list_release(NET_BUFFER_LIST *list);

/* A new list around a chain of MDLs, or around nothing (`mdl` NULL); a clone of `parent`, or nobody's (NULL). NULL: no memory. */
NET_BUFFER_LIST *ndis_list_make(NdisPool *pool, MDL *mdl, ULONG offset, SIZE_T length, bool has_buffer);
NET_BUFFER_LIST *ndis_list_clone(NET_BUFFER_LIST *original, NdisPool *pool, ULONG flags);
/* A driver gives back what it allocated or cloned. What is no list, or no longer one, is touched as Windows would. */
VOID ndis_list_free(NET_BUFFER_LIST *list);

NdisPool *ndis_pool_at(NDIS_HANDLE handle); /* NULL: none */

/* Bytes of data in a list: of all its buffers. The pointers in it are probed. */
SIZE_T ndis_list_length(NET_BUFFER_LIST *list);
/* Copies data of a buffer, from its current start on; returns how many bytes there were. Probes. */
SIZE_T ndis_buffer_copy(NET_BUFFER *buffer, SIZE_T offset, PVOID to, SIZE_T size);
