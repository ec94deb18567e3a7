/*
 * firewall_corrected.c: firewall.c put right, its TCP part. The classify may run at DISPATCH_LEVEL and in a DPC: it pends, gives the connect up
 * silently and queues a work item. That asks the service at PASSIVE_LEVEL, keeps the verdict where the second classify finds it, and completes.
 * Whatever goes wrong, a time-out included, the connection is blocked.
 */
#include <initguid.h>

#include <fltKernel.h>
#include <fwpmk.h>
#include <fwpsk.h>

DEFINE_GUID(FIREWALL_CALLOUT, 0x2f1c8d10, 0x7a52, 0x4c6e, 0x9b, 0x1d, 0x51, 0x0c, 0x37, 0x8e, 0x22, 0x02);
DEFINE_GUID(FIREWALL_FILTER, 0x2f1c8d11, 0x7a52, 0x4c6e, 0x9b, 0x1d, 0x51, 0x0c, 0x37, 0x8e, 0x22, 0x02);

#define FIREWALL_TAG 'lawF'
#define REPLY_TIMEOUT_MS 100

/* What the service is asked. It answers with one BOOLEAN. */
typedef struct _FIREWALL_REQUEST {
  UINT32 RemoteAddress;
  UINT16 RemotePort;
} FIREWALL_REQUEST;

/* A connect that waits for the service. The list holds one reference until the second classify takes the verdict, the work item the other. */
typedef struct _FIREWALL_CONNECT {
  LIST_ENTRY Link;
  LONG References;
  UINT64 Endpoint;
  HANDLE Completion;
  PIO_WORKITEM WorkItem;
  FWP_ACTION_TYPE Verdict;
  FIREWALL_REQUEST Request;
} FIREWALL_CONNECT, *PFIREWALL_CONNECT;

static PFLT_FILTER Filter;
static PFLT_PORT ServerPort, ClientPort;
static PDEVICE_OBJECT Device;
static HANDLE Engine;
static UINT32 CalloutId;

static KSPIN_LOCK Lock; /* of the two below, and of each Verdict */
static LIST_ENTRY Connects;
static BOOLEAN IsUnloading;
static LONG AskCount = 1; /* work items that have not ended, and one for being loaded */
static KEVENT AskEnded;

DRIVER_INITIALIZE DriverEntry;
static IO_WORKITEM_ROUTINE Ask;

/* ---- connects that wait ---- */

static void ConnectRelease(PFIREWALL_CONNECT Connect) {
  if (InterlockedDecrement(&Connect->References) > 0)
    return;
  IoFreeWorkItem(Connect->WorkItem);
  ExFreePoolWithTag(Connect, FIREWALL_TAG);
}

static void AskRelease(void) {
  if (InterlockedDecrement(&AskCount) == 0)
    KeSetEvent(&AskEnded, IO_NO_INCREMENT, FALSE);
}

/* NULL: no memory. */
static PFIREWALL_CONNECT ConnectCreate(UINT64 Endpoint, const FWPS_INCOMING_VALUES *Values) {
  PFIREWALL_CONNECT connect = ExAllocatePool2(POOL_FLAG_NON_PAGED, sizeof(*connect), FIREWALL_TAG);

  if (connect == NULL)
    return NULL;
  connect->WorkItem = IoAllocateWorkItem(Device);
  if (connect->WorkItem == NULL) {
    ExFreePoolWithTag(connect, FIREWALL_TAG);
    return NULL;
  }
  connect->References = 1;
  connect->Endpoint = Endpoint;
  connect->Verdict = FWP_ACTION_BLOCK;
  connect->Request.RemoteAddress = Values->incomingValue[FWPS_FIELD_ALE_AUTH_CONNECT_V4_IP_REMOTE_ADDRESS].value.uint32;
  connect->Request.RemotePort = Values->incomingValue[FWPS_FIELD_ALE_AUTH_CONNECT_V4_IP_REMOTE_PORT].value.uint16;
  return connect;
}

