#include "programs.h"

#include "sim/search_state.h"

#include <stdlib.h>

enum { LOCK_CALL = 1 };

static uint64_t *word(unsigned index) { return &rig_log()->words[index]; }

/* ---- operations: a scheduling point before each but the first of a thread ---- */

static bool *is_begun(void) { return (bool *)word(60); } /* by cpu: beyond its first operation */

static void point(uint32_t function, uint32_t object) {
  SimMachine *machine = sim_machine();
  bool *begun = &is_begun()[sim_vcpu(machine)->number];
  if (*begun)
    sim_point(machine, SIM_POINT_CALL, function, object, 10);
  *begun = true;
}

/* What a thread reads is part of its state. */
static void see(uint64_t value) {
  SimMachine *machine = sim_machine();
  if (machine->footprint != NULL && machine->footprint->state != NULL)
    sim_state_value(machine->footprint->state, machine, value);
}

/* Nothing of what it read is left but that number. */
static void renew(uint64_t value) {
  SimMachine *machine = sim_machine();
  if (machine->footprint != NULL && machine->footprint->state != NULL)
    sim_state_renew(machine->footprint->state, machine, value);
}

static uint64_t load(unsigned index) {
  point(0, 0);
  sim_touch(sim_machine(), SIM_TOUCH_CELL, index, false);
  see(*word(index));
  return *word(index);
}

static void store(unsigned index, uint64_t value) {
  point(0, 0);
  sim_touch(sim_machine(), SIM_TOUCH_CELL, index, true);
  *word(index) = value;
}

/* Locks are words, too: 1 held. */
static bool is_futile(const SimContext *context) { return context->pending.function == LOCK_CALL && *word(context->pending.object) != 0; }

static void take(unsigned index) {
  SimMachine *machine = sim_machine();
  while (*word(index) != 0) {
    sim_touch(machine, SIM_TOUCH_CELL, index, true);
    sim_spin(machine, (uint64_t)word(index), 0);
  }
  sim_touch(machine, SIM_TOUCH_CELL, index, true);
  *word(index) = 1;
}

static void lock(unsigned index) {
  point(LOCK_CALL, index);
  take(index);
}

static void unlock(unsigned index) {
  SimMachine *machine = sim_machine();
  sim_touch(machine, SIM_TOUCH_CELL, index, true);
  *word(index) = 0;
  sim_spin_wake(machine, (uint64_t)word(index));
}

/* A thread whose first operation is known to be that lock; 0: none. */
static void thread(unsigned cpu, RigRoutine *routine, unsigned argument, unsigned first_lock) {
  SimContext *context = rig_thread(cpu, routine, (char)argument);
  if (first_lock != 0)
    context->pending = (SimOperation){ .function = LOCK_CALL, .object = first_lock };
}

/* ---- P1: two threads, two locks, three sections each; also in two orders ---- */

enum { LOCK_A = 1, LOCK_B = 2, SHARED = 4 };

static void sections(SimMachine *machine, void *argument) {
  unsigned name = (unsigned)(uintptr_t)argument & 0xff, count = name >> 4, order = name & 1;
  (void)machine;
  for (unsigned i = 0; i < count; i++) {
    lock(order ? LOCK_B : LOCK_A);
    lock(order ? LOCK_A : LOCK_B);
    *word(SHARED) = count < 10 ? *word(SHARED) * 2 + (name >> 1 & 1) : *word(SHARED) + 1; /* who came when, or only how many */
    unlock(order ? LOCK_A : LOCK_B);
    unlock(order ? LOCK_B : LOCK_A);
  }
}

static void locks_in_order(void) {
  thread(0, sections, 3 << 4, LOCK_A);
  thread(1, sections, 3 << 4 | 2, LOCK_A);
}

static void ten_sections(void) {
  thread(0, sections, 10 << 4, LOCK_A);
  thread(1, sections, 10 << 4 | 2, LOCK_A);
}

static void locks_crossed(void) {
  thread(0, sections, 2 << 4, LOCK_A);
  thread(1, sections, 2 << 4 | 3, LOCK_B);
}

/* ---- P2: increments that are a load and a store ---- */

static void increments(SimMachine *machine, void *argument) {
  (void)machine;
  for (unsigned i = 0; i < (unsigned)(uintptr_t)argument; i++) {
    store(SHARED, load(SHARED) + 1);
    renew(i);
  }
}

