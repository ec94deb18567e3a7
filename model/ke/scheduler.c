/* Who runs: ready queues by priority, standby threads, preemption, quanta (K-THR-1, K-IRQL-2, K-IRQL-3). */
#include "ke_internal.h"

/* Partial-order reduction is told what is looked at and what changes: the ready threads, and what a processor runs, or is to run, or that it is idle
 * (sim/footprint.h). */
static void ready_touch(bool is_write) { sim_touch_shared(sim_machine(), SIM_TOUCH_READY, is_write); }

KeThread *ke_ready_take(KePrcb *prcb) {
  KeThread *thread = prcb->next;
  ke_turn_touch(prcb, true);
  prcb->next = NULL;
  if (thread != NULL)
    return thread;
  thread = ke_ready_best(prcb, 0);
  if (thread != NULL)
    ke_ready_remove(thread);
  return thread;
}

/* ---- what a processor runs ---- */

static void quantum_stop(KePrcb *prcb, KeThread *thread) { thread->quantum_used_ns += prcb->vcpu->executed_ns - thread->quantum_begin_ns; }

void ke_run(KePrcb *prcb, KeThread *thread) {
  SimMachine *machine = sim_machine();
  ke_turn_touch(prcb, true);
  if (!ke_is_idle(prcb))
    quantum_stop(prcb, prcb->current);
  sim_event(machine, EVENT_RUN, 0, thread != NULL ? thread->header.object->ordinal : 0, 0, prcb->number, 0);
  prcb->current = thread != NULL ? thread : prcb->idle;
  if (thread != NULL) {
    thread->state = KE_THREAD_RUNNING;
    thread->cpu = prcb->number;
    thread->quantum_begin_ns = prcb->vcpu->executed_ns;
  }
  sim_vcpu_set_thread(machine, prcb->vcpu, thread != NULL ? thread->context : NULL);
  ke_watch_update(prcb);
  if (thread == NULL)
    ke_dpcs_kick(prcb);
  else
    ke_quantum_arm(prcb);
}

void ke_dispatch_request(KePrcb *prcb) {
  SimMachine *machine = sim_machine();
  if (prcb->vcpu == sim_vcpu(machine))
    prcb->dispatch.is_prompt = true; /* it asks itself: no wire in between */
  else if (!prcb->dispatch.is_pending)
    prcb->dispatch.is_prompt = false;
  sim_interrupt_request(machine, prcb->vcpu, &prcb->dispatch);
}

void ke_pending_deliver(uint32_t function) {
  SimMachine *machine = sim_machine();
  SimVcpu *vcpu = sim_vcpu(machine);
  if (vcpu != NULL && (vcpu->pending_levels >> (vcpu->irql + 1)) != 0)
    sim_point(machine, SIM_POINT_LOWER, function, 0, 0);
}

/* ---- quanta: counted in executed time, ended at a tick, and only when somebody else wants to run ---- */

static uint64_t quantum_used_ns(const KePrcb *prcb) {
  return prcb->current->quantum_used_ns + prcb->vcpu->executed_ns - prcb->current->quantum_begin_ns;
}

static bool is_wanted(const KePrcb *prcb) {
  ready_touch(false);
  return !ke_is_idle(prcb) && (KE->ready_mask >> prcb->current->base_priority) != 0 &&
         ke_ready_best(prcb, prcb->current->base_priority) != NULL;
}

void ke_quantum_arm(KePrcb *prcb) {
  if (prcb->is_quantum_over || !is_wanted(prcb))
    return;
  uint64_t used = quantum_used_ns(prcb);
  uint64_t left = used < KE->quantum_ns ? KE->quantum_ns - used : 0;
  ke_tick_arm(prcb->vcpu->time_ns + left);
}

