/* What comes out of a queue is compared with what was put in at the same turn; who finds that it is not its turn does not wait, but counts the turn. */
#include "program.h"

#define TURNS 10

static FAST_MUTEX Lock;
static volatile LONG Elements[TURNS], Stored[TURNS], Head, Tail, MayPut, MayTake;

static VOID Putter(PVOID Context) {
  LONG value = 1;
  UNREFERENCED_PARAMETER(Context);
  for (LONG i = 0; i < TURNS; i++) {
    ExAcquireFastMutex(&Lock);
    if (MayPut) {
      value = value * 3 % 31;
      Elements[Tail++] = value;
      Stored[i] = value;
      MayPut = FALSE;
      MayTake = TRUE;
    }
    ExReleaseFastMutex(&Lock);
  }
}

static VOID Taker(PVOID Context) {
  UNREFERENCED_PARAMETER(Context);
  for (LONG i = 0; i < TURNS; i++) {
    ExAcquireFastMutex(&Lock);
    if (MayTake) {
      CHECK(Elements[Head++] == Stored[i]);
      MayTake = FALSE;
      MayPut = TRUE;
    }
    ExReleaseFastMutex(&Lock);
  }
}

VOID Main(PVOID Context) {
  Start(Putter, Context);
  Start(Taker, Context);
}

NTSTATUS DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath) {
  UNREFERENCED_PARAMETER(DriverObject);
  UNREFERENCED_PARAMETER(RegistryPath);
  ExInitializeFastMutex(&Lock);
  MayPut = TRUE;
  return STATUS_SUCCESS;
}
