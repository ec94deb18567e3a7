/* Pools of net buffer lists and of net buffers. */
#include "net_buffer.h"

#include "../ex/pool.h"
#include "../ex/pool_block.h"
#include "../mm/mm.h"
#include "../model.h"

NdisState *ndis_state(void) {
  NdisState *state = &MODEL->ndis;
  if (!state->is_begun) {
    state->is_begun = true;
    sim_list_init(&state->pools);
    sim_list_init(&state->lists);
  }
  return state;
}

/* ---- memory: blocks of the pool that are nobody's object, so that a packet costs no events and no ordinals ---- */

#define PATTERN_FREED 0xffffddddddddddddULL /* as model/ex fills freed blocks: what is taken for a pointer leads nowhere */

PVOID ndis_memory_allocate(SIZE_T size) {
  PoolBlock *block = pool_block_create(POOL_NONPAGED, size);
  if (block == NULL)
    return NULL;
  block->tag = 'tenN';
  block->pool_type = NonPagedPool;
  block->object = block->driver = block->free_site = 0;
  RtlZeroMemory((PVOID)block->address, block->capacity);
  return (PVOID)block->address;
}

VOID ndis_memory_free(PVOID memory) {
  PoolBlock *block = memory != NULL ? pool_block_at((uint64_t)memory) : NULL;
  if (block == NULL)
    return;
  SIM_ASSERT(!block->is_free && block->address == (uint64_t)memory);
  pool_block_fill(block, PATTERN_FREED);
  pool_block_free(block);
}

/* ---- pools ---- */

NdisPool *ndis_pool_at(NDIS_HANDLE handle) {
  SimLink *link, *following;
  SIM_LIST_EACH(&ndis_state()->pools, link, following) {
    NdisPool *pool = SIM_CONTAINER(link, NdisPool, link);
    if (handle != NULL && pool->handle == (uint64_t)handle)
      return pool;
  }
  return NULL;
}

/* The handle is memory of NDIS': freed with the pool, so that a pool used after it is found. */
static NdisPool *pool_create(void) {
  PVOID handle = ndis_memory_allocate(64);
  if (handle == NULL)
    return NULL;
  NdisPool *pool = sim_heap_allocate(sizeof *pool);
  pool->handle = (uint64_t)handle;
  sim_list_push_tail(&ndis_state()->pools, &pool->link);
  return pool;
}

static VOID pool_free(NDIS_HANDLE handle) {
  NdisPool *pool = ndis_pool_at(handle);
  if (pool == NULL) {
    mm_probe_write(handle, sizeof(ULONG64));
    return;
  }
  sim_list_remove(&pool->link);
  ndis_memory_free(handle);
  if (pool->used == 0)
    sim_heap_free(pool, sizeof *pool);
}

/* ndis/nf-ndis-ndisallocatenetbufferlistpool. NULL: no memory, or parameters that are none. */
NDIS_HANDLE NdisAllocateNetBufferListPool(NDIS_HANDLE NdisHandle, NET_BUFFER_LIST_POOL_PARAMETERS const *Parameters) {
  (void)NdisHandle;
  if (Parameters->Header.Type != NDIS_OBJECT_TYPE_DEFAULT || Parameters->ContextSize % MEMORY_ALLOCATION_ALIGNMENT != 0)
    return NULL;
  NdisPool *pool = pool_create();
  if (pool == NULL)
    return NULL;
  pool->tag = Parameters->PoolTag;
  pool->has_net_buffer = Parameters->fAllocateNetBuffer;
  pool->data_size = Parameters->fAllocateNetBuffer ? Parameters->DataSize : 0;
  pool->context_size = Parameters->ContextSize;
  return (NDIS_HANDLE)pool->handle;
}

/* ndis/nf-ndis-ndisfreenetbufferlistpool */
VOID NdisFreeNetBufferListPool(NDIS_HANDLE PoolHandle) { pool_free(PoolHandle); }

/* ndis/nf-ndis-ndisallocatenetbufferpool */
NDIS_HANDLE NdisAllocateNetBufferPool(NDIS_HANDLE NdisHandle, NET_BUFFER_POOL_PARAMETERS const *Parameters) {
  (void)NdisHandle;
  NdisPool *pool = Parameters->Header.Type == NDIS_OBJECT_TYPE_DEFAULT ? pool_create() : NULL;
  if (pool == NULL)
    return NULL;
  pool->tag = Parameters->PoolTag;
  pool->data_size = Parameters->DataSize;
  pool->is_buffer_pool = true;
  return (NDIS_HANDLE)pool->handle;
}

/* ndis/nf-ndis-ndisfreenetbufferpool */
VOID NdisFreeNetBufferPool(NDIS_HANDLE PoolHandle) { pool_free(PoolHandle); }

/* ndis/nf-ndis-ndisallocategenericobject: what a driver without an NDIS handle of its own gives to the pool functions. */
NDIS_HANDLE NdisAllocateGenericObject(struct _DRIVER_OBJECT *DriverObject, ULONG Tag, USHORT Size) {
  (void)DriverObject, (void)Tag, (void)Size;
  return ndis_memory_allocate(64);
}

/* ndis/nf-ndis-ndisfreegenericobject */
VOID NdisFreeGenericObject(NDIS_HANDLE NdisHandle) { ndis_memory_free(NdisHandle); }
