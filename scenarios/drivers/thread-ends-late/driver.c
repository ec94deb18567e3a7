/*
 * A thread that tells by an event that it has ended. It has not: what stands behind KeSetEvent is still to run, in code that the unload it woke is
 * about to take away. Put right, the unload waits for the thread itself (kernel/device-dedicated-threads).
 */
#include <ntddk.h>

DRIVER_INITIALIZE DriverEntry;
static KSTART_ROUTINE Worker;
static DRIVER_UNLOAD Unload;

static PVOID gThread;
static KEVENT gStop, gDone;
static ULONG gRuns;

static VOID Worker(PVOID Context) {
  UNREFERENCED_PARAMETER(Context);
  KeWaitForSingleObject(&gStop, Executive, KernelMode, FALSE, NULL);
  gRuns++;
  KeSetEvent(&gDone, IO_NO_INCREMENT, FALSE);
  DbgPrint("the thread ends after %u runs\n", gRuns);
  PsTerminateSystemThread(STATUS_SUCCESS);
}

static VOID Unload(PDRIVER_OBJECT DriverObject) {
  UNREFERENCED_PARAMETER(DriverObject);
  KeSetEvent(&gStop, IO_NO_INCREMENT, FALSE);
#ifdef CORRECTED
  KeWaitForSingleObject(gThread, Executive, KernelMode, FALSE, NULL);
#else
  KeWaitForSingleObject(&gDone, Executive, KernelMode, FALSE, NULL);
#endif
  ObDereferenceObject(gThread);
}

NTSTATUS DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath) {
  HANDLE thread;
  UNREFERENCED_PARAMETER(RegistryPath);
  DriverObject->DriverUnload = Unload;
  KeInitializeEvent(&gStop, NotificationEvent, FALSE);
  KeInitializeEvent(&gDone, NotificationEvent, FALSE);
  NTSTATUS status = PsCreateSystemThread(&thread, THREAD_ALL_ACCESS, NULL, NULL, NULL, Worker, NULL);
  if (!NT_SUCCESS(status))
    return status;
  status = ObReferenceObjectByHandle(thread, THREAD_ALL_ACCESS, *PsThreadType, KernelMode, &gThread, NULL);
  ZwClose(thread);
  return status;
}
