/* The life of the base filtering engine's service, and who is told of it. W-BFE-2, W-BFE-3. */
#include "wfp.h"

#include "../mm/mm.h"
#include "../model.h"

#include "ddi_callbacks.gen.h"

#define PRIORITY_SERVICE 8

/* fwpmk/nf-fwpmk-fwpmbfestateget0. Any IRQL <= DISPATCH_LEVEL. */
FWPM_SERVICE_STATE FwpmBfeStateGet0(VOID) { return (FWPM_SERVICE_STATE)wfp_state()->bfe; }

static WfpSubscription *subscription_at(HANDLE handle) {
  SimLink *link, *following;
  SIM_LIST_EACH(&wfp_state()->subscriptions, link, following) {
    WfpSubscription *subscription = SIM_CONTAINER(link, WfpSubscription, link);
    if (handle != NULL && subscription->handle == (uint64_t)handle)
      return subscription;
  }
  return NULL;
}

/* fwpmk/nf-fwpmk-fwpmbfestatesubscribechanges0. */
NTSTATUS FwpmBfeStateSubscribeChanges0(VOID *deviceObject, FWPM_SERVICE_STATE_CHANGE_CALLBACK0 callback, VOID *context,
                                       HANDLE *changeHandle) {
  if (deviceObject == NULL || callback == NULL)
    return STATUS_INVALID_PARAMETER;
  WfpState *state = wfp_state();
  WfpSubscription *subscription = sim_heap_allocate(sizeof *subscription);
  subscription->handle = (uint64_t)wfp_memory_allocate(16);
  subscription->callback = (uint64_t)callback;
  subscription->context = (uint64_t)context;
  subscription->told = state->bfe;
  sim_list_push_tail(&state->subscriptions, &subscription->link);
  *changeHandle = (HANDLE)subscription->handle;
  return STATUS_SUCCESS;
}

/* fwpmk/nf-fwpmk-fwpmbfestateunsubscribechanges0: waits for a callback that runs, so from inside of it for ever. */
NTSTATUS FwpmBfeStateUnsubscribeChanges0(HANDLE changeHandle) {
  WfpSubscription *subscription = subscription_at(changeHandle);
  if (subscription == NULL)
    return STATUS_INVALID_HANDLE;
  subscription->callback = 0;
  if (subscription->idle == NULL)
    subscription->idle = ke_event_create("the end of a BFE callback", true, false);
  while (subscription->is_calling)
    ke_wait_one(subscription->idle, false, KE_WAIT_FOREVER);
  sim_list_remove(&subscription->link);
  wfp_memory_free(changeHandle);
  return STATUS_SUCCESS;
}

/* ---- telling ---- */

static WfpSubscription *untold(WfpState *state) {
  SimLink *link, *following;
  SIM_LIST_EACH(&state->subscriptions, link, following) {
    WfpSubscription *subscription = SIM_CONTAINER(link, WfpSubscription, link);
    if (subscription->told != state->bfe && subscription->callback != 0)
      return subscription;
  }
  return NULL;
}

/* A thread of BFE's client in the kernel, at PASSIVE_LEVEL. */
static void tell(void *argument) {
  WfpState *state = argument;
  WfpSubscription *subscription;
  while ((subscription = untold(state)) != NULL) {
    subscription->told = state->bfe;
    subscription->is_calling = true;
    ddi_callback_FWPM_SERVICE_STATE_CHANGE_CALLBACK0((FWPM_SERVICE_STATE_CHANGE_CALLBACK0)subscription->callback,
                                                     (VOID *)subscription->context, (FWPM_SERVICE_STATE)subscription->told);
    subscription->is_calling = false;
    if (subscription->idle != NULL)
      ke_event_set(subscription->idle, 0);
  }
  state->bfe_thread = NULL;
}

/* The service ends: sessions are aborted, what is not persistent vanishes. */
static void service_end(WfpState *state) {
  SimLink *link, *following;
  SIM_LIST_EACH(&state->sessions, link, following) {
    WfpSession *session = SIM_CONTAINER(link, WfpSession, link);
    if (session->is_aborted)
      continue;
    wfp_items_abort(session);
    if (session->transaction != WFP_TRANSACTION_NONE)
      wfp_transaction_release(session);
    session->is_aborted = true;
  }
  wfp_items_end(WFP_LIFETIME_STATIC, NULL);
}

void wfp_bfe_set(WfpBfeState bfe) {
  WfpState *state = wfp_state();
  if (state->bfe == bfe)
    return;
  if (state->bfe == WFP_BFE_RUNNING)
    service_end(state);
  state->bfe = (uint8_t)bfe;
  if (state->bfe_thread != NULL || untold(state) == NULL)
    return;
  state->bfe_thread = ke_thread_create(MODEL->ke.system_process, tell, state, PRIORITY_SERVICE, "BFE notification");
  ke_thread_ready(state->bfe_thread);
}

typedef struct BfeAt {
  KeThread *thread;
  WfpBfeState bfe;
} BfeAt;

static void bfe_change(void *argument) {
  BfeAt *at = argument;
  wfp_bfe_set(at->bfe);
}

void wfp_bfe_set_at(WfpBfeState bfe, uint64_t time_ns) {
  BfeAt *at = sim_heap_allocate(sizeof *at);
  at->bfe = bfe;
  at->thread = ke_thread_create(MODEL->ke.system_process, bfe_change, at, PRIORITY_SERVICE, "service control");
  ke_thread_ready_at(at->thread, time_ns);
}
