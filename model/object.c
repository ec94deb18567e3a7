#include "events.h"
#include "model.h"

/* Objects are found by the 64-byte piece of memory they begin in: an address by one bucket, a range by a bucket a piece. Few begin in one piece. */
#define PIECE_SHIFT 6

/* Opaque objects stand this far apart, in pages that nothing may touch. */
#define OPAQUE_SPACING 64
#define OPAQUE_PAGE_COUNT 4

static const char *const kind_names[OBJECT_KIND_COUNT] = {
  [OBJECT_NONE] = "object",
  [OBJECT_PROCESS] = "process",
  [OBJECT_THREAD] = "thread",
  [OBJECT_EVENT] = "event",
  [OBJECT_SEMAPHORE] = "semaphore",
  [OBJECT_MUTEX] = "mutex",
  [OBJECT_TIMER] = "timer",
  [OBJECT_DPC] = "DPC",
  [OBJECT_INTERRUPT] = "interrupt",
  [OBJECT_SPIN_LOCK] = "spin lock",
  [OBJECT_WORK_ITEM] = "work item",
  [OBJECT_DRIVER] = "driver",
  [OBJECT_DEVICE] = "device",
  [OBJECT_POOL_BLOCK] = "pool block",
  [OBJECT_SECURITY_DESCRIPTOR] = "security descriptor",
  [OBJECT_FLT_FILTER] = "filter",
  [OBJECT_FLT_SERVER_PORT] = "server port",
  [OBJECT_FLT_CLIENT_PORT] = "client port",
  [OBJECT_FLT_MESSAGE] = "message",
  [OBJECT_FWPM_ENGINE] = "engine session",
  [OBJECT_FWPM_SUBLAYER] = "sublayer",
  [OBJECT_FWPM_FILTER] = "WFP filter",
  [OBJECT_FWPS_CALLOUT] = "callout",
  [OBJECT_FWPS_PENDED_OPERATION] = "pended operation",
  [OBJECT_FWPS_INJECTION_HANDLE] = "injection handle",
  [OBJECT_CONNECTION] = "connection",
  [OBJECT_FLOW] = "flow",
  [OBJECT_NET_BUFFER_LIST] = "net buffer list",
};

const char *object_kind_name(ObjectKind kind) { return kind < OBJECT_KIND_COUNT ? kind_names[kind] : "object"; }

static unsigned bucket_of(uint64_t address) {
  return (unsigned)(((address >> PIECE_SHIFT) * 0x9e3779b97f4a7c15ULL) >> 54) % OBJECT_BUCKET_COUNT;
}

/* Of an ordinal that is in use. */
static inline Object *object_of(uint32_t ordinal) {
  return &MODEL->object_table.chunks[(ordinal - 1) / OBJECT_CHUNK_SIZE][(ordinal - 1) % OBJECT_CHUNK_SIZE];
}

Object *object_by_ordinal(uint32_t ordinal) { return model_object(ordinal); }

uint32_t object_count(void) { return MODEL->object.count; }

static Object *slot_take(ObjectState *state) {
  uint32_t index = state->count;
  if (index == OBJECT_CHUNK_SIZE * OBJECT_CHUNK_COUNT_MAX) {
    sim_stop(sim_machine(), SIM_STOP_LIMIT_MEMORY, "objects");
    SIM_ASSERT(!"too many objects outside of a run");
  }
  Object **chunk = &MODEL->object_table.chunks[index / OBJECT_CHUNK_SIZE];
  if (*chunk == NULL)
    *chunk = sim_heap_allocate(OBJECT_CHUNK_SIZE * sizeof(Object));
  state->count++;
  return &(*chunk)[index % OBJECT_CHUNK_SIZE];
}

Object *object_create(ObjectKind kind, uint64_t address, uint64_t size, size_t body_size) {
  ObjectState *state = &MODEL->object;
  Object *object = slot_take(state);
  *object = (Object){ .ordinal = state->count,
                      .number = ++state->numbers[kind],
                      .kind = (uint8_t)kind,
                      .is_alive = true,
                      .address = address,
                      .size = size,
                      .body_size = (uint32_t)body_size };
  if (body_size > 0)
    object->body = sim_heap_allocate(body_size);
  if (address != 0) {
    uint32_t *bucket = &MODEL->object_table.buckets[bucket_of(address)];
    object->hash_next = *bucket;
    *bucket = object->ordinal;
  }
  sim_event(sim_machine(), EVENT_OBJECT_CREATE, 0, object->ordinal, 0, kind, address);
  return object;
}

