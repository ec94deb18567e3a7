/*
 * FltSendMessage and the two calls of the service that answers it (F-MSG-1..5; fltkernel/nf-fltkernel-fltsendmessage).
 *
 * How the message gets to the receiver is documented nowhere; bug check 0x5 of seed 001 says that the sender attaches to the receiver's process
 * [MODEL: semantics 4.2, F-MSG-5]. Simplified: bodies are copied through a buffer of the Filter Manager.
 */
#include <fltKernel.h>

#include "../ddi/call.h"
#include "../ke/ke.h"
#include "../model.h"
#include "ddi_ids.gen.h"
#include "flt.h"

enum { PHASE_QUEUED, PHASE_ATTACHED, PHASE_WAITING, PHASE_DONE }; /* the row's phases in model/ddi/table/flt.toml */

/* ---- handing over ---- */

static void message_take(FltMessage *message) {
  sim_list_remove(&message->link);
  message->is_taken = true;
  sim_event(sim_machine(), EVENT_MESSAGE_TAKE, 0, message->object->ordinal, 0, 0, 0);
  if (message->wants_reply)
    sim_list_push_tail(&message->port->unanswered, &message->link);
  else
    ke_event_set(message->progress, 0);
}

/* Copies what there is room for into the receiver's memory. */
static uint32_t body_copy(const FltMessage *message, uint64_t buffer, uint32_t size) {
  uint32_t count = message->length < size ? message->length : size;
  __builtin_memcpy((void *)buffer, message->body, count);
  return message->wants_reply ? message->reply_capacity : 0;
}

/* The first thread that waits in FilterGetMessage gets the message. */
static bool receiver_serve(FltMessage *message) {
  SimLink *link = sim_list_pop(&message->port->receivers);
  if (link == NULL)
    return false;
  FltReceiver *receiver = SIM_CONTAINER(link, FltReceiver, link);
  receiver->is_served = true;
  receiver->id = message->id;
  receiver->reply_capacity = body_copy(message, receiver->buffer, receiver->size);
  message_take(message);
  ke_event_set(receiver->event, 1);
  return true;
}

/* The copy into the receiver's process: the attach is what must not happen in a DPC. */
static void deliver(FltMessage *message) {
  SimMachine *machine = sim_machine();
  KeApcState saved;
  ke_attach(message->port->process, &saved);
  ddi_phase(machine, DDI_FltSendMessage, PHASE_ATTACHED);
  if (!message->is_taken && !message->port->is_disconnected)
    receiver_serve(message);
  ke_detach(&saved);
}

/* ---- the sender ---- */

static FltMessage *message_create(FltClientPort *port, const void *body, uint32_t length, bool wants_reply, uint32_t reply_capacity) {
  Object *object = object_create(OBJECT_FLT_MESSAGE, 0, 0, sizeof(FltMessage));
  FltMessage *message = object->body;
  message->object = object;
  message->port = port;
  message->id = port->message_id_next++;
  message->length = length;
  message->wants_reply = wants_reply;
  message->reply_capacity = reply_capacity;
  message->body = sim_heap_allocate(length);
  message->reply = sim_heap_allocate(reply_capacity);
  message->progress = ke_event_create("message", true, false);
  if (length > 0)
    __builtin_memcpy(message->body, body, length);
  sim_list_push_tail(&port->messages, &message->link);
  sim_event(sim_machine(), EVENT_MESSAGE_SEND, 0, object->ordinal, 0, length, 0);
  return message;
}

static void message_delete(FltMessage *message) {
  sim_list_remove(&message->link);
  sim_heap_free(message->body, message->length);
  sim_heap_free(message->reply, message->reply_capacity);
  ke_dispatcher_delete(message->progress);
  object_delete(message->object);
}

static int32_t outcome(const FltMessage *message, int32_t wait_status) {
  bool is_done = message->wants_reply ? message->is_replied : message->is_taken;
  if (is_done)
    return message->reply_length > message->reply_capacity ? STATUS_BUFFER_OVERFLOW : STATUS_SUCCESS;
  if (message->port->is_disconnected || message->port->is_closed)
    return STATUS_PORT_DISCONNECTED;
  return wait_status == STATUS_TIMEOUT ? STATUS_TIMEOUT : STATUS_THREAD_IS_TERMINATING;
}

/* One wait of the sender for what it still needs; the one time-out covers all of them. */
static int32_t sender_wait(FltMessage *message, uint64_t due_ns) {
  ddi_phase(sim_machine(), DDI_FltSendMessage, PHASE_WAITING);
  if (message->port->is_disconnected || message->port->is_closed)
    return STATUS_PORT_DISCONNECTED;
  return ke_wait_one(message->progress, true, due_ns); /* a thread that is terminated gives up waiting */
}

static int32_t exchange(FltMessage *message, uint64_t due_ns) {
  bool waits_first = MODEL->options.flt_send == MODEL_FLT_SEND_WAIT_FIRST;
  ddi_phase(sim_machine(), DDI_FltSendMessage, PHASE_QUEUED);
  if (!waits_first || !sim_list_is_empty(&message->port->receivers))
    deliver(message);
  bool is_done = message->wants_reply ? message->is_replied : message->is_taken;
  return is_done ? STATUS_SUCCESS : sender_wait(message, due_ns);
}

