/*
 * drawing.h: what the policies that draw have in common: their part of a search, actors, the answers that are no step, and when accesses are points.
 * A policy of its own is only how it picks who steps.
 */
#pragma once

#include "draw.h"
#include "machine.h"
#include "profile.h"
#include "search.h"

/* Which accesses of driver code are points in this run. */
typedef enum SimVisits {
  SIM_VISITS_NONE,
  SIM_VISITS_SOME,   /* at distances that are drawn */
  SIM_VISITS_SHARED, /* those of places that the search has seen shared and written */
  SIM_VISITS_ALL,
  SIM_VISITS_COUNT,
} SimVisits;

/* Who may step, in this run. Valid when `run` and `context` are the option's: slots are used again. */
typedef struct SimActor {
  uint32_t run;
  uint32_t context;
  uint32_t profile;  /* index in the profile */
  uint32_t priority; /* drawn when it was met */
  uint32_t weight;   /* what is left of what it and those it will make are expected to do; of policies that weigh */
  uint32_t met_at;   /* point of the run */
  uint32_t stepped_at;
} SimActor;

#define SIM_PLACES_CHOSEN_MAX 3
#define SIM_CHANGES_MAX 7

/* A wish of a run: where `reader` reads that place, the last to have written it shall be `writer`. Sites; writer 0: nobody. */
typedef struct SimWish {
  uint64_t place;
  uint32_t writer;
  uint32_t reader;
  bool is_over; /* granted, or out of reach */
} SimWish;
#define SIM_WISH_COUNT_MAX 4

typedef struct SimDrawing {
  SimProfile profile;
  SimDraw draw;
  bool is_begun;                                /* this run asks it: not one that another policy made in between */
  bool is_weighed;                              /* weights below are this run's */
  bool notes_states;                            /* states are told apart */
  bool follows;                                 /* who reads from whom is noted */
  uint8_t visits;                               /* SimVisits */
  uint16_t clock_chance;                        /* of a point where everybody is held up, in 1024 */
  uint16_t other_chance[SIM_CHOICE_KIND_COUNT]; /* of an answer that is not the natural one */
  uint32_t tick_count;                          /* points of this run at which somebody is picked while the clock is to tick next */
  uint32_t point_count;                         /* points of this run at which somebody was picked */
  uint32_t alone_actor, alone_count;            /* who was picked last, and how often in a row */
  uint32_t later_count;                         /* points in a row at which an interrupt could have landed, and did not */
  uint32_t rest_left;                           /* points that are drawn alike, since one was picked too often in a row */
  SimActor actors[SIM_ACTOR_COUNT];
  uint32_t weights[SIM_PROFILE_CONTEXT_COUNT_MAX]; /* by context of the profile, with those it makes */
  /* of single policies, this run's */
  uint32_t change_count, change_next; /* pct: points at which who steps sinks */
  uint32_t changes[SIM_CHANGES_MAX];
  uint32_t chosen_count; /* surw: the places that count in this run */
  uint64_t chosen[SIM_PLACES_CHOSEN_MAX];
  uint32_t intended, intended_context; /* surw, burst: actor and context; SIM_ACTOR_COUNT: nobody */
  uint32_t burst_left;
  uint32_t manner; /* feedback: how it picks among those that no wish holds up */
  uint32_t wish_count;
  SimWish wishes[SIM_WISH_COUNT_MAX];
  /* over runs */
  uint32_t tick_counts[SIM_VISITS_COUNT]; /* tick_count of the last run with such visits */
  uint32_t option_count_most;             /* that could step at one point */
  struct SimReads *reads;                 /* feedback: who has read from whom; owned */
  uint32_t pairs_new;                     /* of this run: pairs nobody had seen before */
  uint32_t states_new;                    /* ... and states */
  struct SimFrontier *frontier;           /* frontier: which states there are; owned */
  struct SimStanding *standing;           /* portfolio: what members have brought; owned */
} SimDrawing;

static inline SimDrawing *sim_drawing(const SimMachine *machine) {
  SIM_ASSERT(machine->options.search != NULL);
  return machine->options.search->state;
}

