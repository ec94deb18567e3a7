/* W-FLO: contexts that a callout associates with a flow. */
#include "driver.h"

#define ESTABLISHED "FWPM_LAYER_ALE_FLOW_ESTABLISHED_V4"
#define STREAM "FWPM_LAYER_STREAM_V4"

#define CLASSIFY(name)                                                                                                                     \
  static void name(const FWPS_INCOMING_VALUES0 *values, const FWPS_INCOMING_METADATA_VALUES0 *metadata, VOID *data, const VOID *context,   \
                   const FWPS_FILTER1 *filter, UINT64 flow, FWPS_CLASSIFY_OUT0 *out)
#define UNUSED (void)values, (void)metadata, (void)data, (void)context, (void)filter, (void)flow, (void)out

static BOOLEAN *removes_itself; /* guest memory: the classifyFn removes the context it was called with */

static void flow_deleted(UINT16 layer, UINT32 callout, UINT64 flow_context) {
  (void)callout;
  note_number(layer == FWPS_LAYER_STREAM_V4 ? "deleted" : "deleted?", (long)flow_context);
}

static void associate(UINT64 flow, UINT64 value) {
  NTSTATUS status = ddi_FwpsFlowAssociateContext0(flow, FWPS_LAYER_STREAM_V4, driver_callout(STREAM), value);
  note(status == STATUS_SUCCESS ? "associated" : status == STATUS_OBJECT_NAME_EXISTS ? "exists" : "invalid");
}

CLASSIFY(established) {
  UNUSED;
  associate(metadata->flowHandle, 0);
  associate(metadata->flowHandle, 7);
  associate(metadata->flowHandle, 8);
  out->actionType = FWP_ACTION_PERMIT;
}

CLASSIFY(of_flow) {
  UNUSED;
  note_number("context", (long)flow);
  out->actionType = FWP_ACTION_PERMIT;
  if (*removes_itself) { /* removed while a classification has it: later */
    NTSTATUS status = ddi_FwpsFlowRemoveContext0(metadata->flowHandle, FWPS_LAYER_STREAM_V4, driver_callout(STREAM));
    note(status == STATUS_PENDING ? "pending" : status == STATUS_UNSUCCESSFUL ? "none" : "?");
  }
}

static const DriverFilter flow_filters[] = {
  { .layer = ESTABLISHED, .action = FWP_ACTION_CALLOUT_INSPECTION, .classify = established },
  { .layer = STREAM,
    .action = FWP_ACTION_CALLOUT_INSPECTION,
    .classify = of_flow,
    .flow_delete = flow_deleted,
    .callout_flags = FWP_CALLOUT_FLAG_CONDITIONAL_ON_FLOW },
};

static void connection_setup(KeThreadStart *start) {
  removes_itself = harness_memory(sizeof *removes_itself);
  driver_setup(flow_filters, 2);
  if (start != NULL)
    harness_thread("worker", 12, start, NULL);
  traffic_connect(in_thread(), MS);
}

static void flow_setup(void) {
  connection_setup(NULL);
  traffic(TCPIP_DATA_IN, 10, -1, 10 * MS);
  traffic(TCPIP_FIN_IN, 0, -1, 20 * MS);
}

static void flow_check(const HarnessRun *run) {
  EXPECT_NOTES(run, "invalid associated exists context=7 context=7 deleted=7"); /* data, FIN */
  EXPECT_EQUAL(connection_state(), CONNECTION_CLOSED);
}

static void pending_setup(void) {
  flow_setup();
  *removes_itself = TRUE;
}

static void pending_check(const HarnessRun *run) {
  EXPECT_NOTES(run, "invalid associated exists context=7 pending deleted=7"); /* at the FIN there is no context, so no call */
}

static void unload(void *argument) {
  (void)argument;
  KeDelayExecutionThread(KernelMode, FALSE, &(LARGE_INTEGER){ .QuadPart = -150000 });
  UINT32 callout = driver_callout(STREAM);
  UINT64 flow = tcpip_connection_find(local_end, remote_end)->flow_id;
  note(ddi_FwpsCalloutUnregisterById0(callout) == STATUS_DEVICE_BUSY ? "busy" : "?");
  note(ddi_FwpsFlowRemoveContext0(flow, FWPS_LAYER_STREAM_V4, callout) == STATUS_SUCCESS ? "removed" : "?");
  note(ddi_FwpsFlowRemoveContext0(flow, FWPS_LAYER_STREAM_V4, callout) == STATUS_UNSUCCESSFUL ? "none" : "?");
  note(ddi_FwpsCalloutUnregisterById0(callout) == STATUS_SUCCESS ? "unregistered" : "?");
}

static void unload_setup(void) { connection_setup(unload); }
static void unload_check(const HarnessRun *run) { EXPECT_NOTES(run, "invalid associated exists busy deleted=7 removed none unregistered"); }

int main(void) {
  static const HarnessCase cases[] = {
    { .name = "W_FLO_1 W_FLO_3 contexts of a flow", .setup = flow_setup, .check = flow_check },
    { .name = "W_FLO_2 removed from inside of a classification", .setup = pending_setup, .check = pending_check },
    { .name = "W_FLO_2 W_CO_4 removed, then unregistered", .setup = unload_setup, .check = unload_check },
  };
  return harness_main("wfp flow", cases, sizeof cases / sizeof cases[0]);
}
