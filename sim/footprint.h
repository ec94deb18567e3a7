/*
 * footprint.h: what a step touched, and when two steps commute: what partial-order reduction (policy_dpor.c) rests on. Gathered only when a search
 * asks for it; host memory.
 *
 * A step is what happens from one scheduling point to the next. Who makes it is a CPU: all steps of one CPU depend on one another, so where its
 * interrupts and DPCs land, what its IRQL masks and which of its threads runs is never taken for the same. Steps of two CPUs depend when both touch
 * something and one of them writes it:
 *   - a cell: 8 bytes of memory that driver code (or the model for it: a probed parameter) reads or writes, or that somebody spins on;
 *   - an object named by an event (a lock, an event, a DPC, a thread): written, for all that is known;
 *   - a CPU: the one that steps, those an interrupt is requested of, that get another thread, or that stop to spin;
 *   - a context: the one that steps, on whatever CPU;
 *   - the ready threads, which thread has its turn on a CPU, the timers, and *the rest*: all that has no name here. A step within a modelled function of
 *     which the model does not say that its events tell all (SimFootprintRules) writes the rest; every other call and every access of driver code
 *     outside of its stack reads it.
 *
 * Virtual time is no part of a state here: of two steps that commute, the CPUs' clocks may show which came first. That changes nothing else as long as
 * (a) no event of the queue comes due because of it: all orders of what is done between two events have the same sum of costs, so none can reach the
 * next one unless that sum does; (b) nobody reads a clock (sim_touch_time); (c) what is to come some time later (sim_touch_due) comes at the same tick
 * of the clock, and in the same order, whatever the clock said (search_time.h). Where one of these does not hold and more than one CPU has stepped,
 * the search takes every step from the event before to the next to depend on every other (SimFootprint.is_total). An event of the queue that fires
 * comes when nothing else can step, and is then before all that follows. The search does the same where ready threads could take the place of
 * running ones. Simplified: the watchdog's times are not looked at this way.
 */
#pragma once

#include "event.h"

#include <stdbool.h>
#include <stdint.h>

struct SimMachine;
struct SimContext;

typedef enum SimTouchKind {
  SIM_TOUCH_CELL,
  SIM_TOUCH_OBJECT,
  SIM_TOUCH_VCPU,
  SIM_TOUCH_CONTEXT,
  SIM_TOUCH_SHARED, /* SimTouchShared */
} SimTouchKind;

typedef enum SimTouchShared {
  SIM_TOUCH_REST,
  SIM_TOUCH_READY, /* the threads that wait for a cpu */
  SIM_TOUCH_TIMERS,
  SIM_TOUCH_TURN, /* + cpu: which thread it runs, is to run next, or that it is idle: who looks for a cpu for a thread sees that */
} SimTouchShared;

/* Something is to come at a time that was reckoned from a clock. */
typedef struct SimDue {
  uint64_t time_ns;
  uint64_t after_ns; /* ... that much later than the clock */
  uint64_t tick_ns;  /* it comes at the next tick of that length; 0: at once; SIM_DUE_LATER: it was only seen to be later than the clock */
} SimDue;

#define SIM_DUE_LATER UINT64_MAX

#define SIM_FOOTPRINT_DUE_COUNT_MAX 2         /* more: time is read */
#define SIM_FOOTPRINT_PROBE_CELL_COUNT_MAX 64 /* larger extents touch the rest */

/* Touches: kind and what in the upper 63 bits, written in the lowest. */
typedef struct SimFootprint {
  uint64_t *touches; /* sorted and without doubles once closed; owned */
  uint32_t count;
  uint32_t capacity;
  uint64_t read_bits;  /* one of 64 for each that is read or written: two footprints without a common one have nothing in common */
  uint64_t write_bits; /* the same of those written */
  uint32_t taken;      /* what contexts ask for (SimThreads.asks_for) and this step took, and kept; 0: nothing */
  uint32_t given;      /* ... gave back */
  bool is_several;     /* it took or gave back more than that */
  bool is_total;       /* depends on every other step */
  bool reads_time;
  uint8_t due_count;
  SimDue dues[SIM_FOOTPRINT_DUE_COUNT_MAX];
  struct SimState *state; /* what contexts do and read goes there instead (search_state.h); NULL: nowhere */
} SimFootprint;

/* What the model says of its events and functions. Constant. */
typedef struct SimFootprintRules {
  SimEventMask plain;                  /* kinds that touch their object and nothing else */
  SimEventMask silent;                 /* kinds that touch nothing: a call that begins, whose step is still to come */
  SimEventMask by_function;            /* kinds that touch the rest unless their function is plain */
  bool (*is_plain)(uint32_t function); /* its events say all that it touches */
} SimFootprintRules;

void sim_footprint_reset(SimFootprint *footprint);
void sim_footprint_finish(SimFootprint *footprint);
void sim_footprint_touch(SimFootprint *footprint, uint64_t touch);
/* Sorts and removes doubles. */
void sim_footprint_close(SimFootprint *footprint);
/* Adds what another one, closed, touches; both then are. */
void sim_footprint_merge(SimFootprint *footprint, const SimFootprint *other);
/* Both closed. */
bool sim_footprint_depends(const SimFootprint *left, const SimFootprint *right);

static inline uint64_t sim_touch_of(SimTouchKind kind, uint64_t what, bool is_write) {
  return (uint64_t)kind << 60 | (what & 0x07ffffffffffffffULL) << 1 | is_write;
}

/* ---- told by sim and the model; nothing happens unless machine->footprint is set ---- */

/* Whoever touches what no event names. */
#define sim_touch(machine, kind, what, is_write)                                                                                           \
  ((machine)->footprint != NULL ? sim_footprint_touch((machine)->footprint, sim_touch_of((kind), (what), (is_write))) : (void)0)
#define sim_touch_shared(machine, what, is_write) sim_touch((machine), SIM_TOUCH_SHARED, (what), (is_write))
/* What others wait for is taken, or given back; beside the touches of it. What counts is how the step leaves it. */
#define sim_touch_take(machine, object) ((machine)->footprint != NULL ? sim_footprint_take((machine)->footprint, (object)) : (void)0)
#define sim_touch_give(machine, object) ((machine)->footprint != NULL ? sim_footprint_give((machine)->footprint, (object)) : (void)0)
void sim_footprint_take(SimFootprint *footprint, uint32_t object);
void sim_footprint_give(SimFootprint *footprint, uint32_t object);
/* A clock is read, and what it says may matter. */
#define sim_touch_time(machine) ((machine)->footprint != NULL ? (void)((machine)->footprint->reads_time = true) : (void)0)

/* A clock is read, and all that comes of it is that something comes that much later. */
#define sim_touch_due(machine, time_ns, after_ns, tick_ns)                                                                                 \
  ((machine)->footprint != NULL ? sim_footprint_due((machine)->footprint, (SimDue){ (time_ns), (after_ns), (tick_ns) }) : (void)0)
void sim_footprint_due(SimFootprint *footprint, SimDue due);

/* The current context is at a scheduling point: where it is in its code follows from how many it met and what it saw. */
void sim_footprint_point(struct SimMachine *machine);
void sim_footprint_event(struct SimMachine *machine, const SimEvent *event);
void sim_footprint_memory(struct SimMachine *machine, uint64_t address, uint64_t size, bool is_write, bool is_model);
