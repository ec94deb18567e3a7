/*
 * Work items, and the system worker threads that serve them: K-WI-1 to K-WI-3. wdm/nf-wdm-ioqueueworkitem, wdm/nf-wdm-exqueueworkitem,
 * bug-check-0xe1, bug-check-0xe4, bug-check-0x96.
 *
 * Simplified: one queue, first come first served, for all WORK_QUEUE_TYPEs; its threads all have one priority.
 */
#include "work_item.h"

#include "../ex/pool.h"
#include "../mm/bugcheck_codes.h"
#include "../mm/mm.h"
#include "ddi_callbacks.gen.h"
#include "io_internal.h"

#define WORKER_PRIORITY 12
#define WORKER_BUSY_NS 20000000ull /* with somebody else's item */
#define WORK_ITEM_SIZE 0x58        /* of the opaque structure: what IoSizeofWorkItem says on x64 */

/* ---- the queue ---- */

/* Windows 8 and later look at the item; before, its place in the list was overwritten, and the worker that came to it stopped. */
static void queued_already(IoWorkItem *item) {
  Object *object = object_by_ordinal(item->object);
  io_contract(item->object, CONTRACT_WORK_ITEM_QUEUED, object->address);
  if (model_is_since(DDI_WINDOWS_8))
    ke_bugcheck_raise(BUGCHECK_WORKER_INVALID, 0x1, object->address, 0, 0);
  item->is_garbage = true;
}

static void queue_push(IoWorkItem *item) {
  IoState *state = &MODEL->io;
  item->is_queued = true;
  sim_list_push_tail(&state->queue, &item->link);
  sim_event(sim_machine(), EVENT_WORK_QUEUE, 0, item->object, 0, 0, 0);
  ke_semaphore_release(state->queue_semaphore, 1, 0);
}

/* The item holds its device, and so the driver's image, until the routine has returned. */
static void hold(IoWorkItem *item) {
  const Object *device = object_find(item->io_object, OBJECT_DEVICE);
  item->device = device != NULL ? device->ordinal : 0;
  if (device != NULL) {
    io_device_hold(device->body);
    item->driver = device->driver;
  }
  io_driver_hold(item->driver);
}

static void release(uint32_t device, uint32_t driver) {
  if (device != 0)
    io_device_release(object_by_ordinal(device)->body);
  io_driver_release(driver);
}

/* ---- the worker ---- */

/* What the worker needs of an item once it is out of the queue: the routine may free it or queue it again. */
typedef struct Work {
  IoWorkItem item;
  uint64_t address;
} Work;

static void routine_call(const Work *work) {
  const IoWorkItem *item = &work->item;
  switch ((IoWorkItemKind)item->kind) {
  case IO_WORK_ITEM_MODEL: item->model_routine((void *)item->context); break;
  case IO_WORK_ITEM_EX: ddi_callback_WORKER_THREAD_ROUTINE((PWORKER_THREAD_ROUTINE)item->routine, (PVOID)item->context); break;
  case IO_WORK_ITEM_IO:
    if (item->is_extended)
      ddi_callback_IO_WORKITEM_ROUTINE_EX((PIO_WORKITEM_ROUTINE_EX)item->routine, (PVOID)item->io_object, (PVOID)item->context,
                                          (PIO_WORKITEM)work->address);
    else
      ddi_callback_IO_WORKITEM_ROUTINE((PIO_WORKITEM_ROUTINE)item->routine, (PDEVICE_OBJECT)item->io_object, (PVOID)item->context);
    break;
  }
}

/* Where a leaked IRQL is noticed at last (K-IRQL-8). */
static void return_check(const Work *work, int16_t kernel_apc_disable, int16_t special_apc_disable) {
  const KeThread *thread = ke_thread_current();
  if (ke_irql() >= DISPATCH_LEVEL)
    ke_bugcheck_raise(BUGCHECK_WORKER_THREAD_RETURNED_AT_BAD_IRQL, work->item.routine, ke_irql(), work->item.context, work->address);
  if (thread->kernel_apc_disable != kernel_apc_disable || thread->special_apc_disable != special_apc_disable)
    ke_bugcheck_raise(BUGCHECK_APC_INDEX_MISMATCH, work->item.routine, thread->apc_state_index,
                      (uint64_t)(uint16_t)thread->special_apc_disable << 16 | (uint16_t)thread->kernel_apc_disable, 1);
}

static void work_do(const Work *work) {
  const KeThread *thread = ke_thread_current();
  int16_t kernel_apc_disable = thread->kernel_apc_disable, special_apc_disable = thread->special_apc_disable;
  sim_event(sim_machine(), EVENT_WORK_BEGIN, 0, work->item.object, 0, 0, 0);
  io_driver_enter(work->item.driver);
  routine_call(work);
  io_driver_enter(0);
  sim_event(sim_machine(), EVENT_WORK_END, 0, work->item.object, 0, 0, 0);
  return_check(work, kernel_apc_disable, special_apc_disable);
  if (work->item.kind == IO_WORK_ITEM_IO)
    release(work->item.device, work->item.driver);
}

