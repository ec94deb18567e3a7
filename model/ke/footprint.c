/* What partial-order reduction may know of steps in the model (sim/footprint.h): which events and functions tell all that they touch. The rest, and
 * that is most of Windows, is taken for one thing that everybody shares.
 *
 * A function is listed when each of its bodies' effects is on objects that its events name, memory that its parameters' extents cover, or state that
 * the files of this folder note by sim_touch. */
#include "ke_internal.h"

static const uint32_t plain_functions[] = {
  DDI_KeSetEvent,
  DDI_KeClearEvent,
  DDI_KeResetEvent,
  DDI_KeReadStateEvent,
  DDI_KePulseEvent,
  DDI_KeWaitForSingleObject,
  DDI_KeWaitForMultipleObjects,
  DDI_KeWaitForMutexObject,
  DDI_KeDelayExecutionThread,
  DDI_KeReleaseSemaphore,
  DDI_KeReadStateSemaphore,
  DDI_KeReleaseMutex,
  DDI_KeReadStateMutex,
  DDI_KeQuerySystemTime,
  DDI_KeQuerySystemTimePrecise,
  DDI_KeQueryInterruptTime,
  DDI_KeQueryInterruptTimePrecise,
  DDI_KeQueryTickCount,
  DDI_KeQueryTimeIncrement,
  DDI_KeQueryPerformanceCounter,
  DDI_KeStallExecutionProcessor,
  DDI_KeGetCurrentProcessorNumber,
  DDI_KeGetCurrentProcessorIndex,
  DDI_KeGetCurrentProcessorNumberEx,
  DDI_KeYieldProcessor,
  DDI_KeGetCurrentThread,
  DDI_KeEnterCriticalRegion,
  DDI_KeLeaveCriticalRegion,
  DDI_KeEnterGuardedRegion,
  DDI_KeLeaveGuardedRegion,
  DDI_KeAreApcsDisabled,
  DDI_KeAcquireSpinLock,
  DDI_KeAcquireSpinLockRaiseToDpc,
  DDI_KeReleaseSpinLock,
  DDI_KeAcquireSpinLockAtDpcLevel,
  DDI_KeReleaseSpinLockFromDpcLevel,
  DDI_KeTryToAcquireSpinLockAtDpcLevel,
  DDI_KeTestSpinLock,
  DDI_KeAcquireInStackQueuedSpinLock,
  DDI_KeReleaseInStackQueuedSpinLock,
  DDI_KeAcquireInStackQueuedSpinLockAtDpcLevel,
  DDI_KeReleaseInStackQueuedSpinLockFromDpcLevel,
  DDI_KeAcquireSpinLockForDpc,
  DDI_KeReleaseSpinLockForDpc,
  DDI_KeGetCurrentIrql,
  DDI_KeRaiseIrql,
  DDI_KfRaiseIrql,
  DDI_KeRaiseIrqlToDpcLevel,
  DDI_KeRaiseIrqlToSynchLevel,
  DDI_KeLowerIrql,
  DDI_KfLowerIrql,
  DDI_KeInsertQueueDpc,
  DDI_KeRemoveQueueDpc,
  DDI_KeSetTimer,
  DDI_KeSetTimerEx,
  DDI_KeCancelTimer,
  DDI_KeReadStateTimer,
  DDI_InterlockedIncrement,
  DDI_InterlockedDecrement,
  DDI_InterlockedExchange,
  DDI_InterlockedExchangeAdd,
  DDI_InterlockedAdd,
  DDI_InterlockedAnd,
  DDI_InterlockedOr,
  DDI_InterlockedXor,
  DDI_InterlockedCompareExchange,
  DDI_InterlockedIncrement64,
  DDI_InterlockedDecrement64,
  DDI_InterlockedExchange64,
  DDI_InterlockedExchangeAdd64,
  DDI_InterlockedAdd64,
  DDI_InterlockedAnd64,
  DDI_InterlockedOr64,
  DDI_InterlockedXor64,
  DDI_InterlockedCompareExchange64,
  DDI_InterlockedExchangePointer,
  DDI_InterlockedCompareExchangePointer,
  DDI_DbgPrint,
  DDI_DbgPrintEx,
  /* calls of driver code, around which this folder does nothing else */
  DDI_KDEFERRED_ROUTINE,
  DDI_KSERVICE_ROUTINE,
  DDI_KSTART_ROUTINE,
};

static bool is_plain(uint32_t function) {
  for (unsigned i = 0; i < sizeof plain_functions / sizeof *plain_functions; i++)
    if (plain_functions[i] == function)
      return true;
  return false;
}

