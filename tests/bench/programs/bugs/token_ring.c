/* Three threads hand a number on, each once and in no order; a fourth believes that when all have been there it has come all the way. */
#include "program.h"

static FAST_MUTEX Lock;
static volatile LONG Numbers[3], IsDone[3];

static VOID Hand(PVOID Context) {
  LONG self = (LONG)(LONG_PTR)Context;
  ExAcquireFastMutex(&Lock);
  Numbers[self] = self == 0 ? (Numbers[2] + 1) % 4 : Numbers[self - 1];
  IsDone[self] = TRUE;
  ExReleaseFastMutex(&Lock);
}

static VOID Look(PVOID Context) {
  UNREFERENCED_PARAMETER(Context);
  ExAcquireFastMutex(&Lock);
  if (IsDone[0] && IsDone[1] && IsDone[2])
    CHECK(Numbers[0] == Numbers[1] && Numbers[1] == Numbers[2]);
  ExReleaseFastMutex(&Lock);
}

VOID Main(PVOID Context) {
  Start(Hand, (PVOID)0);
  Start(Hand, (PVOID)1);
  Start(Hand, (PVOID)2);
  Start(Look, Context);
}

NTSTATUS DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath) {
  UNREFERENCED_PARAMETER(DriverObject);
  UNREFERENCED_PARAMETER(RegistryPath);
  ExInitializeFastMutex(&Lock);
  return STATUS_SUCCESS;
}
