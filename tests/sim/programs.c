#include "programs.h"

#include "operations.h"

/* ---- P1: two threads, two locks, three sections each; also in two orders ---- */

enum { LOCK_A = 1, LOCK_B = 2, SHARED = 4 };

static void sections(SimMachine *machine, void *argument) {
  unsigned name = (unsigned)(uintptr_t)argument & 0xff, count = name >> 4, order = name & 1;
  (void)machine;
  for (unsigned i = 0; i < count; i++) {
    operation_lock(order ? LOCK_B : LOCK_A, false);
    operation_lock(order ? LOCK_A : LOCK_B, false);
    *operation_word(SHARED) =
        count < 10 ? *operation_word(SHARED) * 2 + (name >> 1 & 1) : *operation_word(SHARED) + 1; /* who came when, or only how many */
    operation_unlock(order ? LOCK_A : LOCK_B);
    operation_unlock(order ? LOCK_B : LOCK_A);
  }
}

static void locks_in_order(void) {
  operation_thread(0, sections, 3 << 4, LOCK_A);
  operation_thread(1, sections, 3 << 4 | 2, LOCK_A);
}

static void ten_sections(void) {
  operation_thread(0, sections, 10 << 4, LOCK_A);
  operation_thread(1, sections, 10 << 4 | 2, LOCK_A);
}

static void locks_crossed(void) {
  operation_thread(0, sections, 2 << 4, LOCK_A);
  operation_thread(1, sections, 2 << 4 | 3, LOCK_B);
}

/* ---- P2: increments that are a load and a store ---- */

static void increments(SimMachine *machine, void *argument) {
  (void)machine;
  for (unsigned i = 0; i < (unsigned)(uintptr_t)argument; i++) {
    operation_store(SHARED, operation_load(SHARED) + 1);
    operation_renew(i);
  }
}

static void racy_increments(void) {
  for (unsigned cpu = 0; cpu < 3; cpu++)
    operation_thread(cpu, increments, 2, 0);
}

static void racy_increments_of_three(void) {
  for (unsigned cpu = 0; cpu < 3; cpu++)
    operation_thread(cpu, increments, 3, 0);
}

/* ---- P3: a buffer of one, two producers and two consumers, one lock and one condition that wakes all ---- */

enum { LOCK = 1, FULL = 5, PRODUCED = 6, CONSUMED = 7, SLEEPING = 32 }; /* SLEEPING + cpu */

/* Gives the lock back until somebody changes the buffer, then asks for it again. */
static void sleep_on_condition(void) {
  SimMachine *machine = sim_machine();
  unsigned cpu = sim_vcpu(machine)->number;
  *operation_word(SLEEPING + cpu) = 1;
  sim_touch(machine, SIM_TOUCH_CELL, SLEEPING, true);
  operation_unlock(LOCK);
  machine->current->pending = (SimOperation){ .function = OPERATION_LOCK_CALL, .object = LOCK };
  while (*operation_word(SLEEPING + cpu) != 0) {
    SimOperation pending = machine->current->pending;
    sim_spin(machine, (uint64_t)operation_word(SLEEPING + cpu), 0);
    machine->current->pending = pending;
  }
  operation_take(LOCK);
}

static void wake_all(void) {
  SimMachine *machine = sim_machine();
  sim_touch(machine, SIM_TOUCH_CELL, SLEEPING, true);
  for (unsigned cpu = 0; cpu < machine->vcpu_count; cpu++)
    if (*operation_word(SLEEPING + cpu) != 0) {
      *operation_word(SLEEPING + cpu) = 0;
      machine->vcpus[cpu].stack[0]->pending = (SimOperation){ .function = OPERATION_LOCK_CALL, .object = LOCK };
      sim_spin_wake(machine, (uint64_t)operation_word(SLEEPING + cpu));
    }
}

static void produce(SimMachine *machine, void *argument) {
  for (unsigned i = 0; i < 2; i++) {
    operation_lock(LOCK, false);
    while (*operation_word(FULL) != 0)
      sleep_on_condition(), operation_renew(16 + i);
    *operation_word(FULL) = (uintptr_t)argument * 2 + i;
    *operation_word(PRODUCED) += 1;
    wake_all();
    operation_unlock(LOCK);
    operation_renew(i);
  }
  (void)machine;
}

