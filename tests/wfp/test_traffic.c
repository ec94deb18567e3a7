/* The stack: who connects and where, what arrives, reauthorisation, the end; and the layers as a table. W-LAY, W-REA. */
#include "driver.h"

#define CONNECT "FWPM_LAYER_ALE_AUTH_CONNECT_V4"
#define ESTABLISHED "FWPM_LAYER_ALE_FLOW_ESTABLISHED_V4"
#define CLOSURE "FWPM_LAYER_ALE_ENDPOINT_CLOSURE_V4"
#define STREAM "FWPM_LAYER_STREAM_V4"

#define CLASSIFY(name)                                                                                                                     \
  static void name(const FWPS_INCOMING_VALUES0 *values, const FWPS_INCOMING_METADATA_VALUES0 *metadata, VOID *data, const VOID *context,   \
                   const FWPS_FILTER1 *filter, UINT64 flow, FWPS_CLASSIFY_OUT0 *out)
#define UNUSED (void)values, (void)metadata, (void)data, (void)context, (void)filter, (void)flow, (void)out

/* ---- what a callout is shown ---- */

static bool is_there(const FWPS_INCOMING_METADATA_VALUES0 *metadata, UINT32 field) {
  return FWPS_IS_METADATA_FIELD_PRESENT(metadata, field);
}

CLASSIFY(look) {
  UNUSED;
  const FWPS_INCOMING_VALUE0 *value = values->incomingValue;
  note_number("layer", values->layerId);
  note_number("irql", KeGetCurrentIrql());
  bool is_right = value[FWPS_FIELD_ALE_AUTH_CONNECT_V4_IP_LOCAL_ADDRESS].value.uint32 == local_end.address &&
                  value[FWPS_FIELD_ALE_AUTH_CONNECT_V4_IP_REMOTE_ADDRESS].value.uint32 == remote_end.address &&
                  value[FWPS_FIELD_ALE_AUTH_CONNECT_V4_IP_LOCAL_PORT].value.uint16 == local_end.port &&
                  value[FWPS_FIELD_ALE_AUTH_CONNECT_V4_IP_REMOTE_PORT].value.uint16 == remote_end.port &&
                  value[FWPS_FIELD_ALE_AUTH_CONNECT_V4_IP_PROTOCOL].value.uint8 == IPPROTO_TCP &&
                  value[FWPS_FIELD_ALE_AUTH_CONNECT_V4_FLAGS].value.uint32 == 0 && values->valueCount == FWPS_FIELD_ALE_AUTH_CONNECT_V4_MAX;
  note(is_right ? "values" : "values?");
  note(data == NULL ? "no-data" : "data");
  note(is_there(metadata, FWPS_METADATA_FIELD_FLOW_HANDLE | FWPS_METADATA_FIELD_COMPLETION_HANDLE | FWPS_METADATA_FIELD_PROCESS_ID |
                              FWPS_METADATA_FIELD_TRANSPORT_ENDPOINT_HANDLE)
           ? "metadata"
           : "metadata?");
  const FWP_BYTE_BLOB *path = value[FWPS_FIELD_ALE_AUTH_CONNECT_V4_ALE_APP_ID].value.byteBlob;
  note_number("path", path->size / 2);
  out->actionType = FWP_ACTION_PERMIT;
}

static void look_setup(TcpipPlace place) {
  static const DriverFilter filter = { .layer = CONNECT, .action = FWP_ACTION_CALLOUT_TERMINATING, .classify = look };
  driver_setup(&filter, 1);
  traffic_connect(place, MS);
}

static void thread_setup(void) { look_setup(in_thread()); }
static void dpc_setup(void) { look_setup(in_dpc(1)); }
static void raised_setup(void) { look_setup(in_raised_thread()); }

static void thread_check(const HarnessRun *run) {
  EXPECT_NOTES(run, "layer=48 irql=0 values no-data metadata path=32"); /* \device\harddiskvolume1\app.exe */
  EXPECT_EQUAL(connection_state(), CONNECTION_ESTABLISHED);
  EXPECT_EQUAL(event_at(run, EVENT_SYSTEM_RETURN, 0)->status, STATUS_SUCCESS);
  EXPECT_EQUAL(run->stop, SIM_STOP_QUIET);
}

