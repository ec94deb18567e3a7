/* The software interrupt at DISPATCH_LEVEL: due timers, the DPC queue, then the thread that is to run (K-IRQL-3, K-DPC-4, K-DPC-7). */
#include "ke_internal.h"

#include "ddi_callbacks.gen.h"

/* A KDPC whose memory was freed while it was queued: Windows reads it now. */
static void freed_run(KeDpc *left) {
  uint64_t address = left->freed_address;
  sim_heap_free(left, sizeof *left);
  sim_probe(sim_machine(), address, sizeof(KDPC), SIM_ACCESS_WRITE);
}

typedef struct Run {
  uint64_t address;
  uint64_t routine;
  uint64_t context;
  uint64_t arguments[2];
  bool is_timer_dpc;
} Run;

/* Driver code. The disable count of the interrupted thread's APCs has to come back as it was (bug-check-0xc7, cases 4 and 5). At which IRQL it
 * comes back nobody looks: the next DPC runs at that level, and the end of the interrupt restores the interrupted one. */
static void routine_call(KePrcb *prcb, const Run *run) {
  KeThread *thread = prcb->current;
  int before = thread->kernel_apc_disable, special_before = thread->special_apc_disable;
  ddi_callback_KDEFERRED_ROUTINE((PKDEFERRED_ROUTINE)run->routine, (PKDPC)run->address, (PVOID)run->context, (PVOID)run->arguments[0],
                                 (PVOID)run->arguments[1]);
  if (thread->kernel_apc_disable != before || thread->special_apc_disable != special_before)
    ke_bugcheck_raise(0xC7, run->is_timer_dpc ? 5 : 4, run->routine, (uint16_t)before | (uint64_t)(uint16_t)special_before << 16,
                      (uint16_t)thread->kernel_apc_disable | (uint64_t)(uint16_t)thread->special_apc_disable << 16);
}

/* The object has left the queue before its routine is called: the routine may queue it again or free its memory (K-DPC-4). Nothing of it is
 * looked at afterwards. */
static void dpc_run(KePrcb *prcb, KeDpc *dpc) {
  SimMachine *machine = sim_machine();
  uint32_t ordinal = dpc->object->ordinal;
  Run run = { dpc->object->address, dpc->routine, dpc->context, { dpc->arguments[0], dpc->arguments[1] }, dpc->is_timer_dpc };
  KeDpcRoutine *internal = dpc->internal;
  void *argument = dpc->internal_argument;
  uint32_t outer_dpc = prcb->running_dpc;
  uint64_t outer_begin = prcb->dpc_begin_ns;
  KeIdentity saved;

  dpc->is_timer_dpc = false;
  ke_identity_begin(&saved, dpc->identity, ++dpc->run_count, ordinal, NULL);
  prcb->running_dpc = ordinal;
  prcb->dpc_begin_ns = prcb->vcpu->executed_ns;
  sim_charge(machine, KE_COST_DPC_NS);
  sim_event(machine, EVENT_DPC_BEGIN, 0, ordinal, 0, 0, run.routine);
  if (internal != NULL)
    internal(dpc, argument);
  else
    routine_call(prcb, &run);
  sim_event(machine, EVENT_DPC_END, 0, ordinal, 0, 0, 0);
  prcb->running_dpc = outer_dpc;
  prcb->dpc_begin_ns = outer_begin;
  ke_identity_end(&saved);
}

static KeDpc *dpc_pop(KePrcb *prcb) {
  SimLink *link = sim_list_pop(&prcb->dpcs);
  if (link == NULL)
    return NULL;
  KeDpc *dpc = SIM_CONTAINER(link, KeDpc, link);
  prcb->dpc_depth--;
  dpc->is_queued = false;
  return dpc;
}

void ke_dpcs_drain(KePrcb *prcb) {
  bool outer = prcb->is_dpc_active;
  KeDpc *dpc;
  prcb->is_dpc_active = true;
  prcb->drain_count++;
  do {
    if (prcb->timer_request)
      ke_timers_expire(prcb);
    dpc = dpc_pop(prcb);
    if (dpc != NULL && dpc->freed_address != 0)
      freed_run(dpc);
    else if (dpc != NULL)
      dpc_run(prcb, dpc);
  } while (dpc != NULL || prcb->timer_request);
  prcb->is_dpc_active = outer;
}

void ke_dispatch_interrupt(SimMachine *machine, void *argument) {
  KePrcb *prcb = argument;
  ke_watch_begin(prcb);
  if (prcb->timer_request || prcb->dpc_depth > 0)
    ke_dpcs_drain(prcb);
  if (prcb->vcpu->irql < SIM_IRQL_DISPATCH) /* a DPC lowered it: the end of the interrupt is not interruptible */
    sim_irql_raise(machine, SIM_IRQL_DISPATCH, 0);
  ke_switch(prcb);
  const SimContext *below = prcb->vcpu->stack[0];
  if (prcb->vcpu->depth <= 1 || below->irql < SIM_IRQL_DISPATCH)
    sim_queue_remove(&machine->queue, &prcb->watch);
}
