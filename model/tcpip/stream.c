/* Data of established connections, in both directions, and how they end. W-STR-6, W-REA-1. */
#include "../wfp/wfp.h"
#include "tcpip.h"

#include "../events.h"
#include "../model.h"
#include "../ndis/net_buffer.h"

#define SEND_SIZE_MAX 65536 /* of one indication */

static void data_deliver(TcpipConnection *connection, uint64_t size) {
  connection->bytes_in += size;
  sim_event(sim_machine(), EVENT_STREAM_DATA, 0, connection->flow->ordinal, 0, (uint32_t)size, 0);
}

/* Shows the data to the stream callouts. True: it goes on. */
static bool data_classify(TcpipConnection *connection, uint32_t flags, uint32_t size, WfpStreamAnswer *answer) {
  *answer = (WfpStreamAnswer){ .is_blocked = false };
  if (connection->skips_stream)
    return true;
  NET_BUFFER_LIST *list = ndis_list_create(connection->flow_id, size);
  if (list == NULL)
    return false; /* no memory: the packet is lost */
  wfp_stream_classify(connection, &(WfpStreamData){ .flags = flags, .list = list, .length = size }, NULL, answer);
  ndis_list_release(list);
  connection->skips_stream |= answer->is_allowed;
  if (answer->is_dropped)
    tcpip_connection_end(connection, CONNECTION_BLOCKED, STATUS_CONNECTION_ABORTED, 0);
  return !answer->is_blocked && !answer->is_dropped && !answer->is_deferred && answer->more == 0;
}

/* ---- inbound ---- */

/* In the receive DPC. */
void tcpip_data_receive(TcpipConnection *connection, uint32_t size) {
  WfpStreamAnswer answer;
  if (!tcpip_is_connected(connection) || !tcpip_policy_check(connection, true))
    return;
  size += (uint32_t)connection->held_bytes;
  connection->held_bytes = 0;
  if (connection->is_deferred) {
    connection->held_bytes = size;
    return;
  }
  if (data_classify(connection, FWPS_STREAM_FLAG_RECEIVE | FWPS_STREAM_FLAG_RECEIVE_PUSH, size, &answer))
    data_deliver(connection, size);
  connection->is_deferred = answer.is_deferred;
  if (answer.is_deferred || answer.more > 0)
    connection->held_bytes = size;
}

void tcpip_stream_resume(TcpipConnection *connection) {
  connection->is_deferred = false;
  if (connection->held_bytes > 0)
    tcpip_data_receive(connection, 0);
}

void tcpip_disconnect_receive(TcpipConnection *connection, bool is_abort) {
  uint32_t end = is_abort ? FWPS_STREAM_FLAG_RECEIVE_ABORT : FWPS_STREAM_FLAG_RECEIVE_DISCONNECT;
  tcpip_connection_end(connection, CONNECTION_CLOSED, is_abort ? STATUS_CONNECTION_RESET : STATUS_CONNECTION_DISCONNECTED,
                       FWPS_STREAM_FLAG_RECEIVE | end);
}

/* ---- outbound ---- */

/* In the sender's context, at its IRQL. */
int32_t tcpip_send(TcpipConnection *connection, uint64_t bytes) {
  WfpStreamAnswer answer;
  while (bytes > 0) {
    uint32_t size = bytes < SEND_SIZE_MAX ? (uint32_t)bytes : SEND_SIZE_MAX;
    if (!tcpip_is_connected(connection))
      return STATUS_CONNECTION_INVALID;
    if (!tcpip_policy_check(connection, false))
      return STATUS_CONNECTION_ABORTED;
    if (data_classify(connection, FWPS_STREAM_FLAG_SEND, size, &answer))
      connection->bytes_out += size;
    bytes -= size;
  }
  return STATUS_SUCCESS;
}

/* ---- what a callout put back (W-STR-6, W-STR-7) ---- */

void tcpip_stream_injected(TcpipConnection *connection, uint32_t stream_flags, uint64_t length) {
  bool is_inbound = stream_flags & (FWPS_STREAM_FLAG_RECEIVE | FWPS_STREAM_FLAG_RECEIVE_EXPEDITED);
  if (is_inbound && length > 0)
    data_deliver(connection, length);
  else
    connection->bytes_out += length;
  uint32_t ends =
      FWPS_STREAM_FLAG_RECEIVE_DISCONNECT | FWPS_STREAM_FLAG_RECEIVE_ABORT | FWPS_STREAM_FLAG_SEND_DISCONNECT | FWPS_STREAM_FLAG_SEND_ABORT;
  if (stream_flags & ends)
    tcpip_end_later(connection);
}
