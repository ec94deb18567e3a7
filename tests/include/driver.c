/* A driver in small that touches every header: it is compiled, never run. */
#define INITGUID
#include <initguid.h>

#include <fltKernel.h>
#include <fwpmk.h>
#include <fwpsk.h>
#include <ntstrsafe.h>

DEFINE_GUID(EXAMPLE_CALLOUT, 0x11111111, 0x2222, 0x3333, 0x44, 0x44, 0x55, 0x55, 0x66, 0x66, 0x77, 0x77);

#define EXAMPLE_TAG 'lmpE'

typedef struct _EXAMPLE {
  LIST_ENTRY Pending;
  KSPIN_LOCK Lock;
  KEVENT Stop;
  KTIMER Timer;
  KDPC Dpc;
  PIO_WORKITEM WorkItem;
  PVOID Thread;
  PFLT_FILTER Filter;
  PFLT_PORT ServerPort;
  PFLT_PORT ClientPort;
  HANDLE Engine;
  HANDLE Injection;
  UINT32 CalloutId;
  LONG Classified;
  NPAGED_LOOKASIDE_LIST Lookaside;
} EXAMPLE, *PEXAMPLE;

typedef struct _EXAMPLE_PENDED {
  LIST_ENTRY Link;
  HANDLE Completion;
} EXAMPLE_PENDED, *PEXAMPLE_PENDED;

static PEXAMPLE Example;

DRIVER_INITIALIZE DriverEntry;
static DRIVER_UNLOAD ExampleUnload;
static KSTART_ROUTINE ExampleThread;
static KDEFERRED_ROUTINE ExampleDpc;
static IO_WORKITEM_ROUTINE ExampleWork;
BOOLEAN ExampleIsIdle(PEXAMPLE Owner);

/* Declared before without `inline`, as MetadataManager does, and written `static __forceinline`, as WinDivert does. */
FORCEINLINE BOOLEAN ExampleIsIdle(_In_ PEXAMPLE Owner) { return IsListEmpty(&Owner->Pending); }

static __forceinline ULONG ExamplePort(USHORT Port) { return RtlUshortByteSwap(Port); }

static VOID ExampleClassify(_In_ const FWPS_INCOMING_VALUES0 *Values, _In_ const FWPS_INCOMING_METADATA_VALUES0 *Metadata,
                            _Inout_opt_ VOID *LayerData, _In_opt_ const VOID *Context, _In_ const FWPS_FILTER1 *Filter,
                            _In_ UINT64 FlowContext, _Inout_ FWPS_CLASSIFY_OUT0 *Out) {
  KLOCK_QUEUE_HANDLE queue;
  PEXAMPLE_PENDED pended;

  UNREFERENCED_PARAMETER(Context);
  UNREFERENCED_PARAMETER(FlowContext);
  UNREFERENCED_PARAMETER(Filter);
  if (!(Out->rights & FWPS_RIGHT_ACTION_WRITE))
    return;
  InterlockedIncrement(&Example->Classified);
  if (Values->layerId == FWPS_LAYER_STREAM_V4) {
    FWPS_STREAM_CALLOUT_IO_PACKET0 *packet = LayerData;
    NET_BUFFER_LIST *clone = NULL;

    packet->streamAction = FWPS_STREAM_ACTION_NONE;
    if (NT_SUCCESS(FwpsCloneStreamData0(packet->streamData, NULL, NULL, 0, &clone)))
      FwpsDiscardClonedStreamData0(clone, 0, TRUE);
  } else if (FWPS_IS_METADATA_FIELD_PRESENT(Metadata, FWPS_METADATA_FIELD_COMPLETION_HANDLE)) {
    pended = ExAllocateFromNPagedLookasideList(&Example->Lookaside);
    if (pended != NULL && NT_SUCCESS(FwpsPendOperation0(Metadata->completionHandle, &pended->Completion))) {
      KeAcquireInStackQueuedSpinLock(&Example->Lock, &queue);
      InsertTailList(&Example->Pending, &pended->Link);
      KeReleaseInStackQueuedSpinLock(&queue);
      Out->flags |= FWPS_CLASSIFY_OUT_FLAG_ABSORB;
    }
    KdPrint(("port %u of %u\n", ExamplePort(Values->incomingValue[FWPS_FIELD_ALE_AUTH_CONNECT_V4_IP_REMOTE_PORT].value.uint16),
             Filter->action.calloutId));
  }
  Out->actionType = FWP_ACTION_BLOCK;
  Out->rights &= ~FWPS_RIGHT_ACTION_WRITE;
}

static NTSTATUS ExampleNotify(FWPS_CALLOUT_NOTIFY_TYPE Type, const GUID *Key, FWPS_FILTER1 *Filter) {
  UNREFERENCED_PARAMETER(Key);
  UNREFERENCED_PARAMETER(Filter);
  return Type == FWPS_CALLOUT_NOTIFY_ADD_FILTER ? STATUS_SUCCESS : STATUS_UNSUCCESSFUL;
}

