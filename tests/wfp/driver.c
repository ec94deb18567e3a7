#include "driver.h"

#define FILTER_COUNT_MAX 96

const TcpipEndpoint local_end = { 0x0a000001, 49200 }, remote_end = { 0xc0000207, 443 };

static const WfpSetupSubLayer sublayers[DRIVER_SUBLAYER_COUNT] = { { "high", 0x3000 }, { "middle", 0x2000 }, { "low", 0x1000 } };

typedef struct Driver {
  WfpSetupCallout callouts[FILTER_COUNT_MAX];
  WfpSetupFilter filters[FILTER_COUNT_MAX];
  uint32_t callout_count;
  uint32_t filter_count;
} Driver;

static Driver driver;

static void setup_thread(void *argument) {
  const char *what;
  WfpSetup setup = {
    .device = 0x1000,
    .callouts = driver.callouts,
    .callout_count = driver.callout_count,
    .sublayers = sublayers,
    .sublayer_count = DRIVER_SUBLAYER_COUNT,
    .filters = driver.filters,
    .filter_count = driver.filter_count,
  };
  (void)argument;
  int32_t status = wfp_driver_setup(&setup, &what);
  if (status != STATUS_SUCCESS) {
    note(what);
    note_number("failed", status);
  }
}

void driver_setup(const DriverFilter *filters, size_t count) {
  driver = (Driver){ .filter_count = (uint32_t)count };
  for (size_t i = 0; i < count; i++) {
    const DriverFilter *from = &filters[i];
    driver.filters[i] = (WfpSetupFilter){
      .layer = from->layer,
      .action = from->action,
      .callout = -1,
      .sublayer = from->sublayer - 1,
      .has_weight = from->weight != 0,
      .weight = from->weight,
      .flags = from->flags,
      .conditions = from->conditions,
      .condition_count = from->condition_count,
    };
    if (from->classify == NULL)
      continue;
    driver.filters[i].callout = (int)driver.callout_count;
    driver.callouts[driver.callout_count++] = (WfpSetupCallout){
      .name = from->layer,
      .classify = (uint64_t)from->classify,
      .notify = (uint64_t)from->notify,
      .flow_delete = (uint64_t)from->flow_delete,
      .flags = from->callout_flags,
    };
  }
  harness_thread("setup", 15, setup_thread, NULL);
}

uint32_t driver_callout(const char *layer) {
  SimLink *link, *following;
  SIM_LIST_EACH(&MODEL->wfp.callouts, link, following) {
    WfpCallout *callout = (WfpCallout *)SIM_CONTAINER(link, WfpItem, link);
    if (callout->layer >= 0 && &wfp_layers[callout->layer] == wfp_layer_find(layer))
      return callout->callout_id;
  }
  return 0;
}

/* ---- traffic ---- */

TcpipPlace in_thread(void) { return (TcpipPlace){ .kind = TCPIP_PLACE_THREAD, .process = ke_process_create("app", true), .cpu = -1 }; }
TcpipPlace in_dpc(int cpu) { return (TcpipPlace){ .kind = TCPIP_PLACE_DPC, .cpu = cpu }; }
TcpipPlace in_raised_thread(void) { return (TcpipPlace){ .kind = TCPIP_PLACE_SYSTEM_THREAD, .cpu = -1, .irql = DISPATCH_LEVEL }; }

void traffic_connect(TcpipPlace place, uint64_t at_ns) {
  tcpip_stimulus_add(&(TcpipStimulus){
      .kind = TCPIP_CONNECT, .place = place, .local = local_end, .remote = remote_end, .receive_cpu = 0, .at_ns = at_ns });
}

void traffic(TcpipStimulusKind kind, uint64_t bytes, int cpu, uint64_t at_ns) {
  tcpip_stimulus_add(
      &(TcpipStimulus){ .kind = kind, .place = { .cpu = cpu }, .local = local_end, .remote = remote_end, .bytes = bytes, .at_ns = at_ns });
}

ConnectionState connection_state(void) {
  const TcpipConnection *connection = tcpip_connection_find(local_end, remote_end);
  return connection != NULL ? (ConnectionState)connection->state : CONNECTION_NEW;
}

/* ---- in classifyFn ---- */

void answer(FWPS_CLASSIFY_OUT0 *out, FWP_ACTION_TYPE action, bool is_absorbed, bool clears_right) {
  out->actionType = action;
  if (is_absorbed)
    out->flags |= FWPS_CLASSIFY_OUT_FLAG_ABSORB;
  if (clears_right)
    out->rights &= ~(UINT32)FWPS_RIGHT_ACTION_WRITE;
}

bool is_reauthorize(const FWPS_INCOMING_VALUES0 *values) {
  return values->incomingValue[FWPS_FIELD_ALE_AUTH_CONNECT_V4_FLAGS].value.uint32 & FWP_CONDITION_FLAG_IS_REAUTHORIZE;
}

uint32_t decision_at(const HarnessRun *run, const char *layer, size_t n) {
  const SimEvent *event;
  for (size_t i = 0; (event = event_at(run, EVENT_CLASSIFY_DECISION, i)) != NULL; i++)
    if ((event->detail & 0xffff) == (uint32_t)wfp_layer_find(layer)->id && n-- == 0)
      return (uint32_t)event->status;
  return 0;
}
