#include "options.h"
#include "search.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

const SimLimits sim_limits_default = {
  .steps = 2000000,
  .events = 4000000,
  .accesses = 200000000,
  .virtual_ns = 600ull * 1000000000ull,
  .host_ns = 20ull * 1000000000ull,
};

/* Steps, or events of the queue, between two looks at the clock of the host: a power of two. */
#define STEPS_BETWEEN_LOOKS 1024
_Static_assert(SIM_STEPS_LONG == STEPS_BETWEEN_LOOKS, "whether a run has become long is looked at then, too");

static uint64_t host_now_ns(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (uint64_t)time.tv_sec * 1000000000ull + (uint64_t)time.tv_nsec;
}

/* ---- beginning and end ---- */

static void options_take(SimMachine *machine, const SimRunOptions *options) {
  machine->options = *options;
  if (options->replay != NULL)
    machine->options.varies = UINT32_MAX; /* the schedule says what varies */
  uint64_t now_ns = host_now_ns();
  machine->host_deadline_ns = options->limits.host_ns < UINT64_MAX - now_ns ? now_ns + options->limits.host_ns : UINT64_MAX;
}

void sim_machine_begin(SimMachine *machine, const SimRunOptions *options) {
  SIM_ASSERT(options->vcpu_count >= 1 && options->vcpu_count <= SIM_VCPU_COUNT_MAX);
  options_take(machine, options);
  if (machine->vcpu_count == 0) { /* after a reset; a restored machine has its cpus */
    sim_queue_init(&machine->queue);
    machine->vcpu_count = options->vcpu_count;
    for (uint32_t i = 0; i < machine->vcpu_count; i++) {
      machine->vcpus[i].number = (uint8_t)i;
      for (unsigned level = 0; level < SIM_IRQL_COUNT; level++)
        sim_list_init(&machine->vcpus[i].pending[level]);
    }
  }
  SIM_ASSERT(machine->vcpu_count == options->vcpu_count);
  sim_race_set(machine, options->races && sim_race_map());
  machine->footprint = NULL;
  machine->is_forced = options->policy->begins_late;
  machine->forced_place = 0;
  machine->forced_access_count = machine->access_count;
  if (!machine->is_forced)
    options->policy->begin(machine);
}

void sim_machine_resume(SimMachine *machine, const SimRunOptions *options) {
  SIM_ASSERT(machine->vcpu_count == options->vcpu_count && machine->held != NULL);
  options_take(machine, options);
}

static void stop_note(SimMachine *machine, SimStop why, const char *text) {
  if (machine->stop != SIM_STOP_NONE)
    return;
  machine->stop = why;
  if (text != NULL) {
    strncpy(machine->stop_text, text, sizeof machine->stop_text - 1);
    machine->stop_text[sizeof machine->stop_text - 1] = '\0';
  }
  sim_event(machine, SIM_EVENT_STOP, 0, 0, 0, why, 0);
}

void sim_stop(SimMachine *machine, SimStop why, const char *text) {
  stop_note(machine, why, text);
  if (machine->current == NULL)
    machine->current = machine->firing;
  if (machine->current != NULL)
    sim_context_leave(machine);
  sim_landing_take();
}

typedef struct SetUp {
  void (*routine)(void *);
  void *argument;
} SetUp;

static void set_up(SimMachine *machine, void *argument) {
  const SetUp *self = argument;
  (void)machine;
  self->routine(self->argument);
}

bool sim_machine_set_up(SimMachine *machine, void (*routine)(void *), void *argument) {
  SIM_ASSERT(machine->current == NULL);
  sim_landing_call(set_up, &(SetUp){ routine, argument });
  return machine->stop == SIM_STOP_NONE;
}

static bool is_any_stuck(const SimMachine *machine) {
  for (uint32_t i = 0; i < machine->vcpu_count; i++) {
    const SimVcpu *vcpu = &machine->vcpus[i];
    if (vcpu->is_hung || vcpu->depth > 0)
      return true;
  }
  return false;
}

