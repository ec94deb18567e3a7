/*
 * A queue with room for four. Each CPU looks whether there is room, and then puts its packet behind the others. When both look at the last free
 * place, the second writes behind the end. Put right, the look and the writing are under one lock.
 */
#include <ntddk.h>

#define QUEUE_TAG 'ueuQ'
#define QUEUE_COUNT_MAX 4

DRIVER_INITIALIZE DriverEntry;
KDEFERRED_ROUTINE OnPacket;

static KSPIN_LOCK gLock;
static PULONG64 gQueue;
static volatile ULONG gCount;
static ULONG gDropped;

static VOID Push(ULONG64 Packet) {
  if (gCount < QUEUE_COUNT_MAX) {
    gQueue[gCount] = Packet;
    gCount++;
  } else {
    gDropped++;
  }
}

VOID OnPacket(PKDPC Dpc, PVOID DeferredContext, PVOID SystemArgument1, PVOID SystemArgument2) {
  UNREFERENCED_PARAMETER(Dpc);
  UNREFERENCED_PARAMETER(DeferredContext);
  UNREFERENCED_PARAMETER(SystemArgument1);
  UNREFERENCED_PARAMETER(SystemArgument2);
#ifdef CORRECTED
  KeAcquireSpinLockAtDpcLevel(&gLock);
#endif
  for (ULONG i = 0; i < 3; i++)
    Push(i);
#ifdef CORRECTED
  KeReleaseSpinLockFromDpcLevel(&gLock);
#endif
}

NTSTATUS DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath) {
  UNREFERENCED_PARAMETER(DriverObject);
  UNREFERENCED_PARAMETER(RegistryPath);
  KeInitializeSpinLock(&gLock);
  gQueue = ExAllocatePool2(POOL_FLAG_NON_PAGED, QUEUE_COUNT_MAX * sizeof(*gQueue), QUEUE_TAG);
  return gQueue != NULL ? STATUS_SUCCESS : STATUS_INSUFFICIENT_RESOURCES;
}