static void consume(SimMachine *machine, void *argument) {
  (void)machine;
  for (unsigned i = 0; i < 2; i++) {
    operation_lock(LOCK, false);
    while (*operation_word(FULL) == 0)
      sleep_on_condition(), operation_renew(16 + i);
    *operation_word(CONSUMED) = *operation_word(CONSUMED) * 8 + *operation_word(FULL);
    *operation_word(8 + (uintptr_t)argument) = *operation_word(8 + (uintptr_t)argument) * 8 + *operation_word(FULL);
    *operation_word(FULL) = 0;
    wake_all();
    operation_unlock(LOCK);
    operation_renew(i);
  }
}

static void buffer_of_one(void) {
  operation_thread(0, produce, 1, LOCK);
  operation_thread(1, produce, 2, LOCK);
  operation_thread(2, consume, 1, LOCK);
  operation_thread(3, consume, 2, LOCK);
}

/* ---- interrupts: where they land, what masks them ---- */

static void count_up(SimMachine *machine, void *argument) {
  (void)argument;
  sim_touch(machine, SIM_TOUCH_CELL, SHARED, true);
  *operation_word(SHARED) = *operation_word(SHARED) * 2 + 1;
}

static void masked_increment(SimMachine *machine, void *argument) {
  (void)argument;
  uint64_t seen = operation_load(SHARED);
  sim_irql_raise(machine, SIM_IRQL_DISPATCH, 0);
  operation_store(SHARED, seen * 4);
  operation_store(5, seen);
  sim_irql_lower(machine, SIM_IRQL_PASSIVE, 0);
  operation_store(6, operation_load(SHARED));
}

static void other_cpu_asks(SimMachine *machine, void *argument) {
  (void)argument;
  operation_store(7, 1);
  SimInterrupt *interrupt = sim_heap_allocate(sizeof *interrupt);
  sim_interrupt_init(interrupt, SIM_IRQL_DISPATCH, SIM_CONTEXT_DPC, count_up, NULL);
  operation_point(0, 0);
  sim_interrupt_request(machine, &machine->vcpus[0], interrupt);
  operation_store(8, operation_load(5));
}

static void interrupt_and_mask(void) {
  operation_thread(0, masked_increment, 0, 0);
  operation_thread(1, other_cpu_asks, 0, 0);
}

/* ---- waiting and being woken ---- */

static void waits(SimMachine *machine, void *argument) {
  (void)argument;
  operation_store(9, 1);
  operation_point(0, 0);
  while (sim_touch(machine, SIM_TOUCH_CELL, SHARED, true), *operation_word(SHARED) == 0)
    sim_spin(machine, (uint64_t)operation_word(SHARED), 0);
  *operation_word(SHARED) -= 1;
  operation_store(10, operation_load(11));
}

static void sets(SimMachine *machine, void *argument) {
  (void)argument;
  operation_store(11, 1);
  operation_point(0, 0);
  sim_touch(machine, SIM_TOUCH_CELL, SHARED, true);
  *operation_word(SHARED) += 1;
  sim_spin_wake(machine, (uint64_t)operation_word(SHARED));
  operation_store(11, 2);
}

static void wait_and_set(void) {
  operation_thread(0, waits, 0, 0);
  operation_thread(1, sets, 0, 0);
}

static void two_wait_one_sets(void) {
  operation_thread(0, waits, 0, 0);
  operation_thread(1, waits, 0, 0);
  operation_thread(2, sets, 0, 0);
}

/* ---- a run that ends early ---- */

static void stops_when_set(SimMachine *machine, void *argument) {
  (void)argument;
  if (operation_load(SHARED) == 0)
    sim_stop(machine, SIM_STOP_BUGCHECK, NULL);
  operation_store(5, 1);
}

static void sets_slowly(SimMachine *machine, void *argument) {
  (void)machine, (void)argument;
  operation_store(6, 1);
  operation_store(SHARED, 1);
  operation_store(6, 2);
}

static void stop_or_not(void) {
  operation_thread(0, stops_when_set, 0, 0);
  operation_thread(1, sets_slowly, 0, 0);
}

/* ---- an event of the queue that comes due in some orders while others still run ---- */

static void timer_race(void) {
  operation_thread(0, increments, 2, 0);
  operation_thread(1, increments, 1, 0);
  rig_interrupt(0, 35, SIM_IRQL_DISPATCH, SIM_CONTEXT_DPC, count_up, 'x');
}

