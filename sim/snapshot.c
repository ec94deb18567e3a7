/* Saved states: copies of the arena's live extent. */
#include "fiber.h"
#include "process.h"

#include <stdlib.h>
#include <string.h>

#include "sanitizer.h"

#define LINE_SIZE 64 /* of a cache: bytes stand in a saved state as they do in a line of the arena */

struct SimSnapshot {
  uint64_t serial;
  size_t size;
  SimExtentList extents;
  const char **places; /* of their bytes */
  char *bytes;
};

static void extent_add(SimExtentList *list, uint64_t address, size_t size) {
  if (size == 0)
    return;
  if (list->count == list->capacity) {
    list->capacity = list->capacity > 0 ? list->capacity * 2 : 64;
    list->items = realloc(list->items, list->capacity * sizeof *list->items);
    SIM_ASSERT(list->items != NULL);
  }
  list->items[list->count++] = (SimExtent){ address, size };
}

/* Below it nothing is kept: where driver code, compiled or steps, has left its stack. */
static uint64_t guest_stack_low(const SimContext *context) {
  return context->frame_count > 0 || context->guest_depth > 0 ? (uint64_t)context->guest_stack_pointer
                                                              : sim_guest_stack_high(context->slot);
}

void sim_extents_collect(SimExtentList *list) {
  list->count = 0;
  SimMachine *machine = sim_machine();
  extent_add(list, SIM_MACHINE_BASE, offsetof(SimMachine, vcpus) + machine->vcpu_count * sizeof(SimVcpu));
  extent_add(list, (uint64_t)machine->contexts, machine->context_count * sizeof(SimContext));
  for (uint32_t i = 0; i < sim_process()->claim_count; i++)
    extent_add(list, sim_process()->claims[i].address, sim_process()->claims[i].size);
  extent_add(list, SIM_HEAP_BASE, machine->heap_used);
  extent_add(list, SIM_GUEST_BASE, machine->guest_pages_used * SIM_PAGE_SIZE);
  extent_add(list, SIM_SHADOW_BASE, machine->guest_pages_used * (SIM_PAGE_SIZE / SIM_GRANULE_SIZE));
  extent_add(list, SIM_PAGE_TABLE_BASE + ((SIM_GUEST_BASE - SIM_ARENA_BASE) >> SIM_PAGE_SHIFT), machine->guest_pages_used);
  for (uint32_t i = 0; i < machine->context_count; i++) {
    SimContext *context = &machine->contexts[i];
    if (!context->is_live)
      continue;
    uint64_t host_top = sim_host_stack_top(context->slot);
    uint64_t host_low = (uint64_t)sim_fiber_low(context->host_stack_pointer);
    extent_add(list, host_low, host_top - host_low);
    extent_add(list, guest_stack_low(context), sim_guest_stack_high(context->slot) - guest_stack_low(context));
  }
}

static size_t place_after(size_t place, uint64_t address) { return place + ((address - place) & (LINE_SIZE - 1)); }

static void bytes_allocate(SimSnapshot *snapshot) {
  size_t size = 0;
  for (uint32_t i = 0; i < snapshot->extents.count; i++)
    size = place_after(size, snapshot->extents.items[i].address) + snapshot->extents.items[i].size;
  snapshot->bytes = aligned_alloc(LINE_SIZE, (size + LINE_SIZE - 1) & ~(size_t)(LINE_SIZE - 1));
  SIM_ASSERT(snapshot->bytes != NULL);
  size = 0;
  for (uint32_t i = 0; i < snapshot->extents.count; i++) {
    size = place_after(size, snapshot->extents.items[i].address);
    snapshot->places[i] = snapshot->bytes + size;
    size += snapshot->extents.items[i].size;
  }
}