void ke_quantum_tick(KePrcb *prcb) {
  if (prcb->is_quantum_over || !is_wanted(prcb))
    return;
  if (quantum_used_ns(prcb) >= KE->quantum_ns) {
    prcb->is_quantum_over = true;
    ke_dispatch_request(prcb);
  } else {
    ke_tick_arm(sim_machine()->now_ns + KE->quantum_ns - quantum_used_ns(prcb));
  }
}

/* A boost decays by one with each quantum (K-OBJ-3). */
static void quantum_end(KePrcb *prcb) {
  KeThread *thread = prcb->current;
  ke_turn_touch(prcb, true);
  prcb->is_quantum_over = false;
  if (ke_is_idle(prcb))
    return;
  if (thread->priority > thread->base_priority)
    thread->priority--;
  thread->quantum_used_ns = 0;
  thread->quantum_begin_ns = prcb->vcpu->executed_ns;
  if (prcb->next == NULL)
    prcb->next = ke_ready_best(prcb, thread->priority);
  if (prcb->next != NULL && prcb->next->state == KE_THREAD_READY) {
    ke_ready_remove(prcb->next);
    prcb->next->state = KE_THREAD_STANDBY;
  }
  ke_quantum_arm(prcb);
}

/* A drain that a DPC let in by lowering the IRQL would switch threads under that DPC's feet. */
static void switch_check(KePrcb *prcb) {
  if (prcb->is_dpc_active)
    ke_bugcheck_raise(0xB8, ke_address(&prcb->current->header), ke_address(prcb->next != NULL ? &prcb->next->header : &prcb->idle->header),
                      sim_context_guest_stack_high(sim_machine()->current), 0);
}

void ke_switch(KePrcb *prcb) {
  KeThread *old = prcb->current;
  bool is_turn_over = prcb->is_quantum_over;
  ke_turn_touch(prcb, false);
  if (is_turn_over)
    quantum_end(prcb);
  bool must_leave = old != prcb->idle && !ke_may_run_on(old, prcb);
  if (prcb->next == NULL && !must_leave)
    return;
  switch_check(prcb);
  sim_charge(sim_machine(), KE_COST_SWITCH_NS);
  KeThread *next = ke_ready_take(prcb);
  ke_run(prcb, next);
  if (old != prcb->idle)
    ke_thread_place(old, !is_turn_over);
}

void ke_thread_yield(void) {
  SimMachine *machine = sim_machine();
  KePrcb *prcb = ke_prcb();
  KeThread *thread = prcb->current;
  ke_turn_touch(prcb, false);
  if (machine->current != thread->context || ke_irql() >= SIM_IRQL_DISPATCH)
    return;
  KeThread *next = prcb->next != NULL ? NULL : ke_ready_best(prcb, thread->priority);
  if (next == NULL) {
    sim_point(machine, SIM_POINT_WAIT, 0, 0, 0);
    return;
  }
  ke_ready_remove(next);
  ke_run(prcb, next);
  ke_thread_place(thread, false);
  sim_reschedule(machine);
}

/* ---- quanta that end where a search wants them to: K-THR-1 lets any tick do so ---- */

/* The running thread may be switched away from here: it is what its processor runs, below DISPATCH_LEVEL. */
static bool is_switchable(const KePrcb *prcb) {
  const SimVcpu *vcpu = prcb->vcpu;
  return !ke_is_idle(prcb) && prcb->next == NULL && vcpu->depth == 1 && vcpu->has_thread && vcpu->irql < SIM_IRQL_DISPATCH &&
         !vcpu->is_hung;
}

/* A processor where this ready thread would have its turn; the one that is asking, if it is one. */
static KePrcb *turn_find(const KeThread *thread) {
  KePrcb *found = NULL;
  SimVcpu *asking = sim_vcpu(sim_machine());
  for (uint32_t i = 0; i < KE->prcb_count; i++) {
    KePrcb *prcb = &KE->prcbs[i];
    if (is_switchable(prcb) && ke_may_run_on(thread, prcb) && prcb->current->priority == thread->priority &&
        (found == NULL || prcb->vcpu == asking))
      found = prcb;
  }
  return found;
}

