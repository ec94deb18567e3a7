/* Three threads, two increments each, of which each is a load and a store that others may come between. */
#include <ntddk.h>

DRIVER_INITIALIZE DriverEntry;
KSTART_ROUTINE Increments;

static volatile LONG Count;

VOID Increments(PVOID Context) {
  UNREFERENCED_PARAMETER(Context);
  for (LONG i = 0; i < 2; i++)
    Count = Count + 1;
}

NTSTATUS DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath) {
  UNREFERENCED_PARAMETER(DriverObject);
  UNREFERENCED_PARAMETER(RegistryPath);
  return STATUS_SUCCESS;
}
