/* K-PG: what Windows does with an access that may not be. */
#include <ntddk.h>

#include "driver.h"

#include "../../model/ex/ex_face.h"
#include "../../model/mm/mm.h"

#define TAG 0x31676154u

static PUCHAR paged; /* a block of paged pool, two pages */
static KIRQL old;

static void paged_allocate(void) {
  paged = ExAllocatePool2(POOL_FLAG_PAGED, 2 * PAGE_SIZE, TAG);
  if (paged == NULL)
    note("none");
}

/* ---- K_PG_1: pageable memory at DISPATCH_LEVEL ---- */

static void resident_body(void) {
  paged_allocate();
  KeRaiseIrql(DISPATCH_LEVEL, &old);
  for (unsigned at = 0; at < 64; at += 4)
    touch(paged + at, 4, SIM_ACCESS_WRITE);
  KeLowerIrql(old);
  touch(paged, 4, SIM_ACCESS_READ);
  note("survived");
}

static void resident_setup(void) { driver_run(resident_body); }

static void resident_check(const HarnessRun *run) {
  EXPECT_NOTES(run, "survived");
  EXPECT_EQUAL(event_count(run, EVENT_FAULT), 1); /* one mistake, told once */
  EXPECT_EQUAL(fault_reason(run, 0), SIM_FAULT_PAGED_HIGH);
}

static void out_body(void) {
  paged_allocate();
  mm_trim();
  KeRaiseIrql(DISPATCH_LEVEL, &old);
  touch(paged + 8, 4, SIM_ACCESS_WRITE);
  note("not reached");
}

static void out_setup(void) { driver_run(out_body); }

static void out_check(const HarnessRun *run) {
  EXPECT_BUGCHECK(run, 0xd1);
  EXPECT_EQUAL(run->bugcheck->parameters[0], (uint64_t)paged + 8);
  EXPECT_EQUAL(run->bugcheck->parameters[1], DISPATCH_LEVEL);
  EXPECT_EQUAL(run->bugcheck->parameters[2], 1);
  EXPECT_EQUAL(run->bugcheck->parameters[3], SIM_SITE_STEP | 7);
  EXPECT_EQUAL(fault_reason(run, 0), SIM_FAULT_NOT_RESIDENT);
  EXPECT_NOTES(run, "");
}

static void kernel_body(void) {
  paged_allocate();
  mm_trim();
  KeRaiseIrql(DISPATCH_LEVEL, &old);
  mm_probe_read(paged, 16); /* Windows' own code, on the driver's behalf */
}

static void kernel_setup(void) { driver_run(kernel_body); }

static void kernel_check(const HarnessRun *run) {
  EXPECT_BUGCHECK(run, 0xa);
  EXPECT_EQUAL(run->bugcheck->parameters[0], (uint64_t)paged);
  EXPECT_EQUAL(run->bugcheck->parameters[2], 0);
}

static void page_in_body(void) {
  paged_allocate();
  mm_trim();
  uint64_t before = ke_now_ns();
  touch(paged, 4, SIM_ACCESS_READ);
  touch(paged + 4, 4, SIM_ACCESS_READ);
  note(ke_now_ns() - before >= 100000 ? "waited" : "at once");
  KeRaiseIrql(APC_LEVEL, &old);
  touch(paged + PAGE_SIZE, 4, SIM_ACCESS_WRITE); /* page faults are legal at APC_LEVEL (K-IRQL-4) */
  KeLowerIrql(old);
}

static void page_in_setup(void) { driver_run(page_in_body); }

static void page_in_check(const HarnessRun *run) {
  EXPECT_NOTES(run, "waited");
  EXPECT_EQUAL(event_count(run, EVENT_PAGE_IN), 2);
  EXPECT_EQUAL(event_count(run, EVENT_FAULT), 0);
  EXPECT(event_count(run, EVENT_PAGE_OUT) >= 2);
}

