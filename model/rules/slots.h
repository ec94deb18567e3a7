/*
 * slots.h: what a rule remembers of each context, by its slot: in pieces that are allocated when the first context of theirs shows up, since most
 * machines have a dozen contexts and some a thousand.
 */
#pragma once

#include "../../sim/machine.h"

#define RULE_PIECE_SLOT_COUNT 32
#define RULE_PIECES_AT_FIRST 2
#define RULE_PIECE_COUNT ((SIM_CONTEXT_COUNT_MAX + RULE_PIECE_SLOT_COUNT - 1) / RULE_PIECE_SLOT_COUNT)

/* Begins as zeros. In the arena. */
typedef struct RuleSlots {
  void *pieces[RULE_PIECE_COUNT];
} RuleSlots;

/* When the rules begin: those of a usual machine stand with all else that rules remember (SimMachine.rules_heap_low), which is no part of a state. */
static inline void rule_slots_begin(RuleSlots *slots, size_t size) {
  for (unsigned i = 0; i < RULE_PIECES_AT_FIRST; i++)
    slots->pieces[i] = sim_heap_allocate(RULE_PIECE_SLOT_COUNT * size);
}

/* That of the slot, zeroed before it was asked for first. Every size is the same of one RuleSlots. */
static inline void *rule_slot(RuleSlots *slots, unsigned slot, size_t size) {
  void **piece = &slots->pieces[slot / RULE_PIECE_SLOT_COUNT];
  if (*piece == NULL)
    *piece = sim_heap_allocate(RULE_PIECE_SLOT_COUNT * size);
  return (char *)*piece + slot % RULE_PIECE_SLOT_COUNT * size;
}
