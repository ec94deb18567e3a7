/*
 * What classifyFn and notifyFn are given: guest memory that is there for the call, and closed as freed when the classification is over,
 * so that a driver that kept a pointer is found (W-NBL-4). In Windows most of it lies on the stack of the stack's own functions.
 */
#include "wfp.h"

#include "../model.h"
#include "../ps/ps_state.h"

#include "ddi_callbacks.gen.h"

#define PATH_SIZE 96

struct WfpFrame {
  FWPS_INCOMING_VALUES0 *fixed;
  FWPS_INCOMING_VALUE0 *values;
  FWPS_INCOMING_METADATA_VALUES0 *metadata;
  FWPS_FILTER1 *filter;
  FWPS_CLASSIFY_OUT0 *out;
  PVOID extra[WFP_FIELD_COUNT_MAX]; /* what values point to */
  unsigned extra_count;
  FWP_BYTE_BLOB *path;
};

static PVOID extra_add(WfpFrame *frame, SIZE_T size) { return frame->extra[frame->extra_count++] = wfp_memory_allocate(size); }

/* ---- values ---- */

static FWP_BYTE_BLOB *blob_add(WfpFrame *frame, const void *bytes, uint32_t size) {
  FWP_BYTE_BLOB *blob = extra_add(frame, sizeof *blob + size);
  blob->size = size;
  blob->data = (UINT8 *)(blob + 1);
  RtlCopyMemory(blob->data, bytes, size);
  return blob;
}

static void value_write(WfpFrame *frame, const WfpValue *value, FWP_VALUE0 *to) {
  to->type = (FWP_DATA_TYPE)value->type;
  switch (to->type) {
  case FWP_UINT8: to->uint8 = (UINT8)value->number; break;
  case FWP_UINT16: to->uint16 = (UINT16)value->number; break;
  case FWP_UINT32: to->uint32 = (UINT32)value->number; break;
  case FWP_UINT64:
    to->uint64 = extra_add(frame, sizeof(UINT64));
    *to->uint64 = value->number;
    break;
  case FWP_BYTE_ARRAY16_TYPE:
    to->byteArray16 = extra_add(frame, sizeof(FWP_BYTE_ARRAY16));
    RtlCopyMemory(to->byteArray16, value->bytes, sizeof(FWP_BYTE_ARRAY16));
    break;
  case FWP_BYTE_BLOB_TYPE:
    to->byteBlob = blob_add(frame, value->bytes, value->size);
    frame->path = to->byteBlob;
    break;
  default: to->type = FWP_EMPTY; break;
  }
}

static bool layer_has(const WfpLayer *layer, const char *field) { return wfp_field_find(layer, field) >= 0; }

const WfpLayerShape *wfp_layer_shape(const WfpLayer *layer) {
  WfpLayerShape *shape = &wfp_state()->shapes[wfp_layer_index(layer)];
  if (shape->field_count == 0)
    *shape = (WfpLayerShape){ .field_count = (uint8_t)wfp_field_count(layer),
                              .has_compartment = layer_has(layer, "COMPARTMENT_ID"),
                              .has_application = layer_has(layer, "ALE_APP_ID") };
  return shape;
}

static void values_write(WfpFrame *frame, const WfpRequest *request) {
  unsigned count = wfp_layer_shape(request->layer)->field_count;
  frame->values = wfp_memory_allocate(count * sizeof *frame->values);
  for (unsigned at = 0; at < count; at++)
    value_write(frame, &request->values[at], &frame->values[at].value);
  frame->fixed = wfp_memory_allocate(sizeof *frame->fixed);
  frame->fixed->layerId = (UINT16)request->layer->id;
  frame->fixed->valueCount = count;
  frame->fixed->incomingValue = frame->values;
}

/* ---- metadata (W-LAY-3) ---- */

