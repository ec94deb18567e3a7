#include "search_state.h"

#include "process.h"

#include <stdlib.h>
#include <string.h>

/* Beyond, states are no longer noted: 2 GiB. */
#define STATE_COUNT_MAX (1u << 26)
#define EXTENT_COUNT_MAX (SIM_CLAIM_COUNT_MAX + 5)

typedef struct Base {
  SimExtent extent;
  char *bytes; /* what runs begin with; owned */
} Base;

typedef struct Entry {
  SimStateKey key; /* all zero: free */
  uint64_t spent_ns;
} Entry;

typedef struct History {
  uint32_t context; /* id */
  SimStateKey key;
} History;

struct SimState {
  History histories[SIM_CONTEXT_COUNT_MAX]; /* by slot */
  uint32_t history_count;                   /* slots that any run has used */
  uint32_t base_count;                      /* 0: the first run has not begun */
  Base bases[EXTENT_COUNT_MAX];
  uint64_t heap_used, guest_pages_used; /* when runs begin */
  Entry *entries;
  size_t entry_count, entry_capacity; /* a power of two, at most half full */
};

/* ---- mixing ---- */

static uint64_t mix(uint64_t left, uint64_t right) {
  __uint128_t product = (__uint128_t)(left ^ 0x9e3779b97f4a7c15ULL) * (right ^ 0xe7037ed1a0b428dbULL);
  return (uint64_t)product ^ (uint64_t)(product >> 64);
}

/* In order. */
static void fold(SimStateKey *key, uint64_t word) {
  key->words[0] = mix(key->words[0] + 0x8ebc6af09c88c6e3ULL, word);
  key->words[1] = mix(key->words[1] ^ word, key->words[0] + 0x589965cc75374cc3ULL);
}

/* Whatever the order: what stands where is summed up. */
static void place_add(SimStateKey *sum, uint64_t address, uint64_t word, int sign) {
  uint64_t first = mix(address, word), second = mix(word + 0x2d358dccaa6c78a5ULL, address * 0x9e3779b97f4a7c15ULL ^ first);
  sum->words[0] += sign > 0 ? first : -first;
  sum->words[1] += sign > 0 ? second : -second;
}

/* ---- beginning and end ---- */

SimState *sim_state_create(void) {
  SimState *state = calloc(1, sizeof *state);
  SIM_ASSERT(state != NULL);
  return state;
}

static void bases_free(SimState *state) {
  while (state->base_count > 0)
    free(state->bases[--state->base_count].bytes);
}

void sim_state_destroy(SimState **state) {
  if (*state == NULL)
    return;
  bases_free(*state);
  free((*state)->entries);
  free(*state);
  *state = NULL;
}

static void base_add(SimState *state, uint64_t address, size_t size) {
  size &= ~(size_t)7;
  if (size == 0)
    return;
  char *bytes = malloc(size);
  SIM_ASSERT(bytes != NULL && state->base_count < EXTENT_COUNT_MAX);
  memcpy(bytes, (const void *)address, size);
  state->bases[state->base_count++] = (Base){ { address, size }, bytes };
}

/* Rules are no part of a state, and neither are page tables, which follow from it. */
static bool is_part(const SimExtent *claim) {
  return claim->address != SIM_RULES_BASE && (claim->address < SIM_PAGE_TABLE_BASE || claim->address >= SIM_MODEL_BASE);
}

static void bases_list(SimState *state, const SimMachine *machine) {
  base_add(state, SIM_HEAP_BASE, machine->rules_heap_low);
  base_add(state, SIM_HEAP_BASE + machine->rules_heap_high, machine->heap_used - machine->rules_heap_high);
  base_add(state, SIM_GUEST_BASE, machine->guest_pages_used * SIM_PAGE_SIZE);
  base_add(state, SIM_SHADOW_BASE, machine->guest_pages_used * (SIM_PAGE_SIZE / SIM_GRANULE_SIZE));
  for (uint32_t i = 0; i < sim_process()->claim_count; i++)
    if (is_part(&sim_process()->claims[i]))
      base_add(state, sim_process()->claims[i].address, sim_process()->claims[i].size);
  state->heap_used = machine->heap_used;
  state->guest_pages_used = machine->guest_pages_used;
}

