#include "random_program.h"

#include "operations.h"

#include <stdio.h>

enum { THREAD_COUNT_MAX = 3, OPERATION_COUNT_MAX = 6, WORD_COUNT = 3 };
enum { LOCK_FIRST = 1, SHARED_FIRST = 4, FLAG_FIRST = 12, OWN_FIRST = 16, TICK = 58, TICK_NS = 10000000 };

typedef enum Kind {
  LOAD,
  STORE,
  LOCK,
  LOCK_RAISING,
  UNLOCK,
  RAISE,
  LOWER,
  INTERRUPT,
  WAIT,
  WAKE,
  SECTION,
  SKIP_IF_ODD,
  STOP_IF,
  ARM,
  DISARM,
  KIND_COUNT
} Kind;

typedef struct Operation {
  Kind kind;
  unsigned what; /* a word, a lock, a cpu, a flag */
} Operation;

typedef struct Thread {
  Operation operations[OPERATION_COUNT_MAX + 4];
  unsigned count;
} Thread;

/* Constant while a program is searched. */
static Thread threads[THREAD_COUNT_MAX], handlers[THREAD_COUNT_MAX];
static unsigned thread_count;
static RandomClock clock_kind;
static Program program = { .name = "random" };

static const char *const names[KIND_COUNT] = { "load", "store", "lock",    "lock raising", "unlock",  "raise", "lower", "interrupt",
                                               "wait", "wake",  "section", "skip if odd",  "stop if", "arm",   "disarm" };

/* ---- drawing ---- */

static uint32_t draw(uint64_t *state, uint32_t count) {
  *state = *state * 6364136223846793005ULL + 1442695040888963407ULL;
  return (uint32_t)((*state >> 33) % count);
}

typedef struct Draft {
  Thread *thread;
  uint64_t *state;
  bool is_raised, may_stop, is_handler;
  unsigned lock;     /* held; 0: none */
  unsigned lock_low; /* ... taken below it */
  bool lock_raised;  /* the lock's release lowers */
} Draft;

static void add(Draft *draft, Kind kind, unsigned what) { draft->thread->operations[draft->thread->count++] = (Operation){ kind, what }; }

static void unlock_add(Draft *draft) {
  if (draft->lock_low != 0)
    add(draft, UNLOCK, draft->lock_low), draft->lock_low = 0;
  add(draft, UNLOCK, draft->lock);
  if (draft->lock_raised)
    add(draft, LOWER, 0);
  draft->lock = 0;
  draft->lock_raised = false;
}

static void lock_add(Draft *draft) {
  unsigned lock = LOCK_FIRST + draw(draft->state, 2);
  if (draft->lock == 0) {
    bool raises = !draft->is_raised && !draft->is_handler && draw(draft->state, 2) == 0;
    add(draft, raises ? LOCK_RAISING : LOCK, lock);
    draft->lock = lock;
    draft->lock_raised = raises;
  } else if (draft->lock_low == 0 && lock != draft->lock) {
    add(draft, LOCK, lock);
    draft->lock_low = lock;
  }
}

static void operation_draw(Draft *draft) {
  uint32_t kind = draw(draft->state, clock_kind == RANDOM_CLOCK_NONE ? 24 : 27);
  if (kind < 5)
    add(draft, LOAD, draw(draft->state, WORD_COUNT));
  else if (kind < 10)
    add(draft, STORE, draw(draft->state, WORD_COUNT));
  else if (kind < 14)
    lock_add(draft);
  else if (kind < 16 && draft->lock != 0)
    unlock_add(draft);
  else if (kind == 16 && draft->lock == 0 && !draft->is_handler)
    add(draft, draft->is_raised ? LOWER : RAISE, 0), draft->is_raised = !draft->is_raised;
  else if (kind == 17 && !draft->is_handler)
    add(draft, INTERRUPT, draw(draft->state, thread_count));
  else if (kind == 18 && !draft->is_handler)
    add(draft, WAIT, draw(draft->state, 2));
  else if (kind < 21)
    add(draft, WAKE, draw(draft->state, 2));
  else if (kind == 21)
    add(draft, SKIP_IF_ODD, 0);
  else if (kind == 23 && draft->lock == 0)
    add(draft, SECTION, LOCK_FIRST + draw(draft->state, 2));
  else if (kind == 22 && draft->may_stop)
    add(draft, STOP_IF, draw(draft->state, WORD_COUNT));
  else if (kind >= 24 && !draft->is_handler)
    add(draft, kind == 24 ? DISARM : ARM, 0);
}

