/*
 * user_face.h: user-mode processes as the scenario runner makes them: threads that follow a script of operations, each of which is a system call.
 * Stdint only.
 */
#pragma once

#include "../ke/ke_state.h"

#include <stdint.h>

typedef enum UserOperationKind {
  USER_CONNECT,     /* name: FilterConnectCommunicationPort; tries again every 10 ms while nobody listens there */
  USER_DISCONNECT,  /* closes the thread's port */
  USER_GET,         /* FilterGetMessage; duration_ns: time-out, USER_FOREVER: none */
  USER_REPLY,       /* FilterReplyMessage to the last message: value, in length bytes (0: as many as the sender takes) */
  USER_DELAY,       /* Sleep: duration_ns */
  USER_TCP_CONNECT, /* local and remote end */
  USER_TCP_SEND,    /* value bytes on the thread's last connection */
  USER_TCP_CLOSE,   /* closes the thread's last connection */
  USER_IOCTL,       /* DeviceIoControl with the code `value` to the device `object` (ordinal of a driver: its first device) or `name` */
  USER_EXIT,        /* the thread ends; also at the end of its script */
  USER_EXIT_PROCESS,
  USER_REPEAT, /* the `body_count` operations that follow, `value` times (USER_FOREVER: for ever) */
} UserOperationKind;

#define USER_FOREVER UINT64_MAX

typedef struct UserOperation {
  UserOperationKind kind;
  uint32_t body_count;
  const char *name; /* immutable host memory of the runner */
  uint32_t object;
  uint32_t local_address; /* IPv4, host order */
  uint32_t remote_address;
  uint16_t local_port;
  uint16_t remote_port;
  uint64_t value;
  uint64_t length;
  uint64_t duration_ns;
} UserOperation;

/* A user-mode process with no thread yet. */
KeProcess *user_process_create(const char *name);

/* A thread that begins at the virtual time and follows the script (borrowed, immutable); cpu -1: any. */
void user_thread_create(KeProcess *process, const char *name, int priority, int cpu, const UserOperation *script, uint32_t count,
                        uint64_t start_ns);
