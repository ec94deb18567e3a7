/*
 * vcpu.h: virtual CPUs: the IRQL as a property of the CPU (K-IRQL-2), the contexts stacked on it, interrupts pending by level.
 */
#pragma once

#include "context.h"
#include "irql.h"
#include "list.h"

#include <stdbool.h>
#include <stdint.h>

struct SimMachine;
struct SimVcpu;

/* An interrupt source. Intrusive: owned by whoever requests it (in the arena), pending on one cpu at a time. */
typedef struct SimInterrupt {
  SimLink link;
  SimIrql irql;         /* the level it is delivered at: only to a cpu below it */
  uint8_t context_kind; /* SIM_CONTEXT_INTERRUPT or SIM_CONTEXT_DPC */
  bool is_pending;
  bool is_prompt;  /* lands at the first possible point without a choice: software interrupts a cpu requests of itself */
  uint32_t object; /* ordinal, for events */
  void (*routine)(struct SimMachine *machine, void *argument); /* runs in a context of its own on that cpu, at irql */
  void *argument;
} SimInterrupt;

#define SIM_VCPU_DEPTH_MAX 20

typedef struct SimVcpu {
  uint8_t number;
  uint8_t depth;           /* contexts on it */
  bool is_hung;            /* never steps again */
  bool has_thread;         /* stack[0] is the current thread; else the cpu's own thread is the idle loop */
  SimIrql irql;            /* == stack[depth-1]->irql; PASSIVE when idle */
  uint32_t pending_levels; /* bit n: pending[n] is not empty */
  uint32_t late_levels;    /* ... and the first there could have landed before: the schedule put it off */
  uint64_t time_ns;        /* its own clock; >= now after it steps */
  uint64_t executed_ns;    /* time it really ran or spun: what watchdogs and quanta count */
  uint64_t high_since_ns;  /* executed_ns when it last rose to DISPATCH_LEVEL or above */
  uint32_t irql_raised_by; /* sequence of the event that last raised the IRQL from below DISPATCH_LEVEL */
  SimContext *stack[SIM_VCPU_DEPTH_MAX];
  SimLink pending[SIM_IRQL_COUNT];          /* SimInterrupt.link */
  uint32_t interrupt_count[SIM_IRQL_COUNT]; /* taken so far: what their contexts are named by */
  void *owner;                              /* the model's processor block */
} SimVcpu;

/* Makes the interrupt pending on that cpu; nothing when it already is pending. Callable from anywhere in a run. */
void sim_interrupt_request(struct SimMachine *machine, SimVcpu *vcpu, SimInterrupt *interrupt);
void sim_interrupt_init(SimInterrupt *interrupt, SimIrql irql, SimContextKind kind, void (*routine)(struct SimMachine *, void *),
                        void *argument);

/* Sets the IRQL of the current context's cpu and emits SIM_EVENT_IRQL with the function that did it. Lowering delivers what is pending
 * above the new level before it returns (a scheduling point). */
void sim_irql_raise(struct SimMachine *machine, SimIrql irql, uint32_t function);
void sim_irql_lower(struct SimMachine *machine, SimIrql irql, uint32_t function);

/* The thread a cpu goes on with once no interrupt context is above it; NULL: idle. From the cpu's own context, or for an idle cpu from any.
 * The old thread, if any, is then waiting (it keeps its IRQL: nothing restores a level that the thread itself had). */
void sim_vcpu_set_thread(struct SimMachine *machine, SimVcpu *vcpu, SimContext *thread);

/* Spins on an address until sim_spin_wake(address): not enabled, charged in bulk. Interrupts above its IRQL still land. */
void sim_spin(struct SimMachine *machine, uint64_t address, uint32_t object);
void sim_spin_wake(struct SimMachine *machine, uint64_t address);

/* The current cpu never steps again. Does not return. */
void sim_vcpu_hang(struct SimMachine *machine) __attribute__((noreturn));
