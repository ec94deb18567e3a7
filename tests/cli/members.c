/* Memory of all sorts that is used after it was freed, a member at a time: how a report calls it. */
#include <ntddk.h>

typedef struct _ENTRY {
  USHORT Port;
  UCHAR Tag[6];
  LARGE_INTEGER Since;
} ENTRY, *PENTRY;

typedef struct _TABLE {
  LIST_ENTRY Link;
  ENTRY Entries[4];
  ULONG Busy : 3, Closing : 1;
  union {
    ULONG64 Whole;
    struct {
      ULONG Low;
      ULONG High;
    } Half;
  } Word;
  KEVENT Done;
  struct _TABLE *Next;
} TABLE, *PTABLE;

DRIVER_INITIALIZE DriverEntry;
KSTART_ROUTINE Element, Bits, Whole, Half, Chain, Two, Null;

static PTABLE gTable;
static TABLE gOther;

static PTABLE Gone(VOID) {
  PTABLE table = ExAllocatePool2(POOL_FLAG_NON_PAGED, sizeof(TABLE), 'elbT');
  ExFreePoolWithTag(table, 'elbT');
  return table;
}

VOID Element(PVOID Context) {
  PTABLE table = Gone();
  UNREFERENCED_PARAMETER(Context);
  table->Entries[2].Since.QuadPart = 7;
}

VOID Bits(PVOID Context) {
  PTABLE table = Gone();
  UNREFERENCED_PARAMETER(Context);
  table->Closing = 1;
}

VOID Whole(PVOID Context) {
  PTABLE table = Gone();
  UNREFERENCED_PARAMETER(Context);
  table->Word.Whole = 1;
}

VOID Half(PVOID Context) {
  PTABLE table = Gone();
  UNREFERENCED_PARAMETER(Context);
  table->Word.Half.High = 1;
}

VOID Chain(PVOID Context) {
  UNREFERENCED_PARAMETER(Context);
  gTable = &gOther;
  gOther.Next = Gone();
  gTable->Next->Entries[1].Port = 443;
}

VOID Two(PVOID Context) {
  UNREFERENCED_PARAMETER(Context);
  PENTRY entries = Gone()->Entries;
  RtlZeroMemory(&entries[1], sizeof(ENTRY));
}

VOID Null(PVOID Context) {
  UNREFERENCED_PARAMETER(Context);
  KeInitializeEvent(&gOther.Done, NotificationEvent, FALSE);
  KeSetEvent(&gOther.Done, 0, FALSE);
  gOther.Next = NULL;
  gTable = gOther.Next->Next;
}

NTSTATUS DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath) {
  UNREFERENCED_PARAMETER(DriverObject);
  UNREFERENCED_PARAMETER(RegistryPath);
  return STATUS_SUCCESS;
}
