/* Net buffer lists: made, cloned, referenced, given back. W-NBL-1, W-NBL-2. */
#include "net_buffer.h"

#include "../mm/mm.h"
#include "../model.h"

NdisNetBufferList *ndis_list_at(const NET_BUFFER_LIST *list) {
  Object *object = list != NULL ? object_find((uint64_t)list, OBJECT_NET_BUFFER_LIST) : NULL;
  return object != NULL ? object->body : NULL;
}

/* ---- memory that goes with a list ---- */

static PVOID block_add(NdisNetBufferList *state, SIZE_T size) {
  for (unsigned at = 0; at < NDIS_BLOCK_COUNT_MAX; at++)
    if (state->blocks[at] == 0) {
      PVOID block = ndis_memory_allocate(size);
      state->blocks[at] = (uint64_t)block;
      return block;
    }
  return NULL;
}

static VOID list_destroy(NdisNetBufferList *state) {
  uint64_t blocks[NDIS_BLOCK_COUNT_MAX];
  RtlCopyMemory(blocks, state->blocks, sizeof blocks);
  sim_list_remove(&state->link);
  if (state->pool != NULL)
    state->pool->used--;
  object_delete(state->object);
  for (unsigned at = NDIS_BLOCK_COUNT_MAX; at-- > 0;)
    ndis_memory_free((PVOID)blocks[at]);
}

static NdisNetBufferList *list_new(NdisPool *pool) {
  NET_BUFFER_LIST *list = ndis_memory_allocate(sizeof *list);
  if (list == NULL)
    return NULL;
  Object *object = object_create(OBJECT_NET_BUFFER_LIST, (uint64_t)list, sizeof *list, sizeof(NdisNetBufferList));
  NdisNetBufferList *state = object->body;
  state->object = object;
  state->pool = pool;
  state->blocks[0] = (uint64_t)list;
  list->NdisPoolHandle = pool != NULL ? (NDIS_HANDLE)pool->handle : NULL;
  if (pool != NULL)
    pool->used++;
  sim_list_push_tail(&ndis_state()->lists, &state->link);
  return state;
}

/* ---- MDLs and buffers ---- */

static MDL *mdl_add(NdisNetBufferList *state, PVOID data, ULONG size) {
  MDL *mdl = block_add(state, sizeof *mdl);
  if (mdl == NULL)
    return NULL;
  mdl->Size = sizeof *mdl;
  mdl->MdlFlags = MDL_MAPPED_TO_SYSTEM_VA | MDL_SOURCE_IS_NONPAGED_POOL;
  mdl->MappedSystemVa = data;
  mdl->StartVa = (PVOID)((ULONG_PTR)data & ~(ULONG_PTR)(SIM_PAGE_SIZE - 1));
  mdl->ByteOffset = (ULONG)((ULONG_PTR)data & (SIM_PAGE_SIZE - 1));
  mdl->ByteCount = size;
  return mdl;
}

/* A buffer whose data begins `offset` bytes into the chain of MDLs. */
static NET_BUFFER *buffer_add(NdisNetBufferList *state, MDL *mdl, ULONG offset, SIZE_T length) {
  NET_BUFFER *buffer = block_add(state, sizeof *buffer);
  if (buffer == NULL)
    return NULL;
  buffer->MdlChain = buffer->CurrentMdl = mdl;
  buffer->DataOffset = buffer->CurrentMdlOffset = offset;
  buffer->stDataLength = length;
  while (buffer->CurrentMdl != NULL) {
    mm_probe_read(buffer->CurrentMdl, sizeof(MDL));
    if (buffer->CurrentMdlOffset < buffer->CurrentMdl->ByteCount || buffer->CurrentMdl->Next == NULL)
      break;
    buffer->CurrentMdlOffset -= buffer->CurrentMdl->ByteCount;
    buffer->CurrentMdl = buffer->CurrentMdl->Next;
  }
  return buffer;
}

static NET_BUFFER_LIST *list_finish(NdisNetBufferList *state, bool is_complete) {
  if (is_complete)
    return (NET_BUFFER_LIST *)state->blocks[0];
  list_destroy(state);
  return NULL;
}

NET_BUFFER_LIST *ndis_list_make(NdisPool *pool, MDL *mdl, ULONG offset, SIZE_T length, bool has_buffer) {
  NdisNetBufferList *state = list_new(pool);
  if (state == NULL)
    return NULL;
  NET_BUFFER *buffer = has_buffer ? buffer_add(state, mdl, offset, length) : NULL;
  ((NET_BUFFER_LIST *)state->blocks[0])->FirstNetBuffer = buffer;
  if (buffer != NULL && pool != NULL)
    buffer->NdisPoolHandle = (NDIS_HANDLE)pool->handle;
  return list_finish(state, buffer != NULL || !has_buffer);
}

