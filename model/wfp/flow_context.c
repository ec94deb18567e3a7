/* Contexts that callouts attach to flows. W-FLO-1 to W-FLO-3, W-FLO-5; semantics open questions 19 and 20. */
#include "wfp.h"

#include "../model.h"
#include "../tcpip/tcpip.h"

#include "ddi_callbacks.gen.h"

WfpFlowContext *wfp_flow_context_find(TcpipConnection *connection, const WfpCallout *callout, int layer) {
  SimLink *link, *following;
  SIM_LIST_EACH(&connection->flow_contexts, link, following) {
    WfpFlowContext *context = SIM_CONTAINER(link, WfpFlowContext, link);
    if (context->callout == callout && context->layer == layer && !context->is_removing)
      return context;
  }
  return NULL;
}

/* Taken off its flow; flowDeleteFn is told, in the context that took it off. */
static void context_delete(WfpFlowContext *context) {
  WfpCallout *callout = context->callout;
  uint64_t value = context->context;
  UINT16 layer = (UINT16)context->layer;
  sim_list_remove(&context->link);
  sim_heap_free(context, sizeof *context);
  callout->running++;
  uint8_t level = ke_callback_level_begin();
  ddi_callback_FWPS_CALLOUT_FLOW_DELETE_NOTIFY_FN0((FWPS_CALLOUT_FLOW_DELETE_NOTIFY_FN0)callout->flow_delete, layer, callout->callout_id,
                                                   value);
  ke_callback_level_end(level);
  callout->flow_contexts--;
  if (--callout->running == 0 && callout->idle != NULL)
    ke_event_set(callout->idle, 0);
}

/* Never while a classification has it: then at the end of the last one. False: later. */
static bool context_remove(WfpFlowContext *context) {
  if (context->running > 0) {
    context->is_removing = true;
    return false;
  }
  context_delete(context);
  return true;
}

void wfp_flow_context_enter(WfpFlowContext *context) { context->running++; }

void wfp_flow_context_leave(TcpipConnection *connection, WfpFlowContext *context) {
  (void)connection;
  if (--context->running == 0 && context->is_removing)
    context_delete(context);
}

void wfp_flow_end(TcpipConnection *connection) {
  SimLink *link;
  WfpFlowContext *context = NULL;
  do { /* from the start each time: flowDeleteFn may do anything */
    context = NULL;
    for (link = connection->flow_contexts.next; link != &connection->flow_contexts && context == NULL; link = link->next) {
      WfpFlowContext *candidate = SIM_CONTAINER(link, WfpFlowContext, link);
      if (!candidate->is_removing)
        context = candidate;
    }
    if (context != NULL)
      context_remove(context);
  } while (context != NULL);
}

/* fwpsk/nf-fwpsk-fwpsflowassociatecontext0 (W-FLO-1). What it answers for a flow that has ended is not documented. */
NTSTATUS FwpsFlowAssociateContext0(UINT64 flowId, UINT16 layerId, UINT32 calloutId, UINT64 flowContext) {
  TcpipConnection *connection = tcpip_flow_find(flowId);
  const WfpLayer *layer = wfp_layer_by_id(layerId);
  WfpCallout *callout = wfp_callout_by_id(calloutId);
  if (flowContext == 0 || layer == NULL || connection == NULL || connection->is_flow_ended)
    return STATUS_INVALID_PARAMETER;
  if (callout == NULL || !callout->is_registered)
    return STATUS_FWP_CALLOUT_NOT_FOUND;
  if (callout->flow_delete == 0)
    return STATUS_INVALID_PARAMETER;
  if (wfp_flow_context_find(connection, callout, wfp_layer_index(layer)) != NULL)
    return STATUS_OBJECT_NAME_EXISTS;
  WfpFlowContext *context = sim_heap_allocate(sizeof *context);
  context->callout = callout;
  context->layer = (int16_t)wfp_layer_index(layer);
  context->context = flowContext;
  callout->flow_contexts++;
  sim_list_push_tail(&connection->flow_contexts, &context->link);
  return STATUS_SUCCESS;
}

/* fwpsk/nf-fwpsk-fwpsflowremovecontext0 (W-FLO-2) */
NTSTATUS FwpsFlowRemoveContext0(UINT64 flowId, UINT16 layerId, UINT32 calloutId) {
  TcpipConnection *connection = tcpip_flow_find(flowId);
  WfpCallout *callout = wfp_callout_by_id(calloutId);
  const WfpLayer *layer = wfp_layer_by_id(layerId);
  if (connection == NULL || callout == NULL || layer == NULL)
    return STATUS_UNSUCCESSFUL;
  WfpFlowContext *context = wfp_flow_context_find(connection, callout, wfp_layer_index(layer));
  if (context == NULL)
    return STATUS_UNSUCCESSFUL;
  return context_remove(context) ? STATUS_SUCCESS : STATUS_PENDING;
}

/* fwpsk/nf-fwpsk-fwpsflowabort0: the connection is reset, out of the caller's way. */
NTSTATUS FwpsFlowAbort0(UINT64 flowId) {
  TcpipConnection *connection = tcpip_flow_find(flowId);
  if (connection == NULL || connection->is_flow_ended)
    return STATUS_INVALID_PARAMETER;
  tcpip_end_later(connection);
  return STATUS_SUCCESS;
}
