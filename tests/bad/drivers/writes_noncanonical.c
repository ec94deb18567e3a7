// An address no x64 has.
// exit: 1
// says: SYSTEM_THREAD_EXCEPTION_NOT_HANDLED (0x7E)
#include <ntddk.h>

DRIVER_INITIALIZE DriverEntry;

NTSTATUS DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath) {
  UNREFERENCED_PARAMETER(DriverObject);
  UNREFERENCED_PARAMETER(RegistryPath);
  *(volatile int *)0xffff123456789abc = 1;
  return STATUS_SUCCESS;
}
