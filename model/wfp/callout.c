/* Callouts: their half in the engine (FwpsCalloutRegister) and their half in BFE (FwpmCalloutAdd0). W-CO-1, W-CO-2, W-CO-4, W-CO-5. */
#include "wfp.h"

#include "../ddi/ddi_state.h"
#include "../io/io_face.h"
#include "../mm/mm.h"
#include "../model.h"

#define CALLOUT_COUNT_MAX 100000

/* ---- look-up ---- */

WfpCallout *wfp_callout_by_id(uint32_t callout_id) {
  SimLink *link, *following;
  SIM_LIST_EACH(&wfp_state()->callouts, link, following) {
    WfpCallout *callout = (WfpCallout *)SIM_CONTAINER(link, WfpItem, link);
    if (callout->callout_id == callout_id)
      return callout;
  }
  return NULL;
}

WfpCallout *wfp_callout_by_key(const WfpGuid *key) {
  SimLink *link, *following;
  SIM_LIST_EACH(&wfp_state()->callouts, link, following) {
    WfpCallout *callout = (WfpCallout *)SIM_CONTAINER(link, WfpItem, link);
    if (wfp_guid_equal(&callout->item.key, key))
      return callout;
  }
  return NULL;
}

/* The one of that key, from either half; it keeps its identifier as long as the machine runs. */
static WfpCallout *callout_ensure(const WfpGuid *key) {
  WfpCallout *callout = wfp_callout_by_key(key);
  if (callout != NULL)
    return callout;
  WfpState *state = wfp_state();
  callout = sim_heap_allocate(sizeof *callout);
  callout->item.object = object_create(OBJECT_FWPS_CALLOUT, 0, 0, 0);
  callout->item.object->driver = io_driver_current();
  callout->item.key = *key;
  callout->callout_id = state->callout_id_next++;
  callout->layer = -1;
  sim_list_push_tail(&state->callouts, &callout->item.link);
  return callout;
}

/* ---- the engine's half ---- */

/* What registered callouts that filters name mean for traffic has changed. */
static void callout_layer_changed(const WfpCallout *callout) {
  if (callout->layer >= 0)
    wfp_policy_changed(callout->layer);
}

NTSTATUS wfp_callout_register(VOID *device, const FWPS_CALLOUT1 *given, uint8_t version, bool is_setup, UINT32 *id) {
  WfpGuid key = wfp_guid(&given->calloutKey);
  if (given->classifyFn == NULL || (!is_setup && (device == NULL || given->notifyFn == NULL)))
    return STATUS_INVALID_PARAMETER;
  WfpCallout *callout = wfp_callout_by_key(&key);
  if (callout != NULL && callout->is_registering)
    return STATUS_FWP_IN_USE;
  if (callout != NULL && callout->is_registered)
    return STATUS_FWP_ALREADY_EXISTS;
  callout = callout_ensure(&key);
  callout->item.object->driver = ddi_code_driver((uint64_t)given->classifyFn);
  if (callout->item.object->driver == 0)
    callout->item.object->driver = io_driver_current();
  callout->version = version;
  callout->flags = given->flags;
  callout->classify = (uint64_t)given->classifyFn;
  callout->notify = (uint64_t)given->notifyFn;
  callout->flow_delete = (uint64_t)given->flowDeleteFn;
  callout->device = (uint64_t)device;
  callout->is_registered = true;
  callout_layer_changed(callout);
  if (id != NULL)
    *id = callout->callout_id;
  return STATUS_SUCCESS;
}

/* The structures differ only in the types of their functions. fwpsk/nf-fwpsk-fwpscalloutregister0, 1, 2, 3. */
_Static_assert(sizeof(FWPS_CALLOUT0) == sizeof(FWPS_CALLOUT1) && sizeof(FWPS_CALLOUT2) == sizeof(FWPS_CALLOUT1) &&
                   sizeof(FWPS_CALLOUT3) == sizeof(FWPS_CALLOUT1),
               "callouts of all versions are laid out alike");

NTSTATUS FwpsCalloutRegister0(VOID *deviceObject, const FWPS_CALLOUT0 *callout, UINT32 *calloutId) {
  return wfp_callout_register(deviceObject, (const FWPS_CALLOUT1 *)callout, 0, false, calloutId);
}

NTSTATUS FwpsCalloutRegister1(VOID *deviceObject, const FWPS_CALLOUT1 *callout, UINT32 *calloutId) {
  return wfp_callout_register(deviceObject, callout, 1, false, calloutId);
}

NTSTATUS FwpsCalloutRegister2(VOID *deviceObject, const FWPS_CALLOUT2 *callout, UINT32 *calloutId) {
  return wfp_callout_register(deviceObject, (const FWPS_CALLOUT1 *)callout, 2, false, calloutId);
}

NTSTATUS FwpsCalloutRegister3(VOID *deviceObject, const FWPS_CALLOUT3 *callout, UINT32 *calloutId) {
  return wfp_callout_register(deviceObject, (const FWPS_CALLOUT1 *)callout, 3, false, calloutId);
}

