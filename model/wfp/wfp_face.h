/*
 * wfp_face.h: the filter engine for those outside of the WDK world: the layers as data, BFE's life, and the set-up of a driver that is
 * written as steps without a DriverEntry. Stdint only.
 */
#pragma once

#include "wfp_state.h"

/* ---- the layers: constant ---- */

typedef enum WfpLayerFlags {
  WFP_LAYER_CAN_PEND = 1,   /* FwpsPendOperation0: the metadata has a completion handle */
  WFP_LAYER_CAN_ABSORB = 2, /* FWPS_CLASSIFY_OUT_FLAG_ABSORB may go with BLOCK (W-ARB-7) */
  WFP_LAYER_HAS_FLOW = 4,   /* the metadata has a flow handle (W-LAY-3) */
  WFP_LAYER_IS_STREAM = 8,  /* a strict waterfall (W-ARB-8) */
  WFP_LAYER_IS_DISCARD = 16,
  WFP_LAYER_CAN_REAUTHORIZE = 32,
  WFP_LAYER_PEND_CLASSIFY = 64, /* FwpsPendClassify0 */
} WfpLayerFlags;

typedef struct WfpLayer {
  const char *name;   /* "ALE_AUTH_CONNECT_V4": what follows FWPS_LAYER_ and FWPM_LAYER_ */
  int16_t id;         /* FWPS_LAYER_*; -1: it has none */
  uint8_t flags;      /* WfpLayerFlags */
  const char *fields; /* names in order, what follows FWPS_FIELD_..._ and FWPM_CONDITION_, each followed by a blank */
} WfpLayer;

extern const WfpLayer wfp_layers[WFP_LAYER_COUNT]; /* a layer's index here is its id where it has one */

/* By "ALE_AUTH_CONNECT_V4", with or without FWPM_LAYER_ or FWPS_LAYER_; NULL: none. */
const WfpLayer *wfp_layer_find(const char *name);
const WfpLayer *wfp_layer_by_id(uint32_t id);
/* By FWPM_LAYER_*'s bytes. */
const WfpLayer *wfp_layer_by_guid(const uint8_t bytes[16]);
/* The number of a field among a layer's; -1: it has none of that name ("IP_REMOTE_PORT"). */
int wfp_field_find(const WfpLayer *layer, const char *name);
unsigned wfp_field_count(const WfpLayer *layer);
int wfp_field_by_guid(const WfpLayer *layer, const uint8_t bytes[16]); /* by FWPM_CONDITION_*'s bytes; -1: the layer has no such field */
/* Copies the name of a layer's field ("IP_REMOTE_PORT") to text[0..size); false: there is no such field. */
bool wfp_field_name(const WfpLayer *layer, unsigned field, char *text, unsigned size);

/* ---- a run ---- */

/* The engine as it stands when drivers begin to load: BFE runs, the built-in sublayers exist. From model_begin, or at first use. */
void wfp_begin(void);

/* BFE changes its state; subscribers are called at PASSIVE_LEVEL by a thread of BFE's. Callable from anywhere. From RUNNING to another
 * state sessions are aborted, dynamic and static objects vanish (W-BFE-3). */
void wfp_bfe_set(WfpBfeState state);
/* The same at a virtual time, for stimuli. */
void wfp_bfe_set_at(WfpBfeState state, uint64_t time_ns);

/* At that virtual time somebody else's filter comes or goes at the layer: flows authorised there are reauthorised with their next packet
 * (W-REA-1). */
void wfp_policy_change_at(const WfpLayer *layer, uint64_t time_ns);

/* ---- set-up on behalf of a driver without DriverEntry ---- */

typedef struct WfpSetupCallout {
  const char *name;
  uint64_t classify;    /* addresses of driver code; FWPS_CALLOUT_CLASSIFY_FN1 */
  uint64_t notify;      /* 0: Windows' own, which accepts everything. Simplified: a driver always has one */
  uint64_t flow_delete; /* 0: none */
  uint32_t flags;       /* FWP_CALLOUT_FLAG_* */
} WfpSetupCallout;

typedef struct WfpSetupSubLayer {
  const char *name;
  uint16_t weight;
} WfpSetupSubLayer;

typedef enum WfpSetupField {
  WFP_SETUP_LOCAL_ADDRESS,
  WFP_SETUP_REMOTE_ADDRESS,
  WFP_SETUP_LOCAL_PORT,
  WFP_SETUP_REMOTE_PORT,
  WFP_SETUP_PROTOCOL,
} WfpSetupField;

typedef struct WfpSetupCondition {
  WfpSetupField field;
  uint32_t value;      /* an IPv4 address in host order, a port, an IPPROTO number */
  uint32_t mask;       /* of an address; 0xffffffff: exactly this one */
  uint32_t value_high; /* of a port: the end of a range, or value */
} WfpSetupCondition;

typedef struct WfpSetupFilter {
  const char *name;
  const char *layer; /* as wfp_layer_find takes it */
  uint32_t action;   /* FWP_ACTION_TYPE */
  int callout;       /* index among the set-up's; -1: none */
  int sublayer;      /* index among the set-up's; -1: the default one */
  bool has_weight;
  uint64_t weight; /* 0..15 a range of automatic weights, above it the weight itself */
  uint32_t flags;  /* FWPM_FILTER_FLAG_* */
  const WfpSetupCondition *conditions;
  uint32_t condition_count;
} WfpSetupFilter;

typedef struct WfpSetup {
  uint64_t device; /* the device object that the callouts belong to; 0: none */
  const WfpSetupCallout *callouts;
  uint32_t callout_count;
  const WfpSetupSubLayer *sublayers;
  uint32_t sublayer_count;
  const WfpSetupFilter *filters;
  uint32_t filter_count;
} WfpSetup;

/* FwpmEngineOpen0, one transaction with every sublayer, callout (one for each layer it is used at) and filter, FwpsCalloutRegister1,
 * commit: by the functions driver code calls. From a thread at PASSIVE_LEVEL. Returns an NTSTATUS; on failure *what is the function that
 * failed. */
int32_t wfp_driver_setup(const WfpSetup *setup, const char **what);
/* What a well-behaved unload does: deletes the filters of this driver's callouts and unregisters them; one whose flows still have contexts stays
 * registered, as in Windows (W-CO-4). From a thread at PASSIVE_LEVEL. */
void wfp_driver_teardown(uint32_t driver);
