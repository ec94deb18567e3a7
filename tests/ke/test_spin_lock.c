/* K-SPIN: forms, the canonical leak, deadlocks; who gets the lock. */
#include <ntddk.h>

#include "harness.h"

static KSPIN_LOCK *lock; /* guest memory: the same address in each run */
static KDPC *dpc;

static void pass(uint64_t ns) { sim_point(sim_machine(), SIM_POINT_CALL, 0, 0, ns); }

static void memory_setup(void) {
  lock = harness_memory(4 * sizeof *lock);
  dpc = harness_memory(sizeof *dpc);
  KeInitializeSpinLock(&lock[0]);
  KeInitializeSpinLock(&lock[1]);
}

/* ---- the table of 1.5: levels in, held, out ---- */

static void forms(void *argument) {
  KLOCK_QUEUE_HANDLE handle;
  KIRQL old;
  (void)argument;
  KeAcquireSpinLock(lock, &old);
  note_number("held", KeGetCurrentIrql());
  KeReleaseSpinLock(lock, old);
  note_number("out", KeGetCurrentIrql());
  KeAcquireInStackQueuedSpinLock(lock, &handle);
  note_number("held", KeGetCurrentIrql());
  note_number("busy", !KeTestSpinLock(lock));
  KeReleaseInStackQueuedSpinLock(&handle);
  note_number("out", KeGetCurrentIrql());
  KeRaiseIrql(DISPATCH_LEVEL, &old);
  KeAcquireSpinLockAtDpcLevel(lock);
  note_number("tried", KeTryToAcquireSpinLockAtDpcLevel(lock));
  KeReleaseSpinLockFromDpcLevel(lock);
  note_number("tried", KeTryToAcquireSpinLockAtDpcLevel(lock));
  KeReleaseSpinLockFromDpcLevel(lock);
  KeLowerIrql(old);
}

static void forms_setup(void) {
  memory_setup();
  harness_thread("t", 8, forms, NULL);
}

static void forms_check(const HarnessRun *run) {
  EXPECT_NOTES(run, "held=2 out=0 held=2 busy=1 out=0 tried=0 tried=1");
  EXPECT_EQUAL(event_count(run, EVENT_LOCK_ACQUIRE), event_count(run, EVENT_LOCK_RELEASE));
}

/* ---- K_SPIN_1: taken with one form, released with the other ---- */

static void leak(void *argument) {
  KIRQL old;
  (void)argument;
  KeAcquireSpinLock(lock, &old);
  KeReleaseSpinLockFromDpcLevel(lock);
  note_number("irql", KeGetCurrentIrql());
}

static void leak_setup(void) {
  memory_setup();
  harness_thread("t", 8, leak, NULL);
}

static void leak_check(const HarnessRun *run) {
  EXPECT_NOTES(run, "irql=2");
  EXPECT_EQUAL(event_at(run, EVENT_LOCK_RELEASE, 0)->detail, LOCK_FORM_DPC_LEVEL | LOCK_FORM_RAISE << 8);
  EXPECT_EQUAL(run->stop, SIM_STOP_QUIET);
}

/* ---- K_SPIN_2: recursion, order inversion ---- */

static void recursion(void *argument) {
  KIRQL old, older;
  (void)argument;
  KeAcquireSpinLock(lock, &old);
  KeAcquireSpinLock(lock, &older);
  note("never");
}

static void recursion_setup(void) {
  memory_setup();
  harness_thread("t", 8, recursion, NULL);
}

static void recursion_check(const HarnessRun *run) {
  EXPECT_NOTES(run, "");
  EXPECT_EQUAL(event_count(run, EVENT_LOCK_RECURSION), 1);
  EXPECT_EQUAL(run->stop, SIM_STOP_HUNG);
}

static void recursion_watched_check(const HarnessRun *run) {
  EXPECT_BUGCHECK(run, 0x133);
  EXPECT_EQUAL(run->bugcheck->parameters[0], 1);
}

static void recursion_routine(PKDPC self, PVOID context, PVOID argument1, PVOID argument2) {
  (void)self, (void)context, (void)argument1, (void)argument2;
  KeAcquireSpinLockAtDpcLevel(lock);
  KeAcquireSpinLockAtDpcLevel(lock);
}

static void recursion_in_dpc(void *argument) {
  (void)argument;
  KeInitializeDpc(dpc, recursion_routine, NULL);
  KeInsertQueueDpc(dpc, NULL, NULL);
}

static void recursion_dpc_setup(void) {
  memory_setup();
  harness_thread("t", 8, recursion_in_dpc, NULL);
}

