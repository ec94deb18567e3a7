/*
 * Connections as a TCP client sees them: authorisation, SYN, establishment, end. W-PND-4, W-PND-7, W-LAY-1, W-LAY-5, W-LAY-6, W-REA-1 to
 * W-REA-4; win32 fwp/tcp-packet-flows. Simplified: the bind layers and CONNECT_REDIRECT, the transport and network layers are not
 * classified.
 */
#include "../wfp/wfp.h"
#include "tcpip.h"

#include "../events.h"
#include "../model.h"

#define ROUND_TRIP_NS 1000000
#define PORT_DYNAMIC_FIRST 49152 /* semantics open question 24 */

static const char *const state_names[] = {
  [CONNECTION_NEW] = "new",           [CONNECTION_AUTHORIZING] = "authorizing", [CONNECTION_PENDED] = "pended",
  [CONNECTION_SYN_SENT] = "SYN sent", [CONNECTION_ESTABLISHED] = "established", [CONNECTION_CLOSING] = "closing",
  [CONNECTION_CLOSED] = "closed",     [CONNECTION_BLOCKED] = "blocked",
};

const char *tcpip_state_name(ConnectionState state) { return state <= CONNECTION_BLOCKED ? state_names[state] : "?"; }

TcpipState *tcpip_state(void) {
  if (!MODEL->tcpip.is_begun)
    tcpip_begin();
  return &MODEL->tcpip;
}

void tcpip_begin(void) {
  TcpipState *state = &MODEL->tcpip;
  if (state->is_begun)
    return;
  state->is_begun = true;
  sim_list_init(&state->connections);
  sim_list_init(&state->stimuli);
  state->round_trip_ns = ROUND_TRIP_NS;
  state->port_next = PORT_DYNAMIC_FIRST;
  state->flow_id_next = 0x100;
  state->changed = ke_event_create("a change of connections", true, false);
  tcpip_request_begin();
  tcpip_receive_begin();
}

void tcpip_round_trip_set(uint64_t round_trip_ns) { tcpip_state()->round_trip_ns = round_trip_ns; }

/* ---- the table ---- */

TcpipConnection *tcpip_connection_find(TcpipEndpoint local, TcpipEndpoint remote) {
  SimLink *head = &tcpip_state()->connections;
  for (SimLink *link = head->previous; link != head; link = link->previous) {
    TcpipConnection *connection = SIM_CONTAINER(link, TcpipConnection, link);
    bool is_remote = remote.port == 0 || (connection->remote.address == remote.address && connection->remote.port == remote.port);
    if (connection->local.address == local.address && connection->local.port == local.port && is_remote)
      return connection;
  }
  return NULL;
}

TcpipConnection *tcpip_flow_find(uint64_t flow_id) {
  SimLink *link, *following;
  SIM_LIST_EACH(&tcpip_state()->connections, link, following) {
    TcpipConnection *connection = SIM_CONTAINER(link, TcpipConnection, link);
    if (flow_id != 0 && connection->flow_id == flow_id && connection->flow != NULL)
      return connection;
  }
  return NULL;
}

/* "10.0.0.1:49152" */
static unsigned number_print(char *text, unsigned at, unsigned number) {
  char digits[8];
  unsigned count = 0;
  do
    digits[count++] = (char)('0' + number % 10);
  while ((number /= 10) != 0);
  while (count > 0)
    text[at++] = digits[--count];
  return at;
}

static void connection_name(Object *object, TcpipEndpoint local) {
  char text[OBJECT_NAME_SIZE];
  unsigned at = 0;
  for (int shift = 24; shift >= 0; shift -= 8) {
    at = number_print(text, at, local.address >> shift & 0xff);
    text[at++] = shift > 0 ? '.' : ':';
  }
  text[number_print(text, at, local.port)] = '\0';
  object_name_set(object, text);
}

TcpipConnection *tcpip_connection_create(KeProcess *process, TcpipEndpoint local, TcpipEndpoint remote, int receive_cpu) {
  TcpipState *state = tcpip_state();
  Object *object = object_create(OBJECT_CONNECTION, 0, 0, sizeof(TcpipConnection));
  TcpipConnection *connection = object->body;
  if (local.port == 0)
    local.port = state->port_next++;
  connection->object = object;
  connection->local = local;
  connection->remote = remote;
  connection->protocol = IPPROTO_TCP;
  connection->process = process != NULL ? process : MODEL->ke.system_process;
  connection->receive_cpu = (uint8_t)(receive_cpu < 0 || (uint32_t)receive_cpu >= MODEL->ke.prcb_count ? 0 : receive_cpu);
  connection->endpoint = 0x8000 + object->ordinal;
  connection->settled = ke_event_create("connect", true, false);
  connection->lock = wfp_lock_create("netio's lock of a flow");
  sim_list_init(&connection->flow_contexts);
  sim_list_init(&connection->injections);
  sim_list_push_tail(&state->connections, &connection->link);
  connection_name(object, local);
  sim_event(sim_machine(), EVENT_CONNECTION, 0, object->ordinal, 0, CONNECTION_NEW, 0);
  return connection;
}

