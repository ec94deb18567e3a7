/* Communication ports: the server port that listens, the client port a connection is (F-PRT-1, F-PRT-2). */
#include <fltKernel.h>

#include "../ddi/call.h"
#include "../ke/ke.h"
#include "../model.h"
#include "ddi_callbacks.gen.h"
#include "ddi_ids.gen.h"
#include "flt.h"

FltServerPort *flt_server_port_at(uint64_t address) {
  Object *object = object_find(address, OBJECT_FLT_SERVER_PORT);
  return object != NULL ? object->body : NULL;
}

FltClientPort *flt_client_port_at(uint64_t address) {
  Object *object = object_find(address, OBJECT_FLT_CLIENT_PORT);
  return object != NULL ? object->body : NULL;
}

#define COOKIE_SPACING 64

/* ---- names ---- */

/* Object names compare without case (ASCII here: Simplified). */
static char lower(char character) { return character >= 'A' && character <= 'Z' ? (char)(character + 'a' - 'A') : character; }

static bool names_equal(const char *left, const char *right) {
  while (*left != '\0' && lower(*left) == lower(*right))
    left++, right++;
  return lower(*left) == lower(*right);
}

static FltServerPort *server_find(const char *name) {
  SimLink *filter, *following;
  SIM_LIST_EACH(&MODEL->flt.filters, filter, following) {
    SimLink *server, *next;
    SIM_LIST_EACH(&SIM_CONTAINER(filter, FltFilter, link)->servers, server, next) {
      FltServerPort *port = SIM_CONTAINER(server, FltServerPort, link);
      if (names_equal(port->name, name))
        return port;
    }
  }
  return NULL;
}

static FltServerPort *server_create(FltFilter *filter, const char *name, int32_t connections_max) {
  Object *object = object_create_opaque(OBJECT_FLT_SERVER_PORT, sizeof(FltServerPort));
  FltServerPort *port = object->body;
  port->object = object;
  port->filter = filter;
  port->connections_max = connections_max;
  object->driver = filter->object->driver;
  object_name_set(object, name);
  for (unsigned i = 0; i < FLT_PORT_NAME_SIZE - 1 && name[i] != '\0'; i++)
    port->name[i] = name[i];
  sim_list_init(&port->clients);
  sim_list_push_tail(&filter->servers, &port->link);
  return port;
}

/* The name of the port as bytes; false when it is none or too long. Simplified: characters beyond ASCII become '?'. */
static bool name_read(const UNICODE_STRING *string, char *name) {
  unsigned length = string->Length / sizeof(WCHAR);
  if (length == 0 || length >= FLT_PORT_NAME_SIZE)
    return false;
  sim_probe(sim_machine(), (uint64_t)string->Buffer, string->Length, SIM_ACCESS_READ);
  for (unsigned i = 0; i < length; i++)
    name[i] = string->Buffer[i] < 0x80 ? (char)string->Buffer[i] : '?';
  name[length] = '\0';
  return true;
}

/* ---- the driver's side ---- */

/* fltkernel/nf-fltkernel-fltcreatecommunicationport: the handle attributes must have OBJ_KERNEL_HANDLE, MaxConnections must be positive, and it
 * listens at once. */
NTSTATUS FltCreateCommunicationPort(PFLT_FILTER Filter, PFLT_PORT *ServerPort, POBJECT_ATTRIBUTES ObjectAttributes, PVOID ServerPortCookie,
                                    PFLT_CONNECT_NOTIFY ConnectNotifyCallback, PFLT_DISCONNECT_NOTIFY DisconnectNotifyCallback,
                                    PFLT_MESSAGE_NOTIFY MessageNotifyCallback, LONG MaxConnections) {
  char name[FLT_PORT_NAME_SIZE];
  FltFilter *filter = flt_filter_at((uint64_t)Filter);
  if (filter == NULL) {
    flt_pointer_fault((uint64_t)Filter, DDI_FltCreateCommunicationPort);
    return STATUS_INVALID_PARAMETER;
  }
  if (!(ObjectAttributes->Attributes & OBJ_KERNEL_HANDLE) || MaxConnections <= 0 || ConnectNotifyCallback == NULL ||
      DisconnectNotifyCallback == NULL)
    return STATUS_INVALID_PARAMETER;
  if (filter->is_unregistering)
    return STATUS_FLT_DELETING_OBJECT;
  if (ObjectAttributes->ObjectName == NULL || !name_read(ObjectAttributes->ObjectName, name))
    return STATUS_OBJECT_NAME_INVALID;
  if (server_find(name) != NULL)
    return STATUS_OBJECT_NAME_COLLISION;
  FltServerPort *port = server_create(filter, name, MaxConnections);
  port->cookie = (uint64_t)ServerPortCookie;
  port->connect_notify = (uint64_t)ConnectNotifyCallback;
  port->disconnect_notify = (uint64_t)DisconnectNotifyCallback;
  port->message_notify = (uint64_t)MessageNotifyCallback;
  *ServerPort = (PFLT_PORT)port->object->address;
  return STATUS_SUCCESS;
}

