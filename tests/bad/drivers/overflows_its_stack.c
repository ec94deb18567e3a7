// By recursion, page after page.
// exit: 1
// says: UNEXPECTED_KERNEL_MODE_TRAP (0x7F)
#include <ntddk.h>

static int Deep(volatile int *Up) {
  volatile int local[100];
  local[0] = *Up + 1;
  return Deep(local) + local[0];
}

DRIVER_INITIALIZE DriverEntry;

NTSTATUS DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath) {
  UNREFERENCED_PARAMETER(DriverObject);
  UNREFERENCED_PARAMETER(RegistryPath);
  volatile int x = 0;
  (void)Deep(&x);
  return STATUS_SUCCESS;
}
