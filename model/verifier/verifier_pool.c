/*
 * Driver Verifier's checks of pool: at each allocation and free, and when a driver unloads.
 */
#include "../events.h"
#include "../ex/ex_face.h"
#include "../io/io_face.h"
#include "../ke/ke.h"
#include "../mm/bugcheck_codes.h"
#include "../mm/mm_face.h"
#include "../model.h"
#include "verifier.h"

static void stop(uint64_t p1, uint64_t p2, uint64_t p3, uint64_t p4) {
  ke_bugcheck_raise(BUGCHECK_DRIVER_VERIFIER_DETECTED_VIOLATION, p1, p2, p3, p4);
}

void verifier_check_pool_allocate(const VerifierPool *block) {
  SimIrql irql = ke_irql();
  if (!verifier_is_on(0))
    return;
  if (block->size == 0)
    stop(0x00, irql, block->type, 0);
  if (block->is_paged && irql > SIM_IRQL_APC)
    stop(0x01, irql, block->type, block->size);
  if (!block->is_paged && irql > SIM_IRQL_DISPATCH)
    stop(0x02, irql, block->type, block->size);
  if (block->tag == 0)
    ke_bugcheck_raise(BUGCHECK_BAD_POOL_CALLER, 0x9b, block->type, block->size, mm_instruction(sim_machine()->current->site));
}

/* What the free would tell when it comes to the object, which it does not: the machine stops. */
static void tell(const Object *object, ModelContract contract) {
  sim_event(sim_machine(), EVENT_CONTRACT, sim_machine()->current->call, object->ordinal, 0, contract, object->address);
}

static void check_object(const VerifierPool *block, const Object *object) {
  switch (object->kind) {
  case OBJECT_TIMER: {
    const KeTimer *timer = object->body;
    if (timer->entry.entry.position == 0)
      break;
    tell(object, CONTRACT_TIMER_FREED);
    stop(0x15, object->address, block->type, block->address);
    break;
  }
  case OBJECT_DPC: {
    const KeDpc *dpc = object->body;
    if (!dpc->is_queued)
      break;
    tell(object, CONTRACT_TIMER_FREED);
    ke_bugcheck_raise(BUGCHECK_TIMER_OR_DPC_INVALID, 0x1, object->address, block->address, block->address + block->size);
    break;
  }
  case OBJECT_WORK_ITEM: {
    const IoWorkItem *item = object->body;
    if (!item->is_queued)
      break;
    tell(object, CONTRACT_WORK_ITEM_QUEUED);
    ke_bugcheck_raise(BUGCHECK_WORKER_INVALID, 0x0, object->address, block->address, block->address + block->size);
    break;
  }
  default: break;
  }
}

void verifier_check_pool_free(const VerifierPool *block) {
  SimIrql irql = ke_irql();
  if (!verifier_is_on(0))
    return;
  if (block->is_paged && irql > SIM_IRQL_APC)
    stop(0x11, irql, block->type, block->address);
  if (!block->is_paged && irql > SIM_IRQL_DISPATCH)
    stop(0x12, irql, block->type, block->address);
  for (Object *object = object_in_range(block->address, block->size, 0); object != NULL;
       object = object_in_range(block->address, block->size, object->ordinal))
    check_object(block, object);
}

void verifier_check_pool_free_bad(uint64_t address, bool is_freed, uint32_t tag) {
  if (!verifier_is_on(0))
    return;
  if (is_freed)
    stop(0x13, 0, address - 0x10, tag);
  stop(0x10, address, 0, 0);
}

void verifier_check_unload(uint32_t driver, uint64_t name) {
  ExPoolUse use = ex_pool_use(driver);
  if (use.count != 0 && verifier_is_on_for(driver, MODEL_VERIFIER_POOL_TRACKING))
    stop(0x62, name, 0, use.count);
}
