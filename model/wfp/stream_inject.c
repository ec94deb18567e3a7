/*
 * FwpsStreamInjectAsync0: data that a callout had taken out of a stream goes back into it. The flow's lock is taken with the raising
 * form, stream callouts in lighter sublayers are shown the data under it, at DISPATCH_LEVEL. W-STR-6 to W-STR-8, W-INJ-3; semantics open
 * questions 29 and 30.
 *
 * netio.sys before KB2664888 gives the lock back with the form that leaves the IRQL alone on one of its paths: called at DISPATCH_LEVEL
 * that is what it should be; called below, the caller goes on at DISPATCH_LEVEL (K-SPIN-1). Which path it is nobody has said:
 * ModelOptions.leak_paths.
 */
#include "wfp.h"

#include "../events.h"
#include "../mm/mm.h"
#include "../model.h"
#include "../ndis/net_buffer.h"
#include "../tcpip/tcpip.h"

#include "../ddi/call.h"
#include "ddi_callbacks.gen.h"
#include "ddi_ids.gen.h"

enum { PHASE_LOCKED, PHASE_LOWER_CALLOUTS, PHASE_QUEUED }; /* of FwpsStreamInjectAsync0 */

#define LIST_COUNT_MAX 4096

#define RECEIVE_ENDS (FWPS_STREAM_FLAG_RECEIVE_DISCONNECT | FWPS_STREAM_FLAG_RECEIVE_ABORT)
#define SEND_ENDS (FWPS_STREAM_FLAG_SEND_DISCONNECT | FWPS_STREAM_FLAG_SEND_ABORT)

/* Paths of one injection: bit n is ModelLeakPath n. */
typedef uint32_t Paths;
#define PATH(name) (1u << MODEL_LEAK_##name)

/* ---- the fault ---- */

static bool netio_is_faulty(void) {
  if (MODEL->options.netio == MODEL_NETIO_BY_VERSION)
    return !model_is_since(DDI_WINDOWS_8);
  return MODEL->options.netio == MODEL_NETIO_FAULTY;
}

/* One of the paths that were taken, or none: a choice; natural: none. */
static ModelLeakPath leak_any(Paths taken) {
  uint32_t count = (uint32_t)__builtin_popcount(taken);
  uint32_t answer = count > 0 ? sim_choose(sim_machine(), SIM_CHOICE_MODEL, 0, NULL, count + 1) : 0;
  if (answer == 0)
    return MODEL_LEAK_NONE;
  while (--answer > 0)
    taken &= taken - 1;
  return (ModelLeakPath)__builtin_ctz(taken);
}

/* The faulty path this injection took. */
static ModelLeakPath leak_of(const TcpipConnection *connection, Paths taken) {
  Paths leaking = (taken | PATH(ALWAYS)) & MODEL->options.leak_paths;
  ModelLeakPath path = MODEL_LEAK_NONE;
  if (!netio_is_faulty())
    return MODEL_LEAK_NONE;
  if (MODEL->options.leak_paths == 0)
    path = leak_any(taken);
  else if (leaking != 0)
    path = (ModelLeakPath)__builtin_ctz(leaking);
  if (path != MODEL_LEAK_NONE)
    sim_event(sim_machine(), EVENT_IRQL_LEAK_PATH, 0, connection->flow->ordinal, 0, path, 0);
  return path;
}

/* ---- what is asked for ---- */

static NTSTATUS flags_check(UINT32 flags, bool has_list) {
  if ((flags & RECEIVE_ENDS) && !(flags & FWPS_STREAM_FLAG_RECEIVE))
    return STATUS_FWP_INVALID_PARAMETER;
  if ((flags & SEND_ENDS) && !(flags & FWPS_STREAM_FLAG_SEND))
    return STATUS_FWP_INVALID_PARAMETER;
  bool is_receive = flags & (FWPS_STREAM_FLAG_RECEIVE | FWPS_STREAM_FLAG_RECEIVE_EXPEDITED);
  bool is_send = flags & (FWPS_STREAM_FLAG_SEND | FWPS_STREAM_FLAG_SEND_EXPEDITED);
  if (is_receive == is_send)
    return STATUS_FWP_INVALID_PARAMETER;
  return has_list || (flags & (RECEIVE_ENDS | SEND_ENDS)) ? STATUS_SUCCESS : STATUS_FWP_NULL_POINTER;
}

