#include "profile.h"

#include "machine.h"

#include <stdlib.h>

#define CONTEXT_CELL_COUNT 4096u
#define PLACE_COUNT_MAX 4096u
#define PLACE_CELL_COUNT 16384u
#define TOUCH_COUNT_MAX 16384u
#define TOUCH_CELL_COUNT 32768u

static uint32_t cell_of(uint64_t key, uint32_t count) { return (uint32_t)((key * 0x9e3779b97f4a7c15ULL) >> 40) & (count - 1); }

static void *zeroed(size_t count, size_t size) {
  void *memory = calloc(count, size);
  SIM_ASSERT(memory != NULL);
  return memory;
}

void sim_profile_begin(SimProfile *profile) {
  if (profile->contexts == NULL) {
    profile->contexts = zeroed(SIM_PROFILE_CONTEXT_COUNT_MAX, sizeof *profile->contexts);
    profile->context_cells = zeroed(CONTEXT_CELL_COUNT, sizeof *profile->context_cells);
    profile->places = zeroed(PLACE_COUNT_MAX, sizeof *profile->places);
    profile->place_cells = zeroed(PLACE_CELL_COUNT, sizeof *profile->place_cells);
    profile->touches = zeroed(TOUCH_CELL_COUNT, sizeof *profile->touches);
  }
  profile->run++;
  profile->step_now = 0;
}

void sim_profile_finish(SimProfile *profile) {
  free(profile->contexts);
  free(profile->context_cells);
  free(profile->places);
  free(profile->place_cells);
  free(profile->touches);
  *profile = (SimProfile){ 0 };
}

/* At once up to more, slowly down to less: too much costs little, what is expected to be over never has its turn. */
static uint32_t expected(uint32_t count, uint32_t now) { return now >= count ? now : count - (count - now) / 4; }

void sim_profile_end(SimProfile *profile, uint64_t access_count) {
  profile->known++;
  profile->step_count = expected(profile->step_count, profile->step_now);
  profile->access_count = access_count > profile->access_count ? access_count : profile->access_count;
  for (uint32_t i = 0; i < profile->context_count; i++) {
    SimProfileContext *context = &profile->contexts[i];
    if (context->run == profile->run)
      context->step_count = expected(context->step_count, context->step_now);
  }
}

uint32_t sim_profile_context(SimProfile *profile, uint32_t id, uint32_t parent) {
  uint32_t cell = cell_of(id, CONTEXT_CELL_COUNT);
  for (; profile->context_cells[cell] != 0; cell = (cell + 1) & (CONTEXT_CELL_COUNT - 1))
    if (profile->contexts[profile->context_cells[cell] - 1].id == id)
      return profile->context_cells[cell] - 1;
  if (profile->context_count == SIM_PROFILE_CONTEXT_COUNT_MAX)
    return SIM_PROFILE_NONE;
  profile->contexts[profile->context_count] = (SimProfileContext){ .id = id, .parent = parent };
  profile->context_cells[cell] = ++profile->context_count;
  return profile->context_count - 1;
}

/* The cell where that place is, or would be. */
static uint32_t place_cell(const SimProfile *profile, uint64_t key) {
  uint32_t cell = cell_of(key, PLACE_CELL_COUNT);
  while (profile->place_cells[cell] != 0 && profile->places[profile->place_cells[cell] - 1].key != key)
    cell = (cell + 1) & (PLACE_CELL_COUNT - 1);
  return cell;
}

SimPlace *sim_profile_place(const SimProfile *profile, uint64_t key) {
  uint32_t index = key != 0 ? profile->place_cells[place_cell(profile, key)] : 0;
  return index != 0 ? &profile->places[index - 1] : NULL;
}

static SimTouch *touch_cell(const SimProfile *profile, uint64_t key) {
  uint32_t cell = cell_of(key, TOUCH_CELL_COUNT);
  while (profile->touches[cell].key != 0 && profile->touches[cell].key != key)
    cell = (cell + 1) & (TOUCH_CELL_COUNT - 1);
  return &profile->touches[cell];
}

static uint64_t touch_key(const SimProfile *profile, uint32_t context, const SimPlace *place) {
  return (uint64_t)(place - profile->places + 1) << 32 | context;
}

static void touch_note(SimProfile *profile, uint32_t context, SimPlace *place) {
  uint64_t key = touch_key(profile, context, place);
  SimTouch *touch = touch_cell(profile, key);
  if (touch->key == 0) {
    if (profile->touch_count == TOUCH_COUNT_MAX)
      return;
    profile->touch_count++;
    place->context_count++;
    *touch = (SimTouch){ .key = key, .run = profile->run };
  }
  if (touch->run != profile->run) { /* what it came to when it last was there */
    touch->count = expected(touch->count, touch->now);
    touch->run = profile->run;
    touch->now = 0;
  }
  touch->now++;
}

SimPlace *sim_profile_note(SimProfile *profile, uint32_t context, const SimOperation *operation, bool is_own) {
  profile->step_now++;
  if (context == SIM_PROFILE_NONE)
    return NULL;
  SimProfileContext *self = &profile->contexts[context];
  if (self->run != profile->run) {
    self->run = profile->run;
    self->step_now = 0;
  }
  self->step_now++;
  uint64_t key = sim_place_key(operation);
  if (key == 0)
    return NULL;
  uint32_t cell = place_cell(profile, key);
  if (profile->place_cells[cell] == 0) {
    if (is_own || profile->place_count == PLACE_COUNT_MAX)
      return NULL;
    profile->places[profile->place_count] = (SimPlace){ .key = key, .context = context, .is_sync = operation->kind != SIM_POINT_ACCESS };
    profile->place_cells[cell] = ++profile->place_count;
  }
  SimPlace *place = &profile->places[profile->place_cells[cell] - 1];
  touch_note(profile, context, place);
  place->is_written |= operation->is_write != 0;
  if (place->run != profile->run) {
    place->run = profile->run;
    place->writer_site = 0;
    place->writer_context = SIM_PROFILE_NONE;
  }
  return place;
}

uint32_t sim_profile_touches(const SimProfile *profile, uint32_t context, const SimPlace *place) {
  const SimTouch *touch = touch_cell(profile, touch_key(profile, context, place));
  return touch->key == 0 ? 0 : touch->now > touch->count ? touch->now : touch->count;
}