static VOID ExampleWork(PDEVICE_OBJECT Device, PVOID Context) {
  PEXAMPLE owner = Context;
  BOOLEAN verdict = FALSE;
  ULONG length = sizeof(verdict);
  LARGE_INTEGER timeout = { .QuadPart = -10 * 1000 * 1000 };
  KIRQL irql;

  UNREFERENCED_PARAMETER(Device);
  PAGED_CODE();
  FltSendMessage(owner->Filter, &owner->ClientPort, &length, sizeof(length), &verdict, &length, &timeout);
  KeAcquireSpinLock(&owner->Lock, &irql);
  while (!IsListEmpty(&owner->Pending)) {
    PEXAMPLE_PENDED pended = CONTAINING_RECORD(RemoveHeadList(&owner->Pending), EXAMPLE_PENDED, Link);

    KeReleaseSpinLock(&owner->Lock, irql);
    FwpsCompleteOperation0(pended->Completion, NULL);
    ExFreeToNPagedLookasideList(&owner->Lookaside, pended);
    KeAcquireSpinLock(&owner->Lock, &irql);
  }
  KeReleaseSpinLock(&owner->Lock, irql);
}

static VOID ExampleDpc(PKDPC Dpc, PVOID Context, PVOID Argument1, PVOID Argument2) {
  PEXAMPLE owner = Context;

  UNREFERENCED_PARAMETER(Dpc);
  UNREFERENCED_PARAMETER(Argument1);
  UNREFERENCED_PARAMETER(Argument2);
  ASSERT(KeGetCurrentIrql() == DISPATCH_LEVEL);
  IoQueueWorkItem(owner->WorkItem, ExampleWork, DelayedWorkQueue, owner);
}

static VOID ExampleThread(PVOID Context) {
  PEXAMPLE owner = Context;

  while (KeWaitForSingleObject(&owner->Stop, Executive, KernelMode, FALSE, NULL) != STATUS_SUCCESS)
    YieldProcessor();
  PsTerminateSystemThread(STATUS_SUCCESS);
}

static NTSTATUS FLTAPI ExampleConnect(PFLT_PORT Port, PVOID Cookie, PVOID Context, ULONG Size, PVOID *PortCookie) {
  UNREFERENCED_PARAMETER(Cookie);
  UNREFERENCED_PARAMETER(Context);
  UNREFERENCED_PARAMETER(Size);
  *PortCookie = NULL;
  InterlockedExchangePointer((PVOID *)&Example->ClientPort, Port);
  return STATUS_SUCCESS;
}

static VOID FLTAPI ExampleDisconnect(PVOID Cookie) {
  UNREFERENCED_PARAMETER(Cookie);
  FltCloseClientPort(Example->Filter, &Example->ClientPort);
}

static NTSTATUS FLTAPI ExampleFilterUnload(FLT_FILTER_UNLOAD_FLAGS Flags) {
  UNREFERENCED_PARAMETER(Flags);
  FltCloseCommunicationPort(Example->ServerPort);
  FltUnregisterFilter(Example->Filter);
  return STATUS_SUCCESS;
}

static FLT_PREOP_CALLBACK_STATUS FLTAPI ExamplePreCreate(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS Objects, PVOID *Context) {
  PFLT_FILE_NAME_INFORMATION name;

  UNREFERENCED_PARAMETER(Objects);
  UNREFERENCED_PARAMETER(Context);
  if (FlagOn(Data->Iopb->Parameters.Create.Options, FILE_DIRECTORY_FILE))
    return FLT_PREOP_SUCCESS_NO_CALLBACK;
  if (NT_SUCCESS(FltGetFileNameInformation(Data, FLT_FILE_NAME_NORMALIZED | FLT_FILE_NAME_QUERY_DEFAULT, &name)))
    FltReleaseFileNameInformation(name);
  return FLT_PREOP_SUCCESS_WITH_CALLBACK;
}

static const FLT_OPERATION_REGISTRATION Operations[] = { { IRP_MJ_CREATE, 0, ExamplePreCreate, NULL, NULL },
                                                         { .MajorFunction = IRP_MJ_OPERATION_END } };
static const FLT_REGISTRATION Registration = { .Size = sizeof(FLT_REGISTRATION),
                                               .Version = FLT_REGISTRATION_VERSION,
                                               .OperationRegistration = Operations,
                                               .FilterUnloadCallback = ExampleFilterUnload };

static VOID ExampleUnload(PDRIVER_OBJECT Driver) {
  KeSetEvent(&Example->Stop, IO_NO_INCREMENT, FALSE);
  KeCancelTimer(&Example->Timer);
  KeFlushQueuedDpcs();
  FwpsCalloutUnregisterById0(Example->CalloutId);
  FwpmEngineClose0(Example->Engine);
  IoFreeWorkItem(Example->WorkItem);
  IoDeleteDevice(Driver->DeviceObject);
  ExFreePoolWithTag(Example, EXAMPLE_TAG);
}

