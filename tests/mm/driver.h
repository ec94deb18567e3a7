/*
 * driver.h: a driver for the cases of memory, pool and Verifier: C functions of the test that count as the code of a loaded driver called "fw".
 */
#pragma once

#include "../ke/harness.h"

/* Loads "fw": `body` is its DriverEntry's work, in a system thread at PASSIVE_LEVEL. Call it from a case's setup. */
void driver_run(void (*body)(void));

/* Puts Driver Verifier on for it. Call it from a case's options. */
void driver_verify(ModelOptions *options, uint32_t flags);

/* The driver touches memory, as compiled code or a step does: through the access hook. */
void touch(const volatile void *address, uint32_t size, SimAccessKind kind);

/* The reason of the n-th EVENT_FAULT; -1: there are fewer. */
int fault_reason(const HarnessRun *run, size_t n);