static void worker_main(void *argument) {
  (void)argument;
  IoState *state = &MODEL->io;
  for (;;) {
    ke_wait_one(&((KeSemaphore *)state->queue_semaphore)->header, false, KE_WAIT_FOREVER);
    if (sim_choose_rare(sim_machine(), SIM_CHOICE_WORKER, 0, 1, NULL, 2) == 0) /* this thread has other work to do first */
      ke_wait(&(KeWait){ .due_ns = ke_due_after_ns(WORKER_BUSY_NS) });
    SimLink *link = sim_list_pop(&state->queue);
    SIM_ASSERT(link != NULL);
    IoWorkItem *item = SIM_CONTAINER(link, IoWorkItem, link);
    Work work = { *item, object_by_ordinal(item->object)->address };
    if (item->is_garbage)
      ke_bugcheck_raise(BUGCHECK_INVALID_WORK_QUEUE_ITEM, work.address, 0, 0, item->routine);
    item->is_queued = false;
    if (item->is_single)
      object_delete(object_by_ordinal(item->object));
    work_do(&work);
  }
}

void io_begin(void) {
  IoState *state = &MODEL->io;
  SIM_ASSERT(!state->is_begun);
  state->is_begun = true;
  sim_list_init(&state->queue);
  sim_list_init(&state->interrupts);
  sim_list_init(&state->requests);
  state->queue_semaphore = ke_semaphore_create("work queue", 0, INT32_MAX);
  for (uint32_t number = 0; number < MODEL->options.worker_count; number++)
    ke_thread_ready(ke_thread_create(MODEL->ke.system_process, worker_main, NULL, WORKER_PRIORITY, "system worker"));
}

/* ---- items of the model ---- */

static IoWorkItem *item_create(Object *object, IoWorkItemKind kind) {
  IoWorkItem *item = object->body;
  item->object = object->ordinal;
  item->kind = (uint8_t)kind;
  sim_list_init(&item->link);
  return item;
}

void io_work_queue(void (*routine)(void *argument), void *argument) {
  IoWorkItem *item = item_create(object_create_opaque(OBJECT_WORK_ITEM, sizeof *item), IO_WORK_ITEM_MODEL);
  item->is_single = true;
  item->model_routine = routine;
  item->context = (uint64_t)argument;
  queue_push(item);
}

void io_work_item_queue_once(uint64_t device, uint64_t routine, uint64_t context) {
  IoWorkItem *item = item_create(object_create_opaque(OBJECT_WORK_ITEM, sizeof *item), IO_WORK_ITEM_IO);
  item->is_single = true;
  item->io_object = device;
  item->routine = routine;
  item->context = context;
  hold(item);
  queue_push(item);
}

/* ---- IO_WORKITEM ---- */

/* <= DISPATCH_LEVEL. NULL: no memory. wdm/nf-wdm-ioallocateworkitem */
PIO_WORKITEM IoAllocateWorkItem(PDEVICE_OBJECT DeviceObject) {
  io_body_at(DeviceObject, OBJECT_DEVICE);
  Object *object = object_create_opaque(OBJECT_WORK_ITEM, sizeof(IoWorkItem));
  object->driver = io_driver_current();
  IoWorkItem *item = item_create(object, IO_WORK_ITEM_IO);
  item->io_object = (uint64_t)DeviceObject;
  return (PIO_WORKITEM)object->address;
}

/* <= DISPATCH_LEVEL. Also from inside of its routine; not while it is queued. wdm/nf-wdm-iofreeworkitem */
VOID IoFreeWorkItem(PIO_WORKITEM IoWorkItem_) {
  IoWorkItem *item = io_body_at(IoWorkItem_, OBJECT_WORK_ITEM);
  if (!item->is_queued) {
    object_delete(object_by_ordinal(item->object));
    return;
  }
  io_contract(item->object, CONTRACT_WORK_ITEM_QUEUED, (uint64_t)IoWorkItem_);
  if (model_is_since(DDI_WINDOWS_8))
    ke_bugcheck_raise(BUGCHECK_WORKER_INVALID, 0x2, (uint64_t)IoWorkItem_, item->routine, 0);
  item->is_garbage = true;
}

/* Any IRQL. Bytes to give IoInitializeWorkItem. wdm/nf-wdm-iosizeofworkitem */
ULONG IoSizeofWorkItem(VOID) { return WORK_ITEM_SIZE; }

