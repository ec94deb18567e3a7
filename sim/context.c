#include "fiber.h"
#include "gate_offsets.h"
#include "internal.h"
#include "sanitizer.h"

#include <string.h>

_Static_assert(offsetof(SimContext, site) == SIM_OFFSET_CONTEXT_SITE, "gate_offsets.h");
_Static_assert(offsetof(SimContext, gate_stack_pointer) == SIM_OFFSET_CONTEXT_GATE_STACK, "gate_offsets.h");
_Static_assert(offsetof(SimContext, guest_stack_pointer) == SIM_OFFSET_CONTEXT_GUEST_STACK, "gate_offsets.h");
_Static_assert(SIM_MACHINE_BASE + offsetof(SimMachine, current) == SIM_ADDRESS_MACHINE_CURRENT, "gate_offsets.h");
_Static_assert(SIM_IMAGE_BASE == 0x200004000000, "fiber_x86_64.S takes the low half of the image base for granted");

/* Room above the guest stack's first frame: the gate reads twelve words of stack arguments whether they are there or not. */
#define GUEST_STACK_HEADROOM 256

static char *slot_base(const SimContext *context) { return (char *)sim_stack_slot(context->slot); }
static char *host_stack_low(const SimContext *context) { return slot_base(context) + SIM_PAGE_SIZE; }
static char *host_stack_top(const SimContext *context) { return (char *)sim_host_stack_top(context->slot); }

uint64_t sim_context_guest_stack_low(const SimContext *context) {
  return (uint64_t)slot_base(context) + SIM_STACK_SLOT_SIZE - SIM_GUEST_STACK_SIZE;
}

uint64_t sim_context_guest_stack_high(const SimContext *context) { return (uint64_t)slot_base(context) + SIM_STACK_SLOT_SIZE; }

/* ---- switching ---- */

/* Tells ASan which stack comes next; `leaving_for_good` gives up the fake stack of the one that is left. */
static void switch_begin(void **fake_stack, const SimContext *to, bool leaving_for_good) {
#ifdef SIM_WITH_ASAN
  SimMachine *machine = sim_machine();
  const void *low = to != NULL ? host_stack_low(to) : machine->main_stack_low;
  size_t size = to != NULL ? (size_t)(host_stack_top(to) - host_stack_low(to)) : machine->main_stack_size;
  __sanitizer_start_switch_fiber(leaving_for_good ? NULL : fake_stack, low, size);
#else
  (void)fake_stack, (void)to, (void)leaving_for_good;
#endif
}

static void switch_end(void *fake_stack, bool from_main) {
#ifdef SIM_WITH_ASAN
  SimMachine *machine = sim_machine();
  const void *low;
  size_t size;
  __sanitizer_finish_switch_fiber(fake_stack, &low, &size);
  if (from_main) {
    machine->main_stack_low = low;
    machine->main_stack_size = size;
  }
#else
  (void)fake_stack, (void)from_main;
#endif
}

/* ---- ids of live contexts ---- */

static uint16_t *id_cell(SimMachine *machine, uint32_t id) { return &machine->id_cells[(id ^ id >> 16) & (SIM_ID_CELL_COUNT - 1)]; }

SimContext *sim_context_of_id(SimMachine *machine, uint32_t id) {
  uint32_t at = *id_cell(machine, id);
  while (at != 0 && machine->contexts[at - 1].id != id)
    at = machine->contexts[at - 1].id_next;
  return at != 0 ? &machine->contexts[at - 1] : NULL;
}

static void id_enter(SimMachine *machine, SimContext *context) {
  uint16_t *cell = id_cell(machine, context->id);
  context->id_next = *cell;
  *cell = (uint16_t)(context->slot + 1);
}

static void id_leave(SimMachine *machine, SimContext *context) {
  uint16_t *link = id_cell(machine, context->id);
  while (*link != context->slot + 1)
    link = &machine->contexts[*link - 1].id_next;
  *link = context->id_next;
}

/* On arrival on a stack: the slot of a context that has ended is free now. */
static void arrive(SimMachine *machine) {
  SimContext *dead = machine->dying;
  machine->context_first = false;
  if (dead == NULL)
    return;
  machine->dying = NULL;
  dead->is_live = false;
  id_leave(machine, dead);
  dead->id_next = (uint16_t)machine->context_free;
  machine->context_free = dead->slot + 1u;
}

