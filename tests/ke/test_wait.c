/* K-WAIT, K-EVT, K-THR: waits and what ends them; who runs. */
#include <ntddk.h>

#include "harness.h"

static KEVENT *event; /* guest memory: the same address in each run */
static KSEMAPHORE *semaphore;
static KMUTEX *mutex;

static LARGE_INTEGER from_now(long long microseconds) { return (LARGE_INTEGER){ .QuadPart = -microseconds * 10 }; }

static NTSTATUS wait_for(PVOID object) { return KeWaitForSingleObject(object, Executive, KernelMode, FALSE, NULL); }

static NTSTATUS wait_until(PVOID object, long long microseconds) {
  LARGE_INTEGER timeout = from_now(microseconds);
  return KeWaitForSingleObject(object, Executive, KernelMode, FALSE, &timeout);
}

static void memory_setup(void) {
  event = harness_memory(4 * sizeof *event);
  semaphore = harness_memory(sizeof *semaphore);
  mutex = harness_memory(sizeof *mutex);
}

/* ---- K_WAIT_1: a poll at DISPATCH_LEVEL is allowed, and does not switch ---- */

static void poll(void *argument) {
  (void)argument;
  KeInitializeEvent(event, SynchronizationEvent, TRUE);
  KIRQL old = KeRaiseIrqlToDpcLevel();
  note_number("first", wait_until(event, 0));
  note_number("second", wait_until(event, 0));
  KeLowerIrql(old);
}

static void poll_setup(void) {
  memory_setup();
  harness_thread("t", 8, poll, NULL);
}

static void poll_check(const HarnessRun *run) {
  EXPECT_NOTES(run, "first=0 second=258");
  EXPECT_EQUAL(event_count(run, EVENT_WAIT_HIGH), 0);
}

/* ---- K_EVT_1 ---- */

static void waiter(void *argument) {
  wait_for(event);
  note(argument);
}

static void setter(void *argument) {
  (void)argument;
  note_number("former", KeSetEvent(event, 0, FALSE));
  note_number("former", KeSetEvent(event, 0, FALSE));
  note_number("state", KeReadStateEvent(event));
}

static void three(EVENT_TYPE type) {
  memory_setup();
  KeInitializeEvent(event, type, FALSE);
  harness_thread("a", 9, waiter, "a");
  harness_thread("b", 9, waiter, "b");
  harness_thread("c", 9, waiter, "c");
  harness_thread("setter", 8, setter, NULL);
}

static void notification_setup(void) { three(NotificationEvent); }
static void notification_check(const HarnessRun *run) { EXPECT_NOTES(run, "a b c former=0 former=1 state=1"); }

static void synchronization_setup(void) { three(SynchronizationEvent); }
static void synchronization_check(const HarnessRun *run) { EXPECT_NOTES(run, "a former=0 b former=0 state=0"); }

/* ---- K_WAIT_3: a thread that raised itself to DISPATCH_LEVEL and waits ---- */

static void other(void *argument) {
  (void)argument;
  note_number("other", KeGetCurrentIrql());
  KeSetEvent(event, 0, FALSE);
}

static void raised(void *argument) {
  (void)argument;
  KeInitializeEvent(event, NotificationEvent, FALSE);
  harness_thread("other", 8, other, NULL);
  KIRQL old = KeRaiseIrqlToDpcLevel();
  wait_for(event);
  note_number("woken", KeGetCurrentIrql());
  KeLowerIrql(old);
  note("low");
}

static void raised_setup(void) {
  memory_setup();
  harness_thread("t", 8, raised, NULL);
}

static void raised_check(const HarnessRun *run) {
  EXPECT_NOTES(run, "other=0 woken=2 low");
  EXPECT_EQUAL(event_count(run, EVENT_WAIT_HIGH), 1);
  EXPECT_EQUAL(event_at(run, EVENT_WAIT_HIGH, 0)->detail, 0);
}

static void hang_options(ModelOptions *options) { options->wait_at_dispatch = MODEL_WAIT_HIGH_HANG; }

static void hang_check(const HarnessRun *run) {
  EXPECT_NOTES(run, "");
  EXPECT_EQUAL(run->stop, SIM_STOP_HUNG);
}

static void hang_watched_check(const HarnessRun *run) {
  EXPECT_NOTES(run, "");
  EXPECT_BUGCHECK(run, 0x133);
  EXPECT_EQUAL(run->bugcheck->parameters[0], 1);
}

