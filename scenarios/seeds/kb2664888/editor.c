/*
 * editor.c: a stream editor that works out of band. The classify of the STREAM layer, called in the receive DPC or in the thread that sends, clones
 * what it is shown, keeps the original from its reader and queues the clone; a thread puts it back at PASSIVE_LEVEL with FwpsStreamInjectAsync0.
 * The driver is right; what netio.sys before KB2664888 makes of it is the scenarios' story. RESTORE_IRQL: with what a driver can do about it.
 */
#include <initguid.h>

#include <ntddk.h>

#include <fwpmk.h>
#include <fwpsk.h>

DEFINE_GUID(EDITOR_FLOW_CALLOUT, 0x5d0a7e20, 0x3c41, 0x4b0f, 0x8e, 0x52, 0x0d, 0x6b, 0x11, 0x9f, 0x40, 0x01);
DEFINE_GUID(EDITOR_FLOW_FILTER, 0x5d0a7e21, 0x3c41, 0x4b0f, 0x8e, 0x52, 0x0d, 0x6b, 0x11, 0x9f, 0x40, 0x01);
DEFINE_GUID(EDITOR_STREAM_CALLOUT, 0x5d0a7e22, 0x3c41, 0x4b0f, 0x8e, 0x52, 0x0d, 0x6b, 0x11, 0x9f, 0x40, 0x01);
DEFINE_GUID(EDITOR_STREAM_FILTER, 0x5d0a7e23, 0x3c41, 0x4b0f, 0x8e, 0x52, 0x0d, 0x6b, 0x11, 0x9f, 0x40, 0x01);

#define EDITOR_TAG 'tidE'
#define STREAM_ABORTS (FWPS_STREAM_FLAG_SEND_ABORT | FWPS_STREAM_FLAG_RECEIVE_ABORT)

/* A connection that is edited: the context of its flow at the STREAM layer. */
typedef struct _EDITOR_FLOW {
  LIST_ENTRY Link;
  UINT64 Id;
  BOOLEAN IsRemoving;
} EDITOR_FLOW, *PEDITOR_FLOW;

/* What one classify was shown, and is to be put back. */
typedef struct _EDITOR_PIECE {
  LIST_ENTRY Link;
  UINT64 FlowId;
  UINT32 StreamFlags;
  SIZE_T Length;
  NET_BUFFER_LIST *Clone; /* NULL: a FIN without data */
} EDITOR_PIECE, *PEDITOR_PIECE;

/* In paged pool: only the thread counts. */
typedef struct _EDITOR_STATISTICS {
  ULONG64 Pieces;
  ULONG64 Bytes;
} EDITOR_STATISTICS, *PEDITOR_STATISTICS;

static PDEVICE_OBJECT Device;
static HANDLE Engine, Injection;
static UINT32 FlowCalloutId, StreamCalloutId;
static PEDITOR_STATISTICS Statistics;

static KSPIN_LOCK Lock; /* of what follows */
static LIST_ENTRY Flows, Pieces;
static ULONG PieceCount; /* taken and not put back */
static BOOLEAN IsStopping;

static KEVENT Ready;
static PKTHREAD WorkerThread;

DRIVER_INITIALIZE DriverEntry;
static DRIVER_UNLOAD Unload;
static KSTART_ROUTINE Worker;

/* ---- pieces ---- */

/* FALSE: the driver stops and everything taken before is back: the stream may pass. */
static BOOLEAN PieceInsert(PEDITOR_PIECE Piece) {
  BOOLEAN isInserted;
  KIRQL irql;

  KeAcquireSpinLock(&Lock, &irql);
  isInserted = !IsStopping || PieceCount > 0;
  if (isInserted) {
    InsertTailList(&Pieces, &Piece->Link);
    PieceCount++;
  }
  KeReleaseSpinLock(&Lock, irql);
  return isInserted;
}

static PEDITOR_PIECE PieceRemove(void) {
  PEDITOR_PIECE piece = NULL;
  KIRQL irql;

  KeAcquireSpinLock(&Lock, &irql);
  if (!IsListEmpty(&Pieces))
    piece = CONTAINING_RECORD(RemoveHeadList(&Pieces), EDITOR_PIECE, Link);
  KeReleaseSpinLock(&Lock, irql);
  return piece;
}

static void PieceFree(PEDITOR_PIECE Piece) {
  KIRQL irql;

  KeAcquireSpinLock(&Lock, &irql);
  PieceCount--;
  KeReleaseSpinLock(&Lock, irql);
  ExFreePoolWithTag(Piece, EDITOR_TAG);
}

