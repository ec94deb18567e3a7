// There is no libc in the kernel.
// exit: 2
// says: exit is neither Windows' nor defined by the driver
#include <ntddk.h>

void exit(int);

DRIVER_INITIALIZE DriverEntry;

NTSTATUS DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath) {
  UNREFERENCED_PARAMETER(DriverObject);
  UNREFERENCED_PARAMETER(RegistryPath);
  exit(0);
  return STATUS_SUCCESS;
}