void sim_state_begin(SimState *state, SimMachine *machine) {
  memset(state->histories, 0, state->history_count * sizeof state->histories[0]);
  if (state->base_count == 0)
    bases_list(state, machine);
}

/* ---- histories ---- */

static SimStateKey *history_of(SimState *state, const SimContext *context) {
  History *history = &state->histories[context->slot];
  if (state->history_count <= context->slot)
    state->history_count = context->slot + 1u;
  if (history->context != context->id)
    *history = (History){ .context = context->id };
  return &history->key;
}

void sim_state_event(SimState *state, const SimMachine *machine, const SimEvent *event) {
  const SimContext *context = machine->current;
  if (context == NULL || event->context != context->id)
    return;
  if (event->kind == SIM_EVENT_PREEMPT || event->kind == SIM_EVENT_SWITCH) /* done to it, and it does not know */
    return;
  SimStateKey *key = history_of(state, context);
  fold(key, (uint64_t)event->kind | (uint64_t)event->function << 16);
  fold(key, (uint64_t)event->object << 32 | (uint32_t)event->status);
  fold(key, event->detail);
}

void sim_state_value(SimState *state, const SimMachine *machine, uint64_t value) {
  if (machine->current != NULL)
    fold(history_of(state, machine->current), value);
}

void sim_state_renew(SimState *state, const SimMachine *machine, uint64_t value) {
  if (machine->current == NULL)
    return;
  SimStateKey *key = history_of(state, machine->current);
  *key = (SimStateKey){ { 0, 0 } };
  fold(key, value);
}

size_t sim_state_histories_size(const SimMachine *machine) { return machine->context_count * sizeof(History); }

void sim_state_histories_take(const SimState *state, const SimMachine *machine, void *bytes) {
  memcpy(bytes, state->histories, sim_state_histories_size(machine));
}

/* Nothing is left of contexts that are to come: they bear the names that they had in the run before. */
void sim_state_histories_put(SimState *state, const SimMachine *machine, const void *bytes) {
  memcpy(state->histories, bytes, sim_state_histories_size(machine));
  if (state->history_count > machine->context_count)
    memset(state->histories + machine->context_count, 0, (state->history_count - machine->context_count) * sizeof(History));
  else
    state->history_count = machine->context_count;
}

/* ---- memory: what differs from what runs begin with ---- */

static void words_add(SimStateKey *sum, uint64_t address, uint64_t end, const char *base) {
  for (uint64_t at = address; at < end; at += 8, base += base != NULL ? 8 : 0) {
    uint64_t word, former = 0;
    memcpy(&word, (const void *)at, 8);
    if (base != NULL)
      memcpy(&former, base, 8);
    if (word != former)
      place_add(sum, at, word, 1);
  }
}

static void base_look(SimStateKey *sum, const Base *base) {
  uint64_t end = base->extent.address + base->extent.size;
  for (uint64_t at = base->extent.address, next; at < end; at = next) {
    next = (at | 0xff) + 1 < end ? (at | 0xff) + 1 : end; /* pieces: most are as they were */
    const char *former = base->bytes + (at - base->extent.address);
    if (!sim_written_is_cold(at) && memcmp((const void *)at, former, next - at) != 0)
      words_add(sum, at, next, former);
  }
}

static void memory_add(SimState *state, SimStateKey *sum, const SimMachine *machine) {
  for (uint32_t i = 0; i < state->base_count; i++)
    base_look(sum, &state->bases[i]);
  words_add(sum, SIM_HEAP_BASE + state->heap_used, SIM_HEAP_BASE + machine->heap_used, NULL);
  words_add(sum, SIM_GUEST_BASE + state->guest_pages_used * SIM_PAGE_SIZE, SIM_GUEST_BASE + machine->guest_pages_used * SIM_PAGE_SIZE,
            NULL);
}