/* SimPolicy.begin, access_budget, end, finish of them all; begin is called by each policy's own. */
SimDrawing *sim_drawing_begin(SimMachine *machine);
uint32_t sim_drawing_access_budget(SimMachine *machine, const SimContext *context);
void sim_drawing_end(SimMachine *machine);
void sim_drawing_finish(void *state);

/* What every SimPolicy that draws has; it adds its name, title, paper, begin and answer. */
#define SIM_POLICY_DRAWS                                                                                                                   \
  .explores = true, .holds_up = true, .state_size = sizeof(SimDrawing), .access_budget = sim_drawing_access_budget,                        \
  .end = sim_drawing_end, .finish = sim_drawing_finish

/* Of a point that does not ask who steps: natural, but for a chance that each run draws for each kind anew (Groce, Zhang, Eide, Chen, Regehr: Swarm
 * testing, ISSTA 2012). */
uint32_t sim_drawing_answer_other(SimDrawing *drawing, const SimPoint *point);

/* The first look at an actor in this run. */
SimActor *sim_drawing_actor_meet(SimDrawing *drawing, const SimOption *option);

static inline SimActor *sim_drawing_actor(SimDrawing *drawing, const SimOption *option) {
  SimActor *actor = &drawing->actors[option->actor];
  if (actor->run == drawing->profile.run && actor->context == option->context)
    return actor;
  return sim_drawing_actor_meet(drawing, option);
}

/* That option steps. */
void sim_drawing_step(SimDrawing *drawing, const SimOption *option);

/* Sums up what each context is expected to do together with those it makes: `own` of one context; the weights are then taken by actors. */
void sim_drawing_weigh(SimDrawing *drawing, uint32_t (*own)(const SimDrawing *drawing, uint32_t context));
/* A unit of the actor's weight is used up. */
static inline void sim_actor_spend(SimActor *actor, uint32_t unit) { actor->weight = actor->weight > unit ? actor->weight - unit : 1; }

/* Too many accesses in a run for each to be a point. */
#define SIM_ACCESSES_ASKED_MAX 20000
static inline bool sim_drawing_is_large(const SimDrawing *drawing) { return drawing->profile.access_count > SIM_ACCESSES_ASKED_MAX; }

/* Is there nothing to decide at that access in this run? */
bool sim_drawing_passes(const SimDrawing *drawing, const SimPoint *point, const SimOption *own);

/* Nobody loops for ever on what only another can change: after many points of one in a row all are drawn alike for a while (after Musuvathi, Qadeer:
 * Fair stateless model checking, PLDI 2008). Returns the index of who steps. */
#define SIM_DRAWING_ALONE_MAX 2000
#define SIM_DRAWING_REST 400
static inline uint32_t sim_drawing_rest(SimDrawing *drawing, const struct SimPoint *point, uint32_t index);

/* A policy's way: the index of the option that steps, never the clock's. */
typedef uint32_t SimPick(SimDrawing *drawing, const SimPoint *point);

/* In every other run an interrupt that could land is an actor like what it would interrupt (after Fonseca, Rodrigues, Brandenburg: SKI, OSDI 2014);
 * in the others each lands at once, or is put off by a chance at each point. None waits for longer than so many points in a row. */
#define SIM_DRAWING_LATER_MAX 200
static inline bool sim_drawing_draws_interrupts(const SimDrawing *drawing) { return drawing->other_chance[SIM_CHOICE_INTERRUPT] >= 256; }
/* The answer at that point, where the policy picks that option; if what would be interrupted goes on, it steps. */
uint32_t sim_drawing_interrupt(SimDrawing *drawing, const SimPoint *point, uint32_t index);

/* Which states there are (frontier.h). At a point that is drawn: this one. */
void sim_frontier_look(SimDrawing *drawing, const SimPoint *point);
/* At each point, first: true: the run is on its way back to a state, and that is the answer. */
bool sim_frontier_leads(SimDrawing *drawing, const SimPoint *point, uint32_t *answer);
/* At each point, last: what the answer is. */
void sim_frontier_record(SimDrawing *drawing, const SimPoint *point, uint32_t answer);

