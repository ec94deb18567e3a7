/*
 * queue.h: what happens at a time: a heap ordered by (time, sequence), so ties fall in the order they were pushed, by construction.
 * Entries are intrusive; the heap holds pointers and lives in the arena.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct SimMachine;

typedef struct SimQueueEntry {
  uint64_t time_ns;
  uint64_t sequence;
  uint32_t position; /* in the heap, from 1; 0: not queued */
  /* Called when the time has come, out of any context and at no IRQL: requests interrupts, readies nothing itself. */
  void (*fire)(struct SimMachine *machine, struct SimQueueEntry *entry);
} SimQueueEntry;

#define SIM_QUEUE_CAPACITY_FIRST 64
#define SIM_QUEUE_CAPACITY_MAX 65536

typedef struct SimQueue {
  uint64_t sequence_next;
  uint32_t count;
  uint32_t capacity;    /* doubles when it is used up */
  SimQueueEntry **heap; /* [1 .. count], in the arena's heap */
} SimQueue;

void sim_queue_init(SimQueue *queue);
/* Borrows the entry until it fires or is removed. Pushing a queued entry moves it. Ends the run with a limit when full. */
void sim_queue_push(SimQueue *queue, SimQueueEntry *entry, uint64_t time_ns);
bool sim_queue_remove(SimQueue *queue, SimQueueEntry *entry); /* false: was not queued */
SimQueueEntry *sim_queue_first(const SimQueue *queue);        /* NULL: empty */
SimQueueEntry *sim_queue_pop(SimQueue *queue);
