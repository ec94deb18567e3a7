/* NDIS: pools, buffers and the small synchronisation functions. Documented under ndis/ and nblapi/. */
#pragma once

#include <irqlab/ndis_buffers.h>

#define NDIS_PROTOCOL_ID_DEFAULT 0x00
#define NDIS_PROTOCOL_ID_TCP_IP 0x02
#define NDIS_PROTOCOL_ID_IPX 0x06
#define NDIS_PROTOCOL_ID_NBF 0x07

typedef struct _NET_BUFFER_LIST_POOL_PARAMETERS {
  NDIS_OBJECT_HEADER Header;
  UCHAR ProtocolId;
  BOOLEAN fAllocateNetBuffer;
  USHORT ContextSize;
  ULONG PoolTag;
  ULONG DataSize;
  ULONG Flags;
} NET_BUFFER_LIST_POOL_PARAMETERS, *PNET_BUFFER_LIST_POOL_PARAMETERS;

#define NET_BUFFER_LIST_POOL_PARAMETERS_REVISION_1 1
#define NDIS_SIZEOF_NET_BUFFER_LIST_POOL_PARAMETERS_REVISION_1 RTL_SIZEOF_THROUGH_FIELD(NET_BUFFER_LIST_POOL_PARAMETERS, DataSize)

typedef struct _NET_BUFFER_POOL_PARAMETERS {
  NDIS_OBJECT_HEADER Header;
  ULONG PoolTag;
  ULONG DataSize;
  ULONG Flags;
} NET_BUFFER_POOL_PARAMETERS, *PNET_BUFFER_POOL_PARAMETERS;

#define NET_BUFFER_POOL_PARAMETERS_REVISION_1 1
#define NDIS_SIZEOF_NET_BUFFER_POOL_PARAMETERS_REVISION_1 RTL_SIZEOF_THROUGH_FIELD(NET_BUFFER_POOL_PARAMETERS, DataSize)

typedef PMDL (*NET_BUFFER_DATA_ALLOCATION_HANDLER)(PULONG BufferSize);
typedef VOID (*NET_BUFFER_DATA_FREE_HANDLER)(PMDL Mdl);

/* Pools */
NDIS_HANDLE NdisAllocateNetBufferListPool(NDIS_HANDLE NdisHandle, NET_BUFFER_LIST_POOL_PARAMETERS const *Parameters);
VOID NdisFreeNetBufferListPool(NDIS_HANDLE PoolHandle);
NDIS_HANDLE NdisAllocateNetBufferPool(NDIS_HANDLE NdisHandle, NET_BUFFER_POOL_PARAMETERS const *Parameters);
VOID NdisFreeNetBufferPool(NDIS_HANDLE PoolHandle);

/* Lists and buffers */
NET_BUFFER_LIST *NdisAllocateNetBufferList(NDIS_HANDLE PoolHandle, USHORT ContextSize, USHORT ContextBackFill);
VOID NdisFreeNetBufferList(NET_BUFFER_LIST *NetBufferList);
NET_BUFFER *NdisAllocateNetBuffer(NDIS_HANDLE PoolHandle, MDL *MdlChain, ULONG DataOffset, SIZE_T DataLength);
VOID NdisFreeNetBuffer(NET_BUFFER *NetBuffer);
NET_BUFFER_LIST *NdisAllocateNetBufferAndNetBufferList(NDIS_HANDLE PoolHandle, USHORT ContextSize, USHORT ContextBackFill, MDL *MdlChain,
                                                       ULONG DataOffset, SIZE_T DataLength);
NET_BUFFER *NdisAllocateNetBufferMdlAndData(NDIS_HANDLE PoolHandle);
NET_BUFFER_LIST *NdisAllocateCloneNetBufferList(NET_BUFFER_LIST *OriginalNetBufferList, NDIS_HANDLE NetBufferListPoolHandle,
                                                NDIS_HANDLE NetBufferPoolHandle, ULONG AllocateCloneFlags);
VOID NdisFreeCloneNetBufferList(NET_BUFFER_LIST *CloneNetBufferList, ULONG FreeCloneFlags);
NET_BUFFER_LIST *NdisAllocateFragmentNetBufferList(NET_BUFFER_LIST *OriginalNetBufferList, NDIS_HANDLE NetBufferListPool,
                                                   NDIS_HANDLE NetBufferPool, ULONG StartOffset, ULONG MaximumLength, ULONG DataOffsetDelta,
                                                   ULONG DataBackFill, ULONG AllocateFragmentFlags);
VOID NdisFreeFragmentNetBufferList(NET_BUFFER_LIST *FragmentNetBufferList, ULONG DataOffsetDelta, ULONG FreeFragmentFlags);
NDIS_STATUS NdisAllocateNetBufferListContext(NET_BUFFER_LIST *NetBufferList, USHORT ContextSize, USHORT ContextBackFill, ULONG PoolTag);
VOID NdisFreeNetBufferListContext(NET_BUFFER_LIST *NetBufferList, USHORT ContextSize);

/* Data */
VOID NdisAdvanceNetBufferDataStart(NET_BUFFER *NetBuffer, ULONG DataOffsetDelta, BOOLEAN FreeMdl,
                                   NET_BUFFER_DATA_FREE_HANDLER FreeMdlHandler);
NDIS_STATUS NdisRetreatNetBufferDataStart(NET_BUFFER *NetBuffer, ULONG DataOffsetDelta, ULONG DataBackFill,
                                          NET_BUFFER_DATA_ALLOCATION_HANDLER AllocateMdlHandler);
