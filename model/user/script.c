/*
 * User-mode threads: each operation of a script is a system call in the thread's own context. User-mode code itself costs nothing and is not
 * modelled; what counts is when it calls, and that it returns to user mode in between (K-IRQL-8: bug check 0x4A above PASSIVE_LEVEL).
 */
#include <ntifs.h>

#include "../flt/flt.h"
#include "../io/io_face.h"
#include "../ke/ke.h"
#include "../mm/mm_face.h"
#include "../model.h"
#include "../tcpip/tcpip_face.h"
#include "user_face.h"

#define CONNECT_AGAIN_NS 10000000ull /* a service that finds no port tries again */
#define REPLY_LATE_NS 1000000000ull  /* longer than a driver should wait */
#define PAGES_AT_ONCE 4              /* of user memory: a process has few ranges of it */
#define IOCTL_SIZE 16                /* of the input and of the output of a DeviceIoControl */

/* Where the services of the calls would be in Windows: what bug check 0x4A shows. Any address in kernel space will do; one an operation. */
static uint64_t service_address(UserOperationKind kind) { return 0xfffff80000100000ull + 0x100 * (uint64_t)kind; }

/* ---- the operations ---- */

static void port_disconnect(UserThread *user) {
  FltClientPort *port = user->port;
  user->port = NULL;
  user->message_id = 0;
  if (port != NULL)
    flt_user_disconnect(port);
}

/* Simplified: a thread has one handle, and closes it before it opens another. */
static int32_t port_connect(UserThread *user, const char *name) {
  port_disconnect(user);
  int32_t status = flt_user_connect(name, &user->port);
  if (status != STATUS_OBJECT_NAME_NOT_FOUND)
    return status;
  ke_wait(&(KeWait){ .is_user = true, .due_ns = ke_due_after_ns(CONNECT_AGAIN_NS) });
  user->next--; /* again */
  return status;
}

/* A service whose connection is gone has nothing more to do: its thread ends, out of every loop. */
static void script_end(UserThread *user) {
  user->next = user->count;
  user->loop_count = 0;
}

static int32_t message_get(UserThread *user, uint64_t duration_ns) {
  if (user->port == NULL) {
    script_end(user);
    return STATUS_INVALID_HANDLE;
  }
  uint64_t due_ns = duration_ns == USER_FOREVER ? KE_WAIT_FOREVER : ke_due_after_ns(duration_ns);
  int32_t status = flt_user_get(user->port, user->buffer, USER_BUFFER_SIZE, due_ns, &user->message_id, &user->reply_capacity);
  if (status != STATUS_SUCCESS)
    user->message_id = 0;
  if (status == STATUS_PORT_DISCONNECTED) {
    port_disconnect(user);
    script_end(user);
  }
  return status;
}

enum { REPLY_SENT, REPLY_LOST, REPLY_LATE, REPLY_GONE, REPLY_COUNT };

/* What becomes of a reply (SIM_CHOICE_REPLY): it is sent as the script says; the service forgets it; is slow; or is no more. */
static uint32_t reply_choose(UserThread *user) {
  uint32_t what = sim_choose_rare(sim_machine(), SIM_CHOICE_REPLY, 0, REPLY_SENT, NULL, REPLY_COUNT);
  if (what == REPLY_LATE)
    ke_wait(&(KeWait){ .is_user = true, .due_ns = ke_due_after_ns(REPLY_LATE_NS) });
  if (what == REPLY_GONE) {
    port_disconnect(user);
    script_end(user);
  }
  return what;
}

static int32_t message_reply(UserThread *user, uint64_t value, uint64_t length) {
  if (user->port == NULL || user->message_id == 0)
    return STATUS_INVALID_PARAMETER;
  uint32_t what = reply_choose(user);
  if (what == REPLY_LOST)
    return STATUS_SUCCESS;
  if (user->port == NULL)
    return STATUS_PORT_DISCONNECTED;
  if (length == 0)
    length = user->reply_capacity;
  uint8_t *bytes = sim_heap_allocate(length);
  for (unsigned i = 0; i < 8 && i < length; i++)
    bytes[i] = (uint8_t)(value >> (8 * i));
  int32_t status = flt_user_reply(user->port, user->message_id, bytes, (uint32_t)length);
  sim_heap_free(bytes, length);
  return status;
}

static int32_t tcp_connect(UserThread *user, const UserOperation *operation) {
  TcpipEndpoint local = { .address = operation->local_address, .port = operation->local_port };
  TcpipEndpoint remote = { .address = operation->remote_address, .port = operation->remote_port };
  user->connection = tcpip_connect_begin(user->thread->process, local, remote, -1);
  return tcpip_connect_wait(user->connection, true);
}

static int32_t delay(uint64_t duration_ns) {
  return ke_wait(&(KeWait){ .is_user = true, .due_ns = duration_ns == USER_FOREVER ? KE_WAIT_FOREVER : ke_due_after_ns(duration_ns) });
}

/* The thread's own memory is both buffers, as programs often have it. */
static int32_t ioctl(const UserThread *user, const UserOperation *operation) {
  uint64_t device = operation->object != 0 ? io_driver_device(operation->object) : io_device_find(operation->name);
  void *buffer = (void *)user->buffer;
  IoControl control = {
    .code = (uint32_t)operation->value, .input = buffer, .input_size = IOCTL_SIZE, .output = buffer, .output_size = IOCTL_SIZE
  };
  return device != 0 ? io_device_control(device, &control) : STATUS_OBJECT_NAME_NOT_FOUND;
}

