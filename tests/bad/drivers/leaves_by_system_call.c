// Ends its worker; costs no other scenario its result.
// exit: 1
// says: left no result
#include <ntddk.h>

DRIVER_INITIALIZE DriverEntry;

NTSTATUS DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath) {
  UNREFERENCED_PARAMETER(DriverObject);
  UNREFERENCED_PARAMETER(RegistryPath);
  __asm__ volatile("syscall" : : "a"(231), "D"(0) : "rcx", "r11", "memory");
  return STATUS_SUCCESS;
}
