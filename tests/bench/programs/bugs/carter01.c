/* Readers of two kinds share one lock for writing: the first of a kind takes it, the last gives it back, each under the lock of its kind. One of them
 * waits for the shared lock with its own held, and who has the shared lock waits for that. */
#include "program.h"

static KEVENT Shared; /* taken and given back by whoever comes first and last: no mutex */
static FAST_MUTEX Kinds;
static volatile LONG FirstCount, SecondCount;

static VOID Take(volatile LONG *Count) {
  ExAcquireFastMutex(&Kinds);
  if (++*Count == 1)
    KeWaitForSingleObject(&Shared, Executive, KernelMode, FALSE, NULL);
  ExReleaseFastMutex(&Kinds);
}

static VOID GiveBack(volatile LONG *Count) {
  ExAcquireFastMutex(&Kinds);
  if (--*Count == 0)
    KeSetEvent(&Shared, IO_NO_INCREMENT, FALSE);
  ExReleaseFastMutex(&Kinds);
}

static VOID Reader(PVOID Context) {
  Take(Context);
  GiveBack(Context);
}

static VOID Idle(PVOID Context) { UNREFERENCED_PARAMETER(Context); }

VOID Main(PVOID Context) {
  Start(Reader, (PVOID)&FirstCount);
  Start(Reader, (PVOID)&SecondCount);
  Start(Idle, Context);
  Start(Idle, Context);
}

NTSTATUS DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath) {
  UNREFERENCED_PARAMETER(DriverObject);
  UNREFERENCED_PARAMETER(RegistryPath);
  ExInitializeFastMutex(&Kinds);
  KeInitializeEvent(&Shared, SynchronizationEvent, TRUE);
  return STATUS_SUCCESS;
}