static void dpc_check(const HarnessRun *run) {
  EXPECT_NOTES(run, "layer=48 irql=2 values no-data metadata path=7"); /* System */
  EXPECT_EQUAL(connection_state(), CONNECTION_ESTABLISHED);
  EXPECT_EQUAL(event_at(run, EVENT_CLASSIFY, 0)->cpu, 1);
}

static void raised_check(const HarnessRun *run) {
  EXPECT_NOTES(run, "layer=48 irql=2 values no-data metadata path=7");
  EXPECT_EQUAL(connection_state(), CONNECTION_ESTABLISHED);
  EXPECT(event_count(run, EVENT_LOCK_ACQUIRE) >= 1);
}

/* ---- no pointer of a classification is good for longer (W-NBL-4) ---- */

static const FWPS_INCOMING_VALUES0 *kept;

CLASSIFY(keep) {
  UNUSED;
  kept = values;
  out->actionType = FWP_ACTION_PERMIT;
}

static void touch(void *argument) {
  (void)argument;
  KeDelayExecutionThread(KernelMode, FALSE, &(LARGE_INTEGER){ .QuadPart = -500000 });
  sim_access((uint64_t)&kept->layerId, sizeof kept->layerId, SIM_ACCESS_READ, 0);
  note("survived");
}

static void keep_setup(void) {
  static const DriverFilter filter = { .layer = CONNECT, .action = FWP_ACTION_CALLOUT_TERMINATING, .classify = keep };
  driver_setup(&filter, 1);
  traffic_connect(in_dpc(0), MS);
  harness_thread("late", 8, touch, NULL);
}

static void keep_check(const HarnessRun *run) {
  EXPECT_NOTES(run, "survived");
  EXPECT_EQUAL(event_at(run, EVENT_FAULT, 0)->detail & 0xff, SIM_FAULT_FREED);
}

/* ---- FLOW_ESTABLISHED ---- */

CLASSIFY(block) {
  UNUSED;
  note_number("blocked", KeGetCurrentIrql());
  answer(out, FWP_ACTION_BLOCK, false, true);
}

static void established_setup(void) {
  static const DriverFilter filter = { .layer = ESTABLISHED, .action = FWP_ACTION_CALLOUT_TERMINATING, .classify = block };
  driver_setup(&filter, 1);
  traffic_connect(in_thread(), MS);
}

static void established_check(const HarnessRun *run) {
  EXPECT_NOTES(run, "blocked=2");
  EXPECT_EQUAL(connection_state(), CONNECTION_BLOCKED);
  EXPECT_EQUAL(event_at(run, EVENT_SYSTEM_RETURN, 0)->status, STATUS_CONNECTION_ABORTED);
}

/* ---- policy changes ---- */

CLASSIFY(permit_first) {
  UNUSED;
  note_number(is_reauthorize(values) ? "again" : "first",
              (long)values->incomingValue[FWPS_FIELD_ALE_AUTH_CONNECT_V4_REAUTHORIZE_REASON].value.uint32);
  if (is_reauthorize(values)) {
    note(is_there(metadata, FWPS_METADATA_FIELD_PACKET_DIRECTION) && metadata->packetDirection == FWP_DIRECTION_INBOUND ? "inbound" : "?");
    answer(out, FWP_ACTION_BLOCK, false, true);
    return;
  }
  answer(out, FWP_ACTION_PERMIT, false, false);
}

static void policy_change(void *argument) {
  (void)argument;
  static const WfpSetupFilter filter = { .name = "more", .layer = CONNECT, .action = FWP_ACTION_PERMIT, .callout = -1, .sublayer = -1 };
  const char *what;
  KeDelayExecutionThread(KernelMode, FALSE, &(LARGE_INTEGER){ .QuadPart = -200000 });
  wfp_driver_setup(&(WfpSetup){ .filters = &filter, .filter_count = 1 }, &what);
  note("changed");
}

