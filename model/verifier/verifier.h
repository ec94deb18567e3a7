/*
 * verifier.h: Driver Verifier, as the rest of the model meets it: functions that a body calls before it does its work. Each looks whether
 * Verifier is on for the driver whose code is running, and stops the machine as Verifier would (bug check 0xC4 with its documented
 * parameters); without it, and without a mistake, it does nothing. Stdint and sim only.
 *
 * Drivers are verified by name (ModelOptions.verified). A driver that is in the list with flags 0 has the automatic checks: IRQL, spin locks,
 * waits, pool. None of these is a scheduling point.
 */
#pragma once

#include "../events.h"
#include "verifier_state.h"

#include <stdbool.h>
#include <stdint.h>

/* Is Verifier on for the driver (ordinal) with any of the flags (MODEL_VERIFIER_*)? flags 0: is it on at all? */
bool verifier_is_on_for(uint32_t driver, uint32_t flags);
/* The same for the driver whose code is running. */
bool verifier_is_on(uint32_t flags);

/* ---- IRQL ---- */

/* Before KeRaiseIrql, KfRaiseIrql: to a lower level, or above HIGH_LEVEL: 0x30. */
void verifier_check_raise(SimIrql level);
/* Before KeLowerIrql: to a higher level, or inside of a DPC routine below DISPATCH_LEVEL: 0x31. */
void verifier_check_lower(SimIrql level);
/* After anything of the driver (KeRaiseIrql, a spin lock) raised from below DISPATCH_LEVEL to it or above: force-IRQL checking sends pageable
 * memory out (K-PG-3). Call it with the level before. */
void verifier_raised(SimIrql before);

/* ---- waits, events, spin locks, regions ---- */

/* Before a wait that may block, at DISPATCH_LEVEL or above: 0x3B up to Windows 7, from Windows 8 on 0x120, 0x121, 0x122.
 * Simplified: parameters 2 to 4 of the newer ones are the values, where Windows gives their addresses; the time-out is 1 or 0. */
void verifier_check_wait(uint64_t object, bool has_timeout);
/* KeSetEvent above DISPATCH_LEVEL: 0x80. */
void verifier_check_event_set(uint64_t event);
/* Raising forms above DISPATCH_LEVEL: 0x42; at-DPC-level forms below: 0x40. */
void verifier_check_lock_acquire(uint64_t lock, LockForm form);
/* Raising forms not at DISPATCH_LEVEL: 0x32; from-DPC-level forms below: 0x41. */
void verifier_check_lock_release(uint64_t lock, LockForm form);
/* KeEnterCriticalRegion above APC_LEVEL: 0x11A; KeLeaveCriticalRegion: 0x11B, and 0x3E when the thread is in none. */
void verifier_check_region_enter(void);
void verifier_check_region_leave(bool is_inside);
/* Fast mutexes: acquired above APC_LEVEL 0x33, released not at APC_LEVEL 0x34; the unsafe forms outside of APC_LEVEL and any region 0x39, 0x3A. */
void verifier_check_fast_mutex(uint64_t mutex, bool is_release, bool is_unsafe);
/* An object's reference count fell below zero, or a reference was taken of one that had none: 0x3F. */
void verifier_check_reference(uint64_t object, int64_t count);
/* ObReferenceObjectByHandle with a handle that is none: 0x3C. */
void verifier_check_handle(uint64_t handle);

/* A service routine has returned at another level: 0x111. */
void verifier_check_isr_return(uint64_t routine, SimIrql before, SimIrql after);

/* ---- pool: called by model/ex ---- */

typedef struct VerifierPool {
  uint64_t address;
  uint64_t size;
  uint32_t type; /* POOL_TYPE */
  uint32_t tag;
  bool is_paged;
} VerifierPool;

/* Zero bytes 0x00, paged above APC_LEVEL 0x01, nonpaged above DISPATCH_LEVEL 0x02; a tag of zero 0xC2/0x9B. */
void verifier_check_pool_allocate(const VerifierPool *block);
/* Paged above APC_LEVEL 0x11, nonpaged above DISPATCH_LEVEL 0x12; a set timer inside 0x15, a queued DPC 0xC7/1, a queued work item 0xE4. */
void verifier_check_pool_free(const VerifierPool *block);
/* An address that is no allocation: 0x10; one that was freed: 0x13. */
void verifier_check_pool_free_bad(uint64_t address, bool is_freed, uint32_t tag);

/* ---- unload: called by model/io ---- */

/* Pool that the driver has not freed: 0x62. `name`: guest address of its UNICODE_STRING. */
void verifier_check_unload(uint32_t driver, uint64_t name);
