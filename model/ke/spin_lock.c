/* Spin locks, ordinary and queued (K-SPIN-1 to K-SPIN-5). Who holds one is known here, whatever driver code does to the memory; the memory shows
 * 0 or 1. Reader/writer locks: reader_writer_lock.c. */
#include "ke_internal.h"

#include "../verifier/verifier.h"

/* ---- the lock at an address ---- */

static KeSpinLock *lock_create(KSPIN_LOCK *address) {
  Object *object = ke_object_create(OBJECT_SPIN_LOCK, address, sizeof *address, sizeof(KeSpinLock));
  KeSpinLock *lock = object->body;
  lock->object = object;
  return lock;
}

/* A lock that was never initialised works if its memory is zero. Otherwise its lowest bit says whether anybody seems to hold it: a lock that
 * nobody holds and nobody will release. */
static KeSpinLock *lock_at(KSPIN_LOCK *address) {
  Object *object = object_find((uint64_t)address, OBJECT_SPIN_LOCK);
  if (object != NULL)
    return object->body;
  KeSpinLock *lock = lock_create(address);
  if (*address != 0) {
    sim_event(sim_machine(), EVENT_CONTRACT, ke_call(), lock->object->ordinal, 0, CONTRACT_OBJECT_NOT_INITIALIZED, (uint64_t)address);
    lock->is_held = lock->is_garbage = *address & 1;
  }
  return lock;
}

/* ---- taking and giving back ---- */

/* What a queued waiter spins on: its own place in the queue, so that only the next one wakes. */
static uint64_t ticket_key(const KeSpinLock *lock, uint32_t ticket) { return lock->object->address ^ (uint64_t)(ticket + 1) << 48; }

/* The holder cannot go on until this cpu does: it is this very code, or what it interrupted. */
static bool is_recursion(const KeSpinLock *lock, const KePrcb *prcb) {
  return lock->is_held && !lock->is_garbage && lock->owner_cpu == prcb->number &&
         (!lock->owner_is_thread || lock->owner_thread == prcb->current->header.object->ordinal);
}

static void own(KeSpinLock *lock, LockForm form) {
  SimMachine *machine = sim_machine();
  const KePrcb *prcb = ke_prcb();
  lock->is_held = true;
  lock->form = (uint8_t)form;
  lock->owner_cpu = prcb->number;
  lock->owner_thread = prcb->current->header.object->ordinal;
  lock->owner_is_thread = machine->current->kind == SIM_CONTEXT_THREAD;
  *(KSPIN_LOCK *)lock->object->address = 1;
  sim_touch_take(machine, lock->object->ordinal);
  sim_event(machine, EVENT_LOCK_ACQUIRE, ke_call(), lock->object->ordinal, 0, form, 0);
}

/* A scheduling point, unless the checked call of that very function just was it. */
static void attempt(const KeSpinLock *lock, uint32_t function) {
  SimMachine *machine = sim_machine();
  const SimOperation *pending = &machine->current->pending;
  if (pending->kind != SIM_POINT_CALL || pending->function != function)
    sim_point(machine, SIM_POINT_SPIN, function, lock->object->ordinal, KE_COST_SPIN_NS);
}

static void spin(KeSpinLock *lock, uint64_t key) {
  ke_watch_begin(ke_prcb());
  sim_spin(sim_machine(), key, lock->object->ordinal);
}

static void recursion_check(const KeSpinLock *lock) {
  if (is_recursion(lock, ke_prcb()))
    sim_event(sim_machine(), EVENT_LOCK_RECURSION, ke_call(), lock->object->ordinal, 0, 0, 0);
}

/* Who spins on a plain lock gets it in no particular order: who steps first. */
static void acquire(KSPIN_LOCK *address, LockForm form, uint32_t function) {
  KeSpinLock *lock = lock_at(address);
  attempt(lock, function);
  recursion_check(lock);
  while (lock->is_held)
    spin(lock, lock->object->address);
  own(lock, form);
}

static void acquire_queued(KSPIN_LOCK *address, LockForm form, uint32_t function) {
  KeSpinLock *lock = lock_at(address);
  attempt(lock, function);
  recursion_check(lock);
  uint32_t ticket = lock->ticket_next++;
  while (lock->is_held || ticket != lock->ticket_served)
    spin(lock, ticket_key(lock, ticket));
  lock->ticket_served++;
  own(lock, form);
}

