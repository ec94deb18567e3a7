/* A stack with a flag that it is not empty, which is set and never cleared: who takes more than there is goes below the bottom. */
#include "program.h"

#define TURNS 5

static FAST_MUTEX Lock;
static volatile LONG Elements[TURNS], Top, IsFilled;

static VOID Pusher(PVOID Context) {
  UNREFERENCED_PARAMETER(Context);
  for (LONG i = 0; i < TURNS; i++) {
    ExAcquireFastMutex(&Lock);
    Elements[Top++] = i;
    IsFilled = TRUE;
    ExReleaseFastMutex(&Lock);
  }
}

static VOID Popper(PVOID Context) {
  UNREFERENCED_PARAMETER(Context);
  for (LONG i = 0; i < TURNS; i++) {
    ExAcquireFastMutex(&Lock);
    if (IsFilled) {
      CHECK(Top > 0);
      Top--;
    }
    ExReleaseFastMutex(&Lock);
  }
}

VOID Main(PVOID Context) {
  Start(Pusher, Context);
  Start(Popper, Context);
}

NTSTATUS DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath) {
  UNREFERENCED_PARAMETER(DriverObject);
  UNREFERENCED_PARAMETER(RegistryPath);
  ExInitializeFastMutex(&Lock);
  return STATUS_SUCCESS;
}