#define BIT(kind) (1ULL << ((kind) % 64))
_Static_assert(EVENT_CALL < 64 && EVENT_TIMER_EXPIRE < 128, "kinds are in the words below");
#define LOW(kind) ((kind) < 64 ? BIT(kind) : 0)
#define HIGH(kind) ((kind) >= 64 ? BIT(kind) : 0)
#define PLAIN(word)                                                                                                                        \
  (word(EVENT_CONTRACT_IRQL) | word(EVENT_CONTRACT_IRQL_RETURN) | word(EVENT_CONTRACT_POINTER) | word(EVENT_CONTRACT) |                    \
   word(EVENT_FAULT) | word(EVENT_DEBUG_PRINT) | word(EVENT_READY) | word(EVENT_RUN) | word(EVENT_WAIT) | word(EVENT_WAKE) |               \
   word(EVENT_WAIT_HIGH) | word(EVENT_SIGNAL) | word(EVENT_CLEAR) | word(EVENT_LOCK_ACQUIRE) | word(EVENT_LOCK_RELEASE) |                  \
   word(EVENT_LOCK_RECURSION) | word(EVENT_LOCK_NOT_HELD) | word(EVENT_DPC_QUEUE) | word(EVENT_DPC_REMOVE) | word(EVENT_DPC_BEGIN) |       \
   word(EVENT_DPC_END) | word(EVENT_TIMER_SET) | word(EVENT_TIMER_CANCEL) | word(EVENT_TIMER_EXPIRE) | word(EVENT_THREAD_EXIT))
#define BY_FUNCTION(word) (word(EVENT_RETURN) | word(EVENT_CALLBACK) | word(EVENT_CALLBACK_RETURN))

const SimFootprintRules ke_footprint_rules = {
  .plain = { { PLAIN(LOW), PLAIN(HIGH) } },
  .silent = { { LOW(EVENT_CALL), HIGH(EVENT_CALL) } },
  .by_function = { { BY_FUNCTION(LOW), BY_FUNCTION(HIGH) } },
  .is_plain = is_plain,
};

/* It asks for a spin lock as the contract wants it: nothing else would come of the attempt than that the cpu spins, at DISPATCH_LEVEL. */
static bool is_attempt(const SimContext *context) {
  const SimOperation *pending = &context->pending;
  bool is_verified = MODEL->options.verified[0].name[0] != 0; /* Driver Verifier looks at every raising */
  if (pending->kind == SIM_POINT_SPIN)
    return context->irql >= SIM_IRQL_DISPATCH; /* in it, or woken again */
  if (pending->kind != SIM_POINT_CALL)
    return false;
  switch (pending->function) {
  case DDI_KeAcquireSpinLock:
  case DDI_KeAcquireSpinLockRaiseToDpc:
  case DDI_KeAcquireInStackQueuedSpinLock: return context->irql == SIM_IRQL_DISPATCH || (context->irql < SIM_IRQL_DISPATCH && !is_verified);
  case DDI_KeAcquireSpinLockAtDpcLevel:
  case DDI_KeAcquireInStackQueuedSpinLockAtDpcLevel: return context->irql == SIM_IRQL_DISPATCH;
  default: return false;
  }
}

static const KeSpinLock *asked_for(const SimContext *context) {
  if (context->pending.object == 0 || context->vcpu == NULL || !is_attempt(context))
    return NULL;
  const Object *object = object_by_ordinal(context->pending.object);
  if (object == NULL || !object->is_alive || object->kind != OBJECT_SPIN_LOCK)
    return NULL;
  uint8_t attributes = sim_page_attributes(sim_machine(), object->address); /* whoever touches a paged lock at DISPATCH_LEVEL ... */
  return (attributes & SIM_PAGE_KIND_MASK) != SIM_PAGE_PAGED ? object->body : NULL;
}

uint32_t ke_asks_for(const SimContext *context) {
  const KeSpinLock *lock = asked_for(context);
  return lock != NULL ? lock->object->ordinal : 0;
}

/* Stepping it would only set it spinning, until the lock is given back: then it can do all that it could do now. Whoever raises the IRQL at the attempt
 * masks what would come before it got the lock; that comes later, or stays pending, in orders that leave interrupts pending and make the attempt when
 * the lock is free. Queued locks go to those that wait in the order in which they came: the order in which they find it free. Where the lock is never
 * given back all that is left are such attempts, and they are made. */
bool ke_is_futile(const SimContext *context) {
  const KeSpinLock *lock = asked_for(context);
  return lock != NULL && lock->is_held && lock->owner_cpu != context->vcpu->number;
}

/* An entry that is in no queue: when it was, and after whom it came. */
static void entry_forget(const SimQueueEntry *entry, void (*forget)(void *data, const void *word), void *data) {
  if (entry->position == 0)
    forget(data, &entry->sequence);
}

/* What of the dispatcher's state is a time, or counts how often something happened, and decides nothing where time does not. */
void ke_state_forget(SimMachine *machine, void (*forget)(void *data, const void *word), void *data) {
  (void)machine;
  for (uint32_t i = 0; i < KE->prcb_count; i++) {
    const KePrcb *prcb = &KE->prcbs[i];
    forget(data, &prcb->dpc_requests_tick);
    forget(data, &prcb->dpc_begin_ns);
    forget(data, &prcb->watch.time_ns);
    entry_forget(&prcb->watch, forget, data);
  }
  entry_forget(&KE->tick, forget, data);
  forget(data, &KE->timers.sequence_next);
  for (uint32_t ordinal = 1; ordinal <= MODEL->object.count; ordinal++) {
    const Object *object = object_by_ordinal(ordinal);
    if (!object->is_alive || object->kind != OBJECT_THREAD || object->body == NULL)
      continue;
    const KeThread *thread = object->body;
    forget(data, &thread->quantum_begin_ns);
    forget(data, &thread->quantum_used_ns);
  }
}
