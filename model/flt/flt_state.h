/*
 * flt_state.h: filters, communication ports and messages as they truly are. Stdint and sim only; in the arena; zeroed when a run begins.
 */
#pragma once

#include "../ke/ke_state.h"

#define FLT_PORT_NAME_SIZE 64
#define FLT_MESSAGE_SIZE_MAX 65536

/* A minifilter: what PFLT_FILTER names. */
typedef struct FltFilter {
  Object *object;
  uint64_t unload_routine; /* FilterUnloadCallback; 0: none */
  uint64_t driver_unload; /* what DriverObject->DriverUnload was at registration: the Filter Manager's takes its place, and calls it last */
  uint32_t notify_count;  /* ConnectNotify and DisconnectNotify routines that run: FltUnregisterFilter waits for them (F-UNL-1) */
  KeEvent *notify_ended;  /* NULL: nobody waits */
  bool is_started;
  bool is_unregistering;
  SimLink servers; /* FltServerPort.link */
  SimLink link;    /* in FltState.filters */
} FltFilter;

/* A communication server port: listens under a name. */
typedef struct FltServerPort {
  Object *object;
  FltFilter *filter;
  SimLink link;
  SimLink clients; /* FltClientPort.link */
  char name[FLT_PORT_NAME_SIZE];
  uint64_t cookie;
  uint64_t connect_notify; /* driver code; 0: connects are accepted silently */
  uint64_t disconnect_notify;
  uint64_t message_notify;
  uint64_t client_variable; /* a PFLT_PORT of a steps driver that irqlab keeps: set at connect; 0: none */
  int32_t connections_max;
  int32_t connection_count;
} FltServerPort;

/* A connection: what the PFLT_PORT given to ConnectNotify names. */
typedef struct FltClientPort {
  Object *object;
  FltServerPort *server; /* NULL: the server port was closed; the connection goes on (F-PRT-2) */
  FltFilter *filter;
  KeProcess *process;         /* whose user-mode side it is */
  uint64_t disconnect_notify; /* its server's: also after the server port is closed */
  uint64_t client_variable;   /* likewise */
  uint32_t reference_count;   /* the user-mode handle, the driver's pointer, and each FltSendMessage that is inside */
  SimLink link;
  SimLink messages;   /* FltMessage.link: sent, not taken */
  SimLink unanswered; /* FltMessage.link: taken, reply outstanding */
  SimLink receivers;  /* FltReceiver.link: threads in FilterGetMessage */
  uint64_t cookie;    /* what ConnectNotify gave back */
  uint64_t message_id_next;
  bool is_disconnected; /* the user-mode side is gone */
  bool is_closed;       /* FltCloseClientPort */
} FltClientPort;

/* One FltSendMessage. Owned by its sender's call. */
typedef struct FltMessage {
  Object *object;
  SimLink link; /* in messages or unanswered */
  FltClientPort *port;
  uint64_t id;
  uint32_t length;
  uint32_t reply_length;
  uint32_t reply_capacity;
  bool wants_reply;
  bool is_taken;
  bool is_replied;
  uint8_t *body;     /* heap; length bytes */
  uint8_t *reply;    /* heap; reply_capacity bytes */
  KeEvent *progress; /* set when taken (no reply wanted), replied, or the port is disconnected */
} FltMessage;

/* A thread in FilterGetMessage. Lives on that thread's stack. */
typedef struct FltReceiver {
  SimLink link;
  KeThread *thread;
  uint64_t buffer; /* user memory; size bytes */
  uint32_t size;
  bool is_served; /* the sender handed over a message: id and reply_capacity are its */
  uint64_t id;
  uint32_t reply_capacity;
  KeEvent *event;
} FltReceiver;

typedef struct FltState {
  SimLink filters;
  uint64_t cookies;      /* a page of variables that ConnectNotify writes its cookie to; 0: not needed yet */
  uint64_t cookies_used; /* by bit */
  bool is_begun;
} FltState;
