/*
 * Which processor a thread goes to (K-THR-1, K-THR-3). To an idle one if there is one, naturally the lowest-numbered; else to one that runs a lower
 * thread; else it waits. Which of several it is, is a choice (SIM_CHOICE_PLACEMENT): Windows looks at the ideal processor, the last one and who is
 * parked, and promises drivers nothing but the affinity (wdm/nf-wdm-kesetsystemgroupaffinitythread).
 *
 * Threads move only when they become ready: after a wait, or a preemption. Threads of Windows' own that preempt any other for a moment are not
 * modelled; where placement varies, each call of a thread below DISPATCH_LEVEL is a point at which one may have done so, and the thread have gone on
 * at another processor (ke_thread_move). Simplified: that thread takes no time, and two running threads do not change places.
 */
#include "ke_internal.h"

/* ---- where it may go ---- */

static bool is_free(const KeThread *thread, const KePrcb *prcb) {
  return ke_may_run_on(thread, prcb) && ke_is_idle(prcb) && prcb->next == NULL && !prcb->vcpu->is_hung;
}

static KePrcb *idle_find(const KeThread *thread) {
  for (uint32_t i = 0; i < KE->prcb_count; i++) {
    KePrcb *prcb = &KE->prcbs[i];
    if (!ke_may_run_on(thread, prcb))
      continue;
    ke_turn_touch(prcb, false);
    if (is_free(thread, prcb))
      return prcb;
  }
  return NULL;
}

static int priority_of(const KePrcb *prcb) {
  return prcb->next != NULL ? prcb->next->priority : ke_is_idle(prcb) ? -1 : prcb->current->priority;
}

/* The processor with the lowest thread that is lower than this one. Whether that processor can switch now is not asked: Windows does not
 * either, and a processor whose IRQL leaked keeps the thread waiting. */
static KePrcb *victim_find(const KeThread *thread) {
  KePrcb *victim = NULL;
  for (uint32_t i = 0; i < KE->prcb_count; i++) {
    KePrcb *prcb = &KE->prcbs[i];
    if (!ke_may_run_on(thread, prcb))
      continue;
    ke_turn_touch(prcb, false);
    if (priority_of(prcb) < thread->priority && (victim == NULL || priority_of(prcb) < priority_of(victim)))
      victim = prcb;
  }
  return victim;
}

/* All that it may go to: those that are idle; where none is, those that run a lower one, its own left out. */
static uint32_t places_list(const KeThread *thread, const KePrcb *own, SimOption *options) {
  uint32_t count = 0;
  for (uint32_t i = 0; i < KE->prcb_count; i++)
    if (ke_may_run_on(thread, &KE->prcbs[i]))
      ke_turn_touch(&KE->prcbs[i], false);
  for (uint32_t i = 0; i < KE->prcb_count; i++)
    if (is_free(thread, &KE->prcbs[i]))
      options[count++] = (SimOption){ .id = i };
  bool is_any_free = count > 0;
  for (uint32_t i = 0; i < KE->prcb_count && !is_any_free; i++)
    if (&KE->prcbs[i] != own && ke_may_run_on(thread, &KE->prcbs[i]) && priority_of(&KE->prcbs[i]) < thread->priority)
      options[count++] = (SimOption){ .id = i };
  return count;
}

static KePrcb *place_choose(const KeThread *thread, KePrcb *natural) {
  SimMachine *machine = sim_machine();
  if (natural == NULL || !sim_varies(machine, SIM_CHOICE_PLACEMENT))
    return natural;
  SimOption options[SIM_VCPU_COUNT_MAX];
  uint32_t count = places_list(thread, NULL, options);
  return count < 2 ? natural : &KE->prcbs[sim_choose_rare(machine, SIM_CHOICE_PLACEMENT, 0, natural->number, options, count)];
}

/* ---- going there ---- */

void ke_standby(KePrcb *prcb, KeThread *thread) {
  KeThread *displaced = prcb->next;
  ke_turn_touch(prcb, true);
  prcb->next = thread;
  thread->state = KE_THREAD_STANDBY;
  thread->cpu = prcb->number;
  ke_dispatch_request(prcb);
  if (displaced != NULL)
    ke_thread_place(displaced, true);
}

static void put(KePrcb *prcb, KeThread *thread) {
  if (!is_free(thread, prcb) || prcb->vcpu->depth > 0) {
    ke_standby(prcb, thread);
    return;
  }
  uint64_t now = sim_time_ns(sim_machine());
  if (prcb->vcpu->time_ns < now)
    prcb->vcpu->time_ns = now; /* it was idle until now */
  ke_run(prcb, thread);
}

void ke_thread_place(KeThread *thread, bool at_head) {
  thread->state = KE_THREAD_READY;
  KePrcb *prcb = idle_find(thread);
  if (prcb == NULL)
    prcb = victim_find(thread);
  prcb = place_choose(thread, prcb);
  if (prcb != NULL) {
    put(prcb, thread);
    return;
  }
  ke_ready_push(thread, at_head);
  for (uint32_t i = 0; i < KE->prcb_count; i++)
    ke_quantum_arm(&KE->prcbs[i]);
}

void ke_thread_ready(KeThread *thread) {
  SIM_ASSERT(thread->state == KE_THREAD_INITIALIZED || thread->state == KE_THREAD_WAITING);
  thread->quantum_used_ns = 0;
  sim_event(sim_machine(), EVENT_READY, 0, thread->header.object->ordinal, 0, (uint32_t)thread->priority, 0);
  ke_thread_place(thread, false);
}

/* ---- going elsewhere ---- */

bool ke_thread_move(SimMachine *machine) {
  KePrcb *prcb = ke_prcb();
  KeThread *thread = prcb->current;
  const SimVcpu *vcpu = prcb->vcpu;
  ke_turn_touch(prcb, false);
  if (machine->current != thread->context || vcpu->depth != 1 || vcpu->irql >= SIM_IRQL_DISPATCH || prcb->next != NULL)
    return false;
  SimOption options[SIM_VCPU_COUNT_MAX + 1] = { { .id = SIM_PLACEMENT_STAYS } };
  uint32_t count = places_list(thread, prcb, options + 1);
  if (count == 0)
    return false;
  uint32_t answer = sim_choose_rare(machine, SIM_CHOICE_PLACEMENT, 0, SIM_PLACEMENT_STAYS, options, count + 1);
  if (answer == SIM_PLACEMENT_STAYS)
    return false;
  ke_run(prcb, ke_ready_take(prcb));
  thread->state = KE_THREAD_READY;
  put(&KE->prcbs[answer], thread);
  if (thread->state == KE_THREAD_RUNNING)
    KE->prcbs[answer].vcpu->time_ns += KE_COST_SWITCH_NS;
  return true;
}
