/*
 * Fast mutexes: an event that frees one waiter, taken and given at APC_LEVEL. The true state is that event's; Owner and OldIrql are kept where
 * Windows keeps them, in the structure. wdm/nf-wdm-exacquirefastmutex, bug-check-0x192.
 */
#include <ntifs.h>

#include "../ke/ke.h"
#include "../mm/bugcheck_codes.h"
#include "../model.h"
#include "../verifier/verifier.h"

/* <= DISPATCH_LEVEL, in nonpaged memory. */
VOID ExInitializeFastMutex(PFAST_MUTEX FastMutex) {
  FastMutex->Count = 1;
  FastMutex->Owner = NULL;
  FastMutex->Contention = 0;
  KeInitializeEvent(&FastMutex->Event, SynchronizationEvent, TRUE);
}

/* Locks that Windows tracks for priority boosts cannot be acquired at DISPATCH_LEVEL or above (K-LOCK-1); before Windows 8 they are not. */
static void check_irql(PFAST_MUTEX mutex) {
  if (ke_irql() >= DISPATCH_LEVEL && model_is_since(DDI_WINDOWS_8))
    ke_bugcheck_raise(BUGCHECK_KERNEL_AUTO_BOOST_LOCK_ACQUISITION_WITH_RAISED_IRQL, ke_address(&ke_thread_current()->header),
                      (uint64_t)mutex, ke_irql(), 0);
}

static BOOLEAN acquire(PFAST_MUTEX mutex, PLARGE_INTEGER timeout) {
  NTSTATUS status = KeWaitForSingleObject(&mutex->Event, WrFastMutex, KernelMode, FALSE, timeout);
  if (status != STATUS_SUCCESS)
    return FALSE;
  mutex->Count--;
  mutex->Owner = (PVOID)ke_address(&ke_thread_current()->header);
  return TRUE;
}

static void release(PFAST_MUTEX mutex) {
  mutex->Owner = NULL;
  mutex->Count++;
  KeSetEvent(&mutex->Event, EVENT_INCREMENT, FALSE);
}

/* <= APC_LEVEL; returns at APC_LEVEL, owning it. Not recursive: waits for itself. */
VOID ExAcquireFastMutex(PFAST_MUTEX FastMutex) {
  KIRQL old;
  verifier_check_fast_mutex((uint64_t)FastMutex, false, false);
  check_irql(FastMutex);
  KeRaiseIrql(ke_irql() > APC_LEVEL ? ke_irql() : APC_LEVEL, &old);
  acquire(FastMutex, NULL);
  FastMutex->OldIrql = old;
}

/* FALSE, at the caller's level, when another owns it. */
BOOLEAN ExTryToAcquireFastMutex(PFAST_MUTEX FastMutex) {
  LARGE_INTEGER now = { .QuadPart = 0 };
  KIRQL old;
  verifier_check_fast_mutex((uint64_t)FastMutex, false, false);
  check_irql(FastMutex);
  KeRaiseIrql(ke_irql() > APC_LEVEL ? ke_irql() : APC_LEVEL, &old);
  if (!acquire(FastMutex, &now)) {
    KeLowerIrql(old);
    return FALSE;
  }
  FastMutex->OldIrql = old;
  return TRUE;
}

/* At APC_LEVEL, by the owner; back to the level of the acquisition. */
VOID ExReleaseFastMutex(PFAST_MUTEX FastMutex) {
  KIRQL old = (KIRQL)FastMutex->OldIrql;
  verifier_check_fast_mutex((uint64_t)FastMutex, true, false);
  release(FastMutex);
  KeLowerIrql(old);
}

/* The caller has disabled APCs already: at APC_LEVEL, or in a critical region. */
VOID ExAcquireFastMutexUnsafe(PFAST_MUTEX FastMutex) {
  verifier_check_fast_mutex((uint64_t)FastMutex, false, true);
  check_irql(FastMutex);
  acquire(FastMutex, NULL);
}

VOID ExReleaseFastMutexUnsafe(PFAST_MUTEX FastMutex) {
  verifier_check_fast_mutex((uint64_t)FastMutex, true, true);
  release(FastMutex);
}
