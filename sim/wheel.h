/*
 * wheel.h: a hierarchical timing wheel with exact times: a slot of level n holds what first differs from `base`, the time of the last one popped, in
 * the n-th six bits of the time. Varghese and Lauck, "Hashed and Hierarchical Timing Wheels" (SOSP 1987), with a bitmap a level, and slots that are
 * spread over the levels below only when their turn comes. Internal to queue.c, for which it is inline.
 *
 * Ties keep the order they were pushed in: what has one time is in one slot always, slots are circles in that order, and are spread from the front.
 */
#pragma once

#include "queue.h"

#include <stddef.h>

#define SIM_WHEEL_DIGIT 6
#define SIM_WHEEL_SLOT_COUNT 64
#define SIM_WHEEL_LEVEL_COUNT 11

typedef struct SimWheelSlot {
  SimQueueEntry *head;  /* NULL: empty */
  SimQueueEntry *first; /* the earliest of its circle; NULL: to be looked for */
} SimWheelSlot;

typedef struct SimWheel {
  uint64_t base;   /* no entry is earlier */
  uint32_t levels; /* bit n: level n is not empty */
  uint64_t slots_used[SIM_WHEEL_LEVEL_COUNT];
  SimWheelSlot slots[SIM_WHEEL_LEVEL_COUNT][SIM_WHEEL_SLOT_COUNT];
} SimWheel;

/* ---- circles ---- */

static inline void sim_wheel_circle_append(SimWheelSlot *slot, SimQueueEntry *entry) {
  SimQueueEntry *head = slot->head;
  if (head == NULL) {
    slot->head = slot->first = entry->next = entry->previous = entry;
    return;
  }
  entry->next = head;
  entry->previous = head->previous;
  head->previous->next = entry;
  head->previous = entry;
  if (slot->first != NULL && entry->time_ns < slot->first->time_ns)
    slot->first = entry;
}

/* False: it was the last. */
static inline bool sim_wheel_circle_remove(SimWheelSlot *slot, SimQueueEntry *entry) {
  if (slot->first == entry)
    slot->first = NULL;
  if (entry->next == entry) {
    slot->head = NULL;
    return false;
  }
  entry->previous->next = entry->next;
  entry->next->previous = entry->previous;
  if (slot->head == entry)
    slot->head = entry->next;
  return true;
}

static inline SimQueueEntry *sim_wheel_circle_first(SimWheelSlot *slot) {
  if (slot->first == NULL) {
    SimQueueEntry *first = slot->head;
    for (SimQueueEntry *entry = first->next; entry != slot->head; entry = entry->next)
      if (entry->time_ns < first->time_ns)
        first = entry;
    slot->first = first;
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
  wheel->slots_used[level] |= 1ULL << digit;
}

static inline void sim_wheel_slot_fill(SimWheel *wheel, SimQueueEntry *entry) {
  unsigned level = sim_wheel_level_of(entry->time_ns ^ wheel->base), digit = sim_wheel_digit_of(entry->time_ns, level);
  entry->position = sim_wheel_position_of(level, digit);
  sim_wheel_slot_note_used(wheel, level, digit);
  sim_wheel_circle_append(&wheel->slots[level][digit], entry);
}

static inline void sim_wheel_slot_note_empty(SimWheel *wheel, unsigned level, unsigned digit) {
  wheel->slots_used[level] &= ~(1ULL << digit);
  if (wheel->slots_used[level] == 0)
    wheel->levels &= ~(1u << level);
}

/* Spreads the slot over the levels below, now that `base` is in it. */
static inline void sim_wheel_slot_spread(SimWheel *wheel, unsigned level, unsigned digit) {
  SimWheelSlot *slot = &wheel->slots[level][digit];
  SimQueueEntry *head = slot->head, *entry = head;
  *slot = (SimWheelSlot){ 0 };
  sim_wheel_slot_note_empty(wheel, level, digit);
  do {
    SimQueueEntry *next = entry->next;
    sim_wheel_slot_fill(wheel, entry);
    entry = next;
  } while (entry != head);
}

/* ---- something earlier than all that there was: what differed from the old base in lower digits only now shares a slot ---- */

static inline void sim_wheel_circle_move(SimWheelSlot *from, SimWheelSlot *to, uint32_t position) {
  SimQueueEntry *entry = from->head;
  do {
    SimQueueEntry *next = entry->next;
    entry->position = position;
    sim_wheel_circle_append(to, entry);
    entry = next;
  } while (entry != from->head);
  *from = (SimWheelSlot){ 0 };
}

static inline void sim_wheel_base_lower(SimWheel *wheel, uint64_t base) {
  unsigned level = sim_wheel_level_of(base ^ wheel->base), digit = sim_wheel_digit_of(wheel->base, level);
  for (unsigned below = 0; below < level; below++)
    for (uint64_t left = wheel->slots_used[below]; left != 0; left &= left - 1) {
      unsigned from = (unsigned)__builtin_ctzll(left);
      sim_wheel_circle_move(&wheel->slots[below][from], &wheel->slots[level][digit], sim_wheel_position_of(level, digit));
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
  if (!sim_wheel_circle_remove(&wheel->slots[level][digit], entry))
    sim_wheel_slot_note_empty(wheel, level, digit);
}

/* The earliest; NULL: none. */
static inline SimQueueEntry *sim_wheel_first(SimWheel *wheel) {
  if (wheel->levels == 0)
    return NULL;
  unsigned level = (unsigned)__builtin_ctz(wheel->levels);
  return sim_wheel_circle_first(&wheel->slots[level][__builtin_ctzll(wheel->slots_used[level])]);
}

/* Removes the earliest, which is given; what follows it is spread. */
static inline void sim_wheel_pop(SimWheel *wheel, SimQueueEntry *first) {
  unsigned place = first->position - 1;
  unsigned level = place / SIM_WHEEL_SLOT_COUNT, digit = place % SIM_WHEEL_SLOT_COUNT;
  wheel->base = first->time_ns;
  if (!sim_wheel_circle_remove(&wheel->slots[level][digit], first))
    sim_wheel_slot_note_empty(wheel, level, digit);
  else if (level > 0)
    sim_wheel_slot_spread(wheel, level, digit);
}
