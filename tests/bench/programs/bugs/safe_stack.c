/*
 * A lock-free stack of free elements, after the exercise that D. Vyukov gave to model checkers: who pops marks the element it wants by exchanging its
 * link, and gives up when another has marked it. Three threads who pop, use and push again can nevertheless come to use one element at the same time;
 * it takes at least five preemptions.
 */
#include "program.h"

#define ELEMENTS 3
#define THREADS 3
#define TURNS 2
#define ATTEMPTS 32 /* an end to spinning, whoever does not step */

static volatile LONG Head, Count, Links[ELEMENTS], Users[ELEMENTS];

/* Until it has one, however often others were there first, within ATTEMPTS. */
static LONG Pop(VOID) {
  for (LONG i = 0; i < ATTEMPTS; i++) {
    if (InterlockedCompareExchange(&Count, 0, 0) <= 1)
      continue;
    LONG head = InterlockedCompareExchange(&Head, 0, 0);
    LONG next = InterlockedExchange(&Links[head], -1);
    if (next < 0)
      continue;
    if (InterlockedCompareExchange(&Head, next, head) == head) {
      InterlockedDecrement(&Count);
      return head;
    }
    InterlockedExchange(&Links[head], next);
  }
  return -1;
}

static VOID Push(LONG Element) {
  LONG head = InterlockedCompareExchange(&Head, 0, 0);
  for (;;) {
    InterlockedExchange(&Links[Element], head);
    LONG now = InterlockedCompareExchange(&Head, Element, head);
    if (now == head)
      break;
    head = now;
  }
  InterlockedIncrement(&Count);
}

static VOID User(PVOID Context) {
  LONG self = (LONG)(LONG_PTR)Context;
  for (LONG i = 0; i < TURNS; i++) {
    LONG element = Pop();
    if (element < 0)
      continue;
    Users[element] = self;
    CHECK(Users[element] == self);
    Push(element);
  }
}

VOID Main(PVOID Context) {
  UNREFERENCED_PARAMETER(Context);
  for (LONG i = 0; i < THREADS; i++)
    Start(User, (PVOID)(LONG_PTR)(i + 1));
}

NTSTATUS DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath) {
  UNREFERENCED_PARAMETER(DriverObject);
  UNREFERENCED_PARAMETER(RegistryPath);
  for (LONG i = 0; i < ELEMENTS; i++)
    Links[i] = i + 1 < ELEMENTS ? i + 1 : -1;
  Count = ELEMENTS;
  return STATUS_SUCCESS;
}
