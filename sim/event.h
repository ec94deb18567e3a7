/*
 * event.h: the one stream of what happened (decision 2). Typed, numbered records of 48 bytes without padding; golden traces, rules, reports,
 * coverage and the determinism hash read it and nothing else.
 *
 * The hash covers kind, cpu, irql, context, function, object, status and detail: never `value` (addresses), `site` (source lines) or time.
 */
#pragma once

#include "irql.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Kinds below SIM_EVENT_MODEL belong to sim; the rest are declared in model/events.h. */
typedef enum SimEventKind {
  SIM_EVENT_NONE,
  SIM_EVENT_CONTEXT_BEGIN, /* detail: SimContextKind; object: ordinal of what it runs for */
  SIM_EVENT_CONTEXT_END,   /* */
  SIM_EVENT_SWITCH,        /* the cpu goes on with another context; detail: the context left */
  SIM_EVENT_IRQL,          /* the level of the cpu changed; detail: the old level; irql: the new one; function: who changed it */
  SIM_EVENT_INTERRUPT,     /* an interrupt is taken; detail: its level; object: its ordinal */
  SIM_EVENT_INTERRUPT_END, /* */
  SIM_EVENT_IDLE,          /* the cpu has nothing to run */
  SIM_EVENT_SPIN,          /* the cpu begins to spin; object: on what */
  SIM_EVENT_PREEMPT,       /* preempted at a memory access; detail: the cpu that steps next */
  SIM_EVENT_STOP,          /* the run ends; detail: SimStop */
  SIM_EVENT_WATCH_READ,    /* driver code reads watched memory; detail: the watch's id; value: address */
  SIM_EVENT_MODEL = 32,
} SimEventKind;

typedef struct SimEvent {
  uint64_t time_ns;  /* virtual time of the cpu */
  uint32_t sequence; /* position in the run, from 0 */
  uint32_t context;  /* id of the context that it happened in; 0: none (a stimulus) */
  uint16_t kind;     /* SimEventKind or a model kind */
  uint8_t cpu;
  SimIrql irql;      /* of the cpu, after the event */
  uint32_t function; /* DdiFunction.id or DdiCallback.id; 0: none */
  uint32_t object;   /* ordinal of the object it is about; 0: none */
  int32_t status;    /* NTSTATUS or another small result */
  uint64_t value;    /* an address or a large number: shown, never hashed */
  uint32_t detail;   /* a small number whose meaning the kind gives */
  uint32_t site;     /* where in the driver (SimFrame.site): shown, never hashed; 0: not in driver code */
} SimEvent;

_Static_assert(sizeof(SimEvent) == 48, "an event is 48 bytes without padding");

/* Called for every event of the kinds asked for, in order of registration, inside the run: no allocation, no formatting. */
typedef void SimObserver(const SimEvent *event, void *data);

struct SimMachine;

/* Adds an observer of the kinds set in the mask (bit n of word n/64 is kind n); borrowed until the next sim_arena_reset. */
#define SIM_EVENT_KIND_COUNT 128
typedef struct SimEventMask {
  uint64_t bits[SIM_EVENT_KIND_COUNT / 64];
} SimEventMask;

static inline void sim_event_mask_add(SimEventMask *mask, unsigned kind) { mask->bits[kind / 64] |= 1ULL << (kind % 64); }

void sim_observer_add(struct SimMachine *machine, SimObserver *observer, void *data, SimEventMask mask);

/* The observer added last is told only of events of these functions, and perhaps of some others. For kinds that come with every call. */
void sim_observer_is_of_functions(struct SimMachine *machine, const uint32_t *functions, unsigned count);

/* The observer added last is told nothing until the run has become long: SIM_STEPS_LONG. Of one, with the mask it was added with. */
#define SIM_STEPS_LONG 1024
void sim_observer_is_of_long_runs(struct SimMachine *machine, SimEventMask mask);
/* The run is long. */
void sim_observer_of_long_runs_wake(struct SimMachine *machine);

/* Nobody observes until the next restore. */
void sim_observers_silence(struct SimMachine *machine);

/* The observer added last is told only while races are looked for (race.h). */
void sim_observer_is_of_races(struct SimMachine *machine, SimEventMask mask);
/* They are, or are not, from now on. */
void sim_observer_of_races_set(struct SimMachine *machine, bool is_told);

/* Where the detail run keeps its events: host memory that grows by doubling; owned by the caller of the run. */
typedef struct SimRecord {
  SimEvent *events;
  size_t count;
  size_t capacity;
} SimRecord;

void sim_record_finish(SimRecord *record);

/* Fills time, sequence, context, cpu and irql from the machine, folds the event into the hash, records it and tells the observers.
 * `event` is borrowed. Any IRQL. */
void sim_event_emit(struct SimMachine *machine, SimEvent *event);

/* The short form. */
void sim_event(struct SimMachine *machine, unsigned kind, uint32_t function, uint32_t object, int32_t status, uint32_t detail,
               uint64_t value);
