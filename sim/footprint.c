#include "footprint.h"

#include "internal.h"
#include "search_state.h"

#include <stdlib.h>
#include <string.h>

void sim_footprint_reset(SimFootprint *footprint) {
  footprint->count = 0;
  footprint->read_bits = footprint->write_bits = 0;
  footprint->taken = footprint->given = 0;
  footprint->is_several = false;
  footprint->due_count = 0;
  footprint->is_total = footprint->reads_time = false;
}

void sim_footprint_finish(SimFootprint *footprint) {
  free(footprint->touches);
  *footprint = (SimFootprint){ 0 };
}

static void reserve(SimFootprint *footprint, uint32_t count) {
  if (count <= footprint->capacity)
    return;
  footprint->capacity = count < 16 ? 16 : count * 2;
  footprint->touches = realloc(footprint->touches, footprint->capacity * sizeof *footprint->touches);
  SIM_ASSERT(footprint->touches != NULL);
}

static uint64_t bit_of(uint64_t touch) { return 1ULL << (((touch >> 1) * 0x9e3779b97f4a7c15ULL) >> 58); }

void sim_footprint_touch(SimFootprint *footprint, uint64_t touch) {
  if (footprint->state != NULL)
    return;
  for (uint32_t i = footprint->count; i > 0 && i + 4 > footprint->count; i--) /* often it is what was touched just now */
    if (footprint->touches[i - 1] == touch)
      return;
  reserve(footprint, footprint->count + 1);
  footprint->touches[footprint->count++] = touch;
}

static void note(SimFootprint *footprint, uint32_t *note, uint32_t object) {
  footprint->is_several |= *note != 0 && *note != object;
  *note = object;
}

void sim_footprint_take(SimFootprint *footprint, uint32_t object) {
  note(footprint, &footprint->taken, object);
  if (footprint->given == object)
    footprint->given = 0;
}

void sim_footprint_give(SimFootprint *footprint, uint32_t object) {
  note(footprint, &footprint->given, object);
  if (footprint->taken == object)
    footprint->taken = 0;
}

void sim_footprint_due(SimFootprint *footprint, SimDue due) {
  if (footprint->due_count == SIM_FOOTPRINT_DUE_COUNT_MAX)
    footprint->reads_time = true;
  else
    footprint->dues[footprint->due_count++] = due;
}

static int touch_compare(const void *left, const void *right) {
  uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;
  return a < b ? -1 : a > b;
}

static void sort(uint64_t *touches, uint32_t count) {
  if (count > 32) {
    qsort(touches, count, sizeof *touches, touch_compare);
    return;
  }
  for (uint32_t i = 1; i < count; i++) {
    uint64_t touch = touches[i];
    uint32_t at = i;
    for (; at > 0 && touches[at - 1] > touch; at--)
      touches[at] = touches[at - 1];
    touches[at] = touch;
  }
}

/* Read and written is written. */
void sim_footprint_close(SimFootprint *footprint) {
  uint32_t kept = 0;
  sort(footprint->touches, footprint->count);
  footprint->read_bits = footprint->write_bits = 0;
  for (uint32_t i = 0; i < footprint->count; i++) {
    uint64_t touch = footprint->touches[i];
    if (kept > 0 && footprint->touches[kept - 1] >> 1 == touch >> 1)
      footprint->touches[kept - 1] = touch;
    else
      footprint->touches[kept++] = touch;
    footprint->read_bits |= bit_of(touch);
    if (touch & 1)
      footprint->write_bits |= bit_of(touch);
  }
  footprint->count = kept;
}

void sim_footprint_merge(SimFootprint *footprint, const SimFootprint *other) {
  reserve(footprint, footprint->count + other->count);
  for (uint32_t i = 0; i < other->count; i++)
    footprint->touches[footprint->count++] = other->touches[i];
  footprint->is_total |= other->is_total;
  footprint->reads_time |= other->reads_time;
  sim_footprint_close(footprint);
}

