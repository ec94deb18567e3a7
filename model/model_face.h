/*
 * model_face.h: what a run's Windows is given before it starts. Stdint only: the runner fills it in, the model reads it.
 */
#pragma once

#include "ddi/windows.h"

#include <stdbool.h>
#include <stdint.h>

/* What a thread that raised itself to DISPATCH_LEVEL and waits does on a free build (semantics open question 16). */
typedef enum ModelWaitHigh {
  MODEL_WAIT_HIGH_SWITCH, /* another thread runs, at its own level; the waiter wakes still at DISPATCH_LEVEL */
  MODEL_WAIT_HIGH_HANG,   /* the cpu never steps again */
} ModelWaitHigh;

/* Whether pageable memory is in memory when it is touched. */
typedef enum ModelPaging {
  MODEL_PAGING_RESIDENT, /* always */
  MODEL_PAGING_TRIMMED,  /* never at the first touch, and trimmed whenever a driver raises to DISPATCH_LEVEL */
  MODEL_PAGING_ANY,      /* a choice at each touch (SIM_CHOICE_RESIDENT; natural: it is there) */
} ModelPaging;

/* netio.sys and the fault that KB2664888 mends. */
typedef enum ModelNetio {
  MODEL_NETIO_BY_VERSION, /* faulty up to Windows 7 SP1, mended from Windows 8 on */
  MODEL_NETIO_FAULTY,
  MODEL_NETIO_MENDED,
} ModelNetio;

/* On which path the faulty FwpsStreamInjectAsync0 does not restore the IRQL. */
typedef enum ModelLeakPath {
  MODEL_LEAK_NONE,
  MODEL_LEAK_ALWAYS,
  MODEL_LEAK_ERROR_RETURN,
  MODEL_LEAK_FLOW_CLOSING,
  MODEL_LEAK_INLINE_COMPLETION,
  MODEL_LEAK_LOWER_CALLOUT_BLOCKS,
} ModelLeakPath;

/* What FltSendMessage does first (semantics open question 14). */
typedef enum ModelFltSend {
  MODEL_FLT_SEND_ATTACH_FIRST, /* attaches to the receiver's process, then waits */
  MODEL_FLT_SEND_WAIT_FIRST,
} ModelFltSend;

/* Driver Verifier's settings for one driver: the documented bits of verifier.exe /flags. */
#define MODEL_VERIFIER_SPECIAL_POOL 0x00000001u
#define MODEL_VERIFIER_FORCE_IRQL 0x00000002u
#define MODEL_VERIFIER_LOW_RESOURCES 0x00000004u
#define MODEL_VERIFIER_POOL_TRACKING 0x00000008u
#define MODEL_VERIFIER_IO 0x00000010u
#define MODEL_VERIFIER_DEADLOCK 0x00000020u
#define MODEL_VERIFIER_MISCELLANEOUS 0x00000800u
#define MODEL_VERIFIER_DDI_COMPLIANCE 0x00020000u
#define MODEL_VERIFIER_STANDARD 0x000209bbu

#define MODEL_DRIVER_NAME_SIZE 32
#define MODEL_VERIFIED_DRIVER_COUNT_MAX 8

typedef struct ModelVerifiedDriver {
  char name[MODEL_DRIVER_NAME_SIZE]; /* as the scenario names it; "" ends the list */
  uint32_t flags;
} ModelVerifiedDriver;

typedef struct ModelOptions {
  DdiWindows windows;
  bool is_server; /* long quanta */
  ModelWaitHigh wait_at_dispatch;
  ModelPaging paging;
  ModelNetio netio;
  uint32_t leak_paths; /* bit n: ModelLeakPath n leaks where it is taken; 0: a choice among those taken (SIM_CHOICE_MODEL) */
  ModelFltSend flt_send;
  ModelVerifiedDriver verified[MODEL_VERIFIED_DRIVER_COUNT_MAX];

  /* dispatcher: K-INT-2, K-DPC-2, K-DPC-9, K-THR-1 */
  uint64_t tick_ns;               /* 15.625 ms */
  uint32_t quantum_ticks;         /* 0: 2 on a client, 12 on a server */
  uint32_t dpc_depth_max;         /* deeper queues are drained at once */
  uint32_t dpc_rate_min;          /* requests per tick below which a Low DPC is not held back */
  uint32_t watchdog_single_ticks; /* one DPC or ISR */
  uint32_t watchdog_total_ticks;  /* at DISPATCH_LEVEL or above without a break */
  bool has_watchdog;              /* model_options_default: from Windows 8 on */
  uint8_t timer_cpu;              /* which cpu's clock interrupt expires timers */
  uint32_t worker_count;          /* threads that serve delayed work items */
  uint64_t epoch_100ns;           /* system time at virtual time 0, in units of 100 ns since 1601 */

  /* filter engine: semantics open questions 1, 5, 7 */
  bool stops_on_hard_block;
  bool allows_repend;
  uint64_t pend_clear_ns; /* how long after its reauthorisation a non-TCP flow still counts as pended */

  bool trusts_host_routines; /* tests only: a callback's address is a C function of the host and is called as it is */
} ModelOptions;

/* What a Windows of that version is, unlucky in nothing. */
void model_options_default(ModelOptions *options, DdiWindows windows);

/* Windows, started: after sim_arena_reset and sim_machine_begin, before any driver is loaded. `options` are copied. From the host's own stack. */
void model_begin(const ModelOptions *options);
