/*
 * scenario.h: a scenario file as loaded: typed, checked, immutable. What the runner boots, drives and judges.
 *
 * Everything is owned by the Scenario and lives as long as it does; lists are C arrays with their count. What a later message may have to name
 * carries its place in the file. An absent string is NULL (Text.text == NULL). Names of things (drivers, functions, processes) are resolved:
 * pointers lead to what is meant. scenarios/README.md explains the format by example, scenarios/schema.json key by key.
 */
#pragma once

#include "expect.h"
#include "json.h"
#include "text.h"

#include "model/ddi/ddi.h"
#include "model/ddi/ddi_state.h"
#include "model/ddi/windows.h"
#include "sim/irql.h"
#include "sim/machine.h"
#include "sim/search.h"

typedef struct Scenario Scenario;
typedef struct ScenarioDriver ScenarioDriver;
typedef struct ScenarioFunction ScenarioFunction;
typedef struct ScenarioProcess ScenarioProcess;
typedef struct ScenarioThread ScenarioThread;
typedef struct ScenarioScript ScenarioScript;

/* ---- the machine ---- */

typedef enum ScenarioWaitAtDispatch { SCENARIO_WAIT_SWITCH, SCENARIO_WAIT_HANG } ScenarioWaitAtDispatch;
typedef enum ScenarioNetio { SCENARIO_NETIO_FIXED, SCENARIO_NETIO_BEFORE_KB2664888 } ScenarioNetio;
typedef enum ScenarioFltsendOrder { SCENARIO_FLTSEND_ATTACH_FIRST, SCENARIO_FLTSEND_WAIT_FIRST } ScenarioFltsendOrder;

/* Paths of FwpsStreamInjectAsync0 on which netio.sys before KB2664888 leaks the IRQL: bits. */
typedef enum ScenarioLeakPath {
  SCENARIO_LEAK_ALWAYS = 1,
  SCENARIO_LEAK_ERROR_RETURN = 2,
  SCENARIO_LEAK_FLOW_CLOSING = 4,
  SCENARIO_LEAK_INLINE_COMPLETION = 8,
  SCENARIO_LEAK_LOWER_CALLOUT_BLOCKS = 16,
} ScenarioLeakPath;

/* Whether pageable memory is in memory when it is touched. */
typedef enum ScenarioPaging {
  SCENARIO_PAGING_RESIDENT, /* always, but for what a "page out" stimulus trimmed */
  SCENARIO_PAGING_TRIMMED,  /* never at the first touch of a page */
  SCENARIO_PAGING_ANY,      /* explored: a choice at each first touch; natural: resident */
} ScenarioPaging;

typedef struct ScenarioMachine {
  unsigned cpu_count; /* 1..64; default 2 */
  DdiWindows windows; /* default Windows 10 */
  ScenarioWaitAtDispatch wait_at_dispatch;
  ScenarioNetio netio;
  unsigned leak_paths; /* ScenarioLeakPath bits; 0 unless netio is before KB2664888 */
  ScenarioFltsendOrder fltsend_order;
  ScenarioPaging paging;
  TextPosition position; /* of "machine", or of the file's object */
} ScenarioMachine;

/* ---- drivers ---- */

/* A global, a local or a parameter: `"length": "ULONG = sizeof(verdict)"`. */
typedef struct ScenarioVariable {
  Text name;
  Text declaration; /* "TYPE" or "TYPE = initial value" */
} ScenarioVariable;

/* A function of a driver written as steps. */
struct ScenarioFunction {
  const ScenarioDriver *driver;
  Text name;
  unsigned number; /* within the driver, in the order of the file */
  const DdiCallback
      *callback; /* what Windows calls it as: its parameters and result are that type's; NULL: a plain function of the driver */
  const ScenarioVariable *parameters; /* of a plain function */
  size_t parameter_count;
  Text returns; /* of a plain function: a type; absent: VOID */
  const ScenarioVariable *locals;
  size_t local_count;
  const JsonValue *body; /* "do": the list of steps as it stands in the file; the step language (step_*.h) gives it its meaning */
};

/* A driver function named elsewhere in the file: "fw.classify". */
typedef struct ScenarioRoutine {
  const ScenarioDriver *driver;     /* NULL: absent */
  const ScenarioFunction *function; /* NULL: the driver is C source, and name is looked up when it is loaded */
  const char *name;                 /* behind the dot */
  Text text;
} ScenarioRoutine;

