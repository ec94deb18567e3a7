/* What a checked call passes: contracts, pointers, results, callbacks. A WDK file on the harness of tests/ke. */
#include <ntifs.h>

#include "../ke/harness.h"
#include "ddi_callbacks.gen.h"
#include "ddi_ids.gen.h"
#include "ddi_wrappers.gen.h"

static uint64_t step(const char *name, unsigned count, const uint64_t *arguments) {
  uint64_t result = 0;
  ddi_function_find(name)->step(arguments, count, &result);
  return result;
}

#define CONTRACT(min, max, level) ((uint32_t)(min) | (uint32_t)(max) << 8 | (uint32_t)(level) << 16)

/* ---- contracts ---- */

static void set_event_and_wait_high(void *argument) {
  PKEVENT event = argument;
  KeInitializeEvent(event, NotificationEvent, FALSE);
  KIRQL old = KeRaiseIrqlToDpcLevel();
  ddi_KeSetEvent(event, 0, TRUE);
  KeLowerIrql(old);
}

static void conditions_setup(void) { harness_thread("t", 8, set_event_and_wait_high, harness_memory(sizeof(KEVENT))); }

static void conditions_check(const HarnessRun *run) {
  EXPECT_EQUAL(event_count(run, EVENT_CONTRACT_IRQL), 1);
  const SimEvent *event = event_at(run, EVENT_CONTRACT_IRQL, 0);
  EXPECT_EQUAL(event->function, DDI_KeSetEvent);
  EXPECT_EQUAL(event->detail, CONTRACT(PASSIVE_LEVEL, APC_LEVEL, DISPATCH_LEVEL));
  EXPECT_EQUAL(event_at(run, EVENT_CALL, 0)->object, event->object);
  EXPECT_EQUAL(event_count(run, EVENT_RETURN), 1);
}

/* A condition that reads memory: a time-out of zero only polls. */
static void poll_high(void *argument) {
  PKEVENT event = argument;
  PLARGE_INTEGER timeout = (PLARGE_INTEGER)(event + 1);
  timeout->QuadPart = 0;
  KeInitializeEvent(event, NotificationEvent, FALSE);
  KIRQL old = KeRaiseIrqlToDpcLevel();
  note_number("status", ddi_KeWaitForSingleObject(event, Executive, KernelMode, FALSE, timeout));
  KeLowerIrql(old);
}

static void poll_setup(void) { harness_thread("t", 8, poll_high, harness_memory(64)); }

static void poll_check(const HarnessRun *run) {
  EXPECT_NOTES(run, "status=258");
  EXPECT_EQUAL(event_count(run, EVENT_CONTRACT_IRQL), 0);
  EXPECT_EQUAL(event_at(run, EVENT_RETURN, 0)->status, STATUS_TIMEOUT);
  EXPECT_EQUAL(event_at(run, EVENT_RETURN, 0)->detail, DISPATCH_LEVEL);
}

/* ---- the IRQL at return ---- */

static void lock_and_unlock(void *argument) {
  PKSPIN_LOCK lock = argument;
  PKIRQL old = (PKIRQL)(lock + 1);
  ddi_KeInitializeSpinLock(lock);
  ddi_KeAcquireSpinLock(lock, old);
  note_number("at", KeGetCurrentIrql());
  ddi_KeReleaseSpinLock(lock, *old);
  note_number("at", KeGetCurrentIrql());
  PFAST_MUTEX mutex = (PFAST_MUTEX)(lock + 4);
  ddi_ExInitializeFastMutex(mutex);
  ddi_ExAcquireFastMutex(mutex);
  note_number("at", KeGetCurrentIrql());
  ddi_ExReleaseFastMutex(mutex);
  note_number("at", KeGetCurrentIrql());
}

static void lock_setup(void) { harness_thread("t", 8, lock_and_unlock, harness_memory(256)); }

static void lock_check(const HarnessRun *run) {
  EXPECT_NOTES(run, "at=2 at=0 at=1 at=0");
  EXPECT_EQUAL(event_count(run, EVENT_CONTRACT_IRQL), 0);
  EXPECT_EQUAL(event_count(run, EVENT_CONTRACT_IRQL_RETURN), 0);
}

/* ---- pointers ---- */

static void set_null_event(void *argument) {
  (void)argument;
  ddi_KeSetEvent(NULL, 0, FALSE);
  note("never");
}

static void null_setup(void) { harness_thread("t", 8, set_null_event, NULL); }

