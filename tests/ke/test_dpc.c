/* K-DPC: queues, when they are drained, what a routine may do to its own object. */
#include <ntddk.h>

#include "harness.h"

static KDPC *dpc; /* guest memory: the same address in each run */

static void pass(uint64_t ns) { sim_point(sim_machine(), SIM_POINT_CALL, 0, 0, ns); }

static void word_routine(PKDPC self, PVOID context, PVOID argument1, PVOID argument2) {
  (void)self, (void)argument1, (void)argument2;
  note(context);
}

static void cpu_routine(PKDPC self, PVOID context, PVOID argument1, PVOID argument2) {
  (void)self, (void)argument1, (void)argument2;
  note_number(context, (long)KeGetCurrentProcessorNumber());
}

/* ---- K_DPC_1: order, importance, target ---- */

static void order(void *argument) {
  (void)argument;
  KIRQL old = KeRaiseIrqlToDpcLevel();
  static const char *const words[] = { "medium", "low", "high", "medium-high" };
  static const KDPC_IMPORTANCE importances[] = { MediumImportance, LowImportance, HighImportance, MediumHighImportance };
  for (int i = 0; i < 4; i++) {
    KeInitializeDpc(&dpc[i], word_routine, (PVOID)words[i]);
    KeSetImportanceDpc(&dpc[i], importances[i]);
    KeInsertQueueDpc(&dpc[i], NULL, NULL);
  }
  note("queued");
  KeLowerIrql(old);
  note("done");
}

static void order_setup(void) {
  dpc = harness_memory(4 * sizeof *dpc);
  harness_thread("t", 8, order, NULL);
}

static void order_check(const HarnessRun *run) { EXPECT_NOTES(run, "queued high medium low medium-high done"); }

static void target(void *argument) {
  (void)argument;
  KeInitializeDpc(&dpc[0], cpu_routine, (PVOID) "default");
  KeInitializeDpc(&dpc[1], cpu_routine, (PVOID) "targeted");
  KeSetTargetProcessorDpc(&dpc[1], 1);
  KeInsertQueueDpc(&dpc[0], NULL, NULL);
  KeInsertQueueDpc(&dpc[1], NULL, NULL);
}

static void target_setup(void) {
  dpc = harness_memory(2 * sizeof *dpc);
  harness_thread("t", 8, target, NULL);
}

static void target_check(const HarnessRun *run) { EXPECT_NOTES(run, "default=0 targeted=1"); }

/* ---- K_DPC_2: Medium on another, busy cpu waits for the tick; MediumHigh interrupts ---- */

static void busy(void *argument) {
  (void)argument;
  for (int i = 0; i < 40; i++)
    pass(1000000);
}

static void time_routine(PKDPC self, PVOID context, PVOID argument1, PVOID argument2) {
  (void)self, (void)argument1, (void)argument2;
  note_number(context, (long)(ke_now_ns() / 1000000));
}

static void remote(void *argument) {
  (void)argument;
  KeInitializeDpc(&dpc[0], time_routine, (PVOID) "medium");
  KeSetTargetProcessorDpc(&dpc[0], 1);
  KeInsertQueueDpc(&dpc[0], NULL, NULL);
  pass(20000000);
  KeInitializeDpc(&dpc[1], time_routine, (PVOID) "medium-high");
  KeSetTargetProcessorDpc(&dpc[1], 1);
  KeSetImportanceDpc(&dpc[1], MediumHighImportance);
  KeInsertQueueDpc(&dpc[1], NULL, NULL);
  pass(20000000);
}

static void remote_setup(void) {
  dpc = harness_memory(2 * sizeof *dpc);
  harness_thread("t", 8, remote, NULL);
  harness_thread("busy", 8, busy, NULL);
}

static void remote_check(const HarnessRun *run) { EXPECT_NOTES(run, "medium=16 medium-high=20"); }

/* ---- K_DPC_3: a second insertion changes nothing ---- */

static void argument_routine(PKDPC self, PVOID context, PVOID argument1, PVOID argument2) {
  (void)self, (void)context;
  note_number("one", (long)argument1);
  note_number("two", (long)argument2);
}

static void twice(void *argument) {
  (void)argument;
  KIRQL old = KeRaiseIrqlToDpcLevel();
  KeInitializeDpc(dpc, argument_routine, NULL);
  note_number("first", KeInsertQueueDpc(dpc, (PVOID)1, (PVOID)2));
  note_number("second", KeInsertQueueDpc(dpc, (PVOID)3, (PVOID)4));
  KeLowerIrql(old);
  note_number("third", KeInsertQueueDpc(dpc, (PVOID)5, (PVOID)6));
}

static void twice_setup(void) {
  dpc = harness_memory(sizeof *dpc);
  harness_thread("t", 8, twice, NULL);
}