struct ScenarioDriver {
  const Scenario *scenario;
  Text name;
  unsigned number;         /* in the order of the file */
  bool is_source;          /* C source; else steps */
  uint32_t verifier_flags; /* Driver Verifier for this driver (SCENARIO_VERIFIER_*); 0: off */

  /* steps */
  const ScenarioVariable *globals;
  size_t global_count;
  const ScenarioFunction *functions;
  size_t function_count;
  const ScenarioFunction
      *driver_entry;              /* NULL: irqlab sets the driver up: registers its PFLT_FILTER globals, opens a port for each PFLT_PORT
                                           global, creates a device for a PDEVICE_OBJECT global, adds the scenario's callouts and filters */
  const ScenarioFunction *unload; /* of a driver without DriverEntry; NULL: none */

  /* C source: paths as the compiler needs them, relative ones from the scenario's folder */
  const Text *files;
  const char *const *paths; /* files[], resolved against the scenario's folder */
  size_t file_count;
  const char *const *include_paths;
  size_t include_count;
  const char *const *defines; /* "NAME" or "NAME=VALUE" */
  size_t define_count;
  const char *compiler; /* "gcc", "clang", ...; NULL: irqlab's choice */
};

/* Flags of Driver Verifier, Windows' own bits (devtest/verifier-command-line). */
enum {
  SCENARIO_VERIFIER_SPECIAL_POOL = 0x1,
  SCENARIO_VERIFIER_FORCE_IRQL = 0x2,
  SCENARIO_VERIFIER_LOW_RESOURCES = 0x4,
  SCENARIO_VERIFIER_POOL_TRACKING = 0x8,
  SCENARIO_VERIFIER_IO = 0x10,
  SCENARIO_VERIFIER_DEADLOCK = 0x20,
  SCENARIO_VERIFIER_SECURITY = 0x100,
  SCENARIO_VERIFIER_MISCELLANEOUS = 0x800,
  SCENARIO_VERIFIER_DDI = 0x20000,
  SCENARIO_VERIFIER_STANDARD = 0x209bb,
};

/* ---- the filter engine ---- */

typedef struct ScenarioCallout {
  Text name; /* in "callouts"; a filter that names a function makes a callout of that name */
  ScenarioRoutine classify;
  ScenarioRoutine notify;      /* absent: a default one that succeeds */
  ScenarioRoutine flow_delete; /* absent: none */
  uint32_t flags;              /* FWP_CALLOUT_FLAG_* */
} ScenarioCallout;

typedef struct ScenarioSublayer {
  Text name;
  uint16_t weight;
} ScenarioSublayer;

typedef enum ScenarioConditionKind {
  SCENARIO_CONDITION_LOCAL_ADDRESS,
  SCENARIO_CONDITION_REMOTE_ADDRESS,
  SCENARIO_CONDITION_LOCAL_PORT,
  SCENARIO_CONDITION_REMOTE_PORT,
  SCENARIO_CONDITION_PROTOCOL,
} ScenarioConditionKind;

typedef struct ScenarioCondition {
  ScenarioConditionKind kind;
  uint32_t value;      /* IPv4 address in host order, port or IPPROTO number */
  uint32_t mask;       /* of an address: 0xffffffff unless written with /bits */
  uint32_t value_high; /* of a port: end of a range, else equal to value */
  TextPosition position;
} ScenarioCondition;

typedef struct ScenarioFilter {
  const char *name;
  const DdiGuid *layer;             /* FWPM_LAYER_... */
  uint32_t action;                  /* FWP_ACTION_PERMIT, _BLOCK, _CALLOUT_TERMINATING, _CALLOUT_INSPECTION, _CALLOUT_UNKNOWN */
  const ScenarioCallout *callout;   /* NULL: none */
  const ScenarioSublayer *sublayer; /* NULL: the default one */
  bool has_weight;
  uint64_t weight; /* 0..15, a range of automatic weights, or a whole UINT64 */
  uint32_t flags;  /* FWPM_FILTER_FLAG_* */
  const ScenarioCondition *conditions;
  size_t condition_count;
  TextPosition position;
} ScenarioFilter;

/* ---- user mode ---- */

/* IPv4, host order. */
typedef struct ScenarioEndpoint {
  uint32_t address;
  uint16_t port;
} ScenarioEndpoint;