static void null_check(const HarnessRun *run) {
  EXPECT_NOTES(run, "");
  EXPECT_EQUAL(run->stop, SIM_STOP_BUGCHECK);
  const SimEvent *event = event_at(run, EVENT_CONTRACT_POINTER, 0);
  EXPECT(event != NULL);
  EXPECT_EQUAL(event->detail, 0);
  EXPECT_EQUAL(event->status, SIM_FAULT_NULL);
  EXPECT_EQUAL(event->value, 0);
}

static void pass_optional_null(void *argument) {
  (void)argument;
  note_number("counter", ddi_KeQueryPerformanceCounter(NULL).QuadPart != 0);
}

static void optional_setup(void) { harness_thread("t", 8, pass_optional_null, NULL); }

static void optional_check(const HarnessRun *run) {
  EXPECT_EQUAL(run->stop, SIM_STOP_QUIET);
  EXPECT_EQUAL(event_count(run, EVENT_CONTRACT_POINTER), 0);
}

/* The text has no end inside of its memory. */
static void endless_text(void *argument) {
  PUNICODE_STRING string = argument;
  uint64_t page = sim_pages_allocate(sim_machine(), 1, SIM_PAGE_NONPAGED | SIM_PAGE_RESIDENT | SIM_PAGE_WRITABLE);
  PWCHAR text = (PWCHAR)page;
  for (unsigned at = 0; at < SIM_PAGE_SIZE / sizeof(WCHAR); at++)
    text[at] = L'x';
  ddi_RtlInitUnicodeString(string, text);
  note("never");
}

static void endless_setup(void) { harness_thread("t", 8, endless_text, harness_memory(64)); }

static void endless_check(const HarnessRun *run) {
  EXPECT_NOTES(run, "");
  const SimEvent *event = event_at(run, EVENT_CONTRACT_POINTER, 0);
  EXPECT(event != NULL);
  EXPECT_EQUAL(event->detail, 1);
}

/* A pointer behind a parameter. */
static void wild_buffer(void *argument) {
  PUNICODE_STRING string = argument;
  string->Length = string->MaximumLength = 8;
  string->Buffer = (PWCHAR)0x1234500000;
  note_number("equal", ddi_RtlEqualUnicodeString(string, string, FALSE));
}

static void wild_setup(void) { harness_thread("t", 8, wild_buffer, harness_memory(64)); }

static void wild_check(const HarnessRun *run) {
  EXPECT_NOTES(run, "");
  EXPECT_EQUAL(run->stop, SIM_STOP_BUGCHECK);
  EXPECT_EQUAL(event_at(run, EVENT_CONTRACT_POINTER, 0)->value, 0x1234500000);
}

/* ---- steps ---- */

static void call_steps(void *argument) {
  uint64_t memory = (uint64_t)argument;
  uint64_t block = step("ExAllocatePool2", 3, (const uint64_t[]){ POOL_FLAG_NON_PAGED, 32, 'Tset' });
  note_number("block", block != 0);
  step("ExFreePoolWithTag", 2, (const uint64_t[]){ block, 'Tset' });
  step("KeInitializeTimer", 1, (const uint64_t[]){ memory });
  note_number("set", (long)step("KeSetTimer", 3, (const uint64_t[]){ memory, (uint64_t)-10000, 0 }));
  note_number("set", (long)step("KeSetTimer", 3, (const uint64_t[]){ memory, (uint64_t)-20000, 0 }));
  *(LONG *)(memory + 128) = 41;
  note_number("value", (long)step("InterlockedIncrement", 1, (const uint64_t[]){ memory + 128 }));
  uint64_t head = memory + 160, entry = memory + 192;
  step("InitializeListHead", 1, (const uint64_t[]){ head });
  step("InsertTailList", 2, (const uint64_t[]){ head, entry });
  note_number("first", step("RemoveHeadList", 1, (const uint64_t[]){ head }) == entry);
  note_number("status", (long)step("KeWaitForSingleObject", 5, (const uint64_t[]){ memory, Executive, KernelMode, FALSE, 0 }));
}

static void steps_setup(void) { harness_thread("t", 8, call_steps, harness_memory(256)); }

