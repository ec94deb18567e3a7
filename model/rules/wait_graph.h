/*
 * wait_graph.h: who waits for whom: spin locks, mutexes, threads, the worker threads, replies of user mode, and what an interrupt stands on. Owners
 * of events and semaphores are not known. Read from the machine as it is now; the reports draw from it when a run has ended.
 */
#pragma once

#include "sim/machine.h"

#include <stdbool.h>
#include <stdint.h>

typedef enum WaitKind {
  WAIT_NONE,        /* it can go on */
  WAIT_SPIN,        /* it spins on a spin lock */
  WAIT_MUTEX,       /* for a mutex or a fast mutex */
  WAIT_THREAD,      /* for the end of a thread */
  WAIT_REPLY,       /* in FltSendMessage, for the threads of a user-mode process */
  WAIT_WORKER,      /* for a work item that no worker thread is free for */
  WAIT_INTERRUPTED, /* for what interrupted it: that has to end first */
  WAIT_SIGNAL,      /* for an event, a semaphore or a timer: nobody knows who sets it */
} WaitKind;

/* Why one context does not go on: it waits for an object that the holder has, or for the holder itself. */
typedef struct WaitEdge {
  const SimContext *waiter;
  const SimContext *holder; /* NULL: nobody is known */
  uint32_t object;          /* ordinal; 0: none */
  uint32_t taken;           /* sequence of the event by which the holder got it; UINT32_MAX: not known */
  uint8_t kind;             /* WaitKind */
  bool is_timed;            /* ends by itself */
} WaitEdge;

#define WAIT_EDGE_COUNT_MAX 16 /* of one context */
#define WAIT_CYCLE_MAX 24

/* Keeps who holds what: observers, begun once a run by the rules. */
void wait_graph_begin(void);

/* What the context waits for: an edge for each who could end it. `is_over`: the run has ended by itself, so that queued work items and unanswered
 * messages will stay so. Returns how many. */
unsigned wait_edges(const SimContext *context, bool is_over, WaitEdge *edges);

/* The shortest-found way from the context back to itself; `first`, not NULL: the edge it is about to wait by. Timed waits end by themselves and
 * are no part of one. Returns its edges, 0: there is none. */
unsigned wait_cycle(const SimContext *context, const WaitEdge *first, bool is_over, WaitEdge *cycle);

/* Who has the lock (of a fast mutex: its event), or the first of those who have; NULL: nobody does. *taken: the event by which. */
const SimContext *wait_holder(uint32_t object, uint32_t *taken);

/* The routine that Windows called on that context, outermost: DdiCallback.id; 0: none is active. */
uint32_t wait_callback(const SimContext *context);

/* Does the context hold something that another waits for, or is waited for itself? The edge of who waits; false: no. */
bool wait_is_wanted(const SimContext *context, WaitEdge *by);
