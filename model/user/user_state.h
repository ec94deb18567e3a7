/*
 * user_state.h: user-mode threads that follow a script. Stdint and sim only; in the arena; zeroed when a run begins.
 */
#pragma once

#include "../flt/flt_state.h"
#include "../tcpip/tcpip_state.h"
#include "user_face.h"

#define USER_NESTING_MAX 32    /* a scenario file is not nested that deep */
#define USER_BUFFER_SIZE 4096u /* a page */

/* A repetition that is being followed. */
typedef struct UserLoop {
  uint32_t first; /* operation after USER_REPEAT */
  uint32_t end;
  uint64_t left;
} UserLoop;

/* The user-mode side of a thread. */
typedef struct UserThread {
  KeThread *thread;
  const UserOperation *script;
  uint32_t count;
  uint32_t next; /* operation */
  uint32_t loop_count;
  UserLoop loops[USER_NESTING_MAX];
  uint64_t buffer;     /* user memory: USER_BUFFER_SIZE bytes; 0: the script needs none */
  FltClientPort *port; /* NULL: not connected */
  uint64_t message_id; /* of the last message got; 0: none */
  uint32_t reply_capacity;
  TcpipConnection *connection;
} UserThread;

typedef struct UserState {
  uint32_t thread_count;
  uint32_t pages_process; /* ordinal: whose the pages are that are left */
  uint32_t pages_left;
  uint64_t pages_next;
} UserState;
