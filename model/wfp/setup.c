/*
 * Set-up of a driver that is written as steps without a DriverEntry: what such a driver would call, called by Windows' names. The
 * structures lie in guest memory, as a driver's would.
 */
#include "wfp.h"

#include "../model.h"

#define NAME_SIZE 40
#define CALLOUT_LAYER_COUNT_MAX 64

/* A callout as the engine knows it: one for each layer at which a filter uses it. */
typedef struct Used {
  int callout; /* index in the set-up */
  int layer;
  WfpGuid key;
} Used;

typedef struct Setup {
  const WfpSetup *given;
  HANDLE engine;
  wchar_t *name; /* guest memory: the name of whatever is being added */
  HANDLE *handle;
  WfpGuid *sublayers;
  Used used[CALLOUT_LAYER_COUNT_MAX];
  uint32_t used_count;
  const char *what; /* the function that is being called */
} Setup;

static wchar_t *name_write(Setup *setup, const char *name) {
  unsigned at = 0;
  for (; name != NULL && name[at] != '\0' && at < NAME_SIZE - 1; at++)
    setup->name[at] = (wchar_t)(uint8_t)name[at];
  setup->name[at] = 0;
  return setup->name;
}

static GUID guid_of(const WfpGuid *key) {
  GUID guid;
  RtlCopyMemory(&guid, key, sizeof guid);
  return guid;
}

static GUID guid_named(const char *prefix, const char *name) {
  char text[80];
  unsigned at = 0;
  for (; prefix[at] != '\0'; at++)
    text[at] = prefix[at];
  for (unsigned from = 0; name[from] != '\0' && at < sizeof text - 1; from++)
    text[at++] = name[from];
  text[at] = '\0';
  WfpGuid key = wfp_guid_named(text);
  return guid_of(&key);
}

/* ---- sublayers: of one name they are one, whichever driver is set up ---- */

static WfpGuid guid_of_name(const char *name) {
  uint64_t words[2] = { 0xcbf29ce484222325, 0x626c7172692d6c73 };
  for (; *name != '\0'; name++)
    words[0] = (words[0] ^ (uint8_t)*name) * 0x100000001b3;
  WfpGuid key;
  RtlCopyMemory(&key, words, sizeof key);
  return key;
}

static NTSTATUS sublayers_add(Setup *setup) {
  setup->what = "FwpmSubLayerAdd0";
  FWPM_SUBLAYER0 *sublayer = wfp_memory_allocate(sizeof *sublayer);
  NTSTATUS status = STATUS_SUCCESS;
  for (uint32_t at = 0; at < setup->given->sublayer_count && status == STATUS_SUCCESS; at++) {
    setup->sublayers[at] = guid_of_name(setup->given->sublayers[at].name);
    *sublayer = (FWPM_SUBLAYER0){
      .subLayerKey = guid_of(&setup->sublayers[at]),
      .displayData.name = name_write(setup, setup->given->sublayers[at].name),
      .weight = setup->given->sublayers[at].weight,
    };
    status = FwpmSubLayerAdd0(setup->engine, sublayer, NULL);
    if (status == STATUS_FWP_ALREADY_EXISTS) /* by the set-up of another driver: it is the same one */
      status = STATUS_SUCCESS;
  }
  wfp_memory_free(sublayer);
  return status;
}

/* ---- callouts ---- */

static Used *used_find(Setup *setup, int callout, int layer) {
  for (uint32_t at = 0; at < setup->used_count; at++)
    if (setup->used[at].callout == callout && setup->used[at].layer == layer)
      return &setup->used[at];
  return NULL;
}

static NTSTATUS callout_register(Setup *setup, const WfpSetupCallout *given, const WfpGuid *key) {
  FWPS_CALLOUT1 *callout = wfp_memory_allocate(sizeof *callout);
  setup->what = "FwpsCalloutRegister1";
  *callout = (FWPS_CALLOUT1){
    .calloutKey = guid_of(key),
    .flags = given->flags,
    .classifyFn = (FWPS_CALLOUT_CLASSIFY_FN1)given->classify,
    .notifyFn = (FWPS_CALLOUT_NOTIFY_FN1)given->notify,
    .flowDeleteFn = (FWPS_CALLOUT_FLOW_DELETE_NOTIFY_FN0)given->flow_delete,
  };
  NTSTATUS status = wfp_callout_register((VOID *)setup->given->device, callout, 1, true, NULL);
  wfp_memory_free(callout);
  return status;
}

static NTSTATUS callout_add(Setup *setup, const WfpSetupCallout *given, const Used *used) {
  FWPM_CALLOUT0 *callout = wfp_memory_allocate(sizeof *callout);
  setup->what = "FwpmCalloutAdd0";
  *callout = (FWPM_CALLOUT0){
    .calloutKey = guid_of(&used->key),
    .displayData.name = name_write(setup, given->name),
    .applicableLayer = guid_named("FWPM_LAYER_", wfp_layers[used->layer].name),
  };
  NTSTATUS status = FwpmCalloutAdd0(setup->engine, callout, NULL, NULL);
  wfp_memory_free(callout);
  return status;
}