/* "10.0.0.1:49152 -> 192.0.2.7:443": local, then remote; a connection is named by it. */
typedef struct ScenarioConnection {
  ScenarioEndpoint local;
  ScenarioEndpoint remote;
  Text text;
} ScenarioConnection;

/* A communication port: a global of a driver (PFLT_PORT) that irqlab opened, or the name a driver gave its server port. */
typedef struct ScenarioPort {
  const ScenarioDriver *driver; /* of the global; NULL: by name */
  const char *global;           /* "gPort" */
  const char *name;             /* "\\FirewallPort" */
} ScenarioPort;

typedef enum ScriptKind {
  SCRIPT_CONNECT,     /* port: FilterConnectCommunicationPort */
  SCRIPT_DISCONNECT,  /* closes the thread's port */
  SCRIPT_GET,         /* FilterGetMessage; duration_ns: time-out, or none */
  SCRIPT_REPLY,       /* FilterReplyMessage to the last message: value, in length bytes */
  SCRIPT_DELAY,       /* Sleep: duration_ns */
  SCRIPT_TCP_CONNECT, /* connection */
  SCRIPT_TCP_SEND,    /* number bytes on the thread's last connection */
  SCRIPT_TCP_CLOSE,   /* closes the thread's last connection */
  SCRIPT_IOCTL,       /* driver or device: DeviceIoControl with the code `value` */
  SCRIPT_EXIT,        /* the thread ends; also at the end of its script */
  SCRIPT_EXIT_PROCESS,
  SCRIPT_REPEAT, /* body; number times, or for ever */
} ScriptKind;

#define SCENARIO_FOREVER UINT64_MAX

typedef struct ScriptOperation {
  ScriptKind kind;
  Text text; /* as written; of SCRIPT_REPEAT only its position */
  ScenarioPort port;
  ScenarioConnection connection;
  const ScenarioDriver *driver; /* SCRIPT_IOCTL: its first device; NULL: device names it */
  const char *device;           /* "\\\\.\\Name" */
  uint64_t value;
  uint64_t length;      /* SCRIPT_REPLY: bytes; 0: as many as the driver asked for */
  uint64_t duration_ns; /* SCENARIO_FOREVER: no time-out */
  uint64_t number;      /* SCENARIO_FOREVER: for ever */
  const ScenarioScript *body;
} ScriptOperation;

struct ScenarioScript {
  const ScriptOperation *operations;
  size_t count;
};

struct ScenarioThread {
  const ScenarioProcess *process;
  Text name;
  unsigned priority; /* 1..31; default 8 */
  int cpu;           /* the only one it runs on; -1: any */
  uint64_t start_ns; /* when it begins; default 0 */
  ScenarioScript script;
};

struct ScenarioProcess {
  Text name;
  unsigned number;
  const ScenarioThread *threads;
  size_t thread_count;
};

/* ---- traffic and other stimuli ---- */

typedef enum ScenarioContextKind {
  SCENARIO_CONTEXT_DEFAULT,       /* what is natural for the stimulus: a thread for what is sent, a DPC for what arrives */
  SCENARIO_CONTEXT_THREAD,        /* a user-mode thread of `process`, in a system call */
  SCENARIO_CONTEXT_SYSTEM_THREAD, /* a system thread */
  SCENARIO_CONTEXT_DPC,           /* a DPC, such as a kernel client's or a receive */
} ScenarioContextKind;

/* "thread of browser", "dpc on cpu 0 (a WSK client's)", "system thread on cpu 1 at DISPATCH_LEVEL (a spin lock held)". */
typedef struct ScenarioContext {
  ScenarioContextKind kind;
  const ScenarioProcess *process;
  int cpu;      /* -1: any; for a DPC cpu 0 */
  SimIrql irql; /* of the thread: PASSIVE_LEVEL, or what it raised itself to before */
  Text text;
} ScenarioContext;

