/* A table of constants is changed in place, through a cast that takes the const away. */
#include <ntddk.h>

DRIVER_INITIALIZE DriverEntry;
KSTART_ROUTINE Worker;

TABLE USHORT Ports[4] = { 80, 443, 8080, 8443 };

VOID Worker(PVOID StartContext) {
  UNREFERENCED_PARAMETER(StartContext);
  *(volatile USHORT *)&Ports[2] = 0;
}

NTSTATUS DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath) {
  UNREFERENCED_PARAMETER(DriverObject);
  UNREFERENCED_PARAMETER(RegistryPath);
  return STATUS_SUCCESS;
}
