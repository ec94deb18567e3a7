/*
 * race_internal.h: what race.c (cells), race_clock.c (actors and keys), race_stack.c (call stacks) and race_note.c (when and where) share: all of it beside the arena.
 */
#pragma once

#include "internal.h"
#include "race.h"

#define RACE_ACTOR_COUNT 128
#define RACE_KEY_COUNT 8192 /* a power of two, and some more than are ever used */
#define RACE_KEY_USED_MAX 6144
#define RACE_STACK_COUNT 65536
#define RACE_STACK_USED_MAX 49152
#define RACE_NOTE_COUNT 65536

typedef struct RaceActor {
  uint32_t context;
  uint32_t object;
  uint8_t cpu; /* 0xff: a thread */
  SimIrql irql;
  uint64_t epoch;                    /* its own clock now, as a word of race.h */
  uint32_t clocks[RACE_ACTOR_COUNT]; /* of each actor, the last it has seen */
} RaceActor;

typedef struct RaceKey {
  uint64_t key;
  uint32_t generation; /* of another run: free */
  uint32_t clocks[RACE_ACTOR_COUNT];
} RaceKey;

/* A place and the functions it was called through. */
typedef struct RaceStack {
  uint32_t hash; /* 0: free */
  uint32_t site;
  uint16_t frame_count;
  SimFrame frames[SIM_RACE_FRAME_COUNT_MAX];
} RaceStack;

/* An access as it was made: what a cell has no room for. */
typedef struct RaceNote {
  uint64_t word; /* as it stands in cells, but for its bytes */
  uint64_t address;
  uint64_t size;
  uint64_t time_ns;
  uint32_t event;
  uint32_t context;
  uint8_t cpu;
  SimIrql irql;
} RaceNote;

typedef struct RaceState {
  uint64_t magic;
  uint32_t clock;      /* the last given out */
  uint32_t floor;      /* up to it everything is ordered */
  uint32_t generation; /* of this run */
  uint32_t actor_count;
  uint32_t key_count;
  uint32_t stack_count;
  uint32_t slot_floors[SIM_CONTEXT_COUNT_MAX];              /* the same, of the stacks of a slot: of its former contexts */
  uint8_t level_actors[SIM_VCPU_COUNT_MAX][SIM_IRQL_COUNT]; /* actor + 1 */
  RaceActor actors[RACE_ACTOR_COUNT];
  RaceKey keys[RACE_KEY_COUNT];
  RaceStack stacks[RACE_STACK_COUNT];
  uint64_t note_count; /* of this run; the last RACE_NOTE_COUNT are kept */
  RaceNote notes[RACE_NOTE_COUNT];
} RaceState;

_Static_assert(sizeof(RaceState) <= SIM_RACE_STATE_SIZE, "the state has room before the cells");

static inline RaceState *race_state(void) { return (RaceState *)SIM_RACE_BASE; }

static inline uint32_t race_clock_of(uint64_t word) { return (uint32_t)(word >> SIM_RACE_CLOCK_SHIFT); }
static inline unsigned race_actor_of(uint64_t word) { return (word >> SIM_RACE_ACTOR_SHIFT) & 0xff; }
static inline unsigned race_flags_of(uint64_t word) { return (word >> SIM_RACE_FLAG_SHIFT) & 0xf; }
static inline unsigned race_stack_of(uint64_t word) { return (word >> SIM_RACE_STACK_SHIFT) & 0xffff; }

/* The actor of a context, made when it is asked for first. NULL: there are too many, and nobody looks any more. */
RaceActor *race_actor(SimMachine *machine, SimContext *context);

/* The number of the current context's call stack; 0: not kept. */
unsigned race_stack_number(const SimContext *context);
void race_stacks_clear(void);

/* Where and when accesses were made, for the report of a race; kept only where the events are, too. */
void race_note(const SimMachine *machine, const SimContext *context, uint64_t word, uint64_t address, uint64_t size);
/* Fills in where and when the access was made that left the word in the cell of the address. */
void race_note_find(uint64_t word, uint64_t address, SimRaceAccess *access);