static void policy_setup(void) {
  static const DriverFilter filter = { .layer = CONNECT, .action = FWP_ACTION_CALLOUT_TERMINATING, .classify = permit_first };
  driver_setup(&filter, 1);
  harness_thread("policy", 8, policy_change, NULL);
  traffic_connect(in_thread(), MS);
  traffic(TCPIP_DATA_IN, 10, -1, 10 * MS);
  traffic(TCPIP_DATA_IN, 20, -1, 50 * MS);
}

static void somebody_setup(void) {
  static const DriverFilter filter = { .layer = CONNECT, .action = FWP_ACTION_CALLOUT_TERMINATING, .classify = permit_first };
  driver_setup(&filter, 1);
  wfp_policy_change_at(wfp_layer_find(CONNECT), 20 * MS);
  traffic_connect(in_thread(), MS);
  traffic(TCPIP_DATA_OUT, 10, -1, 10 * MS);
  traffic(TCPIP_DATA_IN, 20, -1, 50 * MS);
}

static void somebody_check(const HarnessRun *run) {
  EXPECT_NOTES(run, "first=0 again=1 inbound");
  EXPECT_EQUAL(connection_state(), CONNECTION_BLOCKED);
}

static void policy_check(const HarnessRun *run) {
  EXPECT_NOTES(run, "first=0 changed again=1 inbound");
  EXPECT_EQUAL(event_count(run, EVENT_STREAM_DATA), 1);
  EXPECT_EQUAL(connection_state(), CONNECTION_BLOCKED);
}

/* ---- RSS: a processor whose DPCs do not run keeps its packets ---- */

static void hog(void *argument) {
  KIRQL irql;
  KeRaiseIrql(DISPATCH_LEVEL, &irql);
  note("high");
  for (int i = 0; i < (int)(long)argument; i++)
    sim_point(sim_machine(), SIM_POINT_CALL, 0, 0, MS);
  note_number("waiting", tcpip_packets_waiting(1));
  note(tcpip_packet_oldest_ns(1) == 10 * MS ? "oldest" : "oldest?");
  KeLowerIrql(irql);
  note_number("waiting", tcpip_packets_waiting(1));
}

static void rss_setup(void) {
  traffic_connect(in_thread(), MS);
  traffic(TCPIP_DATA_IN, 10, 1, 10 * MS);
  traffic(TCPIP_DATA_IN, 10, 1, 11 * MS);
  traffic(TCPIP_DATA_IN, 10, 0, 12 * MS);
  KeThread *thread = ke_thread_create(MODEL->ke.system_process, hog, (void *)100L, 8, "hog");
  thread->affinity = 2;
  ke_thread_ready_at(thread, 5 * MS);
}

static void rss_check(const HarnessRun *run) {
  EXPECT_NOTES(run, "high waiting=2 oldest waiting=0");
  EXPECT_EQUAL(tcpip_packets_delivered(1), 2);
  EXPECT_EQUAL(tcpip_packets_delivered(0), 2); /* with the SYN-ACK */
  EXPECT_EQUAL(tcpip_connection_find(local_end, remote_end)->bytes_in, 30);
}

/* ---- ends ---- */

CLASSIFY(closure) {
  UNUSED;
  note("closure");
  out->actionType = FWP_ACTION_PERMIT;
}

static void close_setup(void) {
  static const DriverFilter filter = { .layer = CLOSURE, .action = FWP_ACTION_CALLOUT_INSPECTION, .classify = closure };
  driver_setup(&filter, 1);
  traffic(TCPIP_CLOSE, 0, -1, 0); /* waits for the connection */
  traffic_connect(in_thread(), MS);
}

static void close_check(const HarnessRun *run) {
  EXPECT_NOTES(run, "closure");
  EXPECT_EQUAL(connection_state(), CONNECTION_CLOSED);
  EXPECT_EQUAL(run->stop, SIM_STOP_QUIET);
}

