// Host signals of driver code are the guest's.
// exit: 1
// says: SYSTEM_THREAD_EXCEPTION_NOT_HANDLED (0x7E)
#include <ntddk.h>

DRIVER_INITIALIZE DriverEntry;

NTSTATUS DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath) {
  UNREFERENCED_PARAMETER(DriverObject);
  UNREFERENCED_PARAMETER(RegistryPath);
  __asm__ volatile("hlt");
  return STATUS_SUCCESS;
}
