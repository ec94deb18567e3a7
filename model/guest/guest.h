/*
 * guest.h: from the model into driver code: what generated callback callers and dispatch routines end in. Stdint only.
 */
#pragma once

#include <stdint.h>

/* Calls driver code at an address the driver gave, with `count` integer or pointer arguments (at most 16), and returns its result (rax or
 * the step program's). An address inside of a loaded image is called on the current context's guest stack; one of the step-code region runs
 * its step function; any other is the guest's wild call: a fault of kind SIM_ACCESS_EXECUTE, which ends the run. From a context only; the
 * IRQL is the caller's business. */
uint64_t guest_call(uint64_t function, const uint64_t *arguments, unsigned count);