int32_t flt_driver_port_open(uint64_t filter, const char *name, uint64_t variable) {
  FltFilter *owner = flt_filter_at(filter);
  if (owner == NULL || server_find(name) != NULL)
    return owner == NULL ? STATUS_INVALID_PARAMETER : STATUS_OBJECT_NAME_COLLISION;
  FltServerPort *port = server_create(owner, name, 1024);
  port->client_variable = variable;
  return STATUS_SUCCESS;
}

/* Existing connections live on (F-PRT-2). */
VOID FltCloseCommunicationPort(PFLT_PORT ServerPort) {
  FltServerPort *port = flt_server_port_at((uint64_t)ServerPort);
  if (port == NULL) {
    flt_pointer_fault((uint64_t)ServerPort, DDI_FltCloseCommunicationPort);
    return;
  }
  SimLink *link;
  while ((link = sim_list_pop(&port->clients)) != NULL)
    SIM_CONTAINER(link, FltClientPort, link)->server = NULL;
  sim_list_remove(&port->link);
  object_delete(port->object);
}

void flt_client_port_hold(FltClientPort *port) { port->reference_count++; }

void flt_client_port_release(FltClientPort *port) {
  if (--port->reference_count > 0)
    return;
  sim_list_remove(&port->link);
  object_delete(port->object);
}

/* The driver's pointer is gone. */
static void driver_side_close(FltClientPort *port) {
  if (port->is_closed)
    return;
  port->is_closed = true;
  flt_client_port_fail(port);
  flt_client_port_release(port);
}

/* fltkernel/nf-fltkernel-fltcloseclientport: sets the variable to NULL, synchronised with FltSendMessage: messages on their way end with
 * STATUS_PORT_DISCONNECTED. */
VOID FltCloseClientPort(PFLT_FILTER Filter, PFLT_PORT *ClientPort) {
  uint64_t address = (uint64_t)*ClientPort;
  if (flt_filter_at((uint64_t)Filter) == NULL)
    flt_pointer_fault((uint64_t)Filter, DDI_FltCloseClientPort);
  if (address == 0)
    return;
  FltClientPort *port = flt_client_port_at(address);
  *ClientPort = NULL;
  if (port == NULL) {
    flt_pointer_fault(address, DDI_FltCloseClientPort);
    return;
  }
  driver_side_close(port);
}

/* ---- the user-mode side ---- */

static FltClientPort *client_create(FltServerPort *server) {
  Object *object = object_create_opaque(OBJECT_FLT_CLIENT_PORT, sizeof(FltClientPort));
  FltClientPort *client = object->body;
  client->object = object;
  client->server = server;
  client->filter = server->filter;
  client->process = ke_thread_current()->process;
  client->disconnect_notify = server->disconnect_notify;
  client->client_variable = server->client_variable;
  client->reference_count = 2;
  client->message_id_next = 1;
  object->driver = server->object->driver;
  object_name_set(object, server->object->name);
  sim_list_init(&client->link);
  sim_list_init(&client->messages);
  sim_list_init(&client->unanswered);
  sim_list_init(&client->receivers);
  return client;
}

static void notify_end(FltFilter *filter) {
  if (--filter->notify_count == 0 && filter->notify_ended != NULL)
    ke_event_set(filter->notify_ended, 0);
}

/* The connection port cookie comes back through a variable of the caller's: guest memory of its own, since driver code writes to it. */
static uint64_t cookie_take(void) {
  SimMachine *machine = sim_machine();
  FltState *state = &MODEL->flt;
  if (state->cookies == 0)
    state->cookies = sim_pages_allocate(machine, 1, SIM_PAGE_NONPAGED | SIM_PAGE_RESIDENT | SIM_PAGE_WRITABLE | SIM_PAGE_SHADOWED);
  if (state->cookies == 0 || state->cookies_used == UINT64_MAX)
    sim_stop(machine, SIM_STOP_LIMIT_MEMORY, "guest memory");
  unsigned slot = (unsigned)__builtin_ctzll(~state->cookies_used);
  uint64_t variable = state->cookies + slot * COOKIE_SPACING;
  state->cookies_used |= 1ULL << slot;
  sim_granules_open(machine, variable, sizeof(uint64_t));
  *(uint64_t *)variable = 0;
  return variable;
}

