/* Two copies that are longer than the local they are made to, and a call that leads nowhere. */
#include <ntddk.h>

DRIVER_INITIALIZE DriverEntry;
KSTART_ROUTINE Zeros, Letters, Nowhere;

typedef VOID NOTIFY(VOID);
static NOTIFY *volatile gNotify;
static const UCHAR gZeros[64];
static volatile ULONG gLength = 64;

static VOID Copy(const UCHAR *From, ULONG Length) {
  UCHAR buffer[16];
  RtlCopyMemory(buffer, From, Length);
  DbgPrint("%d\n", buffer[3]);
}

static VOID Fill(ULONG Length) {
  UCHAR name[16];
  for (ULONG i = 0; i < Length; i++)
    name[i] = 'A';
  DbgPrint("%d\n", name[3]);
}

VOID Zeros(PVOID Context) {
  UNREFERENCED_PARAMETER(Context);
  Copy(gZeros, gLength);
}

VOID Letters(PVOID Context) {
  UNREFERENCED_PARAMETER(Context);
  Fill(gLength);
}

VOID Nowhere(PVOID Context) {
  UNREFERENCED_PARAMETER(Context);
  gNotify();
}

NTSTATUS DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath) {
  UNREFERENCED_PARAMETER(DriverObject);
  UNREFERENCED_PARAMETER(RegistryPath);
  return STATUS_SUCCESS;
}
