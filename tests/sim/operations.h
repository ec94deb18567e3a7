/*
 * operations.h: what the threads of small programs do (programs.h): each a scheduling point and what follows it. Words are rig_log()->words, of which the
 * last four belong to these functions.
 */
#pragma once

#include "rig.h"

/* In SimOperation.function: a lock is asked for. */
enum { OPERATION_LOCK_CALL = 1 };

uint64_t *operation_word(unsigned index);

/* Before an operation; nothing before the first of a thread. */
void operation_point(uint32_t function, uint32_t object);
uint64_t operation_load(unsigned index);
void operation_store(unsigned index, uint64_t value);

/* Nothing of what the current thread read is left but that number. */
void operation_renew(uint64_t value);

/* Locks are words, too: 1 held. `raises`: to DISPATCH_LEVEL, at the attempt. */
void operation_lock(unsigned index, bool raises);
void operation_unlock(unsigned index);
/* operation_lock without a point. */
void operation_take(unsigned index);

/* A thread whose first operation is known to be that lock; 0: none. */
void operation_thread(unsigned cpu, RigRoutine *routine, unsigned argument, unsigned first_lock);

/* No cpu is shared; who asks for a lock that is held would only wait. */
extern const SimThreads operation_threads;
