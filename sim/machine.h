/*
 * machine.h: one simulated machine: virtual CPUs, clock and event queue, choice points, limits, the run. Everything is in the arena.
 *
 * Not for: threads, priorities, DPC queues and waits, which are Windows' and live in model/ke.
 */
#pragma once

#include "arena.h"
#include "choice.h"
#include "context.h"
#include "event.h"
#include "footprint.h"
#include "memory.h"
#include "queue.h"
#include "race.h"
#include "vcpu.h"

#define SIM_VCPU_COUNT_MAX 64
#define SIM_OBSERVER_COUNT_MAX 30
#define SIM_ID_CELL_COUNT 64 /* a power of two */

/* irqlab itself is wrong: prints scenario, schedule and the last events, aborts. Always on. */
#define SIM_ASSERT(condition) ((condition) ? (void)0 : sim_assertion_failed(#condition, __FILE__, __LINE__))
void sim_assertion_failed(const char *condition, const char *file, int line) __attribute__((noreturn, cold));

/* Where a context may be left: what decision 1 names. */
typedef enum SimPointKind {
  SIM_POINT_CALL,        /* entry of a DDI function */
  SIM_POINT_PHASE,       /* an inner phase of one */
  SIM_POINT_SPIN,        /* a spin attempt */
  SIM_POINT_WAIT,        /* a wait */
  SIM_POINT_LOWER,       /* a lowering of IRQL */
  SIM_POINT_INTERLOCKED, /* an interlocked operation */
  SIM_POINT_ACCESS,      /* a memory access, when preempted there */
  SIM_POINT_RETURN,      /* the end of an interrupt or a thread */
} SimPointKind;

/* How a run ended. */
typedef enum SimStop {
  SIM_STOP_NONE,
  SIM_STOP_QUIET,         /* nothing left to do: every cpu idle, nothing queued */
  SIM_STOP_HUNG,          /* nothing can step, and some cpu spins or hangs */
  SIM_STOP_BUGCHECK,      /* the model stopped the machine: see the model */
  SIM_STOP_NOT_MODELLED,  /* a function that is not modelled was reached: stop_text is its name */
  SIM_STOP_CONTRADICTION, /* the runner: an expectation can no longer hold */
  SIM_STOP_GUEST_CRASH,   /* compiled driver code crashed the host in a way no hook saw */
  SIM_STOP_LIMIT_STEPS,
  SIM_STOP_LIMIT_EVENTS,
  SIM_STOP_LIMIT_ACCESSES,
  SIM_STOP_LIMIT_VIRTUAL_TIME,
  SIM_STOP_LIMIT_HOST_TIME,
  SIM_STOP_LIMIT_MEMORY, /* no room for more: stop_text says of what */
  SIM_STOP_KNOWN,        /* a systematic search: all that could follow has been searched, or another shard does: not a schedule at all */
} SimStop;

typedef struct SimLimits {
  uint64_t steps; /* scheduling points */
  uint64_t events;
  uint64_t accesses; /* of memory, by driver code */
  uint64_t virtual_ns;
  uint64_t host_ns; /* of one run; looked at every few thousand steps and never part of an outcome but this one */
} SimLimits;

extern const SimLimits sim_limits_default;

/* What a run is given. Borrowed for the run. */
typedef struct SimRunOptions {
  unsigned vcpu_count; /* 1..64 */
  uint32_t varies;     /* bit n: SimChoiceKind n is asked where sim_choose_rare is; a replay asks all */
  const SimPolicy *policy;
  uint64_t seed;             /* of policies that draw */
  const SimSchedule *replay; /* of sim_policy_replay */
  struct SimSearch *search;  /* of policies that keep something; NULL: timed, random or replay */
  SimLimits limits;
  SimSchedule *exceptions; /* where to append what departed from the natural answers; NULL: nowhere */
  SimRecord *kept;   /* some of the events, which an observer puts there: goes back with a saved state (search_save.h); NULL: nobody does */
  SimRecord *record; /* where to keep the events; NULL: hash and observers only */
  const char *name;  /* of the scenario: for SIM_ASSERT's message */
  bool races;        /* look for races between accesses of driver code (race.h) */
  bool is_whole;     /* somebody counts what happens: the run begins where runs begin, and no search goes on from its middle */
  bool ends_with_choice; /* the run ends (SIM_STOP_KNOWN) where the part ends in which nothing can go otherwise (forced.c) */
  uint32_t hold_at;      /* of that part's places where it can be left: it is held at the one of this number; 0: at none */
} SimRunOptions;

typedef struct SimObserverEntry {
  SimObserver *observer;
  void *data;
  uint64_t functions; /* bit n: it is told of functions whose id ends with n */
} SimObserverEntry;

/* Ready threads in a row that all may run on one cpu: slots of their contexts, borrowed until a thread becomes ready or is taken. */
typedef struct SimReadyRun {
  const uint16_t *slots;
  uint32_t count;
  SimVcpu *vcpu;
} SimReadyRun;

