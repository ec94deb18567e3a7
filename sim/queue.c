#include "machine.h"
#include "wheel.h"

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

void sim_queue_init(SimQueue *queue) { *queue = (SimQueue){ .heap = sim_heap_allocate((SIM_QUEUE_FEW + 1) * sizeof(SimQueueEntry *)) }; }

/* ---- many: those of the heap go over in their order, so that ties stay in it ---- */

static SimQueueEntry *heap_pop(SimQueue *queue) {
  SimQueueEntry *first = queue->heap[1], *last = queue->heap[queue->count--];
  if (first != last)
    sift_down(queue, 1, last);
  return first;
}

static void wheel_begin(SimQueue *queue) {
  if (queue->wheel == NULL)
    queue->wheel = sim_heap_allocate(sizeof *queue->wheel);
  uint32_t count = queue->count;
  while (queue->count > 0)
    sim_wheel_add(queue->wheel, heap_pop(queue));
  queue->count = count;
  queue->is_wheel = true;
}

/* ---- either ---- */

static void first_find(SimQueue *queue) {
  if (queue->is_wheel)
    queue->first = sim_wheel_first(queue->wheel);
  else
    queue->first = queue->count > 0 ? queue->heap[1] : NULL;
  if (queue->count == 0)
    queue->is_wheel = false;
}

void sim_queue_push(SimQueue *queue, SimQueueEntry *entry, uint64_t time_ns) {
  if (entry->position != 0)
    sim_queue_remove(queue, entry);
  if (queue->count == SIM_QUEUE_FEW && !queue->is_wheel)
    wheel_begin(queue);
  entry->time_ns = time_ns;
  entry->sequence = queue->sequence_next++;
  queue->count++;
  if (queue->is_wheel)
    sim_wheel_add(queue->wheel, entry);
  else
    sift_up(queue, queue->count, entry);
  if (queue->first == NULL || time_ns < queue->first->time_ns)
    queue->first = entry;
}

static void heap_remove(SimQueue *queue, SimQueueEntry *entry) {
  uint32_t position = entry->position;
  SIM_ASSERT(position <= queue->count && queue->heap[position] == entry);
  SimQueueEntry *last = queue->heap[queue->count--];
  if (last == entry)
    return;
  if (position > 1 && is_before(last, queue->heap[position / 2]))
    sift_up(queue, position, last);
  else
    sift_down(queue, position, last);
}

bool sim_queue_remove(SimQueue *queue, SimQueueEntry *entry) {
  if (entry->position == 0)
    return false;
  if (queue->is_wheel) {
    sim_wheel_remove(queue->wheel, entry);
    queue->count--;
  } else {
    heap_remove(queue, entry);
  }
  entry->position = 0;
  if (queue->first == entry)
    first_find(queue);
  return true;
}

SimQueueEntry *sim_queue_pop(SimQueue *queue) {
  SimQueueEntry *first = queue->first;
  if (first == NULL)
    return NULL;
  if (queue->is_wheel) {
    sim_wheel_pop(queue->wheel, first);
    queue->count--;
  } else {
    heap_pop(queue);
  }
  first->position = 0;
  first_find(queue);
  return first;
}
