/* The border between user mode and the kernel: where Windows looks whether a system call left the thread as it found it (K-IRQL-8, K-APC-1). */
#include "ke_internal.h"

static uint64_t combined_apc_disable(const KeThread *thread) {
  return (uint16_t)thread->kernel_apc_disable | (uint64_t)(uint16_t)thread->special_apc_disable << 16;
}

void ke_system_call_enter(uint32_t function, uint64_t address) {
  KeThread *thread = ke_thread_current();
  thread->system_call = function;
  thread->system_call_address = address;
  thread->system_call_apc_disable[0] = thread->kernel_apc_disable;
  thread->system_call_apc_disable[1] = thread->special_apc_disable;
  sim_event(sim_machine(), EVENT_SYSTEM_CALL, function, thread->header.object->ordinal, 0, 0, address);
}

/* bug-check-0x4a, bug-check-0x1, and for a thread that is still attached bug-check-0x5. */
void ke_system_call_return(int32_t status) {
  KeThread *thread = ke_thread_current();
  uint64_t address = thread->system_call_address;
  if (ke_irql() > SIM_IRQL_PASSIVE)
    ke_bugcheck_raise(0x4A, address, ke_irql(), 0, 0);
  if (thread->apc_state_index != 0)
    ke_bugcheck_raise(0x5, ke_address(&thread->process->header), ke_address(&thread->attached->header), thread->apc_state_index, 0);
  if (thread->kernel_apc_disable != thread->system_call_apc_disable[0] || thread->special_apc_disable != thread->system_call_apc_disable[1])
    ke_bugcheck_raise(0x1, address, thread->apc_state_index, combined_apc_disable(thread), 0);
  sim_event(sim_machine(), EVENT_SYSTEM_RETURN, thread->system_call, thread->header.object->ordinal, status, 0, 0);
  thread->system_call = 0;
  thread->system_call_address = 0;
  if (thread->is_terminating)
    ke_thread_exit(thread->exit_status);
}
