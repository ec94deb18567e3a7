/*
 * wfp_state.h: the filter engine and BFE: what a run changes in model/wfp. Stdint and sim only: rules, scenarios and reports read it.
 * Bodies are on the arena's heap; zeroed when a run begins.
 */
#pragma once

#include "../../sim/list.h"
#include "../../sim/queue.h"
#include "../ke/ke_state.h"
#include "../object.h"

#include <stdbool.h>
#include <stdint.h>

struct TcpipConnection;

typedef struct WfpGuid {
  uint8_t bytes[16];
} WfpGuid;

#define WFP_LAYER_COUNT 105 /* all that are documented; those without a run-time id come last */
#define WFP_FIELD_COUNT_MAX 48
#define WFP_CONDITION_COUNT_MAX 32

/* States of the base filtering engine's service: FWPM_SERVICE_STATE. */
typedef enum WfpBfeState { WFP_BFE_STOPPED, WFP_BFE_START_PENDING, WFP_BFE_STOP_PENDING, WFP_BFE_RUNNING } WfpBfeState;

/* How long an object of BFE lives (W-BFE-4). */
typedef enum WfpLifetime { WFP_LIFETIME_DYNAMIC, WFP_LIFETIME_STATIC, WFP_LIFETIME_PERSISTENT, WFP_LIFETIME_BUILTIN } WfpLifetime;

/* An object of BFE and the transaction that is changing it (W-BFE-5). */
typedef enum WfpVisibility {
  WFP_GONE,     /* it is not BFE's, or no longer */
  WFP_VISIBLE,  /* committed */
  WFP_ADDING,   /* added in an open transaction: only its session sees it, the engine does not */
  WFP_DELETING, /* deleted in an open transaction: its session does not see it any more, the engine does */
} WfpVisibility;

/* ---- management ---- */

typedef enum WfpTransaction { WFP_TRANSACTION_NONE, WFP_TRANSACTION_READ_WRITE, WFP_TRANSACTION_READ_ONLY } WfpTransaction;

/* An engine handle. Body of an OBJECT_FWPM_ENGINE. */
typedef struct WfpSession {
  SimLink link; /* in WfpState.sessions */
  Object *object;
  bool is_dynamic;
  bool is_aborted;     /* BFE stopped since: every call answers STATUS_FWP_SESSION_ABORTED */
  uint8_t transaction; /* WfpTransaction */
  uint32_t wait_ms;    /* for the transaction lock */
} WfpSession;

/* What sublayers, callouts and filters have in common; their first member. They stay on the heap when they are gone: a classification that
 * is under way may still hold them. */
typedef struct WfpItem {
  SimLink link;
  Object *object;
  WfpGuid key;
  uint8_t visibility;  /* WfpVisibility */
  uint8_t lifetime;    /* WfpLifetime */
  WfpSession *owner;   /* of a dynamic one: whose end is its end */
  WfpSession *changer; /* while it is being added or deleted: whose transaction does it */
} WfpItem;

typedef struct WfpSubLayer {
  WfpItem item; /* in WfpState.sublayers: by weight from high to low, then by age */
  uint16_t weight;
} WfpSubLayer;

/* A callout: its half in BFE (FwpmCalloutAdd0) and its half in the engine (FwpsCalloutRegister); either may come first (W-CO-1). */
typedef struct WfpCallout {
  WfpItem item; /* in WfpState.callouts, by age; its visibility is that of the half in BFE */
  uint32_t callout_id;

  bool is_registered;
  bool is_registering; /* a register or unregister call is under way (W-CO-4) */
  uint8_t version;     /* of the functions: 0..3 */
  uint32_t flags;      /* FWP_CALLOUT_FLAG_* */
  uint64_t classify;   /* addresses of driver code */
  uint64_t notify;
  uint64_t flow_delete;   /* 0: none */
  uint64_t device;        /* the device object it was registered with */
  uint32_t running;       /* calls of its functions that have not returned */
  uint32_t flow_contexts; /* associated and not yet handed to flow_delete */
  KeEvent *idle;          /* set when `running` falls to 0 while somebody waits */

  uint32_t manager_flags; /* FWPM_CALLOUT_FLAG_* */
  int16_t layer;          /* where it may be used: index into wfp_layers */
} WfpCallout;

typedef struct WfpCondition {
  uint8_t field;     /* index among the layer's fields */
  uint8_t match;     /* FWP_MATCH_TYPE */
  uint16_t type;     /* FWP_DATA_TYPE of the value */
  uint64_t low;      /* integers, ports, IPv4 addresses (host order); with a mask the masked address */
  uint64_t high;     /* end of a range; else a mask */
  uint8_t bytes[16]; /* IPv6 addresses, byte arrays */
  uint32_t blob_size;
  uint8_t *blob; /* blobs and strings, on the heap; NULL: none */
} WfpCondition;

