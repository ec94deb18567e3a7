#include "fiber.h"
#include "internal.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "sanitizer.h"

#ifdef SIM_WITH_ASAN
#define UNPOISON(address, size) __asan_unpoison_memory_region((address), (size))
#else
#define UNPOISON(address, size) ((void)(address), (void)(size))
#endif

#define CLAIM_COUNT_MAX 16

typedef struct Extent {
  uint64_t address;
  size_t size;
} Extent;

/* What belongs to the process and is never restored. */
typedef struct SimProcess {
  bool is_mapped;
  uint32_t claim_count;
  Extent claims[CLAIM_COUNT_MAX];
  void *landing;
  bool is_guest_stack_used[SIM_CONTEXT_COUNT_MAX]; /* by slot: driver code ran there since it was cleared */
} SimProcess;

static SimProcess *process(void) { return (SimProcess *)SIM_ARENA_BASE; }

void *sim_process_landing(void) { return &process()->landing; }

/* The first mapping is asked for by what cannot be kept in the arena itself: whether it is there. */
static bool is_mapped(void) {
  unsigned char resident;
  return mincore((void *)SIM_ARENA_BASE, SIM_PAGE_SIZE, &resident) == 0 && process()->is_mapped;
}

static bool guard_stacks(void) {
  for (unsigned slot = 0; slot < SIM_CONTEXT_COUNT_MAX; slot++) {
    char *base = (char *)SIM_STACK_BASE + slot * SIM_STACK_SLOT_SIZE;
    char *guest_guard = base + SIM_STACK_SLOT_SIZE - SIM_GUEST_STACK_SIZE - SIM_PAGE_SIZE;
    if (mprotect(base, SIM_PAGE_SIZE, PROT_NONE) != 0 || mprotect(guest_guard, SIM_PAGE_SIZE, PROT_NONE) != 0)
      return false;
  }
  return true;
}

bool sim_arena_map(void) {
  if (is_mapped())
    return true;
  void *base = mmap((void *)SIM_ARENA_BASE, SIM_ARENA_SIZE, PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);
  if (base != (void *)SIM_ARENA_BASE) {
    if (base != MAP_FAILED)
      munmap(base, SIM_ARENA_SIZE);
    return false;
  }
  if (!guard_stacks())
    return false;
  process()->is_mapped = true;
  sim_arena_reset();
  return true;
}

static uint8_t *page_table(void) { return (uint8_t *)SIM_PAGE_TABLE_BASE; }

static void page_table_set(uint64_t address, uint64_t size, uint8_t attributes) {
  memset(page_table() + ((address - SIM_ARENA_BASE) >> SIM_PAGE_SHIFT), attributes, size >> SIM_PAGE_SHIFT);
}

/* Only the guest stacks of the stack region are driver code's to touch. */
static void page_table_init(void) {
  memset(page_table(), SIM_PAGE_NONE, (SIM_IMAGE_BASE - SIM_ARENA_BASE) >> SIM_PAGE_SHIFT);
  for (unsigned slot = 0; slot < SIM_CONTEXT_COUNT_MAX; slot++) {
    uint64_t guest_stack = SIM_STACK_BASE + (slot + 1) * SIM_STACK_SLOT_SIZE - SIM_GUEST_STACK_SIZE;
    page_table_set(guest_stack - SIM_PAGE_SIZE, SIM_PAGE_SIZE, SIM_PAGE_GUARD);
    page_table_set(guest_stack, SIM_GUEST_STACK_SIZE, SIM_PAGE_STACK | SIM_PAGE_RESIDENT | SIM_PAGE_WRITABLE);
  }
}

/* ---- guest stacks: nothing of a former run or context may be left where a dangling pointer could read it ---- */

void sim_guest_stack_note(unsigned slot) { process()->is_guest_stack_used[slot] = true; }

static uint64_t guest_stack_high(unsigned slot) { return SIM_STACK_BASE + (slot + 1) * SIM_STACK_SLOT_SIZE; }

