/*
 * tcpip_face.h: the network stack for those outside of the WDK world: traffic as stimuli, sockets of user-mode threads, what became of a
 * connection. Stdint only.
 */
#pragma once

#include "tcpip_state.h"

/* The stack as it stands when drivers begin to load. From model_begin, or at first use. */
void tcpip_begin(void);

/* From one end to the other and back: when a SYN is answered. Default 1 ms. */
void tcpip_round_trip_set(uint64_t round_trip_ns);

/* ---- stimuli ---- */

typedef enum TcpipPlaceKind {
  TCPIP_PLACE_DEFAULT, /* what is natural: a thread of the process, or of System, for what is sent; the receive DPC for what arrives */
  TCPIP_PLACE_THREAD,  /* a user-mode thread of `process`, in a system call */
  TCPIP_PLACE_SYSTEM_THREAD,
  TCPIP_PLACE_DPC, /* a kernel client's DPC on `cpu` */
} TcpipPlaceKind;

typedef struct TcpipPlace {
  TcpipPlaceKind kind;
  KeProcess *process; /* NULL: System */
  int cpu;            /* a thread runs on this one only; a DPC on it; -1: any (a DPC on cpu 0) */
  SimIrql irql;       /* of a thread: PASSIVE_LEVEL; APC_LEVEL raised; DISPATCH_LEVEL: it holds a spin lock of an upper component */
} TcpipPlace;

typedef enum TcpipStimulusKind {
  TCPIP_CONNECT,  /* a socket connects */
  TCPIP_DATA_IN,  /* `bytes` arrive */
  TCPIP_DATA_OUT, /* `bytes` are sent */
  TCPIP_CLOSE,    /* the local end closes: sends a FIN */
  TCPIP_ABORT,    /* the local end aborts: sends an RST */
  TCPIP_FIN_IN,   /* the far end closes */
  TCPIP_RST_IN,   /* the far end aborts */
} TcpipStimulusKind;

typedef struct TcpipStimulus {
  TcpipStimulusKind kind;
  TcpipPlace place;    /* of packets that arrive only its cpu counts: -1: the connection's receive_cpu */
  TcpipEndpoint local; /* port 0 in a connect: the next free one */
  TcpipEndpoint remote;
  uint64_t bytes;  /* cut into segments of 1460 */
  int receive_cpu; /* of a connect: RSS sends its packets there; -1: cpu 0 */
  uint64_t at_ns;
  uint64_t every_ns; /* between repetitions; a repeated connect counts its local port up */
  uint64_t times;    /* 0 and 1: once */
} TcpipStimulus;

/* Will happen at its time. One that needs an established connection waits for it where it comes too early. Copied. */
void tcpip_stimulus_add(const TcpipStimulus *stimulus);

/* ---- sockets: by the current thread, in a system call or as a kernel client ---- */

/* Makes a socket and connects it: authorises and sends the SYN. Never waits: the connection is SYN_SENT, PENDED, BLOCKED when it returns.
 * IRQL <= DISPATCH_LEVEL. Returns it; it stays in the table to the end of the run. */
TcpipConnection *tcpip_connect_begin(KeProcess *process, TcpipEndpoint local, TcpipEndpoint remote, int receive_cpu);
/* Waits until it is settled and returns its status: STATUS_SUCCESS, STATUS_ACCESS_DENIED (a filter refused), STATUS_CONNECTION_ABORTED, ...
 * PASSIVE_LEVEL. */
int32_t tcpip_connect_wait(TcpipConnection *connection, bool is_user);
/* Sends: classified at STREAM in this thread. IRQL <= DISPATCH_LEVEL. */
int32_t tcpip_send(TcpipConnection *connection, uint64_t bytes);
/* Closes (FIN) or aborts (RST) the local end. IRQL <= DISPATCH_LEVEL. */
void tcpip_close(TcpipConnection *connection, bool is_abort);
/* A process ends: its sockets are closed. */
void tcpip_process_exit(KeProcess *process);

/* ---- what became of it ---- */

/* The newest connection with these ends; remote.port 0: whatever its far end. NULL: none. */
TcpipConnection *tcpip_connection_find(TcpipEndpoint local, TcpipEndpoint remote);

uint32_t tcpip_packets_waiting(unsigned cpu); /* arrived for that cpu's receive DPC and not handled yet */
uint32_t tcpip_packets_delivered(unsigned cpu);
uint64_t tcpip_packet_oldest_ns(unsigned cpu); /* arrival of the first one that waits; 0: none waits */

const char *tcpip_state_name(ConnectionState state); /* "established": constant */
