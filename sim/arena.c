#include "process.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

void *sim_process_landing(void) { return &sim_process()->landing; }

/* The first mapping is asked for by what cannot be kept in the arena itself: whether it is there. */
static bool is_mapped(void) {
  unsigned char resident;
  return mincore((void *)SIM_ARENA_BASE, SIM_PAGE_SIZE, &resident) == 0 && sim_process()->is_mapped;
}

static bool map_at(uint64_t address, size_t size) {
  void *base =
      mmap((void *)address, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);
  if (base != (void *)address && base != MAP_FAILED) /* a kernel that does not know the flag takes the address for a hint */
    munmap(base, size);
  return base == (void *)address;
}

static bool stack_guard(unsigned slot) {
  char *base = (char *)sim_stack_slot(slot), *guest_guard = base + SIM_STACK_SLOT_SIZE - SIM_GUEST_STACK_SIZE - SIM_PAGE_SIZE;
  return mprotect(base, SIM_PAGE_SIZE, PROT_NONE) == 0 && mprotect(guest_guard, SIM_PAGE_SIZE, PROT_NONE) == 0;
}

static uint8_t *page_table(void) { return (uint8_t *)SIM_PAGE_TABLE_BASE; }

static void page_table_set(uint64_t address, uint64_t size, uint8_t attributes) {
  memset(page_table() + ((address - SIM_ARENA_BASE) >> SIM_PAGE_SHIFT), attributes, size >> SIM_PAGE_SHIFT);
}

/* Only the guest stacks of the stack region are driver code's to touch. */
static void stack_pages_set(unsigned slot) {
  uint64_t guest_stack = sim_guest_stack_high(slot) - SIM_GUEST_STACK_SIZE;
  page_table_set(guest_stack - SIM_PAGE_SIZE, SIM_PAGE_SIZE, SIM_PAGE_GUARD);
  page_table_set(guest_stack, SIM_GUEST_STACK_SIZE, SIM_PAGE_STACK | SIM_PAGE_RESIDENT | SIM_PAGE_WRITABLE);
}

bool sim_stack_open(unsigned slot) {
  SimProcess *self = sim_process();
  for (; self->stack_count <= slot; self->stack_count++) {
    if (self->stack_count == SIM_CONTEXT_COUNT_NEAR && !map_at(SIM_FAR_STACK_BASE, SIM_FAR_STACK_END - SIM_FAR_STACK_BASE))
      return false;
    if (!stack_guard(self->stack_count))
      return false;
    stack_pages_set(self->stack_count);
  }
  return true;
}

bool sim_arena_map(void) {
  if (is_mapped())
    return true;
  if (!map_at(SIM_ARENA_BASE, SIM_ARENA_SIZE))
    return false;
  sim_process()->is_mapped = true;
  sim_arena_reset();
  return true;
}

static void page_table_init(void) {
  memset(page_table(), SIM_PAGE_NONE, (SIM_IMAGE_BASE - SIM_ARENA_BASE) >> SIM_PAGE_SHIFT);
  for (unsigned slot = 0; slot < SIM_CONTEXT_COUNT_NEAR; slot++)
    stack_pages_set(slot);
}

/* ---- guest stacks: nothing of a former run or context may be left where a dangling pointer could read it ---- */

void sim_guest_stack_note(unsigned slot) {
  SimProcess *self = sim_process();
  self->is_guest_stack_used[slot] = true;
  if (self->guest_stack_end <= slot)
    self->guest_stack_end = slot + 1;
}

uint64_t sim_guest_stack_high(unsigned slot) { return sim_stack_slot(slot) + SIM_STACK_SLOT_SIZE; }

void sim_guest_stack_clear(unsigned slot, uint64_t below) {
  if (sim_process()->is_guest_stack_used[slot])
    sim_written_clear(slot, below);
  sim_process()->is_guest_stack_used[slot] = below < sim_guest_stack_high(slot);
}

void sim_guest_stack_renew(unsigned slot) { sim_guest_stack_clear(slot, sim_guest_stack_high(slot)); }

/* What the run that is forgotten allocated is no memory any more. */
void sim_pages_forget(uint64_t page_count_before, uint64_t page_count_now) {
  if (page_count_before > page_count_now)
    page_table_set(SIM_GUEST_BASE + page_count_now * SIM_PAGE_SIZE, (page_count_before - page_count_now) * SIM_PAGE_SIZE, SIM_PAGE_NONE);
}

