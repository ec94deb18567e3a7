/* W-BFE, W-CO-1, W-CO-3, W-CO-4, W-FLT: what BFE and the engine say to a driver that manages them. */
#include "driver.h"

#define LAYER "FWPM_LAYER_ALE_AUTH_CONNECT_V4"

/* What a driver has in its pool. */
typedef struct Memory {
  HANDLE engine, other, change;
  FWPM_SESSION0 session;
  FWPM_SUBLAYER0 sublayer;
  FWPM_CALLOUT0 callout;
  FWPS_CALLOUT1 functions;
  FWPM_FILTER0 filter;
  FWPM_FILTER_CONDITION0 conditions[2];
  FWP_RANGE0 range;
  UINT64 id, weight;
  UINT32 callout_id;
  wchar_t name[8];
  UCHAR device[sizeof(DEVICE_OBJECT)];
} Memory;

static Memory *m;

static GUID guid(const char *name) {
  GUID result;
  memcpy(&result, ddi_guid_find(name)->bytes, sizeof result);
  return result;
}

static GUID guid_number(unsigned number) { return (GUID){ .Data1 = number, .Data2 = 0x1234 }; }

static void say(const char *what, NTSTATUS status) {
  static const struct {
    NTSTATUS status;
    const char *name;
  } names[] = {
    { STATUS_SUCCESS, "ok" },
    { EPT_NT_CANT_PERFORM_OP, "cannot" },
    { STATUS_INVALID_HANDLE, "invalid-handle" },
    { STATUS_FWP_TXN_IN_PROGRESS, "txn-in-progress" },
    { STATUS_FWP_NO_TXN_IN_PROGRESS, "no-txn" },
    { STATUS_FWP_INCOMPATIBLE_TXN, "incompatible-txn" },
    { STATUS_FWP_TIMEOUT, "timeout" },
    { STATUS_FWP_SESSION_ABORTED, "session-aborted" },
    { STATUS_FWP_ALREADY_EXISTS, "exists" },
    { STATUS_FWP_CALLOUT_NOT_FOUND, "no-callout" },
    { STATUS_FWP_SUBLAYER_NOT_FOUND, "no-sublayer" },
    { STATUS_FWP_FILTER_NOT_FOUND, "no-filter" },
    { STATUS_FWP_LAYER_NOT_FOUND, "no-layer" },
    { STATUS_FWP_CONDITION_NOT_FOUND, "no-condition" },
    { STATUS_FWP_NULL_DISPLAY_NAME, "no-name" },
    { STATUS_FWP_INCOMPATIBLE_LAYER, "incompatible-layer" },
    { STATUS_FWP_TYPE_MISMATCH, "type-mismatch" },
    { STATUS_FWP_MATCH_TYPE_MISMATCH, "match-mismatch" },
    { STATUS_FWP_INVALID_WEIGHT, "invalid-weight" },
    { STATUS_FWP_INVALID_ACTION_TYPE, "invalid-action" },
    { STATUS_FWP_INVALID_FLAGS, "invalid-flags" },
    { STATUS_FWP_INVALID_RANGE, "invalid-range" },
    { STATUS_FWP_LIFETIME_MISMATCH, "lifetime" },
    { STATUS_FWP_IN_USE, "in-use" },
    { STATUS_FWP_BUILTIN_OBJECT, "builtin" },
    { STATUS_FWP_CALLOUT_NOTIFICATION_FAILED, "refused" },
    { STATUS_DEVICE_BUSY, "busy" },
    { STATUS_OBJECT_NAME_EXISTS, "name-exists" },
    { STATUS_INVALID_PARAMETER, "invalid-parameter" },
  };
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
    if (names[i].status == status) {
      note(what);
      note(names[i].name);
      return;
    }
  note_number(what, status);
}

static NTSTATUS engine_open(HANDLE *engine) { return ddi_FwpmEngineOpen0(NULL, RPC_C_AUTHN_WINNT, NULL, NULL, engine); }

static void filter_prepare(unsigned key) {
  memset(&m->filter, 0, sizeof m->filter);
  m->filter.filterKey = guid_number(key);
  m->filter.displayData.name = m->name;
  m->filter.layerKey = guid(LAYER);
  m->filter.action.type = FWP_ACTION_BLOCK;
  m->filter.filterCondition = m->conditions;
}