static void metadata_flow(const WfpRun *run, FWPS_INCOMING_METADATA_VALUES0 *metadata) {
  const WfpRequest *request = run->request;
  if ((request->layer->flags & WFP_LAYER_HAS_FLOW) && request->connection->flow_id != 0) {
    metadata->currentMetadataValues |= FWPS_METADATA_FIELD_FLOW_HANDLE;
    metadata->flowHandle = request->connection->flow_id;
  }
  if (run->classification->operation != NULL) {
    metadata->currentMetadataValues |= FWPS_METADATA_FIELD_COMPLETION_HANDLE;
    metadata->completionHandle = (HANDLE)run->classification->operation->completion_handle;
  }
  if (request->is_reauthorize) {
    metadata->currentMetadataValues |= FWPS_METADATA_FIELD_PACKET_DIRECTION;
    metadata->packetDirection = request->is_inbound ? FWP_DIRECTION_INBOUND : FWP_DIRECTION_OUTBOUND;
  }
}

/* The ALE layers know the process and the endpoint. */
static void metadata_ale(WfpFrame *frame, const WfpRequest *request) {
  FWPS_INCOMING_METADATA_VALUES0 *metadata = frame->metadata;
  const TcpipConnection *connection = request->connection;
  if (!wfp_layer_shape(request->layer)->has_application)
    return;
  metadata->currentMetadataValues |= FWPS_METADATA_FIELD_PROCESS_ID | FWPS_METADATA_FIELD_TRANSPORT_ENDPOINT_HANDLE;
  metadata->processId = connection->process != NULL ? connection->process->process_id : 4;
  metadata->transportEndpointHandle = connection->endpoint;
  if (frame->path != NULL) {
    metadata->currentMetadataValues |= FWPS_METADATA_FIELD_PROCESS_PATH;
    metadata->processPath = frame->path;
  }
}

static void metadata_write(WfpFrame *frame, const WfpRun *run) {
  frame->metadata = wfp_memory_allocate(sizeof *frame->metadata);
  if (wfp_layer_shape(run->request->layer)->has_compartment) {
    frame->metadata->currentMetadataValues |= FWPS_METADATA_FIELD_COMPARTMENT_ID;
    frame->metadata->compartmentId = DEFAULT_COMPARTMENT_ID;
  }
  metadata_flow(run, frame->metadata);
  metadata_ale(frame, run->request);
}

/* ---- the whole ---- */

WfpFrame *wfp_frame_create(const WfpRun *run) {
  WfpFrame *frame = sim_heap_allocate(sizeof *frame);
  values_write(frame, run->request);
  metadata_write(frame, run);
  frame->filter = wfp_memory_allocate(sizeof *frame->filter);
  frame->out = wfp_memory_allocate(sizeof *frame->out);
  run->classification->frame = (uint64_t)frame->fixed;
  return frame;
}

void wfp_frame_destroy(WfpFrame *frame) {
  for (unsigned at = 0; at < frame->extra_count; at++)
    wfp_memory_free(frame->extra[at]);
  wfp_memory_free(frame->values);
  wfp_memory_free(frame->fixed);
  wfp_memory_free(frame->metadata);
  wfp_memory_free(frame->filter);
  wfp_memory_free(frame->out);
  sim_heap_free(frame, sizeof *frame);
}

static UINT16 filter_flags(const WfpFilter *filter) {
  UINT16 flags = 0;
  if (filter->flags & FWPM_FILTER_FLAG_CLEAR_ACTION_RIGHT)
    flags |= FWPS_FILTER_FLAG_CLEAR_ACTION_RIGHT;
  if (filter->flags & FWPM_FILTER_FLAG_PERMIT_IF_CALLOUT_UNREGISTERED)
    flags |= FWPS_FILTER_FLAG_PERMIT_IF_CALLOUT_UNREGISTERED;
  return flags;
}

/*
 * Simplified: the weight is empty and the conditions are not shown (their number is).
 * Member by member here and below: what is assigned whole has in its padding whatever the compiler left there, and a driver can read that.
 */
static void filter_write(const WfpFilter *filter, FWPS_FILTER1 *to) {
  RtlZeroMemory(to, sizeof *to);
  to->filterId = filter->filter_id;
  to->subLayerWeight = filter->sublayer->weight;
  to->flags = filter_flags(filter);
  to->action.type = filter->action;
  to->action.calloutId = filter->callout->callout_id;
  to->context = filter->context;
}