static SimVcpu *vcpu_of_turn(const SimContext *context) {
  const KeThread *thread = context->owner;
  KePrcb *turn = context->kind == SIM_CONTEXT_THREAD && thread->state == KE_THREAD_READY ? turn_find(thread) : NULL;
  return turn != NULL ? turn->vcpu : NULL;
}

/* What holds for one holds for all of its priority and affinity. */
static uint32_t threads_ready(SimMachine *machine, SimReadyRun *runs, uint32_t max) {
  uint32_t count = 0;
  for (uint32_t mask = KE->ready_mask; mask != 0; mask &= mask - 1) {
    const KeReadyQueue *queue = &KE->ready[__builtin_ctz(mask)];
    for (uint32_t at = 0, end; at < queue->count && count < max; at = end) {
      end = queue->other_count == 0 ? queue->count : ke_ready_like(queue, at);
      KePrcb *turn = turn_find(machine->contexts[queue->slots[at]].owner);
      if (turn != NULL)
        runs[count++] = (SimReadyRun){ .slots = queue->slots + at, .count = end - at, .vcpu = turn->vcpu };
    }
  }
  return count;
}

static void threads_switch_to(SimMachine *machine, SimVcpu *vcpu, SimContext *context) {
  KePrcb *prcb = ke_prcb_of(vcpu);
  KeThread *old = prcb->current, *thread = context->owner;
  (void)machine;
  vcpu->time_ns += KE_COST_SWITCH_NS;
  ke_ready_remove(thread);
  ke_run(prcb, thread);
  old->quantum_used_ns = 0;
  ke_thread_place(old, false);
}

const SimThreads ke_threads = { .ready = threads_ready,
                                .move = ke_thread_move,
                                .turn = vcpu_of_turn,
                                .switch_to = threads_switch_to,
                                .is_futile = ke_is_futile,
                                .asks_for = ke_asks_for,
                                .forget = ke_state_forget,
                                .footprint_rules = &ke_footprint_rules };

/* ---- priorities ---- */

/* Of one that is ready, and of one that has a processor, or is to have it next. */
static void priority_touch(const KeThread *thread) {
  if (thread->state == KE_THREAD_READY)
    ready_touch(true);
  else if (thread->state == KE_THREAD_RUNNING || thread->state == KE_THREAD_STANDBY)
    ke_turn_touch(&KE->prcbs[thread->cpu], true);
}

void ke_thread_boost(KeThread *thread, int increment) {
  int boosted = thread->base_priority + increment;
  if (thread->base_priority >= KE_PRIORITY_REAL_TIME_LOWEST || increment <= 0)
    return;
  if (boosted >= KE_PRIORITY_REAL_TIME_LOWEST)
    boosted = KE_PRIORITY_REAL_TIME_LOWEST - 1;
  priority_touch(thread);
  if (boosted > thread->priority)
    thread->priority = (int8_t)boosted;
}

/* A running thread that is lower now makes room for the best that is ready. */
static void running_lowered(KeThread *thread) {
  KePrcb *prcb = &KE->prcbs[thread->cpu];
  KeThread *best = prcb->next == NULL ? ke_ready_best(prcb, 0) : NULL;
  if (best == NULL || best->priority <= thread->priority)
    return;
  ke_ready_remove(best);
  ke_standby(prcb, best);
}

int ke_thread_priority_set(KeThread *thread, int priority) {
  int old = thread->base_priority;
  priority_touch(thread);
  bool is_ready = thread->state == KE_THREAD_READY;
  if (is_ready)
    ke_ready_remove(thread);
  thread->base_priority = thread->priority = (int8_t)priority;
  if (is_ready)
    ke_thread_place(thread, false);
  else if (thread->state == KE_THREAD_RUNNING)
    running_lowered(thread);
  return old;
}
