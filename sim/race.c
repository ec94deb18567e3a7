/* The cells: what was accessed last, by whom, and whether the access that comes now is ordered behind it. */
#include "race_internal.h"

#include <string.h>

/* The last write, up to two reads that are not ordered, and a write that another one of the same 4 bytes covers only in part. What there is no
 * room for is forgotten: a race may be missed, none is made up. */
typedef struct Cell {
  uint64_t write;
  uint64_t reads[2];
  uint64_t write_beside;
} Cell;
_Static_assert(sizeof(Cell) == SIM_RACE_CELL_SIZE, "hooks.c finds cells by shifting");

#define TOLD_COUNT_MAX 4
#define TOUCH_SIZE_MAX 0x10000ULL /* of a longer access (a table is cleared) the rest is not looked at */
#define FORGET_CELLS_MAX 0x10000ULL
#define STACK_AND_EPOCH (~(uint64_t)SIM_RACE_BYTE_MASK)

/* An access that is made now. */
typedef struct Touch {
  SimMachine *machine;
  SimContext *context;
  const RaceActor *actor;
  uint64_t word; /* as it will stand in the cell, but for its bytes */
  uint64_t address;
  uint32_t floor;
  bool is_write;
  unsigned told_count;
  uint64_t told[TOLD_COUNT_MAX]; /* accesses that this one races with, told already: of another cell */
} Touch;

static Cell *cell_of(uint64_t address) { return (Cell *)(SIM_RACE_CELL_BASE + ((address - SIM_ARENA_BASE) >> 2) * SIM_RACE_CELL_SIZE); }

static bool is_ordered(const Touch *touch, uint64_t word) {
  uint32_t clock = race_clock_of(word);
  return clock <= touch->floor || clock <= race_clock_seen(&touch->actor->seen, race_actor_of(word));
}

/* ---- races ---- */

/* Marked accesses are meant to meet, and a plain read of one that is written by them reads one of the values: reported is a plain write. */
static bool is_meant(uint64_t earlier, bool earlier_writes, uint64_t later, bool later_writes) {
  bool earlier_marked = race_flags_of(earlier) & SIM_RACE_MARKED, later_marked = race_flags_of(later) & SIM_RACE_MARKED;
  return (earlier_marked && later_marked) || (earlier_marked && !later_writes) || (later_marked && !earlier_writes);
}

static void access_describe(SimRaceAccess *access, uint64_t word, bool is_write) {
  const RaceActor *actor = &race_state()->actors[race_actor_of(word)];
  const RaceStack *stack = &race_state()->stacks[race_stack_of(word)];
  *access = (SimRaceAccess){
    .context = actor->context,
    .object = actor->object,
    .cpu = actor->cpu,
    .irql = actor->irql,
    .flags = (uint8_t)race_flags_of(word),
    .is_write = is_write,
    .site = stack->site,
    .frame_count = stack->frame_count,
  };
  memcpy(access->frames, stack->frames, sizeof access->frames);
}

/* Is it told for the first time? A write beside a read of the same word differs in nothing but this. */
static bool tell(Touch *touch, uint64_t earlier, bool earlier_writes) {
  uint64_t word = (earlier & STACK_AND_EPOCH) | earlier_writes;
  for (unsigned i = 0; i < touch->told_count; i++)
    if (touch->told[i] == word)
      return false;
  if (touch->told_count < TOLD_COUNT_MAX)
    touch->told[touch->told_count++] = word;
  return true;
}

static void report(const Touch *touch, uint64_t mask, uint64_t earlier, bool earlier_writes) {
  SimRace race = { .address = touch->address + (unsigned)__builtin_ctzll(earlier & mask) };
  access_describe(&race.earlier, earlier, earlier_writes);
  access_describe(&race.later, touch->word, touch->is_write);
  race_note_find(earlier, touch->address, &race.earlier);
  race.later.context = touch->context->id;
  race.later.object = touch->context->object;
  race.later.event = touch->machine->event_count - 1;
  if (touch->machine->race_handler != NULL)
    touch->machine->race_handler(touch->machine, &race);
}

static void check(Touch *touch, uint64_t mask, uint64_t earlier, bool earlier_writes) {
  if ((earlier & mask) != 0 && !is_ordered(touch, earlier) && !is_meant(earlier, earlier_writes, touch->word, touch->is_write) &&
      tell(touch, earlier, earlier_writes))
    report(touch, mask, earlier, earlier_writes);
}

/* ---- what a cell keeps ---- */

static void write_keep(const Touch *touch, Cell *cell, uint64_t mask) {
  uint64_t before = cell->write, left = before & SIM_RACE_BYTE_MASK & ~mask;
  if (((before ^ touch->word) & STACK_AND_EPOCH) == 0) {
    cell->write = before | mask;
  } else {
    if (left != 0 && race_clock_of(before) > touch->floor)
      cell->write_beside = (before & STACK_AND_EPOCH) | left;
    cell->write = touch->word | mask;
  }
  if ((cell->write_beside & SIM_RACE_BYTE_MASK & ~mask) == 0)
    cell->write_beside = 0;
  for (unsigned i = 0; i < 2; i++)
    if ((cell->reads[i] & SIM_RACE_BYTE_MASK & ~mask) == 0)
      cell->reads[i] = 0;
}

