/* Clocks of many actors. */
#include "race_internal.h"

#include <string.h>

#define BLOCK 8 /* clocks that are joined at once: rows are filled with zeros up to whole blocks */
_Static_assert(RACE_NEAR_COUNT % BLOCK == 0 && RACE_FAR_COUNT % BLOCK == 0, "whole blocks have room");

static uint32_t whole(uint32_t count) { return (count + BLOCK - 1) / BLOCK * BLOCK; }

/* What former runs have left there is no clock of this one. */
static bool far_extend(RaceRow *row, uint32_t count) {
  RaceState *state = race_state();
  if (row->far == 0) {
    if (state->far_count == RACE_FAR_ROW_COUNT)
      return false;
    row->far = ++state->far_count;
  }
  count = whole(count);
  if (count > row->far_count) {
    memset(race_far(row) + row->far_count, 0, (count - row->far_count) * sizeof(uint32_t));
    row->far_count = count;
  }
  return true;
}

bool race_row_set(RaceRow *row, unsigned actor, uint32_t clock) {
  if (actor < RACE_NEAR_COUNT) {
    row->near[actor] = clock;
    return true;
  }
  if (!far_extend(row, actor - RACE_NEAR_COUNT + 1))
    return false;
  race_far(row)[actor - RACE_NEAR_COUNT] = clock;
  return true;
}

static void join(uint32_t *restrict to, const uint32_t *restrict from, uint32_t count) {
  for (uint32_t at = 0; at < count; at += BLOCK)
    for (uint32_t i = at; i < at + BLOCK; i++)
      to[i] = to[i] > from[i] ? to[i] : from[i];
}

bool race_row_join(RaceRow *to, const RaceRow *from, uint32_t actor_count) {
  join(to->near, from->near, whole(actor_count < RACE_NEAR_COUNT ? actor_count : RACE_NEAR_COUNT));
  if (from->far_count == 0)
    return true;
  if (!far_extend(to, from->far_count))
    return false;
  join(race_far(to), race_far(from), from->far_count);
  return true;
}
