/* Stimuli: each is an entry of the event queue that asks the kernel for what a device, a timer or another driver would ask. */
#include <ntifs.h>

#include "../ddi/call.h"
#include "../ke/ke.h"
#include "../mm/mm_face.h"
#include "../model.h"
#include "../verifier/verifier.h"
#include "ddi_callbacks.gen.h"
#include "interrupt.h"
#include "io_face.h"
#include "stimulus.h"

typedef struct Stimulus {
  SimQueueEntry entry;
  IoStimulus what;
  uint64_t left;
  KeDpc *dpc;             /* of IO_STIMULUS_DPC */
  KeInterrupt *interrupt; /* of IO_STIMULUS_INTERRUPT */
} Stimulus;

/* The model's DPC calls the driver's routine as one with no KDPC of its own. Simplified: Dpc and the system arguments are NULL. */
static void dpc_routine(KeDpc *dpc, void *argument) {
  const Stimulus *stimulus = argument;
  (void)dpc;
  uint32_t outer = io_driver_enter(stimulus->what.driver);
  ddi_callback_KDEFERRED_ROUTINE((PKDEFERRED_ROUTINE)stimulus->what.routine, NULL, NULL, NULL, NULL);
  io_driver_enter(outer);
}

static void interrupt_routine(KeInterrupt *interrupt, void *argument) {
  const Stimulus *stimulus = argument;
  (void)interrupt;
  uint32_t outer = io_driver_enter(stimulus->what.driver);
  SimIrql before = ke_irql();
  ddi_callback_KSERVICE_ROUTINE((PKSERVICE_ROUTINE)stimulus->what.routine, NULL, NULL);
  verifier_check_isr_return(stimulus->what.routine, before, ke_irql());
  io_driver_enter(outer);
}

static uint8_t cpu_of(const IoStimulus *what) {
  return what->cpu < 0 || what->cpu >= (int)sim_machine()->vcpu_count ? 0 : (uint8_t)what->cpu;
}

static void stimulus_do(Stimulus *stimulus, uint64_t now_ns) {
  const IoStimulus *what = &stimulus->what;
  switch (what->kind) {
  case IO_STIMULUS_DPC: ke_dpc_queue(stimulus->dpc, cpu_of(what)); return;
  case IO_STIMULUS_INTERRUPT:
    if (!io_interrupt_raise(what->routine, cpu_of(what))) /* no driver connected it: an interrupt of nobody's in particular */
      ke_interrupt_request(stimulus->interrupt, cpu_of(what));
    return;
  case IO_STIMULUS_WORK_ITEM: io_work_item_at(what->driver, what->routine, 0, now_ns); return;
  case IO_STIMULUS_THREAD: io_thread_at(what->driver, what->routine, 0, what->cpu, what->irql, now_ns); return;
  case IO_STIMULUS_UNLOAD: io_driver_unload(what->driver, now_ns); return;
  case IO_STIMULUS_PAGE_OUT: mm_trim(); return;
  }
}

static void stimulus_fire(SimMachine *machine, SimQueueEntry *entry) {
  Stimulus *stimulus = SIM_CONTAINER((void *)entry, Stimulus, entry);
  uint64_t now_ns = machine->now_ns;
  stimulus_do(stimulus, now_ns);
  if (--stimulus->left > 0)
    sim_queue_push(&machine->queue, entry, entry->time_ns + stimulus->what.every_ns);
}

void io_stimulus_add(const IoStimulus *what) {
  Stimulus *stimulus = sim_heap_allocate(sizeof *stimulus);
  stimulus->what = *what;
  stimulus->left = what->times > 1 ? what->times : 1;
  stimulus->entry.fire = stimulus_fire;
  if (what->kind == IO_STIMULUS_DPC)
    stimulus->dpc = ke_dpc_create("stimulus", dpc_routine, stimulus);
  if (what->kind == IO_STIMULUS_INTERRUPT)
    stimulus->interrupt = ke_interrupt_create("device", what->irql, interrupt_routine, stimulus);
  sim_queue_push(&sim_machine()->queue, &stimulus->entry, what->at_ns);
}