static void exit_thread(void *argument) {
  (void)argument;
  KeDelayExecutionThread(KernelMode, FALSE, &(LARGE_INTEGER){ .QuadPart = -500000 });
  tcpip_process_exit(tcpip_connection_find(local_end, remote_end)->process);
}

static void exit_setup(void) {
  traffic_connect(in_thread(), MS);
  harness_thread("exit", 8, exit_thread, NULL);
}

static void exit_check(const HarnessRun *run) {
  (void)run;
  EXPECT_EQUAL(connection_state(), CONNECTION_CLOSED);
}

/* Repeated connects count their ports up. */
static void repeat_setup(void) {
  tcpip_stimulus_add(&(TcpipStimulus){
      .kind = TCPIP_CONNECT, .place = in_dpc(0), .local = local_end, .remote = remote_end, .at_ns = MS, .every_ns = 5 * MS, .times = 3 });
}

static void repeat_check(const HarnessRun *run) {
  (void)run;
  for (uint16_t i = 0; i < 3; i++) {
    TcpipConnection *connection = tcpip_connection_find((TcpipEndpoint){ local_end.address, (uint16_t)(local_end.port + i) }, remote_end);
    EXPECT(connection != NULL && connection->state == CONNECTION_ESTABLISHED);
  }
}

/* ---- the layers ---- */

static void nothing(void) {}

static void layers_check(const HarnessRun *run) {
  (void)run;
  EXPECT_EQUAL(wfp_layer_find("FWPM_LAYER_ALE_AUTH_CONNECT_V4")->id, FWPS_LAYER_ALE_AUTH_CONNECT_V4);
  EXPECT_EQUAL(wfp_layer_find("STREAM_V4")->id, FWPS_LAYER_STREAM_V4);
  EXPECT_EQUAL(wfp_layer_find("FWPS_LAYER_KM_AUTHORIZATION")->id, FWPS_LAYER_KM_AUTHORIZATION);
  EXPECT(wfp_layer_find("NOT_A_LAYER") == NULL && wfp_layer_by_id(105) == NULL && wfp_layer_by_id(103) == NULL);
  unsigned keys = 0;
  for (int i = 0; i < WFP_LAYER_COUNT; i++) {
    EXPECT(wfp_layers[i].id == i || i >= FWPS_BUILTIN_LAYER_MAX);
    EXPECT(wfp_field_count(&wfp_layers[i]) <= WFP_FIELD_COUNT_MAX);
    EXPECT(wfp_layer_find(wfp_layers[i].name) == &wfp_layers[i]);
  }
  for (uint32_t i = 0; i < ddi_guid_count; i++)
    if (strncmp(ddi_guids[i].name, "FWPM_LAYER_", 11) == 0) {
      keys++;
      EXPECT(wfp_layer_by_guid(ddi_guids[i].bytes) != NULL);
    }
  EXPECT(keys >= 40);
}

typedef struct FieldRow {
  const char *layer, *field, *key;
  int number;
} FieldRow;

