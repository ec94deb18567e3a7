/*
 * hooks.h: what the files of model/guest share: the hooks that instrumented driver code calls. x86-64 only.
 */
#pragma once

#include "guest_face.h"

/* What belongs to the host process and is neither reset nor restored: behind sim's own part of the arena's first 64 KiB. */
typedef struct GuestProcess {
  GuestStepRunner *runner;
  void *program;
  uint32_t *blocks; /* guest_coverage_set */
} GuestProcess;

#define GUEST_PROCESS_BASE (SIM_ARENA_BASE + 0x8000)
#define GUEST_PROCESS ((GuestProcess *)GUEST_PROCESS_BASE)

/* Never called from C: thunks jump to them. Each is listed in guest_hooks[] (thunks.c). */
#define GUEST_HOOK(name) void name(void)

/* A hook is a few instructions on the guest stack: it must leave nothing of the host there, and must be the same code in every build. */
#define GUEST_HOOK_BARE __attribute__((naked, noinline, used, no_sanitize("address", "undefined")))

/* Sizes an access hook exists for: X(bytes). */
#define GUEST_ACCESS_SIZES(X) X(1) X(2) X(4) X(8) X(16)

/* Accesses of instrumented code: the place is the return address. */
#define GUEST_ACCESS_HOOKS(size)                                                                                                           \
  GUEST_HOOK(guest_read##size);                                                                                                            \
  GUEST_HOOK(guest_write##size);                                                                                                           \
  GUEST_HOOK(guest_volatile_read##size);                                                                                                   \
  GUEST_HOOK(guest_volatile_write##size);
GUEST_ACCESS_SIZES(GUEST_ACCESS_HOOKS)
#undef GUEST_ACCESS_HOOKS
GUEST_HOOK(guest_func_entry);
GUEST_HOOK(guest_func_exit);
GUEST_HOOK(guest_nothing);
GUEST_HOOK(guest_block); /* a basic block begins: only in code that was built to be covered */

/* Accesses of the guest's runtime on behalf of who called it: the place is the second argument. */
GUEST_HOOK(guest_read1_at);
GUEST_HOOK(guest_read2_at);
GUEST_HOOK(guest_write1_at);
GUEST_HOOK(guest_write2_at);

/* Gated: these run on the host stack. */
void guest_read_range(uint64_t address, uint64_t size);
void guest_write_range(uint64_t address, uint64_t size);
void guest_range_at(uint64_t address, uint64_t size, uint64_t is_write, uint64_t place);
void guest_not_modelled(const char *name);

/* Ends the run where the address is of a variable that is not modelled. On the host stack. */
void guest_unmodelled_check(uint64_t address);

/* Atomics: a scheduling point, the access, the operation. X(bits, type). */
#define GUEST_ATOMIC_SIZES(X) X(8, uint8_t) X(16, uint16_t) X(32, uint32_t) X(64, uint64_t)
#define GUEST_ATOMIC_FETCHES(X, bits, type)                                                                                                \
  X(bits, type, exchange)                                                                                                                  \
  X(bits, type, fetch_add)                                                                                                                 \
  X(bits, type, fetch_sub) X(bits, type, fetch_and) X(bits, type, fetch_or) X(bits, type, fetch_xor) X(bits, type, fetch_nand)
#define GUEST_ATOMIC_FETCH(bits, type, operation) type guest_atomic##bits##_##operation(uint64_t address, type value, int order);
#define GUEST_ATOMIC_HOOKS(bits, type)                                                                                                     \
  type guest_atomic##bits##_load(uint64_t address, int order);                                                                             \
  void guest_atomic##bits##_store(uint64_t address, type value, int order);                                                                \
  int guest_atomic##bits##_compare_exchange(uint64_t address, type *expected, type value, int order, int order_failed);                    \
  type guest_atomic##bits##_compare_exchange_val(uint64_t address, type expected, type value, int order, int order_failed);                \
  GUEST_ATOMIC_FETCHES(GUEST_ATOMIC_FETCH, bits, type)
GUEST_ATOMIC_SIZES(GUEST_ATOMIC_HOOKS)
#undef GUEST_ATOMIC_HOOKS
#undef GUEST_ATOMIC_FETCH
