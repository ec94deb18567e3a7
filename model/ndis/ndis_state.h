/*
 * ndis_state.h: net buffers: what a run changes in model/ndis. Stdint and sim only; zeroed when a run begins.
 */
#pragma once

#include "../../sim/list.h"
#include "../object.h"

#include <stdbool.h>
#include <stdint.h>

#define NDIS_BLOCK_COUNT_MAX 12

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
  uint32_t references;              /* FwpsReferenceNetBufferList0 and not yet given back */
  bool is_clone;
  bool is_fwps;                          /* made by an Fwps function, to be freed by its twin */
  bool is_injected;                      /* the stack has it: an injection is under way */
  bool is_released;                      /* its owner is done with it; it goes when the last clone goes */
  uint64_t flow_id;                      /* stream data: of which flow; 0: none */
  uint64_t blocks[NDIS_BLOCK_COUNT_MAX]; /* guest memory that goes with it: list, buffers, MDLs, data; 0: none */
} NdisNetBufferList;

typedef struct NdisState {
  bool is_begun;
  SimLink pools; /* NdisPool.link */
  SimLink lists; /* NdisNetBufferList.link */
} NdisState;
