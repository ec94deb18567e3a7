/*
 * The machine's fault handler: what Windows does with an access that may not be. K-PG-1, K-PG-3, K-PG-4, K-PG-5; README.md has the table with
 * its pages.
 */
#include "../../sim/machine.h"
#include "../ddi/ddi_state.h"
#include "../events.h"
#include "../ex/ex_face.h"
#include "../ex/ex_state.h"
#include "../ke/ke.h"
#include "../model.h"
#include "bugcheck_codes.h"
#include "mm.h"

#define PAGE_IN_NS 100000 /* a read from disk is slower; what matters is that the thread is away for long */

#define TRAP_DOUBLE_FAULT 8

/* ---- what kind of address is it? ---- */

typedef enum AddressKind { ADDRESS_KERNEL, ADDRESS_USER, ADDRESS_NONCANONICAL } AddressKind;

/* Guest memory stands for system space, whatever its number. */
static AddressKind address_kind(uint64_t address) {
  if (address >= SIM_ARENA_BASE && address < SIM_STEP_CODE_BASE + SIM_STEP_CODE_SIZE)
    return ADDRESS_KERNEL;
  if (address < 0x800000000000ULL)
    return ADDRESS_USER;
  return address >= 0xffff800000000000ULL ? ADDRESS_KERNEL : ADDRESS_NONCANONICAL;
}

uint64_t mm_instruction(uint32_t site) {
  if (site == 0 || (site & SIM_SITE_STEP))
    return site;
  return SIM_IMAGE_BASE + (site >> 24) * SIM_IMAGE_SLOT_SIZE + (site & 0xffffff);
}

static uint64_t instruction_of(const SimFault *fault) {
  return fault->kind == SIM_ACCESS_EXECUTE ? fault->address : mm_instruction(fault->site);
}

/* ---- telling ---- */

static void fault_event(SimMachine *machine, const SimFault *fault, SimFaultReason reason, uint32_t object) {
  uint32_t size = fault->size < 0xfff ? fault->size : 0xfff;
  uint32_t detail =
      (uint32_t)reason | (uint32_t)fault->kind << 8 | (uint32_t)fault->by_model << 16 | (uint32_t)fault->by_return << 17 | size << 20;
  MODEL->mm.fault_count++;
  sim_event(machine, EVENT_FAULT, machine->current != NULL ? machine->current->call : 0, object, 0, detail, fault->address);
}

/* Is it the last silent fault once more? Notes it. */
static bool is_repeated(SimMachine *machine, const SimFault *fault) {
  MmSilentFault now = { fault->address >> SIM_PAGE_SHIFT, machine->current != NULL ? machine->current->id : 0, fault->site, fault->reason };
  MmSilentFault *last = &MODEL->mm.silent;
  bool is_same = last->page == now.page && last->context == now.context && last->site == now.site && last->reason == now.reason;
  *last = now;
  return is_same;
}

static void silent_event(SimMachine *machine, const SimFault *fault, uint32_t object) {
  if (!is_repeated(machine, fault))
    fault_event(machine, fault, fault->reason, object);
}

/* ---- stopping ---- */

/* A page fault at DISPATCH_LEVEL or above: 0xD1 when the driver made it, 0xA when Windows' own code did, on whoever's behalf. */
static void stop_high(const SimFault *fault, SimIrql irql) {
  uint32_t code = fault->by_model ? BUGCHECK_IRQL_NOT_LESS_OR_EQUAL : BUGCHECK_DRIVER_IRQL_NOT_LESS_OR_EQUAL;
  ke_bugcheck_raise(code, fault->address, irql, fault->kind, instruction_of(fault));
}

static void stop_nonpaged(const SimFault *fault) {
  static const uint64_t access_new[] = { [SIM_ACCESS_READ] = 0, [SIM_ACCESS_WRITE] = 2, [SIM_ACCESS_EXECUTE] = 0x10 };
  uint64_t access = model_is_since(DDI_WINDOWS_10) ? access_new[fault->kind] : fault->kind;
  bool is_guest = fault->address >= SIM_ARENA_BASE && fault->address < SIM_STEP_CODE_BASE + SIM_STEP_CODE_SIZE;
  ke_bugcheck_raise(BUGCHECK_PAGE_FAULT_IN_NONPAGED_AREA, fault->address, access, instruction_of(fault), is_guest ? 0 : 2);
}