static void read_keep(const Touch *touch, Cell *cell, uint64_t mask) {
  uint64_t *free = NULL;
  for (unsigned i = 0; i < 2; i++) {
    uint64_t before = cell->reads[i];
    if (((before ^ touch->word) & STACK_AND_EPOCH) == 0) {
      cell->reads[i] = before | mask;
      return;
    }
    bool is_covered = (before & SIM_RACE_BYTE_MASK & ~mask) == 0;
    if (race_clock_of(before) <= touch->floor || (is_ordered(touch, before) && is_covered)) {
      free = free == NULL ? &cell->reads[i] : free;
      if (is_covered && race_actor_of(before) == race_actor_of(touch->word))
        free = &cell->reads[i];
    }
  }
  *(free != NULL ? free : &cell->reads[1]) = touch->word | mask;
}

static void cell_touch(Touch *touch, Cell *cell, uint64_t mask) {
  check(touch, mask, cell->write, true);
  check(touch, mask, cell->write_beside, true);
  if (touch->is_write) {
    check(touch, mask, cell->reads[0], false);
    check(touch, mask, cell->reads[1], false);
    write_keep(touch, cell, mask);
  } else {
    read_keep(touch, cell, mask);
  }
}

/* The same was seen in this epoch: what hooks.c asks, too. */
static bool is_seen(const Cell *cell, uint64_t epoch, uint64_t mask, bool is_write) {
#define COVERS(word) ((((word) ^ epoch) & SIM_RACE_EPOCH_MASK) == 0 && ((word)&mask) == mask)
  return COVERS(cell->write) || (!is_write && (COVERS(cell->reads[0]) || COVERS(cell->reads[1])));
#undef COVERS
}

static bool is_seen_range(uint64_t address, uint64_t size, uint64_t epoch, bool is_write) {
  for (uint64_t at = address & ~3ULL; at < address + size; at += 4) {
    uint64_t mask = 0xf;
    if (at < address)
      mask &= 0xf << (address - at);
    if (at + 4 > address + size)
      mask &= 0xf >> (at + 4 - address - size);
    if (!is_seen(cell_of(at), epoch, mask, is_write))
      return false;
  }
  return true;
}

/* What former contexts of a slot did on its stacks is nobody's. */
static uint32_t floor_of(uint64_t address) {
  const RaceState *state = race_state();
  unsigned slot = sim_stack_slot_of(address);
  uint32_t floor = slot < SIM_CONTEXT_COUNT_MAX ? state->slot_floors[slot] : 0;
  return floor > state->floor ? floor : state->floor;
}

void sim_race_touch(SimMachine *machine, uint64_t address, uint64_t size, bool is_write, unsigned flags) {
  SimContext *context = machine->current;
  if (size > TOUCH_SIZE_MAX)
    size = TOUCH_SIZE_MAX;
  uint64_t last = address + size - 1;
  if (context == NULL || context->race_epoch == 0 || size == 0 || address < SIM_ARENA_BASE || last < address ||
      last >= SIM_ARENA_BASE + (SIM_PAGE_COUNT << SIM_PAGE_SHIFT))
    return;
  RaceActor *actor = race_actor(machine, context);
  if (actor == NULL || (flags == 0 && is_seen_range(address, size, context->race_epoch, is_write)))
    return;
  Touch touch = { .machine = machine, .context = context, .actor = actor, .is_write = is_write, .floor = floor_of(address) };
  touch.word = context->race_epoch | (uint64_t)flags << SIM_RACE_FLAG_SHIFT | (uint64_t)race_stack_number(context) << SIM_RACE_STACK_SHIFT;
  if (machine->options.record != NULL)
    race_note(machine, context, touch.word, address, size);
  for (uint64_t at = address & ~3ULL; at <= last; at += 4) {
    uint64_t mask = 0xf;
    if (at < address)
      mask &= 0xf << (address - at);
    if (at + 3 > last)
      mask &= 0xf >> (at + 3 - last);
    touch.address = at;
    cell_touch(&touch, cell_of(at), mask);
  }
}

void sim_race_forget(SimMachine *machine, uint64_t address, uint64_t size) {
  if (!machine->race_is_on || size == 0)
    return;
  uint64_t cells = ((address + size - 1) >> 2) - (address >> 2) + 1;
  if (cells > FORGET_CELLS_MAX) { /* more memory of the host than is worth it: this run is no longer looked at before here */
    sim_race_forget_all(machine);
    return;
  }
  memset(cell_of(address), 0, cells * SIM_RACE_CELL_SIZE);
}
