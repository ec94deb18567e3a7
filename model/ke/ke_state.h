/*
 * ke_state.h: the dispatcher's own state: what threads, waits, DPCs, timers and spin locks truly are, whatever driver code has written over
 * their structures. Stdint and sim only: rules, scenarios and reports read it. Everything is in the arena; zeroed when a run begins.
 */
#pragma once

#include "../../sim/machine.h"
#include "../object.h"

#include <stdbool.h>
#include <stdint.h>

struct KeThread;
struct KeDpc;
struct KeInterrupt;
struct KeTimer;

#define KE_PRIORITY_COUNT 32
#define KE_PRIORITY_REAL_TIME_LOWEST 16

/* ---- dispatcher objects: what can be waited for ---- */

typedef enum KeDispatcherType {
  KE_EVENT_NOTIFICATION,    /* stays set, frees all */
  KE_EVENT_SYNCHRONIZATION, /* frees one and resets */
  KE_SEMAPHORE,
  KE_MUTEX,
  KE_TIMER_NOTIFICATION,
  KE_TIMER_SYNCHRONIZATION,
  KE_THREAD,  /* set when it has ended */
  KE_PROCESS, /* set when its last thread has ended */
} KeDispatcherType;

/* The first member of every structure of a dispatcher object. */
typedef struct KeDispatcher {
  Object *object;
  SimLink waiters; /* KeWaitBlock.link, in the order of arrival */
  int32_t signal_state;
  uint8_t type; /* KeDispatcherType */
} KeDispatcher;

typedef struct KeWaitBlock {
  SimLink link;
  struct KeThread *thread;
  KeDispatcher *dispatcher;
  uint32_t index;
} KeWaitBlock;

#define KE_WAIT_BLOCK_COUNT 4 /* in the thread; longer waits take theirs from the heap */

typedef KeDispatcher KeEvent;

typedef struct KeSemaphore {
  KeDispatcher header;
  int32_t limit;
} KeSemaphore;

typedef struct KeMutex {
  KeDispatcher header; /* signal_state 1: free; 0, -1, ...: owned, acquired 1 - signal_state times */
  struct KeThread *owner;
  SimLink link; /* in KeThread.mutexes */
  bool is_abandoned;
  bool disables_apcs;
} KeMutex;

/* A place in the timer queue: a KTIMER's or the time-out of a thread's wait. */
typedef struct KeTimerEntry {
  SimQueueEntry entry;
  struct KeTimer *timer; /* one of the three */
  struct KeThread *thread;
  uint64_t freed_address; /* of a KTIMER whose memory was freed while it was set */
} KeTimerEntry;

typedef struct KeTimer {
  KeDispatcher header;
  KeTimerEntry entry;
  struct KeDpc *dpc; /* NULL: none */
  uint64_t period_ns;
} KeTimer;

/* ---- processes and threads ---- */

typedef struct KeProcess {
  KeDispatcher header;
  uint32_t process_id;
  uint32_t thread_count; /* that have not ended */
  int32_t exit_status;
  bool is_user;    /* has a user-mode side */
  SimLink threads; /* KeThread.process_link */
  void *extension; /* model/ps */
} KeProcess;

typedef enum KeThreadState {
  KE_THREAD_INITIALIZED,
  KE_THREAD_READY,
  KE_THREAD_STANDBY, /* chosen for a cpu that has not switched yet */
  KE_THREAD_RUNNING,
  KE_THREAD_WAITING,
  KE_THREAD_TERMINATED,
} KeThreadState;

typedef enum KeWaitKind { KE_WAIT_ANY, KE_WAIT_ALL } KeWaitKind;

typedef void KeThreadStart(void *argument);

typedef struct KeThread {
  KeDispatcher header;
  SimContext *context; /* NULL: an idle thread, or one that has ended */
  KeProcess *process;  /* whose thread it is */
  KeProcess *attached; /* in whose address space it is now; == process when it is not attached */
  SimLink process_link;
  uint32_t thread_id;
  uint8_t state;   /* KeThreadState */
  int8_t priority; /* with boost */
  int8_t base_priority;
  uint8_t cpu;             /* the one it runs or stands by on, or ran on last */
  uint8_t apc_state_index; /* 1: attached */
  uint8_t attach_depth;
  bool is_user;                /* a user-mode thread: its code is scenario steps, its kernel part begins at a system call */
  bool is_terminating;         /* is to end at its next return to user mode; user-mode waits end at once */
  uint64_t affinity;           /* bit n: may run on cpu n */
  uint64_t user_affinity;      /* before KeSetSystemAffinityThreadEx */
  uint64_t quantum_begin_ns;   /* SimVcpu.executed_ns when its quantum began; meaningful while it runs */
  uint64_t quantum_used_ns;    /* of the current quantum, in former turns on a cpu */
  int16_t kernel_apc_disable;  /* 0, or minus the depth of critical regions */
  int16_t special_apc_disable; /* 0, or minus the depth of guarded regions */
  SimLink mutexes;             /* KeMutex.link: owned */
  KeThreadStart *start;        /* a function of the model */
  void *argument;
  uint32_t system_call;         /* DdiFunction.id or another number of the system call it is in; 0: none */
  uint64_t system_call_address; /* of the service, as bug check 0x4A names it */
  int16_t system_call_apc_disable[2];
  int32_t exit_status;
  void *extension; /* model/ps */
  void *user;      /* model/user */

  /* its wait */
  KeWaitBlock wait_blocks[KE_WAIT_BLOCK_COUNT];
  KeWaitBlock *blocks;  /* the ones in use: wait_blocks or heap */
  uint32_t block_count; /* 0: waits for nothing but the time-out */
  uint8_t wait_kind;    /* KeWaitKind */
  bool wait_is_alertable;
  bool wait_is_user; /* WaitMode UserMode */
  SimIrql wait_irql; /* the level it waits at */
  int32_t wait_status;
  uint32_t wait_object; /* ordinal of the first object waited for; 0: none */
  KeTimerEntry timeout;
} KeThread;