/* Threads that could run where another does. The model's, who alone knows them. */
typedef struct SimThreads {
  /* Ready threads that would run if a quantum ended now, in their order, with a cpu where they may (that of machine->current, where they have the
   * choice). Returns how many runs of them, at most `max`. */
  uint32_t (*ready)(struct SimMachine *machine, SimReadyRun *runs, uint32_t max);
  /* That cpu, of one thread; NULL: it would not run. */
  SimVcpu *(*turn)(const SimContext *context);
  /* The thread that steps may be preempted here by one of the system's own, and go on at another cpu: asks SIM_CHOICE_PLACEMENT; true: it was. Only
   * where that varies. NULL: threads stay where they are. */
  bool (*move)(struct SimMachine *machine);
  /* The quantum of the thread on that cpu ends, and this one runs there. */
  void (*switch_to)(struct SimMachine *machine, SimVcpu *vcpu, SimContext *thread);
  /* If it stepped now it would only find that it has to wait, with no other effect: a systematic search steps it when all others would, too.
   * NULL: not known of any. */
  bool (*is_futile)(const SimContext *context);
  /* What it asks for (an object, as in SimOperation) and would do nothing but wait for if somebody else had it: then it is futile. 0: nothing. */
  uint32_t (*asks_for)(const SimContext *context);
  /* Names each word of the model's that is no part of a state: what passed time, or how often something happened, is the measure of. NULL: none. */
  void (*forget)(struct SimMachine *machine, void (*forget)(void *data, const void *word), void *data);
  const SimFootprintRules *footprint_rules; /* NULL: events touch their object and nothing else */
} SimThreads;

typedef struct SimMachine {
  SimRunOptions options;
  uint64_t now_ns; /* never decreases */
  uint64_t hash;   /* over the events so far */
  uint32_t event_count;
  uint32_t is_running;
  uint64_t step_count;
  uint64_t access_count;
  uint64_t host_deadline_ns; /* CLOCK_MONOTONIC */
  uint32_t access_budget;    /* until the next look: preemption or limit */
  uint32_t access_budget_drawn;
  SimContext *current;     /* the context that runs; NULL: the host's own stack */
  SimContext *dying;       /* has ended, still on its own stack: its slot is free after the next switch */
  SimContext *firing;      /* an event fires on its stack, though it is nothing of its doing */
  uint64_t enabled;        /* bit n: cpu n can step */
  uint32_t spinning_count; /* contexts that spin */
  SimStop stop;
  bool is_pausing;
  bool is_holding;            /* ... by sim_hold */
  char stop_text[64];         /* what the stop is about */
  void *main_stack_pointer;   /* the host's own stack while a context runs */
  const void *main_stack_low; /* its bounds, for ASan */
  size_t main_stack_size;
  bool context_first;           /* the next new fiber was switched to from the host's own stack */
  bool access_is_chosen;        /* the policy wants to be asked when the access budget is used up */
  bool is_forced;               /* nothing could go otherwise until now, and the policy has not begun (forced.c) */
  bool forced_is_looked;        /* ... nor could it at an access before the next call */
  uint32_t forced_place;        /* number of the last place where the run could be left */
  uint64_t forced_access_count; /* when that part began */
  SimFaultHandler *fault_handler;
  bool race_is_on;              /* accesses are looked at for races (race.h) */
  bool race_is_left;            /* ... no more: there was no room for all that ran */
  bool race_is_told;            /* the observer that tells what orders is told itself */
  SimRaceHandler *race_handler; /* who is told of one; NULL: nobody */
  uint32_t race_observer;       /* number of that observer, from 1; 0: there is none */
  SimEventMask race_observed;   /* the kinds it asks for */
  const SimQueueEntry *clock;   /* the tick of timers; NULL: there is none */
  const SimThreads *threads;    /* NULL: no cpu is shared */
  bool has_ready_threads;       /* the model's word: false: threads->ready would return none */
  SimFootprint *footprint;      /* what is touched is noted there: the search's; NULL: nobody asks */
  uint32_t watch_next;
  SimWatch watches[SIM_WATCH_COUNT];
  uint64_t policy_state[16];
  uint64_t rules_heap_low, rules_heap_high;        /* of the heap: what rules remember, which is no part of a state */
  uint64_t finding_sum;                            /* over what rules have found, whatever the order: part of what tells states apart */
  uint32_t replay_misses;                          /* exceptions of the schedule whose option did not exist */
  uint32_t child_count[3];                         /* identities given without a parent, by kind */
  uint32_t choice_ordinals[SIM_CHOICE_KIND_COUNT]; /* of points met outside of any context */
  uint32_t context_count;                          /* slots ever used */
  uint32_t context_free;                           /* slot + 1 of the one freed last; 0: none. They are linked by id_next */
  uint16_t id_cells[SIM_ID_CELL_COUNT];            /* slot + 1 of a live context, by id: see SimContext.id_next */
  uint64_t heap_used;                              /* bytes from SIM_HEAP_BASE */
  void *heap_free[SIM_HEAP_CLASS_COUNT];           /* by size class */
  char *heap_small;                                /* of the page that small blocks are carved from until the heap is sealed */
  uint32_t heap_small_left;
  bool heap_is_sealed;
  uint64_t fire_count;       /* events of the queue that have fired */
  uint64_t guest_pages_used; /* pages from SIM_GUEST_BASE */
  uint32_t observer_count;
  SimObserverEntry observers[SIM_OBSERVER_COUNT_MAX];
  uint32_t observers_filtered;                 /* bit n: observers[n] is told of some functions alone */
  uint32_t observer_asleep;                    /* number, from 1, of who waits for a long run; 0: nobody does */
  uint64_t observed_functions;                 /* all that those together are told of */
  SimEventMask asleep_observed;                /* the kinds it asks for */
  uint32_t observers_of[SIM_EVENT_KIND_COUNT]; /* by kind: bit n: observers[n] is told; the highest: all of them are filtered */
  SimQueue queue;
  SimContext *held;              /* by sim_hold: is asked again when the run goes on; or by sim_aside */
  void (*aside)(void *argument); /* what sim_aside asked for; NULL: nothing */
  void *aside_argument;
  uint32_t vcpu_count;
  SimVcpu vcpus[SIM_VCPU_COUNT_MAX];
  SimContext contexts[SIM_CONTEXT_COUNT_MAX]; /* last: of the rest of them nothing is saved or cleared */
} SimMachine;

