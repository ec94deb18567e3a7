/*
 * The connections of a callout driver, in a list under a spin lock. Data are counted in the connection's entry after the lock was given back: when
 * the connection closes on the other CPU in between, in memory that was freed. Put right, each who uses an entry holds a reference.
 */
#include <ntddk.h>

#define CONNECTION_TAG 'nnoC'

typedef struct _CONNECTION {
  LIST_ENTRY Link;
  ULONG Port;
  LONG References;
  ULONG64 Bytes;
} CONNECTION, *PCONNECTION;

DRIVER_INITIALIZE DriverEntry;
KDEFERRED_ROUTINE OnData, OnClose;

static KSPIN_LOCK gLock;
static LIST_ENTRY gConnections;

/* With the lock held. */
static PCONNECTION Find(ULONG Port) {
  for (PLIST_ENTRY link = gConnections.Flink; link != &gConnections; link = link->Flink) {
    PCONNECTION connection = CONTAINING_RECORD(link, CONNECTION, Link);
    if (connection->Port == Port)
      return connection;
  }
  return NULL;
}

static VOID Release(PCONNECTION Connection) {
  if (InterlockedDecrement(&Connection->References) == 0)
    ExFreePoolWithTag(Connection, CONNECTION_TAG);
}

VOID OnData(PKDPC Dpc, PVOID DeferredContext, PVOID SystemArgument1, PVOID SystemArgument2) {
  UNREFERENCED_PARAMETER(Dpc);
  UNREFERENCED_PARAMETER(DeferredContext);
  UNREFERENCED_PARAMETER(SystemArgument1);
  UNREFERENCED_PARAMETER(SystemArgument2);
  KeAcquireSpinLockAtDpcLevel(&gLock);
  PCONNECTION connection = Find(443);
#ifdef CORRECTED
  if (connection != NULL)
    InterlockedIncrement(&connection->References);
#endif
  KeReleaseSpinLockFromDpcLevel(&gLock);
  if (connection == NULL)
    return;
  connection->Bytes += 1460;
#ifdef CORRECTED
  Release(connection);
#endif
}

VOID OnClose(PKDPC Dpc, PVOID DeferredContext, PVOID SystemArgument1, PVOID SystemArgument2) {
  UNREFERENCED_PARAMETER(Dpc);
  UNREFERENCED_PARAMETER(DeferredContext);
  UNREFERENCED_PARAMETER(SystemArgument1);
  UNREFERENCED_PARAMETER(SystemArgument2);
  KeAcquireSpinLockAtDpcLevel(&gLock);
  PCONNECTION connection = Find(443);
  if (connection != NULL)
    RemoveEntryList(&connection->Link);
  KeReleaseSpinLockFromDpcLevel(&gLock);
  if (connection != NULL)
    Release(connection);
}

/* What a DriverEntry that fails leaves behind nobody frees: Windows does not call DriverUnload then. */
static VOID ReleaseAll(VOID) {
  while (!IsListEmpty(&gConnections))
    Release(CONTAINING_RECORD(RemoveHeadList(&gConnections), CONNECTION, Link));
}

NTSTATUS DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath) {
  UNREFERENCED_PARAMETER(DriverObject);
  UNREFERENCED_PARAMETER(RegistryPath);
  KeInitializeSpinLock(&gLock);
  InitializeListHead(&gConnections);
  for (ULONG port = 442; port <= 443; port++) {
    PCONNECTION connection = ExAllocatePool2(POOL_FLAG_NON_PAGED, sizeof(*connection), CONNECTION_TAG);
    if (connection == NULL) {
      ReleaseAll();
      return STATUS_INSUFFICIENT_RESOURCES;
    }
    connection->Port = port;
    connection->References = 1;
    InsertTailList(&gConnections, &connection->Link);
  }
  return STATUS_SUCCESS;
}
