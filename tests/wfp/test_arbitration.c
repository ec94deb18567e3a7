/*
 * W-ARB, W-CO-2, W-FLT: what filters and callouts make of a connection. Each row is a connection to a port of its own, and filters for
 * that port; all are asked in one run.
 */
#include "driver.h"

#define LAYER "FWPM_LAYER_ALE_AUTH_CONNECT_V4"
#define PORT 1000
#define ROW_FILTER_COUNT 4

/* ---- callouts, by what they answer ---- */

#define CALLOUT(name, body)                                                                                                                \
  static void name(const FWPS_INCOMING_VALUES0 *values, const FWPS_INCOMING_METADATA_VALUES0 *metadata, VOID *data, const VOID *context,   \
                   const FWPS_FILTER1 *filter, UINT64 flow, FWPS_CLASSIFY_OUT0 *out) {                                                     \
    (void)metadata, (void)data, (void)context, (void)filter, (void)flow;                                                                   \
    calls[values->incomingValue[FWPS_FIELD_ALE_AUTH_CONNECT_V4_IP_REMOTE_PORT].value.uint16 - PORT]++;                                     \
    body;                                                                                                                                  \
  }

static unsigned calls[64];

CALLOUT(permits, answer(out, FWP_ACTION_PERMIT, false, false))
CALLOUT(permits_hard, answer(out, FWP_ACTION_PERMIT, false, true))
CALLOUT(blocks_soft, answer(out, FWP_ACTION_BLOCK, false, false))
CALLOUT(blocks, answer(out, FWP_ACTION_BLOCK, false, true))
CALLOUT(absorbs, answer(out, FWP_ACTION_BLOCK, true, true))
CALLOUT(continues, answer(out, FWP_ACTION_CONTINUE, false, false))
CALLOUT(silent, (void)out)

/* ---- the table ---- */

typedef struct Row {
  const char *rule;
  DriverFilter filters[ROW_FILTER_COUNT]; /* only sublayer, action, classify, weight, flags are looked at */
  FWP_ACTION_TYPE expected;
  unsigned calls;
} Row;

#define P FWP_ACTION_PERMIT
#define B FWP_ACTION_BLOCK
#define T FWP_ACTION_CALLOUT_TERMINATING
#define U FWP_ACTION_CALLOUT_UNKNOWN
#define I FWP_ACTION_CALLOUT_INSPECTION
#define F(layer_, action_, ...)                                                                                                            \
  { .sublayer = (layer_), .action = (action_), __VA_ARGS__ }
#define C(function) .classify = (function)
#define W(weight_) .weight = (weight_)
#define HARD .flags = FWPM_FILTER_FLAG_CLEAR_ACTION_RIGHT
#define ANYWAY .flags = FWPM_FILTER_FLAG_PERMIT_IF_CALLOUT_UNREGISTERED