static void thread_draw(Thread *thread, uint64_t *state, unsigned count, bool is_handler, bool may_stop) {
  Draft draft = { .thread = thread, .state = state, .is_handler = is_handler, .may_stop = may_stop };
  thread->count = 0;
  while (thread->count < count)
    operation_draw(&draft);
  if (draft.lock != 0)
    unlock_add(&draft);
}

void random_program_print(void) {
  for (unsigned i = 0; i < thread_count * 2; i++) {
    const Thread *thread = i < thread_count ? &threads[i] : &handlers[i - thread_count];
    printf("  %s %u:", i < thread_count ? "thread" : "interrupt of", i % thread_count);
    for (unsigned k = 0; k < thread->count; k++)
      printf(" %s %u;", names[thread->operations[k].kind], thread->operations[k].what);
    printf("\n");
  }
}

/* ---- running ---- */

static void operation_run(SimMachine *machine, Operation operation, uint64_t *seen, unsigned cpu);

static void operations_run(SimMachine *machine, const Thread *thread, unsigned own) {
  uint64_t seen = own + 1;
  for (unsigned i = 0; i < thread->count; i++) {
    Operation operation = thread->operations[i];
    if (operation.kind == SKIP_IF_ODD) {
      Kind next = i + 1 < thread->count ? thread->operations[i + 1].kind : KIND_COUNT;
      i += seen & 1 && (next == LOAD || next == STORE || next == WAKE || next == INTERRUPT);
      continue;
    }
    operation_run(machine, operation, &seen, own);
  }
  *operation_word(OWN_FIRST + own) = *operation_word(OWN_FIRST + own) * 31 + seen; /* its own: nobody else reads it */
}

static void handler(SimMachine *machine, void *argument) {
  unsigned cpu = (unsigned)(uintptr_t)argument;
  operations_run(machine, &handlers[cpu], THREAD_COUNT_MAX + cpu);
}

static void interrupt(SimMachine *machine, unsigned cpu) {
  SimInterrupt *interrupt = sim_heap_allocate(sizeof *interrupt);
  sim_interrupt_init(interrupt, SIM_IRQL_DISPATCH, SIM_CONTEXT_DPC, handler, (void *)(uintptr_t)cpu);
  operation_point(0, 0);
  sim_interrupt_request(machine, &machine->vcpus[cpu], interrupt);
}

static void wait(SimMachine *machine, unsigned flag) {
  operation_point(0, 0);
  while (sim_touch(machine, SIM_TOUCH_CELL, flag, true), *operation_word(flag) == 0)
    sim_spin(machine, (uint64_t)operation_word(flag), 0);
  *operation_word(flag) -= 1;
}

static void wake(SimMachine *machine, unsigned flag) {
  operation_point(0, 0);
  sim_touch(machine, SIM_TOUCH_CELL, flag, true);
  *operation_word(flag) += 1;
  sim_spin_wake(machine, (uint64_t)operation_word(flag));
}

/* Takes a lock and gives it back, all in one step. */
static void section(unsigned lock, unsigned own) {
  operation_lock(lock, false);
  *operation_word(SHARED_FIRST + WORD_COUNT + lock) = *operation_word(SHARED_FIRST + WORD_COUNT + lock) * 7 + own + 1;
  operation_unlock(lock);
}

