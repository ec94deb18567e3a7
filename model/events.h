/*
 * events.h: the kinds of event the model emits, beside those of sim/event.h. Stdint only: the model, the rules, the scenarios and the reports
 * read it. Per kind: what function, object, status, detail and value mean. Objects are ordinals (model/object.h).
 */
#pragma once

#include "../sim/event.h"

typedef enum ModelEventKind {
  /* the DDI */
  EVENT_CALL = SIM_EVENT_MODEL, /* driver code calls a function; function; object: the object it names, if one; detail: 0 */
  EVENT_RETURN,                 /* it returns; function; status: its NTSTATUS or value, low 32 bits; detail: the IRQL at entry */
  EVENT_CALLBACK,               /* the model calls driver code; function: DdiCallback.id; object: the driver; value: its address */
  EVENT_CALLBACK_RETURN,        /* status: its result; detail: the IRQL at entry */
  EVENT_PHASE,                  /* an inner phase of a function is reached; detail: its index in DdiFunction.phases */
  EVENT_CONTRACT_IRQL,          /* a call at an IRQL outside of its contract; function; detail: allowed min | max << 8 | level << 16 */
  EVENT_CONTRACT_IRQL_RETURN, /* a function or callback returns at another IRQL; function; detail: entry | return << 8 | is_callback << 16 */
  EVENT_CONTRACT_POINTER,     /* a pointer parameter whose documented extent may not be touched; detail: parameter index; value: address */
  EVENT_CONTRACT,             /* another documented condition broken; detail: ModelContract (model/events.h) */
  EVENT_FAULT,        /* an access that may not be; detail: SimFaultReason | SimAccessKind << 8 | by_model << 16 | size << 20; value */
  EVENT_BUGCHECK,     /* the machine stops; detail: the code; parameters in ke_bugcheck() */
  EVENT_DEBUG_PRINT,  /* DbgPrint; value: index of the text in the debug log */
  EVENT_NOT_MODELLED, /* a function that is not modelled was called; function: FNV-1a of its name */

  /* threads and waits */
  EVENT_THREAD_CREATE, /* object: thread; detail: priority */
  EVENT_THREAD_EXIT,   /* object: thread; status */
  EVENT_READY,         /* object: thread; detail: priority */
  EVENT_RUN,           /* the cpu goes on with a thread; object: thread (0: idle) */
  EVENT_WAIT,          /* the current thread waits; object: the dispatcher object; detail: 1: no time-out, 2: time-out, 3: poll */
  EVENT_WAKE,          /* a wait ends; object: thread; status: STATUS_SUCCESS, STATUS_TIMEOUT, ... */
  EVENT_WAIT_HIGH,     /* a wait at DISPATCH_LEVEL or above is about to happen; object; detail: 1 in a DPC */
  EVENT_SIGNAL,        /* an object is set; object; detail: its former state */
  EVENT_CLEAR,         /* object */
  EVENT_ATTACH,        /* object: process */
  EVENT_DETACH,        /* object: process */
  EVENT_SYSTEM_CALL,   /* a user-mode thread enters the kernel; detail: which */
  EVENT_SYSTEM_RETURN, /* it goes back; status */

  /* spin locks */
  EVENT_LOCK_ACQUIRE,   /* object: lock; detail: LockForm */
  EVENT_LOCK_RELEASE,   /* object: lock; detail: LockForm of the release | form of the acquire << 8 | released by another owner << 16 */
  EVENT_LOCK_RECURSION, /* the cpu already holds it; object: lock */
  EVENT_LOCK_NOT_HELD,  /* a release of a lock that nobody holds; object: lock */

  /* DPCs, interrupts, timers, work items */
  EVENT_DPC_QUEUE,    /* object: DPC; detail: target cpu; status: 1 queued, 0 was queued already */
  EVENT_DPC_REMOVE,   /* object: DPC; status: 1 was queued */
  EVENT_DPC_BEGIN,    /* object: DPC */
  EVENT_DPC_END,      /* object: DPC */
  EVENT_TIMER_SET,    /* object: timer; status: 1 it was set already; value: due time in ns */
  EVENT_TIMER_CANCEL, /* object: timer; status: 1 was set */
  EVENT_TIMER_EXPIRE, /* object: timer */
  EVENT_WORK_QUEUE,   /* object: work item */
  EVENT_WORK_BEGIN,   /* object: work item */
  EVENT_WORK_END,     /* object: work item */

  /* memory and objects */
  EVENT_POOL_ALLOCATE, /* object: block; detail: tag; value: address; status: size */
  EVENT_POOL_FREE,     /* object: block; detail: tag */
  EVENT_PAGE_IN,       /* a page fault is served; value: address */
  EVENT_PAGE_OUT,      /* a page is trimmed; value: address */
  EVENT_OBJECT_CREATE, /* object; detail: ObjectKind */
  EVENT_OBJECT_DELETE, /* object; detail: ObjectKind */
  EVENT_DRIVER_LOAD,   /* object: driver; status: DriverEntry's */
  EVENT_DRIVER_UNLOAD, /* object: driver */

  /* WFP and the stack */
  EVENT_CLASSIFY,         /* classification begins at a layer; object: connection or flow; detail: layer id | is_reauthorize << 16 */
  EVENT_CLASSIFY_CALLOUT, /* a callout's classifyFn is about to be called; object: callout; detail: layer id | is_reauthorize << 16 */
  EVENT_CLASSIFY_ANSWER, /* it answered; object: callout; status: actionType; detail: classifyOut flags | rights << 16 | is_reauthorize << 24 */
  EVENT_CLASSIFY_DECISION, /* the engine's decision at the layer; object: connection or flow; status: action; detail: layer id | absorb << 16 */
  EVENT_PEND,              /* FwpsPendOperation0 succeeded; object: pended operation */
  EVENT_PEND_FAILED,       /* object: connection; status */
  EVENT_PEND_COMPLETE,     /* FwpsCompleteOperation0; object: pended operation; detail: references left */
  EVENT_PEND_STALE, /* FwpsCompleteOperation0 with a context that is none, or completed before; value: context; detail: 1 completed before */
  EVENT_PEND_WITHOUT_ABSORB, /* a classify that pended did not return BLOCK with ABSORB; object: pended operation; status: actionType; detail: flags */
  EVENT_CONNECTION,      /* object: connection; detail: ConnectionState */
  EVENT_PACKET,          /* traffic reaches the stack; object: connection or flow; detail: bytes */
  EVENT_STREAM_INJECT,   /* object: flow; status; detail: bytes */
  EVENT_STREAM_INJECTED, /* the completion function is due; object: flow; status */
  EVENT_STREAM_DATA,     /* stream data delivered to its reader; object: flow; detail: bytes */
  EVENT_IRQL_LEAK_PATH,  /* netio.sys before KB2664888 takes its faulty path; object: flow; detail: leak path */

  /* the Filter Manager and user mode */
  EVENT_PORT_CONNECT,    /* object: client port; status */
  EVENT_PORT_DISCONNECT, /* object: client port */
  EVENT_MESSAGE_SEND,    /* FltSendMessage has queued its message; object: message */
  EVENT_MESSAGE_TAKE,    /* a receiver takes it; object: message */
  EVENT_MESSAGE_REPLY,   /* a receiver replies; object: message; status */
  EVENT_MESSAGE_DONE,    /* FltSendMessage ends; object: message; status; detail: 1 the reply buffer was filled; value: reply buffer */

  EVENT_MADE_TO_FAIL, /* a call fails for no reason of its own; function; status; detail: 1: the scenario names it, 0: a choice */

  EVENT_KIND_END,
} ModelEventKind;

