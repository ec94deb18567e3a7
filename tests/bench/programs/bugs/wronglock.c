/* One thread changes a number under the right lock, OTHERS threads under another. */
#include "program.h"

static FAST_MUTEX Lock, OtherLock;
static volatile LONG Number;

static VOID Right(PVOID Context) {
  UNREFERENCED_PARAMETER(Context);
  ExAcquireFastMutex(&Lock);
  LONG before = Number;
  Number++;
  CHECK(Number == before + 1);
  ExReleaseFastMutex(&Lock);
}

static VOID Wrong(PVOID Context) {
  UNREFERENCED_PARAMETER(Context);
  ExAcquireFastMutex(&OtherLock);
  Number++;
  ExReleaseFastMutex(&OtherLock);
}

VOID Main(PVOID Context) {
  Start(Right, Context);
  for (LONG i = 0; i < OTHERS; i++)
    Start(Wrong, Context);
}

NTSTATUS DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath) {
  UNREFERENCED_PARAMETER(DriverObject);
  UNREFERENCED_PARAMETER(RegistryPath);
  ExInitializeFastMutex(&Lock);
  ExInitializeFastMutex(&OtherLock);
  return STATUS_SUCCESS;
}