/* FALSE: the driver unloads, and nothing is asked any more. */
static BOOLEAN ConnectInsert(PFIREWALL_CONNECT Connect) {
  BOOLEAN isInserted;
  KIRQL irql;

  KeAcquireSpinLock(&Lock, &irql);
  isInserted = !IsUnloading;
  if (isInserted) {
    InsertTailList(&Connects, &Connect->Link);
    Connect->References++;
    InterlockedIncrement(&AskCount);
  }
  KeReleaseSpinLock(&Lock, irql);
  return isInserted;
}

/* Takes the endpoint's connect out of the list and returns its verdict. What was never asked about is an old connection: permitted. */
static FWP_ACTION_TYPE ConnectTake(UINT64 Endpoint) {
  FWP_ACTION_TYPE verdict = FWP_ACTION_PERMIT;
  PFIREWALL_CONNECT taken = NULL;
  PLIST_ENTRY link;
  KIRQL irql;

  KeAcquireSpinLock(&Lock, &irql);
  for (link = Connects.Flink; link != &Connects && taken == NULL; link = link->Flink) {
    PFIREWALL_CONNECT connect = CONTAINING_RECORD(link, FIREWALL_CONNECT, Link);
    if (connect->Endpoint == Endpoint)
      taken = connect;
  }
  if (taken != NULL) {
    RemoveEntryList(&taken->Link);
    verdict = taken->Verdict;
  }
  KeReleaseSpinLock(&Lock, irql);
  if (taken != NULL)
    ConnectRelease(taken);
  return verdict;
}

/* ---- callout ---- */

static void Answer(FWPS_CLASSIFY_OUT *ClassifyOut, FWP_ACTION_TYPE Action) {
  ClassifyOut->actionType = Action;
  if (Action == FWP_ACTION_BLOCK)
    ClassifyOut->rights &= ~FWPS_RIGHT_ACTION_WRITE;
}

/* At PASSIVE_LEVEL in a thread of the system: here the service can be waited for, for a while. STATUS_TIMEOUT is a success code. */
static void Ask(PDEVICE_OBJECT DeviceObject, PVOID Context) {
  PFIREWALL_CONNECT connect = Context;
  LARGE_INTEGER timeout = { .QuadPart = -10000LL * REPLY_TIMEOUT_MS };
  BOOLEAN safeToOpen = FALSE;
  ULONG length = sizeof(safeToOpen);
  NTSTATUS status;
  KIRQL irql;

  UNREFERENCED_PARAMETER(DeviceObject);
  status = FltSendMessage(Filter, &ClientPort, &connect->Request, sizeof(connect->Request), &safeToOpen, &length, &timeout);
  KeAcquireSpinLock(&Lock, &irql);
  if (status == STATUS_SUCCESS && length == sizeof(safeToOpen) && safeToOpen)
    connect->Verdict = FWP_ACTION_PERMIT;
  KeReleaseSpinLock(&Lock, irql);
  /* With no lock held: the second classify comes from inside of this call, or from the first one's end. */
  FwpsCompleteOperation0(connect->Completion, NULL);
  ConnectRelease(connect);
  AskRelease();
}

/* The first time: nothing here may wait. FALSE: it could not be pended. */
static BOOLEAN AskLater(const FWPS_INCOMING_VALUES *Values, const FWPS_INCOMING_METADATA_VALUES *MetaValues) {
  PFIREWALL_CONNECT connect = ConnectCreate(MetaValues->transportEndpointHandle, Values);

  if (connect == NULL)
    return FALSE;
  if (!ConnectInsert(connect)) {
    ConnectRelease(connect);
    return FALSE;
  }
  if (!NT_SUCCESS(FwpsPendOperation0(MetaValues->completionHandle, &connect->Completion))) {
    ConnectTake(connect->Endpoint);
    ConnectRelease(connect);
    AskRelease();
    return FALSE;
  }
  IoQueueWorkItem(connect->WorkItem, Ask, DelayedWorkQueue, connect);
  return TRUE;
}

