/* Sizes and offsets of the structures that drivers and the model share, as 64-bit Windows has them. */
#include <fltKernel.h>
#include <fwpmk.h>
#include <fwpsk.h>

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SIZE(type, size) _Static_assert(sizeof(type) == (size), "sizeof " #type)
#define AT(type, field, offset) _Static_assert(offsetof(type, field) == (offset), #type "." #field)
#define SAME(left, right) _Static_assert(_Generic((left *)0, right * : 1, default : 0), #left " is " #right)

/* Basic types */
SIZE(LONG, 4);
SIZE(ULONG, 4);
SIZE(NTSTATUS, 4);
SIZE(DWORD, 4);
SIZE(BOOLEAN, 1);
SIZE(BOOL, 4);
SIZE(WCHAR, 2);
SIZE(L"ab", 6);
SIZE(LONGLONG, 8);
SIZE(HANDLE, 8);
SIZE(LARGE_INTEGER, 8);
SIZE(KIRQL, 1);
SIZE(GUID, 16);
SIZE(LUID, 8);
SIZE(POOL_TYPE, 4);
SAME(SIZE_T, size_t);
SAME(ULONG_PTR, uintptr_t);
SAME(ULONG64, uint64_t);
SAME(ULONG, uint32_t);
SAME(LONGLONG, int64_t);
SAME(WCHAR, wchar_t);
_Static_assert((ULONG)-1 > 0 && STATUS_UNSUCCESSFUL < 0, "signs");
_Static_assert(FIELD_OFFSET(LIST_ENTRY, Blink) == 8, "FIELD_OFFSET is a constant");

/* Bit fields as Microsoft's compiler lays them out: a new unit for another type. */
struct bits {
  UCHAR small : 1;
  ULONG large : 1;
};
SIZE(struct bits, 8);

/* Run-time library */
SIZE(UNICODE_STRING, 16);
AT(UNICODE_STRING, Buffer, 8);
SIZE(LIST_ENTRY, 16);
SIZE(OBJECT_ATTRIBUTES, 48);
SIZE(CLIENT_ID, 16);
SIZE(SLIST_HEADER, 16);
SIZE(SLIST_ENTRY, 16);

/* Ke */
SIZE(DISPATCHER_HEADER, 24);
AT(DISPATCHER_HEADER, SignalState, 4);
AT(DISPATCHER_HEADER, WaitListHead, 8);
SIZE(KEVENT, 24);
SIZE(KSEMAPHORE, 32);
SIZE(KMUTEX, 56);
SIZE(KTIMER, 64);
AT(KTIMER, DueTime, 24);
SIZE(KDPC, 64);
AT(KDPC, DpcListEntry, 8);
AT(KDPC, DeferredRoutine, 24);
AT(KDPC, DeferredContext, 32);
AT(KDPC, SystemArgument1, 40);
AT(KDPC, SystemArgument2, 48);
AT(KDPC, DpcData, 56);
SIZE(KAPC, 88);
SIZE(KQUEUE, 64);
SIZE(KWAIT_BLOCK, 48);
SIZE(KSPIN_LOCK, 8);
SIZE(KLOCK_QUEUE_HANDLE, 24);
AT(KLOCK_QUEUE_HANDLE, OldIrql, 16);
SIZE(EX_SPIN_LOCK, 4);

/* Ex */
SIZE(FAST_MUTEX, 56);
SIZE(ERESOURCE, 104);
SIZE(WORK_QUEUE_ITEM, 32);
SIZE(EX_RUNDOWN_REF, 8);
SIZE(NPAGED_LOOKASIDE_LIST, 128);
SIZE(PAGED_LOOKASIDE_LIST, 128);
SIZE(LOOKASIDE_LIST_EX, 96);

/* Mm */
SIZE(MDL, 48);
AT(MDL, MdlFlags, 10);
AT(MDL, MappedSystemVa, 24);
AT(MDL, StartVa, 32);
AT(MDL, ByteCount, 40);
AT(MDL, ByteOffset, 44);

/* Io */
SIZE(IRP, 208);
AT(IRP, MdlAddress, 8);
AT(IRP, AssociatedIrp, 0x18);
AT(IRP, IoStatus, 0x30);
AT(IRP, PendingReturned, 0x41);
AT(IRP, StackCount, 0x42);
AT(IRP, CurrentLocation, 0x43);
AT(IRP, Cancel, 0x44);
AT(IRP, CancelIrql, 0x45);
AT(IRP, CancelRoutine, 0x68);
AT(IRP, UserBuffer, 0x70);
AT(IRP, Tail, 0x78);
AT(IRP, Tail.Overlay.ListEntry, 0xa8);
AT(IRP, Tail.Overlay.CurrentStackLocation, 0xb8);
SIZE(IO_STACK_LOCATION, 72);
AT(IO_STACK_LOCATION, Control, 3);
AT(IO_STACK_LOCATION, Parameters, 8);
AT(IO_STACK_LOCATION, Parameters.DeviceIoControl.IoControlCode, 0x18);
AT(IO_STACK_LOCATION, DeviceObject, 0x28);
AT(IO_STACK_LOCATION, FileObject, 0x30);
AT(IO_STACK_LOCATION, CompletionRoutine, 0x38);
AT(IO_STACK_LOCATION, Context, 0x40);
SIZE(DEVICE_OBJECT, 336);
_Static_assert(_Alignof(DEVICE_OBJECT) == 16, "alignment of DEVICE_OBJECT");
AT(DEVICE_OBJECT, DriverObject, 8);
AT(DEVICE_OBJECT, NextDevice, 0x10);
AT(DEVICE_OBJECT, CurrentIrp, 0x20);
AT(DEVICE_OBJECT, Flags, 0x30);
AT(DEVICE_OBJECT, DeviceExtension, 0x40);
AT(DEVICE_OBJECT, StackSize, 0x4c);
AT(DEVICE_OBJECT, Dpc, 0xc8);
AT(DEVICE_OBJECT, DeviceObjectExtension, 0x138);
SIZE(DRIVER_OBJECT, 336);
AT(DRIVER_OBJECT, DeviceObject, 8);
AT(DRIVER_OBJECT, DriverName, 0x38);
AT(DRIVER_OBJECT, DriverUnload, 0x68);
AT(DRIVER_OBJECT, MajorFunction, 0x70);
SIZE(FILE_OBJECT, 216);
AT(FILE_OBJECT, FsContext, 0x18);
AT(FILE_OBJECT, FileName, 0x58);
SIZE(IO_STATUS_BLOCK, 16);

/* NDIS */
SIZE(NET_BUFFER_DATA, 48);
SIZE(NET_BUFFER, 176);
_Static_assert(_Alignof(NET_BUFFER) == 16, "alignment of NET_BUFFER");
AT(NET_BUFFER, CurrentMdl, 8);
AT(NET_BUFFER, CurrentMdlOffset, 16);
AT(NET_BUFFER, DataLength, 24);
AT(NET_BUFFER, MdlChain, 32);
AT(NET_BUFFER, DataOffset, 40);
AT(NET_BUFFER, NdisPoolHandle, 0x38);
AT(NET_BUFFER, NdisReserved, 0x40);
AT(NET_BUFFER, ProtocolReserved, 0x50);
AT(NET_BUFFER, MiniportReserved, 0x80);
AT(NET_BUFFER, DataPhysicalAddress, 0xa0);
AT(NET_BUFFER_LIST, FirstNetBuffer, 8);
AT(NET_BUFFER_LIST, Context, 0x10);
AT(NET_BUFFER_LIST, ParentNetBufferList, 0x18);
AT(NET_BUFFER_LIST, NdisPoolHandle, 0x20);
AT(NET_BUFFER_LIST, NdisReserved, 0x30);
AT(NET_BUFFER_LIST, ProtocolReserved, 0x40);
AT(NET_BUFFER_LIST, MiniportReserved, 0x60);
AT(NET_BUFFER_LIST, Scratch, 0x70);
AT(NET_BUFFER_LIST, SourceHandle, 0x78);
AT(NET_BUFFER_LIST, NblFlags, 0x80);
AT(NET_BUFFER_LIST, ChildRefCount, 0x84);
AT(NET_BUFFER_LIST, Flags, 0x88);
AT(NET_BUFFER_LIST, Status, 0x8c);
AT(NET_BUFFER_LIST, NetBufferListInfo, 0x90);
SIZE(NET_BUFFER_LIST_CONTEXT, 32);
AT(NET_BUFFER_LIST_CONTEXT, ContextData, 16);
SIZE(NDIS_TCP_IP_CHECKSUM_NET_BUFFER_LIST_INFO, 8);
SIZE(NDIS_OBJECT_HEADER, 4);
SIZE(NET_BUFFER_LIST_POOL_PARAMETERS, 20);

/* Addresses */
SIZE(SOCKADDR, 16);
SIZE(SOCKADDR_IN, 16);
SIZE(SOCKADDR_IN6, 28);
SIZE(SOCKADDR_INET, 28);
SIZE(SOCKADDR_STORAGE, 128);
SIZE(SCOPE_ID, 4);
SIZE(WSACMSGHDR, 16);

/* WFP */
SIZE(FWP_VALUE0, 16);
SIZE(FWP_CONDITION_VALUE0, 16);
SIZE(FWP_BYTE_BLOB, 16);
SIZE(FWPM_SESSION0, 72);
SIZE(FWPM_PROVIDER0, 64);
SIZE(FWPM_SUBLAYER0, 72);
SIZE(FWPM_CALLOUT0, 88);
SIZE(FWPM_FILTER_CONDITION0, 40);
SIZE(FWPM_FILTER0, 200);
AT(FWPM_FILTER0, weight, 96);
AT(FWPM_FILTER0, action, 128);
AT(FWPM_FILTER0, filterId, 176);
SIZE(FWPS_INCOMING_VALUES0, 16);
SIZE(FWPS_FILTER0, 64);
AT(FWPS_FILTER0, action, 40);
AT(FWPS_FILTER0, context, 48);
SIZE(FWPS_CLASSIFY_OUT0, 40);
AT(FWPS_CLASSIFY_OUT0, rights, 24);
SIZE(FWPS_CALLOUT1, 48);
AT(FWPS_INCOMING_METADATA_VALUES0, flowHandle, 32);
AT(FWPS_INCOMING_METADATA_VALUES0, processPath, 48);
AT(FWPS_INCOMING_METADATA_VALUES0, compartmentId, 80);
AT(FWPS_INCOMING_METADATA_VALUES0, completionHandle, 104);
AT(FWPS_INCOMING_METADATA_VALUES0, transportEndpointHandle, 112);
AT(FWPS_INCOMING_METADATA_VALUES0, controlData, 128);
AT(FWPS_INCOMING_METADATA_VALUES0, packetDirection, 140);
AT(FWPS_INCOMING_METADATA_VALUES0, redirectRecords, 216);
SIZE(FWPS_STREAM_DATA0, 64);
AT(FWPS_STREAM_DATA0, dataLength, 48);
SIZE(FWPS_STREAM_CALLOUT_IO_PACKET0, 40);
AT(FWPS_STREAM_CALLOUT_IO_PACKET0, streamAction, 32);
_Static_assert(FWP_ACTION_BLOCK == 0x1001 && FWP_ACTION_PERMIT == 0x1002 && FWP_ACTION_CONTINUE == 0x2006, "actions");
_Static_assert(FWPS_LAYER_STREAM_V4 == 20 && FWPS_LAYER_ALE_AUTH_CONNECT_V4 == 48 && FWPS_LAYER_ALE_FLOW_ESTABLISHED_V4 == 52, "layers");
_Static_assert(FWPS_FIELD_ALE_AUTH_CONNECT_V4_IP_LOCAL_ADDRESS == 2 && FWPS_FIELD_ALE_AUTH_CONNECT_V4_IP_REMOTE_PORT == 7, "fields");

/* Filter Manager */
SIZE(FLT_PARAMETERS, 48);
SIZE(FLT_IO_PARAMETER_BLOCK, 72);
AT(FLT_IO_PARAMETER_BLOCK, Parameters, 24);
SIZE(FLT_CALLBACK_DATA, 88);
AT(FLT_CALLBACK_DATA, Iopb, 16);
AT(FLT_CALLBACK_DATA, IoStatus, 24);
AT(FLT_CALLBACK_DATA, RequestorMode, 80);
SIZE(FLT_RELATED_OBJECTS, 48);
SIZE(FLT_OPERATION_REGISTRATION, 32);
SIZE(FLT_CONTEXT_REGISTRATION, 56);
SIZE(FLT_REGISTRATION, 112);
SIZE(FLT_FILE_NAME_INFORMATION, 120);
SIZE(FLT_VOLUME_PROPERTIES, 72);