/* The alphabet again and again; what is written already is copied behind it. */
static VOID letters_write(UCHAR *data, uint32_t size) {
  static const char alphabet[] = "abcdefghijklmnopqrstuvwxyz";
  uint32_t written = size < 26 ? size : 26;
  RtlCopyMemory(data, alphabet, written);
  while (written < size) {
    uint32_t more = size - written < written ? size - written : written;
    RtlCopyMemory(data + written, data, more);
    written += more;
  }
}

NET_BUFFER_LIST *ndis_list_create(uint64_t flow_id, uint32_t size) {
  NdisNetBufferList *state = list_new(NULL);
  if (state == NULL)
    return NULL;
  state->flow_id = flow_id;
  UCHAR *data = block_add(state, size);
  MDL *mdl = data != NULL ? mdl_add(state, data, size) : NULL;
  NET_BUFFER *buffer = mdl != NULL ? buffer_add(state, mdl, 0, size) : NULL;
  NET_BUFFER_LIST *list = (NET_BUFFER_LIST *)state->blocks[0];
  list->FirstNetBuffer = buffer;
  list->NblFlags = NDIS_NBL_FLAGS_IS_IPV4 | NDIS_NBL_FLAGS_IS_TCP;
  if (data != NULL)
    letters_write(data, size);
  return list_finish(state, buffer != NULL);
}

/* ---- clones: the MDLs and the data are the parent's; Simplified: also where the flags ask for MDLs of its own ---- */

static bool buffers_clone(NdisNetBufferList *state, NET_BUFFER_LIST *original) {
  NET_BUFFER **link = &((NET_BUFFER_LIST *)state->blocks[0])->FirstNetBuffer;
  for (NET_BUFFER *buffer = original->FirstNetBuffer; buffer != NULL; buffer = buffer->Next) {
    mm_probe_read(buffer, sizeof *buffer);
    *link = buffer_add(state, buffer->MdlChain, buffer->DataOffset, buffer->stDataLength);
    if (*link == NULL)
      return false;
    link = &(*link)->Next;
  }
  return true;
}

NET_BUFFER_LIST *ndis_list_clone(NET_BUFFER_LIST *original, NdisPool *pool, ULONG flags) {
  (void)flags;
  NdisNetBufferList *state = list_new(pool);
  if (state == NULL)
    return NULL;
  if (!buffers_clone(state, original)) {
    list_destroy(state);
    return NULL;
  }
  NET_BUFFER_LIST *clone = (NET_BUFFER_LIST *)state->blocks[0];
  NdisNetBufferList *parent = ndis_list_at(original);
  state->is_clone = true;
  state->parent = parent;
  clone->ParentNetBufferList = original;
  clone->NblFlags = original->NblFlags;
  original->ChildRefCount++;
  if (parent != NULL) {
    parent->children++;
    state->flow_id = parent->flow_id;
  }
  return clone;
}

/* ---- the end ---- */

/* The last who needs it is gone: it goes, and lets its parent go. */
static VOID list_drop(NdisNetBufferList *state) {
  while (state != NULL && state->is_released && state->children == 0 && state->references == 0) {
    NdisNetBufferList *parent = state->parent;
    NET_BUFFER_LIST *list = (NET_BUFFER_LIST *)state->blocks[0];
    if (state->is_clone && ndis_list_at(list->ParentNetBufferList) == parent && parent != NULL)
      list->ParentNetBufferList->ChildRefCount--;
    if (parent != NULL)
      parent->children--;
    list_destroy(state);
    state = parent;
  }
}

VOID ndis_list_release(NET_BUFFER_LIST *list) {
  NdisNetBufferList *state = ndis_list_at(list);
  if (state == NULL)
    return;
  state->is_released = true;
  list_drop(state);
}

/* Freed once too often, or never a list: NDIS puts whatever it is on its list of free ones. */
VOID ndis_list_free(NET_BUFFER_LIST *list) {
  NdisNetBufferList *state = ndis_list_at(list);
  mm_probe_write(list, sizeof *list);
  if (state != NULL && !state->is_released)
    ndis_list_release(list);
}

/* fwpsk/nf-fwpsk-fwpsreferencenetbufferlist0 (W-NBL-2) */
VOID FwpsReferenceNetBufferList0(NET_BUFFER_LIST *netBufferList, BOOLEAN intendToModify) {
  (void)intendToModify;
  NdisNetBufferList *state = ndis_list_at(netBufferList);
  if (state != NULL)
    state->references++;
}

/* fwpsk/nf-fwpsk-fwpsdereferencenetbufferlist0 */
VOID FwpsDereferenceNetBufferList0(NET_BUFFER_LIST *netBufferList, BOOLEAN dispatchLevel) {
  (void)dispatchLevel;
  NdisNetBufferList *state = ndis_list_at(netBufferList);
  if (state == NULL || state->references == 0)
    return;
  state->references--;
  list_drop(state);
}