static void host_time_look(SimMachine *machine) {
  if (host_now_ns() > machine->host_deadline_ns)
    sim_stop(machine, SIM_STOP_LIMIT_HOST_TIME, NULL);
}

/* ---- who steps next ---- */

static SimVcpu *earliest(SimMachine *machine) {
  SimVcpu *first = NULL;
  for (uint64_t left = machine->enabled; left != 0; left &= left - 1) {
    SimVcpu *vcpu = &machine->vcpus[__builtin_ctzll(left)];
    if (first == NULL || vcpu->time_ns < first->time_ns)
      first = vcpu;
  }
  return first;
}

/* Lets the first event fire: time jumps to it when every cpu is idle. False: there is none. */
static bool event_fire(SimMachine *machine) {
  if (machine->options.policy->step != NULL && sim_queue_first(&machine->queue) != NULL)
    machine->options.policy->step(machine, NULL);
  SimQueueEntry *entry = sim_queue_pop(&machine->queue);
  if (entry == NULL)
    return false;
  if (entry->time_ns > machine->now_ns)
    machine->now_ns = entry->time_ns;
  machine->firing = machine->current; /* happens to be giving up its cpu: what fires is not its doing */
  machine->current = NULL;
  if (++machine->fire_count % STEPS_BETWEEN_LOOKS == 0)
    host_time_look(machine);
  entry->fire(machine, entry);
  machine->current = machine->firing;
  machine->firing = NULL;
  return true;
}

/* Ends the quantum of a thread on a cpu where the chosen one may run. */
static SimVcpu *thread_take(SimMachine *machine, uint32_t id) {
  SimContext *thread = sim_context_of_id(machine, id);
  SimVcpu *vcpu = thread != NULL ? machine->threads->turn(thread) : NULL;
  SIM_ASSERT(vcpu != NULL);
  machine->firing = machine->current; /* what it is doing has nothing to do with it */
  machine->current = NULL;
  machine->threads->switch_to(machine, vcpu, thread);
  machine->current = machine->firing;
  machine->firing = NULL;
  return vcpu;
}

/* Every cpu is held up until the clock ticks: also one that spins, which therefore has not spun for longer. */
static void hold_up(SimMachine *machine) {
  uint64_t tick_ns = machine->clock->time_ns;
  for (uint32_t i = 0; i < machine->vcpu_count; i++) {
    SimVcpu *vcpu = &machine->vcpus[i];
    if (vcpu->depth == 0)
      continue;
    sim_options_held(vcpu, tick_ns);
    if (vcpu->time_ns >= tick_ns)
      continue;
    if (vcpu->stack[vcpu->depth - 1]->is_spinning && vcpu->time_ns < machine->now_ns)
      vcpu->executed_ns += machine->now_ns - vcpu->time_ns;
    vcpu->time_ns = tick_ns;
  }
  event_fire(machine);
}

/* Who an answer to "who steps next" means; NULL: the clock has, and the question comes again. */
static SimVcpu *answer_take(SimMachine *machine, uint32_t answer) {
  if (answer == SIM_OPTION_CLOCK)
    return hold_up(machine), NULL;
  return answer < SIM_VCPU_COUNT_MAX ? &machine->vcpus[answer] : thread_take(machine, answer);
}

static SimVcpu *choose_vcpu(SimMachine *machine, SimVcpu *natural) {
  if (!machine->options.policy->explores)
    return natural;
  bool is_only = (machine->enabled & (machine->enabled - 1)) == 0 && !machine->has_ready_threads && !sim_options_hold_up(machine);
  const SimOptions *options = is_only ? NULL : sim_options_list(machine);
  if (is_only || options->count == 1) {
    if (sim_may_hold_up(machine)) /* who holds up is asked here: both count the point */
      sim_choice_skip(machine, SIM_CHOICE_CLOCK);
    return natural;
  }
  bool is_of_clock = options->count == 2 && options->listed == 2 && options->list[1].actor == SIM_ACTOR_CLOCK;
  SimChoiceKind kind = is_of_clock ? SIM_CHOICE_CLOCK : SIM_CHOICE_STEP;
  return answer_take(machine, sim_choose_of(machine, machine->current, kind, UINT32_MAX, natural->number, options));
}