static void guest_stack_clear(unsigned slot, uint64_t below) {
  uint64_t low = guest_stack_high(slot) - SIM_GUEST_STACK_SIZE;
  if (process()->is_guest_stack_used[slot])
    memset((void *)low, 0, below - low);
  process()->is_guest_stack_used[slot] = below < guest_stack_high(slot);
}

void sim_guest_stack_renew(unsigned slot) { guest_stack_clear(slot, guest_stack_high(slot)); }

void sim_arena_claim(uint64_t address, size_t size) {
  SimProcess *self = process();
  for (uint32_t i = 0; i < self->claim_count; i++)
    if (self->claims[i].address == address) {
      self->claims[i].size = size;
      return;
    }
  SIM_ASSERT(self->claim_count < CLAIM_COUNT_MAX);
  self->claims[self->claim_count++] = (Extent){ address, size };
}

void sim_arena_reset(void) {
  SimMachine *machine = sim_machine();
  sim_watches_end(machine);
  memset((void *)SIM_HEAP_BASE, 0, machine->heap_used);
  memset((void *)SIM_GUEST_BASE, 0, machine->guest_pages_used * SIM_PAGE_SIZE);
  memset((void *)SIM_SHADOW_BASE, 0, machine->guest_pages_used * (SIM_PAGE_SIZE / SIM_GRANULE_SIZE));
  memset(machine, 0, sizeof *machine);
  for (uint32_t i = 0; i < process()->claim_count; i++)
    if (process()->claims[i].address < SIM_ARENA_END)
      memset((void *)process()->claims[i].address, 0, process()->claims[i].size);
  process()->claim_count = 0;
  page_table_init();
}

/* ---- heap: size classes of 16 bytes up to 512, then powers of two; a free block's first word links it ---- */

static unsigned size_class(size_t size, size_t *rounded) {
  if (size == 0)
    size = 1;
  if (size <= 512) {
    *rounded = (size + 15) & ~(size_t)15;
    return (unsigned)(*rounded / 16 - 1);
  }
  unsigned class_index = 32;
  *rounded = 1024;
  while (*rounded < size && *rounded < SIM_ARENA_SIZE) {
    *rounded *= 2;
    class_index++;
  }
  return class_index;
}

void *sim_heap_allocate(size_t size) {
  SimMachine *machine = sim_machine();
  size_t rounded;
  unsigned class_index = size_class(size, &rounded);
  void *block = class_index < SIM_HEAP_CLASS_COUNT ? machine->heap_free[class_index] : NULL;
  if (block != NULL) {
    machine->heap_free[class_index] = *(void **)block;
    memset(block, 0, rounded);
    return block;
  }
  if (rounded > SIM_HEAP_SIZE - machine->heap_used) {
    sim_stop(machine, SIM_STOP_LIMIT_MEMORY, "Windows' objects");
    SIM_ASSERT(!"the heap is full outside of a run");
  }
  block = (char *)SIM_HEAP_BASE + machine->heap_used;
  machine->heap_used += rounded;
  memset(block, 0, rounded); /* a restore leaves what a longer run wrote */
  return block;
}

void sim_heap_free(void *block, size_t size) {
  SimMachine *machine = sim_machine();
  size_t rounded;
  unsigned class_index = size_class(size, &rounded);
  if (block == NULL)
    return;
  *(void **)block = machine->heap_free[class_index];
  machine->heap_free[class_index] = block;
}

/* ---- snapshots ---- */

struct SimSnapshot {
  uint32_t extent_count;
  size_t size;
  Extent extents[CLAIM_COUNT_MAX + 8 + 2 * SIM_CONTEXT_COUNT_MAX];
  char bytes[];
};

static void extent_add(SimSnapshot *snapshot, uint64_t address, size_t size) {
  if (size == 0)
    return;
  snapshot->extents[snapshot->extent_count++] = (Extent){ address, size };
  snapshot->size += size;
}

/* Below it nothing is kept: where driver code, compiled or steps, has left its stack. */
static uint64_t guest_stack_low(const SimContext *context) {
  return context->frame_count > 0 || context->guest_depth > 0 ? (uint64_t)context->guest_stack_pointer : guest_stack_high(context->slot);
}

