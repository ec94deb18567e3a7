/* Waits: for one object, any or all of several, with a time-out, or a poll (K-WAIT-1 to K-WAIT-5). */
#include "ke_internal.h"

#include "../verifier/verifier.h"

enum { GRANT_COUNT_MAX = 16 };

/* ---- taking what an object gives ---- */

static bool is_signalled(const KeDispatcher *object, const KeThread *thread) {
  if (object->type == KE_MUTEX && ((const KeMutex *)object)->owner == thread)
    return true;
  return object->signal_state > 0;
}

/* The thread gets the object. Returns whether it was an abandoned mutex. */
static bool take(KeDispatcher *object, KeThread *thread) {
  bool is_abandoned = false;
  switch (object->type) {
  case KE_EVENT_SYNCHRONIZATION:
  case KE_TIMER_SYNCHRONIZATION: object->signal_state = 0; break;
  case KE_SEMAPHORE: object->signal_state--; break;
  case KE_MUTEX:
    is_abandoned = ((KeMutex *)object)->is_abandoned;
    ke_mutex_own((KeMutex *)object, thread);
    break;
  default: return false;
  }
  ke_dispatcher_mirror(object);
  return is_abandoned;
}

/* STATUS_WAIT_0 + n, STATUS_ABANDONED_WAIT_0 + n, or -1: cannot be satisfied now. */
static int32_t try_any(const KeWait *wait, KeThread *thread) {
  for (uint32_t i = 0; i < wait->count; i++)
    if (is_signalled(wait->objects[i], thread))
      return (take(wait->objects[i], thread) ? STATUS_ABANDONED_WAIT_0 : STATUS_WAIT_0) + (int32_t)i;
  return -1;
}

static int32_t try_all(const KeWait *wait, KeThread *thread) {
  bool is_abandoned = false;
  for (uint32_t i = 0; i < wait->count; i++)
    if (!is_signalled(wait->objects[i], thread))
      return -1;
  for (uint32_t i = 0; i < wait->count; i++)
    is_abandoned |= take(wait->objects[i], thread);
  return wait->count == 0 ? -1 : is_abandoned ? STATUS_ABANDONED_WAIT_0 : STATUS_WAIT_0;
}

/* The same for a thread that waits already. */
static int32_t try_blocks(KeThread *thread, uint32_t index) {
  KeDispatcher *objects[MAXIMUM_WAIT_OBJECTS];
  if (thread->wait_kind == KE_WAIT_ANY)
    return (take(thread->blocks[index].dispatcher, thread) ? STATUS_ABANDONED_WAIT_0 : STATUS_WAIT_0) + (int32_t)index;
  for (uint32_t i = 0; i < thread->block_count; i++)
    objects[i] = thread->blocks[i].dispatcher;
  return try_all(&(KeWait){ .objects = objects, .count = thread->block_count }, thread);
}

/* Those that wait are served in the order in which they came, mostly: Windows promises none. What is given to one of several is given to whom a
 * choice says, which comes first in the list from now on. */
static void waiter_choose(KeDispatcher *dispatcher) {
  uint32_t count = 0;
  SimLink *link;
  bool is_for_one = dispatcher->type == KE_EVENT_SYNCHRONIZATION || dispatcher->type == KE_TIMER_SYNCHRONIZATION ||
                    dispatcher->type == KE_SEMAPHORE || dispatcher->type == KE_MUTEX;
  if (!is_for_one || dispatcher->object == NULL || dispatcher->object->size == 0) /* Windows' own */
    return;
  for (link = dispatcher->waiters.next; link != &dispatcher->waiters && count < GRANT_COUNT_MAX; link = link->next)
    count++;
  if (count < 2)
    return;
  uint32_t place = sim_choose_rare(sim_machine(), SIM_CHOICE_GRANT, 0, 0, NULL, count);
  for (link = dispatcher->waiters.next; place > 0; place--)
    link = link->next;
  if (link != dispatcher->waiters.next) {
    sim_list_remove(link);
    sim_list_push_head(&dispatcher->waiters, link);
  }
}