typedef enum ScenarioStimulusKind {
  SCENARIO_TCP_CONNECT,  /* outbound connection: connect() or a kernel client's */
  SCENARIO_TCP_DATA_IN,  /* byte_count bytes arrive on an established connection */
  SCENARIO_TCP_DATA_OUT, /* byte_count bytes are sent on it */
  SCENARIO_TCP_CLOSE,
  SCENARIO_DPC,       /* routine runs as a DPC (KDEFERRED_ROUTINE) */
  SCENARIO_INTERRUPT, /* routine runs as an ISR (KSERVICE_ROUTINE) at irql */
  SCENARIO_WORK_ITEM, /* routine runs as a work item (IO_WORKITEM_ROUTINE) */
  SCENARIO_THREAD,    /* routine runs as a system thread (KSTART_ROUTINE) */
  SCENARIO_UNLOAD,    /* driver is unloaded */
  SCENARIO_PAGE_OUT,  /* pageable memory is trimmed */
} ScenarioStimulusKind;

typedef struct ScenarioStimulus {
  ScenarioStimulusKind kind;
  uint64_t at_ns;
  uint64_t every_ns; /* between repetitions */
  uint64_t times;    /* 1: once */
  ScenarioContext context;
  ScenarioConnection connection;
  uint64_t byte_count;
  ScenarioRoutine routine;
  SimIrql irql;                 /* SCENARIO_INTERRUPT: 3..12; default 5 */
  const ScenarioDriver *driver; /* SCENARIO_UNLOAD */
  TextPosition position;
} ScenarioStimulus;

/* ---- how it is run ---- */

typedef struct ScenarioPolicy {
  SimSearchOptions search; /* policy, seed, bounds */
  uint64_t schedules;      /* how many are explored at most; 1 for timed */
  SimSchedule replay;      /* of sim_policy_replay: the only schedule */
  char image[64];          /* of sim_policy_replay: the fingerprint in its line; "": there is no line */
} ScenarioPolicy;

/* How many schedules are explored where nobody says: 1 of timed, 100 of those that draw, at most a million of systematic ones. */
uint64_t scenario_policy_schedules(const SimPolicy *policy);

/* ---- the whole ---- */

/* A call that fails: the nth of a function, or every one, wherever it is made or within certain driver code. */
typedef struct ScenarioFault {
  const DdiFunction *function;
  uint32_t nth;           /* 0: every one */
  uint32_t failure;       /* with the n-th of its failures, from 1 */
  ScenarioRoutine within; /* driver NULL: anywhere; name NULL: any code of the driver */
  TextPosition position;
} ScenarioFault;

struct Scenario {
  const char *file;   /* as given */
  const char *folder; /* of the file: relative paths of driver source start here */
  const char *title;
  const char *const *sources; /* where the story comes from */
  size_t source_count;
  ScenarioMachine machine;
  const ScenarioDriver *drivers;
  size_t driver_count;
  const ScenarioCallout *callouts; /* those of "callouts", then those made by filters that name a function */
  size_t callout_count;
  const ScenarioSublayer *sublayers;
  size_t sublayer_count;
  const ScenarioFilter *filters;
  size_t filter_count;
  const ScenarioProcess *processes;
  size_t process_count;
  const ScenarioStimulus *stimuli; /* in the order of the file, which breaks ties of time */
  size_t stimulus_count;
  const ScenarioFault *faults;
  size_t fault_count;
  ScenarioPolicy policy;
  SimLimits limits; /* "budget" over sim_limits_default */
  ExpectSet expect;
  JsonDocument *document;
  GPtrArray *blocks; /* what is to be freed */
};

/* Loads and checks a scenario file. NULL with error: the first thing wrong. Returns owned. Any bytes are safe. */
Scenario *scenario_load(const char *file, GError **error);

/* The same from bytes; `file` gives its name and the folder relative paths start from. For tests and fuzzing. */
Scenario *scenario_load_bytes(const char *file, const void *bytes, size_t size, GError **error);
void scenario_free(Scenario *scenario);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Scenario, scenario_free)

/* Look-up by name; NULL: none. Borrowed. */
const ScenarioDriver *scenario_driver_find(const Scenario *scenario, const char *name);
const ScenarioFunction *scenario_function_find(const ScenarioDriver *driver, const char *name);
const ScenarioVariable *scenario_global_find(const ScenarioDriver *driver, const char *name);
const ScenarioProcess *scenario_process_find(const Scenario *scenario, const char *name);
const ScenarioThread *scenario_thread_find(const ScenarioProcess *process, const char *name);

/* `file:line:column: MESSAGE` for whoever finds trouble in a loaded scenario (the step parser, the runner). Returns false. */
bool scenario_error(const Scenario *scenario, TextPosition position, GError **error, const char *format, ...) G_GNUC_PRINTF(4, 5);
