#include "wheel.h"

#include <stddef.h>

/* ---- circles ---- */

static void circle_append(SimWheelSlot *slot, SimQueueEntry *entry) {
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
static bool circle_remove(SimWheelSlot *slot, SimQueueEntry *entry) {
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

static SimQueueEntry *circle_first(SimWheelSlot *slot) {
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

static unsigned level_of(uint64_t difference) {
  return difference == 0 ? 0 : (63u - (unsigned)__builtin_clzll(difference)) / SIM_WHEEL_DIGIT;
}

static unsigned digit_of(uint64_t time_ns, unsigned level) {
  return (unsigned)(time_ns >> (level * SIM_WHEEL_DIGIT)) & (SIM_WHEEL_SLOT_COUNT - 1);
}

static uint32_t position_of(unsigned level, unsigned digit) { return 1 + level * SIM_WHEEL_SLOT_COUNT + digit; }

static void slot_note_used(SimWheel *wheel, unsigned level, unsigned digit) {
  wheel->levels |= 1u << level;
  wheel->slots_used[level] |= 1ULL << digit;
}

static void slot_fill(SimWheel *wheel, SimQueueEntry *entry) {
  unsigned level = level_of(entry->time_ns ^ wheel->base), digit = digit_of(entry->time_ns, level);
  entry->position = position_of(level, digit);
  slot_note_used(wheel, level, digit);
  circle_append(&wheel->slots[level][digit], entry);
}

static void slot_note_empty(SimWheel *wheel, unsigned level, unsigned digit) {
  wheel->slots_used[level] &= ~(1ULL << digit);
  if (wheel->slots_used[level] == 0)
    wheel->levels &= ~(1u << level);
}

/* Spreads the slot over the levels below, now that `base` is in it. */
static void slot_spread(SimWheel *wheel, unsigned level, unsigned digit) {
  SimWheelSlot *slot = &wheel->slots[level][digit];
  SimQueueEntry *head = slot->head, *entry = head;
  *slot = (SimWheelSlot){ 0 };
  slot_note_empty(wheel, level, digit);
  do {
    SimQueueEntry *next = entry->next;
    slot_fill(wheel, entry);
    entry = next;
  } while (entry != head);
}

/* ---- something earlier than all that there was: what differed from the old base in lower digits only now shares a slot ---- */

static void circle_move(SimWheelSlot *from, SimWheelSlot *to, uint32_t position) {
  SimQueueEntry *entry = from->head;
  do {
    SimQueueEntry *next = entry->next;
    entry->position = position;
    circle_append(to, entry);
    entry = next;
  } while (entry != from->head);
  *from = (SimWheelSlot){ 0 };
}

static void base_lower(SimWheel *wheel, uint64_t base) {
  unsigned level = level_of(base ^ wheel->base), digit = digit_of(wheel->base, level);
  for (unsigned below = 0; below < level; below++)
    for (uint64_t left = wheel->slots_used[below]; left != 0; left &= left - 1) {
      unsigned from = (unsigned)__builtin_ctzll(left);
      circle_move(&wheel->slots[below][from], &wheel->slots[level][digit], position_of(level, digit));
      slot_note_empty(wheel, below, from);
      slot_note_used(wheel, level, digit);
    }
  wheel->base = base;
}

/* ---- the wheel ---- */

void sim_wheel_add(SimWheel *wheel, SimQueueEntry *entry) {
  if (wheel->levels == 0)
    wheel->base = entry->time_ns;
  else if (entry->time_ns < wheel->base)
    base_lower(wheel, entry->time_ns);
  slot_fill(wheel, entry);
}

void sim_wheel_remove(SimWheel *wheel, SimQueueEntry *entry) {
  unsigned place = entry->position - 1;
  unsigned level = place / SIM_WHEEL_SLOT_COUNT, digit = place % SIM_WHEEL_SLOT_COUNT;
  if (!circle_remove(&wheel->slots[level][digit], entry))
    slot_note_empty(wheel, level, digit);
}

SimQueueEntry *sim_wheel_first(SimWheel *wheel) {
  if (wheel->levels == 0)
    return NULL;
  unsigned level = (unsigned)__builtin_ctz(wheel->levels);
  return circle_first(&wheel->slots[level][__builtin_ctzll(wheel->slots_used[level])]);
}

void sim_wheel_pop(SimWheel *wheel, SimQueueEntry *first) {
  unsigned place = first->position - 1;
  unsigned level = place / SIM_WHEEL_SLOT_COUNT, digit = place % SIM_WHEEL_SLOT_COUNT;
  wheel->base = first->time_ns;
  if (!circle_remove(&wheel->slots[level][digit], first))
    slot_note_empty(wheel, level, digit);
  else if (level > 0)
    slot_spread(wheel, level, digit);
}