static void trimmed_options(ModelOptions *options) { options->paging = MODEL_PAGING_TRIMMED; }

static void trimmed_body(void) {
  paged_allocate();
  touch(paged, 4, SIM_ACCESS_WRITE);
  note("low");
  KeRaiseIrql(DISPATCH_LEVEL, &old);
  touch(paged, 4, SIM_ACCESS_READ);
  note("not reached");
}

static void trimmed_setup(void) { driver_run(trimmed_body); }

static void trimmed_check(const HarnessRun *run) {
  EXPECT_BUGCHECK(run, 0xd1);
  EXPECT_EQUAL(event_count(run, EVENT_PAGE_IN), 1);
  EXPECT_NOTES(run, "low");
}

/* ---- K_PG_3: force-IRQL checking sends pageable memory out when the driver raises ---- */

static void force_options(ModelOptions *options) { driver_verify(options, MODEL_VERIFIER_FORCE_IRQL); }

static void force_check(const HarnessRun *run) {
  EXPECT_BUGCHECK(run, 0xd1);
  EXPECT_EQUAL(run->bugcheck->parameters[0], (uint64_t)paged);
  EXPECT(event_count(run, EVENT_PAGE_OUT) >= 2);
  EXPECT_NOTES(run, "");
}

static void force_lock_body(void) {
  KSPIN_LOCK *lock = harness_memory(sizeof *lock);
  paged_allocate();
  KeInitializeSpinLock(lock);
  KeAcquireSpinLock(lock, &old);
  touch(paged, 4, SIM_ACCESS_READ);
}

static void force_lock_setup(void) { driver_run(force_lock_body); }

/* ---- wild and NULL pointers, by level and by where they point ---- */

static const volatile void *wild;
static KIRQL wild_irql;
static SimAccessKind wild_kind;

static void wild_body(void) {
  KeRaiseIrql(wild_irql, &old);
  touch(wild, 4, wild_kind);
  note("not reached");
}

#define WILD(case_name, pointer, irql, kind, code, p1, p2, p3, p4)                                                                         \
  static void case_name##_setup(void) {                                                                                                    \
    wild = (const void *)(pointer);                                                                                                        \
    wild_irql = (irql);                                                                                                                    \
    wild_kind = (kind);                                                                                                                    \
    driver_run(wild_body);                                                                                                                 \
  }                                                                                                                                        \
  static void case_name##_check(const HarnessRun *run) {                                                                                   \
    EXPECT_BUGCHECK(run, code);                                                                                                            \
    EXPECT_EQUAL(run->bugcheck->parameters[0], (p1));                                                                                      \
    EXPECT_EQUAL(run->bugcheck->parameters[1], (p2));                                                                                      \
    EXPECT_EQUAL(run->bugcheck->parameters[2], (p3));                                                                                      \
    EXPECT_EQUAL(run->bugcheck->parameters[3], (p4));                                                                                      \
    EXPECT_EQUAL(event_count(run, EVENT_FAULT), 1);                                                                                        \
  }

#define SITE (SIM_SITE_STEP | 7)
#define KERNEL_WILD 0xffff900000001000ULL
WILD(null_low, 0x10, PASSIVE_LEVEL, SIM_ACCESS_WRITE, 0x7e, 0xc0000005, SITE, 0, 0)
WILD(null_high, 0x10, DISPATCH_LEVEL, SIM_ACCESS_WRITE, 0xd1, 0x10, DISPATCH_LEVEL, 1, SITE)
WILD(kernel_low, KERNEL_WILD, APC_LEVEL, SIM_ACCESS_WRITE, 0x50, KERNEL_WILD, 2, SITE, 2)
WILD(kernel_low_7, KERNEL_WILD, PASSIVE_LEVEL, SIM_ACCESS_WRITE, 0x50, KERNEL_WILD, 1, SITE, 2)
WILD(kernel_high, KERNEL_WILD, DISPATCH_LEVEL, SIM_ACCESS_READ, 0xd1, KERNEL_WILD, DISPATCH_LEVEL, 0, SITE)
WILD(garbage_high, 0xcdcdcdcdcdcdcdcdULL, DISPATCH_LEVEL, SIM_ACCESS_READ, 0x7e, 0xc0000005, SITE, 0, 0)
WILD(call_high, 0, DISPATCH_LEVEL, SIM_ACCESS_EXECUTE, 0xd1, 0, DISPATCH_LEVEL, 8, 0)