void tcpip_state_set(TcpipConnection *connection, ConnectionState state) {
  if (connection->state == state)
    return;
  connection->state = (uint8_t)state;
  sim_event(sim_machine(), EVENT_CONNECTION, 0, connection->object->ordinal, connection->status, state, 0);
  tcpip_changed();
}

bool tcpip_is_connected(const TcpipConnection *connection) { return connection->state == CONNECTION_ESTABLISHED; }
bool tcpip_is_over(const TcpipConnection *connection) { return connection->state >= CONNECTION_CLOSING || connection->is_flow_closing; }

/* ---- authorisation ---- */

static void flow_begin(TcpipConnection *connection) {
  connection->flow = object_create(OBJECT_FLOW, 0, 0, 0);
  connection->flow_id = tcpip_state()->flow_id_next++;
  object_name_set(connection->flow, connection->object->name);
}

static void connect_settle(TcpipConnection *connection, int32_t status) {
  connection->status = status;
  ke_event_set(connection->settled, IO_NETWORK_INCREMENT);
}

static void connection_refuse(TcpipConnection *connection) {
  connection->was_refused = true;
  if (connection->state == CONNECTION_ESTABLISHED)
    tcpip_connection_end(connection, CONNECTION_BLOCKED, STATUS_CONNECTION_ABORTED, 0); /* W-REA-4 */
  else
    tcpip_connection_end(connection, CONNECTION_BLOCKED, STATUS_ACCESS_DENIED, 0);
}

static void syn_send(TcpipConnection *connection) {
  tcpip_state_set(connection, CONNECTION_SYN_SENT);
  tcpip_packet_send(connection, TCPIP_PACKET_SYN_ACK, 0, -1, ke_now_ns() + tcpip_state()->round_trip_ns);
}

static void decision_do(TcpipConnection *connection, const WfpDecision *decision) {
  if (decision->action == FWP_ACTION_BLOCK)
    connection_refuse(connection);
  else if (connection->state != CONNECTION_ESTABLISHED && connection->state != CONNECTION_SYN_SENT)
    syn_send(connection);
}

void tcpip_authorize(TcpipConnection *connection, bool is_reauthorize, uint32_t reason, bool is_inbound) {
  WfpRequest request = { .is_reauthorize = is_reauthorize, .reason = reason, .is_inbound = is_inbound };
  WfpDecision decision;
  if (connection->flow == NULL)
    flow_begin(connection);
  tcpip_request_fill(&request, connection, "ALE_AUTH_CONNECT_V4");
  connection->policy_epoch = MODEL->wfp.policy_epochs[wfp_layer_index(request.layer)];
  if (connection->state < CONNECTION_SYN_SENT)
    tcpip_state_set(connection, CONNECTION_AUTHORIZING);
  wfp_classify(&request, &decision);
  if (tcpip_is_over(connection)) /* it was closed meanwhile */
    return;
  if (decision.is_completed) { /* pended and completed before the classification was over: the second one is this context's (W-PND-7) */
    tcpip_state_set(connection, CONNECTION_PENDED);
    tcpip_operation_complete(connection, wfp_layer_index(request.layer));
  } else if (decision.is_pended) {
    tcpip_state_set(connection, CONNECTION_PENDED);
  } else {
    decision_do(connection, &decision);
  }
}

void tcpip_operation_complete(TcpipConnection *connection, int layer) {
  (void)layer; /* Simplified: only ALE_AUTH_CONNECT is pended in this stack */
  if (connection->state == CONNECTION_PENDED)
    tcpip_authorize(connection, true, FWP_CONDITION_REAUTHORIZE_REASON_CLASSIFY_COMPLETION, false);
}

bool tcpip_policy_check(TcpipConnection *connection, bool is_inbound) {
  const WfpLayer *layer = tcpip_layer_find("ALE_AUTH_CONNECT_V4");
  if (connection->policy_epoch != MODEL->wfp.policy_epochs[wfp_layer_index(layer)])
    tcpip_authorize(connection, true, FWP_CONDITION_REAUTHORIZE_REASON_POLICY_CHANGE, is_inbound);
  return !tcpip_is_over(connection);
}

/* ---- connect() ---- */

TcpipConnection *tcpip_connect_begin(KeProcess *process, TcpipEndpoint local, TcpipEndpoint remote, int receive_cpu) {
  TcpipConnection *connection = tcpip_connection_create(process, local, remote, receive_cpu);
  tcpip_authorize(connection, false, 0, false);
  return connection;
}

