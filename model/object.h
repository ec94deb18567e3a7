/*
 * object.h: every thing of Windows a run can name, in one side table: its ordinal (what events and hashes carry), its kind, its place in guest
 * memory, the model's own state of it. The true state is here, never in memory that driver code can write; guest-visible fields are mirrors.
 * Stdint only: the model, the rules, the scenarios and the reports read it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum ObjectKind {
  OBJECT_NONE,
  OBJECT_PROCESS,
  OBJECT_THREAD,
  OBJECT_EVENT,
  OBJECT_SEMAPHORE,
  OBJECT_MUTEX,
  OBJECT_TIMER,
  OBJECT_DPC,
  OBJECT_INTERRUPT,
  OBJECT_SPIN_LOCK,
  OBJECT_WORK_ITEM,
  OBJECT_DRIVER,
  OBJECT_DEVICE,
  OBJECT_POOL_BLOCK,
  OBJECT_SECURITY_DESCRIPTOR,
  OBJECT_FLT_FILTER,
  OBJECT_FLT_SERVER_PORT,
  OBJECT_FLT_CLIENT_PORT,
  OBJECT_FLT_MESSAGE,
  OBJECT_FWPM_ENGINE,
  OBJECT_FWPM_SUBLAYER,
  OBJECT_FWPM_FILTER,
  OBJECT_FWPS_CALLOUT,
  OBJECT_FWPS_PENDED_OPERATION,
  OBJECT_FWPS_INJECTION_HANDLE,
  OBJECT_CONNECTION,
  OBJECT_FLOW,
  OBJECT_NET_BUFFER_LIST,
  OBJECT_KIND_COUNT,
} ObjectKind;

#define OBJECT_NAME_SIZE 32

typedef struct Object {
  uint32_t ordinal; /* from 1, in order of creation */
  uint32_t number;  /* from 1, within its kind: "event 3" */
  uint8_t kind;     /* ObjectKind */
  bool is_alive;
  uint32_t driver;  /* ordinal of the driver that made it; 0: the system */
  uint64_t address; /* where it is for driver code: the structure, or the opaque pointer or handle that names it; 0: it has no address */
  uint64_t size;    /* bytes of guest memory it occupies there; 0: opaque */
  void *body;       /* the model's state of it: its own structure, on the arena's heap */
  uint32_t body_size;
  uint32_t hash_next;          /* by address: next ordinal in the bucket */
  char name[OBJECT_NAME_SIZE]; /* "gPort", "agent", ...: from the scenario or the driver, cut to fit; "" when it has none */
} Object;

/* The table: in chunks that never move, found by ordinal and by address. */
#define OBJECT_CHUNK_SIZE 64
#define OBJECT_CHUNK_COUNT_MAX 384
#define OBJECT_BUCKET_COUNT 1024

typedef struct ObjectTable {
  Object *chunks[OBJECT_CHUNK_COUNT_MAX];
  uint32_t buckets[OBJECT_BUCKET_COUNT] __attribute__((aligned(4096))); /* ordinal of the first living object there; newest first */
} ObjectTable;

typedef struct ObjectState {
  uint32_t count;                      /* highest ordinal in use */
  uint32_t numbers[OBJECT_KIND_COUNT]; /* highest number in use, by kind */
  uint64_t opaque_next;                /* the next address for object_create_opaque, and where its pages end */
  uint64_t opaque_end;
} ObjectState;

/* Creates an object with a zeroed body of body_size bytes on the heap; address 0: none. Never fails (a full table ends the run). */
Object *object_create(ObjectKind kind, uint64_t address, uint64_t size, size_t body_size);
/* The same for objects that driver code knows by an opaque pointer: gives it an address of guest memory that may not be touched. */
Object *object_create_opaque(ObjectKind kind, size_t body_size);
/* It no longer exists; its ordinal is not used again, its body is freed. NULL does nothing. */
void object_delete(Object *object);

/* The living object of that kind at exactly that address; NULL: none. OBJECT_NONE: of any kind. */
Object *object_find(uint64_t address, ObjectKind kind);
/* The newest living object at that address whose kind's bit (1 << kind) is set; NULL: none. */
Object *object_find_among(uint64_t address, uint64_t kinds);
Object *object_by_ordinal(uint32_t ordinal); /* also dead ones; NULL beyond the last */
uint32_t object_count(void);                 /* highest ordinal in use */
/* The next living object whose memory lies in [address, address + size), by ordinal above `after`; NULL: no more. */
Object *object_in_range(uint64_t address, uint64_t size, uint32_t after);

void object_name_set(Object *object, const char *name); /* copies, cuts */
const char *object_kind_name(ObjectKind kind);          /* "event", "spin lock", ...: constant */