static NTSTATUS filter_add(HANDLE engine) { return ddi_FwpmFilterAdd0(engine, &m->filter, NULL, &m->id); }

static void callout_prepare(unsigned key, const char *layer) {
  memset(&m->callout, 0, sizeof m->callout);
  m->callout.calloutKey = guid_number(key);
  m->callout.displayData.name = m->name;
  m->callout.applicableLayer = guid(layer);
}

static void setup(KeThreadStart *start) {
  m = harness_memory(sizeof *m);
  memcpy(m->name, L"name", sizeof L"name");
  harness_thread("driver", 8, start, NULL);
}

/* ---- sessions ---- */

static void stopped(void *argument) {
  (void)argument;
  wfp_bfe_set(WFP_BFE_STOPPED);
  say("open", engine_open(&m->engine));
  wfp_bfe_set(WFP_BFE_RUNNING);
  say("open", engine_open(&m->engine));
  say("close", ddi_FwpmEngineClose0(m->engine));
  say("close", ddi_FwpmEngineClose0(m->engine));
}

static void stopped_setup(void) { setup(stopped); }
static void stopped_check(const HarnessRun *run) { EXPECT_NOTES(run, "open cannot open ok close ok close invalid-handle"); }

static void aborted(void *argument) {
  (void)argument;
  engine_open(&m->engine);
  filter_prepare(1);
  say("add", filter_add(m->engine));
  wfp_bfe_set(WFP_BFE_STOP_PENDING);
  say("add", filter_add(m->engine));
  say("close", ddi_FwpmEngineClose0(m->engine));
  wfp_bfe_set(WFP_BFE_RUNNING);
  engine_open(&m->engine);
  say("add", filter_add(m->engine)); /* the first one was static: it is gone */
}

static void aborted_setup(void) { setup(aborted); }
static void aborted_check(const HarnessRun *run) { EXPECT_NOTES(run, "add ok add session-aborted close ok add ok"); }

static void dynamic(void *argument) {
  (void)argument;
  m->session.flags = FWPM_SESSION_FLAG_DYNAMIC;
  ddi_FwpmEngineOpen0(NULL, RPC_C_AUTHN_WINNT, NULL, &m->session, &m->engine);
  engine_open(&m->other);
  filter_prepare(1);
  say("add", filter_add(m->engine));
  say("add", filter_add(m->other));
  ddi_FwpmEngineClose0(m->engine);
  say("add", filter_add(m->other));
}

static void dynamic_setup(void) { setup(dynamic); }
static void dynamic_check(const HarnessRun *run) { EXPECT_NOTES(run, "add ok add exists add ok"); }

/* ---- transactions ---- */

static size_t enforced(void) {
  size_t count = 0;
  SimLink *link, *following;
  SIM_LIST_EACH(&MODEL->wfp.filters, link, following) {
    uint8_t visibility = SIM_CONTAINER(link, WfpItem, link)->visibility;
    count += visibility == WFP_VISIBLE || visibility == WFP_DELETING;
  }
  return count;
}

static void transaction(void *argument) {
  (void)argument;
  engine_open(&m->engine);
  say("commit", ddi_FwpmTransactionCommit0(m->engine));
  say("begin", ddi_FwpmTransactionBegin0(m->engine, 0));
  say("begin", ddi_FwpmTransactionBegin0(m->engine, 0));
  filter_prepare(1);
  say("add", filter_add(m->engine));
  say("add", filter_add(m->engine)); /* a call that fails does not abort it */
  note_number("enforced", (long)enforced());
  say("commit", ddi_FwpmTransactionCommit0(m->engine));
  note_number("enforced", (long)enforced());
  ddi_FwpmTransactionBegin0(m->engine, 0);
  say("delete", ddi_FwpmFilterDeleteById0(m->engine, m->id));
  say("delete", ddi_FwpmFilterDeleteById0(m->engine, m->id));
  filter_prepare(2);
  filter_add(m->engine);
  note_number("enforced", (long)enforced());
  say("abort", ddi_FwpmTransactionAbort0(m->engine));
  note_number("enforced", (long)enforced());
  say("delete", ddi_FwpmFilterDeleteByKey0(m->engine, &m->filter.filterKey));
  ddi_FwpmTransactionBegin0(m->engine, FWPM_TXN_READ_ONLY);
  say("add", filter_add(m->engine));
  say("abort", ddi_FwpmTransactionAbort0(m->engine));
}

