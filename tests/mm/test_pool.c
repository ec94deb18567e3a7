/* Pool: where blocks lie, what they hold, what a wrong free is. K-PG-4, bug-check-0xc2. */
#include <ntifs.h>

#include "driver.h"

#include "../../model/ex/ex_face.h"
#include "../../model/ex/ex_state.h"

#define TAG 0x31676154u
#define OTHER 0x32676154u

static PUCHAR block;
static KIRQL old;

#define OPEN 99

/* OPEN, or why an access would be a fault. */
static unsigned judge(const volatile void *address, uint32_t size) {
  SimFault fault;
  return sim_access_judge(sim_machine(), (uint64_t)address, size, SIM_ACCESS_WRITE, &fault) ? OPEN : fault.reason;
}

/* ---- exactly as much as was asked for ---- */

static void sizes_body(void) {
  static const SIZE_T sizes[] = { 1, 15, 16, 17, 100, 511, 513, 2000, 4064, 4065, 4096, 5000, 70000 };
  for (unsigned at = 0; at < RTL_NUMBER_OF(sizes); at++) {
    PUCHAR p = ExAllocatePoolWithTag(at % 2 == 0 ? NonPagedPoolNx : PagedPool, sizes[at], TAG);
    BOOLEAN is_aligned = (ULONG64)p % (sizes[at] >= PAGE_SIZE ? PAGE_SIZE : 16) == 0;
    BOOLEAN is_in_one_page = sizes[at] >= PAGE_SIZE || ((ULONG64)p ^ ((ULONG64)p + sizes[at] - 1)) < PAGE_SIZE;
    BOOLEAN is_open = judge(p, (uint32_t)sizes[at]) == OPEN;
    BOOLEAN is_closed = judge(p + sizes[at], 1) == SIM_FAULT_OVERRUN && (sizes[at] > 4064 || judge(p - 1, 1) == SIM_FAULT_OVERRUN);
    if (!is_aligned || !is_in_one_page || !is_open || !is_closed)
      note_number("size", (long)sizes[at]);
    ExFreePoolWithTag(p, TAG);
    if (judge(p, 1) != SIM_FAULT_FREED)
      note_number("freed", (long)sizes[at]);
  }
}

static void sizes_setup(void) { driver_run(sizes_body); }

static void sizes_check(const HarnessRun *run) {
  EXPECT_NOTES(run, "");
  EXPECT(run->bugcheck == NULL);
  EXPECT_EQUAL(event_count(run, EVENT_FAULT), 0);
}

/* ---- kinds do not share pages ---- */

static void kinds_body(void) {
  ULONG64 nonpaged = (ULONG64)ExAllocatePoolWithTag(NonPagedPool, 32, TAG) >> PAGE_SHIFT;
  ULONG64 nx = (ULONG64)ExAllocatePool2(POOL_FLAG_NON_PAGED, 32, TAG) >> PAGE_SHIFT;
  ULONG64 pageable = (ULONG64)ExAllocatePoolZero(PagedPool, 32, TAG) >> PAGE_SHIFT;
  note(nonpaged != nx && nx != pageable && nonpaged != pageable ? "apart" : "together");
  note((sim_page_attributes(sim_machine(), pageable << PAGE_SHIFT) & SIM_PAGE_KIND_MASK) == SIM_PAGE_PAGED ? "paged" : "nonpaged");
}

static void kinds_setup(void) { driver_run(kinds_body); }
static void kinds_check(const HarnessRun *run) { EXPECT_NOTES(run, "apart paged"); }

/* ---- what memory holds ---- */

static void content_body(void) {
  ULONG64 *plain = ExAllocatePoolWithTag(NonPagedPoolNx, 64, TAG);
  ULONG64 *zero = ExAllocatePoolZero(NonPagedPoolNx, 64, TAG);
  ULONG64 *two = ExAllocatePool2(POOL_FLAG_NON_PAGED, 64, TAG);
  ULONG64 *two_plain = ExAllocatePool2(POOL_FLAG_NON_PAGED | POOL_FLAG_UNINITIALIZED, 64, TAG);
  note(plain[7] == 0xffffcdcdcdcdcdcdULL && two_plain[0] == plain[7] ? "pattern" : "other");
  note(zero[7] == 0 && two[7] == 0 ? "zero" : "other");
}

static void content_setup(void) { driver_run(content_body); }
static void content_check(const HarnessRun *run) { EXPECT_NOTES(run, "pattern zero"); }

/* ---- a freed block's memory comes back late, the longest free first ---- */

