/* Two threads add, one looks; it may come last. */
#include "program.h"

static FAST_MUTEX Lock;
static volatile LONG Sum;

static VOID Add(PVOID Context) {
  ExAcquireFastMutex(&Lock);
  Sum += (LONG)(LONG_PTR)Context;
  ExReleaseFastMutex(&Lock);
}

static VOID Look(PVOID Context) {
  UNREFERENCED_PARAMETER(Context);
  ExAcquireFastMutex(&Lock);
  CHECK(Sum < 3);
  ExReleaseFastMutex(&Lock);
}

VOID Main(PVOID Context) {
  Start(Add, (PVOID)1);
  Start(Add, (PVOID)2);
  Start(Look, Context);
}

NTSTATUS DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath) {
  UNREFERENCED_PARAMETER(DriverObject);
  UNREFERENCED_PARAMETER(RegistryPath);
  ExInitializeFastMutex(&Lock);
  return STATUS_SUCCESS;
}
