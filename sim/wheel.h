/*
 * wheel.h: a hierarchical timing wheel with exact times: a slot of level n holds what first differs from `base`, the time of the last one popped, in
 * the n-th byte of the time. Varghese and Lauck, "Hashed and Hierarchical Timing Wheels" (SOSP 1987), with bitmaps a level, and slots that are
 * spread over the levels below only when their turn comes. Internal to queue.c, for which it is inline.
 *
 * Ties keep the order they were pushed in: what has one time is in one slot always, slots are lists in that order, and are spread from the front.
 * What is far down in a slot is in no cache: pushing writes to the last of a slot and reads none of its entries; each is met again when the slot is
 * spread, mostly twice: of 65 us, and of 256 ns.
 */
#pragma once

#include "queue.h"

#include <stddef.h>

#define SIM_WHEEL_DIGIT 8
#define SIM_WHEEL_SLOT_COUNT 256
#define SIM_WHEEL_LEVEL_COUNT 8

typedef struct SimWheelSlot {
  SimQueueEntry *head; /* NULL: empty */
  SimQueueEntry *tail;
  SimQueueEntry *first;   /* the earliest; NULL: to be looked for, if there is any */
  uint64_t first_time_ns; /* of it: what is appended is compared without a look at it */
} SimWheelSlot;

typedef struct SimWheel {
  uint64_t base;                        /* no entry is earlier */
  uint32_t levels;                      /* bit n: level n is not empty */
  uint8_t words[SIM_WHEEL_LEVEL_COUNT]; /* bit n: slots_used[level][n] is not 0 */
  uint64_t slots_used[SIM_WHEEL_LEVEL_COUNT][SIM_WHEEL_SLOT_COUNT / 64];
  SimWheelSlot slots[SIM_WHEEL_LEVEL_COUNT][SIM_WHEEL_SLOT_COUNT];
} SimWheel;

/* ---- lists ---- */

static inline void sim_wheel_list_append(SimWheelSlot *slot, SimQueueEntry *entry) {
  entry->next = NULL;
  entry->previous = slot->tail;
  if (slot->head == NULL) {
    slot->head = slot->tail = slot->first = entry;
    slot->first_time_ns = entry->time_ns;
    return;
  }
  slot->tail->next = entry;
  slot->tail = entry;
  if (entry->time_ns < slot->first_time_ns) {
    slot->first = entry;
    slot->first_time_ns = entry->time_ns;
  }
}

/* False: it was the last. */
static inline bool sim_wheel_list_remove(SimWheelSlot *slot, SimQueueEntry *entry) {
  if (slot->first == entry) {
    slot->first = NULL;
    slot->first_time_ns = 0;
  }
  if (slot->head == slot->tail) {
    slot->head = slot->tail = NULL;
    return false;
  }
  if (entry->previous != NULL)
    entry->previous->next = entry->next;
  else
    slot->head = entry->next;
  if (entry->next != NULL)
    entry->next->previous = entry->previous;
  else
    slot->tail = entry->previous;
  return true;
}

static inline SimQueueEntry *sim_wheel_list_first(SimWheelSlot *slot) {
  if (slot->first == NULL) {
    SimQueueEntry *first = slot->head;
    for (SimQueueEntry *entry = first->next; entry != NULL; entry = entry->next)
      if (entry->time_ns < first->time_ns)
        first = entry;
    slot->first = first;
    slot->first_time_ns = first->time_ns;
  }
  return slot->first;
}

/* ---- slots ---- */

static inline unsigned sim_wheel_level_of(uint64_t difference) {
  return difference == 0 ? 0 : (63u - (unsigned)__builtin_clzll(difference)) / SIM_WHEEL_DIGIT;
}

static inline unsigned sim_wheel_digit_of(uint64_t time_ns, unsigned level) {
  return (unsigned)(time_ns >> (level * SIM_WHEEL_DIGIT)) & (SIM_WHEEL_SLOT_COUNT - 1);
}

static inline uint32_t sim_wheel_position_of(unsigned level, unsigned digit) { return 1 + level * SIM_WHEEL_SLOT_COUNT + digit; }

static inline void sim_wheel_slot_note_used(SimWheel *wheel, unsigned level, unsigned digit) {
  wheel->levels |= 1u << level;
  wheel->slots_used[level][digit / 64] |= 1ULL << digit % 64;
  wheel->words[level] |= (uint8_t)(1u << digit / 64);
}