static void quarantine_body(void) {
  PVOID first = ExAllocatePoolWithTag(NonPagedPoolNx, 48, TAG);
  PVOID second = ExAllocatePoolWithTag(NonPagedPoolNx, 48, TAG);
  ExFreePoolWithTag(first, TAG);
  ExFreePoolWithTag(second, TAG);
  unsigned count = 2;
  for (;;) {
    PVOID p = ExAllocatePoolWithTag(NonPagedPoolNx, 48, TAG);
    if (p == first)
      break;
    ExFreePoolWithTag(p, TAG);
    count++;
  }
  note_number("frees", count);
  note(ExAllocatePoolWithTag(NonPagedPoolNx, 48, TAG) == second ? "second" : "other");
}

static void quarantine_setup(void) { driver_run(quarantine_body); }
static void quarantine_check(const HarnessRun *run) { EXPECT_NOTES(run, "frees=256 other"); }

/* ---- what ExAllocatePool2 does not take ---- */

static void refused_body(void) {
  static const struct {
    POOL_FLAGS flags;
    ULONG tag;
  } rows[] = {
    { 0, TAG },
    { POOL_FLAG_PAGED | POOL_FLAG_NON_PAGED, TAG },
    { POOL_FLAG_PAGED, 0 },
    { POOL_FLAG_PAGED | 0x400, TAG },
    { POOL_FLAG_PAGED, TAG },                          /* taken */
    { POOL_FLAG_PAGED | POOL_FLAG_SPECIAL_POOL, TAG }, /* optional flags may be anything */
  };
  for (unsigned at = 0; at < RTL_NUMBER_OF(rows); at++)
    note(ExAllocatePool2(rows[at].flags, 8, rows[at].tag) != NULL ? "yes" : "no");
}

static void refused_setup(void) { driver_run(refused_body); }
static void refused_check(const HarnessRun *run) { EXPECT_NOTES(run, "no no no no yes yes"); }

/* ---- wrong frees ---- */

typedef enum FreeKind { FREE_TWICE, FREE_WRONG_TAG, FREE_INSIDE, FREE_NULL, FREE_STACK, FREE_UNTAGGED } FreeKind;
static FreeKind free_kind;

static void free_body(void) {
  block = ExAllocatePoolWithTag(NonPagedPoolNx, 64, TAG);
  switch (free_kind) {
  case FREE_TWICE:
    ExFreePoolWithTag(block, TAG);
    ExFreePoolWithTag(block, TAG);
    break;
  case FREE_WRONG_TAG: ExFreePoolWithTag(block, OTHER); break;
  case FREE_INSIDE: ExFreePoolWithTag(block + 16, TAG); break;
  case FREE_NULL: ExFreePoolWithTag(NULL, TAG); break;
  case FREE_STACK: ExFreePoolWithTag((PVOID)sim_context_guest_stack_low(sim_machine()->current), TAG); break;
  case FREE_UNTAGGED: ExFreePool(block); break;
  }
  note("went on");
}

#define FREE(case_name, kind, code, p1, p2)                                                                                                \
  static void case_name##_setup(void) {                                                                                                    \
    free_kind = (kind);                                                                                                                    \
    driver_run(free_body);                                                                                                                 \
  }                                                                                                                                        \
  static void case_name##_check(const HarnessRun *run) {                                                                                   \
    EXPECT_BUGCHECK(run, code);                                                                                                            \
    EXPECT_NOTES(run, "");                                                                                                                 \
    EXPECT_EQUAL(run->bugcheck->parameters[0], (p1));                                                                                      \
    EXPECT_EQUAL(run->bugcheck->parameters[1], (p2));                                                                                      \
  }

FREE(twice, FREE_TWICE, 0xc2, 0x7, 0)
FREE(wrong_tag, FREE_WRONG_TAG, 0xc2, 0xa, (uint64_t)block)
FREE(inside, FREE_INSIDE, 0xc2, 0x99, (uint64_t)block + 16)
FREE(null, FREE_NULL, 0xc2, 0x40, 0)
FREE(stack, FREE_STACK, 0xc2, 0x46, run->bugcheck->parameters[1])
FREE(verified_twice, FREE_TWICE, 0xc4, 0x13, 0)
FREE(verified_wild, FREE_NULL, 0xc4, 0x10, 0)

static void untagged_setup(void) {
  free_kind = FREE_UNTAGGED;
  driver_run(free_body);
}
static void untagged_check(const HarnessRun *run) { EXPECT_NOTES(run, "went on"); }

static void verified_options(ModelOptions *options) { driver_verify(options, MODEL_VERIFIER_STANDARD); }

/* ---- levels ---- */