static int32_t operation_do(UserThread *user, const UserOperation *operation) {
  switch (operation->kind) {
  case USER_CONNECT: return port_connect(user, operation->name);
  case USER_DISCONNECT: port_disconnect(user); return STATUS_SUCCESS;
  case USER_GET: return message_get(user, operation->duration_ns);
  case USER_REPLY: return message_reply(user, operation->value, operation->length);
  case USER_DELAY: return delay(operation->duration_ns);
  case USER_TCP_CONNECT: return tcp_connect(user, operation);
  case USER_TCP_SEND: return user->connection != NULL ? tcpip_send(user->connection, operation->value) : STATUS_CONNECTION_INVALID;
  case USER_TCP_CLOSE:
    if (user->connection != NULL)
      tcpip_close(user->connection, false);
    user->connection = NULL;
    return STATUS_SUCCESS;
  case USER_IOCTL: return ioctl(user, operation);
  default: return STATUS_INVALID_PARAMETER;
  }
}

/* ---- following the script ---- */

/* Goes back to the start of the innermost repetition whose end is reached, or out of it. */
static void loops_follow(UserThread *user) {
  while (user->loop_count > 0) {
    UserLoop *loop = &user->loops[user->loop_count - 1];
    if (user->next < loop->end)
      return;
    if (loop->left != USER_FOREVER)
      loop->left--;
    if (loop->left > 0) {
      user->next = loop->first;
      return;
    }
    user->loop_count--;
  }
}

static void loop_begin(UserThread *user, const UserOperation *operation) {
  uint32_t end = user->next + operation->body_count;
  if (operation->value == 0 || operation->body_count == 0) {
    user->next = end;
    return;
  }
  if (user->loop_count == USER_NESTING_MAX)
    sim_stop(sim_machine(), SIM_STOP_LIMIT_MEMORY, "loops within one another");
  user->loops[user->loop_count++] = (UserLoop){ .first = user->next, .end = end, .left = operation->value };
}

static void system_call(UserThread *user, const UserOperation *operation) {
  SimMachine *machine = sim_machine();
  sim_point(machine, SIM_POINT_CALL, 0, 0, 1000); /* user-mode code between two calls, and a bound for scripts that never block */
  if (user->thread->is_terminating)
    return;
  ke_system_call_enter((uint32_t)operation->kind, service_address(operation->kind));
  int32_t status = operation_do(user, operation);
  if (user->thread->is_terminating && KeGetCurrentIrql() == PASSIVE_LEVEL)
    port_disconnect(user); /* it does not come back from this call */
  ke_system_call_return(status);
}

static void process_exit(UserThread *user) {
  tcpip_process_exit(user->thread->process);
  ke_process_terminate(user->thread->process, STATUS_SUCCESS);
}

static void user_main(void *argument) {
  UserThread *user = argument;
  while (user->next < user->count && !user->thread->is_terminating) {
    const UserOperation *operation = &user->script[user->next++];
    if (operation->kind == USER_EXIT)
      break;
    if (operation->kind == USER_EXIT_PROCESS)
      process_exit(user);
    else if (operation->kind == USER_REPEAT)
      loop_begin(user, operation);
    else
      system_call(user, operation);
    loops_follow(user);
  }
  port_disconnect(user); /* its handles are closed when the process ends; Simplified: when the thread that opened them ends */
}

/* ---- for the runner ---- */

static bool needs_memory(const UserOperation *script, uint32_t count) {
  for (uint32_t i = 0; i < count; i++)
    if (script[i].kind == USER_CONNECT || script[i].kind == USER_IOCTL)
      return true;
  return false;
}

/* A page of the process' user memory. */
static uint64_t page_take(uint32_t process) {
  UserState *state = &MODEL->user;
  if (state->pages_left == 0 || state->pages_process != process) {
    state->pages_next = mm_user_pages_allocate(process, PAGES_AT_ONCE);
    state->pages_left = PAGES_AT_ONCE;
    state->pages_process = process;
  }
  if (state->pages_next == 0)
    sim_stop(sim_machine(), SIM_STOP_LIMIT_MEMORY, "user memory");
  state->pages_left--;
  state->pages_next += SIM_PAGE_SIZE;
  return state->pages_next - SIM_PAGE_SIZE;
}

KeProcess *user_process_create(const char *name) { return ke_process_create(name, true); }

void user_thread_create(KeProcess *process, const char *name, int priority, int cpu, const UserOperation *script, uint32_t count,
                        uint64_t start_ns) {
  UserThread *user = sim_heap_allocate(sizeof *user);
  user->script = script;
  user->count = count;
  if (needs_memory(script, count))
    user->buffer = page_take(process->header.object->ordinal);
  user->thread = ke_thread_create(process, user_main, user, priority, name);
  user->thread->is_user = true;
  user->thread->user = user;
  if (cpu >= 0)
    user->thread->affinity = 1ull << cpu;
  MODEL->user.thread_count++;
  ke_thread_ready_at(user->thread, start_ns);
}
