/* The clock: ticks every 15.625 ms of virtual time, of which only those happen at which something is due (K-INT-2); and what time it is. */
#include "ke_internal.h"

uint64_t ke_now_ns(void) {
  SimMachine *machine = sim_machine();
  sim_touch_time(machine);
  return sim_time_ns(machine);
}

uint64_t ke_due_after_ns(uint64_t after_ns) {
  SimMachine *machine = sim_machine();
  uint64_t due_ns = sim_time_ns(machine) + after_ns;
  sim_touch_due(machine, due_ns, after_ns, KE->tick_ns);
  return due_ns;
}

bool ke_is_over(uint64_t time_ns) {
  SimMachine *machine = sim_machine();
  if (time_ns <= sim_time_ns(machine))
    return sim_touch_time(machine), true;
  sim_touch_due(machine, time_ns, 0, SIM_DUE_LATER);
  return false;
}

uint64_t ke_tick_at_or_after(uint64_t time_ns) { return (time_ns + KE->tick_ns - 1) / KE->tick_ns * KE->tick_ns; }

/* What of it shows is the tick. */
uint64_t ke_tick_time_ns(void) {
  SimMachine *machine = sim_machine();
  uint64_t now = sim_time_ns(machine);
  sim_touch_due(machine, now + 1, 1, KE->tick_ns);
  return now / KE->tick_ns * KE->tick_ns;
}

int64_t ke_system_time_100ns(void) { return (int64_t)(MODEL->options.epoch_100ns + ke_tick_time_ns() / 100); }

void ke_tick_arm(uint64_t time_ns) {
  SimMachine *machine = sim_machine();
  uint64_t tick = ke_tick_at_or_after(time_ns);
  while (tick <= machine->now_ns)
    tick = ke_tick_at_or_after(machine->now_ns + 1);
  if (KE->tick.position == 0 || tick < KE->tick.time_ns)
    sim_queue_push(&machine->queue, &KE->tick, tick);
}

static bool are_timers_due(uint64_t now) {
  const SimQueueEntry *first = sim_queue_first(&KE->timers);
  return first != NULL && first->time_ns <= now;
}

/* Who looks for what is due, and runs the DPCs of timers that have no target: any of them, as far as documented. */
static KePrcb *server_choose(SimMachine *machine) {
  uint32_t natural = MODEL->options.timer_cpu < KE->prcb_count ? MODEL->options.timer_cpu : 0;
  if (KE->prcb_count < 2 || !sim_varies(machine, SIM_CHOICE_PLACEMENT))
    return &KE->prcbs[natural];
  return &KE->prcbs[sim_choose_rare(machine, SIM_CHOICE_PLACEMENT, 0, natural, NULL, KE->prcb_count)];
}

/* A tick. Simplified: on cpus other than the one that serves timers the clock's interrupt itself is not shown, only what it asks for. */
static void tick_fire(SimMachine *machine, SimQueueEntry *entry) {
  (void)entry;
  KeOutside saved = ke_outside_begin();
  for (uint32_t i = 0; i < KE->prcb_count; i++)
    ke_spin_charge(&KE->prcbs[i]);
  if (are_timers_due(machine->now_ns)) {
    KePrcb *server = server_choose(machine);
    sim_interrupt_request(machine, server->vcpu, &server->clock);
  } else if (sim_queue_first(&KE->timers) != NULL) {
    ke_tick_arm(sim_queue_first(&KE->timers)->time_ns);
  }
  for (uint32_t i = 0; i < KE->prcb_count; i++) {
    ke_dpcs_kick(&KE->prcbs[i]);
    ke_quantum_tick(&KE->prcbs[i]);
  }
  ke_outside_end(saved);
}

/* The clock's interrupt service routine, at CLOCK_LEVEL: timers themselves expire in the drain, at DISPATCH_LEVEL. */
static void clock_interrupt(SimMachine *machine, void *argument) {
  KePrcb *prcb = argument;
  (void)machine;
  prcb->timer_request = true;
  ke_dispatch_request(prcb);
}

void ke_clock_begin(void) {
  const ModelOptions *options = &MODEL->options;
  KE->tick_ns = options->tick_ns;
  KE->quantum_ns = options->tick_ns * (options->quantum_ticks != 0 ? options->quantum_ticks : options->is_server ? 12 : 2);
  KE->tick.fire = tick_fire;
  sim_machine()->clock = &KE->tick;
  sim_queue_init(&KE->timers);
  for (uint32_t i = 0; i < KE->prcb_count; i++)
    sim_interrupt_init(&KE->prcbs[i].clock, SIM_IRQL_CLOCK, SIM_CONTEXT_INTERRUPT, clock_interrupt, &KE->prcbs[i]);
}

/* ---- under Windows' names. The coarse ones know the time of the last tick. ---- */

VOID KeQuerySystemTime(PLARGE_INTEGER CurrentTime) { CurrentTime->QuadPart = ke_system_time_100ns(); }

VOID KeQuerySystemTimePrecise(PLARGE_INTEGER CurrentTime) {
  CurrentTime->QuadPart = (LONGLONG)(MODEL->options.epoch_100ns + ke_now_ns() / 100);
}

VOID KeQueryTickCount(PLARGE_INTEGER CurrentCount) { CurrentCount->QuadPart = (LONGLONG)(ke_tick_time_ns() / KE->tick_ns); }

ULONG KeQueryTimeIncrement(VOID) { return (ULONG)(KE->tick_ns / 100); }

ULONGLONG KeQueryInterruptTime(VOID) { return ke_tick_time_ns() / 100; }

ULONGLONG KeQueryInterruptTimePrecise(PULONG64 QpcTimeStamp) {
  *QpcTimeStamp = ke_now_ns() / 100;
  return ke_now_ns() / 100;
}

ULONGLONG KeQueryUnbiasedInterruptTime(VOID) { return ke_tick_time_ns() / 100; }

/* wdm/nf-wdm-kequeryperformancecounter: 10 MHz. */
LARGE_INTEGER KeQueryPerformanceCounter(PLARGE_INTEGER PerformanceFrequency) {
  LARGE_INTEGER counter = { .QuadPart = (LONGLONG)(ke_now_ns() / 100) };
  if (PerformanceFrequency != NULL)
    PerformanceFrequency->QuadPart = 10000000;
  return counter;
}