/* W-CO-4; it waits for calls that run on other processors (semantics open question 18). */
static NTSTATUS callout_unregister(WfpCallout *callout) {
  if (callout == NULL || !callout->is_registered)
    return STATUS_FWP_CALLOUT_NOT_FOUND;
  if (callout->is_registering)
    return STATUS_FWP_IN_USE;
  if (callout->flow_contexts > 0)
    return STATUS_DEVICE_BUSY;
  callout->is_registering = true;
  callout->is_registered = false; /* no new calls */
  if (callout->idle == NULL)
    callout->idle = ke_event_create("the end of a callout's calls", true, false);
  while (callout->running > 0) {
    ke_event_reset(callout->idle);
    ke_wait_one(callout->idle, false, KE_WAIT_FOREVER);
  }
  callout->is_registering = false;
  callout->item.object->driver = 0; /* what is left is an entry of BFE's, which calls nobody */
  callout_layer_changed(callout);
  return STATUS_SUCCESS;
}

/* fwpsk/nf-fwpsk-fwpscalloutunregisterbyid0 */
NTSTATUS FwpsCalloutUnregisterById0(const UINT32 calloutId) { return callout_unregister(wfp_callout_by_id(calloutId)); }

/* fwpsk/nf-fwpsk-fwpscalloutunregisterbykey0 */
NTSTATUS FwpsCalloutUnregisterByKey0(const GUID *calloutKey) {
  WfpGuid key = wfp_guid(calloutKey);
  return callout_unregister(wfp_callout_by_key(&key));
}

/* ---- BFE's half ---- */

static NTSTATUS callout_add(const FWPM_CALLOUT0 *given, const WfpChange *change, UINT32 *id) {
  WfpGuid key = wfp_guid(&given->calloutKey);
  const WfpLayer *layer = wfp_layer_by_guid((const uint8_t *)&given->applicableLayer);
  if (given->displayData.name == NULL)
    return STATUS_FWP_NULL_DISPLAY_NAME;
  if (layer == NULL)
    return STATUS_FWP_LAYER_NOT_FOUND;
  if (wfp_guid_is_null(&key))
    key = wfp_guid_new();
  WfpCallout *callout = callout_ensure(&key);
  if (callout->item.visibility != WFP_GONE)
    return STATUS_FWP_ALREADY_EXISTS;
  wfp_item_init(&callout->item, callout->item.object, &key, given->flags & FWPM_CALLOUT_FLAG_PERSISTENT, change);
  callout->manager_flags = given->flags;
  callout->layer = (int16_t)wfp_layer_index(layer);
  wfp_item_name(&callout->item, given->displayData.name);
  if (id != NULL)
    *id = callout->callout_id;
  return STATUS_SUCCESS;
}

/* fwpmk/nf-fwpmk-fwpmcalloutadd0 */
NTSTATUS FwpmCalloutAdd0(HANDLE engineHandle, const FWPM_CALLOUT0 *callout, PSECURITY_DESCRIPTOR sd, UINT32 *id) {
  (void)sd;
  WfpChange change;
  NTSTATUS status = wfp_change_begin(engineHandle, &change);
  if (status != STATUS_SUCCESS)
    return status;
  status = callout_add(callout, &change, id);
  wfp_change_end(&change);
  return status;
}

/* BFE forgets it; the engine's half stays. */
void wfp_callout_gone(WfpCallout *callout) { callout->manager_flags = 0; }

static bool callout_is_named(const WfpCallout *callout, const WfpSession *session) {
  SimLink *link, *following;
  SIM_LIST_EACH(&wfp_state()->filters, link, following) {
    const WfpFilter *filter = (const WfpFilter *)SIM_CONTAINER(link, WfpItem, link);
    if (filter->callout == callout && wfp_item_is_seen(&filter->item, session))
      return true;
  }
  return false;
}

static NTSTATUS callout_delete(HANDLE engine, const WfpGuid *key, uint32_t id) {
  WfpChange change;
  NTSTATUS status = wfp_change_begin(engine, &change);
  if (status != STATUS_SUCCESS)
    return status;
  WfpCallout *callout = key != NULL ? wfp_callout_by_key(key) : wfp_callout_by_id(id);
  if (callout == NULL || !wfp_item_is_seen(&callout->item, change.session))
    status = STATUS_FWP_CALLOUT_NOT_FOUND;
  else if (callout_is_named(callout, change.session))
    status = STATUS_FWP_IN_USE;
  else
    wfp_item_delete(&callout->item, &change);
  wfp_change_end(&change);
  return status;
}

/* fwpmk/nf-fwpmk-fwpmcalloutdeletebyid0 */
NTSTATUS FwpmCalloutDeleteById0(HANDLE engineHandle, UINT32 id) { return callout_delete(engineHandle, NULL, id); }

/* fwpmk/nf-fwpmk-fwpmcalloutdeletebykey0 */
NTSTATUS FwpmCalloutDeleteByKey0(HANDLE engineHandle, const GUID *key) {
  WfpGuid wanted = wfp_guid(key);
  return callout_delete(engineHandle, &wanted, 0);
}
