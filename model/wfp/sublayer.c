/* Sublayers: the order in which filters are asked. W-FLT-3. */
#include "wfp.h"

#include "../mm/mm.h"
#include "../model.h"

/* Weights of the built-in ones are not documented but for their order. */
#define WEIGHT_UNIVERSAL 0x8000
#define WEIGHT_INSPECTION 0

static void sublayer_insert(WfpSubLayer *sublayer) {
  SimLink *link, *following;
  SIM_LIST_EACH(&wfp_state()->sublayers, link, following)
    if (((WfpSubLayer *)SIM_CONTAINER(link, WfpItem, link))->weight < sublayer->weight)
      break;
  sim_list_push_tail(link, &sublayer->item.link);
}

static WfpSubLayer *sublayer_create(const WfpGuid *key, uint16_t weight, bool is_persistent, const WfpChange *change) {
  WfpSubLayer *sublayer = sim_heap_allocate(sizeof *sublayer);
  Object *object = object_create(OBJECT_FWPM_SUBLAYER, 0, 0, 0);
  wfp_item_init(&sublayer->item, object, key, is_persistent, change);
  sublayer->weight = weight;
  sublayer_insert(sublayer);
  return sublayer;
}

static void builtin_create(const char *name, const char *shown, uint16_t weight) {
  WfpGuid key = wfp_guid_named(name);
  WfpSubLayer *sublayer = sublayer_create(&key, weight, true, &(WfpChange){ .session = NULL });
  sublayer->item.lifetime = WFP_LIFETIME_BUILTIN;
  object_name_set(sublayer->item.object, shown);
}

void wfp_sublayers_begin(void) {
  builtin_create("FWPM_SUBLAYER_UNIVERSAL", "universal", WEIGHT_UNIVERSAL);
  builtin_create("FWPM_SUBLAYER_INSPECTION", "inspection", WEIGHT_INSPECTION);
}

WfpSubLayer *wfp_sublayer_find(const WfpGuid *key, const WfpSession *session) {
  WfpGuid universal;
  if (wfp_guid_is_null(key)) {
    universal = wfp_guid_named("FWPM_SUBLAYER_UNIVERSAL");
    key = &universal;
  }
  return (WfpSubLayer *)wfp_item_find(&wfp_state()->sublayers, key, session);
}

void wfp_sublayer_gone(WfpSubLayer *sublayer) { object_delete(sublayer->item.object); }

/* fwpmk/nf-fwpmk-fwpmsublayeradd0 */
NTSTATUS FwpmSubLayerAdd0(HANDLE engineHandle, const FWPM_SUBLAYER0 *subLayer, PSECURITY_DESCRIPTOR sd) {
  (void)sd;
  WfpChange change;
  NTSTATUS status = wfp_change_begin(engineHandle, &change);
  if (status != STATUS_SUCCESS)
    return status;
  WfpGuid key = wfp_guid(&subLayer->subLayerKey);
  if (wfp_guid_is_null(&key))
    key = wfp_guid_new();
  if (subLayer->displayData.name == NULL)
    status = STATUS_FWP_NULL_DISPLAY_NAME;
  else if (wfp_sublayer_find(&key, change.session) != NULL)
    status = STATUS_FWP_ALREADY_EXISTS;
  else
    wfp_item_name(&sublayer_create(&key, subLayer->weight, subLayer->flags & FWPM_SUBLAYER_FLAG_PERSISTENT, &change)->item,
                  subLayer->displayData.name);
  wfp_change_end(&change);
  return status;
}

static bool sublayer_is_used(const WfpSubLayer *sublayer, const WfpSession *session) {
  SimLink *link, *following;
  SIM_LIST_EACH(&wfp_state()->filters, link, following) {
    const WfpFilter *filter = (const WfpFilter *)SIM_CONTAINER(link, WfpItem, link);
    if (filter->sublayer == sublayer && wfp_item_is_seen(&filter->item, session))
      return true;
  }
  return false;
}

/* fwpmk/nf-fwpmk-fwpmsublayerdeletebykey0 */
NTSTATUS FwpmSubLayerDeleteByKey0(HANDLE engineHandle, const GUID *key) {
  WfpChange change;
  NTSTATUS status = wfp_change_begin(engineHandle, &change);
  if (status != STATUS_SUCCESS)
    return status;
  WfpGuid wanted = wfp_guid(key);
  WfpItem *item = wfp_item_find(&wfp_state()->sublayers, &wanted, change.session);
  if (item == NULL)
    status = STATUS_FWP_SUBLAYER_NOT_FOUND;
  else if (item->lifetime == WFP_LIFETIME_BUILTIN)
    status = STATUS_FWP_BUILTIN_OBJECT;
  else if (sublayer_is_used((WfpSubLayer *)item, change.session))
    status = STATUS_FWP_IN_USE;
  else
    wfp_item_delete(item, &change);
  wfp_change_end(&change);
  return status;
}