static void stop_exception(const SimFault *fault, uint64_t address) {
  mm_exception(STATUS_ACCESS_VIOLATION, instruction_of(fault), fault->kind, address);
}

/* Nothing is there. */
static void stop_invalid(const SimFault *fault, SimIrql irql) {
  switch (address_kind(fault->address)) {
  case ADDRESS_NONCANONICAL: stop_exception(fault, UINT64_MAX); break; /* no page fault but a general protection fault */
  case ADDRESS_USER:
    if (irql >= SIM_IRQL_DISPATCH)
      stop_high(fault, irql);
    stop_exception(fault, fault->address);
    break;
  case ADDRESS_KERNEL:
    if (irql >= SIM_IRQL_DISPATCH)
      stop_high(fault, irql);
    stop_nonpaged(fault);
    break;
  }
}

VOID mm_exception(NTSTATUS status, ULONG64 instruction, ULONG64 information0, ULONG64 information1) {
  SimMachine *machine = sim_machine();
  const KeThread *thread = ke_thread_current();
  bool is_thread = machine->current != NULL && machine->current->kind == SIM_CONTEXT_THREAD;
  uint64_t code = (uint32_t)status;
  if (instruction == 0 && information0 != SIM_ACCESS_EXECUTE && machine->current != NULL)
    instruction = mm_instruction(machine->current->site);
  if (is_thread && thread->is_user && thread->system_call != 0)
    ke_bugcheck_raise(BUGCHECK_SYSTEM_SERVICE_EXCEPTION, code, instruction, 0, 0);
  else if (is_thread && !thread->is_user)
    ke_bugcheck_raise(BUGCHECK_SYSTEM_THREAD_EXCEPTION_NOT_HANDLED, code, instruction, 0, 0);
  else
    ke_bugcheck_raise(BUGCHECK_KMODE_EXCEPTION_NOT_HANDLED, code, instruction, information0, information1);
  sim_assertion_failed("an exception outside of a run", __FILE__, __LINE__);
}

/* ---- pageable memory ---- */

static void page_in(SimMachine *machine, uint64_t address) {
  uint64_t page = address & ~(SIM_PAGE_SIZE - 1);
  sim_pages_set(machine, page, 1, sim_page_attributes(machine, page) | SIM_PAGE_RESIDENT);
  MODEL->mm.page_in_count++;
  sim_event(machine, EVENT_PAGE_IN, 0, 0, 0, 0, page);
  sim_charge(machine, PAGE_IN_NS);
}

/* Simplified: the thread does not wait for the page; time passes on its cpu. */
static void not_resident(SimMachine *machine, const SimFault *fault, SimIrql irql, uint32_t object) {
  if (irql < SIM_IRQL_DISPATCH) {
    page_in(machine, fault->address);
    return;
  }
  fault_event(machine, fault, SIM_FAULT_NOT_RESIDENT, object);
  stop_high(fault, irql);
}

/* Is a page that lies in memory there after all? Once for each page a context comes to. */
static bool is_lucky(SimMachine *machine, bool is_repeat) {
  switch (MODEL->options.paging) {
  case MODEL_PAGING_TRIMMED: return false;
  case MODEL_PAGING_ANY: return is_repeat || sim_choose(machine, SIM_CHOICE_RESIDENT, 1, NULL, 2) == 1;
  default: return is_repeat || sim_choose_rare(machine, SIM_CHOICE_RESIDENT, 0, 1, NULL, 2) == 1;
  }
}

static void paged_high(SimMachine *machine, const SimFault *fault, SimIrql irql, uint32_t object) {
  bool is_repeat = is_repeated(machine, fault);
  if (!is_lucky(machine, is_repeat))
    not_resident(machine, fault, irql, object);
  else if (!is_repeat)
    fault_event(machine, fault, SIM_FAULT_PAGED_HIGH, object);
}

/* ---- the others ---- */

