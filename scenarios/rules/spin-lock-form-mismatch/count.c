/* A counter under a spin lock, in a work item: released by the form that lowers the IRQL, or by the one that does not. */
#include <ntddk.h>

DRIVER_INITIALIZE DriverEntry;
IO_WORKITEM_ROUTINE Work;

KSPIN_LOCK Lock;
LONG Count;

VOID Work(PDEVICE_OBJECT DeviceObject, PVOID Context) {
  KIRQL irql;

  UNREFERENCED_PARAMETER(DeviceObject);
  UNREFERENCED_PARAMETER(Context);
  KeAcquireSpinLock(&Lock, &irql);
  Count++;
#if AS_IN_A_DPC
  KeReleaseSpinLockFromDpcLevel(&Lock);
#else
  KeReleaseSpinLock(&Lock, irql);
#endif
}

NTSTATUS DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath) {
  UNREFERENCED_PARAMETER(DriverObject);
  UNREFERENCED_PARAMETER(RegistryPath);
  KeInitializeSpinLock(&Lock);
  return STATUS_SUCCESS;
}
