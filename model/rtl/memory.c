/*
 * Memory: for steps, and for drivers that import the functions. Compiled drivers use their own memcpy and memset. The generated prologue has
 * probed both ranges whole.
 */
#include "rtl.h"

/* Copies Length bytes; overlapping ranges are the caller's mistake, and move here as they mostly do there. Any IRQL for resident memory.
 * wdm/nf-wdm-rtlcopymemory */
VOID RtlCopyMemory(PVOID Destination, const VOID *Source, SIZE_T Length) { memmove(Destination, Source, Length); }

/* wdm/nf-wdm-rtlmovememory */
VOID RtlMoveMemory(PVOID Destination, const VOID *Source, SIZE_T Length) { memmove(Destination, Source, Length); }

/* wdm/nf-wdm-rtlfillmemory */
VOID RtlFillMemory(PVOID Destination, SIZE_T Length, UCHAR Fill) { memset(Destination, Fill, Length); }

/* wdm/nf-wdm-rtlzeromemory */
VOID RtlZeroMemory(PVOID Destination, SIZE_T Length) { memset(Destination, 0, Length); }

/* wdm/nf-wdm-rtlsecurezeromemory */
PVOID RtlSecureZeroMemory(PVOID Pointer, SIZE_T Size) {
  memset(Pointer, 0, Size);
  return Pointer;
}

/* wdm/nf-wdm-rtlequalmemory */
LOGICAL RtlEqualMemory(const VOID *Source1, const VOID *Source2, SIZE_T Length) { return memcmp(Source1, Source2, Length) == 0; }

/* How many bytes are equal before the first that differs. wdm/nf-wdm-rtlcomparememory */
SIZE_T RtlCompareMemory(const VOID *Source1, const VOID *Source2, SIZE_T Length) {
  const UCHAR *left = Source1, *right = Source2;
  SIZE_T equal = 0;
  while (equal < Length && left[equal] == right[equal])
    equal++;
  return equal;
}
