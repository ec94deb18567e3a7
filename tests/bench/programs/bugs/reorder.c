/* SETTERS threads set two words one after the other; one thread reads both, and must not see the first set and the second not. */
#include "program.h"

static volatile LONG First, Second;

static VOID Setter(PVOID Context) {
  UNREFERENCED_PARAMETER(Context);
  First = 1;
  Second = -1;
}

static VOID Checker(PVOID Context) {
  UNREFERENCED_PARAMETER(Context);
  CHECK((First == 0 && Second == 0) || (First == 1 && Second == -1));
}

VOID Main(PVOID Context) {
  for (LONG i = 0; i < SETTERS; i++)
    Start(Setter, Context);
  Start(Checker, Context);
}

NTSTATUS DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath) {
  UNREFERENCED_PARAMETER(DriverObject);
  UNREFERENCED_PARAMETER(RegistryPath);
  return STATUS_SUCCESS;
}
