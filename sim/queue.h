/*
 * queue.h: what happens at a time, in the order of (time, sequence): ties fall in the order they were pushed, by construction.
 * Entries are intrusive. A few are kept in a binary heap, which is a page and no more to save and restore; many in a timing wheel (wheel.h), where
 * pushing, cancelling and popping take the same time however many there are. All of it lives in the arena.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct SimMachine;
struct SimWheel;

typedef struct SimQueueEntry {
  uint64_t time_ns;
  struct SimQueueEntry *next, *previous; /* in the wheel: of those in one slot */
  uint32_t position;                     /* in the heap from 1, or in the wheel; 0: not queued */
  uint64_t sequence;
  /* Called when the time has come, out of any context and at no IRQL: requests interrupts, readies nothing itself. */
  void (*fire)(struct SimMachine *machine, struct SimQueueEntry *entry);
} SimQueueEntry;

#define SIM_QUEUE_FEW 63 /* as many are a heap; more, until none is left, a wheel */

typedef struct SimQueue {
  uint64_t sequence_next;
  uint32_t count;
  bool is_wheel;
  SimQueueEntry *first;   /* NULL: empty */
  SimQueueEntry **heap;   /* [1 .. count], in the arena's heap */
  struct SimWheel *wheel; /* in the arena's heap; NULL: there were never many */
} SimQueue;

void sim_queue_init(SimQueue *queue);
/* Borrows the entry until it fires or is removed. Pushing a queued entry moves it. Ends the run with a limit when there is no room. */
void sim_queue_push(SimQueue *queue, SimQueueEntry *entry, uint64_t time_ns);
bool sim_queue_remove(SimQueue *queue, SimQueueEntry *entry);                                /* false: was not queued */
static inline SimQueueEntry *sim_queue_first(const SimQueue *queue) { return queue->first; } /* NULL: empty */
SimQueueEntry *sim_queue_pop(SimQueue *queue);