/* Satisfied at once: nothing switches, so nothing happens, but it was as wrong. */
static void lucky(void *argument) {
  (void)argument;
  KeInitializeEvent(event, NotificationEvent, TRUE);
  KIRQL old = KeRaiseIrqlToDpcLevel();
  note_number("status", wait_for(event));
  KeLowerIrql(old);
}

static void lucky_setup(void) {
  memory_setup();
  harness_thread("t", 8, lucky, NULL);
}

static void lucky_check(const HarnessRun *run) {
  EXPECT_NOTES(run, "status=0");
  EXPECT_EQUAL(event_count(run, EVENT_WAIT_HIGH), 1);
}

/* ---- K_WAIT_4: results ---- */

static void results(void *argument) {
  (void)argument;
  PVOID objects[3] = { &event[0], &event[1], &event[2] };
  for (int i = 0; i < 3; i++)
    KeInitializeEvent(&event[i], SynchronizationEvent, i == 2);
  LARGE_INTEGER timeout = from_now(1000);
  note_number("any", KeWaitForMultipleObjects(3, objects, WaitAny, Executive, KernelMode, FALSE, NULL, NULL));
  note_number("any", KeWaitForMultipleObjects(3, objects, WaitAny, Executive, KernelMode, FALSE, &timeout, NULL));
  KeSetEvent(&event[0], 0, FALSE);
  KeSetEvent(&event[1], 0, FALSE);
  note_number("all", KeWaitForMultipleObjects(3, objects, WaitAll, Executive, KernelMode, FALSE, &timeout, NULL));
  note_number("kept", KeReadStateEvent(&event[0]) + KeReadStateEvent(&event[1]));
  KeSetEvent(&event[2], 0, FALSE);
  note_number("all", KeWaitForMultipleObjects(3, objects, WaitAll, Executive, KernelMode, FALSE, &timeout, NULL));
  note_number("left", KeReadStateEvent(&event[0]) + KeReadStateEvent(&event[1]) + KeReadStateEvent(&event[2]));
}

static void results_setup(void) {
  memory_setup();
  harness_thread("t", 8, results, NULL);
}

static void results_check(const HarnessRun *run) { EXPECT_NOTES(run, "any=2 any=258 all=258 kept=2 all=0 left=0"); }

static void owner(void *argument) {
  (void)argument;
  wait_for(mutex);
  wait_for(mutex);
  note_number("apcs", KeAreApcsDisabled());
}

static void heir(void *argument) {
  (void)argument;
  note_number("abandoned", wait_for(mutex));
  note_number("state", KeReadStateMutex(mutex));
  note_number("former", KeReleaseMutex(mutex, FALSE));
  note_number("state", KeReadStateMutex(mutex));
}

static void abandoned_setup(void) {
  memory_setup();
  KeInitializeMutex(mutex, 0);
  harness_thread("owner", 9, owner, NULL);
  harness_thread("heir", 8, heir, NULL);
}

static void abandoned_check(const HarnessRun *run) { EXPECT_NOTES(run, "apcs=1 abandoned=128 state=0 former=0 state=1"); }

static void not_owner(void *argument) {
  (void)argument;
  KeReleaseMutex(mutex, FALSE);
}

static void not_owner_setup(void) {
  memory_setup();
  KeInitializeMutex(mutex, 0);
  harness_thread("t", 8, not_owner, NULL);
}

static void not_owner_check(const HarnessRun *run) {
  EXPECT_EQUAL(run->stop, SIM_STOP_BUGCHECK);
  EXPECT_EQUAL((uint32_t)run->bugcheck->parameters[0], (uint32_t)STATUS_MUTANT_NOT_OWNED);
}

static void taker(void *argument) {
  wait_for(semaphore);
  note(argument);
}

static void giver(void *argument) {
  (void)argument;
  note_number("former", KeReleaseSemaphore(semaphore, 0, 2, FALSE));
}

static void semaphore_setup(void) {
  memory_setup();
  KeInitializeSemaphore(semaphore, 0, 2);
  harness_thread("a", 9, taker, "a");
  harness_thread("b", 9, taker, "b");
  harness_thread("c", 9, taker, "c");
  harness_thread("giver", 8, giver, NULL);
}

static void semaphore_check(const HarnessRun *run) { EXPECT_NOTES(run, "a b former=0"); }

static void too_many(void *argument) {
  PVOID objects[4] = { event, event, event, event };
  (void)argument;
  KeInitializeEvent(event, NotificationEvent, TRUE);
  KeWaitForMultipleObjects(4, objects, WaitAny, Executive, KernelMode, FALSE, NULL, NULL);
  note("never");
}

static void too_many_setup(void) {
  memory_setup();
  harness_thread("t", 8, too_many, NULL);
}

