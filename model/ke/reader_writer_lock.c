/* Reader/writer spin locks: a waiting writer holds back new readers (K-SPIN-6). The memory shows the readers' count, its highest bit a writer. */
#include "ke_internal.h"

static KeSpinLock *lock_at(PEX_SPIN_LOCK address) {
  Object *object = object_find((uint64_t)address, OBJECT_SPIN_LOCK);
  if (object == NULL) {
    object = ke_object_create(OBJECT_SPIN_LOCK, address, sizeof *address, sizeof(KeSpinLock));
    ((KeSpinLock *)object->body)->object = object;
    if (*address != 0)
      sim_event(sim_machine(), EVENT_CONTRACT, ke_call(), object->ordinal, 0, CONTRACT_OBJECT_NOT_INITIALIZED, (uint64_t)address);
  }
  return object->body;
}

static void mirror(const KeSpinLock *lock) {
  *(volatile LONG *)lock->object->address = (LONG)(lock->readers | (lock->is_held ? 0x80000000u : 0));
}

static void attempt(const KeSpinLock *lock, uint32_t function) {
  SimMachine *machine = sim_machine();
  const SimOperation *pending = &machine->current->pending;
  if (pending->kind != SIM_POINT_CALL || pending->function != function)
    sim_point(machine, SIM_POINT_SPIN, function, lock->object->ordinal, KE_COST_SPIN_NS);
}

static void spin(KeSpinLock *lock) {
  ke_watch_begin(ke_prcb());
  sim_spin(sim_machine(), lock->object->address, lock->object->ordinal);
}

static void acquired(KeSpinLock *lock, LockForm form) {
  mirror(lock);
  sim_event(sim_machine(), EVENT_LOCK_ACQUIRE, ke_call(), lock->object->ordinal, 0, form, 0);
}

static void own(KeSpinLock *lock, LockForm form) {
  const KePrcb *prcb = ke_prcb();
  lock->is_held = true;
  lock->form = (uint8_t)form;
  lock->owner_cpu = prcb->number;
  lock->owner_thread = prcb->current->header.object->ordinal;
  lock->owner_is_thread = sim_machine()->current->kind == SIM_CONTEXT_THREAD;
  acquired(lock, form);
}

static void recursion_check(const KeSpinLock *lock) {
  const KePrcb *prcb = ke_prcb();
  if (lock->is_held && lock->owner_cpu == prcb->number &&
      (!lock->owner_is_thread || lock->owner_thread == prcb->current->header.object->ordinal))
    sim_event(sim_machine(), EVENT_LOCK_RECURSION, ke_call(), lock->object->ordinal, 0, 0, 0);
}

static void acquire_shared(PEX_SPIN_LOCK address, LockForm form, uint32_t function) {
  KeSpinLock *lock = lock_at(address);
  attempt(lock, function);
  recursion_check(lock);
  while (lock->is_held || lock->writers_waiting > 0)
    spin(lock);
  lock->readers++;
  acquired(lock, form);
}

static void acquire_exclusive(PEX_SPIN_LOCK address, LockForm form, uint32_t function) {
  KeSpinLock *lock = lock_at(address);
  attempt(lock, function);
  recursion_check(lock);
  while (lock->is_held || lock->readers > 0) {
    lock->writers_waiting++;
    spin(lock);
    lock->writers_waiting--;
  }
  own(lock, form);
}

static void released(KeSpinLock *lock, LockForm form, LockForm taken) {
  mirror(lock);
  sim_event(sim_machine(), EVENT_LOCK_RELEASE, ke_call(), lock->object->ordinal, 0, (uint32_t)form | (uint32_t)taken << 8, 0);
  sim_spin_wake(sim_machine(), lock->object->address);
}

static void release_shared(PEX_SPIN_LOCK address, LockForm form) {
  KeSpinLock *lock = lock_at(address);
  if (lock->readers == 0) {
    sim_event(sim_machine(), EVENT_LOCK_NOT_HELD, ke_call(), lock->object->ordinal, 0, form, 0);
    return;
  }
  lock->readers--;
  released(lock, form, form);
}

static void release_exclusive(PEX_SPIN_LOCK address, LockForm form) {
  KeSpinLock *lock = lock_at(address);
  if (!lock->is_held) {
    sim_event(sim_machine(), EVENT_LOCK_NOT_HELD, ke_call(), lock->object->ordinal, 0, form, 0);
    return;
  }
  lock->is_held = false;
  released(lock, form, lock->form);
}

/* ---- under Windows' names: wdm/nf-wdm-exacquirespinlockshared and its kin ---- */

KIRQL ExAcquireSpinLockShared(PEX_SPIN_LOCK SpinLock) {
  KIRQL old = ke_irql_raise(DISPATCH_LEVEL, DDI_ExAcquireSpinLockShared);
  acquire_shared(SpinLock, LOCK_FORM_RAISE, DDI_ExAcquireSpinLockShared);
  return old;
}

VOID ExAcquireSpinLockSharedAtDpcLevel(PEX_SPIN_LOCK SpinLock) {
  acquire_shared(SpinLock, LOCK_FORM_DPC_LEVEL, DDI_ExAcquireSpinLockSharedAtDpcLevel);
}

VOID ExReleaseSpinLockShared(PEX_SPIN_LOCK SpinLock, KIRQL OldIrql) {
  release_shared(SpinLock, LOCK_FORM_RAISE);
  ke_irql_lower(OldIrql & 15, DDI_ExReleaseSpinLockShared);
}

VOID ExReleaseSpinLockSharedFromDpcLevel(PEX_SPIN_LOCK SpinLock) { release_shared(SpinLock, LOCK_FORM_DPC_LEVEL); }

KIRQL ExAcquireSpinLockExclusive(PEX_SPIN_LOCK SpinLock) {
  KIRQL old = ke_irql_raise(DISPATCH_LEVEL, DDI_ExAcquireSpinLockExclusive);
  acquire_exclusive(SpinLock, LOCK_FORM_RAISE, DDI_ExAcquireSpinLockExclusive);
  return old;
}

VOID ExAcquireSpinLockExclusiveAtDpcLevel(PEX_SPIN_LOCK SpinLock) {
  acquire_exclusive(SpinLock, LOCK_FORM_DPC_LEVEL, DDI_ExAcquireSpinLockExclusiveAtDpcLevel);
}

VOID ExReleaseSpinLockExclusive(PEX_SPIN_LOCK SpinLock, KIRQL OldIrql) {
  release_exclusive(SpinLock, LOCK_FORM_RAISE);
  ke_irql_lower(OldIrql & 15, DDI_ExReleaseSpinLockExclusive);
}

VOID ExReleaseSpinLockExclusiveFromDpcLevel(PEX_SPIN_LOCK SpinLock) { release_exclusive(SpinLock, LOCK_FORM_DPC_LEVEL); }

/* Only for the sole reader, and not while a writer waits. */
LOGICAL ExTryConvertSharedSpinLockExclusive(PEX_SPIN_LOCK SpinLock) {
  KeSpinLock *lock = lock_at(SpinLock);
  if (lock->readers != 1 || lock->writers_waiting > 0)
    return FALSE;
  lock->readers = 0;
  own(lock, LOCK_FORM_DPC_LEVEL);
  return TRUE;
}