static void twice_check(const HarnessRun *run) { EXPECT_NOTES(run, "first=1 second=0 one=1 two=2 one=5 two=6 third=1"); }

/* ---- K_DPC_4: the object has left the queue when its routine runs ---- */

static int runs;

static void again_routine(PKDPC self, PVOID context, PVOID argument1, PVOID argument2) {
  (void)context, (void)argument1, (void)argument2;
  note_number("run", ++runs);
  if (runs < 3)
    note_number("queued", KeInsertQueueDpc(self, NULL, NULL));
}

static void again(void *argument) {
  (void)argument;
  KeInitializeDpc(dpc, again_routine, NULL);
  KeInsertQueueDpc(dpc, NULL, NULL);
}

static void again_setup(void) {
  runs = 0;
  dpc = harness_memory(sizeof *dpc);
  harness_thread("t", 8, again, NULL);
}

static void again_check(const HarnessRun *run) {
  EXPECT_NOTES(run, "run=1 queued=1 run=2 queued=1 run=3");
  EXPECT_EQUAL(event_count(run, EVENT_DPC_BEGIN), 3);
  EXPECT(event_at(run, EVENT_DPC_BEGIN, 0)->context != event_at(run, EVENT_DPC_BEGIN, 1)->context);
}

/* While the first run is still active on cpu 0 the second starts on cpu 1. */
static void slow_routine(PKDPC self, PVOID context, PVOID argument1, PVOID argument2) {
  (void)context, (void)argument1, (void)argument2;
  int run = ++runs;
  note_number("begin", run);
  if (run == 1) {
    KeSetTargetProcessorDpc(self, 1);
    KeSetImportanceDpc(self, HighImportance);
    KeInsertQueueDpc(self, NULL, NULL);
    pass(5000000);
  } else {
    pass(1000000);
  }
  note_number("end", run);
}

static void overlap(void *argument) {
  (void)argument;
  KeInitializeDpc(dpc, slow_routine, NULL);
  KeInsertQueueDpc(dpc, NULL, NULL);
}

static void overlap_setup(void) {
  runs = 0;
  dpc = harness_memory(sizeof *dpc);
  harness_thread("t", 8, overlap, NULL);
}

static void overlap_check(const HarnessRun *run) { EXPECT_NOTES(run, "begin=1 begin=2 end=2 end=1"); }

static void forget_routine(PKDPC self, PVOID context, PVOID argument1, PVOID argument2) {
  (void)context, (void)argument1, (void)argument2;
  ke_range_forget((uint64_t)self, sizeof *self); /* what freeing its memory does */
  note("freed");
}

static void forget(void *argument) {
  (void)argument;
  KeInitializeDpc(dpc, forget_routine, NULL);
  KeInsertQueueDpc(dpc, NULL, NULL);
  note("after");
}

static void forget_setup(void) {
  dpc = harness_memory(sizeof *dpc);
  harness_thread("t", 8, forget, NULL);
}

static void forget_check(const HarnessRun *run) {
  EXPECT_NOTES(run, "freed after");
  EXPECT_EQUAL(event_count(run, EVENT_CONTRACT), 0);
}

static void forget_queued(void *argument) {
  (void)argument;
  KIRQL old = KeRaiseIrqlToDpcLevel();
  KeInitializeDpc(dpc, word_routine, (PVOID) "never");
  KeInsertQueueDpc(dpc, NULL, NULL);
  ke_range_forget((uint64_t)dpc, sizeof *dpc);
  KeLowerIrql(old);
  note("after");
}

static void forget_queued_setup(void) {
  dpc = harness_memory(sizeof *dpc);
  harness_thread("t", 8, forget_queued, NULL);
}

static void forget_queued_check(const HarnessRun *run) {
  EXPECT_NOTES(run, "after"); /* the memory was not freed here, only forgotten: nothing to stop for */
  EXPECT_EQUAL(event_at(run, EVENT_CONTRACT, 0)->detail, CONTRACT_TIMER_FREED);
}

/* ---- K_DPC_5, K_DPC_6 ---- */

static void remove_queued(void *argument) {
  (void)argument;
  KIRQL old = KeRaiseIrqlToDpcLevel();
  KeInitializeDpc(dpc, word_routine, (PVOID) "never");
  KeInsertQueueDpc(dpc, NULL, NULL);
  note_number("removed", KeRemoveQueueDpc(dpc));
  note_number("removed", KeRemoveQueueDpc(dpc));
  KeLowerIrql(old);
}

static void remove_setup(void) {
  dpc = harness_memory(sizeof *dpc);
  harness_thread("t", 8, remove_queued, NULL);
}