SimSnapshot *sim_snapshot_save(void) {
  SIM_ASSERT(sim_machine()->current == NULL);
  SimSnapshot *snapshot = calloc(1, sizeof *snapshot);
  SIM_ASSERT(snapshot != NULL);
  sim_extents_collect(&snapshot->extents);
  for (uint32_t i = 0; i < snapshot->extents.count; i++)
    snapshot->size += snapshot->extents.items[i].size;
  snapshot->places = malloc(snapshot->extents.count * sizeof *snapshot->places);
  SIM_ASSERT(snapshot->places != NULL);
  bytes_allocate(snapshot);
  snapshot->serial = ++sim_process()->snapshot_serial;
  for (uint32_t i = 0; i < snapshot->extents.count; i++) {
    SIM_UNPOISON((void *)snapshot->extents.items[i].address, snapshot->extents.items[i].size);
    memcpy((char *)snapshot->places[i], (void *)snapshot->extents.items[i].address, snapshot->extents.items[i].size);
  }
  return snapshot;
}

void sim_snapshot_copy_back(const SimSnapshot *snapshot) {
  const SimWritten *written = &sim_process()->written;
  if (sim_written_begin(snapshot->serial, snapshot->extents.items, snapshot->extents.count, snapshot->places)) {
    const SimWrittenState *state = &written->states[written->state];
    for (uint32_t i = 0; i < state->span_count; i++)
      memcpy((void *)state->spans[i].address, state->spans[i].from, state->spans[i].size);
    return;
  }
  for (uint32_t i = 0; i < snapshot->extents.count; i++) {
    SIM_UNPOISON((void *)snapshot->extents.items[i].address, snapshot->extents.items[i].size);
    memcpy((void *)snapshot->extents.items[i].address, snapshot->places[i], snapshot->extents.items[i].size);
  }
  sim_written_note(snapshot->serial, snapshot->extents.items, snapshot->extents.count);
}

static void guest_stacks_clear(const SimMachine *machine) {
  SimProcess *self = sim_process();
  const bool *is_used = self->is_guest_stack_used;
  uint32_t end = self->guest_stack_end > machine->context_count ? self->guest_stack_end : machine->context_count;
  self->guest_stack_end = machine->context_count;
  for (unsigned slot = 0; slot < end; slot++) {
    const SimContext *context = slot < machine->context_count && machine->contexts[slot].is_live ? &machine->contexts[slot] : NULL;
    /* Below what was restored, frames of the run that is forgotten have left their poison. */
    if (context != NULL)
      SIM_UNPOISON((void *)sim_stack_slot(slot), SIM_STACK_SLOT_SIZE);
    if (!is_used[slot] && context == NULL)
      continue;
    uint64_t below = context != NULL ? guest_stack_low(context) : sim_guest_stack_high(slot);
    sim_guest_stack_clear(slot, below);
    sim_written_clean(slot, below);
  }
}

uint64_t sim_restore_begin(SimMachine *machine) {
  sim_watches_end(machine);
  return machine->guest_pages_used;
}

void sim_restore_end(SimMachine *machine, uint64_t pages_before) {
  guest_stacks_clear(machine);
  sim_watches_restore(machine);
  sim_race_forget_all(machine);
  sim_pages_forget(pages_before, machine->guest_pages_used);
}

void sim_snapshot_restore(const SimSnapshot *snapshot) {
  uint64_t pages_before = sim_restore_begin(sim_machine());
  sim_snapshot_copy_back(snapshot);
  sim_restore_end(sim_machine(), pages_before);
}

uint64_t sim_snapshot_serial(const SimSnapshot *snapshot) { return snapshot->serial; }

void sim_snapshot_destroy(SimSnapshot **snapshot) {
  if (*snapshot != NULL) {
    sim_written_forget((*snapshot)->serial);
    free((*snapshot)->extents.items);
    free((*snapshot)->places);
    free((*snapshot)->bytes);
  }
  free(*snapshot);
  *snapshot = NULL;
}

size_t sim_snapshot_size(const SimSnapshot *snapshot) { return snapshot->size; }

size_t sim_snapshot_copied(const SimSnapshot *snapshot) {
  const SimWritten *written = &sim_process()->written;
  if (!written->is_on || written->snapshot != snapshot->serial)
    return snapshot->size;
  size_t size = 0;
  const SimWrittenState *state = &written->states[written->state];
  for (uint32_t i = 0; i < state->span_count; i++)
    size += state->spans[i].size;
  return size;
}
