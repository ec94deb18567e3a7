/*
 * guest.c: from the model into driver code, and what becomes of driver code in trouble.
 */
#include "guest.h"
#include "guest_face.h"
#include "hooks.h"

#include "../../sim/machine.h"
#include "../ddi/call.h"
#include "../io/io_face.h"
#include "../mm/mm.h"
#include "../model_face.h"

#define ARGUMENT_COUNT_MAX 16

void guest_step_program_set(GuestStepRunner *runner, void *program) {
  GUEST_PROCESS->runner = runner;
  GUEST_PROCESS->program = program;
}

void guest_coverage_set(uint32_t *blocks) { GUEST_PROCESS->blocks = blocks; }

/* An instruction fetch by driver code from where there is none to fetch. Windows stops; nothing could go on here. */
static void wild_call(SimMachine *machine, uint64_t address, uint32_t site, bool by_return) {
  SimFault fault;
  if (sim_access_judge(machine, address, 1, SIM_ACCESS_EXECUTE, &fault))
    fault.reason = SIM_FAULT_WILD;
  fault.site = site;
  fault.by_return = by_return;
  if (machine->fault_handler != NULL)
    machine->fault_handler(machine, &fault);
  sim_stop(machine, SIM_STOP_GUEST_CRASH, "call of an address that is no code");
}

/* Tests of the model alone: the address is a C function of theirs. */
static bool trusts_host_routines(void) { return ((const ModelOptions *)SIM_MODEL_BASE)->trusts_host_routines; }

static uint64_t host_call(uint64_t function, const uint64_t *a) {
  typedef uint64_t Routine(uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t,
                           uint64_t, uint64_t, uint64_t, uint64_t, uint64_t);
  return ((Routine *)function)(a[0], a[1], a[2], a[3], a[4], a[5], a[6], a[7], a[8], a[9], a[10], a[11], a[12], a[13], a[14], a[15]);
}

uint64_t guest_call(uint64_t function, const uint64_t *arguments, unsigned count) {
  SimMachine *machine = sim_machine();
  SimContext *context = machine->current;
  uint64_t all[ARGUMENT_COUNT_MAX] = { 0 };
  SIM_ASSERT(context != NULL && count <= ARGUMENT_COUNT_MAX);
  for (unsigned i = 0; i < count; i++)
    all[i] = arguments[i];
  if (function - SIM_IMAGE_BASE < SIM_IMAGE_END - SIM_IMAGE_BASE &&
      (sim_page_attributes(machine, function) & SIM_PAGE_KIND_MASK) == SIM_PAGE_CODE)
    return sim_guest_call(context, function, all, count);
  bool is_step = function - SIM_STEP_CODE_BASE < SIM_STEP_CODE_SIZE;
  if (is_step && !io_code_is_loaded(function)) { /* its driver was unloaded: what compiled code finds in its pages */
    SimFault fault = { .reason = SIM_FAULT_FREED, .address = function, .size = 1, .kind = SIM_ACCESS_EXECUTE };
    machine->fault_handler(machine, &fault);
    return 0;
  }
  if (is_step && GUEST_PROCESS->runner != NULL)
    return GUEST_PROCESS->runner(GUEST_PROCESS->program, function, all, count);
  if (function >= 0x10000 && trusts_host_routines())
    return host_call(function, all);
  wild_call(machine, function, 0, false);
  return 0;
}

void guest_fault(uint64_t address, uint32_t size, bool is_write, bool is_execute) {
  SimMachine *machine = sim_machine();
  uint32_t site = machine->current != NULL ? machine->current->site : 0;
  SimFault fault;
  /* A function whose accesses the compiler does not announce has no frame. */
  if (machine->current != NULL && machine->current->frame_count == 0)
    sim_frame_push(machine->current, 0, site);
  if (is_execute)
    wild_call(machine, address, site, false);
  if (!sim_access_judge(machine, address, size, is_write ? SIM_ACCESS_WRITE : SIM_ACCESS_READ, &fault)) {
    fault.site = site;
    if (machine->fault_handler != NULL)
      machine->fault_handler(machine, &fault);
  }
  sim_stop(machine, SIM_STOP_GUEST_CRASH, "an access that irqlab did not see coming");
  __builtin_unreachable();
}

void guest_return_fault(uint64_t address) {
  SimMachine *machine = sim_machine();
  SimContext *context = machine->current;
  if (context->frame_count < SIM_FRAME_COUNT_MAX) /* it has told that it returns, and its frame is still there */
    context->site = context->frames[context->frame_count].function;
  wild_call(machine, address, context->site, true);
  __builtin_unreachable();
}

void guest_exception(uint32_t status, uint64_t instruction) { mm_exception((NTSTATUS)status, instruction, 0, 0); }

void guest_not_modelled(const char *name) { ddi_not_modelled(name); }

void guest_unmodelled_check(uint64_t address) {
  if (sim_page_attributes(sim_machine(), address) == GUEST_PAGE_UNMODELLED)
    guest_not_modelled((const char *)(address & ~(uint64_t)(GUEST_CELL_SIZE - 1)));
}
