/* Two locks in two orders. */
#include "program.h"

static FAST_MUTEX First, Second;
static volatile LONG Counter;

static VOID FirstSecond(PVOID Context) {
  UNREFERENCED_PARAMETER(Context);
  KeEnterCriticalRegion();
  ExAcquireFastMutexUnsafe(&First);
  ExAcquireFastMutexUnsafe(&Second);
  Counter++;
  ExReleaseFastMutexUnsafe(&Second);
  ExReleaseFastMutexUnsafe(&First);
  KeLeaveCriticalRegion();
}

static VOID SecondFirst(PVOID Context) {
  UNREFERENCED_PARAMETER(Context);
  KeEnterCriticalRegion();
  ExAcquireFastMutexUnsafe(&Second);
  ExAcquireFastMutexUnsafe(&First);
  Counter--;
  ExReleaseFastMutexUnsafe(&First);
  ExReleaseFastMutexUnsafe(&Second);
  KeLeaveCriticalRegion();
}

VOID Main(PVOID Context) {
  Start(FirstSecond, Context);
  Start(SecondFirst, Context);
}

NTSTATUS DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath) {
  UNREFERENCED_PARAMETER(DriverObject);
  UNREFERENCED_PARAMETER(RegistryPath);
  ExInitializeFastMutex(&First);
  ExInitializeFastMutex(&Second);
  return STATUS_SUCCESS;
}