static void timer_late(void) {
  operation_thread(0, increments, 2, 0);
  operation_thread(1, increments, 1, 0);
  rig_interrupt(0, 100000, SIM_IRQL_DISPATCH, SIM_CONTEXT_DPC, count_up, 'x');
}

/* The same event as the clock's tick, which comes early where all are held up for it. */
static void tick(void) {
  operation_thread(0, increments, 2, 0);
  operation_thread(1, increments, 1, 0);
  sim_machine()->clock = &rig_interrupt(0, 100000, SIM_IRQL_DISPATCH, SIM_CONTEXT_DPC, count_up, 'x')->entry;
}

/* ---- nothing in common ---- */

static void alone(SimMachine *machine, void *argument) {
  (void)machine;
  for (unsigned i = 0; i < 4; i++)
    operation_store(16 + (unsigned)(uintptr_t)argument, i);
}

static void strangers(void) {
  for (unsigned cpu = 0; cpu < 3; cpu++)
    operation_thread(cpu, alone, cpu, 0);
}

/* ---- drawn ---- */

enum { SEED = 59, FAR = 58, FAR_PAGE_COUNT = 32 };

static unsigned drawn_seed;

/* Memory that few runs write: a page of its own for what is stored. */
static void far_note(uint64_t value) {
  uint64_t *page = (uint64_t *)(*operation_word(FAR) + value % FAR_PAGE_COUNT * SIM_PAGE_SIZE);
  *page += value + 1;
  operation_store(SHARED, *page);
}

static void count_slowly(SimMachine *machine, void *argument) {
  (void)machine, (void)argument;
  operation_store(SHARED + 1, operation_load(SHARED) + 5);
  operation_store(SHARED, operation_load(SHARED + 1) + 7);
}

static void drawn_operation(uint64_t draw, unsigned cpu) {
  unsigned place = SHARED + (draw >> 8) % 2, held = draw % 5 == 0 ? LOCK_A + (draw >> 16) % 2 : 0;
  if (held != 0)
    operation_lock(held, false);
  if (draw % 3 != 0)
    operation_store(place, operation_load(place) * 2 + cpu);
  else
    operation_store(place, draw >> 24 & 3);
  if (draw % 7 == 0)
    far_note(operation_load(place));
  if (held != 0)
    operation_unlock(held);
}

static void drawn_thread(SimMachine *machine, void *argument) {
  unsigned cpu = (unsigned)(uintptr_t)argument;
  uint64_t draw = (*operation_word(SEED) * 8 + cpu + 1) * 0x9e3779b97f4a7c15ULL;
  (void)machine;
  for (unsigned i = 0; i < 3; i++, draw = (draw ^ draw >> 29) * 0xbf58476d1ce4e5b9ULL)
    drawn_operation(draw >> 20, cpu);
}

static void drawn_set_up(void) {
  *operation_word(SEED) = drawn_seed;
  *operation_word(FAR) = (uint64_t)sim_heap_allocate(FAR_PAGE_COUNT * SIM_PAGE_SIZE);
  for (unsigned cpu = 0; cpu < 2 + drawn_seed % 2; cpu++)
    operation_thread(cpu, drawn_thread, cpu, 0);
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
  { "tick", 2, tick },
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

uint64_t program_outcome(SimStop stop) {
  uint64_t hash = (uint64_t)stop + 1;
  for (unsigned i = 0; i < 60; i++) {
    hash = (hash ^ *operation_word(i)) * 0x9e3779b97f4a7c15ULL;
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
      sim_machine()->threads = &operation_threads;
      sim_machine_begin(sim_machine(), &options);
    }
    SimStop stop = sim_machine_run(sim_machine());
    found->hash = (found->hash ^ sim_machine()->hash) * 0x100000001b3ULL + sim_search_is_new(&search, sim_machine());
    if (sim_search_is_new(&search, sim_machine())) {
      found->runs++;
      found_outcome_put(found, program_outcome(stop));
    } else {
      found->known++;
    }
    found->is_complete = !sim_search_end(&search, sim_machine());
  } while (!found->is_complete && found->runs + found->known < run_count_max);
  sim_search_proof(&search, &found->proof);
  sim_search_finish(&search);
  sim_snapshot_destroy(&snapshot);
}