static SimQueueEntry *tick(void) { return &((RigStimulus *)*operation_word(TICK))->entry; }

/* It ticks at whole times. Not while what came of the last one is pending on CPU 0. */
static void arm(SimMachine *machine, bool is_on) {
  operation_point(0, 0);
  sim_touch_shared(machine, SIM_TOUCH_TIMERS, true);
  sim_touch(machine, SIM_TOUCH_VCPU, 0, false);
  bool is_pending = !sim_list_is_empty(&SIM_CONTAINER(tick(), RigStimulus, entry)->interrupt.link);
  if (is_on && tick()->position == 0 && !is_pending) {
    sim_touch_due(machine, sim_time_ns(machine) + 1, 1, TICK_NS);
    sim_queue_push(&machine->queue, tick(), (sim_time_ns(machine) / TICK_NS + 1) * TICK_NS);
  } else if (!is_on && tick()->position != 0) {
    sim_queue_remove(&machine->queue, tick());
  }
}

static void operation_run(SimMachine *machine, Operation operation, uint64_t *seen, unsigned own) {
  switch (operation.kind) {
  case LOAD: *seen = *seen * 5 + operation_load(SHARED_FIRST + operation.what); break;
  case STORE: operation_store(SHARED_FIRST + operation.what, *seen * 8 + own); break;
  case LOCK: operation_lock(operation.what, false); break;
  case LOCK_RAISING: operation_lock(operation.what, true); break;
  case UNLOCK: operation_point(0, 0), operation_unlock(operation.what); break;
  case RAISE: sim_irql_raise(machine, SIM_IRQL_DISPATCH, 0); break;
  case LOWER: sim_irql_lower(machine, SIM_IRQL_PASSIVE, 0); break;
  case INTERRUPT: interrupt(machine, operation.what); break;
  case WAIT: wait(machine, FLAG_FIRST + operation.what); break;
  case WAKE: wake(machine, FLAG_FIRST + operation.what); break;
  case SECTION: section(operation.what, own); break;
  case STOP_IF:
    if (operation_load(SHARED_FIRST + operation.what) % 2 == 1)
      sim_stop(machine, SIM_STOP_BUGCHECK, NULL);
    break;
  case ARM: arm(machine, true); break;
  case DISARM: arm(machine, false); break;
  default: break;
  }
}

static void thread_run(SimMachine *machine, void *argument) {
  unsigned cpu = (unsigned)(uintptr_t)argument;
  operations_run(machine, &threads[cpu], cpu);
}

static void set_up(void) {
  for (unsigned cpu = 0; cpu < thread_count; cpu++)
    operation_thread(cpu, thread_run, cpu, 0);
  if (clock_kind == RANDOM_CLOCK_NONE)
    return;
  RigStimulus *stimulus = rig_interrupt(0, TICK_NS, SIM_IRQL_DISPATCH, SIM_CONTEXT_DPC, handler, 0);
  *operation_word(TICK) = (uint64_t)stimulus;
  sim_machine()->clock = &stimulus->entry;
  if (clock_kind == RANDOM_CLOCK_LATER)
    sim_queue_remove(&sim_machine()->queue, &stimulus->entry);
}

const Program *random_program(uint64_t seed, bool may_stop) { return random_program_ticking(seed, may_stop, RANDOM_CLOCK_NONE); }

const Program *random_program_ticking(uint64_t seed, bool may_stop, RandomClock clock) {
  uint64_t state = seed * 0x9e3779b97f4a7c15ULL + 1;
  thread_count = 2 + draw(&state, 4) / 3;
  clock_kind = clock;
  program.vcpu_count = thread_count;
  program.set_up = set_up;
  for (unsigned i = 0; i < thread_count; i++) {
    thread_draw(&threads[i], &state, thread_count == 2 ? 3 + draw(&state, 4) : 2 + draw(&state, 2), false, may_stop);
    thread_draw(&handlers[i], &state, 1 + draw(&state, 2), true, may_stop);
  }
  return &program;
}
