/* ex_state.h: what a run changes in model/ex: the pool. Stdint and sim only; zeroed when a run begins. */
#pragma once

#include "../../sim/machine.h"

#include <stdbool.h>
#include <stdint.h>

typedef enum PoolKind { POOL_NONPAGED, POOL_NONPAGED_NX, POOL_PAGED, POOL_KIND_COUNT } PoolKind;

/* One block, living or freed. Freed ones stay until their memory is used again, so that a double free and a touch can be told from a wild
 * pointer. */
typedef struct PoolBlock {
  SimLink free_link; /* in PoolState.free while it is free */
  uint64_t address;
  uint64_t size;     /* as asked for */
  uint64_t capacity; /* bytes it may grow to when used again: rounded size */
  uint64_t freed_at; /* PoolState.free_count when it was freed */
  uint32_t tag;
  uint32_t pool_type; /* POOL_TYPE as given, or as the POOL_FLAGS mean */
  uint32_t object;    /* ordinal of the pool block object */
  uint32_t driver;    /* ordinal of the driver that allocated it; 0: Windows */
  uint32_t free_site; /* where in the driver it was freed */
  uint8_t kind;       /* PoolKind */
  bool is_free;
  bool is_special; /* from Driver Verifier's special pool */
} PoolBlock;

/* A page of small blocks, or the pages of a large one. */
typedef struct PoolPage {
  uint64_t base;
  uint32_t page_count;
  uint32_t used; /* bytes carved from a page of small blocks */
  uint8_t kind;  /* PoolKind */
  uint32_t block_count;
  uint32_t block_capacity; /* doubles when it is used up */
  PoolBlock **blocks;      /* by address */
  uint8_t block_of[SIM_PAGE_SIZE /
                   SIM_GRANULE_SIZE]; /* of small blocks, by granule: number of the block, from 1; 0: of the last one, or of none */
} PoolPage;

#define POOL_CLASS_COUNT 89          /* free lists of small blocks: a capacity each */
#define POOL_DIRECTORY_SIZE 128      /* page directory: first level, entries of ... */
#define POOL_DIRECTORY_PAGE_COUNT 64 /* ... so many pages */

typedef struct PoolDirectory {
  PoolPage *pages[POOL_DIRECTORY_PAGE_COUNT];
} PoolDirectory;

typedef struct PoolState {
  uint64_t allocation_count;
  uint64_t free_count;
  bool is_begun;
  PoolPage *open[POOL_KIND_COUNT];                 /* the page that small blocks are carved from */
  SimLink free[POOL_KIND_COUNT][POOL_CLASS_COUNT]; /* PoolBlock.free_link, longest free first; class 0: large blocks */
  PoolDirectory *directory[POOL_DIRECTORY_SIZE];   /* by page number of guest memory */
} PoolState;

typedef struct ExState {
  bool fails_allocations; /* each allocation of driver code is a choice */
  PoolState pool;
} ExState;

_Static_assert(POOL_DIRECTORY_SIZE *POOL_DIRECTORY_PAGE_COUNT *SIM_PAGE_SIZE >= SIM_GUEST_SIZE, "the directory covers guest memory");
