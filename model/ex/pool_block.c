#include "pool_block.h"

#include "../model.h"

#define HEADER_SIZE SIM_GRANULE_SIZE                     /* a closed granule before each small block, where Windows has its POOL_HEADER */
#define SMALL_SIZE_MAX (SIM_PAGE_SIZE - 2 * HEADER_SIZE) /* and one behind the last */
#define BLOCK_CAPACITY_FIRST 16
_Static_assert(SIM_PAGE_SIZE / (2 * SIM_GRANULE_SIZE) <= UINT8_MAX, "PoolPage.block_of has room for the number of each block");
#define QUARANTINE_FREES 256 /* so many later frees before a block may be used again */

static PoolState *pool(void) {
  PoolState *state = &MODEL->ex.pool;
  if (!state->is_begun) {
    state->is_begun = true;
    for (unsigned kind = 0; kind < POOL_KIND_COUNT; kind++)
      for (unsigned class = 0; class < POOL_CLASS_COUNT; class ++)
        sim_list_init(&state->free[kind][class]);
  }
  return state;
}

/* ---- the directory ---- */

static void directory_enter(PoolPage *page) {
  PoolState *state = pool();
  for (uint32_t at = 0; at < page->page_count; at++) {
    uint64_t number = (page->base - SIM_GUEST_BASE) / SIM_PAGE_SIZE + at;
    PoolDirectory **directory = &state->directory[number / POOL_DIRECTORY_PAGE_COUNT];
    if (*directory == NULL)
      *directory = sim_heap_allocate(sizeof **directory);
    (*directory)->pages[number % POOL_DIRECTORY_PAGE_COUNT] = page;
  }
}

static PoolPage *directory_find(uint64_t address) {
  if (address - SIM_GUEST_BASE >= SIM_GUEST_SIZE)
    return NULL;
  uint64_t number = (address - SIM_GUEST_BASE) / SIM_PAGE_SIZE;
  const PoolDirectory *directory = pool()->directory[number / POOL_DIRECTORY_PAGE_COUNT];
  return directory != NULL ? directory->pages[number % POOL_DIRECTORY_PAGE_COUNT] : NULL;
}

/* ---- pages ---- */

static uint8_t page_attributes(PoolKind kind) {
  if (kind != POOL_PAGED)
    return SIM_PAGE_NONPAGED | SIM_PAGE_RESIDENT | SIM_PAGE_WRITABLE | SIM_PAGE_SHADOWED;
  bool is_resident = MODEL->options.paging != MODEL_PAGING_TRIMMED;
  return SIM_PAGE_PAGED | SIM_PAGE_WRITABLE | SIM_PAGE_SHADOWED | (is_resident ? SIM_PAGE_RESIDENT : 0);
}

static PoolPage *page_create(PoolKind kind, uint32_t page_count) {
  uint64_t base = sim_pages_allocate(sim_machine(), page_count, page_attributes(kind));
  if (base == 0)
    return NULL;
  PoolPage *page = sim_heap_allocate(sizeof *page);
  page->base = base;
  page->page_count = page_count;
  page->kind = (uint8_t)kind;
  directory_enter(page);
  return page;
}

/* Blocks of a page are carved upwards and never given back. */
static void block_enter(PoolPage *page, PoolBlock *block) {
  if (page->block_count == page->block_capacity) {
    uint32_t capacity = page->block_capacity > 0 ? page->block_capacity * 2 : BLOCK_CAPACITY_FIRST;
    PoolBlock **larger = sim_heap_allocate(capacity * sizeof(PoolBlock *));
    for (uint32_t at = 0; at < page->block_count; at++)
      larger[at] = page->blocks[at];
    if (page->block_capacity > 0)
      sim_heap_free(page->blocks, page->block_capacity * sizeof(PoolBlock *));
    page->blocks = larger;
    page->block_capacity = capacity;
  }
  page->blocks[page->block_count++] = block;
}

static PoolBlock *block_create(PoolPage *page, uint64_t address, uint64_t capacity) {
  PoolBlock *block = sim_heap_allocate(sizeof *block);
  block->address = address;
  block->capacity = capacity;
  block->kind = page->kind;
  sim_list_init(&block->free_link);
  block_enter(page, block);
  return block;
}

/* ---- sizes ---- */

