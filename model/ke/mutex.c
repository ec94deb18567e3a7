/* Kernel mutexes: owned by a thread, recursive, abandoned when the owner ends; the owner is in a critical region. */
#include "ke_internal.h"

void ke_mutex_own(KeMutex *mutex, KeThread *thread) {
  mutex->header.signal_state--;
  mutex->is_abandoned = false;
  if (mutex->owner == thread)
    return;
  mutex->owner = thread;
  sim_list_push_tail(&thread->mutexes, &mutex->link);
  if (mutex->disables_apcs)
    thread->kernel_apc_disable--;
}

static void give_up(KeMutex *mutex, int increment) {
  KeThread *owner = mutex->owner;
  sim_list_remove(&mutex->link);
  mutex->owner = NULL;
  if (mutex->disables_apcs)
    owner->kernel_apc_disable++;
  mutex->header.signal_state = 1;
  ke_dispatcher_release(&mutex->header, increment);
}

void ke_mutexes_abandon(KeThread *thread) {
  SimLink *link;
  while ((link = sim_list_first(&thread->mutexes)) != NULL) {
    KeMutex *mutex = SIM_CONTAINER(link, KeMutex, link);
    mutex->is_abandoned = true;
    sim_event(sim_machine(), EVENT_SIGNAL, 0, mutex->header.object->ordinal, STATUS_ABANDONED, 0, 0);
    give_up(mutex, 0);
  }
}

/* ---- under Windows' names ---- */

static KeMutex *mutex_at(const volatile void *address) { return ke_body_at(address, OBJECT_MUTEX); }

/* wdm/nf-wdm-keinitializemutex */
VOID KeInitializeMutex(PRKMUTEX Mutex, ULONG Level) {
  (void)Level;
  KeMutex *mutex = ke_dispatcher_create(Mutex, sizeof *Mutex, sizeof(KeMutex), OBJECT_MUTEX, KE_MUTEX, 1);
  mutex->disables_apcs = true;
  sim_list_init(&mutex->link);
  Mutex->OwnerThread = NULL;
  Mutex->Abandoned = FALSE;
  Mutex->ApcDisable = 1;
}

/* wdm/nf-wdm-kereleasemutex; by another thread than the owner it raises STATUS_MUTANT_NOT_OWNED. Simplified: Wait as KeSetEvent's. */
LONG KeReleaseMutex(PRKMUTEX Mutex, BOOLEAN Wait) {
  KeMutex *mutex = mutex_at(Mutex);
  LONG former = mutex->header.signal_state;
  (void)Wait;
  if (mutex->owner != ke_thread_current())
    ke_raise_status(mutex->is_abandoned ? STATUS_ABANDONED : STATUS_MUTANT_NOT_OWNED);
  sim_event(sim_machine(), EVENT_SIGNAL, 0, mutex->header.object->ordinal, 0, (uint32_t)former, 0);
  if (former + 1 < 1) {
    mutex->header.signal_state++;
    ke_dispatcher_mirror(&mutex->header);
  } else {
    give_up(mutex, 1);
    ke_pending_deliver(DDI_KeReleaseMutex);
  }
  return former;
}

/* wdm/nf-wdm-kereadstatemutex */
LONG KeReadStateMutex(PRKMUTEX Mutex) { return mutex_at(Mutex)->header.signal_state; }