static void out_write(const WfpFilter *filter, uint32_t rights, FWPS_CLASSIFY_OUT0 *to) {
  RtlZeroMemory(to, sizeof *to);
  to->actionType = FWP_ACTION_NONE;
  to->filterId = filter->filter_id;
  to->rights = rights;
}

void wfp_frame_call(WfpFrame *frame, const WfpRun *run, WfpFilter *filter, uint64_t flow_context, uint32_t rights, WfpAnswer *answer) {
  const WfpCallout *callout = filter->callout;
  VOID *data = run->request->layer_data;
  filter_write(filter, frame->filter);
  out_write(filter, rights, frame->out);
  switch (callout->version) {
  case 0:
    ddi_callback_FWPS_CALLOUT_CLASSIFY_FN0((FWPS_CALLOUT_CLASSIFY_FN0)callout->classify, frame->fixed, frame->metadata, data, frame->filter,
                                           flow_context, frame->out);
    break;
  case 1:
    ddi_callback_FWPS_CALLOUT_CLASSIFY_FN1((FWPS_CALLOUT_CLASSIFY_FN1)callout->classify, frame->fixed, frame->metadata, data, NULL,
                                           frame->filter, flow_context, frame->out);
    break;
  case 2:
    ddi_callback_FWPS_CALLOUT_CLASSIFY_FN2((FWPS_CALLOUT_CLASSIFY_FN2)callout->classify, frame->fixed, frame->metadata, data, NULL,
                                           frame->filter, flow_context, frame->out);
    break;
  default:
    ddi_callback_FWPS_CALLOUT_CLASSIFY_FN3((FWPS_CALLOUT_CLASSIFY_FN3)callout->classify, frame->fixed, frame->metadata, data, NULL,
                                           frame->filter, flow_context, frame->out);
    break;
  }
  *answer = (WfpAnswer){ .action = frame->out->actionType, .rights = frame->out->rights, .flags = frame->out->flags };
}

/* ---- notifyFn ---- */

static NTSTATUS notify_call(const WfpCallout *callout, FWPS_CALLOUT_NOTIFY_TYPE type, const GUID *key, FWPS_FILTER1 *filter) {
  switch (callout->version) {
  case 0: return ddi_callback_FWPS_CALLOUT_NOTIFY_FN0((FWPS_CALLOUT_NOTIFY_FN0)callout->notify, type, key, filter);
  case 1: return ddi_callback_FWPS_CALLOUT_NOTIFY_FN1((FWPS_CALLOUT_NOTIFY_FN1)callout->notify, type, key, filter);
  case 2: return ddi_callback_FWPS_CALLOUT_NOTIFY_FN2((FWPS_CALLOUT_NOTIFY_FN2)callout->notify, type, key, filter);
  default: return ddi_callback_FWPS_CALLOUT_NOTIFY_FN3((FWPS_CALLOUT_NOTIFY_FN3)callout->notify, type, key, filter);
  }
}

/* W-CO-3: the key only when a filter is added. */
NTSTATUS wfp_notify(FWPS_CALLOUT_NOTIFY_TYPE type, WfpFilter *filter) {
  WfpCallout *callout = filter->callout;
  if (!callout->is_registered || callout->notify == 0)
    return STATUS_SUCCESS;
  GUID *key = NULL;
  FWPS_FILTER1 *shown = wfp_memory_allocate(sizeof *shown);
  filter_write(filter, shown);
  if (type != FWPS_CALLOUT_NOTIFY_DELETE_FILTER) {
    key = wfp_memory_allocate(sizeof *key);
    RtlCopyMemory(key, &filter->item.key, sizeof *key);
  }
  callout->running++;
  uint8_t level = ke_callback_level_begin();
  NTSTATUS status = notify_call(callout, type, key, shown);
  ke_callback_level_end(level);
  filter->context = shown->context;
  if (--callout->running == 0 && callout->idle != NULL)
    ke_event_set(callout->idle, 0);
  wfp_memory_free(shown);
  wfp_memory_free(key);
  return status;
}