static void transaction_setup(void) { setup(transaction); }
static void transaction_check(const HarnessRun *run) {
  EXPECT_NOTES(run, "commit no-txn begin ok begin txn-in-progress add ok add exists enforced=0 commit ok enforced=1 delete ok delete "
                    "no-filter enforced=1 abort ok enforced=1 delete no-filter add incompatible-txn abort ok");
}

/* The lock is one: another session waits for it, 15 seconds at most. */
static void lock(void *argument) {
  (void)argument;
  engine_open(&m->engine);
  engine_open(&m->other);
  ddi_FwpmTransactionBegin0(m->engine, 0);
  uint64_t before = ke_now_ns();
  say("begin", ddi_FwpmTransactionBegin0(m->other, 0));
  note((ke_now_ns() - before) / 1000000000 == 15 ? "15s" : "?");
  ddi_FwpmEngineClose0(m->engine); /* aborts */
  say("begin", ddi_FwpmTransactionBegin0(m->other, 0));
}

static void lock_setup(void) { setup(lock); }
static void lock_check(const HarnessRun *run) { EXPECT_NOTES(run, "begin timeout 15s begin ok"); }

/* ---- what filters are refused for ---- */

static void refused(void *argument) {
  (void)argument;
  engine_open(&m->engine);
  filter_prepare(1);
  m->filter.displayData.name = NULL;
  say("1", filter_add(m->engine));
  filter_prepare(1);
  m->filter.layerKey = guid_number(77);
  say("2", filter_add(m->engine));
  filter_prepare(1);
  m->filter.subLayerKey = guid_number(77);
  say("3", filter_add(m->engine));
  filter_prepare(1);
  m->filter.action.type = FWP_ACTION_CONTINUE;
  say("4", filter_add(m->engine));
  m->filter.action.type = FWP_ACTION_CALLOUT_TERMINATING;
  say("5", filter_add(m->engine));
  filter_prepare(1);
  m->filter.weight.type = FWP_UINT8;
  m->filter.weight.uint8 = 16;
  say("6", filter_add(m->engine));
  filter_prepare(1);
  m->filter.flags = FWPM_FILTER_FLAG_PERSISTENT | FWPM_FILTER_FLAG_BOOTTIME;
  say("7", filter_add(m->engine));
  callout_prepare(9, "FWPM_LAYER_STREAM_V4");
  say("callout", ddi_FwpmCalloutAdd0(m->engine, &m->callout, NULL, &m->callout_id));
  say("callout", ddi_FwpmCalloutAdd0(m->engine, &m->callout, NULL, &m->callout_id));
  filter_prepare(1);
  m->filter.action = (FWPM_ACTION0){ .type = FWP_ACTION_CALLOUT_TERMINATING, .calloutKey = guid_number(9) };
  say("8", filter_add(m->engine));
  m->filter.layerKey = guid("FWPM_LAYER_STREAM_V4");
  m->filter.flags = FWPM_FILTER_FLAG_PERSISTENT;
  say("9", filter_add(m->engine));
  m->filter.flags = 0;
  say("10", filter_add(m->engine));
  say("delete", ddi_FwpmCalloutDeleteById0(m->engine, m->callout_id));
}

static void refused_setup(void) { setup(refused); }
static void refused_check(const HarnessRun *run) {
  EXPECT_NOTES(run, "1 no-name 2 no-layer 3 no-sublayer 4 invalid-action 5 no-callout 6 invalid-weight 7 invalid-flags callout ok "
                    "callout exists 8 incompatible-layer 9 lifetime 10 ok delete in-use");
}