/* Every callout at every layer a filter uses it at. One that no filter uses is not known to the engine. */
static NTSTATUS callouts_add(Setup *setup) {
  NTSTATUS status = STATUS_SUCCESS;
  for (uint32_t at = 0; at < setup->given->filter_count && status == STATUS_SUCCESS; at++) {
    const WfpSetupFilter *filter = &setup->given->filters[at];
    const WfpLayer *layer = wfp_layer_find(filter->layer);
    if (filter->callout < 0 || layer == NULL || used_find(setup, filter->callout, wfp_layer_index(layer)) != NULL)
      continue;
    if (setup->used_count == CALLOUT_LAYER_COUNT_MAX)
      return STATUS_FWP_TOO_MANY_CALLOUTS;
    Used *used = &setup->used[setup->used_count++];
    *used = (Used){ .callout = filter->callout, .layer = wfp_layer_index(layer), .key = wfp_guid_new() };
    status = callout_register(setup, &setup->given->callouts[filter->callout], &used->key);
    if (status == STATUS_SUCCESS)
      status = callout_add(setup, &setup->given->callouts[filter->callout], used);
  }
  return status;
}

/* ---- filters ---- */

/* What a filter points to, in one piece of guest memory. */
typedef struct FilterMemory {
  FWPM_FILTER0 filter;
  UINT64 weight;
  FWPM_FILTER_CONDITION0 conditions[WFP_CONDITION_COUNT_MAX];
  FWP_V4_ADDR_AND_MASK masks[WFP_CONDITION_COUNT_MAX];
  FWP_RANGE0 ranges[WFP_CONDITION_COUNT_MAX];
} FilterMemory;

static const char *const condition_names[] = {
  [WFP_SETUP_LOCAL_ADDRESS] = "IP_LOCAL_ADDRESS", [WFP_SETUP_REMOTE_ADDRESS] = "IP_REMOTE_ADDRESS",
  [WFP_SETUP_LOCAL_PORT] = "IP_LOCAL_PORT",       [WFP_SETUP_REMOTE_PORT] = "IP_REMOTE_PORT",
  [WFP_SETUP_PROTOCOL] = "IP_PROTOCOL",
};

static void port_write(FilterMemory *memory, uint32_t at, const WfpSetupCondition *given) {
  FWPM_FILTER_CONDITION0 *condition = &memory->conditions[at];
  if (given->value == given->value_high) {
    condition->conditionValue.type = FWP_UINT16;
    condition->conditionValue.uint16 = (UINT16)given->value;
    return;
  }
  condition->matchType = FWP_MATCH_RANGE;
  condition->conditionValue.type = FWP_RANGE_TYPE;
  condition->conditionValue.rangeValue = &memory->ranges[at];
  memory->ranges[at].valueLow.type = memory->ranges[at].valueHigh.type = FWP_UINT16;
  memory->ranges[at].valueLow.uint16 = (UINT16)given->value;
  memory->ranges[at].valueHigh.uint16 = (UINT16)given->value_high;
}

static void condition_write(FilterMemory *memory, uint32_t at, const WfpSetupCondition *given) {
  FWPM_FILTER_CONDITION0 *condition = &memory->conditions[at];
  condition->fieldKey = guid_named("FWPM_CONDITION_", condition_names[given->field]);
  condition->matchType = FWP_MATCH_EQUAL;
  switch (given->field) {
  case WFP_SETUP_LOCAL_PORT:
  case WFP_SETUP_REMOTE_PORT: port_write(memory, at, given); break;
  case WFP_SETUP_PROTOCOL:
    condition->conditionValue.type = FWP_UINT8;
    condition->conditionValue.uint8 = (UINT8)given->value;
    break;
  default:
    condition->conditionValue.type = FWP_V4_ADDR_MASK;
    condition->conditionValue.v4AddrMask = &memory->masks[at];
    memory->masks[at] = (FWP_V4_ADDR_AND_MASK){ .addr = given->value, .mask = given->mask };
    break;
  }
}

static void weight_write(FilterMemory *memory, const WfpSetupFilter *given) {
  memory->filter.weight.type = FWP_EMPTY;
  if (!given->has_weight)
    return;
  if (given->weight <= FWPM_WEIGHT_RANGE_MAX) {
    memory->filter.weight.type = FWP_UINT8;
    memory->filter.weight.uint8 = (UINT8)given->weight;
    return;
  }
  memory->weight = given->weight;
  memory->filter.weight.type = FWP_UINT64;
  memory->filter.weight.uint64 = &memory->weight;
}