static void recursion_dpc_check(const HarnessRun *run) {
  EXPECT_BUGCHECK(run, 0x133);
  EXPECT_EQUAL(run->bugcheck->parameters[0], 0);
  EXPECT(run->bugcheck->dpc != 0);
}

static void inverted(void *argument) {
  int first = argument != NULL;
  KIRQL old;
  KeAcquireSpinLock(&lock[first], &old);
  pass(1000);
  KeAcquireSpinLockAtDpcLevel(&lock[!first]);
  note("never");
}

static void inverted_setup(void) {
  memory_setup();
  harness_thread("a", 8, inverted, NULL);
  harness_thread("b", 8, inverted, (PVOID)1);
}

static void inverted_check(const HarnessRun *run) {
  EXPECT_NOTES(run, "");
  EXPECT_EQUAL(run->stop, SIM_STOP_HUNG);
}

/* ---- K_SPIN_3: a DPC that interrupts a holder below DISPATCH_LEVEL ---- */

static void interrupting_routine(PKDPC self, PVOID context, PVOID argument1, PVOID argument2) {
  (void)self, (void)context, (void)argument1, (void)argument2;
  KeAcquireSpinLockAtDpcLevel(lock);
  note("never");
}

static void holds_low(void *argument) {
  (void)argument;
  KeInitializeDpc(dpc, interrupting_routine, NULL);
  KeAcquireSpinLockAtDpcLevel(lock); /* at PASSIVE_LEVEL */
  KeInsertQueueDpc(dpc, NULL, NULL);
  note("never");
}

static void holds_low_setup(void) {
  memory_setup();
  harness_thread("t", 8, holds_low, NULL);
}

static void holds_low_check(const HarnessRun *run) {
  EXPECT_NOTES(run, "");
  EXPECT_EQUAL(run->stop, SIM_STOP_HUNG);
}

/* ---- contention ---- */

static void holder(void *argument) {
  KIRQL old;
  (void)argument;
  KeAcquireSpinLock(lock, &old);
  note("holds");
  pass(10000000);
  note("gives");
  KeReleaseSpinLock(lock, old);
}

static void contender(void *argument) {
  KIRQL old;
  pass(1000000);
  KeAcquireSpinLock(lock, &old);
  note(argument);
  KeReleaseSpinLock(lock, old);
}

static void contention_setup(void) {
  memory_setup();
  harness_thread("holder", 8, holder, NULL);
  harness_thread("contender", 8, contender, "got");
}

static void contention_check(const HarnessRun *run) {
  EXPECT_NOTES(run, "holds gives got");
  EXPECT_EQUAL(event_count(run, SIM_EVENT_SPIN), 1);
  EXPECT(MODEL->ke.prcbs[1].vcpu->executed_ns >= 9000000); /* charged for spinning */
}

static void queued_holder(void *argument) {
  KLOCK_QUEUE_HANDLE handle;
  (void)argument;
  KeAcquireInStackQueuedSpinLock(lock, &handle);
  pass(10000000);
  KeReleaseInStackQueuedSpinLock(&handle);
}

static void queued_contender(void *argument) {
  KLOCK_QUEUE_HANDLE handle;
  pass((uint64_t)argument * 1000000);
  KeAcquireInStackQueuedSpinLock(lock, &handle);
  note_number("got", (long)(uint64_t)argument);
  KeReleaseInStackQueuedSpinLock(&handle);
}

static void queued_setup(void) {
  memory_setup();
  harness_thread("holder", 8, queued_holder, NULL);
  harness_thread("third", 8, queued_contender, (PVOID)3);
  harness_thread("second", 8, queued_contender, (PVOID)2);
  harness_thread("first", 8, queued_contender, (PVOID)1);
}

static void queued_check(const HarnessRun *run) { EXPECT_NOTES(run, "got=1 got=2 got=3"); }

/* ---- K_SPIN_5: a wait while holding one ---- */

static void waits_holding(void *argument) {
  KEVENT *event = argument;
  KIRQL old;
  KeInitializeEvent(event, NotificationEvent, FALSE);
  KeAcquireSpinLock(lock, &old);
  KeWaitForSingleObject(event, Executive, KernelMode, FALSE, NULL);
  note("never");
}

static void wants(void *argument) {
  KIRQL old;
  (void)argument;
  KeAcquireSpinLock(lock, &old);
  note("never");
}

static void waits_holding_setup(void) {
  memory_setup();
  harness_thread("t", 8, waits_holding, harness_memory(sizeof(KEVENT)));
  harness_thread("wants", 8, wants, NULL);
}