static void conditions(void *argument) {
  (void)argument;
  engine_open(&m->engine);
  FWPM_FILTER_CONDITION0 *condition = &m->conditions[0];
  filter_prepare(1);
  m->filter.numFilterConditions = 1;
  condition->fieldKey = guid_number(5);
  say("1", filter_add(m->engine));
  condition->fieldKey = guid("FWPM_CONDITION_IP_REMOTE_PORT");
  condition->conditionValue = (FWP_CONDITION_VALUE0){ .type = FWP_UINT32, .uint32 = 443 };
  say("2", filter_add(m->engine));
  condition->matchType = FWP_MATCH_RANGE;
  condition->conditionValue = (FWP_CONDITION_VALUE0){ .type = FWP_UINT16, .uint16 = 443 };
  say("3", filter_add(m->engine));
  m->range.valueLow = (FWP_VALUE0){ .type = FWP_UINT16, .uint16 = 443 };
  m->range.valueHigh = (FWP_VALUE0){ .type = FWP_UINT16, .uint16 = 80 };
  condition->conditionValue = (FWP_CONDITION_VALUE0){ .type = FWP_RANGE_TYPE, .rangeValue = &m->range };
  say("4", filter_add(m->engine));
  m->range.valueHigh.uint16 = 500;
  say("5", filter_add(m->engine));
  filter_prepare(2); /* at AUTH_LISTEN there is no protocol (W-FLT-8) */
  m->filter.layerKey = guid("FWPM_LAYER_ALE_AUTH_LISTEN_V4");
  m->filter.numFilterConditions = 1;
  *condition = (FWPM_FILTER_CONDITION0){ .fieldKey = guid("FWPM_CONDITION_IP_PROTOCOL"), .conditionValue = { .type = FWP_UINT8 } };
  say("6", filter_add(m->engine));
}

static void conditions_setup(void) { setup(conditions); }
static void conditions_check(const HarnessRun *run) {
  EXPECT_NOTES(run, "1 no-condition 2 type-mismatch 3 match-mismatch 4 invalid-range 5 ok 6 no-condition");
}

/* ---- sublayers ---- */

static void sublayers(void *argument) {
  (void)argument;
  engine_open(&m->engine);
  m->sublayer.subLayerKey = guid_number(1);
  m->sublayer.displayData.name = m->name;
  say("add", ddi_FwpmSubLayerAdd0(m->engine, &m->sublayer, NULL));
  say("add", ddi_FwpmSubLayerAdd0(m->engine, &m->sublayer, NULL));
  filter_prepare(1);
  m->filter.subLayerKey = guid_number(1);
  filter_add(m->engine);
  say("delete", ddi_FwpmSubLayerDeleteByKey0(m->engine, &m->sublayer.subLayerKey));
  ddi_FwpmFilterDeleteById0(m->engine, m->id);
  say("delete", ddi_FwpmSubLayerDeleteByKey0(m->engine, &m->sublayer.subLayerKey));
  m->sublayer.subLayerKey = guid("FWPM_SUBLAYER_UNIVERSAL");
  say("delete", ddi_FwpmSubLayerDeleteByKey0(m->engine, &m->sublayer.subLayerKey));
}

static void sublayers_setup(void) { setup(sublayers); }
static void sublayers_check(const HarnessRun *run) { EXPECT_NOTES(run, "add ok add exists delete in-use delete ok delete builtin"); }

/* ---- callouts ---- */

static bool refuses;

static void classify(const FWPS_INCOMING_VALUES0 *values, const FWPS_INCOMING_METADATA_VALUES0 *metadata, VOID *data, const VOID *context,
                     const FWPS_FILTER1 *filter, UINT64 flow, FWPS_CLASSIFY_OUT0 *out) {
  (void)values, (void)metadata, (void)data, (void)context, (void)filter, (void)flow, (void)out;
}

static NTSTATUS notify(FWPS_CALLOUT_NOTIFY_TYPE type, const GUID *key, FWPS_FILTER1 *filter) {
  if (type == FWPS_CALLOUT_NOTIFY_ADD_FILTER) {
    note(key != NULL ? "added" : "added-without-key");
    filter->context = 42;
    return refuses ? STATUS_UNSUCCESSFUL : STATUS_SUCCESS;
  }
  note(key == NULL ? "deleted" : "deleted-with-key");
  note_number("context", (long)filter->context);
  return STATUS_UNSUCCESSFUL; /* cannot be refused */
}

static void callout_register(unsigned key) {
  m->functions = (FWPS_CALLOUT1){ .calloutKey = guid_number(key), .classifyFn = classify, .notifyFn = notify };
  say("register", ddi_FwpsCalloutRegister1(m->device, &m->functions, &m->callout_id));
}

static void filter_of_callout(unsigned key, unsigned callout) {
  filter_prepare(key);
  m->filter.action = (FWPM_ACTION0){ .type = FWP_ACTION_CALLOUT_UNKNOWN, .calloutKey = guid_number(callout) };
}