VOID NdisAdvanceNetBufferListDataStart(NET_BUFFER_LIST *NetBufferList, ULONG DataOffsetDelta, BOOLEAN FreeMdl,
                                       NET_BUFFER_DATA_FREE_HANDLER FreeMdlHandler);
NDIS_STATUS NdisRetreatNetBufferListDataStart(NET_BUFFER_LIST *NetBufferList, ULONG DataOffsetDelta, ULONG DataBackFill,
                                              NET_BUFFER_DATA_ALLOCATION_HANDLER AllocateMdlHandler,
                                              NET_BUFFER_DATA_FREE_HANDLER FreeMdlHandler);
PVOID NdisGetDataBuffer(NET_BUFFER *NetBuffer, ULONG BytesNeeded, PVOID Storage, ULONG AlignMultiple, ULONG AlignOffset);
NDIS_STATUS NdisCopyFromNetBufferToNetBuffer(NET_BUFFER *Destination, ULONG DestinationOffset, ULONG BytesToCopy, NET_BUFFER const *Source,
                                             ULONG SourceOffset, PULONG BytesCopied);
VOID NdisCopySendNetBufferListInfo(NET_BUFFER_LIST *DestNetBufferList, NET_BUFFER_LIST *SrcNetBufferList);
VOID NdisCopyReceiveNetBufferListInfo(NET_BUFFER_LIST *DestNetBufferList, NET_BUFFER_LIST *SrcNetBufferList);

/* MDLs and memory */
PMDL NdisAllocateMdl(NDIS_HANDLE NdisHandle, PVOID VirtualAddress, UINT Length);
VOID NdisFreeMdl(PMDL Mdl);
PVOID NdisAllocateMemoryWithTagPriority(NDIS_HANDLE NdisHandle, UINT Length, ULONG Tag, ULONG Priority);
VOID NdisFreeMemory(PVOID VirtualAddress, UINT Length, UINT MemoryFlags);
VOID NdisQueryMdl(PMDL Mdl, PVOID *VirtualAddress, UINT *Length, MM_PAGE_PRIORITY Priority);
PMDL NdisGetNextMdl(PMDL CurrentMdl, PMDL *NextMdl);
NDIS_HANDLE NdisAllocateGenericObject(struct _DRIVER_OBJECT *DriverObject, ULONG Tag, USHORT Size);
VOID NdisFreeGenericObject(NDIS_HANDLE NdisHandle);

/* Synchronisation and time */
VOID NdisAllocateSpinLock(PNDIS_SPIN_LOCK SpinLock);
VOID NdisFreeSpinLock(PNDIS_SPIN_LOCK SpinLock);
VOID NdisAcquireSpinLock(PNDIS_SPIN_LOCK SpinLock);
VOID NdisReleaseSpinLock(PNDIS_SPIN_LOCK SpinLock);
VOID NdisDprAcquireSpinLock(PNDIS_SPIN_LOCK SpinLock);
VOID NdisDprReleaseSpinLock(PNDIS_SPIN_LOCK SpinLock);
VOID NdisInitializeEvent(PNDIS_EVENT Event);
VOID NdisSetEvent(PNDIS_EVENT Event);
VOID NdisResetEvent(PNDIS_EVENT Event);
BOOLEAN NdisWaitEvent(PNDIS_EVENT Event, UINT MillisecondsToWait);
VOID NdisMSleep(ULONG MicrosecondsToSleep);
VOID NdisGetCurrentSystemTime(PLARGE_INTEGER SystemTime);

#define NdisMoveMemory(destination, source, length) RtlCopyMemory((destination), (source), (length))
#define NdisZeroMemory(destination, length) RtlZeroMemory((destination), (length))
#define NdisFillMemory(destination, length, fill) RtlFillMemory((destination), (length), (fill))
#define NdisEqualMemory(left, right, length) RtlEqualMemory((left), (right), (length))

/* Flags of send, receive and return, and the tests of them */
#define NDIS_SEND_FLAGS_DISPATCH_LEVEL 0x00000001
#define NDIS_SEND_FLAGS_CHECK_FOR_LOOPBACK 0x00000002
#define NDIS_SEND_COMPLETE_FLAGS_DISPATCH_LEVEL 0x00000001
#define NDIS_RETURN_FLAGS_DISPATCH_LEVEL 0x00000001
#define NDIS_RECEIVE_FLAGS_DISPATCH_LEVEL 0x00000001
#define NDIS_RECEIVE_FLAGS_RESOURCES 0x00000002
#define NDIS_TEST_SEND_AT_DISPATCH_LEVEL(flags) (((flags)&NDIS_SEND_FLAGS_DISPATCH_LEVEL) != 0)
#define NDIS_TEST_RETURN_AT_DISPATCH_LEVEL(flags) (((flags)&NDIS_RETURN_FLAGS_DISPATCH_LEVEL) != 0)
#define NDIS_TEST_RECEIVE_AT_DISPATCH_LEVEL(flags) (((flags)&NDIS_RECEIVE_FLAGS_DISPATCH_LEVEL) != 0)
#define NDIS_TEST_RECEIVE_CAN_PEND(flags) (((flags)&NDIS_RECEIVE_FLAGS_RESOURCES) == 0)
#define NDIS_TEST_RECEIVE_CANNOT_PEND(flags) (((flags)&NDIS_RECEIVE_FLAGS_RESOURCES) != 0)
#define NDIS_SET_RETURN_FLAG(flags, flag) ((flags) |= (flag))
#define NdisInitUnicodeString(destination, source) RtlInitUnicodeString((destination), (source))
