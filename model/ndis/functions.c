/* The functions by which drivers make and free net buffer lists, under their Windows names. */
#include "net_buffer.h"

#include "../mm/mm.h"

/* ---- NDIS ---- */

/* ndis/nf-ndis-ndisallocatenetbufferlist. Simplified: no context area. */
NET_BUFFER_LIST *NdisAllocateNetBufferList(NDIS_HANDLE PoolHandle, USHORT ContextSize, USHORT ContextBackFill) {
  (void)ContextSize, (void)ContextBackFill;
  NdisPool *pool = ndis_pool_at(PoolHandle);
  return pool != NULL ? ndis_list_make(pool, NULL, 0, 0, pool->has_net_buffer) : NULL;
}

/* ndis/nf-ndis-ndisallocatenetbufferandnetbufferlist */
NET_BUFFER_LIST *NdisAllocateNetBufferAndNetBufferList(NDIS_HANDLE PoolHandle, USHORT ContextSize, USHORT ContextBackFill, MDL *MdlChain,
                                                       ULONG DataOffset, SIZE_T DataLength) {
  (void)ContextSize, (void)ContextBackFill;
  NdisPool *pool = ndis_pool_at(PoolHandle);
  return pool != NULL ? ndis_list_make(pool, MdlChain, DataOffset, DataLength, true) : NULL;
}

/* ndis/nf-ndis-ndisfreenetbufferlist */
VOID NdisFreeNetBufferList(NET_BUFFER_LIST *NetBufferList) { ndis_list_free(NetBufferList); }

/* ndis/nf-ndis-ndisallocateclonenetbufferlist */
NET_BUFFER_LIST *NdisAllocateCloneNetBufferList(NET_BUFFER_LIST *OriginalNetBufferList, NDIS_HANDLE NetBufferListPoolHandle,
                                                NDIS_HANDLE NetBufferPoolHandle, ULONG AllocateCloneFlags) {
  (void)NetBufferPoolHandle;
  return ndis_list_clone(OriginalNetBufferList, ndis_pool_at(NetBufferListPoolHandle), AllocateCloneFlags);
}

/* ndis/nf-ndis-ndisfreeclonenetbufferlist */
VOID NdisFreeCloneNetBufferList(NET_BUFFER_LIST *CloneNetBufferList, ULONG FreeCloneFlags) {
  (void)FreeCloneFlags;
  ndis_list_free(CloneNetBufferList);
}

/* ---- WFP's own, which the injection functions want ---- */

/* fwpsk/nf-fwpsk-fwpsallocatenetbufferandnetbufferlist0 */
NTSTATUS FwpsAllocateNetBufferAndNetBufferList0(NDIS_HANDLE poolHandle, USHORT contextSize, USHORT contextBackFill, MDL *mdlChain,
                                                ULONG dataOffset, SIZE_T dataLength, NET_BUFFER_LIST **netBufferList) {
  NET_BUFFER_LIST *list = NdisAllocateNetBufferAndNetBufferList(poolHandle, contextSize, contextBackFill, mdlChain, dataOffset, dataLength);
  if (list == NULL)
    return STATUS_INSUFFICIENT_RESOURCES;
  ndis_list_at(list)->is_fwps = true;
  *netBufferList = list;
  return STATUS_SUCCESS;
}

/* fwpsk/nf-fwpsk-fwpsfreenetbufferlist0 */
VOID FwpsFreeNetBufferList0(NET_BUFFER_LIST *netBufferList) { ndis_list_free(netBufferList); }

/* fwpsk/nf-fwpsk-fwpsallocateclonenetbufferlist0 (W-NBL-1) */
NTSTATUS FwpsAllocateCloneNetBufferList0(NET_BUFFER_LIST *originalNetBufferList, NDIS_HANDLE netBufferListPoolHandle,
                                         NDIS_HANDLE netBufferPoolHandle, ULONG allocateCloneFlags, NET_BUFFER_LIST **netBufferList) {
  (void)netBufferPoolHandle;
  NET_BUFFER_LIST *clone = ndis_list_clone(originalNetBufferList, ndis_pool_at(netBufferListPoolHandle), allocateCloneFlags);
  if (clone == NULL)
    return STATUS_INSUFFICIENT_RESOURCES;
  ndis_list_at(clone)->is_fwps = true;
  *netBufferList = clone;
  return STATUS_SUCCESS;
}

/* fwpsk/nf-fwpsk-fwpsfreeclonenetbufferlist0 */
VOID FwpsFreeCloneNetBufferList0(NET_BUFFER_LIST *netBufferList, ULONG freeCloneFlags) {
  (void)freeCloneFlags;
  ndis_list_free(netBufferList);
}
