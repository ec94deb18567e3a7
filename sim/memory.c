#include "internal.h"

#include <string.h>

static uint8_t *page_table(void) { return (uint8_t *)SIM_PAGE_TABLE_BASE; }

static bool is_mapped_range(uint64_t address) { return address - SIM_ARENA_BASE < (SIM_PAGE_COUNT << SIM_PAGE_SHIFT); }

static uint8_t *page_of(uint64_t address) { return page_table() + ((address - SIM_ARENA_BASE) >> SIM_PAGE_SHIFT); }

uint64_t sim_pages_allocate(SimMachine *machine, size_t page_count, uint8_t attributes) {
  if (machine->guest_pages_used + page_count > SIM_GUEST_SIZE / SIM_PAGE_SIZE)
    return 0;
  uint64_t address = SIM_GUEST_BASE + machine->guest_pages_used * SIM_PAGE_SIZE;
  machine->guest_pages_used += page_count;
  /* A restore leaves what a longer run wrote beyond the saved extent. */
  memset((void *)address, 0, page_count * SIM_PAGE_SIZE);
  memset((uint8_t *)SIM_SHADOW_BASE + (address - SIM_GUEST_BASE) / SIM_GRANULE_SIZE, SIM_GRANULE_NONE,
         page_count * (SIM_PAGE_SIZE / SIM_GRANULE_SIZE));
  sim_pages_set(machine, address, page_count, attributes);
  return address;
}

void sim_pages_set(SimMachine *machine, uint64_t address, size_t page_count, uint8_t attributes) {
  (void)machine;
  SIM_ASSERT(is_mapped_range(address) && is_mapped_range(address + page_count * SIM_PAGE_SIZE - 1));
  memset(page_of(address), attributes, page_count);
}

uint8_t sim_page_attributes(const SimMachine *machine, uint64_t address) {
  (void)machine;
  return is_mapped_range(address) ? *page_of(address) : SIM_PAGE_NONE;
}

/* ---- granules ---- */

static uint8_t *granule_of(uint64_t address) { return (uint8_t *)SIM_SHADOW_BASE + (address - SIM_GUEST_BASE) / SIM_GRANULE_SIZE; }

static bool is_guest_range(uint64_t address, size_t size) {
  return address >= SIM_GUEST_BASE && size <= SIM_GUEST_SIZE && address + size <= SIM_STACK_BASE;
}

void sim_granules_open(SimMachine *machine, uint64_t address, size_t size) {
  SIM_ASSERT(is_guest_range(address, size) && address % SIM_GRANULE_SIZE == 0);
  uint8_t *granule = granule_of(address);
  sim_race_forget(machine, address, size);
  memset(granule, SIM_GRANULE_FULL, size / SIM_GRANULE_SIZE);
  if (size % SIM_GRANULE_SIZE != 0)
    granule[size / SIM_GRANULE_SIZE] = (uint8_t)(size % SIM_GRANULE_SIZE);
}

void sim_granules_close(SimMachine *machine, uint64_t address, size_t size, uint8_t why) {
  (void)machine;
  SIM_ASSERT(is_guest_range(address, size) && address % SIM_GRANULE_SIZE == 0);
  memset(granule_of(address), why, (size + SIM_GRANULE_SIZE - 1) / SIM_GRANULE_SIZE);
}

/* Eight granules that are open as a whole begin there. */
static bool are_eight_full(uint64_t address) {
  uint64_t eight;
  memcpy(&eight, granule_of(address), sizeof eight);
  return eight == SIM_GRANULE_FULL * 0x0101010101010101ULL;
}

/* The first address of [address, address + size) whose granule does not allow it; 0: all do. */
static uint64_t granules_judge(uint64_t address, size_t size, SimFaultReason *reason) {
  for (uint64_t at = address; at < address + size;) {
    if (address + size - at >= 8 * SIM_GRANULE_SIZE && at % SIM_GRANULE_SIZE == 0 && are_eight_full(at)) {
      at += 8 * SIM_GRANULE_SIZE;
      continue;
    }
    uint64_t granule_start = at & ~(uint64_t)(SIM_GRANULE_SIZE - 1);
    uint64_t end = granule_start + SIM_GRANULE_SIZE;
    if (end > address + size)
      end = address + size;
    uint8_t shadow = *granule_of(at);
    if (shadow == SIM_GRANULE_FREED || (shadow < SIM_GRANULE_FULL && end - granule_start > shadow)) {
      *reason = shadow == SIM_GRANULE_FREED ? SIM_FAULT_FREED : SIM_FAULT_OVERRUN;
      return at;
    }
    at = end;
  }
  return 0;
}

