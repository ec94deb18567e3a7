/*
 * What a driver leaves behind when it unloads: told once, here; Windows notices when its code or memory is used again (0xCE), and Verifier at once.
 * K-UNL-1, K-TMR-7, bug-check-0xce, bug-check-0xc7, bug-check-0xc4.
 */
#include "../ddi/ddi_state.h"
#include "../ex/ex_face.h"
#include "../ex/ex_state.h"
#include "../mm/bugcheck_codes.h"
#include "../verifier/verifier.h"
#include "io_internal.h"

#define POOL_BLOCKS_TOLD_MAX 8 /* a leak in a loop is one mistake */

static bool is_in_memory_of(uint64_t address, uint32_t driver) {
  const PoolBlock *block = ex_pool_block_at(address);
  return (block != NULL && !block->is_free && block->driver == driver) || ddi_code_driver(address) == driver;
}

static bool is_dpc_of(const KeDpc *dpc, uint32_t driver) {
  return dpc != NULL &&
         (dpc->object->driver == driver || ddi_code_driver(dpc->routine) == driver || is_in_memory_of(dpc->object->address, driver));
}

static bool is_of(const Object *object, uint32_t driver) { return object->driver == driver || is_in_memory_of(object->address, driver); }

/* Is it something of the driver's that still does, or will do, something? */
static bool is_leftover(const Object *object, uint32_t driver) {
  switch (object->kind) {
  case OBJECT_THREAD: return object->driver == driver && ((const KeThread *)object->body)->state != KE_THREAD_TERMINATED;
  case OBJECT_TIMER: {
    const KeTimer *timer = object->body;
    return timer->entry.entry.position != 0 && (is_of(object, driver) || is_dpc_of(timer->dpc, driver));
  }
  case OBJECT_DPC: {
    const KeDpc *dpc = object->body;
    return dpc->is_queued && is_dpc_of(dpc, driver);
  }
  case OBJECT_WORK_ITEM: {
    const IoWorkItem *item = object->body;
    return !item->is_single && (object->driver == driver || (item->is_queued && item->driver == driver));
  }
  case OBJECT_POOL_BLOCK:
  case OBJECT_INTERRUPT: return object->driver == driver;
  case OBJECT_DEVICE:
  case OBJECT_FLT_FILTER:
  case OBJECT_FLT_SERVER_PORT:
  case OBJECT_FWPM_ENGINE:
  case OBJECT_FWPS_CALLOUT:
  case OBJECT_FWPS_INJECTION_HANDLE:
  case OBJECT_FWPS_PENDED_OPERATION:
    /* What was set up for a driver without DriverEntry is not the driver's to tear down. */
    return object->driver == driver && io_driver_body(driver)->has_entry;
  default: return false;
  }
}

/* Verifier looks for timers in the image that is about to go. */
static void timer_check(const Object *object, const IoDriver *driver) {
  if (object->kind == OBJECT_TIMER && ddi_code_driver(object->address) == driver->object && verifier_is_on_for(driver->object, 0))
    ke_bugcheck_raise(BUGCHECK_TIMER_OR_DPC_INVALID, 0, object->address, driver->code_address, driver->code_address + driver->code_size);
}

void io_leftovers_check(const IoDriver *driver) {
  uint32_t blocks_told = 0;
  for (uint32_t ordinal = 1; ordinal <= object_count(); ordinal++) {
    const Object *object = object_by_ordinal(ordinal);
    if (!object->is_alive || !is_leftover(object, driver->object))
      continue;
    if (object->kind == OBJECT_POOL_BLOCK && blocks_told++ >= POOL_BLOCKS_TOLD_MAX)
      continue;
    io_contract(ordinal, CONTRACT_UNLOAD_RESOURCES, object->address);
    timer_check(object, driver);
  }
  verifier_check_unload(driver->object, (uint64_t) & ((PDRIVER_OBJECT)driver->driver_object)->DriverName);
}
