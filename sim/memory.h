/*
 * memory.h: guest-visible memory: page attributes, granule shadow, and the access hook that every touch by driver code passes.
 */
#pragma once

#include "arena.h"
#include "irql.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct SimMachine;

#define SIM_PAGE_SIZE 4096ULL
#define SIM_PAGE_SHIFT 12

/* What a page is, and bits beside it. One byte a page of [SIM_ARENA_BASE, SIM_FAR_STACK_END). */
typedef enum SimPageKind {
  SIM_PAGE_NONE,     /* nothing there: wild */
  SIM_PAGE_NONPAGED, /* always there */
  SIM_PAGE_PAGED,    /* there when SIM_PAGE_RESIDENT is set */
  SIM_PAGE_USER,     /* a user-mode process's */
  SIM_PAGE_CODE,     /* driver code and constants: not to be written */
  SIM_PAGE_STACK,    /* a kernel stack */
  SIM_PAGE_GUARD,    /* below a kernel stack */
  SIM_PAGE_FREED,    /* was given back as a whole */
  SIM_PAGE_KIND_MASK = 0x0f,
  SIM_PAGE_RESIDENT = 0x10,
  SIM_PAGE_WRITABLE = 0x20,
  SIM_PAGE_SHADOWED = 0x40, /* consult the granule shadow */
  SIM_PAGE_WATCHED = 0x80,  /* consult the watches */
} SimPageKind;

#define SIM_PAGE_COUNT ((SIM_FAR_STACK_END - SIM_ARENA_BASE) >> SIM_PAGE_SHIFT)

/* One byte a 16-byte granule of guest memory: how many of its bytes may be touched (0..16), or why none. */
enum { SIM_GRANULE_SIZE = 16, SIM_GRANULE_FULL = 16, SIM_GRANULE_NONE = 0, SIM_GRANULE_FREED = 0xfd };

typedef enum SimAccessKind {
  SIM_ACCESS_READ = 0,
  SIM_ACCESS_WRITE = 1,
  SIM_ACCESS_EXECUTE = 8
} SimAccessKind; /* bug check 0xD1's values */

typedef enum SimFaultReason {
  SIM_FAULT_NULL,         /* address below 64 KiB */
  SIM_FAULT_WILD,         /* no such memory */
  SIM_FAULT_FREED,        /* memory that was freed */
  SIM_FAULT_OVERRUN,      /* outside of the block it began in, or before one */
  SIM_FAULT_NOT_RESIDENT, /* paged, not in memory, at DISPATCH_LEVEL or above */
  SIM_FAULT_PAGED_HIGH,   /* paged, in memory, at DISPATCH_LEVEL or above: Windows is silent, and the access goes on */
  SIM_FAULT_READ_ONLY,
  SIM_FAULT_STACK, /* the guard page below the kernel stack */
  SIM_FAULT_USER,  /* a user address where none may be touched */
} SimFaultReason;

typedef struct SimFault {
  SimFaultReason reason;
  uint64_t address;
  uint32_t size;
  SimAccessKind kind;
  uint32_t site;
  bool by_model;  /* a modelled function touched it on the driver's behalf (a pointer parameter) */
  bool by_return; /* a function of the driver's returned there: its return address was overwritten */
} SimFault;

/* Told of each access that may not be, before it is made. Returns when the access may go on (it then is made), else ends the run. */
typedef void SimFaultHandler(struct SimMachine *machine, const SimFault *fault);

/* Whole pages of guest memory, zeroed, by first fit from the low end; returns 0 when there are none left. */
uint64_t sim_pages_allocate(struct SimMachine *machine, size_t page_count, uint8_t attributes);
void sim_pages_set(struct SimMachine *machine, uint64_t address, size_t page_count, uint8_t attributes);
uint8_t sim_page_attributes(const struct SimMachine *machine, uint64_t address); /* SIM_PAGE_NONE outside */

