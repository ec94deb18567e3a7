/* DPCs: a queue a processor, importance, targets, when a drain begins (K-DPC-1 to K-DPC-6). The drain itself: dispatch.c. */
#include "ke_internal.h"

/* ---- when a drain begins (K-DPC-2) ---- */

static bool is_processor_idle(const KePrcb *prcb) { return prcb->current == prcb->idle && prcb->vcpu->depth == 0; }

/* How often the processor was asked for DPCs since the last tick. */
static uint32_t request_rate(KePrcb *prcb) {
  uint64_t tick = sim_time_ns(sim_machine()) / KE->tick_ns;
  if (prcb->dpc_requests_tick != tick) {
    prcb->dpc_requests_tick = tick;
    prcb->dpc_requests = 0;
  }
  return ++prcb->dpc_requests;
}

static bool begins_at_once(const KeDpc *dpc, KePrcb *target, bool is_remote) {
  bool is_deep = target->dpc_depth > MODEL->options.dpc_depth_max;
  uint32_t rate = request_rate(target);
  if (is_deep || is_processor_idle(target))
    return true;
  if (is_remote)
    return dpc->importance == KE_DPC_MEDIUM_HIGH || dpc->importance == KE_DPC_HIGH;
  if (dpc->importance == KE_DPC_LOW)
    sim_touch_time(sim_machine());
  return dpc->importance != KE_DPC_LOW || rate < MODEL->options.dpc_rate_min;
}

void ke_dpcs_kick(KePrcb *prcb) {
  if (prcb->dpc_depth > 0 && !prcb->is_dpc_active)
    ke_dispatch_request(prcb);
}

/* ---- queues ---- */

bool ke_dpc_insert(KeDpc *dpc, KePrcb *target, uint64_t argument1, uint64_t argument2) {
  SimMachine *machine = sim_machine();
  sim_touch(machine, SIM_TOUCH_VCPU, target->number, true);
  sim_event(machine, EVENT_DPC_QUEUE, 0, dpc->object->ordinal, !dpc->is_queued, target->number, 0);
  if (dpc->is_queued)
    return false;
  dpc->is_queued = true;
  dpc->cpu = target->number;
  dpc->arguments[0] = argument1;
  dpc->arguments[1] = argument2;
  if (dpc->importance == KE_DPC_HIGH)
    sim_list_push_head(&target->dpcs, &dpc->link);
  else
    sim_list_push_tail(&target->dpcs, &dpc->link);
  target->dpc_depth++;
  bool is_wanted_now = begins_at_once(dpc, target, target != ke_prcb());
  if (target->is_dpc_active)
    return true; /* the drain that runs there will come to it */
  if (is_wanted_now)
    ke_dispatch_request(target);
  else
    ke_tick_arm(ke_due_after_ns(1));
  return true;
}

static bool dequeue(KeDpc *dpc) {
  if (!dpc->is_queued)
    return false;
  dpc->is_queued = false;
  sim_touch(sim_machine(), SIM_TOUCH_VCPU, dpc->cpu, true);
  sim_list_remove(&dpc->link);
  KE->prcbs[dpc->cpu].dpc_depth--;
  return true;
}

/* What Windows would find in the queue once the memory of a queued KDPC was freed stays there: the drain will touch it. */
void ke_dpc_forget(KeDpc *dpc) {
  if (!dpc->is_queued)
    return;
  KePrcb *prcb = &KE->prcbs[dpc->cpu];
  sim_event(sim_machine(), EVENT_CONTRACT, ke_call(), dpc->object->ordinal, 0, CONTRACT_TIMER_FREED, dpc->object->address);
  dequeue(dpc);
  KeDpc *left = sim_heap_allocate(sizeof *left);
  left->freed_address = dpc->object->address;
  left->is_queued = true;
  left->cpu = prcb->number;
  sim_list_push_tail(&prcb->dpcs, &left->link);
  prcb->dpc_depth++;
}

static KePrcb *target_of(const KeDpc *dpc) { return dpc->has_target ? &KE->prcbs[dpc->target] : ke_prcb(); }

/* ---- DPCs of Windows' own ---- */

KeDpc *ke_dpc_create(const char *name, KeDpcRoutine *routine, void *argument) {
  Object *object = object_create_opaque(OBJECT_DPC, sizeof(KeDpc));
  KeDpc *dpc = object->body;
  object_name_set(object, name);
  dpc->object = object;
  dpc->importance = KE_DPC_MEDIUM;
  dpc->internal = routine;
  dpc->internal_argument = argument;
  dpc->identity = ke_identity_next(SIM_CONTEXT_DPC);
  sim_list_init(&dpc->link);
  return dpc;
}

bool ke_dpc_queue(KeDpc *dpc, int cpu) {
  KePrcb *target = dpc->has_target || cpu < 0 ? target_of(dpc) : &KE->prcbs[cpu];
  return ke_dpc_insert(dpc, target, 0, 0);
}

bool ke_dpc_remove(KeDpc *dpc) {
  bool was_queued = dequeue(dpc);
  sim_event(sim_machine(), EVENT_DPC_REMOVE, 0, dpc->object->ordinal, was_queued, 0, 0);
  return was_queued;
}

/* ---- under Windows' names ---- */

static KeDpc *dpc_at(PRKDPC Dpc) {
  Object *object = object_find((uint64_t)Dpc, OBJECT_DPC);
  if (object == NULL)
    ke_garbage(Dpc);
  return object->body;
}

