/* Interrupts of devices, for stimuli and for the stack's own: a routine of the model at DIRQL on the cpu it is told (K-INT-1). */
#include "ke_internal.h"

/* bug-check-0xc8, case 3: a service routine that comes back at another level. */
static void interrupt_run(SimMachine *machine, void *argument) {
  KeInterrupt *interrupt = argument;
  SimIrql entry = ke_irql();
  KeIdentity saved;
  ke_identity_begin(&saved, interrupt->identity, ++interrupt->run_count, interrupt->object->ordinal, NULL);
  interrupt->routine(interrupt, interrupt->argument);
  if (ke_irql() != entry)
    ke_bugcheck_raise(0xC8, (uint64_t)ke_irql() << 16 | (uint64_t)entry << 8 | 3, 0, interrupt->object->address, 0);
  ke_identity_end(&saved);
  ke_watch_leave(machine);
}

KeInterrupt *ke_interrupt_create(const char *name, SimIrql irql, KeInterruptRoutine *routine, void *argument) {
  SIM_ASSERT(irql >= SIM_IRQL_DEVICE_LOWEST && irql <= SIM_IRQL_HIGH);
  Object *object = object_create_opaque(OBJECT_INTERRUPT, sizeof(KeInterrupt));
  KeInterrupt *interrupt = object->body;
  object_name_set(object, name);
  interrupt->object = object;
  interrupt->routine = routine;
  interrupt->argument = argument;
  interrupt->identity = ke_identity_next(SIM_CONTEXT_INTERRUPT);
  sim_interrupt_init(&interrupt->interrupt, irql, SIM_CONTEXT_INTERRUPT, interrupt_run, interrupt);
  interrupt->interrupt.object = object->ordinal;
  return interrupt;
}

void ke_interrupt_request(KeInterrupt *interrupt, uint8_t cpu) {
  SIM_ASSERT(cpu < KE->prcb_count);
  ke_spin_charge(&KE->prcbs[cpu]);
  sim_interrupt_request(sim_machine(), KE->prcbs[cpu].vcpu, &interrupt->interrupt);
}

typedef struct InterruptAt {
  SimQueueEntry entry;
  KeInterrupt *interrupt;
  uint8_t cpu;
} InterruptAt;

static void interrupt_fire(SimMachine *machine, SimQueueEntry *entry) {
  InterruptAt *at = SIM_CONTAINER(entry, InterruptAt, entry);
  (void)machine;
  ke_interrupt_request(at->interrupt, at->cpu);
  sim_heap_free(at, sizeof *at);
}

void ke_interrupt_at(KeInterrupt *interrupt, uint8_t cpu, uint64_t time_ns) {
  InterruptAt *at = sim_heap_allocate(sizeof *at);
  at->interrupt = interrupt;
  at->cpu = cpu;
  at->entry.fire = interrupt_fire;
  sim_queue_push(&sim_machine()->queue, &at->entry, time_ns);
}