/* Does the pending interrupt land before the next step of what the cpu runs? */
static bool choose_interrupt(SimMachine *machine, SimVcpu *vcpu) {
  SimContext *top = vcpu->depth > 0 ? vcpu->stack[vcpu->depth - 1] : NULL;
  if (!machine->options.policy->explores || top == NULL || top->is_spinning || top->is_hung || sim_interrupt_first(vcpu)->is_prompt)
    return true;
  const SimOption options[2] = {
    { .id = 0, .context = top->id, .actor = top->slot, .operation = top->pending },
    { .id = 1, .actor = SIM_ACTOR_INTERRUPT + vcpu->number, .operation = sim_vcpu_operation(vcpu) },
  };
  bool lands = sim_choose_in(machine, top, SIM_CHOICE_INTERRUPT, UINT32_MAX, 1, options, 2) == 1;
  if (!lands)
    vcpu->late_levels |= 1u << sim_interrupt_first(vcpu)->irql;
  return lands;
}

/* The cpu steps: what it runs next, an interrupt first if one lands. */
static SimContext *vcpu_enter(SimMachine *machine, SimVcpu *vcpu) {
  if (machine->options.policy->step != NULL)
    machine->options.policy->step(machine, vcpu);
  if (vcpu->time_ns < machine->now_ns) { /* idle until now, held up, or spinning */
    if (vcpu->depth > 0 && vcpu->stack[vcpu->depth - 1]->is_spinning)
      vcpu->executed_ns += machine->now_ns - vcpu->time_ns;
    vcpu->time_ns = machine->now_ns;
  }
  machine->now_ns = vcpu->time_ns;
  if (sim_vcpu_is_interruptible(vcpu) && choose_interrupt(machine, vcpu))
    sim_interrupt_take(machine, vcpu);
  SimContext *top = vcpu->stack[vcpu->depth - 1];
  top->held_from_ns = 0;
  return top;
}

static bool is_event_due(const SimMachine *machine, const SimVcpu *first) {
  const SimQueueEntry *entry = sim_queue_first(&machine->queue);
  uint64_t horizon = first->time_ns > machine->now_ns ? first->time_ns : machine->now_ns;
  return entry != NULL && entry->time_ns <= horizon;
}

/* One that is held goes on as if nothing had been: what is left is a context that can be asked again. */
static bool is_leaving(const SimMachine *machine) {
  return machine->is_pausing && (!machine->is_holding || (machine->current != NULL && machine->dying == NULL));
}

/* The context that steps next; NULL: the run has ended, or pauses. */
static SimContext *next_context(SimMachine *machine) {
  while (machine->stop == SIM_STOP_NONE && !is_leaving(machine)) {
    if (machine->is_forced && sim_forced_is_left(machine))
      return NULL;
    SimVcpu *first = earliest(machine);
    if (machine->now_ns > machine->options.limits.virtual_ns) {
      stop_note(machine, SIM_STOP_LIMIT_VIRTUAL_TIME, NULL);
    } else if (first == NULL) {
      if (!event_fire(machine) && machine->stop == SIM_STOP_NONE)
        stop_note(machine, is_any_stuck(machine) ? SIM_STOP_HUNG : SIM_STOP_QUIET, NULL);
    } else if (is_event_due(machine, first)) {
      event_fire(machine);
    } else {
      SimVcpu *vcpu = choose_vcpu(machine, first);
      SimContext *next = vcpu != NULL && machine->stop == SIM_STOP_NONE ? vcpu_enter(machine, vcpu) : NULL;
      if (next != NULL && machine->stop == SIM_STOP_NONE) /* taking an interrupt is an event, which may be one too many */
        return next;
    }
  }
  return NULL;
}

