#include "driver.h"

DriverGlobals *driver;
void (*driver_on_connect)(void);
void (*driver_on_disconnect)(void);

static LONG max_of_port;
static void (*rest)(void);

/* ---- the port ---- */

static NTSTATUS connect_notify(PFLT_PORT ClientPort, PVOID ServerPortCookie, PVOID ConnectionContext, ULONG SizeOfContext,
                               PVOID *ConnectionPortCookie) {
  UNREFERENCED_PARAMETER(ConnectionContext);
  UNREFERENCED_PARAMETER(SizeOfContext);
  note_number(ServerPortCookie == SERVER_COOKIE ? "connect" : "whose", KeGetCurrentIrql());
  if (driver->client_count < RTL_NUMBER_OF(driver->clients))
    driver->clients[driver->client_count++] = ClientPort;
  *ConnectionPortCookie = COOKIE;
  if (driver_on_connect != NULL)
    driver_on_connect();
  return driver->answer;
}

static VOID disconnect_notify(PVOID ConnectionCookie) {
  note(ConnectionCookie == COOKIE ? "disconnect" : "whose");
  if (driver_on_disconnect != NULL)
    driver_on_disconnect();
}

NTSTATUS port_create(PFLT_FILTER filter, const WCHAR *name, ULONG attributes, LONG connections_max, PFLT_PORT *port) {
  UNICODE_STRING string = { .Buffer = driver->name };
  OBJECT_ATTRIBUTES object;
  for (; *name != 0; string.Length += sizeof(WCHAR))
    driver->name[string.Length / sizeof(WCHAR)] = *name++;
  InitializeObjectAttributes(&object, &string, attributes, NULL, NULL);
  return FltCreateCommunicationPort(filter, port, &object, SERVER_COOKIE, connect_notify, disconnect_notify, NULL, connections_max);
}

/* ---- DriverEntry ---- */

static NTSTATUS unload(FLT_FILTER_UNLOAD_FLAGS Flags) {
  UNREFERENCED_PARAMETER(Flags);
  return STATUS_SUCCESS;
}

static NTSTATUS entry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath) {
  static const FLT_REGISTRATION registration = { .Size = sizeof(FLT_REGISTRATION),
                                                 .Version = FLT_REGISTRATION_VERSION,
                                                 .FilterUnloadCallback = unload };
  UNREFERENCED_PARAMETER(RegistryPath);
  NTSTATUS status = FltRegisterFilter(DriverObject, &registration, &driver->filter);
  if (status == STATUS_SUCCESS)
    status = port_create(driver->filter, L"\\agent", OBJ_KERNEL_HANDLE | OBJ_CASE_INSENSITIVE, max_of_port, &driver->server);
  if (status == STATUS_SUCCESS)
    status = FltStartFiltering(driver->filter);
  if (rest != NULL)
    rest();
  return status;
}

void driver_setup(LONG connections_max, void (*rest_of_entry)(void)) {
  driver = harness_memory(sizeof *driver);
  driver_on_connect = driver_on_disconnect = NULL;
  max_of_port = connections_max;
  rest = rest_of_entry;
  io_driver_load(&(IoDriverLoad){ .name = "fw", .entry = (uint64_t)entry }, 0);
}

/* ---- what it does ---- */

NTSTATUS message_send(unsigned client, ULONG capacity, uint64_t timeout_ns) {
  driver->timeout.QuadPart = -(LONGLONG)(timeout_ns / 100);
  driver->reply_length = capacity;
  RtlFillMemory(driver->reply, sizeof driver->reply, 0xee);
  NTSTATUS status = ddi_FltSendMessage(driver->filter, &driver->clients[client], &driver->question, sizeof driver->question,
                                       capacity > 0 ? driver->reply : NULL, capacity > 0 ? &driver->reply_length : NULL,
                                       timeout_ns > 0 ? &driver->timeout : NULL);
  switch (status) {
  case STATUS_SUCCESS: note("sent"); break;
  case STATUS_TIMEOUT: note("timeout"); break;
  case STATUS_BUFFER_OVERFLOW: note("overflow"); break;
  case STATUS_PORT_DISCONNECTED: note("disconnected"); break;
  case STATUS_THREAD_IS_TERMINATING: note("terminating"); break;
  default: note_number("status", status);
  }
  return status;
}

void driver_thread(const char *name, KeThreadStart *start, uint64_t start_ns) {
  ke_thread_ready_at(ke_thread_create(MODEL->ke.system_process, start, NULL, 8, name), start_ns);
}

int32_t call_status(const HarnessRun *run, size_t n) {
  const SimEvent *event = event_at(run, EVENT_SYSTEM_RETURN, n);
  return event != NULL ? event->status : -1;
}