void sim_arena_claim(uint64_t address, size_t size) {
  SimProcess *self = sim_process();
  for (uint32_t i = 0; i < self->claim_count; i++)
    if (self->claims[i].address == address) {
      self->claims[i].size = size;
      return;
    }
  SIM_ASSERT(self->claim_count < SIM_CLAIM_COUNT_MAX);
  self->claims[self->claim_count++] = (SimExtent){ address, size };
}

void sim_arena_reset(void) {
  SimMachine *machine = sim_machine();
  sim_written_end();
  sim_watches_end(machine);
  memset((void *)SIM_HEAP_BASE, 0, machine->heap_used);
  memset((void *)SIM_GUEST_BASE, 0, machine->guest_pages_used * SIM_PAGE_SIZE);
  memset((void *)SIM_SHADOW_BASE, 0, machine->guest_pages_used * (SIM_PAGE_SIZE / SIM_GRANULE_SIZE));
  memset(machine, 0, offsetof(SimMachine, contexts));
  for (uint32_t i = 0; i < sim_process()->claim_count; i++)
    if (sim_process()->claims[i].address < SIM_ARENA_END)
      memset((void *)sim_process()->claims[i].address, 0, sim_process()->claims[i].size);
  sim_process()->claim_count = 0;
  page_table_init();
}

/* ---- heap: size classes of 16 bytes up to 512, of 64 up to 2048, then powers of two; a free block's first word links it ---- */

#define SMALL_SIZE_MAX 2048

static unsigned size_class(size_t size, size_t *rounded) {
  if (size == 0)
    size = 1;
  if (size <= 512) {
    *rounded = (size + 15) & ~(size_t)15;
    return (unsigned)(*rounded / 16 - 1);
  }
  if (size <= SMALL_SIZE_MAX) {
    *rounded = (size + 63) & ~(size_t)63;
    return (unsigned)(31 + (*rounded - 512) / 64);
  }
  unsigned class_index = 31 + (SMALL_SIZE_MAX - 512) / 64 + 1;
  *rounded = SIM_PAGE_SIZE;
  while (*rounded < size && *rounded < SIM_ARENA_SIZE) {
    *rounded *= 2;
    class_index++;
  }
  return class_index;
}

/* From the end of what is used. */
static void *heap_carve(SimMachine *machine, size_t size, size_t alignment) {
  uint64_t at = (machine->heap_used + alignment - 1) & ~(uint64_t)(alignment - 1);
  if (at > SIM_HEAP_SIZE || size > SIM_HEAP_SIZE - at) {
    sim_stop(machine, SIM_STOP_LIMIT_MEMORY, "Windows' objects");
    SIM_ASSERT(!"the heap is full outside of a run");
  }
  machine->heap_used = at + size;
  return (char *)SIM_HEAP_BASE + at;
}

/* Before a state is saved small blocks share pages and large ones begin their own: what every run changes is for the most part small. */
static void *heap_carve_early(SimMachine *machine, size_t size) {
  if (size > SMALL_SIZE_MAX)
    return heap_carve(machine, size, size < SIM_PAGE_SIZE ? size : SIM_PAGE_SIZE);
  if (machine->heap_small_left < size) {
    machine->heap_small = heap_carve(machine, SIM_PAGE_SIZE, SIM_PAGE_SIZE);
    machine->heap_small_left = SIM_PAGE_SIZE;
  }
  char *block = machine->heap_small;
  machine->heap_small = block + size;
  machine->heap_small_left -= (uint32_t)size;
  return block;
}

void *sim_heap_allocate(size_t size) {
  SimMachine *machine = sim_machine();
  size_t rounded;
  unsigned class_index = size_class(size, &rounded);
  void *block = class_index < SIM_HEAP_CLASS_COUNT ? machine->heap_free[class_index] : NULL;
  if (block != NULL)
    machine->heap_free[class_index] = *(void **)block;
  else
    block = machine->heap_is_sealed ? heap_carve(machine, rounded, 16) : heap_carve_early(machine, rounded);
  return memset(block, 0, rounded); /* a restore leaves what a longer run wrote */
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

void sim_heap_page_begin(void) {
  SimMachine *machine = sim_machine();
  uint64_t used = (machine->heap_used + SIM_PAGE_SIZE - 1) & ~(SIM_PAGE_SIZE - 1);
  machine->heap_used = used < SIM_HEAP_SIZE ? used : SIM_HEAP_SIZE;
  machine->heap_small_left = 0;
  memset(machine->heap_free, 0, sizeof machine->heap_free);
}

void sim_heap_seal(void) {
  sim_heap_page_begin();
  sim_machine()->heap_is_sealed = true;
}