static void release(KSPIN_LOCK *address, LockForm form) {
  SimMachine *machine = sim_machine();
  KeSpinLock *lock = lock_at(address);
  const KePrcb *prcb = ke_prcb();
  uint32_t ordinal = lock->object->ordinal;
  if (!lock->is_held) {
    sim_event(machine, EVENT_LOCK_NOT_HELD, ke_call(), ordinal, 0, form, 0);
    return;
  }
  bool by_other = lock->owner_cpu != prcb->number && lock->owner_thread != prcb->current->header.object->ordinal;
  lock->is_held = lock->is_garbage = false;
  sim_touch_give(machine, ordinal);
  *address = 0;
  sim_event(machine, EVENT_LOCK_RELEASE, ke_call(), ordinal, 0, (uint32_t)form | (uint32_t)lock->form << 8 | (uint32_t)by_other << 16, 0);
  sim_spin_wake(machine, lock->object->address);
  if (lock->ticket_next != lock->ticket_served || machine->footprint != NULL)
    sim_spin_wake(machine, ticket_key(lock, lock->ticket_served));
}

/* ---- under Windows' names: ordinary ---- */

/* wdm/nf-wdm-keinitializespinlock */
VOID KeInitializeSpinLock(PKSPIN_LOCK SpinLock) {
  ke_range_forget((uint64_t)SpinLock, sizeof *SpinLock);
  *SpinLock = 0;
  lock_create(SpinLock);
}

/* wdm/nf-wdm-keacquirespinlockraisetodpc. Above DISPATCH_LEVEL the "raise" lowers, on x64, and nobody says so. */
KIRQL KeAcquireSpinLockRaiseToDpc(PKSPIN_LOCK SpinLock) {
  verifier_check_lock_acquire((uint64_t)SpinLock, LOCK_FORM_RAISE);
  KIRQL old = ke_irql_raise(DISPATCH_LEVEL, DDI_KeAcquireSpinLockRaiseToDpc);
  acquire(SpinLock, LOCK_FORM_RAISE, DDI_KeAcquireSpinLockRaiseToDpc);
  return old;
}

/* wdm/nf-wdm-keacquirespinlock */
VOID KeAcquireSpinLock(PKSPIN_LOCK SpinLock, PKIRQL OldIrql) {
  verifier_check_lock_acquire((uint64_t)SpinLock, LOCK_FORM_RAISE);
  KIRQL old = ke_irql_raise(DISPATCH_LEVEL, DDI_KeAcquireSpinLock);
  acquire(SpinLock, LOCK_FORM_RAISE, DDI_KeAcquireSpinLock);
  *OldIrql = old;
}

/* wdm/nf-wdm-kereleasespinlock */
VOID KeReleaseSpinLock(PKSPIN_LOCK SpinLock, KIRQL NewIrql) {
  verifier_check_lock_release((uint64_t)SpinLock, LOCK_FORM_RAISE);
  release(SpinLock, LOCK_FORM_RAISE);
  ke_irql_lower(NewIrql & 15, DDI_KeReleaseSpinLock);
}

/* wdm/nf-wdm-keacquirespinlockatdpclevel: does not touch the level, whatever it is. */
VOID KeAcquireSpinLockAtDpcLevel(PKSPIN_LOCK SpinLock) {
  verifier_check_lock_acquire((uint64_t)SpinLock, LOCK_FORM_DPC_LEVEL);
  acquire(SpinLock, LOCK_FORM_DPC_LEVEL, DDI_KeAcquireSpinLockAtDpcLevel);
}

/* wdm/nf-wdm-kereleasespinlockfromdpclevel: of a lock taken by KeAcquireSpinLock, it leaves the cpu at DISPATCH_LEVEL (K-SPIN-1). */
VOID KeReleaseSpinLockFromDpcLevel(PKSPIN_LOCK SpinLock) {
  verifier_check_lock_release((uint64_t)SpinLock, LOCK_FORM_DPC_LEVEL);
  release(SpinLock, LOCK_FORM_DPC_LEVEL);
}

/* wdm/nf-wdm-ketrytoacquirespinlockatdpclevel */
BOOLEAN KeTryToAcquireSpinLockAtDpcLevel(PKSPIN_LOCK SpinLock) {
  KeSpinLock *lock = lock_at(SpinLock);
  attempt(lock, DDI_KeTryToAcquireSpinLockAtDpcLevel);
  if (lock->is_held)
    return FALSE;
  own(lock, LOCK_FORM_DPC_LEVEL);
  return TRUE;
}

/* wdm/nf-wdm-ketestspinlock: TRUE when it is free. */
BOOLEAN KeTestSpinLock(PKSPIN_LOCK SpinLock) { return !lock_at(SpinLock)->is_held; }