static void high_body(void) {
  PVOID p = ExAllocatePoolWithTag(PagedPool, 16, TAG);
  KeRaiseIrql(DISPATCH_LEVEL, &old);
  ExFreePoolWithTag(p, TAG);
  note("freed");
  p = ExAllocatePoolWithTag(PagedPool, 16, TAG);
  note(p != NULL ? "allocated" : "none");
}

static void high_setup(void) { driver_run(high_body); }

static void high_check(const HarnessRun *run) {
  EXPECT_NOTES(run, "freed allocated"); /* Windows is silent as long as the pages are in */
  EXPECT_EQUAL(event_count(run, EVENT_CONTRACT_IRQL), 1);
  EXPECT_EQUAL(fault_reason(run, 0), SIM_FAULT_PAGED_HIGH);
}

static void high_verified_check(const HarnessRun *run) {
  EXPECT_BUGCHECK(run, 0xc4);
  EXPECT_EQUAL(run->bugcheck->parameters[0], 0x11);
  EXPECT_EQUAL(run->bugcheck->parameters[1], DISPATCH_LEVEL);
}

static void high_allocate_body(void) {
  KeRaiseIrql(DISPATCH_LEVEL, &old);
  ExAllocatePoolWithTag(PagedPool, 24, TAG);
}

static void high_allocate_setup(void) { driver_run(high_allocate_body); }

static void high_allocate_check(const HarnessRun *run) {
  EXPECT_BUGCHECK(run, 0xc4);
  EXPECT_EQUAL(run->bugcheck->parameters[0], 0x1);
  EXPECT_EQUAL(run->bugcheck->parameters[3], 24);
}

static void zero_body(void) {
  block = ExAllocatePoolWithTag(NonPagedPoolNx, 0, TAG);
  note(block != NULL && judge(block, 1) == SIM_FAULT_OVERRUN ? "a block without bytes" : "other");
  ExFreePoolWithTag(block, TAG);
}

static void zero_setup(void) { driver_run(zero_body); }
static void zero_check(const HarnessRun *run) { EXPECT_NOTES(run, "a block without bytes"); }

static void zero_verified_check(const HarnessRun *run) {
  EXPECT_BUGCHECK(run, 0xc4);
  EXPECT_EQUAL(run->bugcheck->parameters[0], 0);
}

/* ---- failure is a choice where it was asked for ---- */

static void failing_options(ModelOptions *options) {
  (void)options;
  ex_allocation_failures_set(true);
}

static void failing_body(void) { note(ExAllocatePoolWithTag(NonPagedPoolNx, 16, TAG) != NULL ? "memory" : "none"); }
static void failing_setup(void) { driver_run(failing_body); }
static void failing_check(const HarnessRun *run) { EXPECT_NOTES(run, "memory"); }

/* ---- guest memory ends ---- */

static void exhausted_body(void) {
  unsigned count = 0;
  while (ExAllocatePoolWithTag(NonPagedPoolNx, 0x100000, TAG) != NULL)
    count++;
  note(count > 8 && count < 64 ? "some" : "other");
  note(ExAllocatePoolWithTag(NonPagedPoolNx, (SIZE_T)-1, TAG) == NULL ? "none" : "other");
}

static void exhausted_setup(void) { driver_run(exhausted_body); }
static void exhausted_check(const HarnessRun *run) { EXPECT_NOTES(run, "some none"); }

/* ---- a set timer in freed memory ---- */

static void timer_body(void) {
  LARGE_INTEGER due = { .QuadPart = -10000 };
  PKTIMER timer = ExAllocatePoolWithTag(NonPagedPoolNx, sizeof *timer, TAG);
  KeInitializeTimer(timer);
  KeSetTimer(timer, due, NULL);
  ExFreePoolWithTag(timer, TAG);
  note("freed");
}

static void timer_setup(void) { driver_run(timer_body); }

static void timer_check(const HarnessRun *run) {
  EXPECT_NOTES(run, "freed");
  EXPECT_EQUAL(event_count(run, EVENT_CONTRACT), 1);
  EXPECT_EQUAL(event_at(run, EVENT_CONTRACT, 0)->detail, CONTRACT_TIMER_FREED);
}

static void timer_verified_check(const HarnessRun *run) {
  EXPECT_BUGCHECK(run, 0xc4);
  EXPECT_EQUAL(run->bugcheck->parameters[0], 0x15);
}

/* ---- events ---- */

static void events_check(const HarnessRun *run) {
  const SimEvent *allocate = NULL;
  for (size_t n = 0; (allocate = event_at(run, EVENT_POOL_ALLOCATE, n)) != NULL && allocate->detail != TAG; n++) {
  }
  EXPECT(allocate != NULL);
  if (allocate == NULL)
    return;
  EXPECT(allocate->status == 64 && object_by_ordinal(allocate->object)->kind == OBJECT_POOL_BLOCK);
  EXPECT(object_by_ordinal(allocate->object)->driver != 0);
  EXPECT(event_count(run, EVENT_POOL_FREE) > 0);
}