static const Row rows[] = {
  { "no filter: permitted", { { 0 } }, P, 0 },
  { "W_ARB_1 the heavier filter of a sublayer is asked first, and settles it", { F(1, P, W(10)), F(1, B, W(9)) }, P, 0 },
  { "W_ARB_1 the same, the other way round", { F(1, P, W(9)), F(1, B, W(10)) }, B, 0 },
  { "W_ARB_1 CONTINUE goes on in the sublayer", { F(1, U, W(10), C(continues)), F(1, B, W(9)) }, B, 1 },
  { "W_ARB_2 soft permit, then block below", { F(1, P), F(2, B) }, B, 0 },
  { "W_ARB_2 hard permit, then a filter's block", { F(1, P, HARD), F(2, B) }, P, 0 },
  { "W_ARB_2 a filter's block is hard", { F(1, B), F(2, P) }, B, 0 },
  { "W_ARB_2 a callout's soft block can be permitted", { F(1, T, C(blocks_soft)), F(2, P) }, P, 1 },
  { "W_ARB_2 a callout's hard block cannot", { F(1, T, C(blocks)), F(2, P) }, B, 1 },
  { "W_ARB_2 a callout's soft permit, blocked below", { F(1, T, C(permits)), F(2, T, C(blocks)) }, B, 2 },
  { "W_ARB_2 a callout's hard permit, a filter's block", { F(1, T, C(permits_hard)), F(2, B) }, P, 1 },
  { "W_ARB_3 veto: a callout blocks a hard permit", { F(1, P, HARD), F(2, T, C(blocks)) }, B, 1 },
  { "W_ARB_3 a veto is final", { F(1, P, HARD), F(2, T, C(blocks)), F(3, P) }, B, 1 },
  { "W_ARB_4 permit without the right counts for nothing", { F(1, B), F(2, T, C(permits)) }, B, 1 },
  { "W_ARB_4 nor does silence without the right", { F(1, P, HARD), F(2, T, C(silent)) }, P, 1 },
  { "W_ARB_6 terminating and silent counts as block", { F(1, T, C(silent)) }, B, 1 },
  { "W_ARB_6 terminating and CONTINUE counts as block", { F(1, T, C(continues)) }, B, 1 },
  { "W_ARB_6 inspection and BLOCK counts as continue", { F(1, I, C(blocks)) }, P, 1 },
  { "W_ARB_6 unknown may say anything", { F(1, U, C(blocks)) }, B, 1 },
  { "W_ARB_6 unknown and silent says nothing", { F(1, U, C(silent)) }, P, 1 },
  { "W_ARB_7 absorbed", { F(1, T, C(absorbs)) }, B, 1 },
  { "W_CO_2 not registered: terminating blocks", { F(1, T) }, B, 0 },
  { "W_CO_2 not registered: unknown blocks", { F(1, U) }, B, 0 },
  { "W_CO_2 not registered: inspection is ignored", { F(1, I) }, P, 0 },
  { "W_CO_2 PERMIT_IF_CALLOUT_UNREGISTERED", { F(1, T, ANYWAY) }, P, 0 },
  { "W_FLT_3 the default sublayer lies above", { F(0, P, HARD), F(1, B) }, P, 0 },
  { "semantics 5.1 every sublayer is asked, also below a hard block", { F(1, B), F(2, T, C(permits)), F(3, T, C(permits)) }, B, 2 },
};

#define ROW_COUNT (sizeof rows / sizeof rows[0])

static DriverFilter filters[ROW_COUNT * ROW_FILTER_COUNT];
static WfpSetupCondition conditions[ROW_COUNT];

/* Callouts that no classifyFn was given for are added to BFE and not registered. */
static void unregister(void *argument) {
  SimLink *link, *following;
  (void)argument;
  SIM_LIST_EACH(&MODEL->wfp.callouts, link, following) {
    WfpCallout *callout = (WfpCallout *)SIM_CONTAINER(link, WfpItem, link);
    if (callout->classify == (uint64_t)silent && callout->flags == 0x8000)
      ddi_FwpsCalloutUnregisterById0(callout->callout_id);
  }
}

static void setup(void) {
  size_t count = 0;
  for (size_t row = 0; row < ROW_COUNT; row++) {
    conditions[row] = (WfpSetupCondition){ WFP_SETUP_REMOTE_PORT, PORT + (uint32_t)row, 0, PORT + (uint32_t)row };
    calls[row] = 0;
    for (size_t i = 0; i < ROW_FILTER_COUNT && rows[row].filters[i].action != 0; i++) {
      DriverFilter *filter = &filters[count++];
      *filter = rows[row].filters[i];
      filter->layer = LAYER;
      filter->conditions = &conditions[row];
      filter->condition_count = 1;
      if ((filter->action & FWP_ACTION_FLAG_CALLOUT) && filter->classify == NULL) {
        filter->classify = silent;
        filter->callout_flags = 0x8000; /* means nothing to Windows; to unregister() it does */
      }
    }
    TcpipEndpoint remote = { remote_end.address, (uint16_t)(PORT + row) };
    tcpip_stimulus_add(&(TcpipStimulus){
        .kind = TCPIP_CONNECT, .place = in_dpc(0), .local = { local_end.address, 0 }, .remote = remote, .at_ns = MS + row * MS });
  }
  driver_setup(filters, count);
  harness_thread("unregister", 14, unregister, NULL);
}

