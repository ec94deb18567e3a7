/* K-ATT: attaching to a process. */
#include "harness.h"

#include <ntifs.h>

static KeProcess *target, *second;
static KDPC *dpc; /* guest memory: the same address in each run */

static PKPROCESS address_of(const KeProcess *process) { return (PKPROCESS)ke_address(&process->header); }

static void setup_processes(void) {
  target = ke_process_create("agent", true);
  second = ke_process_create("other", true);
  dpc = harness_memory(sizeof *dpc);
}

static void attach(void *argument) {
  KAPC_STATE state, inner, same;
  (void)argument;
  KeStackAttachProcess(address_of(target), &state);
  note_number("attached", ke_process_current() == target);
  KeStackAttachProcess(address_of(target), &same);
  KeStackAttachProcess(address_of(second), &inner);
  note_number("nested", ke_process_current() == second);
  KeUnstackDetachProcess(&inner);
  note_number("back", ke_process_current() == target);
  KeUnstackDetachProcess(&same);
  KeUnstackDetachProcess(&state);
  note_number("home", ke_process_current() == MODEL->ke.system_process);
}

static void attach_setup(void) {
  setup_processes();
  harness_thread("t", 8, attach, NULL);
}

static void attach_check(const HarnessRun *run) {
  EXPECT_NOTES(run, "attached=1 nested=1 back=1 home=1");
  EXPECT_EQUAL(event_count(run, EVENT_ATTACH), 2);
  EXPECT_EQUAL(event_count(run, EVENT_DETACH), 2);
}

/* A raised thread is not in a DPC: Windows lets it. */
static void attach_high(void *argument) {
  KAPC_STATE state;
  (void)argument;
  KIRQL old = KeRaiseIrqlToDpcLevel();
  KeStackAttachProcess(address_of(target), &state);
  KeUnstackDetachProcess(&state);
  KeLowerIrql(old);
  note("silent");
}

static void attach_high_setup(void) {
  setup_processes();
  harness_thread("t", 8, attach_high, NULL);
}

static void attach_high_check(const HarnessRun *run) {
  EXPECT_NOTES(run, "silent");
  EXPECT_EQUAL(run->stop, SIM_STOP_QUIET);
}

static void routine(PKDPC self, PVOID context, PVOID argument1, PVOID argument2) {
  KAPC_STATE state;
  (void)self, (void)context, (void)argument1, (void)argument2;
  KeStackAttachProcess(address_of(target), &state);
  note("never");
}

static void in_dpc(void *argument) {
  (void)argument;
  KeInitializeDpc(dpc, routine, NULL);
  KeInsertQueueDpc(dpc, NULL, NULL);
}

static void in_dpc_setup(void) {
  setup_processes();
  harness_thread("t", 8, in_dpc, NULL);
}

static void in_dpc_check(const HarnessRun *run) {
  EXPECT_NOTES(run, "");
  EXPECT_BUGCHECK(run, 0x5);
  EXPECT_EQUAL(run->bugcheck->objects[0], target->header.object->ordinal);
  EXPECT_EQUAL(run->bugcheck->objects[1], MODEL->ke.system_process->header.object->ordinal);
  EXPECT_EQUAL(run->bugcheck->parameters[2], 0);
  EXPECT_EQUAL(run->bugcheck->parameters[3], 1);
}

/* On an idle cpu the process interrupted is Idle. */
static void device_routine(KeDpc *self, void *argument) {
  KeApcState saved;
  (void)self, (void)argument;
  ke_attach(target, &saved);
}

static KeDpc *device_dpc;

static void isr(KeInterrupt *interrupt, void *argument) {
  (void)interrupt, (void)argument;
  ke_dpc_queue(device_dpc, -1);
}

static void idle_setup(void) {
  setup_processes();
  device_dpc = ke_dpc_create("NdisDpc", device_routine, NULL);
  ke_interrupt_at(ke_interrupt_create("network", 5, isr, NULL), 0, 1000000);
}

static void idle_check(const HarnessRun *run) {
  EXPECT_BUGCHECK(run, 0x5);
  EXPECT_EQUAL(run->bugcheck->objects[1], MODEL->ke.idle_process->header.object->ordinal);
  EXPECT_EQUAL(run->bugcheck->dpc, device_dpc->object->ordinal);
  EXPECT_EQUAL(event_at(run, EVENT_DPC_BEGIN, 0)->irql, DISPATCH_LEVEL);
}

static void twice(void *argument) {
  (void)argument;
  KeAttachProcess(address_of(target));
  KeAttachProcess(address_of(second));
}

static void twice_setup(void) {
  setup_processes();
  harness_thread("t", 8, twice, NULL);
}

static void twice_check(const HarnessRun *run) {
  EXPECT_BUGCHECK(run, 0x5);
  EXPECT_EQUAL(run->bugcheck->objects[0], MODEL->ke.system_process->header.object->ordinal);
  EXPECT_EQUAL(run->bugcheck->objects[1], target->header.object->ordinal);
  EXPECT_EQUAL(run->bugcheck->parameters[2], 1);
}

static void detach_bare(void *argument) {
  KAPC_STATE state = { .Process = address_of(target) };
  (void)argument;
  KeUnstackDetachProcess(&state);
}

static void detach_setup(void) {
  setup_processes();
  harness_thread("t", 8, detach_bare, NULL);
}

static void detach_check(const HarnessRun *run) { EXPECT_BUGCHECK(run, 0x6); }

static const HarnessCase cases[] = {
  { .name = "K_ATT_1 attach and detach, nested", .setup = attach_setup, .check = attach_check },
  { .name = "K_ATT_2 in a DPC", .setup = in_dpc_setup, .check = in_dpc_check },
  { .name = "K_ATT_2 attached already", .setup = twice_setup, .check = twice_check },
  { .name = "K_ATT_3 a raised thread", .setup = attach_high_setup, .check = attach_high_check },
  { .name = "K_ATT_3 in a network DPC on an idle cpu", .setup = idle_setup, .check = idle_check },
  { .name = "K_ATT_4 detach without attach", .setup = detach_setup, .check = detach_check },
};

int main(void) { return harness_main("attach", cases, ARRAYSIZE(cases)); }