static void access_budget_store(SimMachine *machine, SimContext *context) {
  uint32_t used = machine->access_budget_drawn - machine->access_budget;
  context->access_ordinal += used;
  machine->access_count += used;
  machine->access_budget_drawn = machine->access_budget;
}

/* Never beyond the limit of accesses: under any policy the run ends at the same one. */
void sim_access_budget_draw(SimMachine *machine, SimContext *context) {
  uint32_t budget = 1;
  if (!machine->is_forced)
    budget = machine->options.policy->access_budget(machine, context);
  else if (machine->forced_is_looked)
    budget = UINT32_MAX;
  uint64_t limit = machine->options.limits.accesses;
  uint64_t left = limit > machine->access_count ? limit - machine->access_count : 1;
  uint32_t look = left < SIM_ACCESS_LOOK ? (uint32_t)left : SIM_ACCESS_LOOK;
  machine->access_is_chosen = budget <= look;
  machine->access_budget = machine->access_budget_drawn = machine->access_is_chosen ? budget : look;
}

void sim_access_budget_settle(SimMachine *machine) {
  if (machine->current != NULL)
    access_budget_store(machine, machine->current);
}

void sim_identity_leave(SimMachine *machine) { access_budget_store(machine, machine->current); }

void sim_identity_take(SimMachine *machine, uint32_t id) {
  id_leave(machine, machine->current);
  machine->current->id = id;
  id_enter(machine, machine->current);
  sim_access_budget_draw(machine, machine->current);
}

/* From the current stack (a context's or the host's own, `from` NULL) to another context. */
void sim_context_switch(SimMachine *machine, SimContext *to) {
  SimContext *from = machine->current;
  void *fake_stack = NULL;
  bool ends = from != NULL && machine->dying == from;
  if (from != NULL)
    access_budget_store(machine, from);
  machine->current = to;
  machine->forced_is_looked = false;
  sim_access_budget_draw(machine, to);
  switch_begin(&fake_stack, to, ends);
  sim_fiber_switch(from != NULL ? &from->host_stack_pointer : &machine->main_stack_pointer, to->host_stack_pointer);
  switch_end(fake_stack, false);
  arrive(machine);
}

/* Goes to the host's own stack; returns when a later run steps this context again. */
void sim_context_pause(SimMachine *machine) {
  SimContext *from = machine->current;
  void *fake_stack = NULL;
  access_budget_store(machine, from);
  machine->current = NULL;
  switch_begin(&fake_stack, NULL, false);
  sim_fiber_switch(&from->host_stack_pointer, machine->main_stack_pointer);
  switch_end(fake_stack, false);
  arrive(machine);
}

/* Leaves whatever runs for the host's own stack; the context left never goes on. */
void sim_context_leave(SimMachine *machine) {
  SimContext *from = machine->current;
  SIM_ASSERT(from != NULL);
  void *fake_stack = NULL;
  access_budget_store(machine, from);
  machine->current = NULL;
  switch_begin(&fake_stack, NULL, true);
  sim_fiber_switch(&from->host_stack_pointer, machine->main_stack_pointer);
  __builtin_unreachable();
}

static void context_main(void) {
  SimMachine *machine = sim_machine();
  switch_end(NULL, machine->context_first);
  arrive(machine);
  SimContext *self = machine->current;
  self->entry(machine, self->argument);
  sim_context_exit(machine);
}

/* ---- creation ---- */

/* FNV-1a over the path: parent's id, kind, and which child of that kind. */
static uint32_t path_id(uint32_t parent, uint32_t kind, uint32_t ordinal) {
  uint32_t words[3] = { parent, kind, ordinal };
  uint32_t hash = 2166136261u;
  for (unsigned i = 0; i < 12; i++) {
    hash ^= (words[i / 4] >> (8 * (i % 4))) & 0xff;
    hash *= 16777619u;
  }
  return hash;
}

/* The machine's own, by cpu and level, so that no order between cpus changes a name: interrupts above all, which are many. Each step of the mixing
 * is reversible (MurmurHash3's last ones): no two of a run are the same before the millionth of a kind. */