/* ---- in a DPC, nobody handles an exception ---- */

static void garbage_dpc(KeDpc *dpc, void *argument) {
  (void)dpc;
  (void)argument;
  touch((const void *)0xcdcdcdcdcdcdcdcdULL, 4, SIM_ACCESS_WRITE);
}

static void garbage_dpc_setup(void) { ke_dpc_queue(ke_dpc_create("d", garbage_dpc, NULL), 0); }

static void garbage_dpc_check(const HarnessRun *run) {
  EXPECT_BUGCHECK(run, 0x1e);
  EXPECT_EQUAL(run->bugcheck->parameters[0], 0xc0000005);
  EXPECT_EQUAL(run->bugcheck->parameters[2], 1);
  EXPECT_EQUAL(run->bugcheck->parameters[3], UINT64_MAX);
}

/* ---- freed memory, and what lies beyond a block ---- */

static void freed_body(void) {
  ULONG64 *block = ExAllocatePoolWithTag(NonPagedPoolNx, 40, TAG);
  ExFreePoolWithTag(block, TAG);
  touch(block, 8, SIM_ACCESS_READ);
  note(block[1] == 0xffffddddddddddddULL ? "pattern" : "other");
  touch(block + 1, 8, SIM_ACCESS_WRITE);
}

static void freed_setup(void) { driver_run(freed_body); }

static void freed_check(const HarnessRun *run) {
  EXPECT_NOTES(run, "pattern"); /* Windows is silent */
  EXPECT(run->bugcheck == NULL);
  EXPECT_EQUAL(fault_reason(run, 0), SIM_FAULT_FREED);
  EXPECT(event_at(run, EVENT_FAULT, 0)->object != 0);
}

static void special_options(ModelOptions *options) { driver_verify(options, MODEL_VERIFIER_SPECIAL_POOL); }

static void freed_special_check(const HarnessRun *run) {
  EXPECT_BUGCHECK(run, 0xd5);
  EXPECT_EQUAL(run->bugcheck->parameters[1], 0);
  EXPECT_EQUAL(run->bugcheck->parameters[2], SITE);
}

static void overrun_body(void) {
  PUCHAR block = ExAllocatePoolWithTag(NonPagedPoolNx, 13, TAG);
  touch(block + 12, 1, SIM_ACCESS_WRITE);
  note("inside");
  touch(block + 13, 1, SIM_ACCESS_WRITE); /* the very next byte */
  note("beyond");
}

static void overrun_setup(void) { driver_run(overrun_body); }

static void overrun_check(const HarnessRun *run) {
  EXPECT_NOTES(run, "inside beyond");
  EXPECT_EQUAL(event_count(run, EVENT_FAULT), 1);
  EXPECT_EQUAL(fault_reason(run, 0), SIM_FAULT_OVERRUN);
}

static void overrun_special_check(const HarnessRun *run) {
  EXPECT_NOTES(run, "inside");
  EXPECT_BUGCHECK(run, 0xd6);
  EXPECT_EQUAL(run->bugcheck->parameters[1], 1);
}

/* ---- other memory ---- */

static void read_only_body(void) {
  uint64_t page = sim_pages_allocate(sim_machine(), 1, SIM_PAGE_CODE | SIM_PAGE_RESIDENT);
  touch((void *)page, 4, SIM_ACCESS_READ);
  note("read");
  touch((void *)page, 4, SIM_ACCESS_WRITE);
}

