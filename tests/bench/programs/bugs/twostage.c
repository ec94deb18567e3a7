/* STAGERS threads set one number under one lock and then another under another; a reader takes the two in the same order and must find them to fit. */
#include "program.h"

static FAST_MUTEX FirstLock, SecondLock;
static volatile LONG First, Second;

static VOID Stager(PVOID Context) {
  UNREFERENCED_PARAMETER(Context);
  ExAcquireFastMutex(&FirstLock);
  First = 1;
  ExReleaseFastMutex(&FirstLock);
  ExAcquireFastMutex(&SecondLock);
  Second = First + 1;
  ExReleaseFastMutex(&SecondLock);
}

static VOID Reader(PVOID Context) {
  UNREFERENCED_PARAMETER(Context);
  ExAcquireFastMutex(&FirstLock);
  LONG first = First;
  ExReleaseFastMutex(&FirstLock);
  if (first == 0)
    return;
  ExAcquireFastMutex(&SecondLock);
  LONG second = Second;
  ExReleaseFastMutex(&SecondLock);
  CHECK(second == first + 1);
}

VOID Main(PVOID Context) {
  for (LONG i = 0; i < STAGERS; i++)
    Start(Stager, Context);
  Start(Reader, Context);
}

NTSTATUS DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath) {
  UNREFERENCED_PARAMETER(DriverObject);
  UNREFERENCED_PARAMETER(RegistryPath);
  ExInitializeFastMutex(&FirstLock);
  ExInitializeFastMutex(&SecondLock);
  return STATUS_SUCCESS;
}