static void waits_holding_check(const HarnessRun *run) {
  EXPECT_NOTES(run, "");
  EXPECT_EQUAL(event_count(run, EVENT_WAIT_HIGH), 1);
  EXPECT_EQUAL(event_count(run, EVENT_LOCK_RECURSION), 0); /* the holder is another thread */
  EXPECT_EQUAL(run->stop, SIM_STOP_HUNG);
}

/* ---- K_SPIN_8, and releases that match nothing ---- */

static void not_initialised(void *argument) {
  KIRQL old;
  (void)argument;
  KeAcquireSpinLock(&lock[2], &old);
  KeReleaseSpinLock(&lock[2], old);
  note("zero");
  lock[3] = 0xAAAAAAAAAAAAAAABu;
  KeAcquireSpinLock(&lock[3], &old);
  note("never");
}

static void not_initialised_setup(void) {
  memory_setup();
  harness_thread("t", 8, not_initialised, NULL);
}

static void not_initialised_check(const HarnessRun *run) {
  EXPECT_NOTES(run, "zero");
  EXPECT_EQUAL(event_count(run, EVENT_CONTRACT), 1);
  EXPECT_EQUAL(run->stop, SIM_STOP_HUNG);
}

static void not_held(void *argument) {
  (void)argument;
  KIRQL old = KeRaiseIrqlToDpcLevel();
  KeReleaseSpinLock(lock, old);
  note_number("irql", KeGetCurrentIrql());
}

static void not_held_setup(void) {
  memory_setup();
  harness_thread("t", 8, not_held, NULL);
}

static void not_held_check(const HarnessRun *run) {
  EXPECT_NOTES(run, "irql=0");
  EXPECT_EQUAL(event_count(run, EVENT_LOCK_NOT_HELD), 1);
}

/* ---- K_SPIN_6: a waiting writer holds back new readers ---- */

static EX_SPIN_LOCK *shared;

static void reader(void *argument) {
  pass((uint64_t)argument * 1000000);
  KIRQL old = ExAcquireSpinLockShared(shared);
  note_number("reads", (long)(uint64_t)argument);
  pass(5000000);
  ExReleaseSpinLockShared(shared, old);
}

static void writer(void *argument) {
  pass((uint64_t)argument * 1000000);
  KIRQL old = ExAcquireSpinLockExclusive(shared);
  note("writes");
  ExReleaseSpinLockExclusive(shared, old);
}

static void reader_writer_setup(void) {
  shared = harness_memory(sizeof *shared);
  harness_thread("r0", 8, reader, (PVOID)0);
  harness_thread("r1", 8, reader, (PVOID)1);
  harness_thread("w", 8, writer, (PVOID)2);
  harness_thread("r3", 8, reader, (PVOID)3);
}

static void reader_writer_check(const HarnessRun *run) { EXPECT_NOTES(run, "reads=0 reads=1 writes reads=3"); }

static const HarnessCase cases[] = {
  { .name = "K_SPIN_0 forms and levels", .setup = forms_setup, .check = forms_check },
  { .name = "K_SPIN_1 the canonical leak", .setup = leak_setup, .check = leak_check },
  { .name = "K_SPIN_2 recursion", .windows = DDI_WINDOWS_7, .setup = recursion_setup, .check = recursion_check },
  { .name = "K_SPIN_2 recursion, watched", .setup = recursion_setup, .check = recursion_watched_check },
  { .name = "K_SPIN_2 recursion in a DPC, watched", .setup = recursion_dpc_setup, .check = recursion_dpc_check },
  { .name = "K_SPIN_2 order inversion", .cpus = 2, .windows = DDI_WINDOWS_7, .setup = inverted_setup, .check = inverted_check },
  { .name = "K_SPIN_3 held below DISPATCH_LEVEL", .windows = DDI_WINDOWS_7, .setup = holds_low_setup, .check = holds_low_check },
  { .name = "K_SPIN_4 contention", .cpus = 2, .setup = contention_setup, .check = contention_check },
  { .name = "K_SPIN_4 queued locks in order", .cpus = 4, .setup = queued_setup, .check = queued_check },
  { .name = "K_SPIN_5 a wait", .cpus = 1, .windows = DDI_WINDOWS_7, .setup = waits_holding_setup, .check = waits_holding_check },
  { .name = "K_SPIN_6 a waiting writer", .cpus = 4, .setup = reader_writer_setup, .check = reader_writer_check },
  { .name = "K_SPIN_8 never initialised", .windows = DDI_WINDOWS_7, .setup = not_initialised_setup, .check = not_initialised_check },
  { .name = "K_SPIN_8 released by nobody", .setup = not_held_setup, .check = not_held_check },
};

int main(void) { return harness_main("spin lock", cases, ARRAYSIZE(cases)); }