/* The sublayer of the injector's filter: those below are shown the data (W-STR-7). NULL: it has none. */
static WfpSubLayer *injector_sublayer(const WfpCallout *callout, int layer) {
  SimLink *link, *following;
  SIM_LIST_EACH(&wfp_state()->filters, link, following) {
    const WfpFilter *filter = (const WfpFilter *)SIM_CONTAINER(link, WfpItem, link);
    if (filter->callout == callout && filter->layer == layer && wfp_item_is_enforced(&filter->item))
      return filter->sublayer;
  }
  return NULL;
}

static uint32_t chain_count(NET_BUFFER_LIST *list, bool is_injected) {
  uint32_t count = 0;
  for (; list != NULL && count < LIST_COUNT_MAX; list = list->Next, count++) {
    mm_probe_write(list, sizeof *list);
    NdisNetBufferList *state = ndis_list_at(list);
    if (state != NULL)
      state->is_injected = is_injected;
  }
  return count;
}

/* ---- completion ---- */

void wfp_injection_complete(TcpipInjection *injection) {
  NET_BUFFER_LIST *list = (NET_BUFFER_LIST *)injection->list;
  TcpipConnection *connection = injection->connection;
  if (injection->list_count > 0)
    sim_event(sim_machine(), EVENT_STREAM_INJECTED, 0, connection->flow->ordinal, injection->status, 0, 0);
  for (uint32_t at = 0; at < injection->list_count && list != NULL; at++) {
    mm_probe_write(list, sizeof *list);
    NET_BUFFER_LIST *next = list->Next;
    NdisNetBufferList *state = ndis_list_at(list);
    if (state != NULL)
      state->is_injected = false;
    list->Next = NULL;
    list->Status = injection->status;
    ddi_callback_FWPS_INJECT_COMPLETE0((FWPS_INJECT_COMPLETE0)injection->completion, (VOID *)injection->context, list,
                                       ke_irql() >= DISPATCH_LEVEL);
    wfp_injection_done(injection->handle);
    list = next;
  }
  sim_heap_free(injection, sizeof *injection);
}

/* ---- under the flow's lock ---- */

/* One injection. Success: the stack has it and will complete it. */
static NTSTATUS inject_locked(TcpipInjection *injection, Paths *taken) {
  SimMachine *machine = sim_machine();
  TcpipConnection *connection = injection->connection;
  WfpStreamData data = { .flags = injection->stream_flags, .list = (NET_BUFFER_LIST *)injection->list, .length = injection->length };
  WfpStreamAnswer answer;
  if (connection->is_flow_ended) {
    *taken |= PATH(ERROR_RETURN);
    return STATUS_CONNECTION_DISCONNECTED;
  }
  ddi_phase(machine, DDI_FwpsStreamInjectAsync0, PHASE_LOWER_CALLOUTS);
  wfp_stream_classify(connection, &data, injection->below, &answer);
  if (answer.is_blocked)
    *taken |= PATH(LOWER_CALLOUT_BLOCKS);
  else
    tcpip_stream_injected(connection, injection->stream_flags, injection->length);
  ddi_phase(machine, DDI_FwpsStreamInjectAsync0, PHASE_QUEUED);
  if (connection->is_flow_closing) /* a FIN came before, or on another processor meanwhile */
    *taken |= PATH(FLOW_CLOSING);
  return STATUS_SUCCESS;
}

/* What callouts below injected meanwhile, on this context, follows. */
static void inject_nested(TcpipConnection *connection, Paths *taken) {
  SimLink *link;
  while ((link = sim_list_pop(&connection->injections)) != NULL) {
    TcpipInjection *injection = SIM_CONTAINER(link, TcpipInjection, link);
    NTSTATUS status = inject_locked(injection, taken);
    if (status != STATUS_SUCCESS)
      injection->status = status;
    tcpip_injection_queue(connection, injection);
  }
}

/* The lock is given back and the IRQL restored, but for the faulty path. `now` is completed in between, at DISPATCH_LEVEL. */
static void lock_release(TcpipConnection *connection, KIRQL irql, Paths taken, TcpipInjection *now) {
  PKSPIN_LOCK lock = (PKSPIN_LOCK)connection->lock;
  bool leaks = leak_of(connection, taken) != MODEL_LEAK_NONE;
  connection->lock_context = 0;
  if (leaks)
    KeReleaseSpinLockFromDpcLevel(lock);
  else
    KeReleaseSpinLock(lock, now != NULL ? DISPATCH_LEVEL : irql);
  if (now == NULL)
    return;
  wfp_injection_complete(now);
  if (!leaks)
    KeLowerIrql(irql);
}