static void too_many_check(const HarnessRun *run) { EXPECT_BUGCHECK(run, 0xC); }

/* A structure that was never initialised. */
static void garbage(void *argument) {
  (void)argument;
  KeSetEvent(event, 0, FALSE);
  note("never");
}

static void garbage_setup(void) {
  memory_setup();
  harness_thread("t", 8, garbage, NULL);
}

static void garbage_check(const HarnessRun *run) {
  EXPECT_BUGCHECK(run, 0xA);
  EXPECT_EQUAL(event_at(run, EVENT_CONTRACT, 0)->detail, CONTRACT_OBJECT_NOT_INITIALIZED);
}

/* Another kind of object than the function is for. */
static void wrong_kind(void *argument) {
  (void)argument;
  KeInitializeSemaphore(semaphore, 0, 1);
  KeSetEvent((PKEVENT)semaphore, 0, FALSE);
  note("never");
}

static void wrong_kind_setup(void) {
  memory_setup();
  harness_thread("t", 8, wrong_kind, NULL);
}

static void wrong_kind_check(const HarnessRun *run) {
  EXPECT_NOTES(run, "");
  EXPECT_EQUAL(event_count(run, EVENT_CONTRACT), 1);
  EXPECT_EQUAL(event_at(run, EVENT_CONTRACT, 0)->detail, CONTRACT_OBJECT_KIND);
}

/* ---- K_WAIT_5: the process ends while its thread waits ---- */

static KeProcess *process;

static void user_waiter(void *argument) {
  (void)argument;
  note_number("kernel", KeWaitForSingleObject(event, Executive, UserMode, FALSE, NULL));
}

static void killer(void *argument) {
  (void)argument;
  ke_process_terminate(process, 1);
}

static void user_setup(void) {
  memory_setup();
  KeInitializeEvent(event, NotificationEvent, FALSE);
  process = ke_process_create("app", true);
  harness_thread_of(process, "t", 9, user_waiter, NULL);
  harness_thread("killer", 8, killer, NULL);
}

static void user_check(const HarnessRun *run) {
  EXPECT_NOTES(run, "kernel=192");
  EXPECT_EQUAL(process->header.signal_state, 1);
}

/* ---- K_OBJ_2: a thread is an object that is set when it has ended ---- */

static void ends(void *argument) {
  (void)argument;
  note("ends");
}

static void joins(void *argument) {
  (void)argument;
  KeThread *thread = ke_thread_create(MODEL->ke.system_process, ends, NULL, 8, "short");
  ke_thread_ready(thread);
  note_number("joined", wait_for((PVOID)ke_address(&thread->header)));
}

static void joins_setup(void) { harness_thread("t", 8, joins, NULL); }
static void joins_check(const HarnessRun *run) { EXPECT_NOTES(run, "ends joined=0"); }

/* ---- K_OBJ_3, K_THR_1: boosts, priorities, quanta ---- */

static void boosted(void *argument) {
  (void)argument;
  wait_for(event);
  note_number("priority", KeQueryPriorityThread(KeGetCurrentThread()));
}

static void booster(void *argument) {
  (void)argument;
  KeSetEvent(event, 2, FALSE);
  note("booster");
}

static void boost_setup(void) {
  memory_setup();
  KeInitializeEvent(event, NotificationEvent, FALSE);
  KeThread *thread = ke_thread_create(MODEL->ke.system_process, boosted, NULL, 8, "boosted");
  ke_thread_ready(thread);
  ke_thread_ready_at(ke_thread_create(MODEL->ke.system_process, booster, NULL, 9, "booster"), 1000000);
}

static void boost_check(const HarnessRun *run) { EXPECT_NOTES(run, "priority=10 booster"); }

static int turns;

static void polls(void *argument) {
  while (turns == 0)
    sim_point(sim_machine(), SIM_POINT_CALL, 0, 0, 1000000);
  note(argument);
}

static void ends_polling(void *argument) {
  (void)argument;
  turns = 1;
  note_number("ms", (long)(ke_now_ns() / 1000000));
}

static void quantum_setup(void) {
  turns = 0;
  harness_thread("polls", 8, polls, "polls");
  harness_thread("ends", 8, ends_polling, NULL);
}

static void quantum_check(const HarnessRun *run) { EXPECT_NOTES(run, "ms=32 polls"); }

static void affinity(void *argument) {
  (void)argument;
  note_number("on", (long)KeGetCurrentProcessorNumber());
  KAFFINITY old = KeSetSystemAffinityThreadEx(2);
  note_number("on", (long)KeGetCurrentProcessorNumber());
  KIRQL irql = KeRaiseIrqlToDpcLevel();
  KeSetSystemAffinityThreadEx(1);
  note_number("on", (long)KeGetCurrentProcessorNumber());
  KeLowerIrql(irql);
  note_number("on", (long)KeGetCurrentProcessorNumber());
  KeRevertToUserAffinityThreadEx(old);
}

