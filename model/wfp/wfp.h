/*
 * wfp.h: the filter engine for the rest of the model: how the stack has something classified, and what the files of this folder share.
 */
#pragma once

#include "wfp_face.h"

#include "../ke/ke.h"
#include "../tcpip/tcpip_state.h"

#include <fwpmk.h>
#include <fwpsk.h>

WfpState *wfp_state(void); /* begun */

/* ---- guest memory of the engine's own: closed as freed when it is given back ---- */

PVOID wfp_memory_allocate(SIZE_T size); /* zeroed; never NULL: ends the run when there is none left */
VOID wfp_memory_free(PVOID memory);
/* A spin lock of Windows' own (KSPIN_LOCK); stays. Returns its address. */
uint64_t wfp_lock_create(const char *name);

/* ---- keys ---- */

static inline WfpGuid wfp_guid(const GUID *guid) {
  WfpGuid key;
  __builtin_memcpy(&key, guid, sizeof key);
  return key;
}

static inline bool wfp_guid_equal(const WfpGuid *one, const WfpGuid *other) { return __builtin_memcmp(one, other, sizeof *one) == 0; }
bool wfp_guid_is_null(const WfpGuid *key);
WfpGuid wfp_guid_new(void);               /* one that BFE makes up */
WfpGuid wfp_guid_named(const char *name); /* of a GUID the headers declare; all zero: they do not */

static inline int wfp_layer_index(const WfpLayer *layer) { return (int)(layer - wfp_layers); }

/* ---- sessions and transactions: engine.c, transaction.c ---- */

/* A change of BFE's objects by a session, inside its transaction or as one of its own (W-BFE-5). */
typedef struct WfpChange {
  WfpSession *session;
  bool is_explicit; /* in the session's transaction */
} WfpChange;

/* May wait for the transaction lock. STATUS_FWP_* where the session is none, was aborted, only reads, or the wait was too long. */
NTSTATUS wfp_change_begin(HANDLE engine, WfpChange *change);
void wfp_change_end(const WfpChange *change);
NTSTATUS wfp_session_get(HANDLE engine, WfpSession **session);

bool wfp_item_is_seen(const WfpItem *item, const WfpSession *session); /* by that session */
static inline bool wfp_item_is_enforced(const WfpItem *item) { return item->visibility == WFP_VISIBLE || item->visibility == WFP_DELETING; }
/* A new item: where its object says, of the session's lifetime, visible or being added. */
void wfp_item_init(WfpItem *item, Object *object, const WfpGuid *key, bool is_persistent, const WfpChange *change);
/* Names its object by display data, unless it has a name. Probes. */
void wfp_item_name(WfpItem *item, const wchar_t *text);
/* Now, or at commit. */
void wfp_item_delete(WfpItem *item, const WfpChange *change);
/* It goes now: the engine forgets it, whoever has to know is told. By its kind. */
void wfp_item_gone(WfpItem *item);
WfpItem *wfp_item_find(SimLink *list, const WfpGuid *key, const WfpSession *session); /* NULL: none that the session sees */
void wfp_items_abort(WfpSession *session);                                            /* undoes what its transaction did */
void wfp_transaction_release(WfpSession *session);
/* Everything of a lifetime no longer than that, of that session (NULL: of any), goes. */
void wfp_items_end(WfpLifetime lifetime, const WfpSession *session);

/* ---- sublayers, callouts, filters ---- */

void wfp_sublayers_begin(void);
void wfp_sublayer_gone(WfpSubLayer *sublayer);
WfpSubLayer *wfp_sublayer_find(const WfpGuid *key, const WfpSession *session);
WfpCallout *wfp_callout_by_id(uint32_t callout_id);
WfpCallout *wfp_callout_by_key(const WfpGuid *key);
void wfp_callout_gone(WfpCallout *callout);
/* FwpsCalloutRegister of any version: their structures are laid out alike. A set-up need not have a device or a notifyFn. */
NTSTATUS wfp_callout_register(VOID *device, const FWPS_CALLOUT1 *given, uint8_t version, bool is_setup, UINT32 *id);
void wfp_filter_gone(WfpFilter *filter);
/* The filters of a layer changed: what was authorised there is authorised again (W-REA-1). */
void wfp_policy_changed(int layer);

/* Reads conditions from guest memory; probes what they point to. */
NTSTATUS wfp_conditions_read(const WfpLayer *layer, const FWPM_FILTER0 *filter, WfpCondition **conditions, uint32_t *count);
uint64_t wfp_conditions_weight(const WfpCondition *conditions, uint32_t count);

/* ---- classification ---- */

/* The value of a field as the stack knows it. */
typedef struct WfpValue {
  uint8_t type; /* FWP_DATA_TYPE; FWP_EMPTY: not known */
  uint64_t number;
  const void *bytes; /* of blobs and 16-byte arrays: host or guest memory */
  uint32_t size;
} WfpValue;

typedef struct WfpRequest {
  const WfpLayer *layer;
  TcpipConnection *connection;
  bool is_reauthorize;
  uint32_t reason;  /* FWP_CONDITION_REAUTHORIZE_REASON_* */
  bool is_inbound;  /* direction of the packet, or of the stream data */
  PVOID layer_data; /* guest memory */
  void *path;       /* of the process, on the heap; NULL: not asked for. wfp_run_end frees it */
  uint32_t path_size;
  WfpValue values[WFP_FIELD_COUNT_MAX];
} WfpRequest;

