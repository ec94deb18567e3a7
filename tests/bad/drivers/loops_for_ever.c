// Without one access: only the host's clock ends it.
// exit: 1
// says: limit: host time
#include <ntddk.h>

DRIVER_INITIALIZE DriverEntry;

NTSTATUS DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath) {
  UNREFERENCED_PARAMETER(DriverObject);
  UNREFERENCED_PARAMETER(RegistryPath);
  for (;;) {
  }
  return STATUS_SUCCESS;
}
