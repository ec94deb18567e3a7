/*
 * firewall.c: a small firewall that asks a service in user mode whether a connection may be made. Same calls, same order and same mistakes as in
 * OSR ntdev 291980, in irqlab's own words: do not start from this file, start from firewall_corrected.c.
 *
 * REPLY_TIMEOUT_MS: how long it waits for the service; not defined: for ever, as in the post. IGNORES_REAUTHORIZE: it does not look at the flag.
 */
#include <initguid.h>

#include <fltKernel.h>
#include <fwpmk.h>
#include <fwpsk.h>

DEFINE_GUID(FIREWALL_CALLOUT, 0x2f1c8d10, 0x7a52, 0x4c6e, 0x9b, 0x1d, 0x51, 0x0c, 0x37, 0x8e, 0x22, 0x01);
DEFINE_GUID(FIREWALL_FILTER, 0x2f1c8d11, 0x7a52, 0x4c6e, 0x9b, 0x1d, 0x51, 0x0c, 0x37, 0x8e, 0x22, 0x01);

/* What the service is asked. It answers with one BOOLEAN. */
typedef struct _FIREWALL_REQUEST {
  UINT32 RemoteAddress;
  UINT16 RemotePort;
} FIREWALL_REQUEST;

static PFLT_FILTER Filter;
static PFLT_PORT ServerPort, ClientPort;
static PDEVICE_OBJECT Device;
static HANDLE Engine;
static UINT32 CalloutId;

DRIVER_INITIALIZE DriverEntry;

/* ---- callout ---- */

static BOOLEAN IsAleReauthorize(const FWPS_INCOMING_VALUES *Values) {
#ifdef IGNORES_REAUTHORIZE
  UNREFERENCED_PARAMETER(Values);
  return FALSE;
#else
  UINT32 flags = Values->incomingValue[FWPS_FIELD_ALE_AUTH_CONNECT_V4_FLAGS].value.uint32;
  return (flags & FWP_CONDITION_FLAG_IS_REAUTHORIZE) != 0;
#endif
}

static void NTAPI Classify(const FWPS_INCOMING_VALUES *Values, const FWPS_INCOMING_METADATA_VALUES *MetaValues, void *LayerData,
                           const void *ClassifyContext, const FWPS_FILTER1 *ClassifyFilter, UINT64 FlowContext,
                           FWPS_CLASSIFY_OUT *ClassifyOut) {
  FIREWALL_REQUEST request;
  BOOLEAN safeToOpen = TRUE;
  ULONG length = sizeof(safeToOpen);
  HANDLE completion;
  PLARGE_INTEGER timeout = NULL;
#ifdef REPLY_TIMEOUT_MS
  LARGE_INTEGER interval = { .QuadPart = -10000LL * REPLY_TIMEOUT_MS };
  timeout = &interval;
#endif

  UNREFERENCED_PARAMETER(LayerData);
  UNREFERENCED_PARAMETER(ClassifyContext);
  UNREFERENCED_PARAMETER(ClassifyFilter);
  UNREFERENCED_PARAMETER(FlowContext);

  ClassifyOut->actionType = FWP_ACTION_PERMIT;
  request.RemoteAddress = Values->incomingValue[FWPS_FIELD_ALE_AUTH_CONNECT_V4_IP_REMOTE_ADDRESS].value.uint32;
  request.RemotePort = Values->incomingValue[FWPS_FIELD_ALE_AUTH_CONNECT_V4_IP_REMOTE_PORT].value.uint16;

  if (!IsAleReauthorize(Values)) {
    FwpsPendOperation0(MetaValues->completionHandle, &completion);
    FltSendMessage(Filter, &ClientPort, &request, sizeof(request), &safeToOpen, &length, timeout);
    FwpsCompleteOperation0(completion, NULL);
  }
  if (!safeToOpen)
    ClassifyOut->actionType = FWP_ACTION_BLOCK;
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

static NTSTATUS FLTAPI FilterUnload(FLT_FILTER_UNLOAD_FLAGS Flags) {
  UNREFERENCED_PARAMETER(Flags);
  FiltersRemove();
  FltCloseCommunicationPort(ServerPort);
  FltUnregisterFilter(Filter);
  IoDeleteDevice(Device);
  return STATUS_SUCCESS;
}

static const FLT_OPERATION_REGISTRATION Operations[] = { { .MajorFunction = IRP_MJ_OPERATION_END } };
static const FLT_REGISTRATION Registration = { .Size = sizeof(FLT_REGISTRATION),
                                               .Version = FLT_REGISTRATION_VERSION,
                                               .OperationRegistration = Operations,
                                               .FilterUnloadCallback = FilterUnload };

NTSTATUS DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath) {
  UNICODE_STRING name = RTL_CONSTANT_STRING(L"\\Device\\Firewall");
  NTSTATUS status = FltRegisterFilter(DriverObject, &Registration, &Filter);

  UNREFERENCED_PARAMETER(RegistryPath);
  if (NT_SUCCESS(status))
    status = PortCreate();
  if (NT_SUCCESS(status))
    status = FltStartFiltering(Filter);
  if (NT_SUCCESS(status))
    status = IoCreateDevice(DriverObject, 0, &name, FILE_DEVICE_NETWORK, FILE_DEVICE_SECURE_OPEN, FALSE, &Device);
  if (NT_SUCCESS(status))
    status = FiltersAdd();
  return status;
}
