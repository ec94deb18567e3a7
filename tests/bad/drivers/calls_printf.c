// There is no libc in the kernel.
// exit: 2
// says: printf is neither Windows' nor defined by the driver
#include <ntddk.h>

int printf(const char *, ...);

DRIVER_INITIALIZE DriverEntry;

NTSTATUS DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath) {
  UNREFERENCED_PARAMETER(DriverObject);
  UNREFERENCED_PARAMETER(RegistryPath);
  printf("x");
  return STATUS_SUCCESS;
}
