/* A tree is walked by recursion: as deep as the tree is, each level with a path of its own on the stack. */
#include <ntddk.h>

DRIVER_INITIALIZE DriverEntry;
KSTART_ROUTINE Worker;

volatile LONG Sum;

static LONG Walk(LONG Depth) {
  volatile WCHAR path[260];

  path[0] = (WCHAR)Depth;
  if (Depth == 0)
    return path[0];
  return Walk(Depth - 1) + path[0];
}

VOID Worker(PVOID StartContext) {
  UNREFERENCED_PARAMETER(StartContext);
  Sum = Walk(TREE_DEPTH);
}

NTSTATUS DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath) {
  UNREFERENCED_PARAMETER(DriverObject);
  UNREFERENCED_PARAMETER(RegistryPath);
  return STATUS_SUCCESS;
}