static void reply_copy(const FltMessage *message, void *buffer, ULONG *length, int32_t status) {
  bool is_filled = message->wants_reply && message->is_replied;
  if (is_filled) {
    uint32_t count = message->reply_length < message->reply_capacity ? message->reply_length : message->reply_capacity;
    sim_probe(sim_machine(), (uint64_t)buffer, count, SIM_ACCESS_WRITE);
    sim_probe(sim_machine(), (uint64_t)length, sizeof *length, SIM_ACCESS_WRITE);
    if (count > 0)
      __builtin_memcpy(buffer, message->reply, count);
    *length = count;
  }
  sim_event(sim_machine(), EVENT_MESSAGE_DONE, DDI_FltSendMessage, message->object->ordinal, status, is_filled, (uint64_t)buffer);
}

/* A NULL time-out and one of zero both wait for ever [MODEL: semantics open question 13]. */
static uint64_t due_of(const LARGE_INTEGER *timeout) {
  return timeout == NULL || timeout->QuadPart == 0 ? KE_WAIT_FOREVER : ke_due_ns((const int64_t *)&timeout->QuadPart);
}

NTSTATUS FltSendMessage(PFLT_FILTER Filter, PFLT_PORT *ClientPort, PVOID SenderBuffer, ULONG SenderBufferLength, PVOID ReplyBuffer,
                        PULONG ReplyLength, PLARGE_INTEGER Timeout) {
  if (flt_filter_at((uint64_t)Filter) == NULL) {
    flt_pointer_fault((uint64_t)Filter, DDI_FltSendMessage);
    return STATUS_INVALID_PARAMETER;
  }
  uint64_t address = (uint64_t)*ClientPort;
  if (address == 0) /* FltCloseClientPort was faster: why the address of the variable is passed (F-PRT-2) */
    return STATUS_PORT_DISCONNECTED;
  FltClientPort *port = flt_client_port_at(address);
  if (port == NULL) {
    flt_pointer_fault(address, DDI_FltSendMessage);
    return STATUS_PORT_DISCONNECTED;
  }
  if (port->is_closed || port->is_disconnected)
    return STATUS_PORT_DISCONNECTED;
  uint32_t capacity = ReplyBuffer != NULL && ReplyLength != NULL ? *ReplyLength : 0;
  if (SenderBufferLength > FLT_MESSAGE_SIZE_MAX || capacity > FLT_MESSAGE_SIZE_MAX)
    return STATUS_INSUFFICIENT_RESOURCES;
  uint64_t due_ns = due_of(Timeout);
  FltMessage *message = message_create(port, SenderBuffer, SenderBufferLength, ReplyBuffer != NULL && ReplyLength != NULL, capacity);
  flt_client_port_hold(port);
  int32_t status = outcome(message, exchange(message, due_ns));
  reply_copy(message, ReplyBuffer, ReplyLength, status);
  message_delete(message);
  flt_client_port_release(port);
  return status;
}

/* ---- the receiver ---- */

int32_t flt_user_get(FltClientPort *port, uint64_t buffer, uint32_t size, uint64_t due_ns, uint64_t *id, uint32_t *reply_capacity) {
  if (port->is_closed || port->is_disconnected)
    return STATUS_PORT_DISCONNECTED;
  SimLink *first = sim_list_first(&port->messages);
  if (first != NULL) {
    FltMessage *message = SIM_CONTAINER(first, FltMessage, link);
    *id = message->id;
    *reply_capacity = body_copy(message, buffer, size);
    message_take(message);
    return STATUS_SUCCESS;
  }
  FltReceiver receiver = { .thread = ke_thread_current(), .buffer = buffer, .size = size };
  receiver.event = ke_event_create("FilterGetMessage", false, false);
  sim_list_push_tail(&port->receivers, &receiver.link);
  int32_t status = ke_wait_one(receiver.event, true, due_ns);
  sim_list_remove(&receiver.link);
  ke_dispatcher_delete(receiver.event);
  if (!receiver.is_served)
    return status == STATUS_SUCCESS ? STATUS_PORT_DISCONNECTED : status;
  *id = receiver.id;
  *reply_capacity = receiver.reply_capacity;
  return STATUS_SUCCESS;
}

int32_t flt_user_reply(FltClientPort *port, uint64_t id, const void *reply, uint32_t length) {
  SimLink *link, *following;
  SIM_LIST_EACH(&port->unanswered, link, following) {
    FltMessage *message = SIM_CONTAINER(link, FltMessage, link);
    if (message->id != id)
      continue;
    uint32_t count = length < message->reply_capacity ? length : message->reply_capacity;
    if (count > 0)
      __builtin_memcpy(message->reply, reply, count);
    message->reply_length = length;
    message->is_replied = true;
    sim_list_remove(&message->link);
    sim_event(sim_machine(), EVENT_MESSAGE_REPLY, 0, message->object->ordinal, STATUS_SUCCESS, length, 0);
    ke_event_set(message->progress, 0);
    return STATUS_SUCCESS;
  }
  sim_event(sim_machine(), EVENT_MESSAGE_REPLY, 0, port->object->ordinal, STATUS_FLT_NO_WAITER_FOR_REPLY, length, 0);
  return STATUS_FLT_NO_WAITER_FOR_REPLY;
}
