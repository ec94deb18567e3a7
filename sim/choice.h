/*
 * choice.h: everything that could have gone otherwise (decision 1). Whoever meets such a point asks sim_choose; a policy answers.
 *
 * The natural answers together are what an idle, unlucky-in-nothing Windows does. A schedule is the list of exceptions to them, keyed by
 * (context, kind, ordinal within that context and kind), so that taking one away leaves the others meaningful.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct SimMachine;
struct SimContext;
struct SimSearch;
struct SimSearchProof;
struct SimSnapshot;
struct SimRunOptions;
struct SimVcpu;

typedef enum SimChoiceKind {
  SIM_CHOICE_STEP,       /* who steps next; natural: the earliest cpu; option ids: see SimOption */
  SIM_CHOICE_INTERRUPT,  /* does a pending interrupt land here; natural: 1, at once; 0: later */
  SIM_CHOICE_ACCESS,     /* who steps next, at this memory access; natural: its own cpu; ordinal: the access's number */
  SIM_CHOICE_RESIDENT,   /* is this paged page in memory; natural: 1 */
  SIM_CHOICE_ALLOCATION, /* does this allocation succeed; natural: 1 */
  SIM_CHOICE_IRQL,   /* at which legal IRQL is this callback entered; natural: its caller's; id: the level, or SIM_IRQL_COUNT: in a DPC */
  SIM_CHOICE_REPLY,  /* what the user-mode side does; natural: 0, as its script says */
  SIM_CHOICE_MODEL,  /* an inner alternative of a modelled function (which path a quirk takes); natural: 0 */
  SIM_CHOICE_STATUS, /* does this call fail; natural: 0, no; n: with the n-th of its documented failures */
  SIM_CHOICE_PACKET, /* what the network does with this packet; natural: 0, delivers it; 1: loses, 2: doubles, 3: the next comes first */
  SIM_CHOICE_GRANT, /* who of those that spin or wait gets it; natural: the first that came; option id: cpu number, or place in the queue */
  SIM_CHOICE_WORKER,    /* does a worker thread take this item now; natural: 1; 0: later */
  SIM_CHOICE_CLOCK,     /* who steps next, where the clock alone could beside the natural one; of policies that hold up */
  SIM_CHOICE_PLACEMENT, /* the cpu a ready thread goes to, or that serves a tick; or where a thread goes on: SIM_PLACEMENT_STAYS, or a cpu */
  SIM_CHOICE_KIND_COUNT,
} SimChoiceKind;

extern const char sim_choice_letters[SIM_CHOICE_KIND_COUNT + 1]; /* one letter a kind: the schedule line's alphabet */
extern const char *const sim_choice_names[SIM_CHOICE_KIND_COUNT];

/* What a context is about to do: what partial-order reduction and POS need of an option. */
typedef struct SimOperation {
  uint32_t function; /* DdiFunction.id, or 0 */
  uint32_t object;   /* ordinal of the object it touches, or 0 */
  uint16_t kind;     /* SimPointKind */
  uint16_t is_write;
  uint64_t address; /* of the memory it touches, where it is known; or 0. Never part of a key: images of other compilers differ */
} SimOperation;

#define SIM_OPTION_COUNT_MAX 256
/* Of them, ready threads: as many whatever else there is to choose, so that every policy, and a replay, has the same ones. */
#define SIM_OPTION_THREAD_COUNT_MAX 190

/* Of a point that asks who steps next, ids are: a cpu number: what that cpu runs goes on, or the interrupt that is pending there lands; the id of a
 * context: the quantum ends where that ready thread may run, and it steps; SIM_OPTION_CLOCK: every cpu is held up until the clock's next tick, at
 * which timers and time-outs are due. */
#define SIM_OPTION_CLOCK 255

/* Natural answer where it is asked whether the thread that steps is preempted here, and goes on at another cpu. */
#define SIM_PLACEMENT_STAYS 255

/* Who an option is about, small enough for arrays: a context's slot; SIM_ACTOR_INTERRUPT + cpu: an interrupt that lands there; the clock. The same
 * actor may be another context later in the run, when its slot is used again: compare `context`. */
enum { SIM_ACTOR_INTERRUPT = 1190, SIM_ACTOR_CLOCK = SIM_ACTOR_INTERRUPT + 64, SIM_ACTOR_COUNT };

typedef struct SimOption {
  uint32_t id;      /* stable: as above, or a level, 0 or 1 */
  uint32_t context; /* id of the context that would step; 0: an interrupt that is still to be taken, or the clock */
  uint32_t actor;
  SimOperation operation;
} SimOption;

typedef struct SimPoint {
  SimChoiceKind kind;
  uint32_t context; /* id of the context the point belongs to */
  uint32_t ordinal; /* how many points of this kind this context met before */
  uint32_t natural; /* id of the natural option */
  uint32_t option_count;
  const SimOption *options;       /* NULL: ids 0 .. option_count - 1 */
  uint32_t listed_count;          /* of the options, those that are in the list: all of them, but for policies that know them by_id */
  const struct SimReadyRun *runs; /* of ready threads: the others, in their order */
  uint64_t key; /* names it in every context and schedule: of a call that can fail, a hash of the path of calls to it; 0: none */
} SimPoint;

/* The id of an option, whether it is listed or not; whether one has that id. */
uint32_t sim_point_id(const SimPoint *point, uint32_t index);
bool sim_point_has(const SimPoint *point, uint32_t id);

/* Who steps next: points whose options name actors. All other kinds are about what happens to who steps. */
static inline bool sim_point_is_step(const SimPoint *point) {
  return point->kind == SIM_CHOICE_STEP || point->kind == SIM_CHOICE_ACCESS || point->kind == SIM_CHOICE_CLOCK;
}