static NTSTATUS filter_add(Setup *setup, FilterMemory *memory, const WfpSetupFilter *given) {
  const WfpLayer *layer = wfp_layer_find(given->layer);
  if (layer == NULL)
    return STATUS_FWP_LAYER_NOT_FOUND;
  if (given->condition_count > WFP_CONDITION_COUNT_MAX)
    return STATUS_INSUFFICIENT_RESOURCES;
  RtlZeroMemory(memory, sizeof *memory);
  FWPM_FILTER0 *filter = &memory->filter;
  filter->displayData.name = name_write(setup, given->name != NULL ? given->name : layer->name);
  filter->flags = given->flags;
  filter->layerKey = guid_named("FWPM_LAYER_", layer->name);
  if (given->sublayer >= 0)
    filter->subLayerKey = guid_of(&setup->sublayers[given->sublayer]);
  filter->action.type = given->action;
  if (given->callout >= 0)
    filter->action.calloutKey = guid_of(&used_find(setup, given->callout, wfp_layer_index(layer))->key);
  weight_write(memory, given);
  filter->numFilterConditions = given->condition_count;
  filter->filterCondition = memory->conditions;
  for (uint32_t at = 0; at < given->condition_count; at++)
    condition_write(memory, at, &given->conditions[at]);
  return FwpmFilterAdd0(setup->engine, filter, NULL, NULL);
}

static NTSTATUS filters_add(Setup *setup) {
  setup->what = "FwpmFilterAdd0";
  FilterMemory *memory = wfp_memory_allocate(sizeof *memory);
  NTSTATUS status = STATUS_SUCCESS;
  for (uint32_t at = 0; at < setup->given->filter_count && status == STATUS_SUCCESS; at++)
    status = filter_add(setup, memory, &setup->given->filters[at]);
  wfp_memory_free(memory);
  return status;
}

/* ---- the whole ---- */

static NTSTATUS setup_do(Setup *setup) {
  setup->what = "FwpmTransactionBegin0";
  NTSTATUS status = FwpmTransactionBegin0(setup->engine, 0);
  if (status != STATUS_SUCCESS)
    return status;
  status = sublayers_add(setup);
  if (status == STATUS_SUCCESS)
    status = callouts_add(setup);
  if (status == STATUS_SUCCESS)
    status = filters_add(setup);
  if (status != STATUS_SUCCESS) {
    FwpmTransactionAbort0(setup->engine);
    return status;
  }
  setup->what = "FwpmTransactionCommit0";
  return FwpmTransactionCommit0(setup->engine);
}

/* The session stays open, as a driver's would. */
int32_t wfp_driver_setup(const WfpSetup *given, const char **what) {
  Setup *setup = sim_heap_allocate(sizeof *setup);
  setup->given = given;
  setup->name = wfp_memory_allocate(NAME_SIZE * sizeof *setup->name);
  setup->handle = wfp_memory_allocate(sizeof *setup->handle);
  setup->sublayers = sim_heap_allocate((given->sublayer_count + 1) * sizeof *setup->sublayers);
  setup->what = "FwpmEngineOpen0";
  NTSTATUS status = FwpmEngineOpen0(NULL, RPC_C_AUTHN_WINNT, NULL, NULL, setup->handle);
  setup->engine = *setup->handle;
  if (status == STATUS_SUCCESS)
    status = setup_do(setup);
  *what = setup->what;
  wfp_memory_free(setup->name);
  wfp_memory_free(setup->handle);
  sim_heap_free(setup->sublayers, (given->sublayer_count + 1) * sizeof *setup->sublayers);
  sim_heap_free(setup, sizeof *setup);
  return status;
}

/* ---- and its end ---- */

static bool has_registered(uint32_t driver) {
  SimLink *link, *following;
  SIM_LIST_EACH(&wfp_state()->callouts, link, following) {
    const WfpCallout *callout = (const WfpCallout *)SIM_CONTAINER(link, WfpItem, link);
    if (callout->is_registered && callout->item.object->driver == driver)
      return true;
  }
  return false;
}

/* A filter whose callout is gone blocks: who unloads takes it along. */
static void filters_delete(uint32_t driver) {
  HANDLE *handle = wfp_memory_allocate(sizeof *handle);
  if (FwpmEngineOpen0(NULL, RPC_C_AUTHN_WINNT, NULL, NULL, handle) == STATUS_SUCCESS) {
    SimLink *link, *following;
    SIM_LIST_EACH(&wfp_state()->filters, link, following) {
      const WfpFilter *filter = (const WfpFilter *)SIM_CONTAINER(link, WfpItem, link);
      if (filter->callout != NULL && filter->callout->is_registered && filter->callout->item.object->driver == driver)
        FwpmFilterDeleteById0(*handle, filter->filter_id);
    }
    FwpmEngineClose0(*handle);
  }
  wfp_memory_free(handle);
}

void wfp_driver_teardown(uint32_t driver) {
  if (!has_registered(driver))
    return;
  filters_delete(driver);
  SimLink *link, *following;
  SIM_LIST_EACH(&wfp_state()->callouts, link, following) {
    const WfpCallout *callout = (const WfpCallout *)SIM_CONTAINER(link, WfpItem, link);
    if (callout->is_registered && callout->item.object->driver == driver)
      FwpsCalloutUnregisterById0(callout->callout_id);
  }
}