typedef struct WfpDecision {
  FWP_ACTION_TYPE action; /* FWP_ACTION_PERMIT or FWP_ACTION_BLOCK */
  bool is_absorbed;
  bool is_pended;    /* somebody pended it: FwpsCompleteOperation0 will go on with it */
  bool is_completed; /* somebody pended it and completed it before the classification was over: go on with it now */
} WfpDecision;

/* One classification (W-ARB-1): on the current context, at its IRQL. */
void wfp_classify(const WfpRequest *request, WfpDecision *decision);

/* What a callout answered. */
typedef struct WfpAnswer {
  FWP_ACTION_TYPE action;
  uint32_t rights;
  uint32_t flags;
} WfpAnswer;

/* A classification on the stack of its context. */
typedef struct WfpRun {
  const WfpRequest *request;
  WfpClassification *classification;
  struct WfpFrame *frame; /* what classifyFn sees; NULL until the first call */
  uint32_t object;        /* ordinal that events are about */
} WfpRun;

void wfp_run_begin(WfpRun *run, const WfpRequest *request); /* takes request->path */
/* Ends it: its guest memory is closed, its reference to what was pended dropped. Returns true when that was the last one. */
bool wfp_run_end(WfpRun *run, const WfpDecision *decision);
/* The filters that match, in the order they are asked; of sublayers below `below` only (NULL: all). Returns how many; `filters` on the
 * heap, to be freed by wfp_filters_free. */
uint32_t wfp_filters_match(const WfpRequest *request, const WfpSubLayer *below, WfpFilter ***filters);
/* The level at which the callouts of these filters come, where there is one: for ke_callback_level_end. */
uint8_t wfp_level_begin(WfpFilter *const *filters, uint32_t count);
void wfp_filters_free(WfpFilter **filters, uint32_t count);
bool wfp_filter_matches(const WfpFilter *filter, const WfpRequest *request);
/* Whether the callout's classifyFn is to be called for this filter; else *answer is what stands for it (W-CO-2, W-CO-5). */
bool wfp_callout_is_called(const WfpRun *run, const WfpFilter *filter, WfpAnswer *answer);
void wfp_callout_classify(WfpRun *run, WfpFilter *filter, uint32_t rights, WfpAnswer *answer);
/* What the action of the filter makes of an answer (W-ARB-6): FWP_ACTION_PERMIT, _BLOCK or _CONTINUE. */
FWP_ACTION_TYPE wfp_answer_action(const WfpFilter *filter, uint32_t rights_given, const WfpAnswer *answer);

/* ---- frame.c ---- */

typedef struct WfpFrame WfpFrame;
WfpFrame *wfp_frame_create(const WfpRun *run);
const WfpLayerShape *wfp_layer_shape(const WfpLayer *layer);
void wfp_frame_destroy(WfpFrame *frame);
/* Calls classifyFn with the frame's memory. */
void wfp_frame_call(WfpFrame *frame, const WfpRun *run, WfpFilter *filter, uint64_t flow_context, uint32_t rights, WfpAnswer *answer);
/* Calls notifyFn; what it leaves in FWPS_FILTER.context is kept. */
NTSTATUS wfp_notify(FWPS_CALLOUT_NOTIFY_TYPE type, WfpFilter *filter);

/* ---- pend.c ---- */

WfpOperation *wfp_operation_create(TcpipConnection *connection, int layer);
/* One reference less; true when it was the last. Frees it then. */
bool wfp_operation_drop(WfpOperation *operation);
/* The classification is over: its completion handle is worth nothing any more, and its reference goes. */
bool wfp_operation_return(WfpOperation *operation);
/* The endpoint goes away: completing what is pended there does nothing more. */
void wfp_operations_cancel(TcpipConnection *connection);

/* ---- flow_context.c ---- */

WfpFlowContext *wfp_flow_context_find(TcpipConnection *connection, const WfpCallout *callout, int layer);
void wfp_flow_context_enter(WfpFlowContext *context);
void wfp_flow_context_leave(TcpipConnection *connection, WfpFlowContext *context);
/* The flow ends: every context is taken off (W-FLO-3). */
void wfp_flow_end(TcpipConnection *connection);

/* ---- stream.c ---- */

/* Stream data, or a disconnect (`list` NULL), comes by. */
typedef struct WfpStreamData {
  uint32_t flags; /* FWPS_STREAM_FLAG_* */
  NET_BUFFER_LIST *list;
  SIZE_T length;
} WfpStreamData;

typedef struct WfpStreamAnswer {
  bool is_blocked;  /* a callout or a filter keeps it */
  bool is_dropped;  /* DROP_CONNECTION */
  bool is_allowed;  /* ALLOW_CONNECTION: no more classification of the flow */
  bool is_deferred; /* DEFER */
  SIZE_T more;      /* NEED_MORE_DATA: so many more bytes; 0: not asked for */
} WfpStreamAnswer;

/* A strict waterfall (W-ARB-8). `below`: only sublayers under the injector's (W-STR-7). */
void wfp_stream_classify(TcpipConnection *connection, const WfpStreamData *data, const WfpSubLayer *below, WfpStreamAnswer *answer);

/* ---- inject.c, stream_inject.c ---- */

/* One net buffer list that was injected is completed. */
void wfp_injection_done(WfpInjectionHandle *handle);
/* Calls the completion function for each net buffer list (W-INJ-3, W-STR-7). Frees the injection. */
void wfp_injection_complete(TcpipInjection *injection);
WfpInjectionHandle *wfp_injection_handle_at(HANDLE handle);