/* One exception: at the ordinal-th point of that kind in that context, option `answer` instead of the natural one. */
typedef struct SimException {
  uint32_t context;
  uint32_t ordinal;
  uint32_t answer;
  uint8_t kind;
} SimException;

/* A schedule: exceptions in the order they were met. Host memory; init/finish. */
typedef struct SimSchedule {
  SimException *exceptions;
  size_t count;
  size_t capacity;
  struct SimScheduleEntry *sorted; /* the same by context, kind and ordinal: made by the first replay */
  size_t sorted_count;
} SimSchedule;

void sim_schedule_finish(SimSchedule *schedule);
void sim_schedule_append(SimSchedule *schedule, SimException exception);

/* "v1:FINGERPRINT:CONTEXT.s3=1.s9-20=0:CONTEXT.r0=0", always ASCII without blanks; the natural schedule is "v1:FINGERPRINT". `fingerprint`
 * names the guest image ("-" when the drivers are steps). Returns owned (free()). */
char *sim_schedule_print(const SimSchedule *schedule, const char *fingerprint);

/* Reads a line of hostile text. On failure returns false and sets *error to a constant sentence and *column to where (from 0). The
 * fingerprint is copied to fingerprint[0..size). */
bool sim_schedule_parse(const char *line, SimSchedule *schedule, char *fingerprint, size_t size, const char **error, size_t *column);

/* A policy answers points. What it keeps for one run or over the runs of a search is its part of the search (search.h), in host memory; the
 * policies that keep nothing (timed, replay) and random, whose only word is in policy_state, run without one. */
typedef struct SimPolicy {
  const char *name;
  const char *title;                         /* one line: what it does */
  const char *paper;                         /* where it comes from */
  bool explores;                             /* any enabled cpu may step: one that is behind is moved up to now */
  bool holds_up;                             /* ... and the clock is an option */
  bool is_whole;                             /* ... and cannot be cut among several who search: what one leaves out another has to take */
  bool is_systematic;                        /* never repeats a schedule, and knows when there is no other */
  bool by_id;                                /* looks at no more of an option than its id: sim_point_id */
  bool begins_late;                          /* begins where for the first time something can go otherwise (forced.c) */
  uint32_t varies;                           /* kinds that it wants asked: bits, as SimRunOptions.varies */
  size_t state_size;                         /* of its part of a search: zeroed at first; 0: none */
  void (*begin)(struct SimMachine *machine); /* before a run, or late */
  /* Returns an option id of the point. */
  uint32_t (*answer)(struct SimMachine *machine, const SimPoint *point);
  /* How many accesses of driver code the context may make until it is asked SIM_CHOICE_ACCESS (1: at the next); UINT32_MAX: never. */
  uint32_t (*access_budget)(struct SimMachine *machine, const struct SimContext *context);
  /* Told who steps, whether there was a choice or not, before anything of it happens; vcpu NULL: an event of the queue fires. NULL: not told. */
  void (*step)(struct SimMachine *machine, const struct SimVcpu *vcpu);
  /* Puts the machine into the middle of the next run; false: it begins where runs begin. See sim_search_resume. NULL: never does. */
  bool (*resume)(void *state, const struct SimSnapshot *start, const struct SimRunOptions *options);
  void (*end)(struct SimMachine *machine);                        /* after a run: learns from it; NULL: nothing to learn */
  bool (*next)(struct SimSearch *search, void *state);            /* systematic: goes on to the next schedule; false: there is none */
  void (*proof)(const void *state, struct SimSearchProof *proof); /* systematic: what was proved so far (search.h) */
  void (*finish)(void *state);                                    /* frees what the state owns; NULL: nothing */
  const struct SimPolicy *(*member)(struct SimSearch *search);    /* of a portfolio: whose turn it is; NULL: its own */
} SimPolicy;

extern const SimPolicy sim_policy_timed;  /* natural answers only */
extern const SimPolicy sim_policy_random; /* uniform, from the run's seed */
extern const SimPolicy sim_policy_replay; /* natural answers but for the run's schedule */

/* Asks the policy; counts the ordinal, records an exception when the answer is not the natural one, asserts that the answer is an option.
 * `options`, at most SIM_OPTION_COUNT_MAX, may be NULL (ids 0..count-1); the natural one is among them. Returns the chosen id. */
uint32_t sim_choose(struct SimMachine *machine, SimChoiceKind kind, uint32_t natural, const SimOption *options, uint32_t option_count);

/* The same for what is asked only where somebody wants that kind to vary (SimRunOptions.varies); else the natural answer. The point is counted in
 * any case, so that a schedule means the same to both. `key`: see SimPoint; 0 where sim_varies is false: it need not be made. */
uint32_t sim_choose_rare(struct SimMachine *machine, SimChoiceKind kind, uint64_t key, uint32_t natural, const SimOption *options,
                         uint32_t option_count);
bool sim_varies(const struct SimMachine *machine, SimChoiceKind kind);

/* All kinds that sim_choose_rare asks. */
#define SIM_CHOICE_RARE                                                                                                                    \
  (1u << SIM_CHOICE_RESIDENT | 1u << SIM_CHOICE_ALLOCATION | 1u << SIM_CHOICE_IRQL | 1u << SIM_CHOICE_REPLY | 1u << SIM_CHOICE_STATUS |    \
   1u << SIM_CHOICE_PACKET | 1u << SIM_CHOICE_GRANT | 1u << SIM_CHOICE_WORKER | 1u << SIM_CHOICE_PLACEMENT)
