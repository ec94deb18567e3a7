/*
 * context.h: contexts of execution: fibers on one host thread (decision 1). A thread, a DPC drain, an ISR and a user-mode thread each are one.
 *
 * A context has two stacks. Its host stack carries irqlab's own C code. Its guest stack, 24 KiB as Windows' kernel stacks are, carries
 * compiled driver code only, at a fixed address: what driver code sees of it never depends on how irqlab was built.
 */
#pragma once

#include "arena.h"
#include "choice.h"
#include "irql.h"
#include "list.h"

#include <stdbool.h>
#include <stdint.h>

struct SimMachine;
struct SimVcpu;

typedef enum SimContextKind { SIM_CONTEXT_THREAD, SIM_CONTEXT_DPC, SIM_CONTEXT_INTERRUPT } SimContextKind;

/* One slot of the stack region: [guard | host stack | guard | guest stack | guard?]. */
#define SIM_STACK_SLOT_SIZE 0x20000ULL
#define SIM_GUEST_STACK_SIZE 0x6000ULL
/* The slots of a machine with few contexts stand in the arena; those beyond stand far from it, and are mapped when the first is needed. */
#define SIM_CONTEXT_COUNT_NEAR 190
#define SIM_CONTEXT_COUNT_MAX 1190
#define SIM_FRAME_COUNT_MAX 96

static inline uint64_t sim_stack_slot(unsigned slot) {
  uint64_t base = slot < SIM_CONTEXT_COUNT_NEAR ? SIM_STACK_BASE : SIM_FAR_STACK_BASE - SIM_CONTEXT_COUNT_NEAR * SIM_STACK_SLOT_SIZE;
  return base + slot * SIM_STACK_SLOT_SIZE;
}

/* The slot whose stacks an address is in; SIM_CONTEXT_COUNT_MAX: none. */
static inline unsigned sim_stack_slot_of(uint64_t address) {
  if (address - SIM_STACK_BASE < SIM_CONTEXT_COUNT_NEAR * SIM_STACK_SLOT_SIZE)
    return (unsigned)((address - SIM_STACK_BASE) / SIM_STACK_SLOT_SIZE);
  uint64_t far = (address - SIM_FAR_STACK_BASE) / SIM_STACK_SLOT_SIZE;
  return address >= SIM_FAR_STACK_BASE && far < SIM_CONTEXT_COUNT_MAX - SIM_CONTEXT_COUNT_NEAR ? SIM_CONTEXT_COUNT_NEAR + (unsigned)far
                                                                                               : SIM_CONTEXT_COUNT_MAX;
}

/* One active function of driver code: the guest's call stack as the report shows it. */
typedef struct SimFrame {
  uint32_t site;     /* where it was called from: see SIM_SITE_* */
  uint32_t function; /* site of its entry (compiled) or the number of the step function */
} SimFrame;

/* A place in driver code, in 32 bits. 0: none. Compiled: image slot and offset. Steps: the number of the step in the scenario. */
#define SIM_SITE_STEP 0x80000000u
#define SIM_SITE_IMAGE(slot, offset) (((uint32_t)(slot) << 24) | (uint32_t)(offset))

typedef struct SimContext {
  uint32_t id;     /* from the path of its creation: parent's id (or cpu and level), kind, and which of those it is */
  uint32_t object; /* ordinal of what it is (a thread object, a DPC object); 0: none */
  uint8_t kind;    /* SimContextKind */
  SimIrql irql;    /* the cpu's IRQL while this context is on top of it */
  uint16_t slot;
  bool is_waiting; /* a thread that is on no cpu's stack */
  bool is_live;
  bool is_spinning;     /* on spin_address: its cpu is not enabled while it is on top */
  bool is_hung;         /* sim_vcpu_hang: interrupts may land on it, it never goes on */
  uint32_t children[3]; /* contexts created, by kind */
  uint32_t choice_ordinals[SIM_CHOICE_KIND_COUNT];
  uint32_t site;           /* where driver code is now */
  uint32_t access_ordinal; /* accesses of driver code so far */
  SimOperation pending;    /* what it is about to do: set at its last scheduling point */
  struct SimVcpu *vcpu;    /* on whose stack it is; NULL when waiting */
  uint64_t spin_address;
  void (*entry)(struct SimMachine *machine, void *argument);
  void *argument;
  void *owner;               /* the model's object for it (KTHREAD, DPC run) */
  void *host_stack_pointer;  /* while it does not run */
  void *gate_stack_pointer;  /* host stack at the innermost call into driver code: where DDI calls come back to */
  void *guest_stack_pointer; /* guest stack at the innermost call out of driver code */
  uint32_t call;             /* DdiFunction.id of the innermost call that driver code made; 0: it is in none */
  uint16_t callback_depth;   /* calls of driver code by the model that are active: steps or compiled */
  uint16_t frame_count;
  uint16_t guest_depth;   /* calls into driver code that are active */
  uint16_t frames_beyond; /* active functions that `frames` had no room for */
  uint16_t id_next;       /* slot + 1 of the next context whose id is in the same cell of SimMachine.id_cells, or of the next free one */
  uint32_t driver;        /* the model's: ordinal of the driver whose code runs in the context of id `driver_context` */
  uint32_t driver_context;
  uint64_t held_from_ns; /* the first tick that it was held up until, since it stepped last; 0: it was not */
  uint64_t race_epoch;   /* of the accesses it makes now (race.h); 0: nobody looks for races */
  const void *path;      /* the model's: the innermost of the calls of driver code that are active, linked */
  SimFrame frames[SIM_FRAME_COUNT_MAX];
} SimContext;

/* The current context is about to take another identity (id and ordinals), as an interrupt does that runs a DPC; and has taken it. Accesses so
 * far are the former's, and where the next one is preempted is asked for the new one. */
void sim_identity_leave(struct SimMachine *machine);
void sim_identity_take(struct SimMachine *machine, uint32_t id);

/* A new context, not on any cpu. `parent` NULL: created by the machine itself. Ends the run with a limit when there are too many. */
SimContext *sim_context_create(struct SimMachine *machine, SimContext *parent, SimContextKind kind,
                               void (*entry)(struct SimMachine *, void *), void *argument);

/* Ends the current context: it leaves its cpu and its slot is free. Does not return. */
void sim_context_exit(struct SimMachine *machine) __attribute__((noreturn));

uint64_t sim_context_guest_stack_low(const SimContext *context);  /* lowest usable address */
uint64_t sim_context_guest_stack_high(const SimContext *context); /* first address beyond */

/* Pushes and pops frames of the guest's call stack. A full stack is the guest's stack overflow: returns false. */
bool sim_frame_push(SimContext *context, uint32_t site, uint32_t function);
void sim_frame_pop(SimContext *context);

/* Calls compiled driver code on the guest stack; up to 16 integer arguments. Returns its result (rax). x86-64 only. */
uint64_t sim_guest_call(SimContext *context, uint64_t function, const uint64_t *arguments, unsigned argument_count);

/* Runs `routine(argument)` on the current context's host stack, from a hook that driver code called on its guest stack. */
void sim_host_call(void (*routine)(void *), void *argument);