/* ---- fast mutexes ---- */

static FAST_MUTEX *mutex;

static void mutex_holder(void *argument) {
  (void)argument;
  LARGE_INTEGER pause = { .QuadPart = -10000 };
  ExInitializeFastMutex(mutex);
  ExAcquireFastMutex(mutex);
  note_number("irql", KeGetCurrentIrql());
  KeDelayExecutionThread(KernelMode, FALSE, &pause);
  note("release");
  ExReleaseFastMutex(mutex);
  note_number("irql", KeGetCurrentIrql());
}

static void mutex_waiter(void *argument) {
  (void)argument;
  note(ExTryToAcquireFastMutex(mutex) ? "got it" : "held");
  ExAcquireFastMutex(mutex);
  note("mine");
  ExReleaseFastMutex(mutex);
}

static void mutex_setup(void) {
  mutex = harness_memory(sizeof *mutex);
  harness_thread("holder", 9, mutex_holder, NULL);
  harness_thread("waiter", 8, mutex_waiter, NULL);
}

static void mutex_check(const HarnessRun *run) { EXPECT_NOTES(run, "irql=1 held release irql=0 mine"); }

static void mutex_high_body(void) {
  mutex = harness_memory(sizeof *mutex);
  ExInitializeFastMutex(mutex);
  KeRaiseIrql(DISPATCH_LEVEL, &old);
  ExAcquireFastMutex(mutex);
  note("acquired");
}

static void mutex_high_setup(void) { driver_run(mutex_high_body); }

static void mutex_high_check(const HarnessRun *run) {
  EXPECT_BUGCHECK(run, 0x192);
  EXPECT_EQUAL(run->bugcheck->parameters[1], (uint64_t)mutex);
  EXPECT_EQUAL(run->bugcheck->parameters[2], DISPATCH_LEVEL);
}

static void mutex_verified_check(const HarnessRun *run) {
  EXPECT_BUGCHECK(run, 0xc4);
  EXPECT_EQUAL(run->bugcheck->parameters[0], 0x33);
}

#define CASE(text, prefix) .name = text, .setup = prefix##_setup, .check = prefix##_check

static const HarnessCase cases[] = {
  { CASE("pool: sizes", sizes) },
  { CASE("pool: kinds", kinds) },
  { CASE("pool: content", content) },
  { CASE("pool: quarantine", quarantine) },
  { CASE("pool: flags that are refused", refused) },
  { CASE("K_PG_4 double free", twice) },
  { CASE("K_PG_4 wrong tag", wrong_tag) },
  { CASE("K_PG_4 a pointer into a block", inside) },
  { CASE("K_PG_4 NULL", null) },
  { CASE("K_PG_4 not pool", stack) },
  { CASE("K_PG_4 double free, Verifier", verified_twice), .options = verified_options },
  { CASE("K_PG_4 NULL, Verifier", verified_wild), .options = verified_options },
  { CASE("pool: ExFreePool takes any tag", untagged) },
  { .name = "pool: events", .setup = untagged_setup, .check = events_check },
  { CASE("K_PG_4 paged pool at DISPATCH_LEVEL", high) },
  { .name = "K_PG_4 paged pool freed at DISPATCH_LEVEL, Verifier",
    .setup = high_setup,
    .check = high_verified_check,
    .options = verified_options },
  { CASE("K_PG_4 paged pool allocated at DISPATCH_LEVEL, Verifier", high_allocate), .options = verified_options },
  { CASE("pool: zero bytes", zero) },
  { .name = "pool: zero bytes, Verifier", .setup = zero_setup, .check = zero_verified_check, .options = verified_options },
  { CASE("pool: failure as a choice", failing), .options = failing_options },
  { CASE("pool: exhausted", exhausted) },
  { CASE("K_TMR_7 a set timer freed", timer) },
  { .name = "K_TMR_7 a set timer freed, Verifier", .setup = timer_setup, .check = timer_verified_check, .options = verified_options },
  { CASE("fast mutex", mutex) },
  { CASE("K_LOCK_1 fast mutex at DISPATCH_LEVEL", mutex_high) },
  { .name = "K_LOCK_1 fast mutex at DISPATCH_LEVEL, Verifier",
    .setup = mutex_high_setup,
    .check = mutex_verified_check,
    .options = verified_options },
};

int main(void) { return harness_main("pool", cases, RTL_NUMBER_OF(cases)); }