void ke_dispatcher_release(KeDispatcher *dispatcher, int increment) {
  waiter_choose(dispatcher);
  SimLink *link = dispatcher->waiters.next;
  while (link != &dispatcher->waiters && dispatcher->signal_state > 0) {
    KeWaitBlock *block = SIM_CONTAINER(link, KeWaitBlock, link);
    int32_t status = try_blocks(block->thread, block->index);
    link = link->next;
    if (status < 0)
      continue;
    while (link != &dispatcher->waiters && SIM_CONTAINER(link, KeWaitBlock, link)->thread == block->thread)
      link = link->next; /* the same object twice in one wait */
    ke_wait_end(block->thread, status, increment);
  }
  ke_dispatcher_mirror(dispatcher);
}

/* ---- being in a wait ---- */

static void blocks_insert(KeThread *thread, const KeWait *wait) {
  thread->blocks = wait->count <= KE_WAIT_BLOCK_COUNT ? thread->wait_blocks : sim_heap_allocate(wait->count * sizeof(KeWaitBlock));
  thread->block_count = wait->count;
  for (uint32_t i = 0; i < wait->count; i++) {
    KeWaitBlock *block = &thread->blocks[i];
    block->thread = thread;
    block->dispatcher = wait->objects[i];
    block->index = i;
    sim_list_push_tail(&block->dispatcher->waiters, &block->link);
  }
}

static void blocks_remove(KeThread *thread) {
  for (uint32_t i = 0; i < thread->block_count; i++)
    sim_list_remove(&thread->blocks[i].link);
  if (thread->blocks != thread->wait_blocks)
    sim_heap_free(thread->blocks, thread->block_count * sizeof(KeWaitBlock));
  thread->blocks = NULL;
  thread->block_count = 0;
}

/* The object's memory is used for something else: those that wait for it are woken by a time-out or never. */
void ke_waiters_forget(KeDispatcher *dispatcher) {
  while (sim_list_pop(&dispatcher->waiters) != NULL) {
  }
}

/* What was done before the objects were set is behind the thread that got them: told to whoever looks for races. */
static void order(KeThread *thread, KeDispatcher *const *objects, uint32_t count, KeWaitKind kind, int32_t status) {
  SimMachine *machine = sim_machine();
  uint32_t index = (uint32_t)(status >= STATUS_ABANDONED_WAIT_0 ? status - STATUS_ABANDONED_WAIT_0 : status);
  for (uint32_t i = 0; i < count && index < MAXIMUM_WAIT_OBJECTS; i++)
    if (kind == KE_WAIT_ALL || i == index)
      sim_race_acquire(machine, thread->context, sim_race_key(SIM_RACE_KEY_OBJECT, objects[i]->object->ordinal));
}

static void order_blocks(KeThread *thread, int32_t status) {
  KeDispatcher *objects[MAXIMUM_WAIT_OBJECTS];
  for (uint32_t i = 0; i < thread->block_count; i++)
    objects[i] = thread->blocks[i].dispatcher;
  order(thread, objects, thread->block_count, thread->wait_kind, status);
}

void ke_wait_end(KeThread *thread, int32_t status, int increment) {
  if (thread->state != KE_THREAD_WAITING)
    return;
  if (sim_machine()->race_is_on)
    order_blocks(thread, status);
  blocks_remove(thread);
  if (sim_queue_remove(&KE->timers, &thread->timeout.entry))
    sim_touch_shared(sim_machine(), SIM_TOUCH_TIMERS, true);
  thread->wait_status = status;
  sim_event(sim_machine(), EVENT_WAKE, 0, thread->header.object->ordinal, status, 0, 0);
  ke_thread_boost(thread, increment);
  ke_thread_ready(thread);
}

/* ---- a wait where none may be (K-WAIT-3) ---- */