/* ---- watches ---- */

static void watch_end(SimWatch *watch) {
  SimMachine *machine = sim_machine();
  uint64_t page = watch->address >> SIM_PAGE_SHIFT;
  uint64_t last = (watch->address + watch->size - 1) >> SIM_PAGE_SHIFT;
  watch->size = 0;
  for (; page <= last; page++) {
    bool is_watched = false;
    for (unsigned i = 0; i < SIM_WATCH_COUNT; i++)
      is_watched |= machine->watches[i].size != 0 && machine->watches[i].address >> SIM_PAGE_SHIFT <= page &&
                    (machine->watches[i].address + machine->watches[i].size - 1) >> SIM_PAGE_SHIFT >= page;
    if (!is_watched)
      *page_of(page << SIM_PAGE_SHIFT) &= (uint8_t)~SIM_PAGE_WATCHED;
  }
}

static void watch_mark(const SimWatch *watch) {
  for (uint64_t at = watch->address; at < watch->address + watch->size; at = (at | (SIM_PAGE_SIZE - 1)) + 1)
    *page_of(at) |= SIM_PAGE_WATCHED;
}

void sim_watch_add(SimMachine *machine, uint64_t address, uint32_t size, uint32_t id) {
  if (size == 0 || !is_mapped_range(address) || !is_mapped_range(address + size - 1))
    return;
  SimWatch *watch = &machine->watches[machine->watch_next++ % SIM_WATCH_COUNT];
  if (watch->size != 0)
    watch_end(watch);
  *watch = (SimWatch){ .address = address, .size = size, .id = id };
  watch_mark(watch);
}

void sim_watch_forget(SimMachine *machine, uint64_t address, uint32_t size) {
  for (unsigned i = 0; i < SIM_WATCH_COUNT; i++) {
    SimWatch *watch = &machine->watches[i];
    if (watch->size != 0 && watch->address < address + size && address < watch->address + watch->size)
      watch_end(watch);
  }
}

void sim_watches_end(SimMachine *machine) {
  for (unsigned i = 0; i < SIM_WATCH_COUNT; i++)
    if (machine->watches[i].size != 0)
      watch_end(&machine->watches[i]);
}

void sim_watches_restore(SimMachine *machine) {
  for (unsigned i = 0; i < SIM_WATCH_COUNT; i++)
    if (machine->watches[i].size != 0)
      watch_mark(&machine->watches[i]);
}

static void watches_look(SimMachine *machine, uint64_t address, uint32_t size, SimAccessKind kind) {
  for (unsigned i = 0; i < SIM_WATCH_COUNT; i++) {
    SimWatch *watch = &machine->watches[i];
    if (watch->size == 0 || address >= watch->address + watch->size || watch->address >= address + size)
      continue;
    uint32_t id = watch->id;
    watch_end(watch);
    if (kind == SIM_ACCESS_READ)
      sim_event(machine, SIM_EVENT_WATCH_READ, 0, 0, 0, id, address);
  }
}

/* ---- judging an access ---- */

#define PLAIN_MASK (SIM_PAGE_RESIDENT | SIM_PAGE_WRITABLE)

static bool is_plain(uint8_t attributes) {
  uint8_t kind = attributes & SIM_PAGE_KIND_MASK;
  return (kind == SIM_PAGE_NONPAGED || kind == SIM_PAGE_STACK) &&
         (attributes & (PLAIN_MASK | SIM_PAGE_SHADOWED | SIM_PAGE_WATCHED)) == PLAIN_MASK;
}