static void remove_check(const HarnessRun *run) { EXPECT_NOTES(run, "removed=1 removed=0"); }

static void flush(void *argument) {
  (void)argument;
  runs = 0;
  KeInitializeDpc(&dpc[0], slow_routine, NULL);
  KeSetTargetProcessorDpc(&dpc[0], 1);
  runs = 1; /* so that it does not queue itself again */
  KeInsertQueueDpc(&dpc[0], NULL, NULL);
  KeFlushQueuedDpcs();
  note("flushed");
}

static void flush_setup(void) {
  dpc = harness_memory(sizeof *dpc);
  harness_thread("t", 8, flush, NULL);
}

static void flush_check(const HarnessRun *run) { EXPECT_NOTES(run, "begin=2 end=2 flushed"); }

/* ---- K_DPC_7: the flag, and whose context ---- */

static void where_routine(PKDPC self, PVOID context, PVOID argument1, PVOID argument2) {
  (void)self, (void)argument1, (void)argument2;
  note_number("active", (long)KeIsExecutingDpc());
  note_number("interrupted", KeGetCurrentThread() == context);
  note_number("irql", KeGetCurrentIrql());
}

static void where(void *argument) {
  (void)argument;
  KIRQL old = KeRaiseIrqlToDpcLevel();
  note_number("active", (long)KeIsExecutingDpc());
  KeLowerIrql(old);
  KeInitializeDpc(dpc, where_routine, KeGetCurrentThread());
  KeInsertQueueDpc(dpc, NULL, NULL);
}

static void where_setup(void) {
  dpc = harness_memory(sizeof *dpc);
  harness_thread("t", 8, where, NULL);
}

static void where_check(const HarnessRun *run) { EXPECT_NOTES(run, "active=0 active=1 interrupted=1 irql=2"); }

/* ---- K_DPC_9: the watchdog ---- */

static void endless_routine(PKDPC self, PVOID context, PVOID argument1, PVOID argument2) {
  (void)self, (void)context, (void)argument1, (void)argument2;
  for (;;)
    pass(1000000000);
}

static void endless(void *argument) {
  (void)argument;
  KeInitializeDpc(dpc, endless_routine, NULL);
  KeInsertQueueDpc(dpc, NULL, NULL);
}

static void endless_setup(void) {
  dpc = harness_memory(sizeof *dpc);
  harness_thread("t", 8, endless, NULL);
}

static void watchdog_single_check(const HarnessRun *run) {
  EXPECT_BUGCHECK(run, 0x133);
  EXPECT_EQUAL(run->bugcheck->parameters[0], 0);
  EXPECT(run->bugcheck->parameters[1] >= 0x500);
  EXPECT_EQUAL(run->bugcheck->parameters[2], 0x500);
}

static void no_watchdog_check(const HarnessRun *run) { EXPECT_EQUAL(run->stop, SIM_STOP_LIMIT_VIRTUAL_TIME); }

static void stays_up(void *argument) {
  (void)argument;
  KeRaiseIrqlToDpcLevel();
  for (;;)
    pass(1000000000);
}

static void stays_up_setup(void) { harness_thread("t", 8, stays_up, NULL); }

static void watchdog_total_check(const HarnessRun *run) {
  EXPECT_BUGCHECK(run, 0x133);
  EXPECT_EQUAL(run->bugcheck->parameters[0], 1);
  EXPECT_EQUAL(run->bugcheck->parameters[1], 0x1e00);
}

/* ---- K_DPC_11: what a DPC must not do ---- */

static void waiting_routine(PKDPC self, PVOID context, PVOID argument1, PVOID argument2) {
  (void)self, (void)argument1, (void)argument2;
  KeWaitForSingleObject(context, Executive, KernelMode, FALSE, NULL);
  note("never");
}

static void waiting(void *argument) {
  KEVENT *event = argument;
  KeInitializeEvent(event, NotificationEvent, FALSE);
  KeInitializeDpc(dpc, waiting_routine, event);
  KeInsertQueueDpc(dpc, NULL, NULL);
  note("never");
}

static void waiting_setup(void) {
  dpc = harness_memory(sizeof *dpc);
  harness_thread("t", 8, waiting, harness_memory(sizeof(KEVENT)));
}

static void waiting_check(const HarnessRun *run) {
  EXPECT_NOTES(run, "");
  EXPECT_BUGCHECK(run, 0xB8);
  EXPECT_EQUAL(object_by_ordinal(run->bugcheck->objects[0])->kind, OBJECT_THREAD);
  EXPECT_EQUAL(run->bugcheck->objects[1], MODEL->ke.prcbs[0].idle->header.object->ordinal);
  EXPECT_EQUAL(event_at(run, EVENT_WAIT_HIGH, 0)->detail, 1);
  EXPECT(run->bugcheck->is_dpc_active);
}