static NTSTATUS ExampleFilters(PEXAMPLE Owner, PDEVICE_OBJECT Device) {
  FWPS_CALLOUT1 callout = { .calloutKey = EXAMPLE_CALLOUT, .classifyFn = ExampleClassify, .notifyFn = ExampleNotify };
  FWPM_CALLOUT0 managed = { .calloutKey = EXAMPLE_CALLOUT,
                            .displayData.name = L"example",
                            .applicableLayer = FWPM_LAYER_ALE_AUTH_CONNECT_V4 };
  FWPM_FILTER0 filter = { .displayData.name = L"example",
                          .layerKey = FWPM_LAYER_ALE_AUTH_CONNECT_V4,
                          .subLayerKey = FWPM_SUBLAYER_UNIVERSAL };
  NTSTATUS status = FwpsCalloutRegister1(Device, &callout, &Owner->CalloutId);

  filter.action.type = FWP_ACTION_CALLOUT_TERMINATING;
  filter.action.calloutKey = EXAMPLE_CALLOUT;
  filter.weight.type = FWP_EMPTY;
  if (NT_SUCCESS(status))
    status = FwpmEngineOpen0(NULL, RPC_C_AUTHN_WINNT, NULL, NULL, &Owner->Engine);
  if (NT_SUCCESS(status))
    status = FwpmTransactionBegin0(Owner->Engine, 0);
  if (NT_SUCCESS(status))
    status = FwpmCalloutAdd(Owner->Engine, &managed, NULL, NULL);
  if (NT_SUCCESS(status))
    status = FwpmFilterAdd(Owner->Engine, &filter, NULL, NULL);
  return NT_SUCCESS(status) ? FwpmTransactionCommit0(Owner->Engine) : status;
}

static NTSTATUS ExamplePorts(PEXAMPLE Owner, PDRIVER_OBJECT Driver) {
  UNICODE_STRING name = RTL_CONSTANT_STRING(L"\\ExamplePort");
  PSECURITY_DESCRIPTOR descriptor;
  OBJECT_ATTRIBUTES attributes;
  NTSTATUS status = FltRegisterFilter(Driver, &Registration, &Owner->Filter);

  if (!NT_SUCCESS(status) || !NT_SUCCESS(status = FltBuildDefaultSecurityDescriptor(&descriptor, FLT_PORT_ALL_ACCESS)))
    return status;
  InitializeObjectAttributes(&attributes, &name, OBJ_KERNEL_HANDLE | OBJ_CASE_INSENSITIVE, NULL, descriptor);
  status = FltCreateCommunicationPort(Owner->Filter, &Owner->ServerPort, &attributes, NULL, ExampleConnect, ExampleDisconnect, NULL, 1);
  FltFreeSecurityDescriptor(descriptor);
  return NT_SUCCESS(status) ? FltStartFiltering(Owner->Filter) : status;
}

NTSTATUS DriverEntry(PDRIVER_OBJECT Driver, PUNICODE_STRING RegistryPath) {
  DECLARE_CONST_UNICODE_STRING(name, L"\\Device\\Example");
  LARGE_INTEGER due = { .QuadPart = -1000 };
  PDEVICE_OBJECT device;
  WCHAR text[32];
  HANDLE thread;
  NTSTATUS status;

  ExInitializeDriverRuntime(DrvRtPoolNxOptIn);
  DbgPrintEx(DPFLTR_IHVNETWORK_ID, DPFLTR_INFO_LEVEL, "%wZ\n", RegistryPath);
  status = IoCreateDevice(Driver, 0, (PUNICODE_STRING)&name, FILE_DEVICE_NETWORK, FILE_DEVICE_SECURE_OPEN, FALSE, &device);
  if (!NT_SUCCESS(status))
    return status;
  Driver->DriverUnload = ExampleUnload;
  Example = ExAllocatePool2(POOL_FLAG_NON_PAGED, sizeof(*Example), EXAMPLE_TAG);
  if (Example == NULL)
    return STATUS_INSUFFICIENT_RESOURCES;
  RtlZeroMemory(Example, sizeof(*Example));
  RtlStringCchPrintfW(text, RTL_NUMBER_OF(text), L"%u", KeGetCurrentProcessorNumberEx(NULL));
  InitializeListHead(&Example->Pending);
  KeInitializeSpinLock(&Example->Lock);
  KeInitializeEvent(&Example->Stop, NotificationEvent, FALSE);
  KeInitializeTimer(&Example->Timer);
  KeInitializeDpc(&Example->Dpc, ExampleDpc, Example);
  ExInitializeNPagedLookasideList(&Example->Lookaside, NULL, NULL, 0, sizeof(EXAMPLE_PENDED), EXAMPLE_TAG, 0);
  Example->WorkItem = IoAllocateWorkItem(device);
  KeSetTimer(&Example->Timer, due, &Example->Dpc);
  status = PsCreateSystemThread(&thread, THREAD_ALL_ACCESS, NULL, NULL, NULL, ExampleThread, Example);
  if (NT_SUCCESS(status)) {
    ObReferenceObjectByHandle(thread, THREAD_ALL_ACCESS, *PsThreadType, KernelMode, &Example->Thread, NULL);
    ZwClose(thread);
  }
  if (NT_SUCCESS(status) && ExampleIsIdle(Example))
    status = ExampleFilters(Example, device);
  return NT_SUCCESS(status) ? ExamplePorts(Example, Driver) : status;
}
