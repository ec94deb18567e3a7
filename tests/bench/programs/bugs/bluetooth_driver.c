/* A device stops while a request comes in: the request sees that nothing stops, is counted too late, and is worked on by a driver that has stopped. */
#include "program.h"

static volatile LONG PendingCount, IsStopping, HasStopped;
static KEVENT IsIdle;

static VOID Leave(VOID) {
  if (InterlockedDecrement(&PendingCount) == 0)
    KeSetEvent(&IsIdle, IO_NO_INCREMENT, FALSE);
}

static BOOLEAN Enter(VOID) {
  if (IsStopping)
    return FALSE;
  InterlockedIncrement(&PendingCount); /* should be first, and looked back from */
  return TRUE;
}

static VOID Request(PVOID Context) {
  UNREFERENCED_PARAMETER(Context);
  if (!Enter())
    return;
  CHECK(!HasStopped);
  Leave();
}

VOID Main(PVOID Context) {
  Start(Request, Context);
  IsStopping = TRUE;
  Leave();
  KeWaitForSingleObject(&IsIdle, Executive, KernelMode, FALSE, NULL);
  HasStopped = TRUE;
}

NTSTATUS DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath) {
  UNREFERENCED_PARAMETER(DriverObject);
  UNREFERENCED_PARAMETER(RegistryPath);
  KeInitializeEvent(&IsIdle, NotificationEvent, FALSE);
  PendingCount = 1; /* the driver itself */
  return STATUS_SUCCESS;
}