static inline SimMachine *sim_machine(void) { return (SimMachine *)SIM_MACHINE_BASE; }

/* Prepares a machine after sim_arena_reset or a restore: cpus, limits, policy. */
void sim_machine_begin(SimMachine *machine, const SimRunOptions *options);

/* Steps until the run ends. Call from the host's own stack, after contexts or stimuli were created. Returns why it ended. */
SimStop sim_machine_run(SimMachine *machine);

/* Leaves the run at the next rescheduling so that it can go on: sim_machine_run returns SIM_STOP_NONE, and when called again continues, also
 * after a snapshot was saved and restored in between. */
void sim_pause(SimMachine *machine);

/* The same for who looks at a run in its middle: it goes on as if it had not been left, by the same choices. Leaves at a rescheduling where some
 * context can be asked again. */
void sim_hold(SimMachine *machine);

/* Calls routine(argument) on the host's own stack, with the current context left where it is: to save the machine just there. Comes back again
 * whenever a run goes on from that saved state. Not from a context that is ending, and not while an event fires. */
void sim_aside(SimMachine *machine, void (*routine)(void *argument), void *argument);

/* Instead of sim_machine_begin: the machine was restored to the middle of a run that had begun with like options. The policy is not told. */
void sim_machine_resume(SimMachine *machine, const SimRunOptions *options);

/* Calls routine(argument) on the host's own stack, to put into a machine what it starts with. False: a limit was reached, there and then, and
 * machine->stop says which; a run then does nothing. What the routine owned on the host's side is lost when that happens. */
bool sim_machine_set_up(SimMachine *machine, void (*routine)(void *argument), void *argument);

/* Ends the run, or the set-up: does not return from either. Outside of both it only notes the reason. */
void sim_stop(SimMachine *machine, SimStop why, const char *text);

/* A scheduling point of the current context: charges the cost, lets due events fire and interrupts land, and lets the policy say who steps
 * next. Returns when this context steps again. */
void sim_point(SimMachine *machine, SimPointKind kind, uint32_t function, uint32_t object, uint64_t cost_ns);

/* The same where it is known what memory the operation touches, and where it only reads. */
void sim_point_at(SimMachine *machine, SimPointKind kind, uint32_t function, uint32_t object, bool is_write, uint64_t address,
                  uint64_t cost_ns);

/* The access budget is used up: counts, looks at the limits, and asks whether the context is preempted here. On the host stack. */
void sim_access_preempt(SimMachine *machine, uint64_t address, bool is_write);

/* Virtual time passes on the current cpu, without a scheduling point. */
void sim_charge(SimMachine *machine, uint64_t cost_ns);

/* The current context goes on only when its cpu is stepped with it on top again: after sim_vcpu_set_thread took it off. */
void sim_reschedule(SimMachine *machine);

static inline SimVcpu *sim_vcpu(const SimMachine *machine) { return machine->current != NULL ? machine->current->vcpu : NULL; }

/* The time of the current cpu, or now. */
static inline uint64_t sim_time_ns(const SimMachine *machine) {
  SimVcpu *vcpu = sim_vcpu(machine);
  return vcpu != NULL ? vcpu->time_ns : machine->now_ns;
}