/* Freed pool: Windows' own pages are still there, and the access succeeds. Only special pool has taken them away. */
static void freed(SimMachine *machine, const SimFault *fault, SimIrql irql, const PoolBlock *block) {
  if (block != NULL && !block->is_special) {
    silent_event(machine, fault, block->object);
    return;
  }
  fault_event(machine, fault, fault->reason, block != NULL ? block->object : 0);
  uint64_t access = fault->kind == SIM_ACCESS_WRITE;
  if (block != NULL)
    ke_bugcheck_raise(fault->by_model ? BUGCHECK_PAGE_FAULT_IN_FREED_SPECIAL_POOL : BUGCHECK_DRIVER_PAGE_FAULT_IN_FREED_SPECIAL_POOL,
                      fault->address, access, instruction_of(fault), 0);
  else if (ddi_code_driver(fault->address) == 0)
    stop_invalid(fault, irql);
  else if (irql >= SIM_IRQL_DISPATCH && fault->kind != SIM_ACCESS_EXECUTE)
    ke_bugcheck_raise(BUGCHECK_SYSTEM_SCAN_AT_RAISED_IRQL_CAUGHT_IMPROPER_DRIVER_UNLOAD, fault->address, irql, access,
                      instruction_of(fault));
  else
    ke_bugcheck_raise(BUGCHECK_DRIVER_UNLOADED_WITHOUT_CANCELLING_PENDING_OPERATIONS, fault->address,
                      fault->kind == SIM_ACCESS_EXECUTE ? 8 : access, instruction_of(fault), 0);
}

/* Beyond a block lies the next one. Special pool ends each block at a page that is not there; before the block it only looks when it is freed. */
static void overrun(SimMachine *machine, const SimFault *fault, const PoolBlock *block) {
  bool is_beyond = block != NULL && fault->address >= block->address + block->size;
  if (block == NULL || !block->is_special || !is_beyond) {
    silent_event(machine, fault, block != NULL ? block->object : 0);
    return;
  }
  fault_event(machine, fault, fault->reason, block->object);
  ke_bugcheck_raise(fault->by_model ? BUGCHECK_PAGE_FAULT_BEYOND_END_OF_ALLOCATION : BUGCHECK_DRIVER_PAGE_FAULT_BEYOND_END_OF_ALLOCATION,
                    fault->address, fault->kind == SIM_ACCESS_WRITE, instruction_of(fault), 0);
}

static const MmUserRange *user_range(uint64_t address) {
  for (uint32_t at = 0; at < MODEL->mm.user_range_count; at++) {
    const MmUserRange *range = &MODEL->mm.user_ranges[at];
    if (address - range->address < range->size)
      return range;
  }
  return NULL;
}

/* User memory is there in its process' context, and pageable. Simplified: another process has nothing at that address. */
static void user(SimMachine *machine, const SimFault *fault, SimIrql irql) {
  const MmUserRange *range = user_range(fault->address);
  const KeProcess *process = ke_process_current();
  if (range != NULL && process->header.object->ordinal == range->process) {
    if (irql >= SIM_IRQL_DISPATCH)
      paged_high(machine, fault, irql, 0);
    return;
  }
  fault_event(machine, fault, fault->reason, 0);
  if (irql >= SIM_IRQL_DISPATCH)
    stop_high(fault, irql);
  stop_exception(fault, fault->address);
}

void mm_fault(SimMachine *machine, const SimFault *fault) {
  const PoolBlock *block = ex_pool_block_at(fault->address);
  uint32_t object = block != NULL ? block->object : 0;
  SimIrql irql = ke_irql();
  switch (fault->reason) {
  case SIM_FAULT_NOT_RESIDENT: not_resident(machine, fault, irql, object); return;
  case SIM_FAULT_PAGED_HIGH: paged_high(machine, fault, irql, object); return;
  case SIM_FAULT_FREED: freed(machine, fault, irql, block); return;
  case SIM_FAULT_OVERRUN: overrun(machine, fault, block); return;
  case SIM_FAULT_USER: user(machine, fault, irql); return;
  default: break;
  }
  fault_event(machine, fault, fault->reason, object);
  if (fault->reason == SIM_FAULT_STACK)
    ke_bugcheck_raise(BUGCHECK_UNEXPECTED_KERNEL_MODE_TRAP, TRAP_DOUBLE_FAULT, fault->address, 0, instruction_of(fault));
  else if (fault->reason == SIM_FAULT_READ_ONLY)
    ke_bugcheck_raise(BUGCHECK_ATTEMPTED_WRITE_TO_READONLY_MEMORY, fault->address, 0, 0, 0);
  else
    stop_invalid(fault, irql);
}

void mm_begin(void) { sim_machine()->fault_handler = mm_fault; }
