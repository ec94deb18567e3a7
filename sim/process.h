/*
 * process.h: what belongs to the host process and is never saved or restored: it stands in the first pages of the arena, before the machine.
 * Internal to sim.
 */
#pragma once

#include "options.h"

#include <signal.h>

#define SIM_CLAIM_COUNT_MAX 16
#define SIM_TRACKED_PAGE_COUNT SIM_PAGE_COUNT

typedef struct SimExtent {
  uint64_t address;
  size_t size;
} SimExtent;

/* What is live of the arena. */
typedef struct SimExtentList {
  uint32_t count;
  uint32_t capacity;
  SimExtent *items; /* host memory; owned */
} SimExtentList;

/* A piece of a saved state that a restore copies. */
typedef struct SimSpan {
  uint64_t address;
  const char *from;
  size_t size;
} SimSpan;

/* A state that is restored often. */
typedef struct SimWrittenState {
  uint64_t snapshot;  /* its serial; 0: none */
  uint32_t listed_at; /* `grown` when its spans were listed; UINT32_MAX: they are not */
  uint32_t span_count;
  uint32_t span_capacity;
  SimSpan *spans; /* of it, without the cold pages; memory of the host, kept for the next */
} SimWrittenState;

/* Runs begin from one state, or by turns from two: from where runs begin, and from where a search does. */
#define SIM_WRITTEN_STATE_COUNT 2

/* Which pages a run writes: see written.c. */
typedef struct SimWritten {
  uint64_t snapshot;      /* serial of the state restored last; 0: none */
  uint64_t former;        /* ... and of another one before it */
  uint32_t restore_count; /* of these two, in a row */
  uint32_t epoch;         /* counts how often it was turned on or off */
  uint32_t grown;         /* pages written for the first time, ever */
  bool is_on;
  uint32_t state; /* which of those below was restored last */
  SimWrittenState states[SIM_WRITTEN_STATE_COUNT];
  uint64_t cold[SIM_TRACKED_PAGE_COUNT / 64];               /* a bit a page: protected, and as the state has it */
  uint64_t clean_stacks[(SIM_CONTEXT_COUNT_MAX + 63) / 64]; /* a bit a slot: its guest stack has been protected once */
  struct sigaction before;                                  /* who was told of SIGSEGV */
} SimWritten;

typedef struct SimProcess {
  bool is_mapped;
  uint32_t claim_count;
  SimExtent claims[SIM_CLAIM_COUNT_MAX];
  void *landing;
  uint32_t stack_count;                            /* slots whose stacks have their guards */
  uint32_t guest_stack_end;                        /* one beyond the last slot that may be in use, of those below */
  bool is_guest_stack_used[SIM_CONTEXT_COUNT_MAX]; /* by slot: driver code ran there since it was cleared */
  uint64_t snapshot_serial;                        /* of the last one saved */
  SimWritten written;
  SimOptions options; /* listed last: all there could be, which is much for a stack that is saved */
} SimProcess;

_Static_assert(sizeof(SimProcess) <= SIM_MACHINE_BASE - SIM_ARENA_BASE, "the process' state fits its place in the arena");

static inline SimProcess *sim_process(void) { return (SimProcess *)SIM_ARENA_BASE; }

/* ---- arena.c ---- */

uint64_t sim_guest_stack_high(unsigned slot);
/* Zeroes that guest stack below an address, if driver code ran there. */
void sim_guest_stack_clear(unsigned slot, uint64_t below);
/* Pages that were guest memory before a restore and are not any more. */
void sim_pages_forget(uint64_t page_count_before, uint64_t page_count_now);

/* ---- snapshot.c ---- */

/* Of the machine as it stands; no context runs. */
void sim_extents_collect(SimExtentList *list);
/* Before and after the bytes of a state are copied back. Returns what the latter is to be given. */
uint64_t sim_restore_begin(SimMachine *machine);
void sim_restore_end(SimMachine *machine, uint64_t pages_before);
/* The bytes alone, between the two. */
void sim_snapshot_copy_back(const SimSnapshot *snapshot);
uint64_t sim_snapshot_serial(const SimSnapshot *snapshot);

/* ---- written.c ---- */

/* The page is protected, and as the state has it that was restored last. */
static inline bool sim_written_is_cold(uint64_t address) {
  const SimWritten *written = &sim_process()->written;
  uint64_t page = (address - SIM_ARENA_BASE) >> SIM_PAGE_SHIFT;
  return written->is_on && page < SIM_TRACKED_PAGE_COUNT && (written->cold[page / 64] >> (page % 64) & 1) != 0;
}

/* The next restore of the state that was restored last protects its pages, however few there were. */
void sim_written_hurry(void);

/* A state is about to be restored. True: only the spans have to be copied, the rest is as the state has it. */
bool sim_written_begin(uint64_t snapshot, const SimExtent *extents, uint32_t extent_count, const char *const *places);
/* It was restored as a whole. */
void sim_written_note(uint64_t snapshot, const SimExtent *extents, uint32_t extent_count);
/* Zeroes the guest stack of a slot below an address; and says that it is zero there, after a restore. */
void sim_written_clear(unsigned slot, uint64_t below);
void sim_written_clean(unsigned slot, uint64_t below);
/* Nothing is tracked any more: before all is forgotten. The same when that state is freed, if it was one of those. */
void sim_written_end(void);
void sim_written_forget(uint64_t snapshot);
