/* Takes memory on two paths; on one of them the second block is not looked at before it is used. */
#include <ntddk.h>

#define MOVED_TAG 'evoM'

DRIVER_INITIALIZE DriverEntry;
KDEFERRED_ROUTINE OnTimer, OnPacket;

static LONG gCount;

//MARK first
static PLONG Take(void) { return ExAllocatePool2(POOL_FLAG_NON_PAGED, 64, MOVED_TAG); }

static VOID Give(PLONG Block) { ExFreePoolWithTag(Block, MOVED_TAG); }

//MARK second
VOID OnTimer(PKDPC Dpc, PVOID DeferredContext, PVOID SystemArgument1, PVOID SystemArgument2) {
  UNREFERENCED_PARAMETER(Dpc);
  UNREFERENCED_PARAMETER(DeferredContext);
  UNREFERENCED_PARAMETER(SystemArgument1);
  UNREFERENCED_PARAMETER(SystemArgument2);
  PLONG first = Take();
  if (first == NULL)
    return;
  PLONG second = Take();
  *second = ++gCount;
  Give(second);
  Give(first);
}

//MARK third
VOID OnPacket(PKDPC Dpc, PVOID DeferredContext, PVOID SystemArgument1, PVOID SystemArgument2) {
  UNREFERENCED_PARAMETER(Dpc);
  UNREFERENCED_PARAMETER(DeferredContext);
  UNREFERENCED_PARAMETER(SystemArgument1);
  UNREFERENCED_PARAMETER(SystemArgument2);
  PLONG block = Take();
  if (block != NULL)
    Give(block);
}

//MARK fourth
NTSTATUS DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath) {
  UNREFERENCED_PARAMETER(DriverObject);
  UNREFERENCED_PARAMETER(RegistryPath);
  return STATUS_SUCCESS;
}