/* wdm/nf-wdm-kesetsystemgroupaffinitythread: zeros tell reverting that there was no system affinity; what is not valid changes nothing. */
static void group_affinity(void *argument) {
  GROUP_AFFINITY second = { .Mask = 2 }, first = { .Mask = 1 }, beyond = { .Mask = 5 }, elsewhere = { .Mask = 1, .Group = 1 }, none, before;
  (void)argument;
  KeSetSystemGroupAffinityThread(&second, &none);
  note_number("before", (long)none.Mask);
  note_number("on", (long)KeGetCurrentProcessorNumber());
  KeSetSystemGroupAffinityThread(&first, &before);
  note_number("before", (long)before.Mask);
  note_number("on", (long)KeGetCurrentProcessorNumber());
  KeRevertToUserGroupAffinityThread(&before);
  note_number("on", (long)KeGetCurrentProcessorNumber());
  KeSetSystemGroupAffinityThread(&beyond, NULL);
  KeSetSystemGroupAffinityThread(&elsewhere, &before);
  note_number("before", (long)before.Mask);
  note_number("on", (long)KeGetCurrentProcessorNumber());
  KeRevertToUserGroupAffinityThread(&none);
  note_number("mask", (long)(KeSetSystemAffinityThreadEx(1) + KeQueryGroupAffinity(0) * 10 + KeQueryGroupAffinity(1)));
}

static void group_affinity_setup(void) { harness_thread("t", 8, group_affinity, NULL); }
static void group_affinity_check(const HarnessRun *run) { EXPECT_NOTES(run, "before=0 on=1 before=2 on=0 on=1 before=0 on=1 mask=30"); }

static void affinity_setup(void) { harness_thread("t", 8, affinity, NULL); }
static void affinity_check(const HarnessRun *run) { EXPECT_NOTES(run, "on=0 on=1 on=1 on=0"); }

static const HarnessCase cases[] = {
  { .name = "K_WAIT_1 a poll at DISPATCH_LEVEL", .setup = poll_setup, .check = poll_check },
  { .name = "K_EVT_1 a notification event frees all", .setup = notification_setup, .check = notification_check },
  { .name = "K_EVT_1 a synchronization event frees one", .setup = synchronization_setup, .check = synchronization_check },
  { .name = "K_WAIT_3 a raised thread switches and wakes still raised", .setup = raised_setup, .check = raised_check },
  { .name = "K_WAIT_3 a raised thread hangs, by option",
    .windows = DDI_WINDOWS_7,
    .options = hang_options,
    .setup = raised_setup,
    .check = hang_check },
  { .name = "K_WAIT_3 a hang the watchdog sees", .options = hang_options, .setup = raised_setup, .check = hang_watched_check },
  { .name = "K_WAIT_3 satisfied at once", .setup = lucky_setup, .check = lucky_check },
  { .name = "K_WAIT_4 any, all, time-out", .setup = results_setup, .check = results_check },
  { .name = "K_WAIT_4 abandoned", .setup = abandoned_setup, .check = abandoned_check },
  { .name = "K_WAIT_4 a mutex released by another", .setup = not_owner_setup, .check = not_owner_check },
  { .name = "K_WAIT_4 a semaphore", .setup = semaphore_setup, .check = semaphore_check },
  { .name = "K_WAIT_2 too many objects", .setup = too_many_setup, .check = too_many_check },
  { .name = "K_OBJ_1 never initialised", .setup = garbage_setup, .check = garbage_check },
  { .name = "K_OBJ_1 another kind", .setup = wrong_kind_setup, .check = wrong_kind_check },
  { .name = "K_WAIT_5 the process ends", .setup = user_setup, .check = user_check },
  { .name = "K_OBJ_2 a thread that has ended", .setup = joins_setup, .check = joins_check },
  { .name = "K_OBJ_3 a boost", .setup = boost_setup, .check = boost_check },
  { .name = "K_THR_1 the quantum ends", .setup = quantum_setup, .check = quantum_check },
  { .name = "K_THR_3 affinity", .cpus = 2, .setup = affinity_setup, .check = affinity_check },
  { .name = "K_THR_3 group affinity", .cpus = 2, .setup = group_affinity_setup, .check = group_affinity_check },
};

int main(void) { return harness_main("wait", cases, ARRAYSIZE(cases)); }