typedef struct Forgetting {
  SimState *state;
  SimStateKey *sum;
} Forgetting;

static const char *former_of(const SimState *state, uint64_t address) {
  for (uint32_t i = 0; i < state->base_count; i++)
    if (address - state->bases[i].extent.address < state->bases[i].extent.size)
      return state->bases[i].bytes + (address - state->bases[i].extent.address);
  return NULL;
}

/* Takes a word back that was added. */
static void forget(void *data, const void *place) {
  Forgetting *self = data;
  uint64_t address = (uint64_t)place & ~7ULL, word, former = 0;
  const char *base = former_of(self->state, address);
  memcpy(&word, (const void *)address, 8);
  if (base != NULL)
    memcpy(&former, base, 8);
  if (word != former)
    place_add(self->sum, address, word, -1);
}

/* Where an entry stands in the queue's own table does not matter; which of several at one time comes first does. */
static void queue_settle(SimState *state, SimStateKey *sum, const SimQueue *queue) {
  Forgetting forgetting = { state, sum };
  if (queue->is_wheel)
    return;
  for (uint32_t i = 1; i <= queue->count; i++) {
    const SimQueueEntry *entry = queue->heap[i];
    uint64_t rank = 1;
    for (uint32_t k = 1; k <= queue->count; k++)
      rank += queue->heap[k]->time_ns == entry->time_ns && queue->heap[k]->sequence < entry->sequence;
    forget(&forgetting, &entry->sequence);
    forget(&forgetting, &entry->position);
    place_add(sum, (uint64_t)entry | 1, rank, 1);
  }
  for (uint32_t i = 1; i <= SIM_QUEUE_FEW; i++) /* also what was left beyond the last */
    forget(&forgetting, &queue->heap[i]);
}

/* ---- cpus and contexts ---- */

static void vcpu_fold(SimStateKey *key, const SimVcpu *vcpu, bool with_time) {
  fold(key, (uint64_t)vcpu->depth | (uint64_t)vcpu->is_hung << 8 | (uint64_t)vcpu->has_thread << 9 | (uint64_t)vcpu->irql << 16 |
                (uint64_t)vcpu->pending_levels << 32);
  for (unsigned i = 0; i < vcpu->depth; i++)
    fold(key, vcpu->stack[i]->id);
  for (uint32_t levels = vcpu->pending_levels; levels != 0; levels &= levels - 1) {
    SimLink *link, *following;
    SIM_LIST_EACH(&vcpu->pending[__builtin_ctz(levels)], link, following) {
      const SimInterrupt *interrupt = SIM_CONTAINER(link, SimInterrupt, link);
      fold(key, (uint64_t)interrupt | (uint64_t)interrupt->is_prompt);
    }
  }
  if (with_time) {
    fold(key, vcpu->time_ns);
    fold(key, vcpu->executed_ns);
  }
}

/* Wherever it has its slot. */
static void context_add(SimState *state, SimStateKey *sum, const SimContext *context) {
  SimStateKey key = *history_of(state, context);
  fold(&key, (uint64_t)context->is_waiting | (uint64_t)context->is_spinning << 1 | (uint64_t)context->is_hung << 2 |
                 (uint64_t)context->irql << 8 | (uint64_t)context->kind << 16 | (uint64_t)context->frame_count << 32);
  fold(&key, (uint64_t)context->pending.function | (uint64_t)context->pending.object << 32);
  fold(&key, (uint64_t)context->pending.kind | (uint64_t)context->call << 32);
  fold(&key, context->pending.address);
  fold(&key, context->site);
  fold(&key, context->is_spinning ? context->spin_address : 0);
  place_add(sum, context->id, key.words[0], 1);
  place_add(sum, ~(uint64_t)context->id, key.words[1], 1);
}