int32_t tcpip_connect_wait(TcpipConnection *connection, bool is_user) {
  int32_t status = ke_wait_one(connection->settled, is_user, KE_WAIT_FOREVER);
  if (status == STATUS_SUCCESS)
    return connection->status;
  tcpip_close(connection, true); /* the thread is to end */
  return status;
}

void tcpip_establish(TcpipConnection *connection) {
  WfpRequest request = { .is_inbound = true };
  WfpDecision decision;
  if (connection->state != CONNECTION_SYN_SENT)
    return;
  tcpip_request_fill(&request, connection, "ALE_FLOW_ESTABLISHED_V4");
  wfp_classify(&request, &decision);
  if (tcpip_is_over(connection))
    return;
  if (decision.action == FWP_ACTION_BLOCK) { /* W-LAY-6: the client's handshake is over, and the connection with it */
    connection->was_refused = true;
    tcpip_connection_end(connection, CONNECTION_BLOCKED, STATUS_CONNECTION_ABORTED, 0);
    return;
  }
  tcpip_state_set(connection, CONNECTION_ESTABLISHED);
  connect_settle(connection, STATUS_SUCCESS);
}

/* ---- the end ---- */

/* W-LAY-5. Simplified: what a callout answers there, or pends, changes nothing. */
static void endpoint_closure(TcpipConnection *connection) {
  WfpRequest request = { .is_inbound = false };
  WfpDecision decision;
  if (!model_is_since(DDI_WINDOWS_7))
    return;
  tcpip_request_fill(&request, connection, "ALE_ENDPOINT_CLOSURE_V4");
  wfp_classify(&request, &decision);
}

/* The stream callouts see the end if data could flow. True: one of them keeps it, to inject it later (W-STR-6). */
static bool stream_end_is_kept(TcpipConnection *connection, uint32_t stream_flags) {
  WfpStreamData data = { .flags = stream_flags };
  WfpStreamAnswer answer = { .is_blocked = false };
  if (stream_flags != 0 && !connection->skips_stream)
    wfp_stream_classify(connection, &data, NULL, &answer);
  return answer.is_blocked && !(stream_flags & (FWPS_STREAM_FLAG_SEND_ABORT | FWPS_STREAM_FLAG_RECEIVE_ABORT));
}

/* Who injects into the flow at this moment holds its lock, and is waited for. */
static void flow_finish(TcpipConnection *connection, ConnectionState state, int32_t status) {
  bool was_settled = connection->settled->signal_state != 0;
  KIRQL irql;
  KeAcquireSpinLock((PKSPIN_LOCK)connection->lock, &irql);
  bool was_ended = connection->is_flow_ended;
  connection->is_flow_ended = true;
  KeReleaseSpinLock((PKSPIN_LOCK)connection->lock, irql);
  if (was_ended)
    return;
  wfp_operations_cancel(connection);
  wfp_flow_end(connection);
  if (!was_settled)
    connection->status = status;
  tcpip_state_set(connection, state);
  if (!was_settled)
    connect_settle(connection, status);
  if (connection->flow != NULL)
    endpoint_closure(connection);
}

/* On whatever processor. Simplified: one FIN, of either end, ends the connection. */
void tcpip_connection_end(TcpipConnection *connection, ConnectionState state, int32_t status, uint32_t stream_flags) {
  if (connection->is_flow_ended)
    return;
  bool is_first = !connection->is_flow_closing;
  connection->is_flow_closing = true;
  if (is_first && connection->state == CONNECTION_ESTABLISHED) {
    tcpip_state_set(connection, CONNECTION_CLOSING);
    if (stream_end_is_kept(connection, stream_flags) || connection->is_flow_ended)
      return;
  }
  flow_finish(connection, state, status);
}

void tcpip_close(TcpipConnection *connection, bool is_abort) {
  uint32_t abort = FWPS_STREAM_FLAG_SEND | FWPS_STREAM_FLAG_SEND_ABORT;
  uint32_t disconnect = FWPS_STREAM_FLAG_SEND | FWPS_STREAM_FLAG_SEND_DISCONNECT;
  tcpip_connection_end(connection, CONNECTION_CLOSED, STATUS_CONNECTION_ABORTED, is_abort ? abort : disconnect);
}

void tcpip_process_exit(KeProcess *process) {
  SimLink *link, *following;
  SIM_LIST_EACH(&tcpip_state()->connections, link, following) {
    TcpipConnection *connection = SIM_CONTAINER(link, TcpipConnection, link);
    if (connection->process == process && !tcpip_is_over(connection))
      tcpip_close(connection, true);
  }
}
