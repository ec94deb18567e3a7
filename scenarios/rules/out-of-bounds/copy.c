/* A name is copied character by character to a block that has no room for its terminating zero. */
#include <ntddk.h>

DRIVER_INITIALIZE DriverEntry;
KSTART_ROUTINE Worker;

static const CHAR Name[] = "firewall";

VOID Worker(PVOID StartContext) {
  PCHAR copy = ExAllocatePool2(POOL_FLAG_NON_PAGED, sizeof(Name) - SHORT_BY, 'rebF');
  ULONG i;

  UNREFERENCED_PARAMETER(StartContext);
  if (copy == NULL)
    return;
  for (i = 0; i < sizeof(Name); i++)
    copy[i] = Name[i];
  ExFreePoolWithTag(copy, 'rebF');
}

NTSTATUS DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath) {
  UNREFERENCED_PARAMETER(DriverObject);
  UNREFERENCED_PARAMETER(RegistryPath);
  return STATUS_SUCCESS;
}