static void go_to(SimMachine *machine, SimContext *next) {
  while (next == NULL && machine->current != NULL) {
    bool is_held = machine->is_holding;
    if (machine->stop != SIM_STOP_NONE || machine->dying != NULL)
      sim_context_leave(machine);
    machine->held = is_held ? machine->current : NULL;
    sim_context_pause(machine);
    if (!is_held)
      return;
    next = next_context(machine); /* asks again */
  }
  if (next != NULL && next != machine->current)
    sim_context_switch(machine, next);
}

void sim_reschedule(SimMachine *machine) { go_to(machine, next_context(machine)); }

void sim_pause(SimMachine *machine) { machine->is_pausing = true; }

void sim_hold(SimMachine *machine) { machine->is_pausing = machine->is_holding = true; }

static void run(SimMachine *machine, void *argument) {
  (void)argument;
  SimContext *next = machine->held != NULL ? machine->held : next_context(machine);
  machine->held = NULL;
  if (next == NULL)
    return;
  machine->context_first = true;
  sim_context_switch(machine, next);
  machine->context_first = false;
}

void sim_aside(SimMachine *machine, void (*routine)(void *argument), void *argument) {
  SIM_ASSERT(machine->current != NULL && machine->dying == NULL && machine->firing == NULL);
  machine->aside = routine;
  machine->aside_argument = argument;
  machine->held = machine->current;
  sim_context_pause(machine);
}

static bool aside_take(SimMachine *machine) {
  void (*routine)(void *) = machine->aside;
  if (routine == NULL)
    return false;
  machine->aside = NULL;
  routine(machine->aside_argument);
  return true;
}

SimStop sim_machine_run(SimMachine *machine) {
  SIM_ASSERT(machine->current == NULL);
  machine->is_running = 1;
  machine->is_pausing = machine->is_holding = false;
  do
    sim_landing_call(run, NULL);
  while (aside_take(machine));
  machine->is_running = 0;
  if (machine->is_forced && machine->stop != SIM_STOP_NONE && !machine->options.ends_with_choice)
    sim_forced_end(machine); /* who learns from runs has begun each of them */
  return machine->stop;
}

/* ---- scheduling points ---- */

void sim_charge(SimMachine *machine, uint64_t cost_ns) {
  SimVcpu *vcpu = sim_vcpu(machine);
  vcpu->time_ns += cost_ns;
  vcpu->executed_ns += cost_ns;
}

void sim_point(SimMachine *machine, SimPointKind kind, uint32_t function, uint32_t object, uint64_t cost_ns) {
  sim_point_at(machine, kind, function, object, true, 0, cost_ns);
}

/* What is copied soon, 16 bytes at once, is stored so: a copy that reaches over two stores waits for both to come to memory. */
typedef uint64_t TwoWords __attribute__((vector_size(16), aligned(8), may_alias));
_Static_assert(offsetof(SimOperation, kind) == 8 && offsetof(SimOperation, is_write) == 10 && offsetof(SimOperation, address) == 16,
               "an operation is stored as the words that operation_note puts together");

static void operation_note(SimOperation *operation, SimPointKind kind, uint32_t function, uint32_t object, bool is_write,
                           uint64_t address) {
  *(TwoWords *)operation = (TwoWords){ function | (uint64_t)object << 32, (uint64_t)kind | (uint64_t)is_write << 16 };
  operation->address = address;
}

/* Once a call: who moves is asked no further before it goes on. */
static void thread_move(SimMachine *machine, SimPointKind kind) {
  if (kind == SIM_POINT_CALL && machine->current->kind == SIM_CONTEXT_THREAD && machine->threads != NULL &&
      machine->threads->move != NULL && sim_varies(machine, SIM_CHOICE_PLACEMENT) && machine->threads->move(machine))
    sim_reschedule(machine);
}

