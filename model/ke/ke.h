/*
 * ke.h: the dispatcher, for the rest of the model: threads, waits, DPCs, interrupts, timers, processes, attaching, the end. Driver code calls
 * the functions under their Windows names; the model uses these where Windows' own code would reach below them. Stdint and sim only.
 *
 * None of these is a scheduling point unless its comment says so.
 */
#pragma once

#include "ke_state.h"

/* The dispatcher from nothing: processors, Idle and System processes, idle threads. From model_begin. */
void ke_begin(void);

/* ---- where am I? ---- */

KePrcb *ke_prcb_first(void); /* of cpu 0 */
/* NULL: that of cpu 0. */
static inline KePrcb *ke_prcb_of(const SimVcpu *vcpu) { return vcpu != NULL ? (KePrcb *)vcpu->owner : ke_prcb_first(); }
/* Of the current context's cpu; cpu 0 outside of a context. */
static inline KePrcb *ke_prcb(void) { return ke_prcb_of(sim_vcpu(sim_machine())); }
KeThread *ke_thread_current(void);   /* in an interrupt or DPC the thread it interrupted, or the cpu's idle thread: never NULL */
KeProcess *ke_process_current(void); /* the address space: that of the process attached to, if any */
static inline SimIrql ke_irql(void) {
  const SimVcpu *vcpu = sim_vcpu(sim_machine());
  return vcpu != NULL ? vcpu->irql : SIM_IRQL_PASSIVE;
}
bool ke_is_dpc_active(void); /* a DPC drain is active on this cpu (K-DPC-7) */

/* ---- guest addresses ---- */

uint64_t ke_address(const KeDispatcher *dispatcher); /* what driver code knows it by; 0 for NULL */
KeThread *ke_thread_at(uint64_t address);            /* NULL: no thread is there */
KeProcess *ke_process_at(uint64_t address);
KeDispatcher *ke_dispatcher_at(uint64_t address); /* any object that can be waited for; NULL: none was initialised there */

/* Before guest memory is used for something else (pool freed, image unloaded, a structure initialised anew): the dispatcher's objects in it
 * are no more. Set timers and queued DPCs there are CONTRACT_TIMER_FREED and are taken out of their queues; threads that wait for an object
 * there go on waiting. */
void ke_range_forget(uint64_t address, uint64_t size);

/* ---- processes and threads ---- */

/* A process with no thread yet; named in reports. Ends with ke_process_exit. */
KeProcess *ke_process_create(const char *name, bool is_user);
/* Every thread of it is to end (its user-mode waits end with STATUS_USER_APC); its object is set when the last one has ended. */
void ke_process_terminate(KeProcess *process, int32_t status);

/* A thread that will run start(argument) on a host stack of its own at PASSIVE_LEVEL; returning is ke_thread_exit(0). Initialised, not ready:
 * then ke_thread_ready. Callable from the host's own stack too. `name` may be NULL. */
KeThread *ke_thread_create(KeProcess *process, KeThreadStart *start, void *argument, int priority, const char *name);
/* Puts it where it can run: on an idle cpu, before a lower thread, or at the end of its queue. From any context, any IRQL, or none. */
void ke_thread_ready(KeThread *thread);
/* The same at a virtual time, for stimuli. */
void ke_thread_ready_at(KeThread *thread, uint64_t time_ns);
/* The current thread ends; mutexes it owns are abandoned. Its object stays until object_delete. Does not return. */
void ke_thread_exit(int32_t status) __attribute__((noreturn));
/* It is to end at its next return to user mode; a user-mode wait of it ends now with STATUS_USER_APC. */
void ke_thread_terminate(KeThread *thread, int32_t status);
/* Base priority, now; takes effect as preemption. Returns the old one. */
int ke_thread_priority_set(KeThread *thread, int priority);
/* The current thread stands back for others of its priority that are ready. A scheduling point. */
void ke_thread_yield(void);
const char *ke_thread_name(const KeThread *thread);

/* ---- waits: see wait.c ---- */

#define KE_WAIT_FOREVER UINT64_MAX

typedef struct KeWait {
  KeDispatcher *const *objects;
  uint32_t count; /* 0: only the time-out */
  KeWaitKind kind;
  bool is_user;
  bool is_alertable;
  uint64_t due_ns; /* virtual time at which it gives up; KE_WAIT_FOREVER; 0: polls */
} KeWait;

