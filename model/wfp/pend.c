/*
 * FwpsPendOperation0 and FwpsCompleteOperation0: the operation behind a classification and its references. W-PND-1 to W-PND-7, W-PND-10,
 * W-PND-11; semantics open questions 4 to 8.
 */
#include "wfp.h"

#include "../events.h"
#include "../mm/mm.h"
#include "../model.h"
#include "../tcpip/tcpip.h"

#include "../ddi/call.h"
#include "ddi_ids.gen.h"

enum { PHASE_REAUTHORIZE }; /* of FwpsCompleteOperation0 */

#define COMPLETION_SIZE 32 /* of the memory that stands for a completion handle or context */

/* ---- operations ---- */

WfpOperation *wfp_operation_create(TcpipConnection *connection, int layer) {
  WfpOperation *operation = sim_heap_allocate(sizeof *operation);
  operation->connection = connection;
  operation->layer = (int16_t)layer;
  operation->references = 1;
  operation->completion_handle = (uint64_t)wfp_memory_allocate(COMPLETION_SIZE);
  sim_list_push_tail(&wfp_state()->operations, &operation->link);
  return operation;
}

bool wfp_operation_drop(WfpOperation *operation) {
  SIM_ASSERT(operation->references > 0);
  if (--operation->references > 0)
    return false;
  sim_list_remove(&operation->link);
  sim_heap_free(operation, sizeof *operation);
  return true;
}

bool wfp_operation_return(WfpOperation *operation) {
  wfp_memory_free((PVOID)operation->completion_handle);
  operation->completion_handle = 0;
  return wfp_operation_drop(operation);
}

void wfp_operations_cancel(TcpipConnection *connection) {
  SimLink *link, *following;
  SIM_LIST_EACH(&wfp_state()->operations, link, following) {
    WfpOperation *operation = SIM_CONTAINER(link, WfpOperation, link);
    if (operation->connection == connection)
      operation->is_cancelled = true;
  }
}

/* ---- FwpsPendOperation0 ---- */

/* The classification in whose classifyFn the current context is; NULL: in none. */
static WfpClassification *classification_current(void) {
  SimLink *head = &wfp_state()->classifications;
  for (SimLink *link = head->previous; link != head; link = link->previous) {
    WfpClassification *classification = SIM_CONTAINER(link, WfpClassification, link);
    if (classification->context == sim_machine()->current->id)
      return classification;
  }
  return NULL;
}

static WfpClassification *classification_of(uint64_t handle) {
  SimLink *link, *following;
  SIM_LIST_EACH(&wfp_state()->classifications, link, following) {
    WfpClassification *classification = SIM_CONTAINER(link, WfpClassification, link);
    if (classification->operation != NULL && classification->operation->completion_handle == handle)
      return classification;
  }
  return NULL;
}

static NTSTATUS pend_fail(const WfpClassification *classification, NTSTATUS status) {
  uint32_t connection = 0;
  if (classification != NULL && classification->operation != NULL)
    connection = classification->operation->connection->object->ordinal;
  sim_event(sim_machine(), EVENT_PEND_FAILED, 0, connection, status, 0, 0);
  return status;
}

static WfpPend *pend_create(WfpClassification *classification) {
  WfpOperation *operation = classification->operation;
  uint64_t address = (uint64_t)wfp_memory_allocate(COMPLETION_SIZE);
  Object *object = object_create(OBJECT_FWPS_PENDED_OPERATION, address, COMPLETION_SIZE, sizeof(WfpPend));
  WfpPend *pend = object->body;
  pend->object = object;
  pend->operation = operation;
  pend->callout = classification->callout;
  pend->connection = operation->connection->object->ordinal;
  object->driver = classification->callout != NULL ? classification->callout->item.object->driver : 0;
  operation->references++;
  operation->pend_count++;
  return pend;
}

