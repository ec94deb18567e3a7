/*
 * arena.h: all state of a run, at one fixed address, saved and restored with one copy of its live extent (decision 5).
 *
 *   base + 0        SimProcess    what belongs to the host process and is never restored
 *        + 64 KiB   machine       SimMachine (machine.h), then its tables
 *        + 1920 KiB model         ModelState (model/model.h)
 *        + 2 MiB    rules         RulesState (model/rules)
 *        + 2.5 MiB  runner        state of the scenario's runner
 *        + 3 MiB    heap          objects of sim, model and rules: never guest-visible
 *        + 6 MiB    shadow        a byte for each 16-byte granule of guest memory (memory.h)
 *        + 8 MiB    guest         what driver code may see: pool, globals, step locals, user pages (memory.h)
 *        + 40 MiB   stacks        one slot a context: host stack, guest stack, guards (context.h)
 *        + 64 MiB   images        driver images, linked at fixed addresses (model/guest)
 *        + 130 MiB  far stacks    the slots of a machine with very many contexts: mapped when the first of them is needed
 *
 * Never called by driver code. Nothing here depends on a host address but the fixed one.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SIM_ARENA_BASE 0x200000000000ULL
#define SIM_ARENA_SIZE 0x4000000ULL

#define SIM_MACHINE_BASE (SIM_ARENA_BASE + 0x10000)
#define SIM_PAGE_TABLE_BASE (SIM_ARENA_BASE + 0x1d0000)
#define SIM_MODEL_BASE (SIM_ARENA_BASE + 0x1e0000)
#define SIM_RULES_BASE (SIM_ARENA_BASE + 0x200000)
#define SIM_RUNNER_BASE (SIM_ARENA_BASE + 0x280000)
#define SIM_HEAP_BASE (SIM_ARENA_BASE + 0x300000)
#define SIM_SHADOW_BASE (SIM_ARENA_BASE + 0x600000)
#define SIM_GUEST_BASE (SIM_ARENA_BASE + 0x800000)
#define SIM_STACK_BASE (SIM_ARENA_BASE + 0x2800000)
#define SIM_ARENA_END (SIM_ARENA_BASE + SIM_ARENA_SIZE)

#define SIM_HEAP_SIZE (SIM_SHADOW_BASE - SIM_HEAP_BASE)
#define SIM_HEAP_CLASS_COUNT 66 /* 16 bytes apart up to 512, 64 up to 2 KiB, then 4 KiB to 2 MiB: no block is larger than the heap */
#define SIM_GUEST_SIZE (SIM_STACK_BASE - SIM_GUEST_BASE)

/* Images stand beside the arena: one slot of 16 MiB each. */
#define SIM_IMAGE_BASE SIM_ARENA_END
#define SIM_IMAGE_SLOT_SIZE 0x1000000ULL
#define SIM_IMAGE_SLOT_COUNT 4
#define SIM_IMAGE_END (SIM_IMAGE_BASE + SIM_IMAGE_SLOT_COUNT * SIM_IMAGE_SLOT_SIZE)

/* Import thunks: constant code at fixed addresses, the only addresses of functions that driver code ever holds. */
#define SIM_THUNK_BASE SIM_IMAGE_END
#define SIM_THUNK_SIZE 0x40000ULL
/* Addresses that stand for callbacks written as steps: never executed, only compared and handed back to guest_call. */
#define SIM_STEP_CODE_BASE (SIM_THUNK_BASE + SIM_THUNK_SIZE)
#define SIM_STEP_CODE_SIZE 0x40000ULL

#define SIM_FAR_STACK_BASE (SIM_ARENA_BASE + 0x8200000)
#define SIM_FAR_STACK_END (SIM_ARENA_BASE + 0x10000000)

/* Maps the arena and its guards at SIM_ARENA_BASE; once a process. Returns false with errno where the host refuses. */
bool sim_arena_map(void);

/* Everything of a run forgotten: machine, heap, guest memory, contexts. The tables start from zero. */
void sim_arena_reset(void);

/* Makes [address, address + size) part of the live extent: saved, restored, zeroed by a reset (driver data is restored by its owner before a
 * reset). For the model's, the rules' and the runner's state structures and the writable segments of images. */
void sim_arena_claim(uint64_t address, size_t size);

/* Zeroed memory for objects of sim, model and rules, 16-byte aligned; same order of calls, same addresses. Ends the run, or the set-up, with a
 * limit when the heap is full. Freed blocks are used again, last freed first, by size class. */
void *sim_heap_allocate(size_t size);
void sim_heap_free(void *block, size_t size);

/* What is allocated from now on stands on pages of its own; blocks that are free are given up. */
void sim_heap_page_begin(void);
/* The same before a state is saved that is restored often: what runs allocate is no page of that state. */
void sim_heap_seal(void);

/* A saved state: a copy of the arena's live extent. Host memory, owned by the caller. */
typedef struct SimSnapshot SimSnapshot;

/* Returns owned. Call from the host's own stack, when no context runs. */
SimSnapshot *sim_snapshot_save(void);
void sim_snapshot_restore(const SimSnapshot *snapshot);
void sim_snapshot_destroy(SimSnapshot **snapshot);
size_t sim_snapshot_size(const SimSnapshot *snapshot); /* bytes saved */
/* Bytes that a restore copies: all of them, or, when it was the last one restored and was so often, those of pages that were written. */
size_t sim_snapshot_copied(const SimSnapshot *snapshot);