static void fields_check(const HarnessRun *run) {
  static const FieldRow rows[] = {
    { CONNECT, "IP_REMOTE_PORT", "FWPM_CONDITION_IP_REMOTE_PORT", FWPS_FIELD_ALE_AUTH_CONNECT_V4_IP_REMOTE_PORT },
    { CONNECT, "FLAGS", "FWPM_CONDITION_FLAGS", FWPS_FIELD_ALE_AUTH_CONNECT_V4_FLAGS },
    { CONNECT, "ALE_APP_ID", "FWPM_CONDITION_ALE_APP_ID", FWPS_FIELD_ALE_AUTH_CONNECT_V4_ALE_APP_ID },
    { CONNECT, "REAUTHORIZE_REASON", "FWPM_CONDITION_REAUTHORIZE_REASON", FWPS_FIELD_ALE_AUTH_CONNECT_V4_REAUTHORIZE_REASON },
    { STREAM, "DIRECTION", "FWPM_CONDITION_DIRECTION", FWPS_FIELD_STREAM_V4_DIRECTION },
    { STREAM, "IP_PROTOCOL", "FWPM_CONDITION_IP_PROTOCOL", -1 },
    { ESTABLISHED, "IP_LOCAL_PORT", "FWPM_CONDITION_IP_LOCAL_PORT", FWPS_FIELD_ALE_FLOW_ESTABLISHED_V4_IP_LOCAL_PORT },
    { CLOSURE, "IP_REMOTE_ADDRESS", "FWPM_CONDITION_IP_REMOTE_ADDRESS", FWPS_FIELD_ALE_ENDPOINT_CLOSURE_V4_IP_REMOTE_ADDRESS },
    { "ALE_AUTH_LISTEN_V4", "IP_PROTOCOL", "FWPM_CONDITION_IP_PROTOCOL", -1 },
  };
  (void)run;
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    const WfpLayer *layer = wfp_layer_find(rows[i].layer);
    const DdiGuid *key = ddi_guid_find(rows[i].key);
    harness_expect_equal((uint64_t)wfp_field_find(layer, rows[i].field), (uint64_t)rows[i].number, rows[i].field, __FILE__, __LINE__);
    harness_expect(key != NULL && wfp_field_by_guid(layer, key->bytes) == rows[i].number, rows[i].key, __FILE__, __LINE__);
  }
}

/* The fields of every layer that has any in the headers, one by one: FWPS_FIELD_<LAYER>_<FIELD> is the field's number. */
static void numbers_check(const HarnessRun *run) {
  unsigned seen = 0;
  (void)run;
  for (int i = 0; i < WFP_LAYER_COUNT; i++) {
    char name[160], field[80];
    for (unsigned number = 0; wfp_field_name(&wfp_layers[i], number, field, sizeof field); number++) {
      strcpy(name, "FWPS_FIELD_");
      strcat(name, wfp_layers[i].name);
      strcat(name, "_");
      strcat(name, field);
      const DdiConstant *constant = ddi_constant_find(name);
      if (constant == NULL)
        continue;
      seen++;
      harness_expect_equal(number, (uint64_t)constant->value, name, __FILE__, __LINE__);
    }
  }
  EXPECT(seen > 300);
}

int main(void) {
  static const HarnessCase cases[] = {
    { .name = "W_LAY_2 W_LAY_3 connect in a thread", .setup = thread_setup, .check = thread_check },
    { .name = "W_LAY_2 W_LAY_3 connect in a kernel client's DPC", .cpus = 2, .setup = dpc_setup, .check = dpc_check },
    { .name = "W_LAY_2 W_LAY_3 connect by a raised thread", .setup = raised_setup, .check = raised_check },
    { .name = "W_NBL_4 a pointer that was kept", .setup = keep_setup, .check = keep_check },
    { .name = "W_LAY_6 BLOCK at FLOW_ESTABLISHED", .setup = established_setup, .check = established_check },
    { .name = "W_REA_1 W_REA_2 W_REA_4 the policy changes", .setup = policy_setup, .check = policy_check },
    { .name = "W_REA_1 somebody else's filter", .setup = somebody_setup, .check = somebody_check },
    { .name = "K_IRQL_9 packets of a processor that does not come down", .cpus = 2, .setup = rss_setup, .check = rss_check },
    { .name = "W_LAY_5 closed; a stimulus that waits", .setup = close_setup, .check = close_check },
    { .name = "W_LAY_1 a process exits", .setup = exit_setup, .check = exit_check },
    { .name = "W_LAY_1 repeated connects", .setup = repeat_setup, .check = repeat_check },
    { .name = "W_BFE_7 layers by name, number and key", .setup = nothing, .check = layers_check },
    { .name = "W_FLT_8 fields by name and condition", .setup = nothing, .check = fields_check },
    { .name = "W_BFE_7 fields by the headers' numbers", .setup = nothing, .check = numbers_check },
  };
  return harness_main("wfp traffic", cases, sizeof cases / sizeof cases[0]);
}
