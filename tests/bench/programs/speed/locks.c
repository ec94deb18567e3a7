/* Two threads, two spin locks in the same order, three sections each. */
#include <ntddk.h>

DRIVER_INITIALIZE DriverEntry;
KSTART_ROUTINE Sections;

static KSPIN_LOCK Outer, Inner;
static LONG Count;

VOID Sections(PVOID Context) {
  UNREFERENCED_PARAMETER(Context);
  for (LONG i = 0; i < 3; i++) {
    KIRQL irql;
    KeAcquireSpinLock(&Outer, &irql);
    KeAcquireSpinLockAtDpcLevel(&Inner);
    Count++;
    KeReleaseSpinLockFromDpcLevel(&Inner);
    KeReleaseSpinLock(&Outer, irql);
  }
}

NTSTATUS DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath) {
  UNREFERENCED_PARAMETER(DriverObject);
  UNREFERENCED_PARAMETER(RegistryPath);
  KeInitializeSpinLock(&Outer);
  KeInitializeSpinLock(&Inner);
  return STATUS_SUCCESS;
}
