/* Attaching to another process' address space (K-ATT-1 to K-ATT-4). Windows asks whether a DPC runs on this cpu, not at which level it is. */
#include "ke_internal.h"

#include <ntifs.h> /* KAPC_STATE; after the model's headers, whose names its macros take */

/* ntifs/nf-ntifs-kestackattachprocess; bug-check-0x5 */
static void attempt_check(const KeThread *thread, const KeProcess *process) {
  if (ke_is_dpc_active())
    ke_bugcheck_raise(0x5, ke_address(&process->header), ke_address(&thread->attached->header), thread->apc_state_index, 1);
}

static void attach(KeThread *thread, KeProcess *process) {
  thread->attached = process;
  thread->apc_state_index = 1;
  thread->attach_depth++;
  sim_event(sim_machine(), EVENT_ATTACH, 0, process->header.object->ordinal, 0, 0, 0);
}

static void detach(KeThread *thread, KeProcess *back_to, uint8_t apc_state_index) {
  sim_event(sim_machine(), EVENT_DETACH, 0, thread->attached->header.object->ordinal, 0, 0, 0);
  thread->attached = back_to;
  thread->apc_state_index = apc_state_index;
  thread->attach_depth--;
}

void ke_attach(KeProcess *process, KeApcState *saved) {
  KeThread *thread = ke_thread_current();
  attempt_check(thread, process);
  *saved = (KeApcState){ thread->attached == process ? NULL : thread->attached, thread->apc_state_index };
  if (thread->attached != process)
    attach(thread, process);
}

/* bug-check-0x6 when the thread is not attached. */
void ke_detach(const KeApcState *saved) {
  KeThread *thread = ke_thread_current();
  if (saved->process == NULL)
    return;
  if (thread->apc_state_index == 0)
    ke_bugcheck_raise(0x6, 0, 0, 0, 0);
  detach(thread, saved->process, saved->apc_state_index);
}

/* ---- under Windows' names. The KAPC_STATE in driver memory holds a process' address; what it means is looked up again. ---- */

static KeProcess *process_at(const volatile void *address) { return ke_body_at(address, OBJECT_PROCESS); }

/* In KAPC_STATE.Process: nothing was changed, as Windows marks it too. */
#define NOT_CHANGED ((PKPROCESS)1)

VOID KeStackAttachProcess(PKPROCESS Process, PRKAPC_STATE ApcState) {
  KeApcState saved;
  ke_attach(process_at(Process), &saved);
  RtlZeroMemory(ApcState, sizeof *ApcState);
  ApcState->Process = saved.process != NULL ? (PKPROCESS)ke_address(&saved.process->header) : NOT_CHANGED;
}

VOID KeUnstackDetachProcess(PRKAPC_STATE ApcState) {
  KeThread *thread = ke_thread_current();
  if (ApcState->Process == NOT_CHANGED)
    return;
  KeProcess *process = ke_process_at((uint64_t)ApcState->Process);
  if (process == NULL)
    ke_bugcheck_raise(0x6, 0, 0, 0, 0);
  ke_detach(&(KeApcState){ process, process != thread->process });
}

/* ntifs/nf-ntifs-keattachprocess: not while attached to another one. */
VOID KeAttachProcess(PKPROCESS Process) {
  KeThread *thread = ke_thread_current();
  KeProcess *process = process_at(Process);
  attempt_check(thread, process);
  if (thread->attached == process)
    return;
  if (thread->apc_state_index != 0)
    ke_bugcheck_raise(0x5, ke_address(&thread->process->header), ke_address(&thread->attached->header), thread->apc_state_index, 0);
  attach(thread, process);
}

/* ntifs/nf-ntifs-kedetachprocess */
VOID KeDetachProcess(VOID) {
  KeThread *thread = ke_thread_current();
  if (thread->apc_state_index != 0)
    detach(thread, thread->process, 0);
}
