/*
 * flt.h: the Filter Manager for the rest of the model: the user-mode side of communication ports, and ports that irqlab opens for drivers written
 * as steps. Stdint and sim only.
 */
#pragma once

#include "flt_face.h"
#include "flt_state.h"

void flt_begin(void);

/* The living object an opaque pointer of driver code names; NULL: it names none (flt_pointer_fault then says what Windows does). */
FltFilter *flt_filter_at(uint64_t address);
FltClientPort *flt_client_port_at(uint64_t address);
FltServerPort *flt_server_port_at(uint64_t address);

/* Driver code handed the Filter Manager a pointer that is none: it reads through it, as Windows does, and stops where that faults. When the
 * memory can be read, CONTRACT_OBJECT_KIND. `function`: DdiFunction.id. */
void flt_pointer_fault(uint64_t address, uint32_t function);

/* ---- the user-mode side, from a user-mode thread in a system call (fltuser.h) ---- */

/* FilterConnectCommunicationPort: ConnectNotify in the caller's context at PASSIVE_LEVEL. Returns an NTSTATUS; *port borrowed. */
int32_t flt_user_connect(const char *name, FltClientPort **port);
/* The handle is closed, by the program or because its process ends: DisconnectNotify once. */
void flt_user_disconnect(FltClientPort *port);
/* FilterGetMessage: waits until `due_ns` (KE_WAIT_FOREVER) for a message; copies at most `size` bytes of it to the user address; gives its id and
 * how many reply bytes the sender takes. STATUS_TIMEOUT; STATUS_PORT_DISCONNECTED. */
int32_t flt_user_get(FltClientPort *port, uint64_t buffer, uint32_t size, uint64_t due_ns, uint64_t *id, uint32_t *reply_capacity);
/* FilterReplyMessage. STATUS_FLT_NO_WAITER_FOR_REPLY when the sender has given up (F-MSG-3). */
int32_t flt_user_reply(FltClientPort *port, uint64_t id, const void *reply, uint32_t length);

/* Internal to flt/: ends what waits on a connection whose one side is gone. */
void flt_client_port_fail(FltClientPort *port);
/* Internal to flt/: the filter goes: so do its connections, DisconnectNotify included. */
void flt_client_port_close(FltClientPort *port);
/* Internal to flt/: a connection is gone when neither side nor any call holds it. */
void flt_client_port_hold(FltClientPort *port);
void flt_client_port_release(FltClientPort *port);

/* ---- unloading ---- */

/* In the thread that unloads the driver, at PASSIVE_LEVEL. FltRegisterFilter puts the Filter Manager's routine in the place of DriverUnload: it
 * calls FilterUnloadCallback, and then what was in that place before. False: the driver has no filter, or has put its own routine there since. */
bool flt_driver_unload(uint32_t driver);
bool flt_driver_unloads(uint32_t driver); /* would it */
