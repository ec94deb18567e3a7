/* A pointer is kept in a number and taken back. Where the number is shorter than a pointer, half of it is gone. */
#include <ntddk.h>

DRIVER_INITIALIZE DriverEntry;
KSTART_ROUTINE Worker;

LONG Counter;
NUMBER Kept;

VOID Worker(PVOID StartContext) {
  UNREFERENCED_PARAMETER(StartContext);
  *(PLONG)(ULONG_PTR)Kept = 1;
}

NTSTATUS DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath) {
  UNREFERENCED_PARAMETER(DriverObject);
  UNREFERENCED_PARAMETER(RegistryPath);
  Kept = (NUMBER)(ULONG_PTR)&Counter;
  return STATUS_SUCCESS;
}