static uint64_t cookie_give(uint64_t variable) {
  uint64_t cookie = *(uint64_t *)variable;
  MODEL->flt.cookies_used &= ~(1ULL << (variable - MODEL->flt.cookies) / COOKIE_SPACING);
  sim_granules_close(sim_machine(), variable, sizeof(uint64_t), SIM_GRANULE_FREED);
  return cookie;
}

/* While driver code runs its server port may be closed and gone. */
static int32_t connect_notify(const FltServerPort *server, FltClientPort *client) {
  if (client->client_variable != 0)
    *(uint64_t *)client->client_variable = client->object->address;
  if (server->connect_notify == 0)
    return STATUS_SUCCESS;
  uint64_t variable = cookie_take();
  FltFilter *filter = client->filter;
  filter->notify_count++;
  int32_t status = ddi_callback_PFLT_CONNECT_NOTIFY((PFLT_CONNECT_NOTIFY)server->connect_notify, (PFLT_PORT)client->object->address,
                                                    (PVOID)server->cookie, NULL, 0, (PVOID *)variable);
  client->cookie = cookie_give(variable);
  notify_end(filter);
  return status;
}

/* The handle is not there, or not any more. */
static void user_side_close(FltClientPort *port) {
  FltServerPort *server = port->server;
  port->is_disconnected = true;
  flt_client_port_fail(port);
  if (server != NULL)
    server->connection_count--;
  port->server = NULL;
  sim_list_remove(&port->link);
}

int32_t flt_user_connect(const char *name, FltClientPort **port) {
  FltServerPort *server = server_find(name);
  *port = NULL;
  if (server == NULL)
    return STATUS_OBJECT_NAME_NOT_FOUND;
  if (server->connection_count >= server->connections_max)
    return STATUS_CONNECTION_COUNT_LIMIT;
  FltClientPort *client = client_create(server);
  server->connection_count++;
  sim_list_push_tail(&server->clients, &client->link);
  int32_t status = connect_notify(server, client);
  sim_event(sim_machine(), EVENT_PORT_CONNECT, 0, client->object->ordinal, status, 0, 0);
  if (status < 0) {
    user_side_close(client);
    driver_side_close(client);
    flt_client_port_release(client);
    return status;
  }
  *port = client;
  return STATUS_SUCCESS;
}

/* Once a connection: when its user-mode side goes, or when the filter is unloaded (F-PRT-2). */
static void disconnect_notify(FltClientPort *port) {
  FltFilter *filter = port->filter;
  uint64_t routine = port->disconnect_notify;
  port->disconnect_notify = 0;
  if (routine == 0 || filter == NULL)
    return;
  filter->notify_count++;
  ddi_callback_PFLT_DISCONNECT_NOTIFY((PFLT_DISCONNECT_NOTIFY)routine, (PVOID)port->cookie);
  notify_end(filter);
}

void flt_user_disconnect(FltClientPort *port) {
  if (port->is_disconnected)
    return;
  sim_event(sim_machine(), EVENT_PORT_DISCONNECT, 0, port->object->ordinal, 0, 0, 0);
  user_side_close(port);
  if (port->client_variable != 0) { /* irqlab's part of a driver that is steps */
    if (*(uint64_t *)port->client_variable == port->object->address)
      *(uint64_t *)port->client_variable = 0;
    driver_side_close(port);
  }
  disconnect_notify(port);
  flt_client_port_release(port);
}

void flt_client_port_close(FltClientPort *port) {
  flt_client_port_hold(port);
  driver_side_close(port);
  if (!port->is_disconnected)
    disconnect_notify(port);
  port->filter = NULL;
  flt_client_port_release(port);
}

/* What waits on it ends: senders with STATUS_PORT_DISCONNECTED, receivers likewise. */
void flt_client_port_fail(FltClientPort *port) {
  SimLink *link, *following;
  SIM_LIST_EACH(&port->messages, link, following) {
    ke_event_set(SIM_CONTAINER(link, FltMessage, link)->progress, 0);
  }
  SIM_LIST_EACH(&port->unanswered, link, following) {
    ke_event_set(SIM_CONTAINER(link, FltMessage, link)->progress, 0);
  }
  SIM_LIST_EACH(&port->receivers, link, following) {
    ke_event_set(SIM_CONTAINER(link, FltReceiver, link)->event, 0);
  }
}
