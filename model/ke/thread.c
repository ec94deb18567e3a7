/* Threads and processes as objects: creation, end, priorities. */
#include "ke_internal.h"

#include "../verifier/verifier.h"

/* ---- processes ---- */

KeProcess *ke_process_create(const char *name, bool is_user) {
  Object *object = object_create_opaque(OBJECT_PROCESS, sizeof(KeProcess));
  KeProcess *process = object->body;
  object_name_set(object, name);
  ke_dispatcher_init(&process->header, object, KE_PROCESS, 0);
  sim_list_init(&process->threads);
  process->is_user = is_user;
  process->process_id = KE->process_id_next; /* Idle 0, System 4 */
  KE->process_id_next += 4;
  return process;
}

/* The system's own process never ends, whatever threads of drivers come and go: who goes first is the same. */
static void process_thread_gone(KeProcess *process, int32_t status) {
  process->thread_count--;
  if (process == KE->system_process)
    return;
  sim_touch(sim_machine(), SIM_TOUCH_OBJECT, process->header.object->ordinal, true);
  if (process->thread_count > 0)
    return;
  process->exit_status = status;
  process->header.signal_state = 1;
  ke_dispatcher_release(&process->header, 0);
}

void ke_process_terminate(KeProcess *process, int32_t status) {
  SimLink *link, *following;
  SIM_LIST_EACH(&process->threads, link, following) {
    KeThread *thread = SIM_CONTAINER(link, KeThread, process_link);
    ke_thread_terminate(thread, status);
  }
}

/* ---- threads ---- */

static void thread_main(SimMachine *machine, void *argument) {
  KeThread *thread = argument;
  sim_event(machine, SIM_EVENT_CONTEXT_BEGIN, 0, thread->header.object->ordinal, 0, SIM_CONTEXT_THREAD, 0);
  thread->start(thread->argument);
  ke_thread_exit(STATUS_SUCCESS);
}

static void thread_init(KeThread *thread, Object *object, KeProcess *process, int priority) {
  ke_dispatcher_init(&thread->header, object, KE_THREAD, 0);
  thread->process = thread->attached = process;
  thread->thread_id = KE->thread_id_next;
  KE->thread_id_next += 4;
  thread->state = KE_THREAD_INITIALIZED;
  thread->priority = thread->base_priority = (int8_t)priority;
  thread->is_user = process->is_user;
  thread->affinity = thread->user_affinity = UINT64_MAX >> (64 - KE->prcb_count);
  thread->timeout.thread = thread;
  sim_list_init(&thread->mutexes);
  sim_list_push_tail(&process->threads, &thread->process_link);
  process->thread_count++;
}

KeThread *ke_thread_create(KeProcess *process, KeThreadStart *start, void *argument, int priority, const char *name) {
  SimMachine *machine = sim_machine();
  SIM_ASSERT(priority >= 0 && priority < KE_PRIORITY_COUNT);
  Object *object = object_create_opaque(OBJECT_THREAD, sizeof(KeThread));
  KeThread *thread = object->body;
  object_name_set(object, name);
  thread_init(thread, object, process, priority);
  thread->start = start;
  thread->argument = argument;
  thread->context = sim_context_create(machine, machine->current, SIM_CONTEXT_THREAD, thread_main, thread);
  thread->context->object = object->ordinal;
  thread->context->owner = thread;
  sim_event(machine, EVENT_THREAD_CREATE, 0, object->ordinal, 0, (uint32_t)priority, 0);
  return thread;
}

const char *ke_thread_name(const KeThread *thread) { return thread->header.object->name; }

void ke_thread_exit(int32_t status) {
  SimMachine *machine = sim_machine();
  KePrcb *prcb = ke_prcb();
  KeThread *thread = prcb->current;
  SIM_ASSERT(machine->current == thread->context);
  ke_mutexes_abandon(thread);
  thread->exit_status = status;
  sim_event(machine, EVENT_THREAD_EXIT, 0, thread->header.object->ordinal, status, 0, 0);
  thread->state = KE_THREAD_TERMINATED;
  sim_list_remove(&thread->process_link);
  thread->header.signal_state = 1;
  ke_dispatcher_release(&thread->header, 0);
  process_thread_gone(thread->process, status);
  thread->context = NULL;
  ke_run(prcb, ke_ready_take(prcb));
  sim_context_exit(machine);
}