/* Told before the object is looked at, as Driver Verifier is. */
static void wait_high(const KeWait *wait, uint32_t object) {
  sim_event(sim_machine(), EVENT_WAIT_HIGH, ke_call(), object, 0, ke_is_dpc_active(), 0);
  verifier_check_wait(wait->count > 0 ? ke_address(wait->objects[0]) : 0, wait->due_ns != KE_WAIT_FOREVER);
}

/* The cpu would have to switch now. In a DPC Windows notices; in an ISR, or by option in a raised thread, nothing ever runs there again. */
static void switch_high(KePrcb *prcb) {
  SimMachine *machine = sim_machine();
  KeThread *thread = prcb->current;
  if (prcb->is_dpc_active) {
    KeThread *next = prcb->next != NULL ? prcb->next : prcb->idle;
    ke_bugcheck_raise(0xB8, ke_address(&thread->header), ke_address(&next->header), sim_context_guest_stack_high(machine->current), 0);
  }
  if (machine->current != thread->context || MODEL->options.wait_at_dispatch == MODEL_WAIT_HIGH_HANG) {
    ke_watch_begin(prcb);
    sim_vcpu_hang(machine);
  }
}

/* ---- waiting ---- */

static int32_t block(KePrcb *prcb, const KeWait *wait, uint32_t object) {
  SimMachine *machine = sim_machine();
  KeThread *thread = prcb->current;
  thread->wait_kind = (uint8_t)wait->kind;
  thread->wait_is_user = wait->is_user;
  thread->wait_is_alertable = wait->is_alertable;
  thread->wait_irql = ke_irql();
  thread->wait_object = object;
  thread->state = KE_THREAD_WAITING;
  thread->context->pending = (SimOperation){ .object = object, .kind = SIM_POINT_WAIT, .is_write = 1 };
  blocks_insert(thread, wait);
  if (wait->due_ns != KE_WAIT_FOREVER)
    ke_timer_queue_push(&thread->timeout, wait->due_ns);
  ke_run(prcb, ke_ready_take(prcb));
  sim_reschedule(machine);
  return thread->wait_status;
}

static int32_t wait_do(const KeWait *wait) {
  KePrcb *prcb = ke_prcb();
  KeThread *thread = prcb->current;
  SimMachine *machine = sim_machine();
  uint32_t object = wait->count > 0 ? wait->objects[0]->object->ordinal : 0;
  bool is_poll = wait->due_ns == 0;
  bool is_high = !is_poll && ke_irql() >= SIM_IRQL_DISPATCH;
  for (uint32_t i = 1; i < wait->count; i++) /* events name the first one */
    sim_touch(machine, SIM_TOUCH_OBJECT, wait->objects[i]->object->ordinal, true);
  if (is_high)
    wait_high(wait, object);
  sim_event(machine, EVENT_WAIT, 0, object, 0, is_poll ? 3 : wait->due_ns == KE_WAIT_FOREVER ? 1 : 2, 0);
  int32_t status = wait->kind == KE_WAIT_ALL ? try_all(wait, thread) : try_any(wait, thread);
  if (status < 0 && (is_poll || (wait->due_ns != KE_WAIT_FOREVER && ke_is_over(wait->due_ns))))
    status = STATUS_TIMEOUT;
  if (status < 0 && wait->is_user && thread->is_terminating)
    status = STATUS_USER_APC;
  if (status >= 0) {
    if (machine->race_is_on)
      order(thread, wait->objects, wait->count, wait->kind, status);
    sim_event(machine, EVENT_WAKE, 0, thread->header.object->ordinal, status, 0, 0);
    return status;
  }
  if (is_high)
    switch_high(prcb);
  return block(prcb, wait, object);
}

int32_t ke_wait(const KeWait *wait) {
  if (wait->due_ns != 0)
    sim_point(sim_machine(), SIM_POINT_WAIT, 0, wait->count > 0 ? wait->objects[0]->object->ordinal : 0, 0);
  return wait_do(wait);
}

int32_t ke_wait_one(KeDispatcher *object, bool is_user, uint64_t due_ns) {
  return ke_wait(&(KeWait){ .objects = &object, .count = 1, .is_user = is_user, .due_ns = due_ns });
}