/* Rounded so that not every size has a list of its own: free_list knows the steps. */
static uint64_t capacity_of(uint64_t size) {
  if (size > SMALL_SIZE_MAX)
    return (size + SIM_PAGE_SIZE - 1) & ~(SIM_PAGE_SIZE - 1);
  uint64_t step = size <= 512 ? 16 : 64;
  uint64_t capacity = size == 0 ? 16 : (size + step - 1) & ~(step - 1);
  return capacity > SMALL_SIZE_MAX ? SMALL_SIZE_MAX : capacity;
}

static SimLink *free_list(PoolKind kind, uint64_t capacity) {
  uint64_t class = capacity <= 512 ? capacity / 16 : 32 + (capacity - 512 + 63) / 64;
  return &pool()->free[kind][capacity <= SMALL_SIZE_MAX ? class : 0];
}

/* ---- blocks ---- */

/* The longest free block of that capacity, if it was free long enough or `at_once`. */
static PoolBlock *block_reuse(PoolKind kind, uint64_t capacity, bool at_once) {
  if (!at_once && pool()->free_count < QUARANTINE_FREES)
    return NULL;
  SimLink *head = free_list(kind, capacity), *link, *following;
  SIM_LIST_EACH(head, link, following) {
    PoolBlock *block = SIM_CONTAINER(link, PoolBlock, free_link);
    if (!at_once && pool()->free_count - block->freed_at < QUARANTINE_FREES)
      return NULL; /* those behind it were freed later */
    if (block->capacity == capacity) {
      sim_list_remove(link);
      return block;
    }
  }
  return NULL;
}

static PoolBlock *block_carve(PoolKind kind, uint64_t capacity) {
  PoolPage **open = &pool()->open[kind];
  if (*open == NULL || (*open)->used + HEADER_SIZE + capacity + HEADER_SIZE > SIM_PAGE_SIZE) {
    PoolPage *page = page_create(kind, 1);
    if (page == NULL)
      return NULL;
    *open = page;
  }
  uint32_t at = (*open)->used, size = (uint32_t)(HEADER_SIZE + capacity);
  (*open)->used += size;
  PoolBlock *block = block_create(*open, (*open)->base + at + HEADER_SIZE, capacity);
  __builtin_memset(&(*open)->block_of[at / SIM_GRANULE_SIZE], (int)(*open)->block_count, size / SIM_GRANULE_SIZE);
  return block;
}

/* Page-aligned, as a driver may rely on from a page upwards, with a closed page behind. */
static PoolBlock *block_large(PoolKind kind, uint64_t capacity) {
  if (capacity > SIM_GUEST_SIZE)
    return NULL;
  PoolPage *page = page_create(kind, (uint32_t)(capacity / SIM_PAGE_SIZE) + 1);
  return page != NULL ? block_create(page, page->base, capacity) : NULL;
}

PoolBlock *pool_block_create(PoolKind kind, uint64_t size) {
  if (size > SIM_GUEST_SIZE)
    return NULL;
  uint64_t capacity = capacity_of(size);
  PoolBlock *block = block_reuse(kind, capacity, false);
  if (block == NULL)
    block = capacity > SMALL_SIZE_MAX ? block_large(kind, capacity) : block_carve(kind, capacity);
  if (block == NULL)
    block = block_reuse(kind, capacity, true);
  if (block == NULL)
    return NULL;
  block->size = size;
  block->is_free = false;
  block->is_special = false;
  uint64_t opened = (size + SIM_GRANULE_SIZE - 1) & ~(uint64_t)(SIM_GRANULE_SIZE - 1);
  sim_granules_close(sim_machine(), block->address + opened, capacity - opened, SIM_GRANULE_NONE);
  sim_granules_open(sim_machine(), block->address, size);
  pool()->allocation_count++;
  return block;
}

void pool_block_fill(const PoolBlock *block, uint64_t pattern) {
  uint64_t *words = (uint64_t *)block->address, count = block->capacity / sizeof pattern;
  for (uint64_t at = 0; at < count; at++)
    words[at] = pattern;
}

void pool_block_free(PoolBlock *block) {
  sim_granules_close(sim_machine(), block->address, block->capacity, SIM_GRANULE_FREED);
  block->is_free = true;
  block->freed_at = pool()->free_count++;
  sim_list_push_tail(free_list(block->kind, block->capacity), &block->free_link);
}

PoolBlock *pool_block_at(uint64_t address) {
  PoolPage *page = directory_find(address);
  if (page == NULL)
    return NULL;
  uint32_t number = page->page_count == 1 ? page->block_of[address % SIM_PAGE_SIZE / SIM_GRANULE_SIZE] : 0;
  if (number == 0)
    number = page->block_count;
  return number > 0 ? page->blocks[number - 1] : NULL;
}
