/*
 * System threads of drivers, and who runs. wdm/nf-wdm-pscreatesystemthread, wdm/nf-wdm-psterminatesystemthread.
 */
#include <ntifs.h>

#include "../io/io_face.h"
#include "../ke/ke.h"
#include "../model.h"
#include "../ob/ob_face.h"
#include "ddi_callbacks.gen.h"
#include "ps_face.h"

#define SYSTEM_THREAD_PRIORITY 8

typedef struct PsStart {
  uint64_t routine;
  uint64_t context;
  uint32_t driver;
} PsStart;

/* In the new thread, at PASSIVE_LEVEL in a critical region (K-APC-3). Returning is ending. */
static void thread_main(void *argument) {
  PsStart start = *(PsStart *)argument;
  sim_heap_free(argument, sizeof(PsStart));
  ke_thread_current()->kernel_apc_disable--;
  io_driver_enter(start.driver);
  ddi_callback_KSTART_ROUTINE((PKSTART_ROUTINE)start.routine, (PVOID)start.context);
  ke_thread_exit(STATUS_SUCCESS);
}

KeThread *ps_thread_create(KeProcess *process, uint64_t routine, uint64_t context, uint32_t driver) {
  PsStart *start = sim_heap_allocate(sizeof *start);
  *start = (PsStart){ routine, context, driver };
  KeThread *thread = ke_thread_create(process, thread_main, start, SYSTEM_THREAD_PRIORITY, NULL);
  thread->header.object->driver = driver;
  return thread;
}

static KeProcess *process_of(HANDLE handle) {
  if (handle == NULL)
    return MODEL->ke.system_process;
  Object *object = ob_handle_find((uint64_t)handle);
  return object != NULL && object->kind == OBJECT_PROCESS ? object->body : NULL;
}

/* PASSIVE_LEVEL. ProcessHandle NULL: in the System process. Without OBJ_KERNEL_HANDLE the handle is one of the current process.
 * Simplified: in another process than System, the thread still is a kernel thread only. */
NTSTATUS PsCreateSystemThread(PHANDLE ThreadHandle, ULONG DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes, HANDLE ProcessHandle,
                              PCLIENT_ID ClientId, PKSTART_ROUTINE StartRoutine, PVOID StartContext) {
  KeProcess *process = process_of(ProcessHandle);
  if (process == NULL)
    return STATUS_INVALID_HANDLE;
  KeThread *thread = ps_thread_create(process, (uint64_t)StartRoutine, (uint64_t)StartContext, io_driver_current());
  BOOLEAN is_kernel_handle = ObjectAttributes != NULL && (ObjectAttributes->Attributes & OBJ_KERNEL_HANDLE) != 0;
  KeProcess *current = ke_process_current();
  uint32_t owner = is_kernel_handle || current == MODEL->ke.system_process ? 0 : current->header.object->ordinal;
  uint64_t handle = ob_handle_create(thread->header.object, owner, DesiredAccess);
  if (handle == 0)
    return STATUS_INSUFFICIENT_RESOURCES;
  *ThreadHandle = (HANDLE)handle;
  if (ClientId != NULL)
    *ClientId = (CLIENT_ID){ (HANDLE)(uint64_t)thread->process->process_id, (HANDLE)(uint64_t)thread->thread_id };
  ke_thread_ready(thread);
  return STATUS_SUCCESS;
}

/* In a system thread; does not return to it. In any other: STATUS_INVALID_PARAMETER. */
NTSTATUS PsTerminateSystemThread(NTSTATUS ExitStatus) {
  if (ke_thread_current()->is_user)
    return STATUS_INVALID_PARAMETER;
  ke_thread_exit(ExitStatus);
}

/* Any IRQL. In a DPC: the interrupted thread. */
PETHREAD PsGetCurrentThread(VOID) { return (PETHREAD)ke_address(&ke_thread_current()->header); }

/* The thread's own process is what these tell, not the one it is attached to: wdm/nf-wdm-psgetcurrentthreadid, ntddk/nf-ntddk-psgetcurrentprocessid */
HANDLE PsGetCurrentThreadId(VOID) { return (HANDLE)(uint64_t)ke_thread_current()->thread_id; }

HANDLE PsGetCurrentProcessId(VOID) { return (HANDLE)(uint64_t)ke_thread_current()->process->process_id; }

/* 0 for what is no thread. ntifs/nf-ntifs-psgetthreadid */
HANDLE PsGetThreadId(PETHREAD Thread) {
  const KeThread *thread = ke_thread_at((uint64_t)Thread);
  return (HANDLE)(uint64_t)(thread != NULL ? thread->thread_id : 0);
}
