/* K-TMR: due at a tick, periodic, cancelled; K-INT-2: what time it is. */
#include <ntddk.h>

#include "harness.h"

static KTIMER *timer; /* guest memory: the same address in each run */
static KDPC *dpc;

static LARGE_INTEGER from_now(long long microseconds) { return (LARGE_INTEGER){ .QuadPart = -microseconds * 10 }; }

static long tick(void) {
  LARGE_INTEGER count;
  KeQueryTickCount(&count);
  return (long)count.QuadPart;
}

static void tick_routine(PKDPC self, PVOID context, PVOID argument1, PVOID argument2) {
  (void)self, (void)argument1, (void)argument2;
  note_number(context, tick());
}

static void memory_setup(void) {
  timer = harness_memory(sizeof *timer);
  dpc = harness_memory(sizeof *dpc);
}

static NTSTATUS wait_for(PVOID object) { return KeWaitForSingleObject(object, Executive, KernelMode, FALSE, NULL); }

/* ---- K_TMR_1: setting a set timer cancels it; what is past expires at once ---- */

static void set_again(void *argument) {
  (void)argument;
  KeInitializeTimerEx(timer, NotificationTimer);
  KeInitializeDpc(dpc, tick_routine, (PVOID) "dpc");
  note_number("was", KeSetTimer(timer, from_now(1000), dpc));
  note_number("was", KeSetTimer(timer, from_now(20000), dpc));
  note_number("state", KeReadStateTimer(timer));
  wait_for(timer);
  note_number("woken", tick());
  note_number("state", KeReadStateTimer(timer));
  KeSetTimer(timer, (LARGE_INTEGER){ .QuadPart = 1 }, NULL);
  note_number("past", KeReadStateTimer(timer));
}

static void set_again_setup(void) {
  memory_setup();
  harness_thread("t", 8, set_again, NULL);
}

static void set_again_check(const HarnessRun *run) { EXPECT_NOTES(run, "was=0 was=1 state=0 dpc=2 woken=2 state=1 past=1"); }

/* ---- K_TMR_2: a tick at or after the due time; periods ---- */

static void periodic(void *argument) {
  (void)argument;
  KeInitializeTimerEx(timer, SynchronizationTimer);
  KeInitializeDpc(dpc, tick_routine, (PVOID) "dpc");
  KeSetTimerEx(timer, from_now(1), 20, dpc);
  for (int i = 0; i < 3; i++) {
    wait_for(timer);
    note_number("woken", tick());
  }
  note_number("cancelled", KeCancelTimer(timer));
  note_number("cancelled", KeCancelTimer(timer));
}

static void periodic_setup(void) {
  memory_setup();
  harness_thread("t", 8, periodic, NULL);
}

static void periodic_check(const HarnessRun *run) {
  EXPECT_NOTES(run, "dpc=1 woken=1 dpc=2 woken=2 dpc=3 woken=3 cancelled=1 cancelled=0");
  EXPECT_EQUAL(run->stop, SIM_STOP_QUIET);
  EXPECT_EQUAL(event_at(run, EVENT_TIMER_EXPIRE, 0)->time_ns / 1000, 15625);
}

/* ---- K_TMR_3: cancelling does not take back a DPC that is queued ---- */

static void cancel_late(void *argument) {
  (void)argument;
  KeInitializeTimer(timer);
  KeInitializeDpc(dpc, tick_routine, (PVOID) "dpc");
  KIRQL old = KeRaiseIrqlToDpcLevel();
  KeSetTimer(timer, from_now(0), dpc);
  note_number("cancelled", KeCancelTimer(timer));
  KeLowerIrql(old);
  KeSetTimer(timer, from_now(1000), dpc);
  note_number("cancelled", KeCancelTimer(timer));
}

static void cancel_setup(void) {
  memory_setup();
  harness_thread("t", 8, cancel_late, NULL);
}

static void cancel_check(const HarnessRun *run) { EXPECT_NOTES(run, "cancelled=0 dpc=0 cancelled=1"); }

