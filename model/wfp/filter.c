/* Filters in BFE: added, ordered, deleted. W-FLT-1 to W-FLT-4, W-FLT-7, W-CO-3. */
#include "wfp.h"

#include "../mm/mm.h"
#include "../model.h"

#define WEIGHT_RANGE_MAX 15

void wfp_policy_changed(int layer) { wfp_state()->policy_epochs[layer]++; }

typedef struct PolicyAt {
  SimQueueEntry entry;
  int layer;
} PolicyAt;

static void policy_fire(SimMachine *machine, SimQueueEntry *entry) {
  PolicyAt *at = SIM_CONTAINER(entry, PolicyAt, entry);
  (void)machine;
  wfp_policy_changed(at->layer);
  sim_heap_free(at, sizeof *at);
}

void wfp_policy_change_at(const WfpLayer *layer, uint64_t time_ns) {
  PolicyAt *at = sim_heap_allocate(sizeof *at);
  wfp_begin();
  at->layer = wfp_layer_index(layer);
  at->entry.fire = policy_fire;
  sim_queue_push(&sim_machine()->queue, &at->entry, time_ns);
}

/* ---- order ---- */

static bool filter_is_before(const WfpFilter *one, const WfpFilter *other) {
  if (one->sublayer->weight != other->sublayer->weight)
    return one->sublayer->weight > other->sublayer->weight;
  if (one->sublayer != other->sublayer)
    return one->sublayer->item.object->ordinal < other->sublayer->item.object->ordinal;
  return one->weight > other->weight; /* Simplified: of equal ones the older first; Windows does not say (W-FLT-2) */
}

static void filter_insert(WfpFilter *filter) {
  SimLink *head = &wfp_state()->filters, *link, *following;
  SIM_LIST_EACH(head, link, following)
    if (filter_is_before(filter, (WfpFilter *)SIM_CONTAINER(link, WfpItem, link)))
      break;
  sim_list_push_tail(link, &filter->item.link);
}

/* ---- reading what was given ---- */

static NTSTATUS weight_read(const FWPM_FILTER0 *given, WfpFilter *filter) {
  uint64_t automatic = wfp_conditions_weight(filter->conditions, filter->condition_count);
  switch (given->weight.type) {
  case FWP_EMPTY: filter->weight = automatic; return STATUS_SUCCESS;
  case FWP_UINT8:
    if (given->weight.uint8 > WEIGHT_RANGE_MAX)
      return STATUS_FWP_INVALID_WEIGHT;
    filter->weight = (uint64_t)given->weight.uint8 << FWPM_AUTO_WEIGHT_BITS | automatic;
    return STATUS_SUCCESS;
  case FWP_UINT64:
    mm_probe_read(given->weight.uint64, sizeof(UINT64));
    filter->weight = *given->weight.uint64;
    return STATUS_SUCCESS;
  default: return STATUS_FWP_INVALID_WEIGHT;
  }
}

static NTSTATUS action_read(const FWPM_FILTER0 *given, const WfpSession *session, WfpFilter *filter) {
  filter->action = given->action.type;
  switch (given->action.type) {
  case FWP_ACTION_BLOCK:
  case FWP_ACTION_PERMIT: return STATUS_SUCCESS;
  case FWP_ACTION_CALLOUT_TERMINATING:
  case FWP_ACTION_CALLOUT_INSPECTION:
  case FWP_ACTION_CALLOUT_UNKNOWN: break;
  default: return STATUS_FWP_INVALID_ACTION_TYPE;
  }
  WfpGuid key = wfp_guid(&given->action.calloutKey);
  filter->callout = wfp_callout_by_key(&key);
  if (filter->callout == NULL || !wfp_item_is_seen(&filter->callout->item, session))
    return STATUS_FWP_CALLOUT_NOT_FOUND;
  return filter->callout->layer == filter->layer ? STATUS_SUCCESS : STATUS_FWP_INCOMPATIBLE_LAYER;
}

static NTSTATUS flags_check(uint32_t flags, const WfpFilter *filter) {
  if ((flags & FWPM_FILTER_FLAG_PERSISTENT) && (flags & FWPM_FILTER_FLAG_BOOTTIME))
    return STATUS_FWP_INVALID_FLAGS;
  if ((flags & FWPM_FILTER_FLAG_PERMIT_IF_CALLOUT_UNREGISTERED) && filter->action != FWP_ACTION_CALLOUT_TERMINATING &&
      filter->action != FWP_ACTION_CALLOUT_UNKNOWN)
    return STATUS_FWP_INVALID_FLAGS;
  return STATUS_SUCCESS;
}

/* Nothing may refer to what can die earlier (W-BFE-4). */
static bool lifetimes_fit(const WfpFilter *filter) {
  if (filter->item.lifetime > filter->sublayer->item.lifetime)
    return false;
  return filter->callout == NULL || filter->item.lifetime <= filter->callout->item.lifetime;
}

