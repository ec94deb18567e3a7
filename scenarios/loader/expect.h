/*
 * expect.h: expectations of a scenario: what holds in every schedule explored (always), in at least one (sometimes), in none (never).
 *
 * Immutable, checked when loaded: each can hold on this machine with these drivers. The runner evaluates them (run_*.c).
 */
#pragma once

#include "text.h"

#include "model/ddi/bugchecks.h"
#include "model/ddi/ddi.h"
#include "model/object.h"
#include "model/rules/rule.h"
#include "sim/event.h"
#include "sim/machine.h"

typedef enum ExpectWhen { EXPECT_ALWAYS, EXPECT_SOMETIMES, EXPECT_NEVER, EXPECT_WHEN_COUNT } ExpectWhen;
extern const char *const expect_when_names[EXPECT_WHEN_COUNT]; /* "always", ... */

typedef enum ExpectKind {
  EXPECT_BUGCHECK, /* the machine stops with that bug check and parameters */
  EXPECT_FINDING,  /* a rule found that mistake */
  EXPECT_EVENT,    /* an event of the stream, `count` times or at least once */
  EXPECT_ORDER,    /* events follow one another, others between them */
  EXPECT_OUTCOME,  /* how the run ended */
  EXPECT_STATE,    /* the final state of a thing of Windows */
  EXPECT_GLOBAL,   /* the final value of a driver's global */
} ExpectKind;

/* One parameter of a bug check. */
typedef enum ExpectParameterKind {
  EXPECT_PARAMETER_ANY,         /* "any", or not written */
  EXPECT_PARAMETER_NUMBER,      /* 2, "0x1f", "DISPATCH_LEVEL", "STATUS_..." */
  EXPECT_PARAMETER_OBJECT,      /* the address of the object of that kind and name: "agent", "fw.gLock" */
  EXPECT_PARAMETER_OBJECT_KIND, /* the address of any object of that kind: "any process" */
  EXPECT_PARAMETER_CODE,        /* an address in that driver's code: "fw.classify", "fw" */
} ExpectParameterKind;

typedef struct ExpectParameter {
  ExpectParameterKind kind;
  uint64_t number;
  ObjectKind object_kind; /* OBJECT_NONE: of any kind, known by its name */
  const char *driver;     /* EXPECT_PARAMETER_CODE; of OBJECT the driver whose global it is, or NULL */
  const char *name;       /* object, global or function; NULL with CODE: anywhere in the driver */
  Text text;              /* as written; absent for a JSON number */
} ExpectParameter;

typedef struct ExpectBugcheck {
  bool is_any; /* any bug check at all */
  uint32_t code;
  const DdiBugcheck *row; /* NULL when is_any */
  ExpectParameter parameters[4];
} ExpectBugcheck;

typedef struct ExpectFinding {
  bool is_any;                 /* any rule */
  const RuleInfo *rule;        /* NULL when is_any */
  const DdiFunction *function; /* at this function; NULL: not asked */
  const DdiCallback *callback; /* at the return of this kind of callback; NULL: not asked */
  const char *where_driver;    /* in this driver; NULL: not asked */
  const char *where_function;  /* in this function of it; NULL: not asked */
} ExpectFinding;

/* An event pattern; what is not asked matches everything. */
typedef struct ExpectEvent {
  unsigned kind;      /* SimEventKind or ModelEventKind */
  uint32_t function;  /* DdiFunction.id or DdiCallback.id; 0: not asked */
  const char *object; /* name of the object; NULL: not asked */
  bool has_status;
  int32_t status;
  bool has_detail;
  uint32_t detail;
  int cpu;  /* -1: not asked */
  int irql; /* -1: not asked */
  Text text;
} ExpectEvent;

typedef enum ExpectOutcome {
  EXPECT_CLEAN,        /* no bug check, no finding, and the run ended by itself: nothing left to do */
  EXPECT_QUIET,        /* no bug check, and the run ended by itself; findings allowed */
  EXPECT_HUNG,         /* nothing can go on, and a CPU spins or hangs */
  EXPECT_NOT_MODELLED, /* a function that is not modelled was called: name, or any */
  EXPECT_GUEST_CRASH,  /* compiled driver code crashed in a way no hook saw */
  EXPECT_LIMIT,        /* a limit was reached: which, or any (SIM_STOP_NONE) */
} ExpectOutcome;

typedef enum ExpectStateKind {
  EXPECT_STATE_CONNECTION, /* endpoint: permitted, blocked, pending, closed, none */
  EXPECT_STATE_THREAD,     /* process and name: running, ready, waiting, ended */
  EXPECT_STATE_CPU,        /* number: idle, spinning, hung, or an IRQL */
  EXPECT_STATE_DRIVER,     /* name: loaded, unloaded */
} ExpectStateKind;

typedef enum ExpectStateValue {
  EXPECT_IS_PERMITTED,
  EXPECT_IS_BLOCKED,
  EXPECT_IS_PENDING,
  EXPECT_IS_CLOSED,
  EXPECT_IS_NONE, /* there never was one */
  EXPECT_IS_RUNNING,
  EXPECT_IS_READY,
  EXPECT_IS_WAITING,
  EXPECT_IS_ENDED,
  EXPECT_IS_IDLE,
  EXPECT_IS_SPINNING,
  EXPECT_IS_HUNG,
  EXPECT_IS_AT_IRQL, /* number */
  EXPECT_IS_LOADED,
  EXPECT_IS_UNLOADED,
} ExpectStateValue;

typedef struct ExpectState {
  ExpectStateKind kind;
  uint32_t address; /* connection: its local end */
  uint16_t port;
  const char *process;
  const char *name;
  unsigned number; /* cpu; the IRQL is in `irql` */
  SimIrql irql;
  ExpectStateValue is;
} ExpectState;

typedef struct ExpectGlobal {
  const char *driver;
  const char *name;
  int64_t value;
} ExpectGlobal;

typedef struct Expectation {
  ExpectWhen when;
  ExpectKind kind;
  TextPosition position;
  const char *text; /* in one line, as a report prints it: `irql-too-high at FltSendMessage` */
  /* How often in a run, for findings and events. */
  bool has_count;
  uint64_t count;
  int cpu; /* findings and bug checks: on this cpu; -1: not asked */
  ExpectBugcheck bugcheck;
  ExpectFinding finding;
  const ExpectEvent *events; /* EXPECT_EVENT: one; EXPECT_ORDER: event_count */
  size_t event_count;
  ExpectOutcome outcome;
  const char *not_modelled; /* NULL: any */
  SimStop limit;            /* SIM_STOP_NONE: any */
  ExpectState state;
  ExpectGlobal global;
} Expectation;

typedef struct ExpectSet {
  const Expectation *items; /* in the order of the file: always, sometimes, never as they stand there */
  size_t count;
} ExpectSet;
