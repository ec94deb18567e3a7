/* A buffer for one item between two producers and two consumers of two items each. */
#include <ntddk.h>

DRIVER_INITIALIZE DriverEntry;
KSTART_ROUTINE Produce, Consume;

static KSEMAPHORE Room, Items;
static KMUTEX Lock;
static LONG Item, Sum;

VOID Produce(PVOID Context) {
  UNREFERENCED_PARAMETER(Context);
  for (LONG i = 1; i <= 2; i++) {
    KeWaitForSingleObject(&Room, Executive, KernelMode, FALSE, NULL);
    KeWaitForSingleObject(&Lock, Executive, KernelMode, FALSE, NULL);
    Item = i;
    KeReleaseMutex(&Lock, FALSE);
    KeReleaseSemaphore(&Items, IO_NO_INCREMENT, 1, FALSE);
  }
}

VOID Consume(PVOID Context) {
  UNREFERENCED_PARAMETER(Context);
  for (LONG i = 1; i <= 2; i++) {
    KeWaitForSingleObject(&Items, Executive, KernelMode, FALSE, NULL);
    KeWaitForSingleObject(&Lock, Executive, KernelMode, FALSE, NULL);
    Sum += Item;
    KeReleaseMutex(&Lock, FALSE);
    KeReleaseSemaphore(&Room, IO_NO_INCREMENT, 1, FALSE);
  }
}

NTSTATUS DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath) {
  UNREFERENCED_PARAMETER(DriverObject);
  UNREFERENCED_PARAMETER(RegistryPath);
  KeInitializeSemaphore(&Room, 1, 1);
  KeInitializeSemaphore(&Items, 0, 1);
  KeInitializeMutex(&Lock, 0);
  return STATUS_SUCCESS;
}
