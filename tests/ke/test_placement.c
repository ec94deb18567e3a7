/* K-THR-1: which processor a thread goes to. */
#include <ntddk.h>

#include "harness.h"

#include "../../sim/choice.h"

static KEVENT *event; /* one for each of those that wait; guest memory */

static void waiter(void *argument) {
  const char *name = argument;
  KeWaitForSingleObject(&event[name[0] - 'a'], Executive, KernelMode, FALSE, NULL);
  note(name);
}

/* ---- one that is idle, and is in the interrupt of a device, or has just left it ---- */

static KeInterrupt *device;

/* Two steps: others see the processor in it, and behind it, before it steps again. */
static void device_routine(KeInterrupt *interrupt, void *argument) {
  (void)interrupt, (void)argument;
  sim_point(sim_machine(), SIM_POINT_CALL, 0, 0, 20000);
  sim_charge(sim_machine(), 50000);
}

static void wait_while_depth_is(uint8_t cpu, unsigned depth) {
  while (MODEL->ke.prcbs[cpu].vcpu->depth == depth)
    sim_point(sim_machine(), SIM_POINT_CALL, 0, 0, 500);
}

static void interrupt_setup(void) {
  event = harness_memory(26 * sizeof *event);
  for (unsigned i = 0; i < 26; i++)
    KeInitializeEvent(&event[i], SynchronizationEvent, FALSE);
  device = ke_interrupt_create("device", 5, device_routine, NULL);
}

/* ---- K_THR_1: who is to run next there gives way to a higher one ---- */

static void wake_two(uint8_t cpu) {
  ke_interrupt_request(device, cpu);
  wait_while_depth_is(cpu, 0);
  KeSetEvent(&event[0], 0, FALSE);
  wait_while_depth_is(cpu, 1);
  KeSetEvent(&event[1], 0, FALSE);
  sim_point(sim_machine(), SIM_POINT_CALL, 0, 0, 500000);
}

static void wakes_two(void *argument) {
  (void)argument;
  wake_two(1);
}

static void higher_setup(void) {
  interrupt_setup();
  harness_thread("a", 8, waiter, "a");
  harness_thread("b", 12, waiter, "b");
  harness_thread("t", 16, wakes_two, NULL);
}

static unsigned runs_of(const HarnessRun *run, uint32_t cpu) {
  unsigned count = 0;
  const SimEvent *one;
  for (size_t i = 0; (one = event_at(run, EVENT_RUN, i)) != NULL; i++)
    count += one->object != 0 && one->detail == cpu;
  return count;
}

/* Each until it waits; then b to its end, and a. */
static void higher_check(const HarnessRun *run) {
  EXPECT_NOTES(run, "b a");
  EXPECT_EQUAL(runs_of(run, 1), 4);
}

/* ---- K_THR_1: of several with a lower thread each may be chosen, who is to run next there or does ---- */

static uint32_t placement_note(SimMachine *machine, const SimPoint *point) {
  (void)machine;
  for (uint32_t i = 0; point->kind == SIM_CHOICE_PLACEMENT && point->natural != SIM_PLACEMENT_STAYS && i < point->option_count; i++)
    note_number(point->options[i].id == point->natural ? "naturally" : "or", (long)point->options[i].id);
  return point->natural;
}

static uint32_t no_access(SimMachine *machine, const SimContext *context) {
  (void)machine, (void)context;
  return UINT32_MAX;
}

static const SimPolicy noting = { .name = "noting", .explores = true, .by_id = true, .answer = placement_note, .access_budget = no_access };

static void wakes_noting(void *argument) {
  (void)argument;
  KeSetSystemAffinityThreadEx(4);
  sim_machine()->options.policy = &noting;
  sim_machine()->options.varies = 1u << SIM_CHOICE_PLACEMENT;
  wake_two(0);
}

static void long_running(void *argument) {
  (void)argument;
  KeSetSystemAffinityThreadEx(2);
  for (unsigned i = 0; i < 100; i++)
    sim_point(sim_machine(), SIM_POINT_CALL, 0, 0, 5000);
}

static void several_setup(void) {
  interrupt_setup();
  harness_thread("a", 8, waiter, "a");
  harness_thread("b", 12, waiter, "b");
  harness_thread("low", 4, long_running, NULL);
  harness_thread("t", 16, wakes_noting, NULL);
}

static void several_check(const HarnessRun *run) { EXPECT_NOTES(run, "or=0 naturally=1 b a"); }

static const HarnessCase cases[] = {
  { .name = "K_THR_1 a higher thread for a processor that is idle still", .cpus = 2, .setup = higher_setup, .check = higher_check },
  { .name = "K_THR_1 each with a lower thread", .cpus = 3, .setup = several_setup, .check = several_check },
};

int main(void) { return harness_main("placement", cases, ARRAYSIZE(cases)); }