static BOOLEAN IsDone(void) {
  BOOLEAN isDone;
  KIRQL irql;

  KeAcquireSpinLock(&Lock, &irql);
  isDone = IsStopping && PieceCount == 0;
  KeReleaseSpinLock(&Lock, irql);
  return isDone;
}

/* ---- putting back ---- */

static void NTAPI InjectComplete(void *Context, NET_BUFFER_LIST *Clone, BOOLEAN DispatchLevel) {
  UNREFERENCED_PARAMETER(Context);
  UNREFERENCED_PARAMETER(DispatchLevel);
  FwpsFreeCloneNetBufferList0(Clone, 0);
}

static void Inject(PEDITOR_PIECE Piece) {
  NTSTATUS status;
#ifdef RESTORE_IRQL
  KIRQL irql = KeGetCurrentIrql();
#endif

  status = FwpsStreamInjectAsync0(Injection, NULL, 0, Piece->FlowId, StreamCalloutId, FWPS_LAYER_STREAM_V4, Piece->StreamFlags,
                                  Piece->Clone, Piece->Length, InjectComplete, NULL);
#ifdef RESTORE_IRQL
  if (KeGetCurrentIrql() > irql)
    KeLowerIrql(irql);
#endif
  if (!NT_SUCCESS(status) && Piece->Clone != NULL) /* the connection is gone: nobody completes it */
    FwpsDiscardClonedStreamData0(Piece->Clone, 0, FALSE);
}

static void Worker(PVOID Context) {
  PEDITOR_PIECE piece;

  UNREFERENCED_PARAMETER(Context);
  while (!IsDone()) {
    KeWaitForSingleObject(&Ready, Executive, KernelMode, FALSE, NULL);
    while ((piece = PieceRemove()) != NULL) {
      Inject(piece);
      Statistics->Pieces++;
      Statistics->Bytes += piece->Length;
      PieceFree(piece);
    }
  }
  PsTerminateSystemThread(STATUS_SUCCESS);
}

/* ---- taking out ---- */

/* FALSE: no memory. */
static BOOLEAN Take(FWPS_STREAM_DATA0 *Data, UINT64 FlowId, FWPS_CLASSIFY_OUT *ClassifyOut) {
  PEDITOR_PIECE piece = ExAllocatePoolWithTag(NonPagedPool, sizeof(*piece), EDITOR_TAG);

  if (piece == NULL)
    return FALSE;
  *piece = (EDITOR_PIECE){ .FlowId = FlowId, .StreamFlags = Data->flags, .Length = Data->dataLength };
  if (Data->netBufferListChain != NULL && !NT_SUCCESS(FwpsCloneStreamData0(Data, NULL, NULL, 0, &piece->Clone))) {
    ExFreePoolWithTag(piece, EDITOR_TAG);
    return FALSE;
  }
  if (PieceInsert(piece)) {
    ClassifyOut->actionType = FWP_ACTION_BLOCK;
    KeSetEvent(&Ready, IO_NO_INCREMENT, FALSE);
    return TRUE;
  }
  if (piece->Clone != NULL)
    FwpsDiscardClonedStreamData0(piece->Clone, 0, FALSE);
  ExFreePoolWithTag(piece, EDITOR_TAG);
  return TRUE;
}

static void NTAPI StreamClassify(const FWPS_INCOMING_VALUES *Values, const FWPS_INCOMING_METADATA_VALUES *MetaValues, void *LayerData,
                                 const void *ClassifyContext, const FWPS_FILTER1 *Filter, UINT64 FlowContext,
                                 FWPS_CLASSIFY_OUT *ClassifyOut) {
  FWPS_STREAM_CALLOUT_IO_PACKET0 *packet = LayerData;
  PEDITOR_FLOW flow = (PEDITOR_FLOW)(ULONG_PTR)FlowContext;

  UNREFERENCED_PARAMETER(Values);
  UNREFERENCED_PARAMETER(MetaValues);
  UNREFERENCED_PARAMETER(ClassifyContext);
  UNREFERENCED_PARAMETER(Filter);
  packet->streamAction = FWPS_STREAM_ACTION_NONE;
  ClassifyOut->actionType = FWP_ACTION_PERMIT;
  if (packet->streamData->flags & STREAM_ABORTS) /* nothing may be put back after it */
    return;
  if (!Take(packet->streamData, flow->Id, ClassifyOut))
    packet->streamAction = FWPS_STREAM_ACTION_DROP_CONNECTION;
}

/* ---- flows ---- */

static void FlowFree(PEDITOR_FLOW Flow) {
  KIRQL irql;

  KeAcquireSpinLock(&Lock, &irql);
  RemoveEntryList(&Flow->Link);
  KeReleaseSpinLock(&Lock, irql);
  ExFreePoolWithTag(Flow, EDITOR_TAG);
}

