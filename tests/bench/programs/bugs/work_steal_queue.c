/*
 * A queue whose owner pushes and pops at the tail without a lock and from whose head others steal under one. Whoever pops announces the new tail, and
 * only then looks at the head; here it looks first, so that the last element can be taken by both. Built in four ways:
 * INTERLOCKED: head and tail are changed by interlocked operations; WITH_STATE: each element knows whether it was taken, instead of a count at the end.
 */
#include "program.h"

#define CAPACITY 4 /* a power of two */
#define ELEMENTS 2

static FAST_MUTEX Lock;
static volatile LONG Head, Tail, Elements[CAPACITY], Taken[ELEMENTS + 1];

#if INTERLOCKED
#define PUT(Word, Value) ((void)InterlockedExchange(&(Word), (Value)))
#define GET(Word) InterlockedCompareExchange(&(Word), 0, 0)
#else
#define PUT(Word, Value) ((void)((Word) = (Value)))
#define GET(Word) (Word)
#endif

static VOID Take(LONG Element) {
#if WITH_STATE
  LONG was = Taken[Element];
  Taken[Element] = TRUE;
  CHECK(!was);
#else
  InterlockedIncrement(&Taken[Element]);
#endif
}

static VOID Push(LONG Element) {
  LONG tail = GET(Tail);
  Elements[tail & (CAPACITY - 1)] = Element;
  PUT(Tail, tail + 1);
}

/* The slow way of both: under the lock. 0: empty. */
static LONG PopLocked(VOID) {
  LONG element = 0;
  ExAcquireFastMutex(&Lock);
  LONG tail = GET(Tail) - 1;
  if (GET(Head) <= tail) {
    PUT(Tail, tail);
    element = Elements[tail & (CAPACITY - 1)];
  }
  ExReleaseFastMutex(&Lock);
  return element;
}

static LONG Pop(VOID) {
  LONG tail = GET(Tail) - 1;
  LONG head = GET(Head); /* too early: a thief that comes now is not seen */
  PUT(Tail, tail);
  if (head <= tail)
    return Elements[tail & (CAPACITY - 1)];
  PUT(Tail, tail + 1);
  return PopLocked();
}

static LONG Steal(VOID) {
  LONG element = 0;
  ExAcquireFastMutex(&Lock);
  LONG head = GET(Head);
  PUT(Head, head + 1);
  if (head < GET(Tail))
    element = Elements[head & (CAPACITY - 1)];
  else
    PUT(Head, head);
  ExReleaseFastMutex(&Lock);
  return element;
}

static VOID Thief(PVOID Context) {
  UNREFERENCED_PARAMETER(Context);
  for (LONG i = 0; i < ELEMENTS; i++) {
    LONG element = Steal();
    if (element != 0)
      Take(element);
  }
}

VOID Main(PVOID Context) {
  PVOID thief = StartReferenced(Thief, Context);
  for (LONG i = 1; i <= ELEMENTS; i++) {
    Push(i);
    LONG element = i % 2 == 0 ? Pop() : 0;
    if (element != 0)
      Take(element);
  }
  for (LONG element = Pop(); element != 0; element = Pop())
    Take(element);
  Join(thief);
  for (LONG i = 1; i <= ELEMENTS; i++)
    CHECK(Taken[i] == 1);
}

NTSTATUS DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath) {
  UNREFERENCED_PARAMETER(DriverObject);
  UNREFERENCED_PARAMETER(RegistryPath);
  ExInitializeFastMutex(&Lock);
  return STATUS_SUCCESS;
}
