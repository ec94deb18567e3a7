/*
 * driver.h: a minifilter with one port, and the service at its other end, for the cases of this folder. The driver's variables lie in guest
 * memory; what it does when a service comes and goes can be changed by the case.
 */
#pragma once

#include <fltKernel.h>

#include "../ke/harness.h"

#include "../../model/flt/flt.h"
#include "../../model/io/io_face.h"
#include "../../model/user/user_face.h"
#include "ddi_ids.gen.h"
#include "ddi_wrappers.gen.h"

#define MS 1000000ull
#define TICK_NS 15625000ull /* waits end at ticks */
#define PORT_NAME "\\agent"
#define COOKIE ((PVOID)0x77) /* of the connection */
#define SERVER_COOKIE ((PVOID)0x5e)

typedef struct DriverGlobals {
  PFLT_FILTER filter;
  PFLT_PORT server;
  PFLT_PORT clients[4]; /* in the order of connects */
  ULONG client_count;
  NTSTATUS answer; /* of ConnectNotify */
  ULONG question;
  ULONG reply_length;
  UCHAR reply[16];
  LARGE_INTEGER timeout;
  WCHAR name[80];
} DriverGlobals;

extern DriverGlobals *driver; /* of this run */

/* What a case wants otherwise: beyond noting "connect" and "disconnect=COOKIE". Called by the notify routines; NULL: nothing. */
extern void (*driver_on_connect)(void);
extern void (*driver_on_disconnect)(void);

/* Loads the driver: registers the filter, opens the port for that many connections, starts. The case's own part of DriverEntry follows. */
void driver_setup(LONG connections_max, void (*rest_of_entry)(void));

NTSTATUS port_create(PFLT_FILTER filter, const WCHAR *name, ULONG attributes, LONG connections_max, PFLT_PORT *port);

/* The driver's message to the n-th connection: 4 bytes, and a reply of `capacity` bytes at most (0: none is wanted), within that time (0: for
 * ever). Notes "sent=STATUS". */
NTSTATUS message_send(unsigned client, ULONG capacity, uint64_t timeout_ns);

/* A thread of the driver that begins at that time. */
void driver_thread(const char *name, KeThreadStart *start, uint64_t start_ns);

/* A thread of a user-mode process with a script, from 1 ms on. */
#define SERVICE(process, script) user_thread_create((process), "receiver", 8, -1, (script), sizeof(script) / sizeof *(script), MS)

/* The status of the n-th system call to return. */
int32_t call_status(const HarnessRun *run, size_t n);