static void NTAPI StreamFlowDelete(UINT16 LayerId, UINT32 CalloutId, UINT64 FlowContext) {
  UNREFERENCED_PARAMETER(LayerId);
  UNREFERENCED_PARAMETER(CalloutId);
  FlowFree((PEDITOR_FLOW)(ULONG_PTR)FlowContext);
}

static void NTAPI FlowClassify(const FWPS_INCOMING_VALUES *Values, const FWPS_INCOMING_METADATA_VALUES *MetaValues, void *LayerData,
                               const void *ClassifyContext, const FWPS_FILTER1 *Filter, UINT64 FlowContext,
                               FWPS_CLASSIFY_OUT *ClassifyOut) {
  PEDITOR_FLOW flow = ExAllocatePoolWithTag(NonPagedPool, sizeof(*flow), EDITOR_TAG);
  KIRQL irql;

  UNREFERENCED_PARAMETER(Values);
  UNREFERENCED_PARAMETER(LayerData);
  UNREFERENCED_PARAMETER(ClassifyContext);
  UNREFERENCED_PARAMETER(Filter);
  UNREFERENCED_PARAMETER(FlowContext);
  ClassifyOut->actionType = FWP_ACTION_PERMIT;
  if (flow == NULL) /* this one is not edited */
    return;
  flow->Id = MetaValues->flowHandle;
  flow->IsRemoving = FALSE;
  KeAcquireSpinLock(&Lock, &irql);
  InsertTailList(&Flows, &flow->Link);
  KeReleaseSpinLock(&Lock, irql);
  /* From here on the flow may end at any time. STATUS_OBJECT_NAME_EXISTS is a success code. */
  if (FwpsFlowAssociateContext0(MetaValues->flowHandle, FWPS_LAYER_STREAM_V4, StreamCalloutId, (ULONG_PTR)flow) != STATUS_SUCCESS)
    FlowFree(flow);
}

/* The id of a flow that is edited still; 0: none. */
static UINT64 FlowTake(void) {
  PLIST_ENTRY link;
  UINT64 id = 0;
  KIRQL irql;

  KeAcquireSpinLock(&Lock, &irql);
  for (link = Flows.Flink; link != &Flows && id == 0; link = link->Flink) {
    PEDITOR_FLOW flow = CONTAINING_RECORD(link, EDITOR_FLOW, Link);
    if (!flow->IsRemoving) {
      flow->IsRemoving = TRUE;
      id = flow->Id;
    }
  }
  KeReleaseSpinLock(&Lock, irql);
  return id;
}

/* ---- callouts and filters ---- */

static NTSTATUS NTAPI Notify(FWPS_CALLOUT_NOTIFY_TYPE Type, const GUID *Key, FWPS_FILTER1 *Filter) {
  UNREFERENCED_PARAMETER(Type);
  UNREFERENCED_PARAMETER(Key);
  UNREFERENCED_PARAMETER(Filter);
  return STATUS_SUCCESS;
}

static NTSTATUS CalloutAdd(const FWPS_CALLOUT1 *Callout, const GUID *Layer, const GUID *FilterKey, FWP_ACTION_TYPE Action, UINT32 *Id) {
  FWPM_CALLOUT0 managed = { .calloutKey = Callout->calloutKey, .displayData.name = L"Editor", .applicableLayer = *Layer };
  FWPM_FILTER0 filter = { .filterKey = *FilterKey, .displayData.name = L"Editor", .layerKey = *Layer, .weight.type = FWP_EMPTY };
  NTSTATUS status = FwpsCalloutRegister1(Device, Callout, Id);

  filter.action.type = Action;
  filter.action.calloutKey = Callout->calloutKey;
  if (NT_SUCCESS(status))
    status = FwpmCalloutAdd(Engine, &managed, NULL, NULL);
  if (NT_SUCCESS(status))
    status = FwpmFilterAdd(Engine, &filter, NULL, NULL);
  return status;
}

static NTSTATUS CalloutsAdd(void) {
  FWPS_CALLOUT1 flow = { .calloutKey = EDITOR_FLOW_CALLOUT, .classifyFn = FlowClassify, .notifyFn = Notify };
  FWPS_CALLOUT1 stream = { .calloutKey = EDITOR_STREAM_CALLOUT,
                           .flags = FWP_CALLOUT_FLAG_CONDITIONAL_ON_FLOW,
                           .classifyFn = StreamClassify,
                           .notifyFn = Notify,
                           .flowDeleteFn = StreamFlowDelete };
  NTSTATUS status;

  /* The stream's first: the other needs its id. UNKNOWN, for it may drop the connection. */
  status = CalloutAdd(&stream, &FWPM_LAYER_STREAM_V4, &EDITOR_STREAM_FILTER, FWP_ACTION_CALLOUT_UNKNOWN, &StreamCalloutId);
  if (NT_SUCCESS(status))
    status = CalloutAdd(&flow, &FWPM_LAYER_ALE_FLOW_ESTABLISHED_V4, &EDITOR_FLOW_FILTER, FWP_ACTION_CALLOUT_INSPECTION, &FlowCalloutId);
  return status;
}