static NTSTATUS inject(TcpipInjection *injection) {
  TcpipConnection *connection = injection->connection;
  PKSPIN_LOCK lock = (PKSPIN_LOCK)connection->lock;
  TcpipInjection *now = NULL;
  Paths taken = 0;
  KIRQL irql;
  if (connection->lock_context == sim_machine()->current->id) { /* from a callout below, under the lock already */
    sim_list_push_tail(&connection->injections, &injection->link);
    return STATUS_SUCCESS;
  }
  KeAcquireSpinLock(lock, &irql);
  connection->lock_context = sim_machine()->current->id;
  ddi_phase(sim_machine(), DDI_FwpsStreamInjectAsync0, PHASE_LOCKED);
  NTSTATUS status = inject_locked(injection, &taken);
  inject_nested(connection, &taken);
  if (status == STATUS_SUCCESS && injection->list_count > 0 && sim_choose(sim_machine(), SIM_CHOICE_MODEL, 0, NULL, 2) == 1) {
    taken |= PATH(INLINE_COMPLETION);
    now = injection;
  } else if (status == STATUS_SUCCESS) {
    tcpip_injection_queue(connection, injection);
  }
  lock_release(connection, irql, taken, now);
  return status;
}

/* fwpsk/nf-fwpsk-fwpsstreaminjectasync0. What it answers for a flow or a callout that is none is not documented. */
NTSTATUS FwpsStreamInjectAsync0(HANDLE injectionHandle, HANDLE injectionContext, UINT32 flags, UINT64 flowId, UINT32 calloutId,
                                UINT16 layerId, UINT32 streamFlags, NET_BUFFER_LIST *netBufferList, SIZE_T dataLength,
                                FWPS_INJECT_COMPLETE0 completionFn, HANDLE completionContext) {
  (void)injectionContext, (void)flags;
  WfpInjectionHandle *handle = wfp_injection_handle_at(injectionHandle);
  WfpCallout *callout = wfp_callout_by_id(calloutId);
  TcpipConnection *connection = tcpip_flow_find(flowId);
  const WfpLayer *layer = wfp_layer_by_id(layerId);
  if (completionFn == NULL && netBufferList != NULL)
    return STATUS_FWP_NULL_POINTER;
  if (handle == NULL)
    return STATUS_FWP_INJECT_HANDLE_STALE;
  if (handle->is_closing)
    return STATUS_FWP_INJECT_HANDLE_CLOSING;
  NTSTATUS status = flags_check(streamFlags, netBufferList != NULL);
  if (status != STATUS_SUCCESS)
    return status;
  if (!(handle->flags & FWPS_INJECTION_TYPE_STREAM) || layer == NULL || !(layer->flags & WFP_LAYER_IS_STREAM) || connection == NULL)
    return STATUS_FWP_INVALID_PARAMETER;
  if (callout == NULL || !callout->is_registered)
    return STATUS_FWP_CALLOUT_NOT_FOUND;
  TcpipInjection *injection = sim_heap_allocate(sizeof *injection);
  *injection = (TcpipInjection){
    .connection = connection,
    .handle = handle,
    .below = injector_sublayer(callout, wfp_layer_index(layer)),
    .stream_flags = streamFlags,
    .list = (uint64_t)netBufferList,
    .list_count = chain_count(netBufferList, true),
    .length = dataLength,
    .completion = (uint64_t)completionFn,
    .context = (uint64_t)completionContext,
  };
  uint32_t count = injection->list_count;
  handle->pending += count;
  status = inject(injection);
  if (status != STATUS_SUCCESS) { /* the caller keeps its lists, and the completion function is not called (W-INJ-3) */
    chain_count(netBufferList, false);
    for (uint32_t at = 0; at < count; at++)
      wfp_injection_done(handle);
    sim_heap_free(injection, sizeof *injection);
  }
  sim_event(sim_machine(), EVENT_STREAM_INJECT, 0, connection->flow->ordinal, status, (uint32_t)dataLength, 0);
  return status;
}