static void callouts(void *argument) {
  (void)argument;
  UINT32 id;
  engine_open(&m->engine);
  callout_register(1); /* before BFE knows it */
  id = m->callout_id;
  callout_register(1);
  callout_prepare(1, LAYER);
  say("add", ddi_FwpmCalloutAdd0(m->engine, &m->callout, NULL, &m->callout_id));
  note(m->callout_id == id ? "same-id" : "another-id");
  filter_of_callout(1, 1);
  say("filter", filter_add(m->engine));
  refuses = true;
  filter_of_callout(2, 1);
  say("filter", filter_add(m->engine));
  refuses = false;
  filter_prepare(1);
  say("delete", ddi_FwpmFilterDeleteByKey0(m->engine, &m->filter.filterKey));
  say("unregister", ddi_FwpsCalloutUnregisterById0(id));
  say("unregister", ddi_FwpsCalloutUnregisterById0(id));
  filter_of_callout(3, 1);
  say("filter", filter_add(m->engine)); /* not notified: nobody is there */
  callout_register(1);
  say("delete", ddi_FwpmFilterDeleteById0(m->engine, m->id)); /* W-CO-3: also for one whose addition it did not see */
}

static void callouts_setup(void) {
  refuses = false;
  setup(callouts);
}

static void callouts_check(const HarnessRun *run) {
  EXPECT_NOTES(run,
               "register ok register exists add ok same-id added filter ok added filter refused deleted context=42 delete ok unregister ok "
               "unregister no-callout filter ok register ok deleted context=0 delete ok");
}

/* ---- BFE's life (W-BFE-2) ---- */

static void changed(VOID *context, FWPM_SERVICE_STATE state) {
  (void)context;
  note_number(KeGetCurrentIrql() == PASSIVE_LEVEL ? "changed" : "changed-high", state);
  if (state == FWPM_SERVICE_RUNNING)
    say("open", engine_open(&m->engine));
}

static void subscribe(void *argument) {
  (void)argument;
  wfp_bfe_set(WFP_BFE_STOPPED);
  say("subscribe", ddi_FwpmBfeStateSubscribeChanges0(m->device, changed, NULL, &m->change));
  note_number("state", ddi_FwpmBfeStateGet0());
  wfp_bfe_set_at(WFP_BFE_START_PENDING, 10 * MS);
  wfp_bfe_set_at(WFP_BFE_RUNNING, 20 * MS);
  KeDelayExecutionThread(KernelMode, FALSE, &(LARGE_INTEGER){ .QuadPart = -500000 });
  note_number("state", ddi_FwpmBfeStateGet0());
  say("unsubscribe", ddi_FwpmBfeStateUnsubscribeChanges0(m->change));
  wfp_bfe_set(WFP_BFE_STOPPED);
}

static void subscribe_setup(void) { setup(subscribe); }
static void subscribe_check(const HarnessRun *run) {
  EXPECT_NOTES(run, "subscribe ok state=0 changed=1 changed=3 open ok state=3 unsubscribe ok");
}

int main(void) {
  static const HarnessCase cases[] = {
    { .name = "W_BFE_3 not before BFE runs", .setup = stopped_setup, .check = stopped_check },
    { .name = "W_BFE_3 BFE stops", .setup = aborted_setup, .check = aborted_check },
    { .name = "W_BFE_4 dynamic objects end with their session", .setup = dynamic_setup, .check = dynamic_check },
    { .name = "W_BFE_5 begin, commit, abort", .setup = transaction_setup, .check = transaction_check },
    { .name = "W_BFE_5 one lock", .setup = lock_setup, .check = lock_check },
    { .name = "W_BFE_2 subscribe, get, open", .cpus = 2, .setup = subscribe_setup, .check = subscribe_check },
    { .name = "W_FLT_4 filters that are refused", .setup = refused_setup, .check = refused_check },
    { .name = "W_FLT_5 conditions that are refused; W_FLT_8", .setup = conditions_setup, .check = conditions_check },
    { .name = "W_FLT_3 sublayers", .setup = sublayers_setup, .check = sublayers_check },
    { .name = "W_CO_1 W_CO_3 W_CO_4 registered, added, notified, unregistered", .setup = callouts_setup, .check = callouts_check },
  };
  return harness_main("wfp management", cases, sizeof cases / sizeof cases[0]);
}