/* fwpsk/nf-fwpsk-fwpspendoperation0: neither lowers the IRQL nor changes the thread (W-PND-2). */
NTSTATUS FwpsPendOperation0(HANDLE completionHandle, HANDLE *completionContext) {
  if (completionHandle == NULL) {
    WfpClassification *current = classification_current();
    bool is_again = current != NULL && current->is_reauthorize && (wfp_layers[current->layer].flags & WFP_LAYER_CAN_PEND);
    return pend_fail(current, is_again ? STATUS_FWP_CANNOT_PEND : STATUS_FWP_NULL_POINTER);
  }
  WfpClassification *classification = classification_of((uint64_t)completionHandle);
  if (classification == NULL) { /* no handle, or that of a classification that is over: Windows follows it */
    mm_probe_write(completionHandle, COMPLETION_SIZE);
    return pend_fail(NULL, STATUS_FWP_CANNOT_PEND);
  }
  WfpPend *pend = pend_create(classification);
  classification->pends++;
  classification->pended = pend->object->ordinal;
  *completionContext = (HANDLE)pend->object->address;
  sim_event(sim_machine(), EVENT_PEND, 0, pend->object->ordinal, STATUS_SUCCESS, (uint32_t)classification->layer, pend->connection);
  return STATUS_SUCCESS;
}

/* ---- FwpsCompleteOperation0 ---- */

/* The pended operation that had its context there and was completed; NULL: there never was one. */
static Object *completed_at(uint64_t context) {
  for (uint32_t ordinal = object_count(); ordinal > 0; ordinal--) {
    Object *object = object_by_ordinal(ordinal);
    if (object->kind == OBJECT_FWPS_PENDED_OPERATION && object->address == context)
      return object;
  }
  return NULL;
}

/* Windows drops a reference of what it finds there. Memory that is none: 0x50, 0xD1, ... Freed memory: still as it was and nothing is
 * seen, or (a choice) someone else's by now, and what is taken for a pointer leads nowhere (W-PND-10). Other memory: changed without a
 * word. */
static void complete_stale(uint64_t context) {
  SimMachine *machine = sim_machine();
  Object *before = completed_at(context);
  sim_event(machine, EVENT_PEND_STALE, 0, before != NULL ? before->ordinal : 0, 0, before != NULL, context);
  mm_probe_write((PVOID)context, COMPLETION_SIZE);
  if (before == NULL || sim_choose(machine, SIM_CHOICE_MODEL, 0, NULL, 2) == 0)
    return;
  if (ke_irql() >= DISPATCH_LEVEL)
    ke_bugcheck_raise(0xd1, context, ke_irql(), SIM_ACCESS_WRITE, 0); /* DRIVER_IRQL_NOT_LESS_OR_EQUAL */
  else
    ke_bugcheck_raise(0x50, context, model_is_since(DDI_WINDOWS_10) ? 2 : 1, 0, 0); /* PAGE_FAULT_IN_NONPAGED_AREA */
}

/* fwpsk/nf-fwpsk-fwpscompleteoperation0. Whoever drops the last reference goes on with the operation, here and now at this IRQL
 * (W-PND-7). The list is neither kept nor freed (semantics open question 8). */
VOID FwpsCompleteOperation0(HANDLE completionContext, NET_BUFFER_LIST *netBufferList) {
  (void)netBufferList;
  Object *object = completionContext != NULL ? object_find((uint64_t)completionContext, OBJECT_FWPS_PENDED_OPERATION) : NULL;
  if (object == NULL) {
    complete_stale((uint64_t)completionContext);
    return;
  }
  WfpPend *pend = object->body;
  WfpOperation *operation = pend->operation;
  TcpipConnection *connection = operation->connection;
  int layer = operation->layer;
  bool is_cancelled = operation->is_cancelled;
  sim_event(sim_machine(), EVENT_PEND_COMPLETE, 0, object->ordinal, 0, operation->references - 1, 0);
  bool was_last = wfp_operation_drop(operation);
  uint64_t address = object->address;
  object_delete(object);
  wfp_memory_free((PVOID)address);
  if (!was_last || is_cancelled)
    return;
  ddi_phase(sim_machine(), DDI_FwpsCompleteOperation0, PHASE_REAUTHORIZE);
  tcpip_operation_complete(connection, layer);
}