static void steps_check(const HarnessRun *run) {
  EXPECT_NOTES(run, "block=1 set=0 set=1 value=42 first=1 status=0");
  const SimEvent *event = event_at(run, EVENT_RETURN, 0);
  EXPECT_EQUAL(event->function, DDI_ExAllocatePool2);
  EXPECT_EQUAL(event->status, 1);
  EXPECT(event->value > SIM_ARENA_BASE);
  for (size_t at = 0; event_at(run, EVENT_CALL, at) != NULL; at++)
    EXPECT(event_at(run, EVENT_CALL, at)->function != DDI_InsertTailList);
}

static void print_steps(void *argument) {
  char *format = argument;
  static const char text[] = "%d %% %*x %s";
  __builtin_memcpy(format, text, sizeof text);
  note_number("count", ddi_format_argument_count((uint64_t)format, 12));
  note_number("count", ddi_format_argument_count((uint64_t)format, 2));
  __builtin_memcpy(format, "%d %d", 6);
  step("DbgPrint", 3, (const uint64_t[]){ (uint64_t)format, 1, 2 });
  ddi_DbgPrint(format, 3, 4);
  ddi_DbgPrintEx(0, 0, format, 5, 6);
}

static void print_setup(void) { harness_thread("t", 8, print_steps, harness_memory(64)); }

static void print_check(const HarnessRun *run) {
  EXPECT_NOTES(run, "count=4 count=2");
  EXPECT_EQUAL(event_count(run, EVENT_DEBUG_PRINT), 3);
}

/* ---- callbacks ---- */

static VOID leak_irql(PVOID context) {
  (void)context;
  KeRaiseIrqlToDpcLevel();
}

static VOID stay(PVOID context) { note_number("context", (long)(uint64_t)context); }

static void call_back(void *argument) {
  (void)argument;
  ddi_callback_KSTART_ROUTINE(stay, (PVOID)7);
  ddi_callback_KSTART_ROUTINE(leak_irql, NULL);
  note_number("at", KeGetCurrentIrql());
  KeLowerIrql(PASSIVE_LEVEL);
}

static void callback_setup(void) { harness_thread("t", 8, call_back, NULL); }

static void callback_check(const HarnessRun *run) {
  EXPECT_NOTES(run, "context=7 at=2");
  EXPECT_EQUAL(event_count(run, EVENT_CALLBACK), 2);
  EXPECT_EQUAL(event_count(run, EVENT_CALLBACK_RETURN), 2);
  EXPECT_EQUAL(event_count(run, EVENT_CONTRACT_IRQL_RETURN), 1);
  const SimEvent *event = event_at(run, EVENT_CONTRACT_IRQL_RETURN, 0);
  EXPECT_EQUAL(event->function, DDI_KSTART_ROUTINE);
  EXPECT_EQUAL(event->detail, (uint32_t)PASSIVE_LEVEL | (uint32_t)DISPATCH_LEVEL << 8 | 1u << 16);
}

/* ---- what is not there ---- */

static void reach_nothing(void *argument) {
  (void)argument;
  ddi_not_modelled("KeNoSuchThing");
  note("never");
}

static void nothing_setup(void) { harness_thread("t", 8, reach_nothing, NULL); }

static void nothing_check(const HarnessRun *run) {
  EXPECT_NOTES(run, "");
  EXPECT_EQUAL(run->stop, SIM_STOP_NOT_MODELLED);
  EXPECT_EQUAL(event_at(run, EVENT_NOT_MODELLED, 0)->function, ddi_id("KeNoSuchThing"));
  EXPECT_EQUAL(ddi_id("KeSetEvent"), DDI_KeSetEvent);
}

static const HarnessCase cases[] = {
  { .name = "a condition narrows the range", .setup = conditions_setup, .check = conditions_check },
  { .name = "a condition that reads memory", .setup = poll_setup, .check = poll_check },
  { .name = "functions that change the IRQL", .setup = lock_setup, .check = lock_check },
  { .name = "NULL for a pointer that is needed", .setup = null_setup, .check = null_check },
  { .name = "NULL for an optional pointer", .setup = optional_setup, .check = optional_check },
  { .name = "a text without an end", .setup = endless_setup, .check = endless_check },
  { .name = "a wild pointer inside of a structure", .setup = wild_setup, .check = wild_check },
  { .name = "calls with widened arguments", .setup = steps_setup, .check = steps_check },
  { .name = "variadic functions", .setup = print_setup, .check = print_check },
  { .name = "a callback that does not restore the IRQL", .setup = callback_setup, .check = callback_check },
  { .name = "a function that is not modelled", .setup = nothing_setup, .check = nothing_check },
};

int main(void) { return harness_main("ddi calls", cases, sizeof cases / sizeof *cases); }
