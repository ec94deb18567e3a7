// The compiler's own words are shown.
// exit: 2
// says: error: expected expression before ';' token
// says:   int x = ;
#include <ntddk.h>

DRIVER_INITIALIZE DriverEntry;

NTSTATUS DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath) {
  UNREFERENCED_PARAMETER(DriverObject);
  UNREFERENCED_PARAMETER(RegistryPath);
  int x = ;
  return STATUS_SUCCESS;
}
