// Far past the guard page.
// exit: 1
// says: UNEXPECTED_KERNEL_MODE_TRAP (0x7F)
#include <ntddk.h>

static int Big(void) {
  volatile char local[1 << 20];
  local[0] = 1;
  local[sizeof(local) - 1] = 2;
  return local[0];
}

DRIVER_INITIALIZE DriverEntry;

NTSTATUS DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath) {
  UNREFERENCED_PARAMETER(DriverObject);
  UNREFERENCED_PARAMETER(RegistryPath);
  (void)Big();
  return STATUS_SUCCESS;
}
