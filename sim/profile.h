/*
 * profile.h: what a search learns from its runs: how many steps they take, which contexts there are and who made them, and which places (objects and
 * addresses) each of them touches how often. Policies weigh by it.
 *
 * Host memory of the search. A function of the search's options and of the schedules so far: contexts are known by their id, objects by their
 * ordinal, memory by its address in the arena, which of one guest image is always the same.
 */
#pragma once

#include "choice.h"

#define SIM_PROFILE_CONTEXT_COUNT_MAX 1024
#define SIM_PROFILE_NONE UINT32_MAX

/* A context as the runs have shown it. */
typedef struct SimProfileContext {
  uint32_t id;
  uint32_t parent;     /* index of who made it: lower than its own; SIM_PROFILE_NONE: nobody known */
  uint32_t run;        /* the last that it stepped in */
  uint32_t step_now;   /* points in that run */
  uint32_t step_count; /* to be expected in a run */
} SimProfileContext;

/* An object or a memory cell. */
typedef struct SimPlace {
  uint64_t key;            /* sim_place_key; 0: free */
  uint32_t context;        /* index of the first context that touched it */
  uint32_t context_count;  /* how many have */
  uint32_t run;            /* of what follows */
  uint32_t writer_site;    /* of the last write in that run; 0: nobody has written yet */
  uint32_t writer_context; /* index */
  uint32_t sites;          /* index + 1 of the first of its sites, of the policy that keeps them; 0: none */
  bool is_written;         /* ever */
  bool is_sync;            /* an object or an interlocked operation: not plain memory */
} SimPlace;

/* One context's touches of one place. */
typedef struct SimTouch {
  uint64_t key; /* place's index + 1 << 32 | context; 0: free */
  uint32_t run;
  uint32_t now;   /* in that run */
  uint32_t count; /* to be expected in a run */
} SimTouch;

typedef struct SimProfile {
  uint32_t run;          /* number of this run within the search, from 1 */
  uint32_t known;        /* runs that were learnt from */
  uint32_t step_now;     /* points of this run */
  uint32_t step_count;   /* to be expected in a run; 0: nothing is known yet */
  uint64_t access_count; /* likewise, accesses of driver code */
  uint32_t context_count;
  uint32_t place_count;
  uint32_t touch_count;
  SimProfileContext *contexts;
  uint32_t *context_cells; /* index + 1 by hash of the id; 0: free */
  SimPlace *places;        /* in the order they were met */
  uint32_t *place_cells;
  SimTouch *touches; /* open addressing */
} SimProfile;

/* What an operation touches: its address, else its object; 0: nothing that is known. */
static inline uint64_t sim_place_key(const SimOperation *operation) {
  return operation->address != 0 ? operation->address : operation->object;
}

void sim_profile_begin(SimProfile *profile);                      /* before a run */
void sim_profile_end(SimProfile *profile, uint64_t access_count); /* after it: learns */
void sim_profile_finish(SimProfile *profile);

/* The context of that id, entered if it is new, as a child of `parent`. SIM_PROFILE_NONE: there are too many. */
uint32_t sim_profile_context(SimProfile *profile, uint32_t id, uint32_t parent);

/* NULL: not known. Borrowed, valid until the next note. */
SimPlace *sim_profile_place(const SimProfile *profile, uint64_t key);

/* A context makes its operation now. Returns the place it touches, as it was before (a read knows who wrote): the caller says sim_place_write. NULL: none.
 * `is_own`: memory of its own, which others get when it has ended: a place only once another touches it. */
SimPlace *sim_profile_note(SimProfile *profile, uint32_t context, const SimOperation *operation, bool is_own);

/* How often that context may be expected to touch that place in a run. */
uint32_t sim_profile_touches(const SimProfile *profile, uint32_t context, const SimPlace *place);

/* Two contexts touch it and somebody writes: what happens there can depend on the order. */
static inline bool sim_place_is_shared(const SimPlace *place) { return place != NULL && place->context_count > 1 && place->is_written; }
