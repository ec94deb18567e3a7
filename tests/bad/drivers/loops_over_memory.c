// Ended by the limit of accesses.
// exit: 1
// says: limit:
#include <ntddk.h>

volatile LONG Stop;

DRIVER_INITIALIZE DriverEntry;

NTSTATUS DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath) {
  UNREFERENCED_PARAMETER(DriverObject);
  UNREFERENCED_PARAMETER(RegistryPath);
  while (!Stop) {
  }
  return STATUS_SUCCESS;
}
