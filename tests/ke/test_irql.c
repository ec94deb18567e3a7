/* K-IRQL: levels, who interrupts whom, leaks, regions. */
#include <ntddk.h>

#include "ddi_ids.gen.h"
#include "harness.h"

/* ---- K_IRQL_1, K_IRQL_5: raising and lowering ---- */

static void raise_and_lower(void *argument) {
  KIRQL old, older;
  (void)argument;
  note_number("at", KeGetCurrentIrql());
  KeRaiseIrql(APC_LEVEL, &old);
  note_number("at", KeGetCurrentIrql());
  older = KeRaiseIrqlToDpcLevel();
  note_number("from", older);
  note_number("at", KeGetCurrentIrql());
  KeLowerIrql(older);
  KeLowerIrql(old);
  note_number("at", KeGetCurrentIrql());
}

static void raise_setup(void) { harness_thread("t", 8, raise_and_lower, NULL); }

static void raise_check(const HarnessRun *run) {
  EXPECT_NOTES(run, "at=0 at=1 from=1 at=2 at=0");
  EXPECT_EQUAL(run->stop, SIM_STOP_QUIET);
  EXPECT_EQUAL(event_count(run, SIM_EVENT_IRQL), 4);
  EXPECT_EQUAL(event_at(run, SIM_EVENT_IRQL, 1)->function, DDI_KeRaiseIrqlToDpcLevel);
}

static void raise_downwards(void *argument) {
  KIRQL old;
  (void)argument;
  KeRaiseIrqlToDpcLevel();
  KeRaiseIrql(APC_LEVEL, &old);
  note("never");
}

static void raise_downwards_setup(void) { harness_thread("t", 8, raise_downwards, NULL); }

static void raise_downwards_check(const HarnessRun *run) {
  EXPECT_NOTES(run, "");
  EXPECT_BUGCHECK(run, 0x9);
  EXPECT_EQUAL(run->bugcheck->parameters[0], APC_LEVEL);
  EXPECT_EQUAL(run->bugcheck->irql, DISPATCH_LEVEL);
  EXPECT_EQUAL(event_at(run, EVENT_CONTRACT, 0)->detail, CONTRACT_LOWER_TO);
}

static void lower_upwards(void *argument) {
  (void)argument;
  KeLowerIrql(DISPATCH_LEVEL);
  note("never");
}

static void lower_upwards_setup(void) { harness_thread("t", 8, lower_upwards, NULL); }

static void lower_upwards_check(const HarnessRun *run) {
  EXPECT_NOTES(run, "");
  EXPECT_BUGCHECK(run, 0xA);
}

/* ---- K_IRQL_2: the IRQL is the cpu's; a thread waiting for its turn keeps its own ---- */

static void high_worker(void *argument) {
  (void)argument;
  note_number("other", KeGetCurrentIrql());
}

static void stays_high(void *argument) {
  (void)argument;
  KIRQL old = KeRaiseIrqlToDpcLevel();
  harness_thread("other", 20, high_worker, NULL);
  sim_point(sim_machine(), SIM_POINT_CALL, 0, 0, 1000);
  note("high");
  KeLowerIrql(old);
  note("low");
}

static void preempt_setup(void) { harness_thread("t", 8, stays_high, NULL); }

static void preempt_check(const HarnessRun *run) { EXPECT_NOTES(run, "high other=0 low"); }

static void on_another_cpu_check(const HarnessRun *run) { EXPECT_NOTES(run, "other=0 high low"); }

/* ---- K_IRQL_3: who interrupts whom ---- */

static KeDpc *device_dpc;

static void device_dpc_routine(KeDpc *dpc, void *argument) {
  (void)dpc, (void)argument;
  note_number("dpc", KeGetCurrentIrql());
}

static void isr(KeInterrupt *interrupt, void *argument) {
  (void)interrupt, (void)argument;
  note_number("isr", KeGetCurrentIrql());
  ke_dpc_queue(device_dpc, -1);
}

static void masks(void *argument) {
  (void)argument;
  KIRQL old = KeRaiseIrqlToDpcLevel();
  note("a");
  sim_point(sim_machine(), SIM_POINT_CALL, 0, 0, 2000000);
  note("b"); /* the ISR came in at DIRQL, its DPC waits for the level to fall */
  KeLowerIrql(old);
  note("c");
}

static void masks_setup(void) {
  device_dpc = ke_dpc_create("dpc", device_dpc_routine, NULL);
  ke_interrupt_at(ke_interrupt_create("device", 5, isr, NULL), 0, 1000000);
  harness_thread("t", 8, masks, NULL);
}

static void masks_check(const HarnessRun *run) { EXPECT_NOTES(run, "a isr=5 b dpc=2 c"); }

/* ---- K_IRQL_4: APC_LEVEL is thread context ---- */

static void apc_level(void *argument) {
  KIRQL old;
  (void)argument;
  KeRaiseIrql(APC_LEVEL, &old);
  harness_thread("other", 20, high_worker, NULL);
  sim_point(sim_machine(), SIM_POINT_CALL, 0, 0, 1000);
  note_number("apc", KeGetCurrentIrql());
  KeLowerIrql(old);
}

