/*
 * tcpip_state.h: connections, packets, the network adapter: what a run changes in model/tcpip. Stdint and sim only: rules, scenarios and
 * reports read it. Bodies are on the arena's heap; zeroed when a run begins.
 */
#pragma once

#include "../../sim/machine.h"
#include "../ke/ke_state.h"
#include "../object.h"

#include <stdbool.h>
#include <stdint.h>

/* IPv4, host order. */
typedef struct TcpipEndpoint {
  uint32_t address;
  uint16_t port;
} TcpipEndpoint;

/* A TCP connection as its local end sees it (EVENT_CONNECTION.detail). */
typedef enum ConnectionState {
  CONNECTION_NEW,         /* made, not yet authorised */
  CONNECTION_AUTHORIZING, /* ALE_AUTH_CONNECT is being classified */
  CONNECTION_PENDED,      /* a callout pended that */
  CONNECTION_SYN_SENT,    /* permitted; waits for the SYN-ACK */
  CONNECTION_ESTABLISHED,
  CONNECTION_CLOSING, /* a FIN was sent or seen, or it is being torn down */
  CONNECTION_CLOSED,
  CONNECTION_BLOCKED, /* a filter refused it, before or after it was established */
} ConnectionState;

typedef struct TcpipConnection {
  SimLink link;      /* in TcpipState.connections, by age */
  Object *object;    /* OBJECT_CONNECTION */
  Object *flow;      /* OBJECT_FLOW, from the first authorisation to the end of the flow; NULL: none */
  uint64_t flow_id;  /* the flow handle driver code sees; 0: none */
  uint64_t endpoint; /* the transport endpoint handle driver code sees */
  TcpipEndpoint local;
  TcpipEndpoint remote;
  uint8_t protocol;      /* IPPROTO_TCP */
  uint8_t state;         /* ConnectionState */
  uint8_t receive_cpu;   /* whose receive DPC its packets go to (RSS) */
  bool is_flow_closing;  /* the flow's end has begun on some cpu */
  bool is_flow_ended;    /* and every flow context was taken off */
  bool was_refused;      /* a filter said no */
  bool skips_stream;     /* a stream callout answered ALLOW_CONNECTION: its data is no longer classified */
  bool is_deferred;      /* a stream callout answered DEFER: inbound data waits for FwpsStreamContinue0 */
  uint32_t policy_epoch; /* of its layer when it was authorised last */
  KeProcess *process;    /* whose socket it is */
  KeEvent *settled;      /* set when connect() can return: established, refused or aborted */
  int32_t status;        /* what connect() returns */
  uint64_t lock;         /* guest address of netio's stream lock of the flow (KSPIN_LOCK) */
  uint32_t lock_context; /* id of the context that injects under it; 0: nobody */
  SimLink flow_contexts; /* WfpFlowContext.link */
  SimLink injections;    /* TcpipInjection.link: queued behind the one under way */
  uint32_t late_count;   /* data packets that the network lost or held up, on their way again */
  uint64_t held_bytes;   /* inbound data deferred, or needed together with what follows */
  uint64_t bytes_in;     /* delivered to the reader */
  uint64_t bytes_out;    /* sent to the far end */
} TcpipConnection;

typedef enum TcpipPacketKind {
  TCPIP_PACKET_SYN_ACK,
  TCPIP_PACKET_DATA,
  TCPIP_PACKET_ACK, /* of data that was injected outbound */
  TCPIP_PACKET_FIN,
  TCPIP_PACKET_RST,
  TCPIP_PACKET_END,      /* none at all: what FwpsFlowAbort0, or a disconnect that was injected, has left to do */
  TCPIP_PACKET_CONTINUE, /* none at all: FwpsStreamContinue0's work */
  TCPIP_PACKET_CLIENT,   /* none at all: a kernel client's DPC is due */
} TcpipPacketKind;

/* Something on its way to a cpu's receive DPC. */
typedef struct TcpipPacket {
  SimLink link;                /* in TcpipCpu.packets */
  SimQueueEntry arrival;       /* until it arrives */
  TcpipConnection *connection; /* NULL: a client's work */
  uint8_t kind;                /* TcpipPacketKind */
  uint8_t cpu;
  bool is_judged; /* the network has decided what becomes of it */
  bool is_late;   /* counted in its connection's late_count */
  bool is_copy;   /* of one that has arrived: dropped */
  uint32_t size;  /* bytes of data */
  void *payload;  /* TCPIP_PACKET_ACK: TcpipInjection; TCPIP_PACKET_CLIENT: of stimulus.c */
} TcpipPacket;

/* The receive side of the network adapter for one cpu. */
typedef struct TcpipCpu {
  KeInterrupt *interrupt;
  KeDpc *dpc;          /* receive */
  KeDpc *client_dpc;   /* a kernel client's */
  KeDpc *complete_dpc; /* netio's: completes injected data */
  SimLink packets;     /* TcpipPacket.link: arrived, not yet handled */
  SimLink work;        /* TcpipPacket.link: of clients */
  SimLink completions; /* TcpipInjection.link */
  uint32_t waiting;    /* packets arrived and not handled */
  uint32_t delivered;  /* packets handled */
  uint64_t oldest_ns;  /* arrival of the first one waiting */
} TcpipCpu;

/* One FwpsStreamInjectAsync0 that succeeded. */
typedef struct TcpipInjection {
  SimLink link;
  TcpipConnection *connection;
  struct WfpInjectionHandle *handle;
  const struct WfpSubLayer *below; /* the injector's: only callouts under it see the data; NULL: it has none */
  uint32_t stream_flags;           /* FWPS_STREAM_FLAG_* */
  uint32_t list_count;             /* net buffer lists in the chain */
  uint64_t list;                   /* the first of them; 0: a disconnect alone */
  uint64_t length;
  uint64_t completion; /* driver code */
  uint64_t context;
  int32_t status; /* what the net buffer lists end with */
} TcpipInjection;

#define TCPIP_LAYER_COUNT 4
#define TCPIP_FIELD_COUNT_MAX 24

/* Where a layer that the stack classifies at has the fields it knows: looked up once, before the first packet. */
typedef struct TcpipLayer {
  const void *layer;                    /* WfpLayer */
  int8_t fields[TCPIP_FIELD_COUNT_MAX]; /* by row of request.c: number of the field; -1: the layer has none */
} TcpipLayer;

typedef struct TcpipState {
  TcpipLayer layers[TCPIP_LAYER_COUNT];
  bool is_begun;
  SimLink connections; /* TcpipConnection.link */
  SimLink stimuli;     /* of stimulus.c: held until their connection is established */
  KeEvent *changed;    /* set when any connection changes: threads that wait for one look again */
  uint32_t watchers;   /* such threads */
  uint64_t round_trip_ns;
  uint64_t flow_id_next;
  uint16_t port_next;  /* of connections without a local port */
  uint64_t upper_lock; /* guest address of the spin lock an upper component holds while it connects */
  TcpipCpu *cpus;      /* by number, one a CPU */
} TcpipState;
