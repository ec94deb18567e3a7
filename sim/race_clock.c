/* Who has seen what: vector clocks of actors and of the keys they meet at. */
#include "race_internal.h"

#include <string.h>
#include <sys/mman.h>

#define MAGIC 0x49524c5241434531ULL
/* A run that begins above it starts with fresh clocks: few runs use up the other half. */
#define CLOCK_RENEW (RACE_CLOCK_MAX / 2)

#define REGION_SIZE (RACE_FAR_BASE - SIM_RACE_BASE + RACE_FAR_SIZE)

/* ---- memory ---- */

static bool is_mapped(void) {
  unsigned char resident;
  return mincore((void *)SIM_RACE_BASE, SIM_PAGE_SIZE, &resident) == 0 && race_state()->magic == MAGIC;
}

bool sim_race_map(void) {
  if (is_mapped())
    return true;
  void *base = mmap((void *)SIM_RACE_BASE, REGION_SIZE, PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);
  if (base != (void *)SIM_RACE_BASE) { /* a kernel that does not know the flag takes the address for a hint */
    if (base != MAP_FAILED)
      munmap(base, REGION_SIZE);
    return false;
  }
  race_state()->magic = MAGIC;
  race_state()->clock = 1;
  return true;
}

/* Pages that were never touched cost nothing to drop. */
static void cells_drop(void) { madvise((void *)SIM_RACE_CELL_BASE, SIM_RACE_CELL_END - SIM_RACE_CELL_BASE, MADV_DONTNEED); }

/* ---- on and off ---- */

void sim_race_forget_all(SimMachine *machine) {
  if (!machine->race_is_on)
    return;
  RaceState *state = race_state();
  if (state->clock > CLOCK_RENEW || state->stack_count > RACE_STACK_USED_MAX / 2) {
    cells_drop();
    race_stacks_clear();
    memset(state->slot_floors, 0, sizeof state->slot_floors);
    state->clock = 1;
  }
  state->floor = state->clock;
  state->generation++;
  state->actor_count = 0;
  state->key_count = 0;
  state->far_count = 0;
  state->note_count = 0;
  memset(state->level_actors, 0, sizeof state->level_actors[0] * machine->vcpu_count);
}

void sim_race_set(SimMachine *machine, bool is_on) {
  machine->race_is_on = is_on;
  machine->race_is_left = false;
  sim_observer_of_races_set(machine, is_on);
  sim_race_forget_all(machine);
  for (uint32_t i = 0; i < machine->context_count; i++)
    machine->contexts[i].race_epoch = is_on ? SIM_RACE_EPOCH_UNKNOWN : 0;
}

/* More than there is room for: from here on this run is not looked at, and whoever runs it is told. */
static void give_up(SimMachine *machine) {
  for (uint32_t i = 0; i < machine->context_count; i++)
    machine->contexts[i].race_epoch = 0;
  machine->race_is_on = false;
  machine->race_is_left = true;
}

/* ---- actors ---- */

/* The actor's next clock: what it does from here on is not covered by what others saw of it. False: there is none. */
static bool tick(SimMachine *machine, RaceActor *actor, SimContext *context) {
  RaceState *state = race_state();
  unsigned number = (unsigned)(actor - state->actors);
  if (state->clock == RACE_CLOCK_MAX || !race_row_set(&actor->seen, number, state->clock + 1)) {
    give_up(machine);
    return false;
  }
  actor->epoch = (uint64_t)++state->clock << SIM_RACE_CLOCK_SHIFT | (uint64_t)number << SIM_RACE_ACTOR_SHIFT;
  context->race_epoch = actor->epoch;
  return true;
}

static RaceActor *actor_create(SimMachine *machine, SimContext *context) {
  RaceState *state = race_state();
  if (state->actor_count == RACE_ACTOR_COUNT) {
    give_up(machine);
    return NULL;
  }
  RaceActor *actor = &state->actors[state->actor_count++];
  memset(actor, 0, sizeof *actor);
  actor->cpu = 0xff;
  actor->context = context->id;
  actor->object = context->object;
  return tick(machine, actor, context) ? actor : NULL;
}

RaceActor *race_actor(SimMachine *machine, SimContext *context) {
  RaceState *state = race_state();
  if (race_clock_of(context->race_epoch) > state->floor)
    return &state->actors[race_actor_of(context->race_epoch)];
  if (context->kind != SIM_CONTEXT_THREAD && context->vcpu != NULL) {
    sim_race_context_interrupt(machine, context, context->vcpu->number, context->irql);
    return machine->race_is_on ? &state->actors[race_actor_of(context->race_epoch)] : NULL;
  }
  return actor_create(machine, context);
}

void sim_race_context_begin(SimMachine *machine, SimContext *context) {
  if (!machine->race_is_on)
    return;
  context->race_epoch = SIM_RACE_EPOCH_UNKNOWN;
  race_state()->slot_floors[context->slot] = race_state()->clock;
}

void sim_race_context_interrupt(SimMachine *machine, SimContext *context, unsigned cpu, SimIrql irql) {
  if (!machine->race_is_on)
    return;
  RaceState *state = race_state();
  uint16_t *number = &state->level_actors[cpu][irql];
  if (*number != 0) {
    tick(machine, &state->actors[*number - 1], context);
    return;
  }
  RaceActor *actor = actor_create(machine, context);
  if (actor == NULL)
    return;
  *number = (uint16_t)(actor - state->actors + 1);
  actor->cpu = (uint8_t)cpu;
  actor->irql = irql;
}

/* ---- keys ---- */

static RaceKey *key_find(SimMachine *machine, uint64_t key, bool is_wanted) {
  RaceState *state = race_state();
  for (uint32_t at = (uint32_t)((key * 0x9e3779b97f4a7c15ULL) >> 40);; at++) {
    RaceKey *entry = &state->keys[at % RACE_KEY_COUNT];
    if (entry->generation != state->generation) {
      if (!is_wanted)
        return NULL;
      if (state->key_count == RACE_KEY_USED_MAX) {
        give_up(machine);
        return NULL;
      }
      state->key_count++;
      entry->key = key;
      entry->generation = state->generation;
      entry->released = (RaceRow){ 0 };
      return entry;
    }
    if (entry->key == key)
      return entry;
  }
}

void sim_race_acquire(SimMachine *machine, SimContext *context, uint64_t key) {
  if (!machine->race_is_on || context == NULL)
    return;
  RaceActor *actor = race_actor(machine, context);
  RaceKey *entry = actor != NULL ? key_find(machine, key, false) : NULL;
  if (entry != NULL && !race_row_join(&actor->seen, &entry->released, race_state()->actor_count))
    give_up(machine);
}

void sim_race_release(SimMachine *machine, SimContext *context, uint64_t key) {
  if (!machine->race_is_on || context == NULL)
    return;
  RaceActor *actor = race_actor(machine, context);
  RaceKey *entry = actor != NULL ? key_find(machine, key, true) : NULL;
  if (entry == NULL)
    return;
  if (race_row_join(&entry->released, &actor->seen, race_state()->actor_count))
    tick(machine, actor, context);
  else
    give_up(machine);
}