/* No flow is new any more, then none is edited any more. A context that a classify has in use goes when that is over. */
static void CalloutsRemove(void) {
  LARGE_INTEGER time = { .QuadPart = -10000 };
  UINT64 id;

  FwpmFilterDeleteByKey0(Engine, &EDITOR_FLOW_FILTER);
  FwpmCalloutDeleteByKey0(Engine, &EDITOR_FLOW_CALLOUT);
  FwpsCalloutUnregisterById0(FlowCalloutId);
  FwpmFilterDeleteByKey0(Engine, &EDITOR_STREAM_FILTER);
  FwpmCalloutDeleteByKey0(Engine, &EDITOR_STREAM_CALLOUT);
  FwpmEngineClose0(Engine);
  while ((id = FlowTake()) != 0)
    FwpsFlowRemoveContext0(id, FWPS_LAYER_STREAM_V4, StreamCalloutId);
  while (FwpsCalloutUnregisterById0(StreamCalloutId) == STATUS_DEVICE_BUSY)
    KeDelayExecutionThread(KernelMode, FALSE, &time);
}

/* ---- the driver ---- */

static NTSTATUS WorkerStart(void) {
  HANDLE handle;
  NTSTATUS status = PsCreateSystemThread(&handle, THREAD_ALL_ACCESS, NULL, NULL, NULL, Worker, NULL);

  if (!NT_SUCCESS(status))
    return status;
  ObReferenceObjectByHandle(handle, THREAD_ALL_ACCESS, NULL, KernelMode, (PVOID *)&WorkerThread, NULL);
  ZwClose(handle);
  return STATUS_SUCCESS;
}

static void WorkerStop(void) {
  KIRQL irql;

  KeAcquireSpinLock(&Lock, &irql);
  IsStopping = TRUE;
  KeReleaseSpinLock(&Lock, irql);
  KeSetEvent(&Ready, IO_NO_INCREMENT, FALSE);
  KeWaitForSingleObject(WorkerThread, Executive, KernelMode, FALSE, NULL);
  ObDereferenceObject(WorkerThread);
}

/* What was taken is put back, then the stream passes, then the callouts go, and last what their calls needed. Also of a DriverEntry that failed: as
 * much as there is. */
static VOID Unload(PDRIVER_OBJECT DriverObject) {
  UNREFERENCED_PARAMETER(DriverObject);
  if (WorkerThread != NULL)
    WorkerStop();
  if (Engine != NULL)
    CalloutsRemove();
  if (Injection != NULL)
    FwpsInjectionHandleDestroy0(Injection);
  ExFreePoolWithTag(Statistics, EDITOR_TAG);
  if (Device != NULL)
    IoDeleteDevice(Device);
}

NTSTATUS DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath) {
  UNICODE_STRING name = RTL_CONSTANT_STRING(L"\\Device\\Editor");
  NTSTATUS status;

  UNREFERENCED_PARAMETER(RegistryPath);
  DriverObject->DriverUnload = Unload;
  KeInitializeSpinLock(&Lock);
  InitializeListHead(&Flows);
  InitializeListHead(&Pieces);
  KeInitializeEvent(&Ready, SynchronizationEvent, FALSE);
  Statistics = ExAllocatePoolWithTag(PagedPool, sizeof(*Statistics), EDITOR_TAG);
  if (Statistics == NULL)
    return STATUS_INSUFFICIENT_RESOURCES;
  RtlZeroMemory(Statistics, sizeof(*Statistics));
  status = IoCreateDevice(DriverObject, 0, &name, FILE_DEVICE_NETWORK, FILE_DEVICE_SECURE_OPEN, FALSE, &Device);
  if (NT_SUCCESS(status))
    status = FwpsInjectionHandleCreate0(AF_INET, FWPS_INJECTION_TYPE_STREAM, &Injection);
  if (NT_SUCCESS(status))
    status = WorkerStart();
  if (NT_SUCCESS(status))
    status = FwpmEngineOpen0(NULL, RPC_C_AUTHN_WINNT, NULL, NULL, &Engine);
  if (NT_SUCCESS(status))
    status = CalloutsAdd();
  if (!NT_SUCCESS(status))
    Unload(DriverObject);
  return status;
}
