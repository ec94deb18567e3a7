/*
 * race_internal.h: what race.c (cells), race_clock.c (actors and keys), race_row.c (vector clocks), race_stack.c (call stacks) and race_note.c (when and where) share: all of it beside the arena.
 */
#pragma once

#include "internal.h"
#include "race.h"

#define RACE_ACTOR_COUNT SIM_RACE_ACTOR_COUNT_MAX
#define RACE_CLOCK_MAX (UINT32_MAX >> 4)
#define RACE_KEY_COUNT 32768 /* a power of two, and some more than are ever used */
#define RACE_KEY_USED_MAX 24576
#define RACE_STACK_COUNT 65536
#define RACE_STACK_USED_MAX 49152
#define RACE_NOTE_COUNT 65536

/* Clocks of the first actors stand in each row; those beyond, which few runs have, in a table of their own, made where somebody knows of one. */
#define RACE_NEAR_COUNT 128
#define RACE_FAR_COUNT (RACE_ACTOR_COUNT - RACE_NEAR_COUNT)
#define RACE_FAR_ROW_COUNT 16384
#define RACE_FAR_BASE SIM_RACE_CELL_END
#define RACE_FAR_SIZE ((uint64_t)RACE_FAR_ROW_COUNT * RACE_FAR_COUNT * sizeof(uint32_t))

/* Of each actor, the last clock that is known. */
typedef struct RaceRow {
  uint32_t far;       /* which of the far tables, from 1; 0: none, all of those clocks are 0 */
  uint32_t far_count; /* of its clocks, those that stand there; the others are 0 */
  uint32_t near[RACE_NEAR_COUNT];
} RaceRow;

typedef struct RaceActor {
  uint32_t context;
  uint32_t object;
  uint8_t cpu; /* 0xff: a thread */
  SimIrql irql;
  uint64_t epoch; /* its own clock now, as a word of race.h */
  RaceRow seen;
} RaceActor;

typedef struct RaceKey {
  uint64_t key;
  uint32_t generation; /* of another run: free */
  RaceRow released;
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
  uint32_t far_count;                                        /* far tables in use */
  uint32_t slot_floors[SIM_CONTEXT_COUNT_MAX];               /* the same, of the stacks of a slot: of its former contexts */
  uint16_t level_actors[SIM_VCPU_COUNT_MAX][SIM_IRQL_COUNT]; /* actor + 1 */
  RaceActor actors[RACE_ACTOR_COUNT];
  RaceKey keys[RACE_KEY_COUNT];
  RaceStack stacks[RACE_STACK_COUNT];
  uint64_t note_count; /* of this run; the last RACE_NOTE_COUNT are kept */
  RaceNote notes[RACE_NOTE_COUNT];
} RaceState;

_Static_assert(sizeof(RaceState) <= SIM_RACE_STATE_SIZE, "the state has room before the cells");

static inline RaceState *race_state(void) { return (RaceState *)SIM_RACE_BASE; }

static inline uint32_t race_clock_of(uint64_t word) { return (uint32_t)(word >> SIM_RACE_CLOCK_SHIFT); }
static inline unsigned race_actor_of(uint64_t word) { return (word >> SIM_RACE_ACTOR_SHIFT) & 0xfff; }
static inline unsigned race_flags_of(uint64_t word) { return (word >> SIM_RACE_FLAG_SHIFT) & 0xf; }
static inline unsigned race_stack_of(uint64_t word) { return (word >> SIM_RACE_STACK_SHIFT) & 0xffff; }

static inline uint32_t *race_far(const RaceRow *row) { return (uint32_t *)RACE_FAR_BASE + (row->far - 1ull) * RACE_FAR_COUNT; }
static inline uint32_t race_clock_seen(const RaceRow *row, unsigned actor) {
  if (actor < RACE_NEAR_COUNT)
    return row->near[actor];
  return actor - RACE_NEAR_COUNT < row->far_count ? race_far(row)[actor - RACE_NEAR_COUNT] : 0;
}

/* race_row.c: false: there is no room for more far tables. */
bool race_row_set(RaceRow *row, unsigned actor, uint32_t clock);
/* The later of each two clocks; of `actor_count` actors there are clocks at all. */
bool race_row_join(RaceRow *to, const RaceRow *from, uint32_t actor_count);

/* The actor of a context, made when it is asked for first. NULL: there are too many, and nobody looks any more. */
RaceActor *race_actor(SimMachine *machine, SimContext *context);

/* The number of the current context's call stack; 0: not kept. */
unsigned race_stack_number(const SimContext *context);
void race_stacks_clear(void);

/* Where and when accesses were made, for the report of a race; kept only where the events are, too. */
void race_note(const SimMachine *machine, const SimContext *context, uint64_t word, uint64_t address, uint64_t size);
/* Fills in where and when the access was made that left the word in the cell of the address. */
void race_note_find(uint64_t word, uint64_t address, SimRaceAccess *access);
