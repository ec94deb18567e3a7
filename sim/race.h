/*
 * race.h: which accesses of driver code are ordered, and which two of them are not: the shadow of guest memory and the clocks of who runs.
 *
 * After FastTrack (Flanagan and Freund, PLDI 2009): an actor is a thread, or all interrupts of one level of one cpu, which never interleave. Each
 * has a vector of clocks; what orders two actors (a lock, an event, a queue) is a key that one releases to and the other acquires from. A cell of
 * guest memory knows its last write and reads by (actor, clock); an access is ordered behind one of them when its actor has seen that clock.
 *
 * What orders actors is the model's business and told by the rules (model/rules/race*.c); a race is handed to whoever asked (race_handler).
 *
 * Nothing of it is in the arena: clocks only ever grow, over all runs of a process, and whatever was before the last restore counts as ordered. So
 * nothing is copied or cleared between runs, and nothing of an earlier run can show in a later one. What a saved state had seen is forgotten, too:
 * two accesses on both sides of a restore are never reported.
 */
#pragma once

#include "context.h"
#include "memory.h"

#include <stdbool.h>
#include <stdint.h>

struct SimMachine;

/* Beside the arena, reserved when it is asked for the first time: the state, then the cells. */
#define SIM_RACE_BASE 0x210000000000ULL
#define SIM_RACE_STATE_SIZE 0x4000000ULL
#define SIM_RACE_CELL_BASE (SIM_RACE_BASE + SIM_RACE_STATE_SIZE)
#define SIM_RACE_CELL_SIZE 32ULL /* for 4 bytes of guest memory */
#define SIM_RACE_CELL_END (SIM_RACE_CELL_BASE + (SIM_PAGE_COUNT << SIM_PAGE_SHIFT) / 4 * SIM_RACE_CELL_SIZE)

/* Threads, and levels of cpus, that a run may have for races to be found among all of them. */
#define SIM_RACE_ACTOR_COUNT_MAX 4096

/*
 * One access in a word: clock [63:36], actor [35:24], flags [23:20], call stack [19:4], which of the 4 bytes [3:0]. A context's race_epoch is such
 * a word of the access it would make now, without stack and bytes; 0: nobody looks for races. hooks.c knows this layout.
 */
enum {
  SIM_RACE_CLOCK_SHIFT = 36,
  SIM_RACE_ACTOR_SHIFT = 24,
  SIM_RACE_FLAG_SHIFT = 20,
  SIM_RACE_STACK_SHIFT = 4,
  SIM_RACE_BYTE_MASK = 0xf,
};

typedef enum SimRaceFlag {
  SIM_RACE_MARKED = 1, /* volatile, or interlocked: meant to be met by others */
  SIM_RACE_MODEL = 2,  /* by Windows, on behalf of driver code */
  SIM_RACE_POINT = 4,  /* memory that contexts share: each access is looked at */
} SimRaceFlag;

/* The bits of a word that are compared with a context's race_epoch. */
#define SIM_RACE_EPOCH_MASK (~0ULL << SIM_RACE_FLAG_SHIFT)
/* Not known yet: a clock that every floor is above. */
#define SIM_RACE_EPOCH_UNKNOWN (1ULL << SIM_RACE_ACTOR_SHIFT)

/* What orders actors: a kind, and a number within it. */
typedef enum SimRaceKeyKind {
  SIM_RACE_KEY_OBJECT = 1, /* an object's ordinal */
  SIM_RACE_KEY_ADDRESS,    /* memory that is accessed by interlocked operations, or volatile */
  SIM_RACE_KEY_LEVEL,      /* a cpu and a level: who is at it or above excludes who comes to it there */
  SIM_RACE_KEY_OTHER,      /* the rules' own */
} SimRaceKeyKind;
static inline uint64_t sim_race_key(SimRaceKeyKind kind, uint64_t number) { return (uint64_t)kind << 56 | number; }

#define SIM_RACE_FRAME_COUNT_MAX 6

/* One of the two accesses of a race. */
typedef struct SimRaceAccess {
  uint32_t context; /* id; of an interrupt's actor: of the context that made its first access */
  uint32_t object;  /* ordinal of what it ran for */
  uint8_t cpu;      /* of an interrupt's actor; else 0xff */
  SimIrql irql;     /* the same */
  uint8_t flags;    /* SimRaceFlag */
  bool is_write;
  uint8_t at_cpu; /* where it was made, and when: of the earlier one only in a run whose events are kept */
  SimIrql at_irql;
  uint64_t time_ns;
  uint32_t event; /* the last before it; UINT32_MAX: not known */
  uint32_t site;
  uint16_t frame_count; /* innermost last */
  SimFrame frames[SIM_RACE_FRAME_COUNT_MAX];
} SimRaceAccess;

typedef struct SimRace {
  uint64_t address; /* of the first byte of those 4 that both touched */
  SimRaceAccess earlier;
  SimRaceAccess later; /* the current context's */
} SimRace;

typedef void SimRaceHandler(struct SimMachine *machine, const SimRace *race);

/* Reserves the memory; once a process. False where the host refuses. */
bool sim_race_map(void);

/* A run begins, or is put back to a saved state: everything so far is ordered. */
void sim_race_forget_all(struct SimMachine *machine);

/* From now on somebody looks (or nobody), for the contexts there are and those to come. */
void sim_race_set(struct SimMachine *machine, bool is_on);

/* A context begins in its slot. */
void sim_race_context_begin(struct SimMachine *machine, SimContext *context);
/* It is an interrupt of that level on that cpu. */
void sim_race_context_interrupt(struct SimMachine *machine, SimContext *context, unsigned cpu, SimIrql irql);

/* All that others released to the key is behind what the context does next; all that it did so far is before what acquires from the key later.
 * Nothing when nobody looks. */
void sim_race_acquire(struct SimMachine *machine, SimContext *context, uint64_t key);
void sim_race_release(struct SimMachine *machine, SimContext *context, uint64_t key);

/* The memory becomes another: what was accessed there is of no interest. */
void sim_race_forget(struct SimMachine *machine, uint64_t address, uint64_t size);

/* The current context accesses [address, address + size), which may be touched. */
void sim_race_touch(struct SimMachine *machine, uint64_t address, uint64_t size, bool is_write, unsigned flags);