static void racy_increments(void) {
  for (unsigned cpu = 0; cpu < 3; cpu++)
    thread(cpu, increments, 2, 0);
}

static void racy_increments_of_three(void) {
  for (unsigned cpu = 0; cpu < 3; cpu++)
    thread(cpu, increments, 3, 0);
}

/* ---- P3: a buffer of one, two producers and two consumers, one lock and one condition that wakes all ---- */

enum { LOCK = 1, FULL = 5, PRODUCED = 6, CONSUMED = 7, SLEEPING = 32 }; /* SLEEPING + cpu */

/* Gives the lock back until somebody changes the buffer, then asks for it again. */
static void sleep_on_condition(void) {
  SimMachine *machine = sim_machine();
  unsigned cpu = sim_vcpu(machine)->number;
  *word(SLEEPING + cpu) = 1;
  sim_touch(machine, SIM_TOUCH_CELL, SLEEPING, true);
  unlock(LOCK);
  machine->current->pending = (SimOperation){ .function = LOCK_CALL, .object = LOCK };
  while (*word(SLEEPING + cpu) != 0) {
    SimOperation pending = machine->current->pending;
    sim_spin(machine, (uint64_t)word(SLEEPING + cpu), 0);
    machine->current->pending = pending;
  }
  take(LOCK);
}

static void wake_all(void) {
  SimMachine *machine = sim_machine();
  sim_touch(machine, SIM_TOUCH_CELL, SLEEPING, true);
  for (unsigned cpu = 0; cpu < machine->vcpu_count; cpu++)
    if (*word(SLEEPING + cpu) != 0) {
      *word(SLEEPING + cpu) = 0;
      machine->vcpus[cpu].stack[0]->pending = (SimOperation){ .function = LOCK_CALL, .object = LOCK };
      sim_spin_wake(machine, (uint64_t)word(SLEEPING + cpu));
    }
}

static void produce(SimMachine *machine, void *argument) {
  for (unsigned i = 0; i < 2; i++) {
    lock(LOCK);
    while (*word(FULL) != 0)
      sleep_on_condition(), renew(16 + i);
    *word(FULL) = (uintptr_t)argument * 2 + i;
    *word(PRODUCED) += 1;
    wake_all();
    unlock(LOCK);
    renew(i);
  }
  (void)machine;
}

static void consume(SimMachine *machine, void *argument) {
  (void)machine;
  for (unsigned i = 0; i < 2; i++) {
    lock(LOCK);
    while (*word(FULL) == 0)
      sleep_on_condition(), renew(16 + i);
    *word(CONSUMED) = *word(CONSUMED) * 8 + *word(FULL);
    *word(8 + (uintptr_t)argument) = *word(8 + (uintptr_t)argument) * 8 + *word(FULL);
    *word(FULL) = 0;
    wake_all();
    unlock(LOCK);
    renew(i);
  }
}

static void buffer_of_one(void) {
  thread(0, produce, 1, LOCK);
  thread(1, produce, 2, LOCK);
  thread(2, consume, 1, LOCK);
  thread(3, consume, 2, LOCK);
}

/* ---- interrupts: where they land, what masks them ---- */

static void count_up(SimMachine *machine, void *argument) {
  (void)argument;
  sim_touch(machine, SIM_TOUCH_CELL, SHARED, true);
  *word(SHARED) = *word(SHARED) * 2 + 1;
}

static void masked_increment(SimMachine *machine, void *argument) {
  (void)argument;
  uint64_t seen = load(SHARED);
  sim_irql_raise(machine, SIM_IRQL_DISPATCH, 0);
  store(SHARED, seen * 4);
  store(5, seen);
  sim_irql_lower(machine, SIM_IRQL_PASSIVE, 0);
  store(6, load(SHARED));
}

static void other_cpu_asks(SimMachine *machine, void *argument) {
  (void)argument;
  store(7, 1);
  SimInterrupt *interrupt = sim_heap_allocate(sizeof *interrupt);
  sim_interrupt_init(interrupt, SIM_IRQL_DISPATCH, SIM_CONTEXT_DPC, count_up, NULL);
  point(0, 0);
  sim_interrupt_request(machine, &machine->vcpus[0], interrupt);
  store(8, load(5));
}