static void extents_collect(SimSnapshot *snapshot) {
  SimMachine *machine = sim_machine();
  extent_add(snapshot, SIM_MACHINE_BASE, offsetof(SimMachine, vcpus) + machine->vcpu_count * sizeof(SimVcpu));
  extent_add(snapshot, (uint64_t)machine->contexts, machine->context_count * sizeof(SimContext));
  for (uint32_t i = 0; i < process()->claim_count; i++)
    extent_add(snapshot, process()->claims[i].address, process()->claims[i].size);
  extent_add(snapshot, SIM_HEAP_BASE, machine->heap_used);
  extent_add(snapshot, SIM_GUEST_BASE, machine->guest_pages_used * SIM_PAGE_SIZE);
  extent_add(snapshot, SIM_SHADOW_BASE, machine->guest_pages_used * (SIM_PAGE_SIZE / SIM_GRANULE_SIZE));
  extent_add(snapshot, SIM_PAGE_TABLE_BASE + ((SIM_GUEST_BASE - SIM_ARENA_BASE) >> SIM_PAGE_SHIFT), machine->guest_pages_used);
  for (uint32_t i = 0; i < machine->context_count; i++) {
    SimContext *context = &machine->contexts[i];
    if (!context->is_live)
      continue;
    uint64_t host_top = SIM_STACK_BASE + (context->slot + 1) * SIM_STACK_SLOT_SIZE - SIM_GUEST_STACK_SIZE - SIM_PAGE_SIZE;
    uint64_t host_low = (uint64_t)sim_fiber_low(context->host_stack_pointer);
    extent_add(snapshot, host_low, host_top - host_low);
    extent_add(snapshot, guest_stack_low(context), guest_stack_high(context->slot) - guest_stack_low(context));
  }
}

SimSnapshot *sim_snapshot_save(void) {
  SIM_ASSERT(sim_machine()->current == NULL);
  SimSnapshot head = { 0 };
  extents_collect(&head);
  SimSnapshot *snapshot = malloc(sizeof head + head.size);
  SIM_ASSERT(snapshot != NULL);
  *snapshot = head;
  char *to = snapshot->bytes;
  for (uint32_t i = 0; i < snapshot->extent_count; i++) {
    UNPOISON((void *)snapshot->extents[i].address, snapshot->extents[i].size);
    memcpy(to, (void *)snapshot->extents[i].address, snapshot->extents[i].size);
    to += snapshot->extents[i].size;
  }
  return snapshot;
}

void sim_snapshot_restore(const SimSnapshot *snapshot) {
  const char *from = snapshot->bytes;
  uint64_t pages_before = sim_machine()->guest_pages_used;
  sim_watches_end(sim_machine());
  for (uint32_t i = 0; i < snapshot->extent_count; i++) {
    UNPOISON((void *)snapshot->extents[i].address, snapshot->extents[i].size);
    memcpy((void *)snapshot->extents[i].address, from, snapshot->extents[i].size);
    from += snapshot->extents[i].size;
  }
  for (unsigned slot = 0; slot < SIM_CONTEXT_COUNT_MAX; slot++) {
    const SimContext *context = &sim_machine()->contexts[slot];
    bool is_live = slot < sim_machine()->context_count && context->is_live;
    /* Below what was restored, frames of the run that is forgotten have left their poison. */
    if (is_live)
      UNPOISON((void *)(SIM_STACK_BASE + slot * SIM_STACK_SLOT_SIZE), SIM_STACK_SLOT_SIZE);
    guest_stack_clear(slot, is_live ? guest_stack_low(context) : guest_stack_high(slot));
  }
  sim_watches_restore(sim_machine());
  uint64_t pages_now = sim_machine()->guest_pages_used; /* what the run that is forgotten allocated is no memory any more */
  if (pages_before > pages_now)
    page_table_set(SIM_GUEST_BASE + pages_now * SIM_PAGE_SIZE, (pages_before - pages_now) * SIM_PAGE_SIZE, SIM_PAGE_NONE);
}

void sim_snapshot_destroy(SimSnapshot **snapshot) {
  free(*snapshot);
  *snapshot = NULL;
}

size_t sim_snapshot_size(const SimSnapshot *snapshot) { return snapshot->size; }
