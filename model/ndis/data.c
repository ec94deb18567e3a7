/* The data of net buffers: where it begins, how long it is, reading it. N/retreat-and-advance-operations. */
#include "net_buffer.h"

#include "../mm/mm.h"

#define MDL_COUNT_MAX 4096 /* a chain that is longer goes in a circle */

static MDL *mdl_next(MDL *mdl) {
  MDL *next = mdl->Next;
  if (next != NULL)
    mm_probe_read(next, sizeof *next);
  return next;
}

static UCHAR *mdl_data(MDL *mdl) {
  return mdl->MdlFlags & (MDL_MAPPED_TO_SYSTEM_VA | MDL_SOURCE_IS_NONPAGED_POOL) ? mdl->MappedSystemVa
                                                                                 : (UCHAR *)mdl->StartVa + mdl->ByteOffset;
}

SIZE_T ndis_list_length(NET_BUFFER_LIST *list) {
  SIZE_T length = 0;
  for (NET_BUFFER *buffer = list->FirstNetBuffer; buffer != NULL; buffer = buffer->Next) {
    mm_probe_read(buffer, sizeof *buffer);
    length += buffer->DataLength;
  }
  return length;
}

SIZE_T ndis_buffer_copy(NET_BUFFER *buffer, SIZE_T offset, PVOID to, SIZE_T size) {
  SIZE_T copied = 0, skipped = offset + buffer->DataOffset;
  if (offset >= buffer->DataLength)
    return 0;
  if (size > buffer->DataLength - offset)
    size = buffer->DataLength - offset;
  MDL *mdl = buffer->MdlChain;
  if (mdl != NULL)
    mm_probe_read(mdl, sizeof *mdl);
  for (unsigned at = 0; mdl != NULL && copied < size && at < MDL_COUNT_MAX; at++, mdl = mdl_next(mdl)) {
    if (skipped >= mdl->ByteCount) {
      skipped -= mdl->ByteCount;
      continue;
    }
    SIZE_T here = mdl->ByteCount - skipped < size - copied ? mdl->ByteCount - skipped : size - copied;
    mm_probe_read(mdl_data(mdl) + skipped, here);
    RtlCopyMemory((UCHAR *)to + copied, mdl_data(mdl) + skipped, here);
    copied += here;
    skipped = 0;
  }
  return copied;
}

/* CurrentMdl and CurrentMdlOffset follow DataOffset. */
static VOID buffer_settle(NET_BUFFER *buffer) {
  ULONG offset = buffer->DataOffset;
  MDL *mdl = buffer->MdlChain;
  if (mdl != NULL)
    mm_probe_read(mdl, sizeof *mdl);
  for (unsigned at = 0; mdl != NULL && offset >= mdl->ByteCount && mdl->Next != NULL && at < MDL_COUNT_MAX; at++) {
    offset -= mdl->ByteCount;
    mdl = mdl_next(mdl);
  }
  buffer->CurrentMdl = mdl;
  buffer->CurrentMdlOffset = offset;
}

/* ndis/nf-ndis-ndisadvancenetbufferdatastart. Simplified: MDLs that a retreat added are not freed. */
VOID NdisAdvanceNetBufferDataStart(NET_BUFFER *NetBuffer, ULONG DataOffsetDelta, BOOLEAN FreeMdl,
                                   NET_BUFFER_DATA_FREE_HANDLER FreeMdlHandler) {
  (void)FreeMdl, (void)FreeMdlHandler;
  NetBuffer->DataOffset += DataOffsetDelta;
  NetBuffer->DataLength -= DataOffsetDelta;
  buffer_settle(NetBuffer);
}

/* ndis/nf-ndis-ndisretreatnetbufferdatastart. Simplified: no MDL is added where there is no room in front. */
NDIS_STATUS NdisRetreatNetBufferDataStart(NET_BUFFER *NetBuffer, ULONG DataOffsetDelta, ULONG DataBackFill,
                                          NET_BUFFER_DATA_ALLOCATION_HANDLER AllocateMdlHandler) {
  (void)DataBackFill, (void)AllocateMdlHandler;
  if (DataOffsetDelta > NetBuffer->DataOffset)
    return NDIS_STATUS_RESOURCES;
  NetBuffer->DataOffset -= DataOffsetDelta;
  NetBuffer->DataLength += DataOffsetDelta;
  buffer_settle(NetBuffer);
  return NDIS_STATUS_SUCCESS;
}

/* ndis/nf-ndis-ndisgetdatabuffer: a pointer to the bytes where they lie together, a copy where they do not, NULL without storage.
 * Simplified: alignment is not looked at. */
PVOID NdisGetDataBuffer(NET_BUFFER *NetBuffer, ULONG BytesNeeded, PVOID Storage, ULONG AlignMultiple, ULONG AlignOffset) {
  (void)AlignMultiple, (void)AlignOffset;
  if (BytesNeeded == 0 || NetBuffer->DataLength < BytesNeeded || NetBuffer->CurrentMdl == NULL)
    return NULL;
  MDL *mdl = NetBuffer->CurrentMdl;
  mm_probe_read(mdl, sizeof *mdl);
  if (mdl->ByteCount - NetBuffer->CurrentMdlOffset >= BytesNeeded)
    return mdl_data(mdl) + NetBuffer->CurrentMdlOffset;
  if (Storage == NULL)
    return NULL;
  mm_probe_write(Storage, BytesNeeded);
  return ndis_buffer_copy(NetBuffer, 0, Storage, BytesNeeded) == BytesNeeded ? Storage : NULL;
}