/* An answer by a way of picking. */
static inline uint32_t sim_drawing_draw(SimDrawing *drawing, const SimPoint *point, SimPick *pick) {
  if (point->kind == SIM_CHOICE_INTERRUPT && sim_drawing_draws_interrupts(drawing)) {
    drawing->point_count++;
    return sim_drawing_interrupt(drawing, point, pick(drawing, point));
  }
  if (!sim_point_is_step(point) || point->options == NULL)
    return sim_drawing_answer_other(drawing, point);
  const SimOption *options = point->options;
  if (point->kind == SIM_CHOICE_ACCESS) {
    uint32_t own = 0;
    while (options[own].id != point->natural)
      own++;
    if (sim_drawing_passes(drawing, point, &options[own])) {
      sim_drawing_step(drawing, &options[own]);
      return point->natural;
    }
  }
  if (drawing->clock_chance != 0 && sim_draw_chance(&drawing->draw, drawing->clock_chance))
    for (uint32_t i = 0; i < point->option_count; i++)
      if (options[i].actor == SIM_ACTOR_CLOCK)
        return SIM_OPTION_CLOCK;
  drawing->point_count++;
  drawing->tick_count += sim_machine()->clock != NULL && sim_queue_first(&sim_machine()->queue) == sim_machine()->clock;
  if (point->option_count > drawing->option_count_most)
    drawing->option_count_most = point->option_count;
  if (drawing->notes_states)
    sim_frontier_look(drawing, point);
  uint32_t index = sim_drawing_rest(drawing, point, pick(drawing, point));
  sim_drawing_step(drawing, &options[index]);
  return options[index].id;
}

/* SimPolicy.answer, around a way of picking. */
static inline uint32_t sim_drawing_answer(SimMachine *machine, const SimPoint *point, SimPick *pick) {
  SimDrawing *drawing = sim_drawing(machine);
  uint32_t answer;
  if (!drawing->notes_states)
    return sim_drawing_draw(drawing, point, pick);
  if (!sim_frontier_leads(drawing, point, &answer))
    answer = sim_drawing_draw(drawing, point, pick);
  sim_frontier_record(drawing, point, answer);
  return answer;
}

/* Uniformly one of all but the clock. */
static inline uint32_t sim_option_uniform(SimDrawing *drawing, const SimPoint *point) {
  uint32_t index;
  do
    index = sim_draw_below(&drawing->draw, point->option_count);
  while (point->options[index].actor == SIM_ACTOR_CLOCK);
  return index;
}

static inline uint32_t sim_drawing_rest(SimDrawing *drawing, const SimPoint *point, uint32_t index) {
  uint32_t actor = point->options[index].actor;
  drawing->alone_count = actor == drawing->alone_actor ? drawing->alone_count + 1 : 0;
  drawing->alone_actor = actor;
  if (drawing->alone_count >= SIM_DRAWING_ALONE_MAX) {
    drawing->rest_left = SIM_DRAWING_REST;
    drawing->alone_count = 0;
  }
  if (drawing->rest_left == 0)
    return index;
  drawing->rest_left--;
  return sim_option_uniform(drawing, point);
}

/* In proportion to the actors' weights. */
uint32_t sim_option_weighed(SimDrawing *drawing, const SimPoint *point);
/* The highest priority. */
uint32_t sim_option_highest(SimDrawing *drawing, const SimPoint *point);

/* That option steps next: its priority and those of all that race with what it does are drawn anew (POS). */
void sim_drawing_redraw(SimDrawing *drawing, const SimPoint *point, uint32_t index);

/* Where driver code is that would step, or what it calls. */
uint32_t sim_drawing_site(const SimOption *option);

/* Who reads what whom wrote there: see policy_feedback.c. */
struct SimReads *sim_reads_create(void);
void sim_reads_note(SimDrawing *drawing, SimPlace *place, uint32_t context, uint32_t site, const SimOperation *operation);

/* Would it matter which of the two comes first? */
static inline bool sim_operations_race(const SimOperation *one, const SimOperation *other) {
  uint64_t place = sim_place_key(one);
  return place != 0 && place == sim_place_key(other) && (one->is_write || other->is_write);
}
