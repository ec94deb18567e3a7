/*
 * ndis_state.h: net buffers and the guest memory of the network stack's own: what a run changes in model/ndis. Stdint and sim only; zeroed
 * when a run begins.
 */
#pragma once

#include "../../sim/list.h"
#include "../object.h"

#include <stdbool.h>
#include <stdint.h>

#define NDIS_MEMORY_CLASS_COUNT 8 /* 64 bytes .. 8 KiB */

/* A block of guest memory that belongs to Windows' network stack. Open to accesses while it is in use, closed as freed afterwards, and used
 * again as late as possible, so that a late touch is found. */
typedef struct NdisMemoryBlock {
  SimLink link; /* in NdisState.free[class] while it is free: first freed, first used again */
  uint64_t address;
  uint32_t size;  /* as asked for; 0: free */
  uint8_t class_number;
} NdisMemoryBlock;

/* A pool of NET_BUFFER_LISTs or NET_BUFFERs that a driver asked for (NdisAllocateNetBufferListPool). */
typedef struct NdisPool {
  SimLink link;
  uint64_t handle; /* what the driver knows it by */
  uint32_t tag;
  uint32_t data_size;    /* bytes of data that come with each; 0: none */
  uint16_t context_size; /* of the context area */
  bool has_net_buffer;   /* each NET_BUFFER_LIST comes with one NET_BUFFER */
  bool is_buffer_pool;   /* of NET_BUFFERs */
  uint32_t used;         /* taken from it and not given back */
  Object *object;
} NdisPool;

/* The true state of one NET_BUFFER_LIST: who made it, what it holds. Body of an OBJECT_NET_BUFFER_LIST. */
typedef struct NdisNetBufferList {
  SimLink link; /* in NdisState.lists */
  Object *object;
  NdisPool *pool;                   /* NULL: the stack's own */
  struct NdisNetBufferList *parent; /* a clone: of whom; NULL else */
  uint32_t children;                /* clones that live */
  uint32_t references;              /* beyond the maker's: the stack holds it while a clone lives */
  uint32_t length;                  /* bytes of data */
  bool is_clone;
  bool is_stream;                   /* made by FwpsCloneStreamData0 */
  bool is_injected;                 /* the stack has it: an injection is under way */
  bool is_released;                 /* its owner is done with it; it goes when the last clone goes */
  uint64_t flow_id;                 /* stream data: of which flow; 0: none */
  uint64_t blocks[4];               /* guest memory that goes with it: list, buffer, MDL, data; 0: none */
} NdisNetBufferList;

typedef struct NdisState {
  SimLink pools; /* NdisPool.link */
  SimLink lists; /* NdisNetBufferList.link */
  SimLink free[NDIS_MEMORY_CLASS_COUNT]; /* NdisMemoryBlock.link */
  uint32_t free_count[NDIS_MEMORY_CLASS_COUNT];
  uint64_t page_next; /* guest memory not yet cut into blocks */
  uint64_t page_end;
  NdisMemoryBlock **blocks; /* by number of the 64-byte granule from the first page of their arena; see memory.c */
  uint32_t block_count;
  uint32_t block_capacity;
  bool is_begun;
} NdisState;
