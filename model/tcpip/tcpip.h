/*
 * tcpip.h: the stack for the rest of the model, and what the files of this folder share.
 */
#pragma once

#include "tcpip_face.h"

#include "../ke/ke.h"

struct WfpRequest;

TcpipState *tcpip_state(void); /* begun */

/* ---- for the filter engine ---- */

TcpipConnection *tcpip_flow_find(uint64_t flow_id); /* NULL: there is no such flow */
/* A layer that the stack classifies at, by its name without a prefix: looked up when the machine began. */
const struct WfpLayer *tcpip_layer_find(const char *name);

/* What the stack knows of a connection, as the values of a layer's fields; the reason of a reauthorisation in request->reason. */
void tcpip_request_begin(void); /* from tcpip_begin */
void tcpip_request_fill(struct WfpRequest *request, TcpipConnection *connection, const char *layer);
/* What was pended at that layer is completed and nobody holds it any more: goes on with it, at the current IRQL (W-PND-4, W-PND-6). */
void tcpip_operation_complete(TcpipConnection *connection, int layer);
/* The connection ends, by a DPC of its receive processor. Any IRQL <= DISPATCH_LEVEL. */
void tcpip_end_later(TcpipConnection *connection);
/* DEFER is over: data that was held back is indicated, by a DPC. */
void tcpip_stream_continue(TcpipConnection *connection);

/* Stream data that a callout injected goes its way: to the reader, or to the far end; a disconnect ends the flow. Under the flow's lock. */
void tcpip_stream_injected(TcpipConnection *connection, uint32_t stream_flags, uint64_t length);
/* The injection ends later: inbound by a DPC of this processor, outbound when the far end has acknowledged it. Takes it. */
void tcpip_injection_queue(TcpipConnection *connection, TcpipInjection *injection);

/* ---- connection.c ---- */

TcpipConnection *tcpip_connection_create(KeProcess *process, TcpipEndpoint local, TcpipEndpoint remote, int receive_cpu);
void tcpip_state_set(TcpipConnection *connection, ConnectionState state);
/* ALE_AUTH_CONNECT, for the first time or again; what it decides is done. */
void tcpip_authorize(TcpipConnection *connection, bool is_reauthorize, uint32_t reason, bool is_inbound);
/* The SYN was answered: ALE_FLOW_ESTABLISHED, and connect() returns. In the receive DPC. */
void tcpip_establish(TcpipConnection *connection);
/* A packet of either direction comes by: reauthorised if the policy has changed. False: it was refused, and is no more. */
bool tcpip_policy_check(TcpipConnection *connection, bool is_inbound);
/* The end of the flow, by whom: FWPS_STREAM_FLAG_* of a disconnect or abort, 0: the stack's own. */
void tcpip_connection_end(TcpipConnection *connection, ConnectionState state, int32_t status, uint32_t stream_flags);
bool tcpip_is_connected(const TcpipConnection *connection); /* data may flow */
bool tcpip_is_over(const TcpipConnection *connection);      /* closed, blocked, or on its way there */

/* ---- receive.c ---- */

void tcpip_receive_begin(void);
/* Will arrive at that time for the connection's receive processor, or for `cpu` (-1: the connection's). */
TcpipPacket *tcpip_packet_send(TcpipConnection *connection, TcpipPacketKind kind, uint32_t size, int cpu, uint64_t at_ns);

/* ---- network.c ---- */

/* A packet is about to arrive. True: not now; it is lost, or comes later. */
bool tcpip_network_keeps(TcpipPacket *packet);

/* ---- stream.c ---- */

void tcpip_data_receive(TcpipConnection *connection, uint32_t size);
void tcpip_disconnect_receive(TcpipConnection *connection, bool is_abort);
void tcpip_stream_resume(TcpipConnection *connection); /* what DEFER held back is indicated again */

/* ---- stimulus.c ---- */

/* Something about connections has changed: stimuli that wait look again. */
void tcpip_changed(void);
void tcpip_client_run(TcpipPacket *packet); /* in a kernel client's DPC */