static void point_fold(SimStateKey *key, const SimMachine *machine, const SimPoint *point) {
  bool is_step = sim_point_is_step(point); /* who asks who steps next is of no matter */
  fold(key, (is_step ? 0 : (uint64_t)point->kind) | (uint64_t)point->option_count << 32);
  fold(key, is_step ? 0 : point->natural);
  for (uint32_t i = 0; point->options != NULL && i < point->option_count; i++)
    fold(key, (uint64_t)point->options[i].id << 32 | point->options[i].context);
  /* Within a step: whose. At an access no interrupt lands on the cpu that makes it, unless others step first. */
  bool is_deaf = point->kind == SIM_CHOICE_ACCESS && sim_vcpu_is_interruptible(sim_vcpu(machine));
  fold(key, !is_step || is_deaf ? point->context : 0);
}

SimStateKey sim_state_key(SimState *state, SimMachine *machine, const SimPoint *point, uint64_t salt, bool with_time) {
  SimStateKey sum = { { 1, 2 } };
  memory_add(state, &sum, machine);
  if (machine->threads != NULL && machine->threads->forget != NULL && !with_time)
    machine->threads->forget(machine, forget, &(Forgetting){ state, &sum });
  queue_settle(state, &sum, &machine->queue);
  for (uint32_t i = 0; i < machine->context_count; i++)
    if (machine->contexts[i].is_live && &machine->contexts[i] != machine->dying)
      context_add(state, &sum, &machine->contexts[i]);
  SimStateKey key = sum;
  for (uint32_t i = 0; i < machine->vcpu_count; i++)
    vcpu_fold(&key, &machine->vcpus[i], with_time);
  point_fold(&key, machine, point);
  fold(&key, machine->fire_count);
  fold(&key, machine->finding_sum);
  fold(&key, salt);
  if (with_time)
    fold(&key, machine->now_ns);
  key.words[0] |= key.words[0] == 0 && key.words[1] == 0;
  return key;
}

/* ---- states seen ---- */

static Entry *entry_find(Entry *entries, size_t capacity, SimStateKey key) {
  size_t at = key.words[0] & (capacity - 1);
  while ((entries[at].key.words[0] | entries[at].key.words[1]) != 0 && memcmp(&entries[at].key, &key, sizeof key) != 0)
    at = (at + 1) & (capacity - 1);
  return &entries[at];
}

static void grow(SimState *state) {
  size_t capacity = state->entry_capacity > 0 ? state->entry_capacity * 2 : 4096;
  Entry *entries = calloc(capacity, sizeof *entries);
  SIM_ASSERT(entries != NULL);
  for (size_t i = 0; i < state->entry_capacity; i++)
    if ((state->entries[i].key.words[0] | state->entries[i].key.words[1]) != 0)
      *entry_find(entries, capacity, state->entries[i].key) = state->entries[i];
  free(state->entries);
  state->entries = entries;
  state->entry_capacity = capacity;
}

bool sim_state_see(SimState *state, SimStateKey key, uint64_t spent_ns) {
  if (state->entry_count * 2 >= state->entry_capacity && state->entry_count < STATE_COUNT_MAX)
    grow(state);
  Entry *entry = entry_find(state->entries, state->entry_capacity, key);
  bool is_there = (entry->key.words[0] | entry->key.words[1]) != 0;
  if (is_there && entry->spent_ns >= spent_ns)
    return true;
  if (!is_there && state->entry_count >= STATE_COUNT_MAX)
    return false;
  state->entry_count += !is_there;
  *entry = (Entry){ key, spent_ns };
  return false;
}

uint64_t sim_state_count(const SimState *state) { return state->entry_count; }

void sim_state_forget_all(SimState *state) {
  if (state->entries != NULL)
    memset(state->entries, 0, state->entry_capacity * sizeof *state->entries);
  state->entry_count = 0;
}