static uint32_t root_id(uint32_t kind, uint32_t vcpu, uint32_t irql, uint32_t ordinal) {
  uint32_t hash = ordinal << 12 ^ ordinal >> 20 ^ vcpu << 6 ^ irql << 2 ^ (kind + 1);
  hash = (hash ^ (hash >> 16)) * 0x85ebca6bu;
  hash = (hash ^ (hash >> 13)) * 0xc2b2ae35u;
  return hash ^ (hash >> 16);
}

static SimContext *slot_take(SimMachine *machine) {
  unsigned slot;
  if (machine->context_free > 0) {
    slot = machine->context_free - 1;
    machine->context_free = machine->contexts[slot].id_next;
  } else if (machine->context_count < SIM_CONTEXT_COUNT_MAX && sim_stack_open(machine->context_count)) {
    slot = machine->context_count++;
  } else {
    sim_stop(machine, SIM_STOP_LIMIT_MEMORY, "threads and interrupts");
    SIM_ASSERT(!"too many contexts outside of a run");
    return NULL;
  }
  SimContext *context = &machine->contexts[slot];
  memset(context, 0, offsetof(SimContext, frames));
  context->slot = (uint16_t)slot;
  return context;
}

static SimContext *create(SimMachine *machine, uint32_t id, SimContextKind kind, void (*entry)(SimMachine *, void *), void *argument) {
  SimContext *context = slot_take(machine);
  while (id == 0 || sim_context_of_id(machine, id) != NULL)
    id++;
  context->id = id;
  id_enter(machine, context);
  context->kind = (uint8_t)kind;
  context->is_live = true;
  context->is_waiting = true;
  context->entry = entry;
  context->argument = argument;
  sim_race_context_begin(machine, context);
#ifdef SIM_WITH_ASAN
  __asan_unpoison_memory_region(host_stack_low(context), (size_t)(host_stack_top(context) - host_stack_low(context)));
#endif
  context->host_stack_pointer = sim_fiber_prepare(host_stack_low(context), host_stack_top(context), context_main);
  sim_guest_stack_renew(context->slot);
  context->guest_stack_pointer = (void *)(sim_context_guest_stack_high(context) - GUEST_STACK_HEADROOM);
  return context;
}

SimContext *sim_context_create(SimMachine *machine, SimContext *parent, SimContextKind kind, void (*entry)(SimMachine *, void *),
                               void *argument) {
  uint32_t id = parent != NULL ? path_id(parent->id, kind, parent->children[kind]++) : root_id(kind, 0, 0, machine->child_count[kind]++);
  return create(machine, id, kind, entry, argument);
}

SimContext *sim_context_create_interrupt(SimMachine *machine, SimVcpu *vcpu, SimIrql irql, SimContextKind kind,
                                         void (*entry)(SimMachine *, void *), void *argument) {
  SimContext *context = create(machine, root_id(kind, vcpu->number, irql, vcpu->interrupt_count[irql]++), kind, entry, argument);
  context->irql = irql;
  return context;
}

/* ---- driver code ---- */

bool sim_frame_push(SimContext *context, uint32_t site, uint32_t function) {
  if (context->frame_count == SIM_FRAME_COUNT_MAX)
    return false;
  sim_guest_stack_note(context->slot);
  context->frames[context->frame_count++] = (SimFrame){ site, function };
  return true;
}

void sim_frame_pop(SimContext *context) {
  SIM_ASSERT(context->frame_count > 0);
  context->frame_count--;
}

uint64_t sim_guest_call(SimContext *context, uint64_t function, const uint64_t *arguments, unsigned argument_count) {
  uint64_t all[16] = { 0 };
  SIM_ASSERT(argument_count <= 16);
  memcpy(all, arguments, argument_count * sizeof *arguments);
  uint16_t frames = context->frame_count;
  uint32_t site = context->site;
  context->guest_depth++;
  sim_guest_stack_note(context->slot);
  uint64_t result = sim_guest_enter(context, function, all, argument_count);
  context->guest_depth--;
  context->frame_count = frames;
  context->site = site;
  return result;
}

void sim_host_call(void (*routine)(void *), void *argument) {
  SimContext *context = sim_machine()->current;
  uint64_t here = (uint64_t)__builtin_frame_address(0);
  if (context != NULL && here >= sim_context_guest_stack_low(context) && here < sim_context_guest_stack_high(context))
    sim_host_enter(routine, argument);
  else
    routine(argument);
}