/* Opens [address, address + size) of SHADOWED pages to accesses, or closes it with a reason (SIM_GRANULE_NONE, _FREED). */
void sim_granules_open(struct SimMachine *machine, uint64_t address, size_t size);
void sim_granules_close(struct SimMachine *machine, uint64_t address, size_t size, uint8_t why);

/* Judges an access without making it or counting it: true when it may be made silently. For probes of pointer parameters. On false fills
 * *fault (reason, first bad address). */
bool sim_access_judge(struct SimMachine *machine, uint64_t address, size_t size, SimAccessKind kind, SimFault *fault);

/* True where sim_access_judge would be, whoever asks at whatever level, found out at a glance: all of it in one page of plain memory, and if that
 * is pool, in one open granule. False: nothing is known. `size` is not 0. */
static inline bool sim_access_is_plain(uint64_t address, size_t size) {
  if (address - SIM_ARENA_BASE >= (SIM_PAGE_COUNT << SIM_PAGE_SHIFT) || (address & (SIM_PAGE_SIZE - 1)) + size > SIM_PAGE_SIZE ||
      size > SIM_PAGE_SIZE)
    return false;
  uint8_t attributes = ((const uint8_t *)SIM_PAGE_TABLE_BASE)[(address - SIM_ARENA_BASE) >> SIM_PAGE_SHIFT];
  if (attributes == (SIM_PAGE_NONPAGED | SIM_PAGE_RESIDENT | SIM_PAGE_WRITABLE) ||
      attributes == (SIM_PAGE_STACK | SIM_PAGE_RESIDENT | SIM_PAGE_WRITABLE))
    return true;
  if (attributes != (SIM_PAGE_NONPAGED | SIM_PAGE_RESIDENT | SIM_PAGE_WRITABLE | SIM_PAGE_SHADOWED))
    return false;
  uint8_t open = ((const uint8_t *)SIM_SHADOW_BASE)[(address - SIM_GUEST_BASE) / SIM_GRANULE_SIZE];
  return open <= SIM_GRANULE_FULL && address % SIM_GRANULE_SIZE + size <= open;
}

/* Watches [address, address + size): the first read of it by driver code emits SIM_EVENT_WATCH_READ with the watch's id as detail, a write that
 * comes first ends the watch silently. The oldest watch is given up when there are too many. */
#define SIM_WATCH_COUNT 8
typedef struct SimWatch {
  uint64_t address;
  uint32_t size; /* 0: not in use */
  uint32_t id;
} SimWatch;
void sim_watch_add(struct SimMachine *machine, uint64_t address, uint32_t size, uint32_t id);
/* Ends the watches that touch [address, address + size) silently: somebody else has written there. */
void sim_watch_forget(struct SimMachine *machine, uint64_t address, uint32_t size);

/* The hook: judges, counts, and preempts when the budget is used up. Called before each access of driver code, steps or compiled. Returns
 * when the access may be made. Not for model code, which uses sim_probe. */
void sim_access(uint64_t address, uint32_t size, SimAccessKind kind, uint32_t site);

/* The same for an access that is meant to be met by others' (interlocked, volatile): it never races with another such, and orders what its side of it
 * did. */
typedef enum SimRaceOrder { SIM_RACE_ACQUIRES = 1, SIM_RACE_RELEASES = 2, SIM_RACE_BOTH = 3 } SimRaceOrder;
void sim_access_marked(uint64_t address, uint32_t size, SimAccessKind kind, SimRaceOrder order, uint32_t site);

/* The model touches an object of Windows in driver memory, which Windows keeps in order: judged, reported as by_model, never a preemption. */
void sim_probe_object(struct SimMachine *machine, uint64_t address, size_t size, SimAccessKind kind);

/* The model touches the driver's own data on its behalf: the same, and it may race as driver code does. */
void sim_probe(struct SimMachine *machine, uint64_t address, size_t size, SimAccessKind kind);
