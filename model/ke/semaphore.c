/* Semaphores. */
#include "ke_internal.h"

static int32_t release(KeSemaphore *semaphore, int32_t count, int increment) {
  int32_t former = semaphore->header.signal_state;
  int64_t wanted = (int64_t)former + count;
  if (wanted > semaphore->limit || count <= 0)
    ke_raise_status(STATUS_SEMAPHORE_LIMIT_EXCEEDED);
  sim_event(sim_machine(), EVENT_SIGNAL, 0, semaphore->header.object->ordinal, 0, (uint32_t)former, 0);
  semaphore->header.signal_state = (int32_t)wanted;
  ke_dispatcher_release(&semaphore->header, increment);
  return former;
}

KeSemaphore *ke_semaphore_create(const char *name, int32_t count, int32_t limit) {
  Object *object = object_create_opaque(OBJECT_SEMAPHORE, sizeof(KeSemaphore));
  KeSemaphore *semaphore = object->body;
  object_name_set(object, name);
  ke_dispatcher_init(&semaphore->header, object, KE_SEMAPHORE, count);
  semaphore->limit = limit;
  return semaphore;
}

int32_t ke_semaphore_release(KeSemaphore *semaphore, int32_t count, int increment) { return release(semaphore, count, increment); }

/* ---- under Windows' names ---- */

static KeSemaphore *semaphore_at(const volatile void *address) { return ke_body_at(address, OBJECT_SEMAPHORE); }

/* wdm/nf-wdm-keinitializesemaphore */
VOID KeInitializeSemaphore(PRKSEMAPHORE Semaphore, LONG Count, LONG Limit) {
  KeSemaphore *semaphore = ke_dispatcher_create(Semaphore, sizeof *Semaphore, sizeof(KeSemaphore), OBJECT_SEMAPHORE, KE_SEMAPHORE, Count);
  semaphore->limit = Semaphore->Limit = Limit;
}

/* wdm/nf-wdm-kereleasesemaphore; beyond the limit it raises STATUS_SEMAPHORE_LIMIT_EXCEEDED. Simplified: Wait as KeSetEvent's. */
LONG KeReleaseSemaphore(PRKSEMAPHORE Semaphore, KPRIORITY Increment, LONG Adjustment, BOOLEAN Wait) {
  (void)Wait;
  LONG former = release(semaphore_at(Semaphore), Adjustment, Increment);
  ke_pending_deliver(DDI_KeReleaseSemaphore);
  return former;
}

/* wdm/nf-wdm-kereadstatesemaphore */
LONG KeReadStateSemaphore(PRKSEMAPHORE Semaphore) { return semaphore_at(Semaphore)->header.signal_state; }