static void NTAPI Classify(const FWPS_INCOMING_VALUES *Values, const FWPS_INCOMING_METADATA_VALUES *MetaValues, void *LayerData,
                           const void *ClassifyContext, const FWPS_FILTER1 *ClassifyFilter, UINT64 FlowContext,
                           FWPS_CLASSIFY_OUT *ClassifyOut) {
  UINT32 flags = Values->incomingValue[FWPS_FIELD_ALE_AUTH_CONNECT_V4_FLAGS].value.uint32;

  UNREFERENCED_PARAMETER(LayerData);
  UNREFERENCED_PARAMETER(ClassifyContext);
  UNREFERENCED_PARAMETER(ClassifyFilter);
  UNREFERENCED_PARAMETER(FlowContext);
  if (!(ClassifyOut->rights & FWPS_RIGHT_ACTION_WRITE))
    return;
  if (flags & FWP_CONDITION_FLAG_IS_REAUTHORIZE) {
    Answer(ClassifyOut, ConnectTake(MetaValues->transportEndpointHandle));
    return;
  }
  Answer(ClassifyOut, FWP_ACTION_BLOCK);
  if (AskLater(Values, MetaValues)) {
    ClassifyOut->flags |= FWPS_CLASSIFY_OUT_FLAG_ABSORB;
    DbgPrint("firewall: endpoint %I64u is asked about\n", MetaValues->transportEndpointHandle);
  }
}

static NTSTATUS NTAPI Notify(FWPS_CALLOUT_NOTIFY_TYPE Type, const GUID *Key, FWPS_FILTER1 *NotifyFilter) {
  UNREFERENCED_PARAMETER(Type);
  UNREFERENCED_PARAMETER(Key);
  UNREFERENCED_PARAMETER(NotifyFilter);
  return STATUS_SUCCESS;
}

static NTSTATUS FiltersAdd(void) {
  FWPS_CALLOUT1 callout = { .calloutKey = FIREWALL_CALLOUT, .classifyFn = Classify, .notifyFn = Notify };
  FWPM_CALLOUT0 managed = { .calloutKey = FIREWALL_CALLOUT, .displayData.name = L"Firewall" };
  FWPM_FILTER0 filter = { .filterKey = FIREWALL_FILTER, .displayData.name = L"Firewall" };
  NTSTATUS status = FwpsCalloutRegister1(Device, &callout, &CalloutId);

  managed.applicableLayer = FWPM_LAYER_ALE_AUTH_CONNECT_V4;
  filter.layerKey = FWPM_LAYER_ALE_AUTH_CONNECT_V4;
  filter.weight.type = FWP_EMPTY;
  filter.action.type = FWP_ACTION_CALLOUT_TERMINATING;
  filter.action.calloutKey = FIREWALL_CALLOUT;
  if (NT_SUCCESS(status))
    status = FwpmEngineOpen0(NULL, RPC_C_AUTHN_WINNT, NULL, NULL, &Engine);
  if (NT_SUCCESS(status))
    status = FwpmCalloutAdd(Engine, &managed, NULL, NULL);
  if (NT_SUCCESS(status))
    status = FwpmFilterAdd(Engine, &filter, NULL, NULL);
  return status;
}

static void FiltersRemove(void) {
  FwpmFilterDeleteByKey0(Engine, &FIREWALL_FILTER);
  FwpmCalloutDeleteByKey0(Engine, &FIREWALL_CALLOUT);
  FwpmEngineClose0(Engine);
  FwpsCalloutUnregisterById0(CalloutId);
}

/* ---- the port to the service ---- */

static NTSTATUS FLTAPI PortConnect(PFLT_PORT Port, PVOID Cookie, PVOID Context, ULONG Size, PVOID *PortCookie) {
  UNREFERENCED_PARAMETER(Cookie);
  UNREFERENCED_PARAMETER(Context);
  UNREFERENCED_PARAMETER(Size);
  *PortCookie = NULL;
  ClientPort = Port;
  return STATUS_SUCCESS;
}

static VOID FLTAPI PortDisconnect(PVOID PortCookie) {
  UNREFERENCED_PARAMETER(PortCookie);
  FltCloseClientPort(Filter, &ClientPort);
}