static void region_routine(PKDPC self, PVOID context, PVOID argument1, PVOID argument2) {
  (void)self, (void)context, (void)argument1, (void)argument2;
  KeEnterCriticalRegion();
}

static void region(void *argument) {
  (void)argument;
  KeInitializeDpc(dpc, region_routine, NULL);
  KeInsertQueueDpc(dpc, NULL, NULL);
}

static void region_setup(void) {
  dpc = harness_memory(sizeof *dpc);
  harness_thread("t", 8, region, NULL);
}

static void region_check(const HarnessRun *run) {
  EXPECT_BUGCHECK(run, 0xC7);
  EXPECT_EQUAL(run->bugcheck->parameters[0], 4);
  EXPECT_EQUAL(run->bugcheck->parameters[1], region_routine);
}

/* Returning at another level: nobody looks, the interrupted level comes back. */
static void leak_routine(PKDPC self, PVOID context, PVOID argument1, PVOID argument2) {
  KIRQL old;
  (void)self, (void)context, (void)argument1, (void)argument2;
  KeRaiseIrql(7, &old);
}

static void leak(void *argument) {
  (void)argument;
  KeInitializeDpc(dpc, leak_routine, NULL);
  KeInsertQueueDpc(dpc, NULL, NULL);
  note_number("after", KeGetCurrentIrql());
}

static void leak_setup(void) {
  dpc = harness_memory(sizeof *dpc);
  harness_thread("t", 8, leak, NULL);
}

static void leak_check(const HarnessRun *run) { EXPECT_NOTES(run, "after=0"); }

/* A DPC that lowers the IRQL lets a thread switch happen under its feet. */
static void idle_thread(void *argument) {
  (void)argument;
  note("other");
}

static void lowering_routine(PKDPC self, PVOID context, PVOID argument1, PVOID argument2) {
  (void)self, (void)context, (void)argument1, (void)argument2;
  harness_thread("other", 20, idle_thread, NULL);
  KeLowerIrql(PASSIVE_LEVEL);
  note("never");
}

static void lowering(void *argument) {
  (void)argument;
  KeInitializeDpc(dpc, lowering_routine, NULL);
  KeInsertQueueDpc(dpc, NULL, NULL);
}

static void lowering_setup(void) {
  dpc = harness_memory(sizeof *dpc);
  harness_thread("t", 8, lowering, NULL);
}

static void lowering_check(const HarnessRun *run) {
  EXPECT_NOTES(run, "");
  EXPECT_BUGCHECK(run, 0xB8);
}

static const HarnessCase cases[] = {
  { .name = "K_DPC_1 importance and order", .setup = order_setup, .check = order_check },
  { .name = "K_DPC_1 target", .cpus = 2, .setup = target_setup, .check = target_check },
  { .name = "K_DPC_2 when a drain begins on another cpu", .cpus = 2, .setup = remote_setup, .check = remote_check },
  { .name = "K_DPC_3 queued twice", .setup = twice_setup, .check = twice_check },
  { .name = "K_DPC_4 queued again by its own routine", .setup = again_setup, .check = again_check },
  { .name = "K_DPC_4 on two cpus at once", .cpus = 2, .setup = overlap_setup, .check = overlap_check },
  { .name = "K_DPC_4 freed by its own routine", .setup = forget_setup, .check = forget_check },
  { .name = "K_TMR_7 freed while it is queued", .setup = forget_queued_setup, .check = forget_queued_check },
  { .name = "K_DPC_5 removed", .setup = remove_setup, .check = remove_check },
  { .name = "K_DPC_6 flushed", .cpus = 2, .setup = flush_setup, .check = flush_check },
  { .name = "K_DPC_7 the flag of an active drain", .setup = where_setup, .check = where_check },
  { .name = "K_DPC_9 one DPC too long", .setup = endless_setup, .check = watchdog_single_check },
  { .name = "K_DPC_9 no watchdog on Windows 7", .windows = DDI_WINDOWS_7_SP1, .setup = endless_setup, .check = no_watchdog_check },
  { .name = "K_DPC_9 too long at DISPATCH_LEVEL", .setup = stays_up_setup, .check = watchdog_total_check },
  { .name = "K_DPC_11 a wait", .setup = waiting_setup, .check = waiting_check },
  { .name = "K_DPC_11 the APC disable count", .setup = region_setup, .check = region_check },
  { .name = "K_DPC_11 another level at return", .setup = leak_setup, .check = leak_check },
  { .name = "K_DPC_11 lowers the IRQL", .setup = lowering_setup, .check = lowering_check },
};

int main(void) { return harness_main("dpc", cases, ARRAYSIZE(cases)); }