/* ---- DPCs, interrupts ---- */

typedef enum KeDpcImportance { KE_DPC_LOW, KE_DPC_MEDIUM, KE_DPC_HIGH, KE_DPC_MEDIUM_HIGH } KeDpcImportance; /* KDPC_IMPORTANCE */

typedef void KeDpcRoutine(struct KeDpc *dpc, void *argument);

typedef struct KeDpc {
  Object *object;
  SimLink link; /* in KePrcb.dpcs */
  bool is_queued;
  bool has_target;
  bool is_threaded;   /* Simplified: runs as an ordinary DPC, as with ThreadDpcEnable = 0 */
  bool is_timer_dpc;  /* queued by its timer: bug check 0xC7 tells them apart */
  uint8_t importance; /* KeDpcImportance */
  uint8_t target;
  uint8_t cpu;            /* whose queue it is in */
  uint64_t freed_address; /* of a KDPC whose memory was freed while it was queued; 0: it is there */
  uint32_t identity;      /* path of its creation: contexts of its runs are numbered from it */
  uint32_t run_count;
  uint64_t routine; /* of driver code */
  uint64_t context;
  uint64_t arguments[2];
  KeDpcRoutine *internal; /* a DPC of Windows' own: a function of the model, instead of routine */
  void *internal_argument;
} KeDpc;

typedef void KeInterruptRoutine(struct KeInterrupt *interrupt, void *argument);

/* A device's interrupt. */
typedef struct KeInterrupt {
  Object *object;
  SimInterrupt interrupt;
  KeInterruptRoutine *routine;
  void *argument;
  uint32_t identity;
  uint32_t run_count;
} KeInterrupt;

/* ---- spin locks ---- */

typedef struct KeSpinLock {
  Object *object;
  bool is_held;
  bool is_garbage; /* was never initialised and its memory says held: nobody will release it */
  uint8_t form;    /* LockForm it was taken with */
  uint8_t owner_cpu;
  bool owner_is_thread;  /* it was taken by a thread, not by a DPC or an ISR on top of one */
  uint32_t owner_thread; /* ordinal of the thread current when it was taken */
  uint32_t readers;      /* reader/writer locks: holders of the shared kind */
  uint32_t writers_waiting;
  uint32_t ticket_next; /* queued form: FIFO */
  uint32_t ticket_served;
} KeSpinLock;

/* ---- processors ---- */

typedef struct KePrcb {
  uint8_t number;
  SimVcpu *vcpu;
  KeThread *current; /* the idle thread when it has nothing to run */
  KeThread *next;    /* chosen to run as soon as the cpu's IRQL allows; NULL: none */
  KeThread *idle;
  SimInterrupt dispatch; /* the software interrupt at DISPATCH_LEVEL */
  SimInterrupt clock;    /* the clock's, at CLOCK_LEVEL */
  SimInterrupt watchdog; /* found in the clock's interrupt: DPC_WATCHDOG_VIOLATION */
  SimLink dpcs;          /* KeDpc.link */
  uint32_t dpc_depth;
  uint32_t dpc_requests; /* since the tick dpc_requests_tick */
  uint64_t dpc_requests_tick;
  bool is_dpc_active; /* Prcb->DpcRoutineActive (K-DPC-7) */
  bool is_quantum_over;
  bool timer_request;    /* the clock found timers due */
  uint32_t running_dpc;  /* ordinal; 0: none */
  uint64_t dpc_begin_ns; /* SimVcpu.executed_ns when the running DPC began */
  uint32_t drain_count;
  SimQueueEntry watch; /* when the watchdog has to look next */
} KePrcb;

/* ---- the end ---- */

/* What KeBugCheckEx was called with, and where. code 0: it was not. */
typedef struct KeBugcheck {
  uint32_t code;
  uint64_t parameters[4];
  uint32_t objects[4]; /* ordinals of what the parameters point to; 0: no object */
  uint32_t thread;     /* ordinal of the current thread */
  uint32_t process;    /* ordinal of the current process */
  uint32_t context;    /* id; 0: none */
  uint32_t dpc;        /* ordinal of the DPC that was running; 0: none */
  uint32_t site;       /* where in the driver */
  uint8_t cpu;
  SimIrql irql;
  bool is_dpc_active;
} KeBugcheck;

/* The ready threads of one priority: first come, first run. Close together, since searches look at all of them at each point. */
typedef struct KeReadyQueue {
  uint16_t *slots; /* of their contexts; zero from `count` on */
  uint16_t count;
  uint16_t capacity;
  uint32_t other_count; /* of those with another affinity than the one below */
  uint64_t affinity;    /* of the first that came; 0: there is none */
} KeReadyQueue;

typedef struct KeState {
  uint32_t prcb_count;
  uint32_t ready_mask; /* bit n: ready[n] is not empty */
  KeReadyQueue ready[KE_PRIORITY_COUNT];
  KeProcess *idle_process;
  KeProcess *system_process;
  uint32_t process_id_next;
  uint32_t thread_id_next;
  SimQueue timers;    /* KeTimerEntry.entry by due time */
  SimQueueEntry tick; /* the next tick at which something is due */
  uint64_t tick_ns;
  uint64_t quantum_ns;
  bool is_begun;
  KeBugcheck bugcheck;
  KePrcb *prcbs; /* [prcb_count] */
  void *ipi;     /* of KeIpiGenericCall; NULL: it was never called */
} KeState;
