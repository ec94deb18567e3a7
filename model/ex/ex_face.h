/*
 * ex_face.h: the pool for those outside of the WDK world. Stdint only.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct PoolBlock;

/* Whether each pool allocation of driver code asks SIM_CHOICE_ALLOCATION (natural: it succeeds). Before the run begins. */
void ex_allocation_failures_set(bool fails);

/* The block, living or freed, that holds the address, its closed header and trailer included; NULL: none does. */
const struct PoolBlock *ex_pool_block_at(uint64_t address);

/* What a driver (ordinal) has not freed. */
typedef struct ExPoolUse {
  uint64_t paged_bytes;
  uint64_t nonpaged_bytes;
  uint32_t count;
  uint32_t first_object; /* ordinal of the oldest of them; 0: none */
} ExPoolUse;

ExPoolUse ex_pool_use(uint32_t driver);