/* wdm/nf-wdm-keacquirespinlockfordpc: in an ordinary DPC nothing is left to raise. */
KIRQL KeAcquireSpinLockForDpc(PKSPIN_LOCK SpinLock) {
  KIRQL old = ke_irql() < DISPATCH_LEVEL ? ke_irql_raise(DISPATCH_LEVEL, DDI_KeAcquireSpinLockForDpc) : ke_irql();
  acquire(SpinLock, LOCK_FORM_RAISE, DDI_KeAcquireSpinLockForDpc);
  return old;
}

/* wdm/nf-wdm-kereleasespinlockfordpc */
VOID KeReleaseSpinLockForDpc(PKSPIN_LOCK SpinLock, KIRQL OldIrql) {
  release(SpinLock, LOCK_FORM_RAISE);
  ke_irql_lower(OldIrql & 15, DDI_KeReleaseSpinLockForDpc);
}

/* ---- queued: the handle remembers lock and level, and is the caller's until the release ---- */

static void handle_fill(PKLOCK_QUEUE_HANDLE handle, PKSPIN_LOCK lock, KIRQL old) {
  handle->LockQueue.Next = NULL;
  handle->LockQueue.Lock = lock;
  handle->OldIrql = old;
}

/* The handle is driver memory: what it names is looked at before it is used. */
static void release_handle(PKLOCK_QUEUE_HANDLE handle, LockForm form) {
  PKSPIN_LOCK lock = (PKSPIN_LOCK)handle->LockQueue.Lock;
  verifier_check_lock_release((uint64_t)lock, form);
  sim_probe(sim_machine(), (uint64_t)lock, sizeof *lock, SIM_ACCESS_WRITE);
  release(lock, form);
}

/* wdm/nf-wdm-keacquireinstackqueuedspinlock */
VOID KeAcquireInStackQueuedSpinLock(PKSPIN_LOCK SpinLock, PKLOCK_QUEUE_HANDLE LockHandle) {
  verifier_check_lock_acquire((uint64_t)SpinLock, LOCK_FORM_QUEUED);
  KIRQL old = ke_irql_raise(DISPATCH_LEVEL, DDI_KeAcquireInStackQueuedSpinLock);
  acquire_queued(SpinLock, LOCK_FORM_QUEUED, DDI_KeAcquireInStackQueuedSpinLock);
  handle_fill(LockHandle, SpinLock, old);
}

/* wdm/nf-wdm-kereleaseinstackqueuedspinlock */
VOID KeReleaseInStackQueuedSpinLock(PKLOCK_QUEUE_HANDLE LockHandle) {
  release_handle(LockHandle, LOCK_FORM_QUEUED);
  ke_irql_lower(LockHandle->OldIrql & 15, DDI_KeReleaseInStackQueuedSpinLock);
}

/* wdm/nf-wdm-keacquireinstackqueuedspinlockatdpclevel */
VOID KeAcquireInStackQueuedSpinLockAtDpcLevel(PKSPIN_LOCK SpinLock, PKLOCK_QUEUE_HANDLE LockHandle) {
  verifier_check_lock_acquire((uint64_t)SpinLock, LOCK_FORM_QUEUED_DPC_LEVEL);
  acquire_queued(SpinLock, LOCK_FORM_QUEUED_DPC_LEVEL, DDI_KeAcquireInStackQueuedSpinLockAtDpcLevel);
  handle_fill(LockHandle, SpinLock, ke_irql());
}

/* wdm/nf-wdm-kereleaseinstackqueuedspinlockfromdpclevel */
VOID KeReleaseInStackQueuedSpinLockFromDpcLevel(PKLOCK_QUEUE_HANDLE LockHandle) { release_handle(LockHandle, LOCK_FORM_QUEUED_DPC_LEVEL); }

/* wdm/nf-wdm-keacquireinstackqueuedspinlockfordpc */
VOID KeAcquireInStackQueuedSpinLockForDpc(PKSPIN_LOCK SpinLock, PKLOCK_QUEUE_HANDLE LockHandle) {
  KIRQL old = ke_irql() < DISPATCH_LEVEL ? ke_irql_raise(DISPATCH_LEVEL, DDI_KeAcquireInStackQueuedSpinLockForDpc) : ke_irql();
  acquire_queued(SpinLock, LOCK_FORM_QUEUED, DDI_KeAcquireInStackQueuedSpinLockForDpc);
  handle_fill(LockHandle, SpinLock, old);
}

/* wdm/nf-wdm-kereleaseinstackqueuedspinlockfordpc */
VOID KeReleaseInStackQueuedSpinLockForDpc(PKLOCK_QUEUE_HANDLE LockHandle) {
  release_handle(LockHandle, LOCK_FORM_QUEUED);
  ke_irql_lower(LockHandle->OldIrql & 15, DDI_KeReleaseInStackQueuedSpinLockForDpc);
}