static NTSTATUS PortCreate(void) {
  UNICODE_STRING name = RTL_CONSTANT_STRING(L"\\FirewallPort");
  PSECURITY_DESCRIPTOR descriptor;
  OBJECT_ATTRIBUTES attributes;
  NTSTATUS status = FltBuildDefaultSecurityDescriptor(&descriptor, FLT_PORT_ALL_ACCESS);

  if (!NT_SUCCESS(status))
    return status;
  InitializeObjectAttributes(&attributes, &name, OBJ_KERNEL_HANDLE | OBJ_CASE_INSENSITIVE, NULL, descriptor);
  status = FltCreateCommunicationPort(Filter, &ServerPort, &attributes, NULL, PortConnect, PortDisconnect, NULL, 1);
  FltFreeSecurityDescriptor(descriptor);
  return status;
}

/* ---- the driver ---- */

/* Nothing new is asked, what is asked ends (with BLOCK) when the port closes, and only then the filter and the callout go. */
static NTSTATUS FLTAPI FilterUnload(FLT_FILTER_UNLOAD_FLAGS Flags) {
  KIRQL irql;

  UNREFERENCED_PARAMETER(Flags);
  KeAcquireSpinLock(&Lock, &irql);
  IsUnloading = TRUE;
  KeReleaseSpinLock(&Lock, irql);
  FltCloseCommunicationPort(ServerPort);
  FltCloseClientPort(Filter, &ClientPort);
  AskRelease();
  KeWaitForSingleObject(&AskEnded, Executive, KernelMode, FALSE, NULL);
  FiltersRemove();
  while (!IsListEmpty(&Connects))
    ConnectRelease(CONTAINING_RECORD(RemoveHeadList(&Connects), FIREWALL_CONNECT, Link));
  FltUnregisterFilter(Filter);
  IoDeleteDevice(Device);
  return STATUS_SUCCESS;
}

static const FLT_OPERATION_REGISTRATION Operations[] = { { .MajorFunction = IRP_MJ_OPERATION_END } };
static const FLT_REGISTRATION Registration = { .Size = sizeof(FLT_REGISTRATION),
                                               .Version = FLT_REGISTRATION_VERSION,
                                               .OperationRegistration = Operations,
                                               .FilterUnloadCallback = FilterUnload };

/* Of a DriverEntry that failed: as much as there is. */
static void Undo(void) {
  if (Engine != NULL) {
    FwpmFilterDeleteByKey0(Engine, &FIREWALL_FILTER);
    FwpmCalloutDeleteByKey0(Engine, &FIREWALL_CALLOUT);
    FwpmEngineClose0(Engine);
  }
  if (CalloutId != 0)
    FwpsCalloutUnregisterById0(CalloutId);
  if (Device != NULL)
    IoDeleteDevice(Device);
  if (ServerPort != NULL)
    FltCloseCommunicationPort(ServerPort);
  if (Filter != NULL)
    FltUnregisterFilter(Filter);
}

NTSTATUS DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath) {
  UNICODE_STRING name = RTL_CONSTANT_STRING(L"\\Device\\Firewall");
  NTSTATUS status;

  UNREFERENCED_PARAMETER(RegistryPath);
  KeInitializeSpinLock(&Lock);
  InitializeListHead(&Connects);
  KeInitializeEvent(&AskEnded, NotificationEvent, FALSE);
  status = FltRegisterFilter(DriverObject, &Registration, &Filter);
  if (NT_SUCCESS(status))
    status = PortCreate();
  if (NT_SUCCESS(status))
    status = FltStartFiltering(Filter);
  if (NT_SUCCESS(status))
    status = IoCreateDevice(DriverObject, 0, &name, FILE_DEVICE_NETWORK, FILE_DEVICE_SECURE_OPEN, FALSE, &Device);
  if (NT_SUCCESS(status))
    status = FiltersAdd();
  if (!NT_SUCCESS(status))
    Undo();
  return status;
}
