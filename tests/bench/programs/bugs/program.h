/*
 * program.h: what these programs share. Each is a driver with one mistake that few orders of its threads show; that it has shown is a bug check.
 * DriverEntry prepares, Main is the thread of the traffic that starts the others.
 */
#pragma once

#include <ntddk.h>

DRIVER_INITIALIZE DriverEntry;
KSTART_ROUTINE Main;

#define BUG_CODE 0xE2 /* MANUALLY_INITIATED_CRASH */

#define CHECK(condition)                                                                                                                   \
  do {                                                                                                                                     \
    if (!(condition))                                                                                                                      \
      KeBugCheckEx(BUG_CODE, __LINE__, 0, 0, 0);                                                                                           \
  } while (0)

static inline VOID Start(PKSTART_ROUTINE Routine, PVOID Context) {
  HANDLE handle;
  if (NT_SUCCESS(PsCreateSystemThread(&handle, THREAD_ALL_ACCESS, NULL, NULL, NULL, Routine, Context)))
    ZwClose(handle);
}

/* The same, to be waited for: returns a reference to the thread object. */
static inline PVOID StartReferenced(PKSTART_ROUTINE Routine, PVOID Context) {
  HANDLE handle;
  PVOID thread = NULL;
  if (!NT_SUCCESS(PsCreateSystemThread(&handle, THREAD_ALL_ACCESS, NULL, NULL, NULL, Routine, Context)))
    return NULL;
  ObReferenceObjectByHandle(handle, THREAD_ALL_ACCESS, *PsThreadType, KernelMode, &thread, NULL);
  ZwClose(handle);
  return thread;
}

static inline VOID Join(PVOID Thread) {
  KeWaitForSingleObject(Thread, Executive, KernelMode, FALSE, NULL);
  ObDereferenceObject(Thread);
}