static bool page_judge(const SimMachine *machine, uint64_t address, uint8_t attributes, SimAccessKind kind, SimFaultReason *reason) {
  const SimVcpu *vcpu = sim_vcpu(machine);
  SimIrql irql = vcpu != NULL ? vcpu->irql : SIM_IRQL_PASSIVE;
  (void)address;
  switch (attributes & SIM_PAGE_KIND_MASK) {
  case SIM_PAGE_NONPAGED:
  case SIM_PAGE_STACK: break;
  case SIM_PAGE_PAGED:
    if (!(attributes & SIM_PAGE_RESIDENT))
      return *reason = SIM_FAULT_NOT_RESIDENT, false;
    if (irql >= SIM_IRQL_DISPATCH)
      return *reason = SIM_FAULT_PAGED_HIGH, false;
    break;
  case SIM_PAGE_CODE:
    if (kind == SIM_ACCESS_WRITE)
      return *reason = SIM_FAULT_READ_ONLY, false;
    return true;
  case SIM_PAGE_USER: return *reason = SIM_FAULT_USER, false;
  case SIM_PAGE_GUARD: return *reason = SIM_FAULT_STACK, false;
  case SIM_PAGE_FREED: return *reason = SIM_FAULT_FREED, false;
  default: return *reason = SIM_FAULT_WILD, false;
  }
  if (kind == SIM_ACCESS_WRITE && !(attributes & SIM_PAGE_WRITABLE))
    return *reason = SIM_FAULT_READ_ONLY, false;
  return true;
}

bool sim_access_judge(SimMachine *machine, uint64_t address, size_t size, SimAccessKind kind, SimFault *fault) {
  *fault = (SimFault){ .address = address, .size = (uint32_t)(size > UINT32_MAX ? UINT32_MAX : size), .kind = kind };
  if (size == 0)
    return true;
  if (address < 0x10000) {
    fault->reason = SIM_FAULT_NULL;
    return false;
  }
  if (!is_mapped_range(address) || size > SIM_ARENA_SIZE || !is_mapped_range(address + size - 1)) {
    fault->reason = SIM_FAULT_WILD;
    return false;
  }
  for (uint64_t at = address; at < address + size; at = (at | (SIM_PAGE_SIZE - 1)) + 1) {
    uint8_t attributes = *page_of(at);
    uint64_t end = (at | (SIM_PAGE_SIZE - 1)) + 1;
    if (end > address + size)
      end = address + size;
    uint64_t bad;
    /* A freed or never opened granule says more than the page does. */
    if ((attributes & SIM_PAGE_SHADOWED) && (bad = granules_judge(at, end - at, &fault->reason)) != 0) {
      fault->address = bad;
      return false;
    }
    if (!is_plain(attributes) && !page_judge(machine, at, attributes, kind, &fault->reason)) {
      fault->address = at;
      return false;
    }
  }
  return true;
}

/* A fault may be repaired (a page comes in) or let pass (Windows is silent): the handler returns; then the rest is judged again. A handler
 * that returns without a repair lets the access go on. */
static void fault_raise(SimMachine *machine, SimFault *fault) {
  SIM_ASSERT(machine->fault_handler != NULL);
  machine->fault_handler(machine, fault);
}

/* Tells the handler of each page of [address, address + size) that may not be touched, beginning with the fault found first: what it repairs or lets
 * pass in one page says nothing of the next. */
static void faults_raise(SimMachine *machine, SimFault fault, uint64_t address, size_t size) {
  uint64_t end = address + size;
  for (;;) {
    fault_raise(machine, &fault);
    uint64_t next = (fault.address | (SIM_PAGE_SIZE - 1)) + 1;
    SimFault found;
    if (next >= end || next < address || sim_access_judge(machine, next, end - next, fault.kind, &found))
      return;
    found.size = fault.size;
    found.by_model = fault.by_model;
    found.site = fault.site;
    fault = found;
  }
}

void sim_probe_object(SimMachine *machine, uint64_t address, size_t size, SimAccessKind kind) {
  if (machine->footprint != NULL)
    sim_footprint_memory(machine, address, size, kind == SIM_ACCESS_WRITE, true);
  SimFault fault;
  if (sim_access_judge(machine, address, size, kind, &fault))
    return;
  fault.by_model = true;
  fault.site = machine->current != NULL ? machine->current->site : 0;
  faults_raise(machine, fault, address, size);
}

static bool is_interlocked(const SimContext *context) {
  return context->call != 0 && context->pending.function == context->call && context->pending.kind == SIM_POINT_INTERLOCKED;
}

static void race_marked(SimMachine *machine, uint64_t address, size_t size, SimAccessKind kind, SimRaceOrder order, unsigned flags);