uint64_t ke_due_ns(const int64_t *timeout) {
  if (timeout == NULL)
    return KE_WAIT_FOREVER;
  if (*timeout == 0)
    return 0;
  if (*timeout < 0)
    return ke_due_after_ns((uint64_t) - *timeout * 100);
  uint64_t epoch = MODEL->options.epoch_100ns;
  uint64_t due = (uint64_t)*timeout > epoch ? ((uint64_t)*timeout - epoch) * 100 : 0;
  return ke_is_over(due) ? 0 : due;
}

/* ---- under Windows' names: the checked call was the scheduling point ---- */

static KeDispatcher *waitable_at(const volatile void *address) {
  KeDispatcher *object = ke_dispatcher_at((uint64_t)address);
  if (object == NULL)
    ke_garbage(address);
  return object;
}

/* wdm/nf-wdm-kewaitforsingleobject */
NTSTATUS KeWaitForSingleObject(PVOID Object, KWAIT_REASON WaitReason, KPROCESSOR_MODE WaitMode, BOOLEAN Alertable, PLARGE_INTEGER Timeout) {
  KeDispatcher *object = waitable_at(Object);
  (void)WaitReason;
  return wait_do(&(KeWait){ .objects = &object,
                            .count = 1,
                            .is_user = WaitMode == UserMode,
                            .is_alertable = Alertable,
                            .due_ns = ke_due_ns(Timeout != NULL ? (const int64_t *)&Timeout->QuadPart : NULL) });
}

/* wdm/nf-wdm-kewaitformutexobject */
NTSTATUS KeWaitForMutexObject(PVOID Mutex, KWAIT_REASON WaitReason, KPROCESSOR_MODE WaitMode, BOOLEAN Alertable, PLARGE_INTEGER Timeout) {
  return KeWaitForSingleObject(Mutex, WaitReason, WaitMode, Alertable, Timeout);
}

/* wdm/nf-wdm-kewaitformultipleobjects; too many objects: bug-check-0xc (K-WAIT-2). */
NTSTATUS KeWaitForMultipleObjects(ULONG Count, PVOID Object[], WAIT_TYPE WaitType, KWAIT_REASON WaitReason, KPROCESSOR_MODE WaitMode,
                                  BOOLEAN Alertable, PLARGE_INTEGER Timeout, PKWAIT_BLOCK WaitBlockArray) {
  KeDispatcher *objects[MAXIMUM_WAIT_OBJECTS];
  (void)WaitReason;
  if (Count > (WaitBlockArray != NULL ? MAXIMUM_WAIT_OBJECTS : THREAD_WAIT_OBJECTS))
    ke_bugcheck_raise(0xC, 0, 0, 0, 0);
  for (ULONG i = 0; i < Count; i++)
    objects[i] = waitable_at(Object[i]);
  return wait_do(&(KeWait){ .objects = objects,
                            .count = Count,
                            .kind = WaitType == WaitAll ? KE_WAIT_ALL : KE_WAIT_ANY,
                            .is_user = WaitMode == UserMode,
                            .is_alertable = Alertable,
                            .due_ns = ke_due_ns(Timeout != NULL ? (const int64_t *)&Timeout->QuadPart : NULL) });
}

/* wdm/nf-wdm-kedelayexecutionthread (K-TMR-5). Simplified: not before Windows 8 either does it return early. */
NTSTATUS KeDelayExecutionThread(KPROCESSOR_MODE WaitMode, BOOLEAN Alertable, PLARGE_INTEGER Interval) {
  uint64_t due = ke_due_ns((const int64_t *)&Interval->QuadPart);
  if (due == 0) {
    ke_thread_yield();
    return STATUS_SUCCESS;
  }
  NTSTATUS status = wait_do(&(KeWait){ .is_user = WaitMode == UserMode, .is_alertable = Alertable, .due_ns = due });
  return status == STATUS_TIMEOUT ? STATUS_SUCCESS : status;
}
