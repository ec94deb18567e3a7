/*
 * ke_internal.h: what the files of model/ke share with one another and with nobody else.
 */
#pragma once

#include <ntddk.h>

#include "../events.h"
#include "../model.h"
#include "ke.h"

#include "ddi_ids.gen.h"

#define KE (&MODEL->ke)

/* Functions without a row in model/ddi/table yet: nobody can call them by name, and events of theirs name none. */
#ifndef DDI_KeAcquireInStackQueuedSpinLockForDpc
#define DDI_KeAcquireInStackQueuedSpinLockForDpc 0
#define DDI_KeReleaseInStackQueuedSpinLockForDpc 0
#endif
#ifndef DDI_KeAcquireSpinLockForDpc
#define DDI_KeAcquireSpinLockForDpc 0
#define DDI_KeReleaseSpinLockForDpc 0
#endif
#ifndef DDI_KePulseEvent
#define DDI_KePulseEvent 0
#endif
#ifndef DDI_KeSetSystemAffinityThreadEx
#define DDI_KeSetSystemAffinityThreadEx 0
#define DDI_KeRevertToUserAffinityThreadEx 0
#endif
#ifndef DDI_ExAcquireSpinLockShared
#define DDI_ExAcquireSpinLockShared 0
#define DDI_ExAcquireSpinLockSharedAtDpcLevel 0
#define DDI_ExReleaseSpinLockShared 0
#define DDI_ExAcquireSpinLockExclusive 0
#define DDI_ExAcquireSpinLockExclusiveAtDpcLevel 0
#define DDI_ExReleaseSpinLockExclusive 0
#endif

/* Virtual time of dispatcher work that callers of the DDI table do not see. */
#define KE_COST_SPIN_NS 50u
#define KE_COST_SWITCH_NS 500u
#define KE_COST_DPC_NS 200u

/* The call of driver code that this happens in: what events about its mistakes name. 0: none. */
static inline uint32_t ke_call(void) {
  const SimContext *context = sim_machine()->current;
  return context != NULL ? context->call : 0;
}

/* ---- identity ---- */

/* The next child of a kind of whoever runs now (or of the machine): a number that depends on the path of creation only. */
uint32_t ke_identity_next(SimContextKind kind);

/* What of a context belongs to the one run of a DPC or an ISR and not to the interrupt that happened to carry it: choices made in it are keyed
 * by these. Begin gives the current context the identity (owner, run); end gives it back its own. */
typedef struct KeIdentity {
  uint32_t id;
  uint32_t object;
  uint32_t children[3];
  uint32_t choice_ordinals[SIM_CHOICE_KIND_COUNT];
  uint32_t access_ordinal;
  void *owner;
} KeIdentity;

void ke_identity_begin(KeIdentity *saved, uint32_t owner, uint32_t run, uint32_t object, void *context_owner);
void ke_identity_end(const KeIdentity *saved);

/* From a SimQueueEntry's fire: the context whose scheduling point let time pass is not the one this happens in. */
typedef struct KeOutside {
  SimContext *context;
} KeOutside;

KeOutside ke_outside_begin(void);
void ke_outside_end(KeOutside saved);

/* ---- dispatcher objects ---- */

void ke_dispatcher_init(KeDispatcher *dispatcher, Object *object, KeDispatcherType type, int32_t signal_state);
/* After signal_state rose: frees what waits and may go. */
void ke_dispatcher_release(KeDispatcher *dispatcher, int increment);
/* The guest-visible header follows the true state; nothing for opaque objects. */
void ke_dispatcher_mirror(const KeDispatcher *dispatcher);
/* object_create for a structure in driver memory: it belongs to the driver whose code runs. */
Object *ke_object_create(ObjectKind kind, volatile void *address, SIZE_T size, SIZE_T body_size);
/* Guest memory becomes a dispatcher object; whatever was there is forgotten. Returns its body, zeroed but for the header. */
void *ke_dispatcher_create(void *address, SIZE_T size, SIZE_T body_size, ObjectKind kind, KeDispatcherType type, int32_t signal_state);
/* The object of that kind at the address. There is none: EVENT_CONTRACT, then what Windows meets when it follows what is there: bug check 0xA. */
void *ke_body_at(const volatile void *address, ObjectKind kind);
void ke_garbage(const volatile void *address) __attribute__((noreturn));
void ke_waiters_forget(KeDispatcher *dispatcher);

/* ---- ready.c ---- */

void ke_ready_begin(void);
void ke_ready_push(KeThread *thread, bool at_head);
void ke_ready_remove(KeThread *thread);
/* The first thread of the highest priority, at least `lowest`, that may run there. */
KeThread *ke_ready_best(const KePrcb *prcb, int lowest);
/* The place behind those that from that place on have its affinity. */
uint32_t ke_ready_like(const KeReadyQueue *queue, uint32_t at);
static inline bool ke_may_run_on(const KeThread *thread, const KePrcb *prcb) { return thread->affinity >> prcb->number & 1; }