static void apc_setup(void) { harness_thread("t", 8, apc_level, NULL); }

static void apc_check(const HarnessRun *run) { EXPECT_NOTES(run, "other=0 apc=1"); }

/* ---- K_IRQL_7: entry levels ---- */

static void entry(void *argument) {
  (void)argument;
  note_number("thread", KeGetCurrentIrql());
}

static void entry_setup(void) {
  device_dpc = ke_dpc_create("dpc", device_dpc_routine, NULL);
  ke_interrupt_at(ke_interrupt_create("device", 7, isr, NULL), 0, 1000000);
  harness_thread("t", 8, entry, NULL);
}

static void entry_check(const HarnessRun *run) { EXPECT_NOTES(run, "thread=0 isr=7 dpc=2"); }

/* ---- K_IRQL_8: where Windows looks ---- */

static void leaking_system_call(void *argument) {
  (void)argument;
  ke_system_call_enter(77, 0x1234);
  KeRaiseIrqlToDpcLevel();
  ke_system_call_return(0);
  note("never");
}

static void system_call_setup(void) { harness_thread_of(ke_process_create("app", true), "t", 8, leaking_system_call, NULL); }

static void system_call_check(const HarnessRun *run) {
  EXPECT_NOTES(run, "");
  EXPECT_BUGCHECK(run, 0x4A);
  EXPECT_EQUAL(run->bugcheck->parameters[0], 0x1234);
  EXPECT_EQUAL(run->bugcheck->parameters[1], DISPATCH_LEVEL);
}

static void leaking_isr(KeInterrupt *interrupt, void *argument) {
  (void)interrupt, (void)argument;
  KIRQL old;
  KeRaiseIrql(9, &old);
}

static void isr_setup(void) { ke_interrupt_at(ke_interrupt_create("device", 5, leaking_isr, NULL), 0, 1000); }

static void isr_check(const HarnessRun *run) {
  EXPECT_BUGCHECK(run, 0xC8);
  EXPECT_EQUAL(run->bugcheck->parameters[0], 9 << 16 | 5 << 8 | 3);
}

static void unbalanced_region(void *argument) {
  (void)argument;
  ke_system_call_enter(77, 0x1234);
  KeEnterCriticalRegion();
  ke_system_call_return(0);
}

static void region_setup(void) { harness_thread_of(ke_process_create("app", true), "t", 8, unbalanced_region, NULL); }

static void region_check(const HarnessRun *run) {
  EXPECT_BUGCHECK(run, 0x1);
  EXPECT_EQUAL(run->bugcheck->parameters[2], 0xFFFF);
}

/* ---- K_IRQL_9: a leak upwards keeps the cpu's DPCs and threads waiting ---- */

static void leaks(void *argument) {
  (void)argument;
  KeRaiseIrqlToDpcLevel();
  for (int i = 0; i < 3; i++)
    sim_point(sim_machine(), SIM_POINT_CALL, 0, 0, 2000000);
  note("leaked");
  KeLowerIrql(PASSIVE_LEVEL);
}

static void leak_setup(void) {
  device_dpc = ke_dpc_create("dpc", device_dpc_routine, NULL);
  ke_interrupt_at(ke_interrupt_create("device", 5, isr, NULL), 0, 1000000);
  KeThread *late = ke_thread_create(MODEL->ke.system_process, high_worker, NULL, 20, "other");
  ke_thread_ready_at(late, 2000000);
  harness_thread("t", 8, leaks, NULL);
}

static void leak_check(const HarnessRun *run) { EXPECT_NOTES(run, "isr=5 leaked dpc=2 other=0"); }

static const HarnessCase cases[] = {
  { .name = "K_IRQL_1 levels and what changed them", .setup = raise_setup, .check = raise_check },
  { .name = "K_IRQL_2 no preemption at DISPATCH_LEVEL", .setup = preempt_setup, .check = preempt_check },
  { .name = "K_IRQL_2 another cpu is not masked", .cpus = 2, .setup = preempt_setup, .check = on_another_cpu_check },
  { .name = "K_IRQL_3 who interrupts whom", .setup = masks_setup, .check = masks_check },
  { .name = "K_IRQL_4 APC_LEVEL is thread context", .setup = apc_setup, .check = apc_check },
  { .name = "K_IRQL_5 raising to a lower level", .setup = raise_downwards_setup, .check = raise_downwards_check },
  { .name = "K_IRQL_5 lowering to a higher level", .setup = lower_upwards_setup, .check = lower_upwards_check },
  { .name = "K_IRQL_7 entry levels", .setup = entry_setup, .check = entry_check },
  { .name = "K_IRQL_8 system call return", .setup = system_call_setup, .check = system_call_check },
  { .name = "K_IRQL_8 interrupt service routine", .setup = isr_setup, .check = isr_check },
  { .name = "K_IRQL_8 APCs disabled at system call return", .setup = region_setup, .check = region_check },
  { .name = "K_IRQL_9 a leak upwards", .setup = leak_setup, .check = leak_check },
};

int main(void) { return harness_main("irql", cases, ARRAYSIZE(cases)); }