static void read_only_setup(void) { driver_run(read_only_body); }

static void read_only_check(const HarnessRun *run) {
  EXPECT_NOTES(run, "read");
  EXPECT_BUGCHECK(run, 0xbe);
}

/* K_PG_5 */
static void stack_body(void) { touch((void *)(sim_context_guest_stack_low(sim_machine()->current) - 8), 8, SIM_ACCESS_WRITE); }

static void stack_setup(void) { driver_run(stack_body); }

static void stack_check(const HarnessRun *run) {
  EXPECT_BUGCHECK(run, 0x7f);
  EXPECT_EQUAL(run->bugcheck->parameters[0], 8);
}

static uint64_t user_page;

static void user_body(void) {
  KeApcState saved;
  KeProcess *process = ke_process_create("agent", true);
  user_page = mm_user_pages_allocate(process->header.object->ordinal, 1);
  ke_attach(process, &saved);
  touch((void *)user_page, 4, SIM_ACCESS_WRITE);
  note("in its process");
  ke_detach(&saved);
  touch((void *)user_page, 4, SIM_ACCESS_READ); /* an arbitrary context (K-THR-2) */
}

static void user_setup(void) { driver_run(user_body); }

static void user_check(const HarnessRun *run) {
  EXPECT_NOTES(run, "in its process");
  EXPECT_BUGCHECK(run, 0x7e);
  EXPECT_EQUAL(fault_reason(run, 0), SIM_FAULT_USER);
}

#define CASE(text, prefix) .name = text, .setup = prefix##_setup, .check = prefix##_check

static const HarnessCase cases[] = {
  { CASE("K_PG_1 resident pageable memory at DISPATCH_LEVEL: silence", resident) },
  { CASE("K_PG_1 pageable memory that is out, touched by the driver: 0xD1", out) },
  { CASE("K_PG_1 pageable memory that is out, touched by Windows: 0xA", kernel) },
  { CASE("K_PG_1 a page fault below DISPATCH_LEVEL", page_in) },
  { CASE("K_PG_1 option trimmed", trimmed), .options = trimmed_options },
  { .name = "K_PG_3 force-IRQL checking, KeRaiseIrql", .setup = resident_setup, .check = force_check, .options = force_options },
  { .name = "K_PG_3 force-IRQL checking, spin lock", .setup = force_lock_setup, .check = force_check, .options = force_options },
  { CASE("K_PG_4 NULL at PASSIVE_LEVEL", null_low) },
  { CASE("K_PG_4 NULL at DISPATCH_LEVEL", null_high) },
  { CASE("K_PG_4 system space at APC_LEVEL", kernel_low) },
  { CASE("K_PG_4 system space before Windows 10", kernel_low_7), .windows = DDI_WINDOWS_7_SP1 },
  { CASE("K_PG_4 system space at DISPATCH_LEVEL", kernel_high) },
  { CASE("K_PG_4 no address at all, in a thread", garbage_high) },
  { CASE("K_PG_4 no address at all, in a DPC", garbage_dpc) },
  { CASE("K_PG_4 a call of NULL", call_high) },
  { CASE("K_PG_4 freed memory: silence", freed) },
  { .name = "K_PG_4 freed memory, special pool", .setup = freed_setup, .check = freed_special_check, .options = special_options },
  { CASE("K_PG_4 one byte too far: silence", overrun) },
  { .name = "K_PG_4 one byte too far, special pool", .setup = overrun_setup, .check = overrun_special_check, .options = special_options },
  { CASE("K_PG_4 read-only memory", read_only) },
  { CASE("K_PG_5 the stack's guard page", stack) },
  { CASE("K_THR_2 user memory outside of its process", user) },
};

int main(void) { return harness_main("fault", cases, RTL_NUMBER_OF(cases)); }
