/* The DPC watchdog of Windows 8 and later: DPC_WATCHDOG_VIOLATION (K-DPC-9). It counts executed time: a cpu that was only held up by the
 * schedule has not run long. Simplified: interrupt service routines are not timed on their own. */
#include "ke_internal.h"

static uint64_t single_ns(void) { return MODEL->options.watchdog_single_ticks * KE->tick_ns; }
static uint64_t total_ns(void) { return MODEL->options.watchdog_total_ticks * KE->tick_ns; }

void ke_spin_charge(KePrcb *prcb) {
  SimVcpu *vcpu = prcb->vcpu;
  uint64_t now = sim_machine()->now_ns;
  bool is_stuck = vcpu->is_hung || (vcpu->depth > 0 && vcpu->stack[vcpu->depth - 1]->is_spinning);
  if (!is_stuck || now <= vcpu->time_ns)
    return;
  vcpu->executed_ns += now - vcpu->time_ns;
  vcpu->time_ns = now;
}

/* What is left of the allotment that ends first; 0: it is used up. */
static uint64_t left_ns(const KePrcb *prcb) {
  uint64_t executed = prcb->vcpu->executed_ns;
  uint64_t total = executed - prcb->vcpu->high_since_ns;
  uint64_t left = total < total_ns() ? total_ns() - total : 0;
  if (prcb->running_dpc != 0) {
    uint64_t single = executed - prcb->dpc_begin_ns;
    uint64_t single_left = single < single_ns() ? single_ns() - single : 0;
    left = single_left < left ? single_left : left;
  }
  return left;
}

/* Found by the clock's interrupt on that cpu. */
static void watchdog_interrupt(SimMachine *machine, void *argument) {
  const KePrcb *prcb = argument;
  (void)machine;
  uint64_t single = prcb->vcpu->executed_ns - prcb->dpc_begin_ns;
  if (prcb->running_dpc != 0 && single >= single_ns())
    ke_bugcheck_raise(0x133, 0, single / KE->tick_ns, MODEL->options.watchdog_single_ticks, 0);
  ke_bugcheck_raise(0x133, 1, MODEL->options.watchdog_total_ticks, 0, 0);
}

static void watch_fire(SimMachine *machine, SimQueueEntry *entry) {
  KePrcb *prcb = SIM_CONTAINER(entry, KePrcb, watch);
  ke_spin_charge(prcb);
  uint64_t left = left_ns(prcb);
  if (left > 0) {
    sim_queue_push(&machine->queue, entry, machine->now_ns + left);
    return;
  }
  sim_interrupt_init(&prcb->watchdog, SIM_IRQL_CLOCK, SIM_CONTEXT_INTERRUPT, watchdog_interrupt, prcb);
  prcb->watchdog.is_prompt = true;
  prcb->vcpu->is_hung = false; /* its clock still ticks: that is how Windows notices */
  sim_interrupt_request(machine, prcb->vcpu, &prcb->watchdog);
}

void ke_watch_begin(KePrcb *prcb) {
  if (!MODEL->options.has_watchdog || prcb->watch.position != 0)
    return;
  prcb->watch.fire = watch_fire;
  sim_queue_push(&sim_machine()->queue, &prcb->watch, prcb->vcpu->time_ns + single_ns());
}

/* At the end of an interrupt, which is no lowering: what it interrupted goes on at its own level. */
void ke_watch_leave(SimMachine *machine) {
  KePrcb *prcb = ke_prcb();
  const SimVcpu *vcpu = prcb->vcpu;
  if (vcpu->depth <= 1 || vcpu->stack[vcpu->depth - 2]->irql < SIM_IRQL_DISPATCH)
    sim_queue_remove(&machine->queue, &prcb->watch);
}