static const TcpipConnection *connection_to(uint16_t port) {
  SimLink *link, *following;
  SIM_LIST_EACH(&MODEL->tcpip.connections, link, following) {
    const TcpipConnection *connection = SIM_CONTAINER(link, TcpipConnection, link);
    if (connection->remote.port == port)
      return connection;
  }
  return NULL;
}

static void check(const HarnessRun *run) {
  EXPECT_EQUAL(run->stop, SIM_STOP_QUIET);
  EXPECT_NOTES(run, "");
  for (size_t row = 0; row < ROW_COUNT; row++) {
    const TcpipConnection *connection = connection_to((uint16_t)(PORT + row));
    uint32_t state = rows[row].expected == P ? CONNECTION_ESTABLISHED : CONNECTION_BLOCKED;
    harness_expect(connection != NULL && connection->state == state, rows[row].rule, __FILE__, __LINE__);
    harness_expect_equal(calls[row], rows[row].calls, rows[row].rule, __FILE__, __LINE__);
  }
}

/* ---- stop_on_hard_block ---- */

static void stop_options(ModelOptions *options) { options->stops_on_hard_block = true; }

static void stop_check(const HarnessRun *run) {
  EXPECT_EQUAL(run->stop, SIM_STOP_QUIET);
  EXPECT_EQUAL(calls[ROW_COUNT - 1], 0);
}

/* ---- what the events say: rights given, rights left, absorbed ---- */

static void events_setup(void) {
  static const DriverFilter one[] = { { .layer = LAYER, .action = T, .classify = absorbs, .sublayer = 1 },
                                      { .layer = LAYER, .action = T, .classify = permits, .sublayer = 2 } };
  driver_setup(one, 2);
  calls[0] = 0;
  tcpip_stimulus_add(&(TcpipStimulus){
      .kind = TCPIP_CONNECT, .place = in_dpc(0), .local = local_end, .remote = { remote_end.address, PORT }, .at_ns = MS });
}

static void events_check(const HarnessRun *run) {
  uint32_t id = (uint32_t)wfp_layer_find(LAYER)->id;
  EXPECT_EQUAL(event_at(run, EVENT_CLASSIFY_CALLOUT, 0)->status, FWPS_RIGHT_ACTION_WRITE);
  EXPECT_EQUAL(event_at(run, EVENT_CLASSIFY_CALLOUT, 1)->status, 0);
  EXPECT_EQUAL(event_at(run, EVENT_CLASSIFY_ANSWER, 0)->status, B);
  EXPECT_EQUAL(event_at(run, EVENT_CLASSIFY_ANSWER, 0)->detail, FWPS_CLASSIFY_OUT_FLAG_ABSORB);
  EXPECT_EQUAL(event_at(run, EVENT_CLASSIFY_ANSWER, 1)->status, P);
  EXPECT_EQUAL(event_at(run, EVENT_CLASSIFY_DECISION, 0)->status, B);
  EXPECT_EQUAL(event_at(run, EVENT_CLASSIFY_DECISION, 0)->detail, id | 1u << 16);
}

int main(void) {
  static const HarnessCase cases[] = {
    { .name = "W_ARB_1 to W_ARB_7, W_CO_2: the table", .setup = setup, .check = check },
    { .name = "semantics 5.1 stop_on_hard_block", .options = stop_options, .setup = setup, .check = stop_check },
    { .name = "W_ARB_7 events of an answer", .setup = events_setup, .check = events_check },
  };
  return harness_main("wfp arbitration", cases, sizeof cases / sizeof cases[0]);
}