/* The current thread waits. Returns an NTSTATUS. A scheduling point. At DISPATCH_LEVEL or above with a time-out other than zero: what Windows
 * does (K-WAIT-3). */
int32_t ke_wait(const KeWait *wait);
int32_t ke_wait_one(KeDispatcher *object, bool is_user, uint64_t due_ns);
/* Ends a thread's wait, if it waits, with that status. */
void ke_wait_end(KeThread *thread, int32_t status, int increment);

/* Objects of the model's own, without guest memory. Owned by the caller; ke_dispatcher_delete. */
KeEvent *ke_event_create(const char *name, bool is_notification, bool is_set);
int32_t ke_event_set(KeEvent *event, int increment); /* returns the former state */
int32_t ke_event_reset(KeEvent *event);
KeSemaphore *ke_semaphore_create(const char *name, int32_t count, int32_t limit);
int32_t ke_semaphore_release(KeSemaphore *semaphore, int32_t count, int increment); /* returns the former count */
void ke_dispatcher_delete(KeDispatcher *dispatcher);

/* A Windows time-out (units of 100 ns; negative: from now; NULL: for ever) as ke_wait's due_ns; 0 when it has passed. */
uint64_t ke_due_ns(const int64_t *timeout);

/* ---- DPCs ---- */

/* A DPC of Windows' own. Owned by the caller. */
KeDpc *ke_dpc_create(const char *name, KeDpcRoutine *routine, void *argument);
/* Queues it on its target, or else on the cpu given, or else (-1) on the current one. false: it already was queued. */
bool ke_dpc_queue(KeDpc *dpc, int cpu);
bool ke_dpc_remove(KeDpc *dpc);

/* ---- interrupts of devices ---- */

KeInterrupt *ke_interrupt_create(const char *name, SimIrql irql, KeInterruptRoutine *routine, void *argument);
void ke_interrupt_request(KeInterrupt *interrupt, uint8_t cpu);
/* The device interrupts that cpu at that virtual time; once a call. */
void ke_interrupt_at(KeInterrupt *interrupt, uint8_t cpu, uint64_t time_ns);

/* ---- time ---- */

/* The same and something later, for what gives up or comes then. */
uint64_t ke_due_after_ns(uint64_t after_ns);
/* Whether it is that time, or later. */
bool ke_is_over(uint64_t time_ns);
uint64_t ke_now_ns(void);       /* virtual time of the current cpu */
uint64_t ke_tick_time_ns(void); /* of the last clock tick: what KeQuerySystemTime knows */
int64_t ke_system_time_100ns(void);

/* ---- callbacks: see level.c ---- */

enum { KE_LEVEL_AS_IS = 0xff };
/* Around a callback whose page allows up to DISPATCH_LEVEL: whether its caller stands there is a choice. What `begin` returned is for `end`. */
uint8_t ke_callback_level_begin(void);
void ke_callback_level_end(uint8_t before);

/* ---- attaching to a process: see attach.c ---- */

/* What a thread was attached to before; the model's KAPC_STATE. */
typedef struct KeApcState {
  KeProcess *process; /* NULL: nothing was changed */
  uint8_t apc_state_index;
} KeApcState;

void ke_attach(KeProcess *process, KeApcState *saved); /* bug check 0x5 while a DPC is active */
void ke_detach(const KeApcState *saved);

/* ---- system calls of user-mode threads ---- */

/* The current user-mode thread enters the kernel; `function` names the call in events, `address` in bug check 0x4A. */
void ke_system_call_enter(uint32_t function, uint64_t address);
/* It goes back: bug check 0x4A above PASSIVE_LEVEL, 0x1 with APCs disabled otherwise than at entry. Ends the thread if it is to end. */
void ke_system_call_return(int32_t status);

/* ---- the end ---- */

/* KeBugCheckEx, callable also outside of a context (`cpu` then says where). Ends the run; does not return when a context runs. */
void ke_bugcheck_raise(uint32_t code, uint64_t p1, uint64_t p2, uint64_t p3, uint64_t p4);
/* What the machine stopped with; NULL: it did not. */
const KeBugcheck *ke_bugcheck(void);
/* A modelled function raises an NTSTATUS and no driver of this model catches it: KMODE_EXCEPTION_NOT_HANDLED. Does not return. */
void ke_raise_status(int32_t status) __attribute__((noreturn));