void sim_point_at(SimMachine *machine, SimPointKind kind, uint32_t function, uint32_t object, bool is_write, uint64_t address,
                  uint64_t cost_ns) {
  if (machine->footprint != NULL)
    sim_footprint_point(machine);
  operation_note(&machine->current->pending, kind, function, object, is_write, address);
  sim_charge(machine, cost_ns);
  if (++machine->step_count >= machine->options.limits.steps)
    sim_stop(machine, SIM_STOP_LIMIT_STEPS, NULL);
  if (machine->step_count % STEPS_BETWEEN_LOOKS == 0) {
    sim_observer_of_long_runs_wake(machine);
    host_time_look(machine);
  }
  if (machine->is_forced)
    sim_forced_look_again(machine);
  sim_reschedule(machine);
  if (machine->options.varies >> SIM_CHOICE_PLACEMENT & 1)
    thread_move(machine, kind);
}

/* The chosen cpu steps at this very access, without a further question. */
static void access_choose(SimMachine *machine, uint64_t address, bool is_write) {
  SimContext *self = machine->current;
  /* An interlocked operation was asked about a moment ago, and is recognised by its kind. */
  bool is_interlocked = self->pending.kind == SIM_POINT_INTERLOCKED && self->pending.address == address;
  self->pending = (SimOperation){ .kind = is_interlocked ? SIM_POINT_INTERLOCKED : SIM_POINT_ACCESS,
                                  .is_write = is_write || is_interlocked,
                                  .address = address };
  SimVcpu *vcpu = self->vcpu;
  uint32_t answer = sim_choose_of(machine, self, SIM_CHOICE_ACCESS, self->access_ordinal, vcpu->number, sim_options_list(machine));
  self->pending.kind = SIM_POINT_ACCESS;
  if (answer == vcpu->number)
    return;
  sim_event(machine, SIM_EVENT_PREEMPT, 0, 0, 0, answer, 0);
  SimVcpu *chosen = answer_take(machine, answer);
  go_to(machine, chosen != NULL ? vcpu_enter(machine, chosen) : next_context(machine));
}

void sim_access_preempt(SimMachine *machine, uint64_t address, bool is_write) {
  bool is_chosen = machine->access_is_chosen;
  uint64_t count = machine->access_count;
  sim_access_budget_settle(machine);
  if (machine->access_count >= machine->options.limits.accesses)
    sim_stop(machine, SIM_STOP_LIMIT_ACCESSES, NULL);
  if (count / STEPS_BETWEEN_LOOKS != machine->access_count / STEPS_BETWEEN_LOOKS)
    host_time_look(machine);
  if (is_chosen && machine->is_forced && !sim_forced_access(machine, sim_options_list(machine)->count))
    return;
  if (is_chosen)
    access_choose(machine, address, is_write);
  /* After a switch away and back the budget is fresh; drawing again costs nothing. */
  sim_access_budget_draw(machine, machine->current);
}

/* ---- irqlab is wrong ---- */

void sim_assertion_failed(const char *condition, const char *file, int line) {
  SimMachine *machine = sim_machine();
  const char *name = machine->options.name != NULL ? machine->options.name : "(no scenario)";
  fprintf(stderr, "irqlab: internal error at %s:%d: %s\n  scenario: %s\n", file, line, condition, name);
  if (machine->options.exceptions != NULL) {
    char *schedule = sim_schedule_print(machine->options.exceptions, "-");
    fprintf(stderr, "  schedule: %s\n", schedule);
    free(schedule);
  }
  fprintf(stderr, "  policy %s, seed %llu, event %u, step %llu, now %llu ns\n",
          machine->options.policy != NULL ? machine->options.policy->name : "none", (unsigned long long)machine->options.seed,
          machine->event_count, (unsigned long long)machine->step_count, (unsigned long long)machine->now_ns);
  const SimRecord *record = machine->options.record;
  for (size_t i = record != NULL && record->count > 16 ? record->count - 16 : 0; record != NULL && i < record->count; i++) {
    const SimEvent *event = &record->events[i];
    fprintf(stderr, "  %6u cpu %u irql %u context %08x kind %u function %08x object %u status %08x detail %x\n", event->sequence,
            event->cpu, event->irql, event->context, event->kind, event->function, event->object, (unsigned)event->status, event->detail);
  }
  fprintf(stderr, "  This is a defect of irqlab, not of the driver: please report it with the lines above.\n");
  abort();
}