Object *object_create_opaque(ObjectKind kind, size_t body_size) {
  ObjectState *state = &MODEL->object;
  if (state->opaque_next == state->opaque_end) {
    /* Shadowed and never opened: whoever follows the pointer meets a fault, whoever compares or hands it back does not. */
    state->opaque_next =
        sim_pages_allocate(sim_machine(), OPAQUE_PAGE_COUNT, SIM_PAGE_NONPAGED | SIM_PAGE_RESIDENT | SIM_PAGE_WRITABLE | SIM_PAGE_SHADOWED);
    if (state->opaque_next == 0) {
      sim_stop(sim_machine(), SIM_STOP_LIMIT_MEMORY, "guest memory");
      SIM_ASSERT(!"no guest memory outside of a run");
    }
    state->opaque_end = state->opaque_next + OPAQUE_PAGE_COUNT * SIM_PAGE_SIZE;
  }
  uint64_t address = state->opaque_next;
  state->opaque_next += OPAQUE_SPACING;
  return object_create(kind, address, 0, body_size);
}

static void bucket_remove(Object *object) {
  uint32_t *link = &MODEL->object_table.buckets[bucket_of(object->address)];
  while (*link != object->ordinal)
    link = &object_of(*link)->hash_next;
  *link = object->hash_next;
}

void object_delete(Object *object) {
  if (object == NULL)
    return;
  SIM_ASSERT(object->is_alive);
  object->is_alive = false;
  if (object->address != 0)
    bucket_remove(object);
  sim_heap_free(object->body, object->body_size);
  object->body = NULL;
  sim_event(sim_machine(), EVENT_OBJECT_DELETE, 0, object->ordinal, 0, object->kind, object->address);
}

static inline Object *find(uint64_t address, uint64_t kinds) {
  for (uint32_t ordinal = MODEL->object_table.buckets[bucket_of(address)]; ordinal != 0;) {
    Object *object = object_of(ordinal);
    if (object->address == address && (kinds >> object->kind & 1))
      return object;
    ordinal = object->hash_next;
  }
  return NULL;
}

Object *object_find_among(uint64_t address, uint64_t kinds) { return find(address, kinds); }

Object *object_find(uint64_t address, ObjectKind kind) { return find(address, kind == OBJECT_NONE ? UINT64_MAX : 1ULL << kind); }

static Object *lower(Object *left, Object *right) { return left == NULL || right->ordinal < left->ordinal ? right : left; }

/* The lowest above `after` in the range, or `first`, of what one bucket leads to. */
static Object *bucket_in_range(unsigned bucket, uint64_t address, uint64_t size, uint32_t after, Object *first) {
  uint32_t ordinal = MODEL->object_table.buckets[bucket];
  while (ordinal > after) { /* newest first */
    Object *object = object_of(ordinal);
    if (object->address - address < size)
      first = lower(first, object);
    ordinal = object->hash_next;
  }
  return first;
}

Object *object_in_range(uint64_t address, uint64_t size, uint32_t after) {
  Object *first = NULL;
  if (size == 0)
    return NULL;
  uint64_t piece = address >> PIECE_SHIFT, last_piece = (address + size - 1) >> PIECE_SHIFT;
  if (last_piece - piece < OBJECT_BUCKET_COUNT)
    for (; piece <= last_piece; piece++)
      first = bucket_in_range(bucket_of(piece << PIECE_SHIFT), address, size, after, first);
  else
    for (unsigned bucket = 0; bucket < OBJECT_BUCKET_COUNT; bucket++)
      first = bucket_in_range(bucket, address, size, after, first);
  return first;
}

void object_name_set(Object *object, const char *name) {
  unsigned i = 0;
  for (; name != NULL && name[i] != '\0' && i < OBJECT_NAME_SIZE - 1; i++)
    object->name[i] = name[i];
  object->name[i] = '\0';
}