static void interrupt_and_mask(void) {
  thread(0, masked_increment, 0, 0);
  thread(1, other_cpu_asks, 0, 0);
}

/* ---- waiting and being woken ---- */

static void waits(SimMachine *machine, void *argument) {
  (void)argument;
  store(9, 1);
  point(0, 0);
  while (sim_touch(machine, SIM_TOUCH_CELL, SHARED, true), *word(SHARED) == 0)
    sim_spin(machine, (uint64_t)word(SHARED), 0);
  *word(SHARED) -= 1;
  store(10, load(11));
}

static void sets(SimMachine *machine, void *argument) {
  (void)argument;
  store(11, 1);
  point(0, 0);
  sim_touch(machine, SIM_TOUCH_CELL, SHARED, true);
  *word(SHARED) += 1;
  sim_spin_wake(machine, (uint64_t)word(SHARED));
  store(11, 2);
}

static void wait_and_set(void) {
  thread(0, waits, 0, 0);
  thread(1, sets, 0, 0);
}

static void two_wait_one_sets(void) {
  thread(0, waits, 0, 0);
  thread(1, waits, 0, 0);
  thread(2, sets, 0, 0);
}

/* ---- a run that ends early ---- */

static void stops_when_set(SimMachine *machine, void *argument) {
  (void)argument;
  if (load(SHARED) == 0)
    sim_stop(machine, SIM_STOP_BUGCHECK, NULL);
  store(5, 1);
}

static void sets_slowly(SimMachine *machine, void *argument) {
  (void)machine, (void)argument;
  store(6, 1);
  store(SHARED, 1);
  store(6, 2);
}

static void stop_or_not(void) {
  thread(0, stops_when_set, 0, 0);
  thread(1, sets_slowly, 0, 0);
}

/* ---- an event of the queue that comes due in some orders while others still run ---- */

static void timer_race(void) {
  thread(0, increments, 2, 0);
  thread(1, increments, 1, 0);
  rig_interrupt(0, 35, SIM_IRQL_DISPATCH, SIM_CONTEXT_DPC, count_up, 'x');
}

static void timer_late(void) {
  thread(0, increments, 2, 0);
  thread(1, increments, 1, 0);
  rig_interrupt(0, 100000, SIM_IRQL_DISPATCH, SIM_CONTEXT_DPC, count_up, 'x');
}

/* ---- nothing in common ---- */

static void alone(SimMachine *machine, void *argument) {
  (void)machine;
  for (unsigned i = 0; i < 4; i++)
    store(16 + (unsigned)(uintptr_t)argument, i);
}

static void strangers(void) {
  for (unsigned cpu = 0; cpu < 3; cpu++)
    thread(cpu, alone, cpu, 0);
}

/* ---- drawn ---- */

enum { SEED = 59, FAR = 58, FAR_PAGE_COUNT = 32 };

static unsigned drawn_seed;

/* Memory that few runs write: a page of its own for what is stored. */
static void far_note(uint64_t value) {
  uint64_t *page = (uint64_t *)(*word(FAR) + value % FAR_PAGE_COUNT * SIM_PAGE_SIZE);
  *page += value + 1;
  store(SHARED, *page);
}

static void count_slowly(SimMachine *machine, void *argument) {
  (void)machine, (void)argument;
  store(SHARED + 1, load(SHARED) + 5);
  store(SHARED, load(SHARED + 1) + 7);
}

static void drawn_operation(uint64_t draw, unsigned cpu) {
  unsigned place = SHARED + (draw >> 8) % 2, held = draw % 5 == 0 ? LOCK_A + (draw >> 16) % 2 : 0;
  if (held != 0)
    lock(held);
  if (draw % 3 != 0)
    store(place, load(place) * 2 + cpu);
  else
    store(place, draw >> 24 & 3);
  if (draw % 7 == 0)
    far_note(load(place));
  if (held != 0)
    unlock(held);
}

static void drawn_thread(SimMachine *machine, void *argument) {
  unsigned cpu = (unsigned)(uintptr_t)argument;
  uint64_t draw = (*word(SEED) * 8 + cpu + 1) * 0x9e3779b97f4a7c15ULL;
  (void)machine;
  for (unsigned i = 0; i < 3; i++, draw = (draw ^ draw >> 29) * 0xbf58476d1ce4e5b9ULL)
    drawn_operation(draw >> 20, cpu);
}

