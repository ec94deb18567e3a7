/* Two DPCs, one a CPU, and a number that both touch: under a spin lock or behind it; volatile or not; the same byte or the one beside it. */
#include <ntddk.h>

DRIVER_INITIALIZE DriverEntry;
KDEFERRED_ROUTINE OnSend, OnReceive;

#ifndef IS_LOCKED
#define IS_LOCKED 1
#endif

typedef struct CONNECTION {
  UCHAR Sent;
  UCHAR Received;
  USHORT Port;
  ULONG Bytes;
} CONNECTION;

KSPIN_LOCK Lock;
CONNECTION Connection;
#if IS_VOLATILE
volatile LONG Stopping;
#else
LONG Stopping;
#endif

static VOID Remember(ULONG Count) { Connection.Bytes = Count; }

VOID OnSend(PKDPC Dpc, PVOID Context, PVOID Argument1, PVOID Argument2) {
  UNREFERENCED_PARAMETER(Dpc);
  UNREFERENCED_PARAMETER(Context);
  UNREFERENCED_PARAMETER(Argument1);
  UNREFERENCED_PARAMETER(Argument2);
  Connection.Sent = 1;
  KeAcquireSpinLockAtDpcLevel(&Lock);
  Remember(100);
  KeReleaseSpinLockFromDpcLevel(&Lock);
  Stopping = 1;
}

VOID OnReceive(PKDPC Dpc, PVOID Context, PVOID Argument1, PVOID Argument2) {
  UNREFERENCED_PARAMETER(Dpc);
  UNREFERENCED_PARAMETER(Context);
  UNREFERENCED_PARAMETER(Argument1);
  UNREFERENCED_PARAMETER(Argument2);
#if IS_ONE_BYTE
  Connection.Sent = 0;
#else
  Connection.Received = 1;
#endif
  KeAcquireSpinLockAtDpcLevel(&Lock);
#if IS_LOCKED
  Remember(1460);
#endif
  KeReleaseSpinLockFromDpcLevel(&Lock);
#if !IS_LOCKED
  Remember(1460);
#endif
  Stopping = 2;
}

NTSTATUS DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath) {
  UNREFERENCED_PARAMETER(DriverObject);
  UNREFERENCED_PARAMETER(RegistryPath);
  KeInitializeSpinLock(&Lock);
  return STATUS_SUCCESS;
}
