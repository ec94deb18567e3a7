// An undeclared function would truncate pointers.
// exit: 2
// says: implicit declaration of function 'NoSuchFunction'
#include <ntddk.h>

DRIVER_INITIALIZE DriverEntry;

NTSTATUS DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath) {
  UNREFERENCED_PARAMETER(DriverObject);
  UNREFERENCED_PARAMETER(RegistryPath);
  NoSuchFunction(1);
  return STATUS_SUCCESS;
}
