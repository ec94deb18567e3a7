/* Who waits for a processor: the ready queues, one a priority. */
#include "ke_internal.h"

/* As many as few machines need, made before runs begin, so that what comes later stands where it stands whoever was ready. */
#define CAPACITY_FIRST 16

static void ready_touch(bool is_write) { sim_touch_shared(sim_machine(), SIM_TOUCH_READY, is_write); }

static KeThread *thread_in(uint16_t slot) { return sim_machine()->contexts[slot].owner; }

void ke_ready_begin(void) {
  uint16_t *slots = sim_heap_allocate(KE_PRIORITY_COUNT * CAPACITY_FIRST * sizeof *slots);
  for (unsigned i = 0; i < KE_PRIORITY_COUNT; i++)
    KE->ready[i] = (KeReadyQueue){ .slots = slots + i * CAPACITY_FIRST, .capacity = CAPACITY_FIRST };
}

/* The first table is one with those of the other priorities, and stays. */
static void grow(KeReadyQueue *queue) {
  uint16_t *before = queue->slots;
  uint32_t capacity = queue->capacity * 2u;
  queue->slots = sim_heap_allocate(capacity * sizeof *queue->slots);
  for (uint32_t i = 0; i < queue->count; i++)
    queue->slots[i] = before[i];
  if (queue->capacity > CAPACITY_FIRST)
    sim_heap_free(before, queue->capacity * sizeof *before);
  queue->capacity = (uint16_t)capacity;
}

void ke_ready_push(KeThread *thread, bool at_head) {
  KeReadyQueue *queue = &KE->ready[thread->priority];
  ready_touch(true);
  thread->state = KE_THREAD_READY;
  if (queue->count == queue->capacity)
    grow(queue);
  uint32_t place = at_head ? 0 : queue->count;
  if (at_head)
    __builtin_memmove(queue->slots + 1, queue->slots, queue->count * sizeof *queue->slots);
  queue->slots[place] = thread->context->slot;
  if (queue->count++ == 0)
    queue->affinity = thread->affinity;
  queue->other_count += thread->affinity != queue->affinity;
  KE->ready_mask |= 1u << thread->priority;
  sim_machine()->has_ready_threads = true;
}

void ke_ready_remove(KeThread *thread) {
  KeReadyQueue *queue = &KE->ready[thread->priority];
  uint32_t place = 0;
  ready_touch(true);
  while (place < queue->count && queue->slots[place] != thread->context->slot)
    place++;
  SIM_ASSERT(place < queue->count);
  queue->count--;
  __builtin_memmove(queue->slots + place, queue->slots + place + 1, (queue->count - place) * sizeof *queue->slots);
  queue->slots[queue->count] = 0;
  queue->other_count -= thread->affinity != queue->affinity;
  if (queue->count == 0) {
    queue->affinity = 0;
    KE->ready_mask &= ~(1u << thread->priority);
  }
  sim_machine()->has_ready_threads = KE->ready_mask != 0;
}

uint32_t ke_ready_like(const KeReadyQueue *queue, uint32_t at) {
  uint64_t affinity = thread_in(queue->slots[at])->affinity;
  while (at < queue->count && thread_in(queue->slots[at])->affinity == affinity)
    at++;
  return at;
}

KeThread *ke_ready_best(const KePrcb *prcb, int lowest) {
  ready_touch(false);
  for (uint32_t mask = KE->ready_mask >> lowest << lowest; mask != 0;) {
    unsigned priority = 31u - (unsigned)__builtin_clz(mask);
    const KeReadyQueue *queue = &KE->ready[priority];
    for (uint32_t i = 0; i < queue->count; i++) {
      KeThread *thread = thread_in(queue->slots[i]);
      if (ke_may_run_on(thread, prcb))
        return thread;
    }
    mask &= ~(1u << priority);
  }
  return NULL;
}
