/*
 * rtl.h: run-time library functions that the WDK's headers declare as macros or inline functions. The model has them as functions, so that
 * steps can call them and the wrappers can check what they touch.
 */
#pragma once

#include <ntddk.h>

#undef RtlCopyMemory
#undef RtlMoveMemory
#undef RtlFillMemory
#undef RtlZeroMemory
#undef RtlEqualMemory
VOID RtlCopyMemory(PVOID Destination, const VOID *Source, SIZE_T Length);
VOID RtlMoveMemory(PVOID Destination, const VOID *Source, SIZE_T Length);
VOID RtlFillMemory(PVOID Destination, SIZE_T Length, UCHAR Fill);
VOID RtlZeroMemory(PVOID Destination, SIZE_T Length);
LOGICAL RtlEqualMemory(const VOID *Source1, const VOID *Source2, SIZE_T Length);