static KeDpc *dpc_init(PRKDPC Dpc, PKDEFERRED_ROUTINE Routine, PVOID Context) {
  ke_range_forget((uint64_t)Dpc, sizeof *Dpc);
  Object *object = ke_object_create(OBJECT_DPC, Dpc, sizeof *Dpc, sizeof(KeDpc));
  KeDpc *dpc = object->body;
  dpc->object = object;
  dpc->importance = KE_DPC_MEDIUM;
  dpc->routine = (uint64_t)Routine;
  dpc->context = (uint64_t)Context;
  dpc->identity = ke_identity_next(SIM_CONTEXT_DPC);
  sim_list_init(&dpc->link);
  RtlZeroMemory(Dpc, sizeof *Dpc);
  Dpc->Type = 19;
  Dpc->Importance = MediumImportance;
  Dpc->DeferredRoutine = Routine;
  Dpc->DeferredContext = Context;
  return dpc;
}

/* wdm/nf-wdm-keinitializedpc */
VOID KeInitializeDpc(PRKDPC Dpc, PKDEFERRED_ROUTINE DeferredRoutine, PVOID DeferredContext) {
  dpc_init(Dpc, DeferredRoutine, DeferredContext);
}

/* wdm/nf-wdm-keinitializethreadeddpc. Simplified: threaded DPCs are disabled (ThreadDpcEnable = 0), it runs as an ordinary one. */
VOID KeInitializeThreadedDpc(PRKDPC Dpc, PKDEFERRED_ROUTINE DeferredRoutine, PVOID DeferredContext) {
  dpc_init(Dpc, DeferredRoutine, DeferredContext)->is_threaded = true;
  Dpc->Type = 24;
}

/* wdm/nf-wdm-keinsertqueuedpc (K-DPC-3): FALSE, and the new arguments are lost, when it is queued already. */
BOOLEAN KeInsertQueueDpc(PRKDPC Dpc, PVOID SystemArgument1, PVOID SystemArgument2) {
  KeDpc *dpc = dpc_at(Dpc);
  BOOLEAN was_inserted = ke_dpc_insert(dpc, target_of(dpc), (uint64_t)SystemArgument1, (uint64_t)SystemArgument2);
  if (was_inserted) {
    Dpc->SystemArgument1 = SystemArgument1;
    Dpc->SystemArgument2 = SystemArgument2;
  }
  ke_pending_deliver(DDI_KeInsertQueueDpc);
  return was_inserted;
}

/* wdm/nf-wdm-keremovequeuedpc (K-DPC-5) */
BOOLEAN KeRemoveQueueDpc(PRKDPC Dpc) { return ke_dpc_remove(dpc_at(Dpc)); }

/* wdm/nf-wdm-kesetimportancedpc */
VOID KeSetImportanceDpc(PRKDPC Dpc, KDPC_IMPORTANCE Importance) {
  dpc_at(Dpc)->importance = (uint8_t)Importance;
  Dpc->Importance = (UCHAR)Importance;
}

/* wdm/nf-wdm-kesettargetprocessordpc. A processor that is not there: bug check 0xC7, case 3, when it is queued; here at once. */
VOID KeSetTargetProcessorDpc(PRKDPC Dpc, CCHAR Number) {
  KeDpc *dpc = dpc_at(Dpc);
  if ((UCHAR)Number >= KE->prcb_count)
    ke_bugcheck_raise(0xC7, 3, (uint64_t)Dpc, (UCHAR)Number, KE->prcb_count);
  dpc->has_target = true;
  dpc->target = (uint8_t)Number;
}

/* wdm/nf-wdm-kesettargetprocessordpcex */
NTSTATUS KeSetTargetProcessorDpcEx(PKDPC Dpc, PPROCESSOR_NUMBER ProcNumber) {
  KeDpc *dpc = dpc_at(Dpc);
  if (ProcNumber->Group != 0 || ProcNumber->Number >= KE->prcb_count)
    return STATUS_INVALID_PARAMETER;
  dpc->has_target = true;
  dpc->target = ProcNumber->Number;
  return STATUS_SUCCESS;
}

/* ---- flushing (K-DPC-6): a marker at the end of each queue ---- */

typedef struct Flush {
  KeEvent *done;
  uint32_t left;
} Flush;

static void flush_routine(KeDpc *dpc, void *argument) {
  Flush *flush = argument;
  (void)dpc;
  if (--flush->left == 0)
    ke_event_set(flush->done, 0);
}

/* wdm/nf-wdm-keflushqueueddpcs: a processor with nothing queued and nothing running has nothing to flush. */
VOID KeFlushQueuedDpcs(VOID) {
  KeDpc *markers[SIM_VCPU_COUNT_MAX];
  uint32_t count = 0;
  Flush flush = { .done = ke_event_create("KeFlushQueuedDpcs", true, false) };
  for (uint32_t i = 0; i < KE->prcb_count; i++)
    sim_touch(sim_machine(), SIM_TOUCH_VCPU, i, false);
  for (uint32_t i = 0; i < KE->prcb_count; i++)
    if (KE->prcbs[i].dpc_depth > 0 || KE->prcbs[i].is_dpc_active)
      flush.left++;
  for (uint32_t i = 0; i < KE->prcb_count && flush.left > 0; i++) {
    if (KE->prcbs[i].dpc_depth == 0 && !KE->prcbs[i].is_dpc_active)
      continue;
    markers[count] = ke_dpc_create("KeFlushQueuedDpcs", flush_routine, &flush);
    ke_dpc_queue(markers[count++], (int)i);
    ke_dpcs_kick(&KE->prcbs[i]);
  }
  if (flush.left > 0)
    ke_wait_one(flush.done, false, KE_WAIT_FOREVER);
  for (uint32_t i = 0; i < count; i++)
    object_delete(markers[i]->object);
  ke_dispatcher_delete(flush.done);
}