/* Any IRQL. The object is a device or a driver. wdm/nf-wdm-ioinitializeworkitem */
VOID IoInitializeWorkItem(PVOID IoObject, PIO_WORKITEM IoWorkItem_) {
  if (object_find_among((uint64_t)IoObject, 1ULL << OBJECT_DEVICE | 1ULL << OBJECT_DRIVER) == NULL)
    ke_bugcheck_raise(BUGCHECK_WORKER_INVALID, 0x3, (uint64_t)IoWorkItem_, (uint64_t)IoObject, 0);
  mm_probe_write(IoWorkItem_, WORK_ITEM_SIZE);
  io_range_forget((uint64_t)IoWorkItem_, WORK_ITEM_SIZE);
  memset(IoWorkItem_, 0, WORK_ITEM_SIZE);
  IoWorkItem *item = item_create(object_create(OBJECT_WORK_ITEM, (uint64_t)IoWorkItem_, WORK_ITEM_SIZE, sizeof *item), IO_WORK_ITEM_IO);
  item->io_object = (uint64_t)IoObject;
  item->driver = io_driver_current();
}

/* Any IRQL, not queued. wdm/nf-wdm-iouninitializeworkitem */
VOID IoUninitializeWorkItem(PIO_WORKITEM IoWorkItem_) {
  io_body_at(IoWorkItem_, OBJECT_WORK_ITEM);
  io_range_forget((uint64_t)IoWorkItem_, 1);
}

static void io_queue(IoWorkItem *item, uint64_t routine, uint64_t context, bool is_extended) {
  if (item->is_queued) {
    queued_already(item);
    return;
  }
  item->routine = routine;
  item->context = context;
  item->is_extended = is_extended;
  item->driver = io_driver_current();
  hold(item);
  queue_push(item);
}

/* <= DISPATCH_LEVEL. The routine runs at PASSIVE_LEVEL in a system worker thread; the item leaves the queue before it is called. */
VOID IoQueueWorkItem(PIO_WORKITEM IoWorkItem_, PIO_WORKITEM_ROUTINE WorkerRoutine, WORK_QUEUE_TYPE QueueType, PVOID Context) {
  UNREFERENCED_PARAMETER(QueueType);
  io_queue(io_body_at(IoWorkItem_, OBJECT_WORK_ITEM), (uint64_t)WorkerRoutine, (uint64_t)Context, false);
}

/* The routine is given the item too. wdm/nf-wdm-ioqueueworkitemex */
VOID IoQueueWorkItemEx(PIO_WORKITEM IoWorkItem_, PIO_WORKITEM_ROUTINE_EX WorkerRoutine, WORK_QUEUE_TYPE QueueType, PVOID Context) {
  UNREFERENCED_PARAMETER(QueueType);
  io_queue(io_body_at(IoWorkItem_, OBJECT_WORK_ITEM), (uint64_t)WorkerRoutine, (uint64_t)Context, true);
}

/* FALSE: it is queued already, and nothing has changed. wdm/nf-wdm-iotryqueueworkitem */
BOOLEAN IoTryQueueWorkItem(PIO_WORKITEM IoWorkItem_, PIO_WORKITEM_ROUTINE_EX WorkerRoutine, WORK_QUEUE_TYPE QueueType, PVOID Context) {
  UNREFERENCED_PARAMETER(QueueType);
  IoWorkItem *item = io_body_at(IoWorkItem_, OBJECT_WORK_ITEM);
  if (item->is_queued)
    return FALSE;
  io_queue(item, (uint64_t)WorkerRoutine, (uint64_t)Context, true);
  return TRUE;
}

/* ---- WORK_QUEUE_ITEM ---- */

/* Any IRQL. wdm/nf-wdm-exinitializeworkitem */
VOID ExInitializeWorkItem(PWORK_QUEUE_ITEM Item, PWORKER_THREAD_ROUTINE Routine, PVOID Context) {
  io_range_forget((uint64_t)Item, sizeof *Item);
  Item->List.Flink = NULL;
  Item->List.Blink = NULL;
  Item->WorkerRoutine = Routine;
  Item->Parameter = Context;
  item_create(object_create(OBJECT_WORK_ITEM, (uint64_t)Item, sizeof *Item, sizeof(IoWorkItem)), IO_WORK_ITEM_EX);
}

/* <= DISPATCH_LEVEL. Holds nothing: its driver has to stay until it has run. wdm/nf-wdm-exqueueworkitem */
VOID ExQueueWorkItem(PWORK_QUEUE_ITEM WorkItem, WORK_QUEUE_TYPE QueueType) {
  UNREFERENCED_PARAMETER(QueueType);
  IoWorkItem *item = io_body_at(WorkItem, OBJECT_WORK_ITEM);
  if (item->is_queued) {
    queued_already(item);
    return;
  }
  item->routine = (uint64_t)WorkItem->WorkerRoutine;
  item->context = (uint64_t)WorkItem->Parameter;
  item->driver = io_driver_current();
  queue_push(item);
}

/* ---- memory that goes ---- */

void io_range_forget(uint64_t address, uint64_t size) {
  for (Object *object = object_in_range(address, size, 0); object != NULL; object = object_in_range(address, size, object->ordinal)) {
    if (object->kind != OBJECT_WORK_ITEM)
      continue;
    IoWorkItem *item = object->body;
    if (item->is_queued) {
      io_contract(object->ordinal, CONTRACT_WORK_ITEM_QUEUED, object->address);
      item->is_garbage = true;
    } else {
      object_delete(object);
    }
  }
}
