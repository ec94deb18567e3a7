/* The stream layer: a strict waterfall, clones of its data, and its going on after DEFER. W-ARB-8, W-STR-1 to W-STR-6, W-STR-10. */
#include "wfp.h"

#include "../mm/mm.h"
#include "../model.h"
#include "../ndis/net_buffer.h"
#include "../tcpip/tcpip.h"

#define INBOUND_FLAGS                                                                                                                      \
  (FWPS_STREAM_FLAG_RECEIVE | FWPS_STREAM_FLAG_RECEIVE_EXPEDITED | FWPS_STREAM_FLAG_RECEIVE_DISCONNECT | FWPS_STREAM_FLAG_RECEIVE_ABORT)

/* ---- what a stream callout is given ---- */

typedef struct Shown {
  FWPS_STREAM_CALLOUT_IO_PACKET0 *packet;
  FWPS_STREAM_DATA0 *data;
} Shown;

static Shown shown_create(const WfpStreamData *data) {
  Shown shown = { wfp_memory_allocate(sizeof *shown.packet), wfp_memory_allocate(sizeof *shown.data) };
  NET_BUFFER_LIST *list = data->list;
  shown.data->flags = data->flags;
  shown.data->dataLength = data->length;
  shown.data->netBufferListChain = list;
  if (list != NULL && list->FirstNetBuffer != NULL) {
    shown.data->dataOffset.netBufferList = list;
    shown.data->dataOffset.netBuffer = list->FirstNetBuffer;
    shown.data->dataOffset.mdl = list->FirstNetBuffer->CurrentMdl;
    shown.data->dataOffset.mdlOffset = list->FirstNetBuffer->CurrentMdlOffset;
  }
  return shown;
}

static void shown_destroy(const Shown *shown) {
  wfp_memory_free(shown->packet);
  wfp_memory_free(shown->data);
}

/* ---- the waterfall ---- */

/* What one callout makes of it. False: nothing comes to those below. */
static bool callout_ask(WfpRun *run, WfpFilter *filter, const Shown *shown, WfpStreamAnswer *result) {
  WfpAnswer answer;
  RtlZeroMemory(shown->packet, sizeof *shown->packet);
  shown->packet->streamData = shown->data;
  wfp_callout_classify(run, filter, FWPS_RIGHT_ACTION_WRITE, &answer);
  bool is_inspection = filter->action == FWP_ACTION_CALLOUT_INSPECTION;
  switch (shown->packet->streamAction) {
  case FWPS_STREAM_ACTION_NEED_MORE_DATA: /* Simplified: without the limit of 8 MB */
    result->more = shown->packet->countBytesRequired > 0 ? shown->packet->countBytesRequired : 1;
    return is_inspection;
  case FWPS_STREAM_ACTION_DEFER: result->is_deferred = run->request->is_inbound; return !result->is_deferred;
  case FWPS_STREAM_ACTION_DROP_CONNECTION:
    result->is_dropped = filter->action == FWP_ACTION_CALLOUT_UNKNOWN; /* W-STR-5 */
    return !result->is_dropped;
  case FWPS_STREAM_ACTION_ALLOW_CONNECTION: result->is_allowed = true; return true;
  default: /* Simplified: countBytesEnforced counts for all of the data */
    result->is_blocked = wfp_answer_action(filter, FWPS_RIGHT_ACTION_WRITE, &answer) == FWP_ACTION_BLOCK;
    return !result->is_blocked;
  }
}

static bool filter_ask(WfpRun *run, WfpFilter *filter, const Shown *shown, WfpStreamAnswer *result) {
  WfpAnswer answer = { .action = filter->action };
  if (filter->callout != NULL && wfp_callout_is_called(run, filter, &answer))
    return callout_ask(run, filter, shown, result);
  result->is_blocked = answer.action == FWP_ACTION_BLOCK;
  return !result->is_blocked;
}

void wfp_stream_classify(TcpipConnection *connection, const WfpStreamData *data, const WfpSubLayer *below, WfpStreamAnswer *answer) {
  WfpRun run;
  WfpFilter **filters;
  WfpRequest request = { .is_inbound = data->flags & INBOUND_FLAGS };
  Shown shown = shown_create(data);
  *answer = (WfpStreamAnswer){ .is_blocked = false };
  request.layer_data = shown.packet;
  tcpip_request_fill(&request, connection, "STREAM_V4");
  wfp_run_begin(&run, &request);
  uint32_t count = wfp_filters_match(&request, below, &filters);
  uint8_t level = wfp_level_begin(filters, count);
  for (uint32_t at = 0; at < count; at++)
    if (wfp_item_is_enforced(&filters[at]->item) && !filter_ask(&run, filters[at], &shown, answer))
      break;
  ke_callback_level_end(level);
  wfp_filters_free(filters, count);
  wfp_run_end(&run, &(WfpDecision){ .action = answer->is_blocked || answer->is_dropped ? FWP_ACTION_BLOCK : FWP_ACTION_PERMIT });
  shown_destroy(&shown);
}