bool sim_footprint_depends(const SimFootprint *left, const SimFootprint *right) {
  if (left->is_total || right->is_total)
    return true;
  if (((left->write_bits & right->read_bits) | (left->read_bits & right->write_bits)) == 0)
    return false;
  for (uint32_t i = 0, j = 0; i < left->count && j < right->count;) {
    uint64_t a = left->touches[i], b = right->touches[j];
    if (a >> 1 == b >> 1) {
      if ((a | b) & 1)
        return true;
      i++, j++;
    } else if (a < b) {
      i++;
    } else {
      j++;
    }
  }
  return false;
}

/* ---- what sim and the model tell ---- */

static bool mask_has(const SimEventMask *mask, unsigned kind) { return (mask->bits[kind / 64] >> (kind % 64)) & 1; }

void sim_footprint_point(SimMachine *machine) {
  if (machine->footprint->state != NULL)
    sim_state_value(machine->footprint->state, machine, 1);
}

static void rest_touch(SimFootprint *footprint, bool is_write) {
  sim_footprint_touch(footprint, sim_touch_of(SIM_TOUCH_SHARED, SIM_TOUCH_REST, is_write));
}

void sim_footprint_event(SimMachine *machine, const SimEvent *event) {
  SimFootprint *footprint = machine->footprint;
  const SimFootprintRules *rules = machine->threads != NULL ? machine->threads->footprint_rules : NULL;
  if (footprint->state != NULL) {
    sim_state_event(footprint->state, machine, event);
    if (rules != NULL && mask_has(&rules->by_function, event->kind)) /* a result may be an address */
      sim_state_value(footprint->state, machine, event->value);
    return;
  }
  if (event->kind == SIM_EVENT_STOP || (rules != NULL && mask_has(&rules->silent, event->kind)))
    return;
  if (rules != NULL && mask_has(&rules->by_function, event->kind)) {
    rest_touch(footprint, !rules->is_plain(event->function));
    return;
  }
  if (event->object != 0)
    sim_footprint_touch(footprint, sim_touch_of(SIM_TOUCH_OBJECT, event->object, true));
  if (rules != NULL && event->kind >= SIM_EVENT_MODEL && !mask_has(&rules->plain, event->kind))
    rest_touch(footprint, true);
}

static bool is_own_stack(const SimMachine *machine, uint64_t address) {
  const SimContext *context = machine->current;
  return context != NULL && address >= sim_context_guest_stack_low(context) && address < sim_context_guest_stack_high(context);
}

/* What driver code is about to read. A fault that Windows is silent about goes on, and there is memory. */
static void memory_see(SimState *state, const SimMachine *machine, uint64_t address, uint64_t size) {
  for (uint64_t at = address; at < address + size;) {
    uint64_t value = 0, part = address + size - at < sizeof value ? address + size - at : sizeof value;
    memcpy(&value, (const void *)at, part);
    sim_state_value(state, machine, value);
    at += part;
  }
}

/* Memory of one's own stack that nobody else looks at is in nobody else's footprint: cells all the same, for pointers to locals are lent. */
void sim_footprint_memory(SimMachine *machine, uint64_t address, uint64_t size, bool is_write, bool is_model) {
  SimFootprint *footprint = machine->footprint;
  if (size == 0)
    return;
  if (footprint->state != NULL) {
    if (!is_model && is_write && machine->current->pending.kind != SIM_POINT_INTERLOCKED)
      sim_state_value(footprint->state, machine, size);
    else if (!is_model)
      memory_see(footprint->state, machine, address, size);
    return;
  }
  bool is_large = size > SIM_FOOTPRINT_PROBE_CELL_COUNT_MAX * 8;
  if (is_large || (!is_model && !is_own_stack(machine, address)))
    sim_footprint_touch(footprint, sim_touch_of(SIM_TOUCH_SHARED, SIM_TOUCH_REST, is_large));
  for (uint64_t cell = address >> 3; !is_large && cell <= (address + size - 1) >> 3; cell++)
    sim_footprint_touch(footprint, sim_touch_of(SIM_TOUCH_CELL, cell, is_write));
}
