/* One thread puts numbers into a ring and one takes them out, each in turn; who finds that it is not its turn does not wait, but counts the turn. */
#include "program.h"

#define TURNS 7
#define CAPACITY 10

static FAST_MUTEX Lock;
static volatile LONG Ring[CAPACITY], First, Next, MaySend, MayReceive;

static VOID Sender(PVOID Context) {
  UNREFERENCED_PARAMETER(Context);
  for (LONG i = 0; i < TURNS; i++) {
    ExAcquireFastMutex(&Lock);
    if (MaySend) {
      Ring[Next] = i;
      Next = (Next + 1) % CAPACITY;
      MaySend = FALSE;
      MayReceive = TRUE;
    }
    ExReleaseFastMutex(&Lock);
  }
}

static VOID Receiver(PVOID Context) {
  UNREFERENCED_PARAMETER(Context);
  for (LONG i = 0; i < TURNS; i++) {
    ExAcquireFastMutex(&Lock);
    if (MayReceive) {
      CHECK(Ring[First] == i);
      First = (First + 1) % CAPACITY;
      MayReceive = FALSE;
      MaySend = TRUE;
    }
    ExReleaseFastMutex(&Lock);
  }
}

VOID Main(PVOID Context) {
  Start(Sender, Context);
  Start(Receiver, Context);
}

NTSTATUS DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath) {
  UNREFERENCED_PARAMETER(DriverObject);
  UNREFERENCED_PARAMETER(RegistryPath);
  ExInitializeFastMutex(&Lock);
  MaySend = TRUE;
  return STATUS_SUCCESS;
}