/* ---- clones (W-STR-10) ---- */

#define LIST_COUNT_MAX 4096 /* a chain that is longer goes in a circle */

static VOID chain_free(NET_BUFFER_LIST *list) {
  for (unsigned at = 0; list != NULL && at < LIST_COUNT_MAX; at++) {
    mm_probe_read(list, sizeof *list);
    NET_BUFFER_LIST *next = list->Next;
    ndis_list_free(list);
    list = next;
  }
}

/* fwpsk/nf-fwpsk-fwpsclonestreamdata0. Simplified: whole lists, also where the data begins or ends inside of one. */
NTSTATUS FwpsCloneStreamData0(FWPS_STREAM_DATA0 *calloutStreamData, NDIS_HANDLE netBufferListPoolHandle, NDIS_HANDLE netBufferPoolHandle,
                              ULONG allocateCloneFlags, NET_BUFFER_LIST **netBufferListChain) {
  NET_BUFFER_LIST *first = NULL, *last = NULL, *list = calloutStreamData->netBufferListChain;
  (void)netBufferPoolHandle;
  if (list == NULL)
    return STATUS_FWP_NULL_POINTER;
  for (unsigned at = 0; list != NULL && at < LIST_COUNT_MAX; at++, list = list->Next) {
    mm_probe_write(list, sizeof *list);
    NET_BUFFER_LIST *clone = ndis_list_clone(list, ndis_pool_at(netBufferListPoolHandle), allocateCloneFlags);
    if (clone == NULL) {
      chain_free(first);
      return STATUS_INSUFFICIENT_RESOURCES;
    }
    ndis_list_at(clone)->is_fwps = true;
    if (last != NULL)
      last->Next = clone;
    else
      first = clone;
    last = clone;
  }
  *netBufferListChain = first;
  return STATUS_SUCCESS;
}

/* fwpsk/nf-fwpsk-fwpsdiscardclonedstreamdata0 */
VOID FwpsDiscardClonedStreamData0(NET_BUFFER_LIST *netBufferListChain, ULONG allocateCloneFlags, BOOLEAN dispatchLevel) {
  (void)allocateCloneFlags, (void)dispatchLevel;
  chain_free(netBufferListChain);
}

/* fwpsk/nf-fwpsk-fwpscopystreamdatatobuffer0 */
VOID FwpsCopyStreamDataToBuffer0(const FWPS_STREAM_DATA0 *calloutStreamData, PVOID buffer, SIZE_T bytesToCopy, SIZE_T *bytesCopied) {
  SIZE_T copied = 0;
  NET_BUFFER_LIST *list = calloutStreamData->netBufferListChain;
  if (bytesToCopy > calloutStreamData->dataLength)
    bytesToCopy = calloutStreamData->dataLength;
  for (unsigned at = 0; list != NULL && copied < bytesToCopy && at < LIST_COUNT_MAX; at++, list = list->Next) {
    mm_probe_read(list, sizeof *list);
    for (NET_BUFFER *one = list->FirstNetBuffer; one != NULL && copied < bytesToCopy; one = one->Next) {
      mm_probe_read(one, sizeof *one);
      copied += ndis_buffer_copy(one, 0, (UCHAR *)buffer + copied, bytesToCopy - copied);
    }
  }
  *bytesCopied = copied;
}

/* fwpsk/nf-fwpsk-fwpsstreamcontinue0 (W-STR-4) */
NTSTATUS FwpsStreamContinue0(UINT64 flowId, UINT32 calloutId, UINT16 layerId, UINT32 streamFlags) {
  TcpipConnection *connection = tcpip_flow_find(flowId);
  (void)layerId;
  if (wfp_callout_by_id(calloutId) == NULL)
    return STATUS_FWP_CALLOUT_NOT_FOUND;
  if (connection == NULL || !(streamFlags & FWPS_STREAM_FLAG_RECEIVE))
    return STATUS_FWP_INVALID_PARAMETER;
  if (connection->is_deferred)
    tcpip_stream_continue(connection);
  return STATUS_SUCCESS;
}
