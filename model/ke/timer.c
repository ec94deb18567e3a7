/* Timers: set, cancelled, expired at a tick; periodic ones are set again at that same moment (K-TMR-1 to K-TMR-5). */
#include "ke_internal.h"

void ke_timer_queue_push(KeTimerEntry *entry, uint64_t due_ns) {
  sim_touch_shared(sim_machine(), SIM_TOUCH_TIMERS, true);
  sim_queue_push(&KE->timers, &entry->entry, due_ns);
  ke_tick_arm(due_ns);
}

/* Signaled, its DPC queued on the processor that handles the tick unless it has a target. */
void ke_timer_signal(KeTimer *timer) {
  sim_event(sim_machine(), EVENT_TIMER_EXPIRE, 0, timer->header.object->ordinal, 0, 0, 0);
  timer->header.signal_state = 1;
  ke_dispatcher_release(&timer->header, 0);
  if (timer->dpc != NULL) {
    timer->dpc->is_timer_dpc = true;
    KePrcb *target = timer->dpc->has_target ? &KE->prcbs[timer->dpc->target] : ke_prcb();
    ke_dpc_insert(timer->dpc, target, 0, 0);
  }
}

static void expire(KeTimerEntry *entry) {
  KeTimer *timer = entry->timer;
  if (entry->thread != NULL) {
    ke_wait_end(entry->thread, STATUS_TIMEOUT, 0);
    return;
  }
  if (timer == NULL) { /* the KTIMER's memory was freed while it was set: the timer list still leads there */
    uint64_t address = entry->freed_address;
    sim_heap_free(entry, sizeof *entry);
    sim_probe(sim_machine(), address, sizeof(KTIMER), SIM_ACCESS_WRITE);
    return;
  }
  if (timer->period_ns != 0)
    ke_timer_queue_push(entry, entry->entry.time_ns + timer->period_ns);
  ke_timer_signal(timer);
}

/* In the drain, after the clock's interrupt found something due. Simplified: one timer queue, served by one cpu, as where Windows 8 and
 * later serialize timer expiration. */
void ke_timers_expire(KePrcb *prcb) {
  uint64_t now = prcb->vcpu->time_ns;
  SimQueueEntry *first;
  sim_touch_shared(sim_machine(), SIM_TOUCH_TIMERS, true);
  prcb->timer_request = false;
  while ((first = sim_queue_first(&KE->timers)) != NULL && first->time_ns <= now) {
    sim_queue_remove(&KE->timers, first);
    expire(SIM_CONTAINER(first, KeTimerEntry, entry));
  }
  if (first != NULL)
    ke_tick_arm(first->time_ns);
}

void ke_timer_forget(KeTimer *timer) {
  if (timer->entry.entry.position == 0)
    return;
  uint64_t due = timer->entry.entry.time_ns;
  sim_event(sim_machine(), EVENT_CONTRACT, ke_call(), timer->header.object->ordinal, 0, CONTRACT_TIMER_FREED,
            timer->header.object->address);
  sim_queue_remove(&KE->timers, &timer->entry.entry);
  KeTimerEntry *left = sim_heap_allocate(sizeof *left);
  left->freed_address = timer->header.object->address;
  ke_timer_queue_push(left, due);
}

/* ---- under Windows' names ---- */

static KeTimer *timer_at(const volatile void *address) { return ke_body_at(address, OBJECT_TIMER); }

/* wdm/nf-wdm-keinitializetimerex */
VOID KeInitializeTimerEx(PKTIMER Timer, TIMER_TYPE Type) {
  KeDispatcherType type = Type == NotificationTimer ? KE_TIMER_NOTIFICATION : KE_TIMER_SYNCHRONIZATION;
  KeTimer *timer = ke_dispatcher_create(Timer, sizeof *Timer, sizeof(KeTimer), OBJECT_TIMER, type, 0);
  timer->entry.timer = timer;
  Timer->DueTime.QuadPart = 0;
  Timer->Period = 0;
  Timer->Dpc = NULL;
}

/* wdm/nf-wdm-keinitializetimer */
VOID KeInitializeTimer(PKTIMER Timer) { KeInitializeTimerEx(Timer, NotificationTimer); }

static KeDpc *dpc_of(PKDPC Dpc) {
  if (Dpc == NULL)
    return NULL;
  Object *object = object_find((uint64_t)Dpc, OBJECT_DPC);
  if (object == NULL)
    ke_garbage(Dpc);
  return object->body;
}

/* wdm/nf-wdm-kesettimerex. A time that has passed expires at once. */
BOOLEAN KeSetTimerEx(PKTIMER Timer, LARGE_INTEGER DueTime, LONG Period, PKDPC Dpc) {
  KeTimer *timer = timer_at(Timer);
  int64_t due_time = DueTime.QuadPart;
  sim_touch_shared(sim_machine(), SIM_TOUCH_TIMERS, true);
  BOOLEAN was_set = sim_queue_remove(&KE->timers, &timer->entry.entry);
  uint64_t due = ke_due_ns(&due_time);
  timer->dpc = dpc_of(Dpc);
  timer->period_ns = Period > 0 ? (uint64_t)Period * 1000000 : 0;
  timer->header.signal_state = 0;
  ke_dispatcher_mirror(&timer->header);
  Timer->DueTime.QuadPart = (ULONGLONG)due_time;
  Timer->Period = (ULONG)Period;
  Timer->Dpc = Dpc;
  sim_event(sim_machine(), EVENT_TIMER_SET, 0, timer->header.object->ordinal, was_set, 0, due != 0 ? due : sim_time_ns(sim_machine()));
  if (due == 0 && timer->period_ns != 0)
    ke_timer_queue_push(&timer->entry, ke_due_after_ns(timer->period_ns));
  if (due != 0)
    ke_timer_queue_push(&timer->entry, due);
  else
    ke_timer_signal(timer);
  ke_pending_deliver(DDI_KeSetTimerEx);
  return was_set;
}

/* wdm/nf-wdm-kesettimer */
BOOLEAN KeSetTimer(PKTIMER Timer, LARGE_INTEGER DueTime, PKDPC Dpc) { return KeSetTimerEx(Timer, DueTime, 0, Dpc); }

/* wdm/nf-wdm-kesetcoalescabletimer. Simplified: nothing is coalesced. */
BOOLEAN KeSetCoalescableTimer(PKTIMER Timer, LARGE_INTEGER DueTime, ULONG Period, ULONG TolerableDelay, PKDPC Dpc) {
  (void)TolerableDelay;
  return KeSetTimerEx(Timer, DueTime, (LONG)Period, Dpc);
}

/* wdm/nf-wdm-kecanceltimer: neither takes back a DPC that is queued already nor waits for one that runs (K-TMR-3). */
BOOLEAN KeCancelTimer(PKTIMER Timer) {
  KeTimer *timer = timer_at(Timer);
  sim_touch_shared(sim_machine(), SIM_TOUCH_TIMERS, true);
  BOOLEAN was_set = sim_queue_remove(&KE->timers, &timer->entry.entry);
  timer->period_ns = 0;
  sim_event(sim_machine(), EVENT_TIMER_CANCEL, 0, timer->header.object->ordinal, was_set, 0, 0);
  return was_set;
}

/* wdm/nf-wdm-kereadstatetimer */
BOOLEAN KeReadStateTimer(PKTIMER Timer) { return timer_at(Timer)->header.signal_state != 0; }
