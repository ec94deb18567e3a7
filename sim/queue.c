#include "machine.h"

#include <string.h>

/* Binary heap on (time, sequence). Chosen for its size: the number of pending events is that of timers and stimuli of one machine. */

static bool is_before(const SimQueueEntry *left, const SimQueueEntry *right) {
  if (left->time_ns != right->time_ns)
    return left->time_ns < right->time_ns;
  return left->sequence < right->sequence;
}

static void place(SimQueue *queue, uint32_t position, SimQueueEntry *entry) {
  queue->heap[position] = entry;
  entry->position = position;
}

static void sift_up(SimQueue *queue, uint32_t position, SimQueueEntry *entry) {
  while (position > 1 && is_before(entry, queue->heap[position / 2])) {
    place(queue, position, queue->heap[position / 2]);
    position /= 2;
  }
  place(queue, position, entry);
}

static void sift_down(SimQueue *queue, uint32_t position, SimQueueEntry *entry) {
  for (;;) {
    uint32_t child = position * 2;
    if (child > queue->count)
      break;
    if (child < queue->count && is_before(queue->heap[child + 1], queue->heap[child]))
      child++;
    if (!is_before(queue->heap[child], entry))
      break;
    place(queue, position, queue->heap[child]);
    position = child;
  }
  place(queue, position, entry);
}

void sim_queue_init(SimQueue *queue) {
  queue->count = 0;
  queue->sequence_next = 0;
  queue->capacity = SIM_QUEUE_CAPACITY_FIRST - 1; /* place 0 is not used */
  queue->heap = sim_heap_allocate(SIM_QUEUE_CAPACITY_FIRST * sizeof(SimQueueEntry *));
}

static void grow(SimQueue *queue) {
  size_t size = (queue->capacity + 1) * sizeof(SimQueueEntry *);
  SimQueueEntry **larger = sim_heap_allocate(size * 2);
  memcpy(larger, queue->heap, size);
  sim_heap_free(queue->heap, size);
  queue->heap = larger;
  queue->capacity = queue->capacity * 2 + 1;
}

void sim_queue_push(SimQueue *queue, SimQueueEntry *entry, uint64_t time_ns) {
  sim_queue_remove(queue, entry);
  if (queue->count == SIM_QUEUE_CAPACITY_MAX) {
    sim_stop(sim_machine(), SIM_STOP_LIMIT_MEMORY, "timers and stimuli");
    return;
  }
  if (queue->count == queue->capacity)
    grow(queue);
  entry->time_ns = time_ns;
  entry->sequence = queue->sequence_next++;
  sift_up(queue, ++queue->count, entry);
}

bool sim_queue_remove(SimQueue *queue, SimQueueEntry *entry) {
  uint32_t position = entry->position;
  if (position == 0)
    return false;
  SIM_ASSERT(position <= queue->count && queue->heap[position] == entry);
  entry->position = 0;
  SimQueueEntry *last = queue->heap[queue->count--];
  if (last == entry)
    return true;
  if (position > 1 && is_before(last, queue->heap[position / 2]))
    sift_up(queue, position, last);
  else
    sift_down(queue, position, last);
  return true;
}

SimQueueEntry *sim_queue_first(const SimQueue *queue) { return queue->count > 0 ? queue->heap[1] : NULL; }

SimQueueEntry *sim_queue_pop(SimQueue *queue) {
  SimQueueEntry *first = sim_queue_first(queue);
  if (first != NULL)
    sim_queue_remove(queue, first);
  return first;
}
