/*
 * internal.h: what the files of sim/ share with one another and with nobody else.
 */
#pragma once

#include "machine.h"

/* Accesses between two looks at the limits when the policy chooses none. */
#define SIM_ACCESS_LOOK 65536u

/* All cpus are held up for at most that long. */
#define SIM_HOLD_UP_NS_MAX 1000000000ull

/* A context for an interrupt of that level, named by the cpu, the level and how many there were before. */
SimContext *sim_context_create_interrupt(SimMachine *machine, SimVcpu *vcpu, SimIrql irql, SimContextKind kind,
                                         void (*entry)(SimMachine *, void *), void *argument);
/* The live context of that id; NULL: there is none. */
SimContext *sim_context_of_id(SimMachine *machine, uint32_t id);
void sim_context_switch(SimMachine *machine, SimContext *to);
void sim_context_pause(SimMachine *machine);
void sim_context_leave(SimMachine *machine) __attribute__((noreturn));
void sim_access_budget_draw(SimMachine *machine, SimContext *context);
void sim_access_budget_settle(SimMachine *machine);

/* Calls routine(machine, argument) on the host's own stack; sim_stop on that stack comes back here at once. Taking returns when there is no such
 * call, or when a context runs. */
void sim_landing_call(void (*routine)(SimMachine *machine, void *argument), void *argument);
void sim_landing_take(void);
/* The host process' variable for the innermost such call: a pointer to landing.c's structure on the host's stack. */
void *sim_process_landing(void);

/* An interrupt above its IRQL is pending. */
static inline bool sim_vcpu_is_interruptible(const SimVcpu *vcpu) { return (vcpu->pending_levels >> (vcpu->irql + 1)) != 0; }
void sim_vcpu_update(SimMachine *machine, SimVcpu *vcpu);
SimInterrupt *sim_interrupt_first(const SimVcpu *vcpu);
void sim_interrupt_take(SimMachine *machine, SimVcpu *vcpu);

/* Emits an event as happening on that cpu and in that context (which does not run yet). */
void sim_event_emit_as(SimMachine *machine, const SimVcpu *vcpu, const SimContext *context, SimEvent *event);

/* Something could go otherwise: the policy begins. Does not return where the run ends with it. */
void sim_forced_end(SimMachine *machine);
/* A place where the run could be left; true: it is to be left here. */
bool sim_forced_is_left(SimMachine *machine);
/* Accesses of the current context from here on are looked at anew: who could step may be others than before. */
void sim_forced_look_again(SimMachine *machine);
/* At an access whose turn it is; `count` could step. True: the policy is to be asked about this one. */
bool sim_forced_access(SimMachine *machine, uint32_t count);

/* sim_choose for a point that belongs to a given context, with a given ordinal or (UINT32_MAX) the next one. */
uint32_t sim_choose_in(SimMachine *machine, SimContext *context, SimChoiceKind kind, uint32_t ordinal, uint32_t natural,
                       const SimOption *options, uint32_t option_count);

/* A point of that kind that nobody is asked about: counted, so that ordinals mean the same under every policy. */
void sim_choice_skip(SimMachine *machine, SimChoiceKind kind);

/* Makes the stacks of a slot usable, and of all slots before it: false where the host refuses. */
bool sim_stack_open(unsigned slot);

/* First address beyond the host stack of a slot. Stacks are a power of two apart: without another shift each, what runs write of many of them would
 * have few places in a cache. */
static inline uint64_t sim_host_stack_top(unsigned slot) {
  return sim_stack_slot(slot) + SIM_STACK_SLOT_SIZE - SIM_GUEST_STACK_SIZE - SIM_PAGE_SIZE - slot * 320 % SIM_PAGE_SIZE;
}

/* Driver code runs on the guest stack of that slot; a context is made in that slot: its guest stack is zeroed if driver code was there. */
void sim_guest_stack_note(unsigned slot);
void sim_guest_stack_renew(unsigned slot);

/* Page attributes of images and stacks are not part of a snapshot: what watches changed there is put back first. */
void sim_watches_end(SimMachine *machine);
/* After a restore: those of the restored state. */
void sim_watches_restore(SimMachine *machine);

/* Brings it into the order that look-ups need; nothing when it is. */
void sim_schedule_sort(SimSchedule *schedule);
/* The exception of that context and kind with the lowest ordinal from `ordinal` on; NULL: none. Borrowed. */
const SimException *sim_schedule_at_or_after(const SimSchedule *schedule, uint32_t context, SimChoiceKind kind, uint32_t ordinal);
