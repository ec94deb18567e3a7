/*
 * pool_block.h: where blocks lie: pages, free lists, the directory. Knows nothing of tags, IRQL or Verifier.
 */
#pragma once

#include "ex_state.h"

/* A block of `size` bytes, its granules open, its memory as it was; NULL: guest memory is used up. Pages of a block are its kind's own. */
PoolBlock *pool_block_create(PoolKind kind, uint64_t size);
/* Its memory, all of it, holds the pattern. */
void pool_block_fill(const PoolBlock *block, uint64_t pattern);
/* Closes it and puts it behind the others of its class. It stays known until it is used again. */
void pool_block_free(PoolBlock *block);
/* The block whose memory, header or trailer holds the address; NULL: none. */
PoolBlock *pool_block_at(uint64_t address);