static NTSTATUS filter_read(const FWPM_FILTER0 *given, const WfpChange *change, WfpFilter *filter) {
  const WfpLayer *layer = wfp_layer_by_guid((const uint8_t *)&given->layerKey);
  WfpGuid sublayer = wfp_guid(&given->subLayerKey);
  if (given->displayData.name == NULL)
    return STATUS_FWP_NULL_DISPLAY_NAME;
  if (layer == NULL)
    return STATUS_FWP_LAYER_NOT_FOUND;
  filter->layer = (int16_t)wfp_layer_index(layer);
  wfp_layer_shape(layer); /* before it classifies anything */
  filter->sublayer = wfp_sublayer_find(&sublayer, change->session);
  if (filter->sublayer == NULL)
    return STATUS_FWP_SUBLAYER_NOT_FOUND;
  if (wfp_item_find(&wfp_state()->filters, &filter->item.key, change->session) != NULL)
    return STATUS_FWP_ALREADY_EXISTS;
  NTSTATUS status = wfp_conditions_read(layer, given, &filter->conditions, &filter->condition_count);
  if (status == STATUS_SUCCESS)
    status = weight_read(given, filter);
  if (status == STATUS_SUCCESS)
    status = action_read(given, change->session, filter);
  if (status == STATUS_SUCCESS)
    status = flags_check(given->flags, filter);
  filter->flags = given->flags;
  filter->raw_context = filter->context = given->rawContext;
  return status;
}

/* ---- adding ---- */

static NTSTATUS filter_add(const FWPM_FILTER0 *given, const WfpChange *change, UINT64 *id) {
  WfpFilter *filter = sim_heap_allocate(sizeof *filter);
  WfpGuid key = wfp_guid(&given->filterKey);
  filter->item.key = wfp_guid_is_null(&key) ? wfp_guid_new() : key;
  NTSTATUS status = filter_read(given, change, filter);
  if (status != STATUS_SUCCESS)
    return status;
  key = filter->item.key;
  filter->filter_id = wfp_state()->filter_id_next++;
  wfp_item_init(&filter->item, object_create(OBJECT_FWPM_FILTER, 0, 0, 0), &key, given->flags & FWPM_FILTER_FLAG_PERSISTENT, change);
  wfp_item_name(&filter->item, given->displayData.name);
  if (!lifetimes_fit(filter))
    status = STATUS_FWP_LIFETIME_MISMATCH;
  else if (filter->callout != NULL && !NT_SUCCESS(wfp_notify(FWPS_CALLOUT_NOTIFY_ADD_FILTER, filter)))
    status = STATUS_FWP_CALLOUT_NOTIFICATION_FAILED; /* W-CO-3 */
  if (status != STATUS_SUCCESS) {
    filter->item.visibility = WFP_GONE;
    object_delete(filter->item.object);
    return status;
  }
  filter_insert(filter);
  if (filter->item.visibility == WFP_VISIBLE)
    wfp_policy_changed(filter->layer);
  if (id != NULL)
    *id = filter->filter_id;
  return STATUS_SUCCESS;
}

/* fwpmk/nf-fwpmk-fwpmfilteradd0 */
NTSTATUS FwpmFilterAdd0(HANDLE engineHandle, const FWPM_FILTER0 *filter, PSECURITY_DESCRIPTOR sd, UINT64 *id) {
  (void)sd;
  WfpChange change;
  NTSTATUS status = wfp_change_begin(engineHandle, &change);
  if (status != STATUS_SUCCESS)
    return status;
  status = filter_add(filter, &change, id);
  wfp_change_end(&change);
  return status;
}

/* ---- deleting ---- */

/* W-CO-3: told of every deleted filter, also of those it never saw added; cannot refuse. */
void wfp_filter_gone(WfpFilter *filter) {
  if (filter->callout != NULL)
    wfp_notify(FWPS_CALLOUT_NOTIFY_DELETE_FILTER, filter);
  object_delete(filter->item.object);
  wfp_policy_changed(filter->layer);
}

static WfpFilter *filter_by_id(uint64_t id, const WfpSession *session) {
  SimLink *link, *following;
  SIM_LIST_EACH(&wfp_state()->filters, link, following) {
    WfpFilter *filter = (WfpFilter *)SIM_CONTAINER(link, WfpItem, link);
    if (filter->filter_id == id && wfp_item_is_seen(&filter->item, session))
      return filter;
  }
  return NULL;
}

static NTSTATUS filter_delete(HANDLE engine, const WfpGuid *key, uint64_t id) {
  WfpChange change;
  NTSTATUS status = wfp_change_begin(engine, &change);
  if (status != STATUS_SUCCESS)
    return status;
  WfpFilter *filter =
      key != NULL ? (WfpFilter *)wfp_item_find(&wfp_state()->filters, key, change.session) : filter_by_id(id, change.session);
  if (filter == NULL)
    status = STATUS_FWP_FILTER_NOT_FOUND;
  else
    wfp_item_delete(&filter->item, &change);
  wfp_change_end(&change);
  return status;
}

/* fwpmk/nf-fwpmk-fwpmfilterdeletebyid0 */
NTSTATUS FwpmFilterDeleteById0(HANDLE engineHandle, UINT64 id) { return filter_delete(engineHandle, NULL, id); }

/* fwpmk/nf-fwpmk-fwpmfilterdeletebykey0 */
NTSTATUS FwpmFilterDeleteByKey0(HANDLE engineHandle, const GUID *key) {
  WfpGuid wanted = wfp_guid(key);
  return filter_delete(engineHandle, &wanted, 0);
}
