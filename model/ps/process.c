#include <ntifs.h>

#include "../ke/ke.h"
#include "../model.h"
#include "../ob/ob_face.h"

/* The process whose address space is current: the one attached to, if any. wdm/nf-wdm-iogetcurrentprocess */
PEPROCESS PsGetCurrentProcess(VOID) { return (PEPROCESS)ke_address(&ke_process_current()->header); }

PEPROCESS IoGetCurrentProcess(VOID) { return PsGetCurrentProcess(); }

/* 0 for what is no process. ntddk/nf-ntddk-psgetprocessid */
HANDLE PsGetProcessId(PEPROCESS Process) {
  const KeProcess *process = ke_process_at((uint64_t)Process);
  return (HANDLE)(uint64_t)(process != NULL ? process->process_id : 0);
}

/* With a reference, which the caller gives back. <= APC_LEVEL. ntifs/nf-ntifs-pslookupprocessbyprocessid */
NTSTATUS PsLookupProcessByProcessId(HANDLE ProcessId, PEPROCESS *Process) {
  for (uint32_t ordinal = 1; ordinal <= object_count(); ordinal++) {
    const Object *object = object_by_ordinal(ordinal);
    if (object->kind != OBJECT_PROCESS || !object->is_alive)
      continue;
    const KeProcess *process = object->body;
    if (process->process_id == 0 || process->process_id != (uint64_t)ProcessId || process->header.signal_state != 0)
      continue; /* Idle is found by nobody; nor is a process that has ended */
    ob_references(object)->pointer_count++;
    *Process = (PEPROCESS)object->address;
    return STATUS_SUCCESS;
  }
  *Process = NULL;
  return STATUS_INVALID_PARAMETER;
}
