/* The engine's beginning, and sessions with BFE. W-BFE-3, W-BFE-4, W-BFE-5. */
#include "wfp.h"

#include "../io/io_face.h"
#include "../mm/mm.h"
#include "../model.h"

#define TRANSACTION_WAIT_MS 15000 /* by default */

WfpState *wfp_state(void) {
  if (!MODEL->wfp.is_begun)
    wfp_begin();
  return &MODEL->wfp;
}

void wfp_begin(void) {
  WfpState *state = &MODEL->wfp;
  if (state->is_begun)
    return;
  state->is_begun = true;
  state->bfe = state->bfe_told = WFP_BFE_RUNNING;
  sim_list_init(&state->subscriptions);
  sim_list_init(&state->sessions);
  sim_list_init(&state->sublayers);
  sim_list_init(&state->callouts);
  sim_list_init(&state->filters);
  sim_list_init(&state->operations);
  sim_list_init(&state->classifications);
  sim_list_init(&state->injection_handles);
  state->transaction_free = ke_event_create("BFE's transaction lock", true, false);
  state->callout_id_next = 0x100; /* those below are Windows' own */
  state->filter_id_next = 0x10001;
  wfp_sublayers_begin();
}

/* ---- sessions ---- */

NTSTATUS wfp_session_get(HANDLE engine, WfpSession **session) {
  Object *object = engine != NULL ? object_find((uint64_t)engine, OBJECT_FWPM_ENGINE) : NULL;
  if (object == NULL)
    return STATUS_INVALID_HANDLE;
  *session = object->body;
  return (*session)->is_aborted ? STATUS_FWP_SESSION_ABORTED : STATUS_SUCCESS;
}

/* fwpmk/nf-fwpmk-fwpmengineopen0 (W-BFE-3): EPT_NT_CANT_PERFORM_OP until BFE runs. */
NTSTATUS FwpmEngineOpen0(const wchar_t *serverName, UINT32 authnService, SEC_WINNT_AUTH_IDENTITY_W *authIdentity,
                         const FWPM_SESSION0 *session, HANDLE *engineHandle) {
  (void)authIdentity;
  WfpState *state = wfp_state();
  if (serverName != NULL)
    return STATUS_NOT_SUPPORTED;
  if (authnService != RPC_C_AUTHN_WINNT && authnService != RPC_C_AUTHN_DEFAULT)
    return STATUS_NOT_SUPPORTED;
  if (state->bfe != WFP_BFE_RUNNING)
    return EPT_NT_CANT_PERFORM_OP;
  Object *object = object_create_opaque(OBJECT_FWPM_ENGINE, sizeof(WfpSession));
  WfpSession *made = object->body;
  made->object = object;
  object->driver = io_driver_current();
  made->wait_ms = TRANSACTION_WAIT_MS;
  if (session != NULL) {
    made->is_dynamic = session->flags & FWPM_SESSION_FLAG_DYNAMIC;
    if (session->txnWaitTimeoutInMSec != 0)
      made->wait_ms = session->txnWaitTimeoutInMSec;
  }
  sim_list_push_tail(&state->sessions, &made->link);
  *engineHandle = (HANDLE)object->address;
  return STATUS_SUCCESS;
}

static void session_end(WfpSession *session) {
  wfp_items_abort(session);
  if (session->transaction != WFP_TRANSACTION_NONE)
    wfp_transaction_release(session);
  wfp_items_end(WFP_LIFETIME_DYNAMIC, session);
}

/* fwpmk/nf-fwpmk-fwpmengineclose0: aborts a transaction, ends what is dynamic. */
NTSTATUS FwpmEngineClose0(HANDLE engineHandle) {
  WfpSession *session;
  if (wfp_session_get(engineHandle, &session) == STATUS_INVALID_HANDLE)
    return STATUS_INVALID_HANDLE;
  if (!session->is_aborted)
    session_end(session);
  sim_list_remove(&session->link);
  object_delete(session->object);
  return STATUS_SUCCESS;
}

/* fwpmk/nf-fwpmk-fwpmfreememory0: gives back what a Get function returned. */
VOID FwpmFreeMemory0(VOID **p) {
  if (*p == NULL)
    return;
  wfp_memory_free(*p);
  *p = NULL;
}