/* ---- scheduler.c ---- */

/* Takes what the processor has to run next: its standby thread, or the best that is ready. NULL: nothing. */
KeThread *ke_ready_take(KePrcb *prcb);
/* The processor goes on with a thread (NULL: idle). What it ran has another state already. */
void ke_run(KePrcb *prcb, KeThread *thread);
static inline bool ke_is_idle(const KePrcb *prcb) { return prcb->current == prcb->idle; }
/* Partial-order reduction is told: what the processor runs, or is to run, or that it is idle (sim/footprint.h). */
static inline void ke_turn_touch(const KePrcb *prcb, bool is_write) {
  sim_touch_shared(sim_machine(), SIM_TOUCH_TURN + prcb->number, is_write);
}
/* In the dispatch interrupt: the quantum and the standby thread. */
void ke_switch(KePrcb *prcb);
/* Whether a thread waits for the running one's turn to end; then the tick at which it ends is made to happen. */
void ke_quantum_arm(KePrcb *prcb);
void ke_quantum_tick(KePrcb *prcb);
/* The cpu asks itself, or another one, for the software interrupt at DISPATCH_LEVEL. */
void ke_dispatch_request(KePrcb *prcb);
/* At the end of a function that may have readied a thread or queued a DPC: what is pending for this cpu happens now. */
void ke_pending_deliver(uint32_t function);
void ke_thread_boost(KeThread *thread, int increment);
/* For searches: whose turn could come at any point. */
extern const SimThreads ke_threads;
extern const SimFootprintRules ke_footprint_rules;
bool ke_is_futile(const SimContext *context);
uint32_t ke_asks_for(const SimContext *context);
void ke_state_forget(SimMachine *machine, void (*forget)(void *data, const void *word), void *data);

/* ---- placement.c ---- */

/* Goes where it can run. Where that is nowhere it waits, and when it did not get to finish its turn, at the head of its queue (`at_head`). */
void ke_thread_place(KeThread *thread, bool at_head);
/* The processor is to run it next, and asks itself to switch. */
void ke_standby(KePrcb *prcb, KeThread *thread);
/* SimThreads.move: the running thread is preempted by one of the system's, and goes on elsewhere, if a choice says so. */
bool ke_thread_move(SimMachine *machine);

/* ---- dpc.c, dispatch.c ---- */

void ke_dispatch_interrupt(SimMachine *machine, void *argument);
void ke_dpcs_drain(KePrcb *prcb);
/* Deferred DPCs begin: the processor is idle, or the clock ticks. */
void ke_dpcs_kick(KePrcb *prcb);
bool ke_dpc_insert(KeDpc *dpc, KePrcb *target, uint64_t argument1, uint64_t argument2);
void ke_dpc_forget(KeDpc *dpc);

/* ---- clock.c, timer.c ---- */

void ke_clock_begin(void);
/* The clock is to tick at the first tick at or after that time. */
void ke_tick_arm(uint64_t time_ns);
uint64_t ke_tick_at_or_after(uint64_t time_ns);
void ke_timer_queue_push(KeTimerEntry *entry, uint64_t due_ns);
void ke_timers_expire(KePrcb *prcb);
void ke_timer_forget(KeTimer *timer);
void ke_timer_signal(KeTimer *timer);

/* ---- spin_lock.c, watchdog.c, mutex.c ---- */

/* The level of the cpu rose or fell: the DPC watchdog looks, or need not. */
void ke_watch_begin(KePrcb *prcb);
static inline void ke_watch_end(KePrcb *prcb) {
  if (prcb->watch.position != 0)
    sim_queue_remove(&sim_machine()->queue, &prcb->watch);
}
static inline void ke_watch_update(KePrcb *prcb) {
  if (prcb->vcpu->irql >= SIM_IRQL_DISPATCH)
    ke_watch_begin(prcb);
  else
    ke_watch_end(prcb);
}
void ke_watch_leave(SimMachine *machine);
/* A cpu that spins or hangs until now is charged for it: before an interrupt lands there, or somebody asks how long it ran. */
void ke_spin_charge(KePrcb *prcb);
void ke_mutex_own(KeMutex *mutex, KeThread *thread);
void ke_mutexes_abandon(KeThread *thread);

/* Raising and lowering, with the watchdog told. */
SimIrql ke_irql_raise(SimIrql irql, uint32_t function);
void ke_irql_lower(SimIrql irql, uint32_t function);

/* ---- text ---- */
#define KE_OBJECTS_WAITABLE                                                                                                                \
  (1ULL << OBJECT_EVENT | 1ULL << OBJECT_SEMAPHORE | 1ULL << OBJECT_MUTEX | 1ULL << OBJECT_TIMER | 1ULL << OBJECT_THREAD |                 \
   1ULL << OBJECT_PROCESS)
