/* A text is appended to another: its length is asked under its lock, its characters are fetched under its lock, and in between it may be shortened. */
#include "program.h"

#define CAPACITY 16

typedef struct Text {
  FAST_MUTEX Lock;
  volatile LONG Length;
  volatile CHAR Characters[CAPACITY];
} Text;

static Text One, Other;

static LONG Length(Text *Self) {
  ExAcquireFastMutex(&Self->Lock);
  LONG length = Self->Length;
  ExReleaseFastMutex(&Self->Lock);
  return length;
}

static VOID Fetch(Text *Self, LONG Count, CHAR *To) {
  ExAcquireFastMutex(&Self->Lock);
  CHECK(Count <= Self->Length);
  for (LONG i = 0; i < Count; i++)
    To[i] = Self->Characters[i];
  ExReleaseFastMutex(&Self->Lock);
}

static VOID Erase(Text *Self, LONG From, LONG To) {
  ExAcquireFastMutex(&Self->Lock);
  for (LONG i = To; i < Self->Length; i++)
    Self->Characters[From + i - To] = Self->Characters[i];
  Self->Length -= To - From;
  ExReleaseFastMutex(&Self->Lock);
}

static VOID Append(Text *Self, Text *From) {
  ExAcquireFastMutex(&Self->Lock);
  LONG count = Length(From);
  if (Self->Length + count <= CAPACITY) {
    Fetch(From, count, (CHAR *)&Self->Characters[Self->Length]);
    Self->Length += count;
  }
  ExReleaseFastMutex(&Self->Lock);
}

static VOID Eraser(PVOID Context) {
  UNREFERENCED_PARAMETER(Context);
  Erase(&Other, 0, 3);
}

VOID Main(PVOID Context) {
  Start(Eraser, Context);
  Append(&One, &Other);
}

NTSTATUS DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath) {
  UNREFERENCED_PARAMETER(DriverObject);
  UNREFERENCED_PARAMETER(RegistryPath);
  ExInitializeFastMutex(&One.Lock);
  ExInitializeFastMutex(&Other.Lock);
  Other.Length = 5;
  for (LONG i = 0; i < Other.Length; i++)
    Other.Characters[i] = (CHAR)('a' + i);
  return STATUS_SUCCESS;
}
