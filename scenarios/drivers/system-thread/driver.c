/*
 * A driver that ends properly: its system thread is waited for in DriverUnload, by the thread object and not by an event that the thread sets
 * last, which would not prove that the thread has left the driver's code (kernel/device-dedicated-threads).
 */
#include <ntddk.h>

static PVOID gThread;

static VOID Worker(PVOID Context) {
  UNREFERENCED_PARAMETER(Context);
  DbgPrint("the thread runs at IRQL %d\n", KeGetCurrentIrql());
  PsTerminateSystemThread(STATUS_SUCCESS);
}

static VOID Unload(PDRIVER_OBJECT DriverObject) {
  UNREFERENCED_PARAMETER(DriverObject);
  KeWaitForSingleObject(gThread, Executive, KernelMode, FALSE, NULL);
  ObDereferenceObject(gThread);
}

NTSTATUS DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath) {
  HANDLE thread;
  UNREFERENCED_PARAMETER(RegistryPath);
  DriverObject->DriverUnload = Unload;
  NTSTATUS status = PsCreateSystemThread(&thread, THREAD_ALL_ACCESS, NULL, NULL, NULL, Worker, NULL);
  if (!NT_SUCCESS(status))
    return status;
  status = ObReferenceObjectByHandle(thread, THREAD_ALL_ACCESS, *PsThreadType, KernelMode, &gThread, NULL);
  ZwClose(thread);
  return status;
}
