/*
 * mm.h: memory as the model's own functions meet it: probes of what a driver's pointers name, exceptions.
 */
#pragma once

#include "mm_face.h"

#include <ntddk.h>

/* The model is about to read, or write, memory that a driver named: judged at the current IRQL, the fault handler told (by_model). Returns
 * when the access may be made. For what the generated prologue cannot check: what a pointer inside of a structure points to. Any IRQL. */
void mm_probe_read(const volatile void *address, SIZE_T size);
void mm_probe_write(const volatile void *address, SIZE_T size);

/* How many characters stand before the terminator, at most `limit`: each is probed before it is looked at. */
SIZE_T mm_probe_text(const char *text, SIZE_T limit);
SIZE_T mm_probe_wide_text(const WCHAR *text, SIZE_T limit);

/* An exception of driver code that no handler takes: 0x7E in a system thread, 0x3B in a system call, 0x1E elsewhere. Ends the run.
 * `instruction` 0: where driver code is now. `information` is the exception's parameters, as bug check 0x1E shows them. */
DECLSPEC_NORETURN VOID mm_exception(NTSTATUS status, ULONG64 instruction, ULONG64 information0, ULONG64 information1);