static inline void sim_wheel_slot_fill(SimWheel *wheel, SimQueueEntry *entry) {
  unsigned level = sim_wheel_level_of(entry->time_ns ^ wheel->base), digit = sim_wheel_digit_of(entry->time_ns, level);
  entry->position = sim_wheel_position_of(level, digit);
  sim_wheel_slot_note_used(wheel, level, digit);
  sim_wheel_list_append(&wheel->slots[level][digit], entry);
}

static inline void sim_wheel_slot_note_empty(SimWheel *wheel, unsigned level, unsigned digit) {
  wheel->slots_used[level][digit / 64] &= ~(1ULL << digit % 64);
  if (wheel->slots_used[level][digit / 64] == 0) {
    wheel->words[level] &= (uint8_t) ~(1u << digit / 64);
    if (wheel->words[level] == 0)
      wheel->levels &= ~(1u << level);
  }
}

/* The lowest of a level that is not empty. */
static inline unsigned sim_wheel_digit_first(const SimWheel *wheel, unsigned level) {
  unsigned word = (unsigned)__builtin_ctz(wheel->words[level]);
  return word * 64 + (unsigned)__builtin_ctzll(wheel->slots_used[level][word]);
}

/* Spreads the slot over the levels below, now that `base` is in it. */
static inline void sim_wheel_slot_spread(SimWheel *wheel, unsigned level, unsigned digit) {
  SimWheelSlot *slot = &wheel->slots[level][digit];
  SimQueueEntry *entry = slot->head;
  *slot = (SimWheelSlot){ 0 };
  sim_wheel_slot_note_empty(wheel, level, digit);
  do {
    SimQueueEntry *next = entry->next;
    sim_wheel_slot_fill(wheel, entry);
    entry = next;
  } while (entry != NULL);
}

/* ---- something earlier than all that there was: what differed from the old base in lower digits only now shares a slot ---- */

static inline void sim_wheel_list_move(SimWheelSlot *from, SimWheelSlot *to, uint32_t position) {
  SimQueueEntry *entry = from->head;
  do {
    SimQueueEntry *next = entry->next;
    entry->position = position;
    sim_wheel_list_append(to, entry);
    entry = next;
  } while (entry != NULL);
  *from = (SimWheelSlot){ 0 };
}

static inline void sim_wheel_base_lower(SimWheel *wheel, uint64_t base) {
  unsigned level = sim_wheel_level_of(base ^ wheel->base), digit = sim_wheel_digit_of(wheel->base, level);
  for (unsigned below = 0; below < level; below++)
    while (wheel->levels >> below & 1) {
      unsigned from = sim_wheel_digit_first(wheel, below);
      sim_wheel_list_move(&wheel->slots[below][from], &wheel->slots[level][digit], sim_wheel_position_of(level, digit));
      sim_wheel_slot_note_empty(wheel, below, from);
      sim_wheel_slot_note_used(wheel, level, digit);
    }
  wheel->base = base;
}

/* ---- the wheel ---- */

static inline void sim_wheel_add(SimWheel *wheel, SimQueueEntry *entry) {
  if (wheel->levels == 0)
    wheel->base = entry->time_ns;
  else if (entry->time_ns < wheel->base)
    sim_wheel_base_lower(wheel, entry->time_ns);
  sim_wheel_slot_fill(wheel, entry);
}

static inline void sim_wheel_remove(SimWheel *wheel, SimQueueEntry *entry) {
  unsigned place = entry->position - 1;
  unsigned level = place / SIM_WHEEL_SLOT_COUNT, digit = place % SIM_WHEEL_SLOT_COUNT;
  if (!sim_wheel_list_remove(&wheel->slots[level][digit], entry))
    sim_wheel_slot_note_empty(wheel, level, digit);
}

/* The earliest; NULL: none. */
static inline SimQueueEntry *sim_wheel_first(SimWheel *wheel) {
  if (wheel->levels == 0)
    return NULL;
  unsigned level = (unsigned)__builtin_ctz(wheel->levels);
  return sim_wheel_list_first(&wheel->slots[level][sim_wheel_digit_first(wheel, level)]);
}

/* Removes the earliest, which is given; what follows it is spread. */
static inline void sim_wheel_pop(SimWheel *wheel, SimQueueEntry *first) {
  unsigned place = first->position - 1;
  unsigned level = place / SIM_WHEEL_SLOT_COUNT, digit = place % SIM_WHEEL_SLOT_COUNT;
  wheel->base = first->time_ns;
  if (!sim_wheel_list_remove(&wheel->slots[level][digit], first))
    sim_wheel_slot_note_empty(wheel, level, digit);
  else if (level > 0)
    sim_wheel_slot_spread(wheel, level, digit);
}