typedef struct WfpFilter {
  WfpItem item; /* in WfpState.filters: by sublayer, then by weight from high to low, then by age */
  uint64_t filter_id;
  int16_t layer; /* index into wfp_layers */
  WfpSubLayer *sublayer;
  uint64_t weight;     /* effective */
  uint32_t action;     /* FWP_ACTION_TYPE */
  WfpCallout *callout; /* NULL: none */
  uint32_t flags;      /* FWPM_FILTER_FLAG_* */
  uint64_t raw_context;
  uint64_t context; /* FWPS_FILTER.context: raw_context until a notifyFn writes another */
  uint32_t condition_count;
  WfpCondition *conditions;
} WfpFilter;

typedef struct WfpSubscription {
  SimLink link; /* in WfpState.subscriptions */
  uint64_t handle;
  uint64_t callback;
  uint64_t context;
  uint8_t told;    /* WfpBfeState it was told last, or that it was subscribed in */
  bool is_calling; /* its callback runs */
  KeEvent *idle;   /* set when it has returned */
} WfpSubscription;

/* ---- classification ---- */

/* What a classification may leave behind: the operation that callouts pended (W-PND-7). One a classification at a layer that can pend. */
typedef struct WfpOperation {
  SimLink link; /* in WfpState.operations */
  struct TcpipConnection *connection;
  int16_t layer;
  uint32_t references;        /* one of the classification while it is on a stack, one of each pend that is not completed */
  uint32_t pend_count;        /* successful FwpsPendOperation0 of this classification */
  uint64_t completion_handle; /* the metadata's; 0: the classification is over */
  bool is_cancelled;          /* the endpoint is gone: completing it does nothing more */
} WfpOperation;

/* One successful FwpsPendOperation0. Body of an OBJECT_FWPS_PENDED_OPERATION, whose address is the completion context. */
typedef struct WfpPend {
  Object *object;
  WfpOperation *operation;
  WfpCallout *callout;
  uint32_t connection; /* ordinal */
} WfpPend;

/* A classification that is on some context's stack. */
typedef struct WfpClassification {
  SimLink link;     /* in WfpState.classifications */
  uint32_t context; /* id of the context that classifies */
  uint32_t cpu;
  int16_t layer;
  bool is_reauthorize;
  uint64_t flow_id;        /* 0: none */
  WfpCallout *callout;     /* whose classifyFn runs; NULL: none */
  uint64_t flow_context;   /* that it was given */
  uint32_t pends;          /* by that callout in this call */
  uint32_t pended;         /* ordinal of the last of them */
  WfpOperation *operation; /* NULL: the layer cannot pend */
  uint64_t frame;          /* guest memory of what classifyFn is given */
} WfpClassification;

/* A context that a callout attached to a flow (W-FLO-1). */
typedef struct WfpFlowContext {
  SimLink link; /* in TcpipConnection.flow_contexts */
  WfpCallout *callout;
  int16_t layer;
  uint64_t context;
  uint32_t running; /* classifies that were given it and have not returned */
  bool is_removing; /* flowDeleteFn comes when they have */
} WfpFlowContext;

/* ---- injection ---- */

typedef struct WfpInjectionHandle {
  SimLink link; /* in WfpState.injection_handles */
  Object *object;
  uint16_t family;
  uint32_t flags;   /* FWPS_INJECTION_TYPE_* */
  bool is_closing;  /* FwpsInjectionHandleDestroy0 waits */
  uint32_t pending; /* net buffer lists injected and not completed */
  KeEvent *idle;
} WfpInjectionHandle;

/* What a classification asks of a layer's list of fields, which is text. */
typedef struct WfpLayerShape {
  uint8_t field_count;
  bool has_compartment;
  bool has_application;
} WfpLayerShape;

typedef struct WfpState {
  uint8_t bfe; /* WfpBfeState */
  bool is_begun;
  SimLink subscriptions;     /* WfpSubscription.link */
  SimLink sessions;          /* WfpSession.link */
  SimLink sublayers;         /* WfpSubLayer.item.link */
  SimLink callouts;          /* WfpCallout.item.link */
  SimLink filters;           /* WfpFilter.item.link */
  SimLink operations;        /* WfpOperation.link */
  SimLink classifications;   /* WfpClassification.link */
  SimLink injection_handles; /* WfpInjectionHandle.link */
  WfpSession *transaction;   /* who holds the write lock; NULL: nobody */
  uint32_t readers;          /* read-only transactions */
  KeEvent *transaction_free;
  uint32_t callout_id_next;
  uint64_t filter_id_next;
  uint64_t key_next; /* of GUIDs that BFE makes up */
  uint32_t
      policy_epochs[WFP_LAYER_COUNT];    /* counts changes of the filters at a layer: flows authorised before are reauthorised (W-REA-1) */
  KeThread *bfe_thread;                  /* tells subscribers of a change; NULL: none is being told */
  uint8_t bfe_told;                      /* WfpBfeState that subscribers were told last */
  WfpLayerShape shapes[WFP_LAYER_COUNT]; /* of the layers that have filters; field_count 0: not looked at yet */
} WfpState;