void sim_probe(SimMachine *machine, uint64_t address, size_t size, SimAccessKind kind) {
  sim_probe_object(machine, address, size, kind);
  if (!machine->race_is_on || machine->current == NULL || size == 0)
    return;
  if (is_interlocked(machine->current))
    race_marked(machine, address, size, kind, SIM_RACE_BOTH, SIM_RACE_MODEL);
  else
    sim_race_touch(machine, address, size, kind == SIM_ACCESS_WRITE, machine->current->call != 0 ? SIM_RACE_MODEL : 0);
}

typedef struct SlowAccess {
  SimFault fault;
  uint64_t address; /* where the access begins */
  bool is_fault;
  bool is_write;
} SlowAccess;

/* On the host stack: the access is no plain one, or the budget is used up. */
static void access_slow(void *argument) {
  SlowAccess *slow = argument;
  SimMachine *machine = sim_machine();
  if (slow->is_fault)
    faults_raise(machine, slow->fault, slow->address, slow->fault.size);
  else
    sim_access_preempt(machine, slow->address, slow->is_write);
}

static bool is_watched(uint64_t address, uint32_t size) {
  uint64_t page = address >> SIM_PAGE_SHIFT, last = (address + size - 1) >> SIM_PAGE_SHIFT;
  while (page < last && !(*page_of(page << SIM_PAGE_SHIFT) & SIM_PAGE_WATCHED))
    page++;
  return *page_of(page << SIM_PAGE_SHIFT) & SIM_PAGE_WATCHED;
}

/* Judged, counted, perhaps preempted: all but the look for races, which has to come last. */
static void access_prepare(SimMachine *machine, uint64_t address, uint32_t size, SimAccessKind kind, uint32_t site) {
  SimContext *context = machine->current;
  if (context != NULL && site != 0)
    context->site = site;
  bool plain = is_mapped_range(address) && is_plain(*page_of(address)) && ((address ^ (address + size - 1)) >> SIM_PAGE_SHIFT) == 0;
  SlowAccess slow;
  if (!plain) {
    if (!sim_access_judge(machine, address, size, kind, &slow.fault)) {
      slow.address = address;
      slow.fault.site = site;
      slow.is_fault = true;
      sim_host_call(access_slow, &slow);
    } else if (is_watched(address, size)) {
      watches_look(machine, address, size, kind);
    }
  }
  if (--machine->access_budget == 0) {
    slow.is_fault = false;
    slow.address = address;
    slow.is_write = kind == SIM_ACCESS_WRITE;
    sim_host_call(access_slow, &slow);
  }
  if (machine->footprint != NULL)
    sim_footprint_memory(machine, address, size, kind == SIM_ACCESS_WRITE, false);
}

void sim_access(uint64_t address, uint32_t size, SimAccessKind kind, uint32_t site) {
  SimMachine *machine = sim_machine();
  if (size == 0)
    return;
  access_prepare(machine, address, size, kind, site);
  if (machine->race_is_on)
    sim_race_touch(machine, address, size, kind == SIM_ACCESS_WRITE, 0);
}

/* Orders those that meet at the memory, as x86-64's locked instructions do, and MSVC's volatile accesses. */
static void race_marked(SimMachine *machine, uint64_t address, size_t size, SimAccessKind kind, SimRaceOrder order, unsigned flags) {
  uint64_t key = sim_race_key(SIM_RACE_KEY_ADDRESS, address & ~3ULL);
  if (order & SIM_RACE_ACQUIRES)
    sim_race_acquire(machine, machine->current, key);
  if (size <= sizeof(uint64_t)) /* beyond: an interlocked list, whose links others touch by the same functions alone */
    sim_race_touch(machine, address, size, kind == SIM_ACCESS_WRITE, flags | SIM_RACE_MARKED);
  if (order & SIM_RACE_RELEASES)
    sim_race_release(machine, machine->current, key);
}

void sim_access_marked(uint64_t address, uint32_t size, SimAccessKind kind, SimRaceOrder order, uint32_t site) {
  SimMachine *machine = sim_machine();
  access_prepare(machine, address, size, kind, site);
  if (machine->race_is_on)
    race_marked(machine, address, size, kind, order, 0);
}