/* ---- K_TMR_5: delays ---- */

static void delays(void *argument) {
  LARGE_INTEGER interval = from_now(1000);
  (void)argument;
  note_number("status", KeDelayExecutionThread(KernelMode, FALSE, &interval));
  note_number("tick", tick());
  interval = from_now(15625);
  KeDelayExecutionThread(KernelMode, FALSE, &interval);
  note_number("tick", tick()); /* never early: not tick 2, which is due a little too soon */
}

static void delays_setup(void) { harness_thread("t", 8, delays, NULL); }
static void delays_check(const HarnessRun *run) { EXPECT_NOTES(run, "status=0 tick=1 tick=3"); }

/* A delay at DISPATCH_LEVEL is a wait there. */
static void delays_high(void *argument) {
  LARGE_INTEGER interval = from_now(1000);
  (void)argument;
  KIRQL old = KeRaiseIrqlToDpcLevel();
  KeDelayExecutionThread(KernelMode, FALSE, &interval);
  note_number("irql", KeGetCurrentIrql());
  KeLowerIrql(old);
}

static void delays_high_setup(void) { harness_thread("t", 8, delays_high, NULL); }

static void delays_high_check(const HarnessRun *run) {
  EXPECT_NOTES(run, "irql=2");
  EXPECT_EQUAL(event_count(run, EVENT_WAIT_HIGH), 1);
}

/* ---- a cpu that stays at DISPATCH_LEVEL and serves the timers lets nothing expire ---- */

static void keeps_up(void *argument) {
  (void)argument;
  KIRQL old = KeRaiseIrqlToDpcLevel();
  for (int i = 0; i < 40; i++)
    sim_point(sim_machine(), SIM_POINT_CALL, 0, 0, 1000000);
  note("lowers");
  KeLowerIrql(old);
}

static void sleeps(void *argument) {
  LARGE_INTEGER interval = from_now(1000);
  (void)argument;
  KeDelayExecutionThread(KernelMode, FALSE, &interval);
  note("slept");
}

static void keeps_up_setup(void) {
  harness_thread("keeps", 8, keeps_up, NULL);
  harness_thread("sleeps", 8, sleeps, NULL);
}

static void keeps_up_check(const HarnessRun *run) { EXPECT_NOTES(run, "lowers slept"); }

/* ---- K_INT_2: the coarse clock stands between ticks ---- */

static void times(void *argument) {
  LARGE_INTEGER before, after, precise;
  (void)argument;
  KeQuerySystemTime(&before);
  sim_point(sim_machine(), SIM_POINT_CALL, 0, 0, 5000000);
  KeQuerySystemTime(&after);
  KeQuerySystemTimePrecise(&precise);
  note_number("coarse", (long)(after.QuadPart - before.QuadPart));
  note_number("precise", (long)(precise.QuadPart - before.QuadPart) / 10000);
  note_number("increment", (long)KeQueryTimeIncrement());
}

static void times_setup(void) { harness_thread("t", 8, times, NULL); }
static void times_check(const HarnessRun *run) { EXPECT_NOTES(run, "coarse=0 precise=5 increment=156250"); }

static const HarnessCase cases[] = {
  { .name = "K_TMR_1 set while it is set", .setup = set_again_setup, .check = set_again_check },
  { .name = "K_TMR_2 periodic", .setup = periodic_setup, .check = periodic_check },
  { .name = "K_TMR_3 cancelled", .setup = cancel_setup, .check = cancel_check },
  { .name = "K_TMR_5 delays", .setup = delays_setup, .check = delays_check },
  { .name = "K_TMR_5 a delay at DISPATCH_LEVEL", .setup = delays_high_setup, .check = delays_high_check },
  { .name = "K_IRQL_9 a leak keeps timers from expiring", .cpus = 2, .setup = keeps_up_setup, .check = keeps_up_check },
  { .name = "K_INT_2 what time it is", .setup = times_setup, .check = times_check },
};

int main(void) { return harness_main("timer", cases, ARRAYSIZE(cases)); }