static void drawn_set_up(void) {
  *word(SEED) = drawn_seed;
  *word(FAR) = (uint64_t)sim_heap_allocate(FAR_PAGE_COUNT * SIM_PAGE_SIZE);
  for (unsigned cpu = 0; cpu < 2 + drawn_seed % 2; cpu++)
    thread(cpu, drawn_thread, cpu, 0);
  if (drawn_seed % 4 == 0)
    rig_interrupt(0, drawn_seed % 8 == 0 ? 15 : 100000, SIM_IRQL_DISPATCH, SIM_CONTEXT_DPC, count_slowly, 'x');
}

Program program_drawn(unsigned seed) {
  drawn_seed = seed;
  return (Program){ "drawn", 3, drawn_set_up };
}

const Program programs[] = {
  { "locks in order", 2, locks_in_order },
  { "ten sections", 2, ten_sections },
  { "locks crossed", 2, locks_crossed },
  { "racy increments", 3, racy_increments },
  { "racy increments of three", 3, racy_increments_of_three },
  { "buffer of one", 4, buffer_of_one },
  { "interrupt and mask", 2, interrupt_and_mask },
  { "wait and set", 2, wait_and_set },
  { "two wait, one sets", 3, two_wait_one_sets },
  { "stop or not", 2, stop_or_not },
  { "timer race", 2, timer_race },
  { "timer late", 2, timer_late },
  { "strangers", 3, strangers },
};
const size_t program_count = sizeof programs / sizeof *programs;

const Program *program_find(const char *name) {
  for (size_t i = 0; i < program_count; i++)
    if (strcmp(programs[i].name, name) == 0)
      return &programs[i];
  fail_msg("no program %s", name);
  return NULL;
}

/* ---- searching ---- */

static uint32_t nobody_ready(SimMachine *machine, SimContext **contexts, SimVcpu **vcpus, uint32_t max) {
  (void)machine, (void)contexts, (void)vcpus, (void)max;
  return 0;
}

static const SimThreads *threads(void) {
  static const SimThreads none = { .ready = nobody_ready, .is_futile = is_futile };
  return &none;
}

void found_outcome_put(Found *found, uint64_t outcome) {
  size_t at = 0;
  while (at < found->outcome_count && found->outcomes[at] < outcome)
    at++;
  if (at < found->outcome_count && found->outcomes[at] == outcome)
    return;
  assert_true(found->outcome_count < sizeof found->outcomes / sizeof *found->outcomes);
  memmove(found->outcomes + at + 1, found->outcomes + at, (found->outcome_count - at) * sizeof *found->outcomes);
  found->outcomes[at] = outcome;
  found->outcome_count++;
}

static uint64_t outcome_of(SimStop stop) {
  uint64_t hash = (uint64_t)stop + 1;
  for (unsigned i = 0; i < 60; i++) {
    hash = (hash ^ *word(i)) * 0x9e3779b97f4a7c15ULL;
    hash ^= hash >> 29;
  }
  return hash;
}

void program_search(const Program *program, const SimSearchOptions *search_options, uint64_t run_count_max, Found *found) {
  SimSearch search;
  memset(found, 0, sizeof *found);
  SimRunOptions options = rig_options(&sim_policy_timed, program->vcpu_count);
  rig_open(&options);
  program->set_up();
  SimSnapshot *snapshot = sim_snapshot_save();
  sim_search_init(&search, search_options);
  do {
    sim_search_begin(&search, &options);
    if (!sim_search_resume(&search, snapshot, &options)) {
      sim_snapshot_restore(snapshot);
      sim_machine()->threads = threads();
      sim_machine_begin(sim_machine(), &options);
    }
    SimStop stop = sim_machine_run(sim_machine());
    found->hash = (found->hash ^ sim_machine()->hash) * 0x100000001b3ULL + sim_search_is_new(&search, sim_machine());
    if (sim_search_is_new(&search, sim_machine())) {
      found->runs++;
      found_outcome_put(found, outcome_of(stop));
    } else {
      found->known++;
    }
    found->is_complete = !sim_search_end(&search, sim_machine());
  } while (!found->is_complete && found->runs + found->known < run_count_max);
  sim_search_proof(&search, &found->proof);
  sim_search_finish(&search);
  sim_snapshot_destroy(&snapshot);
}