void ke_thread_terminate(KeThread *thread, int32_t status) {
  if (thread->state == KE_THREAD_TERMINATED || thread->is_terminating)
    return;
  thread->is_terminating = true;
  thread->exit_status = status;
  if (thread->state == KE_THREAD_WAITING && thread->wait_is_user)
    ke_wait_end(thread, STATUS_USER_APC, 0);
}

typedef struct ReadyAt {
  SimQueueEntry entry;
  KeThread *thread;
} ReadyAt;

static void ready_fire(SimMachine *machine, SimQueueEntry *entry) {
  ReadyAt *at = SIM_CONTAINER(entry, ReadyAt, entry);
  (void)machine;
  KeOutside saved = ke_outside_begin();
  ke_thread_ready(at->thread);
  ke_outside_end(saved);
  sim_heap_free(at, sizeof *at);
}

void ke_thread_ready_at(KeThread *thread, uint64_t time_ns) {
  ReadyAt *at = sim_heap_allocate(sizeof *at);
  at->thread = thread;
  at->entry.fire = ready_fire;
  sim_queue_push(&sim_machine()->queue, &at->entry, time_ns);
}

/* ---- under Windows' names ---- */

PKTHREAD KeGetCurrentThread(VOID) { return (PKTHREAD)ke_address(&ke_thread_current()->header); }

static KeThread *thread_of(const volatile void *address) { return ke_body_at(address, OBJECT_THREAD); }

/* wdm/nf-wdm-kesetprioritythread */
KPRIORITY KeSetPriorityThread(PKTHREAD Thread, KPRIORITY Priority) {
  int old = ke_thread_priority_set(thread_of(Thread), Priority);
  ke_pending_deliver(DDI_KeSetPriorityThread);
  return old;
}

/* ntddk/nf-ntddk-kequeryprioritythread */
KPRIORITY KeQueryPriorityThread(PKTHREAD Thread) { return thread_of(Thread)->priority; }

/* ntddk/nf-ntddk-kesetbaseprioritythread: relative to the process' base, 8. */
LONG KeSetBasePriorityThread(PKTHREAD Thread, LONG Increment) {
  KeThread *thread = thread_of(Thread);
  int priority = 8 + Increment < 1 ? 1 : 8 + Increment > 31 ? 31 : 8 + Increment;
  int old = ke_thread_priority_set(thread, priority);
  ke_pending_deliver(DDI_KeSetBasePriorityThread);
  return old - 8;
}

/* ---- critical and guarded regions (K-APC-1): counters, so that their imbalance shows where Windows looks at it ---- */

VOID KeEnterCriticalRegion(VOID) {
  verifier_check_region_enter();
  ke_thread_current()->kernel_apc_disable--;
}

VOID KeLeaveCriticalRegion(VOID) {
  KeThread *thread = ke_thread_current();
  verifier_check_region_leave(thread->kernel_apc_disable != 0);
  thread->kernel_apc_disable++;
}

VOID KeEnterGuardedRegion(VOID) { ke_thread_current()->special_apc_disable--; }
VOID KeLeaveGuardedRegion(VOID) { ke_thread_current()->special_apc_disable++; }

/* wdm/nf-wdm-keareapcsdisabled */
BOOLEAN KeAreApcsDisabled(VOID) {
  const KeThread *thread = ke_thread_current();
  return thread->kernel_apc_disable != 0 || thread->special_apc_disable != 0;
}

/* wdm/nf-wdm-keareallapcsdisabled */
BOOLEAN KeAreAllApcsDisabled(VOID) { return ke_thread_current()->special_apc_disable != 0 || ke_irql() >= APC_LEVEL; }
