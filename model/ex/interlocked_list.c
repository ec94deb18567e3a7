/*
 * ExInterlocked*: lists and numbers under a lock that these functions alone use (K-SPIN-7). Nothing of a function is interrupted, so the lock
 * need not be taken; it is an error to hold it across them. Any IRQL. wdm/nf-wdm-exinterlockedinserttaillist.
 *
 * Simplified: a list whose lock is held by KeAcquireSpinLock elsewhere, which the documentation forbids, is not waited for.
 */
#include <ntifs.h>

#include "../mm/mm.h"

static PLIST_ENTRY insert(PLIST_ENTRY before, PLIST_ENTRY entry, PLIST_ENTRY after) {
  mm_probe_write(before, sizeof *before);
  mm_probe_write(after, sizeof *after);
  entry->Flink = after;
  entry->Blink = before;
  before->Flink = entry;
  after->Blink = entry;
  return entry;
}

/* Returns the entry that was last; NULL: the list was empty. */
PLIST_ENTRY ExInterlockedInsertTailList(PLIST_ENTRY ListHead, PLIST_ENTRY ListEntry, PKSPIN_LOCK Lock) {
  UNREFERENCED_PARAMETER(Lock);
  PLIST_ENTRY last = ListHead->Blink;
  insert(last, ListEntry, ListHead);
  return last != ListHead ? last : NULL;
}

/* Returns the entry that was first; NULL: the list was empty. */
PLIST_ENTRY ExInterlockedInsertHeadList(PLIST_ENTRY ListHead, PLIST_ENTRY ListEntry, PKSPIN_LOCK Lock) {
  UNREFERENCED_PARAMETER(Lock);
  PLIST_ENTRY first = ListHead->Flink;
  insert(ListHead, ListEntry, first);
  return first != ListHead ? first : NULL;
}

/* NULL: the list is empty. */
PLIST_ENTRY ExInterlockedRemoveHeadList(PLIST_ENTRY ListHead, PKSPIN_LOCK Lock) {
  UNREFERENCED_PARAMETER(Lock);
  PLIST_ENTRY first = ListHead->Flink;
  if (first == ListHead)
    return NULL;
  mm_probe_read(first, sizeof *first);
  PLIST_ENTRY second = first->Flink;
  mm_probe_write(second, sizeof *second);
  ListHead->Flink = second;
  second->Blink = ListHead;
  return first;
}

/* Returns the value before. */
LARGE_INTEGER ExInterlockedAddLargeInteger(PLARGE_INTEGER Addend, LARGE_INTEGER Increment, PKSPIN_LOCK Lock) {
  UNREFERENCED_PARAMETER(Lock);
  LARGE_INTEGER before = *Addend;
  Addend->QuadPart += Increment.QuadPart;
  return before;
}

/* Returns the value before. */
ULONG ExInterlockedAddUlong(PULONG Addend, ULONG Increment, PKSPIN_LOCK Lock) {
  UNREFERENCED_PARAMETER(Lock);
  ULONG before = *Addend;
  *Addend += Increment;
  return before;
}
