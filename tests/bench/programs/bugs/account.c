/* Two threads change a balance and one looks at it; what it expects when both have been there is wrong. Only who looks last sees that. */
#include "program.h"

static FAST_MUTEX Lock;
static volatile LONG Balance, IsPaidIn, IsPaidOut;

static VOID PayIn(PVOID Context) {
  UNREFERENCED_PARAMETER(Context);
  ExAcquireFastMutex(&Lock);
  Balance += 40;
  IsPaidIn = TRUE;
  ExReleaseFastMutex(&Lock);
}

static VOID PayOut(PVOID Context) {
  UNREFERENCED_PARAMETER(Context);
  ExAcquireFastMutex(&Lock);
  Balance -= 15;
  IsPaidOut = TRUE;
  ExReleaseFastMutex(&Lock);
}

static VOID Look(PVOID Context) {
  UNREFERENCED_PARAMETER(Context);
  ExAcquireFastMutex(&Lock);
  if (IsPaidIn && IsPaidOut)
    CHECK(Balance == 100 - 40 - 15);
  ExReleaseFastMutex(&Lock);
}

VOID Main(PVOID Context) {
  Start(Look, Context);
  Start(PayIn, Context);
  Start(PayOut, Context);
}

NTSTATUS DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath) {
  UNREFERENCED_PARAMETER(DriverObject);
  UNREFERENCED_PARAMETER(RegistryPath);
  ExInitializeFastMutex(&Lock);
  Balance = 100;
  return STATUS_SUCCESS;
}