_Static_assert(EVENT_KIND_END <= SIM_EVENT_KIND_COUNT, "event masks have room for every kind");

/* Ways of taking and giving back a spin lock. */
typedef enum LockForm {
  LOCK_FORM_RAISE,     /* KeAcquireSpinLock, KeAcquireSpinLockRaiseToDpc / KeReleaseSpinLock */
  LOCK_FORM_DPC_LEVEL, /* ...AtDpcLevel / ...FromDpcLevel */
  LOCK_FORM_QUEUED,    /* KeAcquireInStackQueuedSpinLock / KeReleaseInStackQueuedSpinLock */
  LOCK_FORM_QUEUED_DPC_LEVEL,
} LockForm;

/* Documented conditions other than IRQL and pointers (EVENT_CONTRACT.detail). */
typedef enum ModelContract {
  CONTRACT_OBJECT_NOT_INITIALIZED, /* a dispatcher object, lock, DPC or timer that was never initialised; value: address */
  CONTRACT_OBJECT_FREED,           /* its memory was freed */
  CONTRACT_OBJECT_KIND,            /* the pointer names another kind of object */
  CONTRACT_WORK_ITEM_QUEUED,       /* queued, freed or set up again while queued */
  CONTRACT_TIMER_FREED,            /* memory with a set timer or a queued DPC was freed */
  CONTRACT_LOWER_TO,               /* KeLowerIrql to a level above the current one, or below DISPATCH_LEVEL in a DPC; raise to one below */
  CONTRACT_UNLOAD_RESOURCES,       /* DriverUnload returned with something of the driver still alive; object */
} ModelContract;

/* The name of an event kind of sim or the model, as traces print it ("call", "lock-acquire"); "?" when there is none. Constant. */
const char *model_event_name(unsigned kind);
