/* W-STR, W-INJ: stream data and out-of-band injection; and the fault of netio.sys that KB2664888 mends. */
#include "driver.h"

#define STREAM "FWPM_LAYER_STREAM_V4"
#define MIDDLE 2 /* sublayers */
#define LOW 3

#define CLASSIFY(name)                                                                                                                     \
  static void name(const FWPS_INCOMING_VALUES0 *values, const FWPS_INCOMING_METADATA_VALUES0 *metadata, VOID *data, const VOID *context,   \
                   const FWPS_FILTER1 *filter, UINT64 flow, FWPS_CLASSIFY_OUT0 *out)
#define UNUSED (void)values, (void)metadata, (void)data, (void)context, (void)filter, (void)flow, (void)out

/* An out-of-band editor: what it took, and where. In guest memory. */
typedef struct Editor {
  HANDLE injection;
  NET_BUFFER_LIST *taken[16];
  SIZE_T lengths[16];
  UINT32 flags[16];
  unsigned count, injected;
  UINT64 flow;
  KEVENT work;
  unsigned pad;
  KSPIN_LOCK lock;
} Editor;

static Editor *editor;
static unsigned wanted; /* injections after which the worker ends */

/* ---- the editor's callout: takes everything ---- */

static void completed(VOID *context, NET_BUFFER_LIST *list, BOOLEAN dispatch_level) {
  (void)context;
  note(list->Status == STATUS_SUCCESS ? "completed" : "completed-badly");
  if (dispatch_level != (KeGetCurrentIrql() >= DISPATCH_LEVEL))
    note("dispatch-level?");
  ddi_FwpsFreeCloneNetBufferList0(list, 0);
}

/* What the network sends is the alphabet again and again. */
static void letters_look(const NET_BUFFER_LIST *list) {
  const MDL *mdl = list->FirstNetBuffer->MdlChain;
  const char *letters = mdl->MappedSystemVa;
  for (ULONG at = 0; at < mdl->ByteCount; at++)
    if (letters[at] != "abcdefghijklmnopqrstuvwxyz"[at % 26]) {
      note_number("letter?", (long)at);
      return;
    }
}

CLASSIFY(take) {
  UNUSED;
  FWPS_STREAM_CALLOUT_IO_PACKET0 *packet = data;
  unsigned at = editor->count;
  note_number("take", (long)packet->streamData->dataLength);
  editor->flow = metadata->flowHandle;
  editor->flags[at] = packet->streamData->flags;
  editor->lengths[at] = packet->streamData->dataLength;
  if (packet->streamData->netBufferListChain != NULL) {
    letters_look(packet->streamData->netBufferListChain);
    ddi_FwpsCloneStreamData0(packet->streamData, NULL, NULL, 0, &editor->taken[at]);
  }
  editor->count++;
  packet->streamAction = FWPS_STREAM_ACTION_NONE;
  out->actionType = FWP_ACTION_BLOCK;
  KeSetEvent(&editor->work, 0, FALSE);
}

CLASSIFY(watch) {
  UNUSED;
  FWPS_STREAM_CALLOUT_IO_PACKET0 *packet = data;
  note_number(KeGetCurrentIrql() == DISPATCH_LEVEL ? "watch" : "watch-low", (long)packet->streamData->dataLength);
  out->actionType = FWP_ACTION_PERMIT;
}

CLASSIFY(watch_block) {
  UNUSED;
  note("lower-blocks");
  out->actionType = FWP_ACTION_BLOCK;
}

static NTSTATUS inject(unsigned at) {
  UINT32 flags = editor->flags[at] & ~(UINT32)FWPS_STREAM_FLAG_RECEIVE_PUSH;
  UINT32 callout = driver_callout(STREAM);
  return ddi_FwpsStreamInjectAsync0(editor->injection, NULL, 0, editor->flow, callout, FWPS_LAYER_STREAM_V4, flags, editor->taken[at],
                                    editor->lengths[at], completed, NULL);
}

static void inject_next(void) {
  NTSTATUS status = inject(editor->injected);
  editor->injected++;
  note(status == STATUS_SUCCESS ? "injected" : status == STATUS_CONNECTION_DISCONNECTED ? "gone" : "?");
  if (KeGetCurrentIrql() != PASSIVE_LEVEL)
    note("leaked");
}

static void worker(void *argument) {
  (void)argument;
  while (editor->injected < wanted) {
    KeWaitForSingleObject(&editor->work, Executive, KernelMode, FALSE, NULL);
    while (editor->injected < editor->count && editor->injected < wanted)
      inject_next();
  }
}

/* ---- set-up ---- */

static void editor_setup(const DriverFilter *filters, size_t count, KeThreadStart *start) {
  editor = harness_memory(sizeof *editor);
  KeInitializeEvent(&editor->work, SynchronizationEvent, FALSE);
  KeInitializeSpinLock(&editor->lock);
  wanted = 1;
  FwpsInjectionHandleCreate0(AF_INET, FWPS_INJECTION_TYPE_STREAM, &editor->injection);
  driver_setup(filters, count);
  if (start != NULL)
    harness_thread("worker", 12, start, NULL)->affinity = MODEL->ke.prcb_count > 1 ? 2 : 1;
  traffic_connect(in_thread(), MS);
}

static const DriverFilter editor_alone[] = {
  { .layer = STREAM, .action = FWP_ACTION_CALLOUT_TERMINATING, .classify = take, .sublayer = MIDDLE },
};
static const DriverFilter editor_above_watcher[] = {
  { .layer = STREAM, .action = FWP_ACTION_CALLOUT_TERMINATING, .classify = take, .sublayer = MIDDLE },
  { .layer = STREAM, .action = FWP_ACTION_CALLOUT_TERMINATING, .classify = watch, .sublayer = LOW },
};
static const DriverFilter editor_above_blocker[] = {
  { .layer = STREAM, .action = FWP_ACTION_CALLOUT_TERMINATING, .classify = take, .sublayer = MIDDLE },
  { .layer = STREAM, .action = FWP_ACTION_CALLOUT_TERMINATING, .classify = watch_block, .sublayer = LOW },
};

static void faulty(ModelOptions *options) {
  options->netio = MODEL_NETIO_FAULTY;
  options->leak_paths = 1u << MODEL_LEAK_ALWAYS;
}

static void faulty_lower(ModelOptions *options) {
  faulty(options);
  options->leak_paths = 1u << MODEL_LEAK_LOWER_CALLOUT_BLOCKS;
}

static void faulty_closing(ModelOptions *options) {
  faulty(options);
  options->leak_paths = 1u << MODEL_LEAK_FLOW_CLOSING;
}

static void faulty_error(ModelOptions *options) {
  faulty(options);
  options->leak_paths = 1u << MODEL_LEAK_ERROR_RETURN;
}

static void faulty_any(ModelOptions *options) {
  faulty(options);
  options->leak_paths = 0;
}

/* ---- data in, taken, injected: only lighter sublayers see it, under the lock, at DISPATCH_LEVEL ---- */

static void data_setup(void) {
  editor_setup(editor_above_watcher, 2, worker);
  traffic(TCPIP_DATA_IN, 100, -1, 10 * MS);
}

static void data_check(const HarnessRun *run) {
  EXPECT_NOTES(run, "take=100 watch=100 completed injected");
  EXPECT_EQUAL(event_count(run, EVENT_STREAM_DATA), 1);
  EXPECT_EQUAL(event_at(run, EVENT_STREAM_DATA, 0)->detail, 100);
  EXPECT_EQUAL(event_count(run, EVENT_STREAM_INJECT), 1);
  EXPECT_EQUAL(event_count(run, EVENT_STREAM_INJECTED), 1);
  EXPECT_EQUAL(event_count(run, EVENT_CONTRACT_IRQL_RETURN), 0);
  EXPECT_EQUAL(run->stop, SIM_STOP_QUIET);
}

/* The waterfall without an editor: what the upper one blocks the lower one does not see. */
static void waterfall_setup(void) {
  static const DriverFilter filters[] = {
    { .layer = STREAM, .action = FWP_ACTION_CALLOUT_TERMINATING, .classify = watch_block, .sublayer = MIDDLE },
    { .layer = STREAM, .action = FWP_ACTION_CALLOUT_TERMINATING, .classify = watch, .sublayer = LOW },
  };
  editor_setup(filters, 2, NULL);
  traffic(TCPIP_DATA_IN, 3000, -1, 10 * MS);
}

static void waterfall_check(const HarnessRun *run) {
  EXPECT_NOTES(run, "lower-blocks lower-blocks lower-blocks"); /* three segments */
  EXPECT_EQUAL(event_count(run, EVENT_STREAM_DATA), 0);
}

/* ---- the fault ---- */

static void leak_setup(void) {
  editor_setup(editor_alone, 1, worker);
  traffic(TCPIP_DATA_IN, 100, -1, 10 * MS);
}

static void leak_check(const HarnessRun *run) {
  EXPECT_NOTES(run, "take=100 injected leaked completed"); /* the completion's DPC runs only when the thread has ended */
  EXPECT_EQUAL(event_count(run, EVENT_IRQL_LEAK_PATH), 1);
  const SimEvent *broken = event_at(run, EVENT_CONTRACT_IRQL_RETURN, 0);
  EXPECT(broken != NULL && broken->function == DDI_FwpsStreamInjectAsync0 && broken->detail == (PASSIVE_LEVEL | DISPATCH_LEVEL << 8));
  EXPECT_EQUAL(event_count(run, EVENT_CONTRACT_IRQL_RETURN), 1);
}

/* Windows 8's netio.sys is mended, whatever its path. */
static void mended_check(const HarnessRun *run) {
  EXPECT_NOTES(run, "take=100 completed injected");
  EXPECT_EQUAL(event_count(run, EVENT_IRQL_LEAK_PATH), 0);
}

static void by_version(ModelOptions *options) { options->leak_paths = 1u << MODEL_LEAK_ALWAYS; }

static void lower_setup(void) {
  editor_setup(editor_above_blocker, 2, worker);
  traffic(TCPIP_DATA_IN, 100, -1, 10 * MS);
}

static void lower_check(const HarnessRun *run) {
  EXPECT_NOTES(run, "take=100 lower-blocks injected leaked completed");
  EXPECT_EQUAL(event_at(run, EVENT_IRQL_LEAK_PATH, 0)->detail, MODEL_LEAK_LOWER_CALLOUT_BLOCKS);
}

static void lower_not_taken_check(const HarnessRun *run) {
  EXPECT_NOTES(run, "take=100 completed injected");
  EXPECT_EQUAL(event_count(run, EVENT_IRQL_LEAK_PATH), 0);
}

static void any_check(const HarnessRun *run) { EXPECT_NOTES(run, "take=100 lower-blocks completed injected"); } /* natural: none */

/* Control cases: at DISPATCH_LEVEL, or under an own spin lock, the fault does no harm. */
static void worker_locked(void *argument) {
  KIRQL irql;
  (void)argument;
  KeWaitForSingleObject(&editor->work, Executive, KernelMode, FALSE, NULL);
  KeAcquireSpinLock(&editor->lock, &irql);
  note(inject(0) == STATUS_SUCCESS ? "injected" : "?");
  KeReleaseSpinLock(&editor->lock, irql);
  note_number("irql", KeGetCurrentIrql());
}

static void locked_setup(void) {
  editor_setup(editor_alone, 1, worker_locked);
  traffic(TCPIP_DATA_IN, 100, -1, 10 * MS);
}

static void locked_check(const HarnessRun *run) {
  EXPECT_NOTES(run, "take=100 injected completed irql=0");
  EXPECT_EQUAL(event_count(run, EVENT_IRQL_LEAK_PATH), 1);
  EXPECT_EQUAL(event_count(run, EVENT_CONTRACT_IRQL_RETURN), 0);
}

CLASSIFY(take_and_inject) {
  take(values, metadata, data, context, filter, flow, out);
  note(inject(0) == STATUS_SUCCESS ? "injected" : "?");
}

static void inline_setup(void) {
  static const DriverFilter filters[] = {
    { .layer = STREAM, .action = FWP_ACTION_CALLOUT_TERMINATING, .classify = take_and_inject, .sublayer = MIDDLE },
  };
  editor_setup(filters, 1, NULL);
  traffic(TCPIP_DATA_IN, 100, -1, 10 * MS);
}

static void inline_check(const HarnessRun *run) {
  EXPECT_NOTES(run, "take=100 injected completed");
  EXPECT_EQUAL(event_count(run, EVENT_CONTRACT_IRQL_RETURN), 0);
  EXPECT_EQUAL(run->stop, SIM_STOP_QUIET);
}

/* ---- a FIN comes while data is held ---- */

static void worker_late(void *argument) {
  KeWaitForSingleObject(&editor->work, Executive, KernelMode, FALSE, NULL);
  KeDelayExecutionThread(KernelMode, FALSE, &(LARGE_INTEGER){ .QuadPart = -500000 });
  KeSetEvent(&editor->work, 0, FALSE);
  wanted = 2;
  worker(argument);
}

static void fin_setup(void) {
  editor_setup(editor_alone, 1, worker_late);
  traffic(TCPIP_DATA_IN, 100, -1, 10 * MS);
  traffic(TCPIP_FIN_IN, 0, -1, 20 * MS);
}

static void fin_check(const HarnessRun *run) {
  EXPECT_NOTES(run, "take=100 take=0 completed injected injected");
  EXPECT_EQUAL(connection_state(), CONNECTION_CLOSED);
  EXPECT_EQUAL(run->stop, SIM_STOP_QUIET);
}

/* The completion comes when the thread has ended. */
static void closing_check(const HarnessRun *run) {
  EXPECT_NOTES(run, "take=100 take=0 injected leaked injected leaked completed");
  EXPECT_EQUAL(event_at(run, EVENT_IRQL_LEAK_PATH, 0)->detail, MODEL_LEAK_FLOW_CLOSING);
}

/* The FIN comes on another cpu while the lower callout still looks, under the flow's lock. */
CLASSIFY(watch_long) {
  UNUSED;
  note("watch");
  for (int i = 0; i < 20; i++)
    sim_point(sim_machine(), SIM_POINT_CALL, 0, 0, MS);
  note("watched");
  out->actionType = FWP_ACTION_PERMIT;
}

static void falls_setup(void) {
  static const DriverFilter filters[] = {
    { .layer = STREAM, .action = FWP_ACTION_CALLOUT_TERMINATING, .classify = take, .sublayer = MIDDLE },
    { .layer = STREAM, .action = FWP_ACTION_CALLOUT_TERMINATING, .classify = watch_long, .sublayer = LOW },
  };
  editor_setup(filters, 2, worker);
  traffic(TCPIP_DATA_IN, 100, -1, 10 * MS);
  traffic(TCPIP_FIN_IN, 0, -1, 15 * MS);
}

static void falls_check(const HarnessRun *run) {
  EXPECT_NOTES(run, "take=100 watch take=0 watched injected leaked completed");
  EXPECT_EQUAL(event_at(run, EVENT_IRQL_LEAK_PATH, 0)->detail, MODEL_LEAK_FLOW_CLOSING);
}

/* An RST there: its end of the flow waits for the lock. */
static void falls_abort_setup(void) {
  falls_setup();
  traffic(TCPIP_RST_IN, 0, -1, 20 * MS);
}

static void falls_abort_check(const HarnessRun *run) {
  EXPECT_NOTES(run, "take=100 watch take=0 watched injected leaked completed");
  EXPECT_EQUAL(connection_state(), CONNECTION_CLOSED);
  EXPECT(event_count(run, SIM_EVENT_SPIN) >= 1);
}

/* An abort ends the flow at once. */
static void abort_setup(void) {
  editor_setup(editor_alone, 1, worker_late);
  traffic(TCPIP_DATA_IN, 100, -1, 10 * MS);
  traffic(TCPIP_RST_IN, 0, -1, 20 * MS);
}

static void abort_check(const HarnessRun *run) {
  EXPECT_NOTES(run, "take=100 take=0 gone gone");
  EXPECT_EQUAL(event_at(run, EVENT_STREAM_INJECT, 0)->status, STATUS_CONNECTION_DISCONNECTED);
  EXPECT_EQUAL(event_count(run, EVENT_STREAM_INJECTED), 0);
}

static void error_check(const HarnessRun *run) {
  EXPECT_NOTES(run, "take=100 take=0 gone leaked gone leaked");
  EXPECT_EQUAL(event_at(run, EVENT_IRQL_LEAK_PATH, 0)->detail, MODEL_LEAK_ERROR_RETURN);
}

/* ---- outbound: completed when the far end has acknowledged ---- */

static void outbound_setup(void) {
  editor_setup(editor_alone, 1, worker);
  traffic(TCPIP_DATA_OUT, 50, -1, 10 * MS);
}

static void outbound_check(const HarnessRun *run) {
  EXPECT_NOTES(run, "take=50 injected completed");
  EXPECT_EQUAL(tcpip_connection_find(local_end, remote_end)->bytes_out, 50);
}

/* ---- parameters ---- */

static void parameters(void *argument) {
  (void)argument;
  UINT32 callout = driver_callout(STREAM);
  KeWaitForSingleObject(&editor->work, Executive, KernelMode, FALSE, NULL);
  NET_BUFFER_LIST *list = editor->taken[0];
  HANDLE handle = editor->injection;
  UINT64 flow = editor->flow;
#define INJECT(flags, list_, function)                                                                                                     \
  FwpsStreamInjectAsync0(handle, NULL, 0, flow, callout, FWPS_LAYER_STREAM_V4, flags, list_, 100, function, NULL)
  note(INJECT(FWPS_STREAM_FLAG_RECEIVE, list, NULL) == STATUS_FWP_NULL_POINTER ? "null" : "?");
  note(INJECT(FWPS_STREAM_FLAG_RECEIVE_DISCONNECT, list, completed) == STATUS_FWP_INVALID_PARAMETER ? "no-base" : "?");
  note(INJECT(FWPS_STREAM_FLAG_RECEIVE | FWPS_STREAM_FLAG_SEND, list, completed) == STATUS_FWP_INVALID_PARAMETER ? "both" : "?");
  note(INJECT(FWPS_STREAM_FLAG_RECEIVE, NULL, completed) == STATUS_FWP_NULL_POINTER ? "no-list" : "?");
  handle = (HANDLE)1;
  note(INJECT(FWPS_STREAM_FLAG_RECEIVE, list, completed) == STATUS_FWP_INJECT_HANDLE_STALE ? "stale" : "?");
  handle = editor->injection;
  note(INJECT(FWPS_STREAM_FLAG_RECEIVE, list, completed) == STATUS_SUCCESS ? "ok" : "?");
  note(FwpsInjectionHandleDestroy0(handle) == STATUS_SUCCESS ? "destroyed" : "?");
  note(FwpsInjectionHandleDestroy0(handle) == STATUS_FWP_INJECT_HANDLE_STALE ? "stale" : "?");
}

static void parameters_setup(void) {
  editor_setup(editor_alone, 1, parameters);
  traffic(TCPIP_DATA_IN, 100, -1, 10 * MS);
}

static void parameters_check(const HarnessRun *run) {
  EXPECT_NOTES(run, "take=100 null no-base both no-list stale completed ok destroyed stale");
}

/* Destroying the handle waits for an acknowledgement that is on its way. */
static void destroy(void *argument) {
  (void)argument;
  KeWaitForSingleObject(&editor->work, Executive, KernelMode, FALSE, NULL);
  note(inject(0) == STATUS_SUCCESS ? "injected" : "?");
  note(ddi_FwpsInjectionHandleDestroy0(editor->injection) == STATUS_SUCCESS ? "destroyed" : "?");
}

static void destroy_setup(void) {
  editor_setup(editor_alone, 1, destroy);
  traffic(TCPIP_DATA_OUT, 50, -1, 10 * MS);
}

static void destroy_check(const HarnessRun *run) { EXPECT_NOTES(run, "take=50 injected completed destroyed"); }

/* ---- a lower callout that injects inside of an injection: no deadlock with the flow's lock ---- */

CLASSIFY(nested) {
  UNUSED;
  FWPS_STREAM_CALLOUT_IO_PACKET0 *packet = data;
  note_number("nested", (long)packet->streamData->dataLength);
  out->actionType = FWP_ACTION_BLOCK;
  if (ddi_FwpsCloneStreamData0(packet->streamData, NULL, NULL, 0, &editor->taken[15]) != STATUS_SUCCESS)
    return;
  UINT32 own = filter->action.calloutId;
  NTSTATUS status =
      ddi_FwpsStreamInjectAsync0(editor->injection, NULL, 0, metadata->flowHandle, own, FWPS_LAYER_STREAM_V4, FWPS_STREAM_FLAG_RECEIVE,
                                 editor->taken[15], packet->streamData->dataLength, completed, NULL);
  note(status == STATUS_SUCCESS ? "nested-injected" : "?");
}

static void nested_setup(void) {
  static const DriverFilter filters[] = {
    { .layer = STREAM, .action = FWP_ACTION_CALLOUT_TERMINATING, .classify = take, .sublayer = MIDDLE },
    { .layer = STREAM, .action = FWP_ACTION_CALLOUT_TERMINATING, .classify = nested, .sublayer = LOW },
  };
  editor_setup(filters, 2, worker);
  traffic(TCPIP_DATA_IN, 100, -1, 10 * MS);
}

static void nested_check(const HarnessRun *run) {
  EXPECT_NOTES(run, "take=100 nested=100 nested-injected completed completed injected");
  EXPECT_EQUAL(event_count(run, EVENT_STREAM_DATA), 1);
  EXPECT_EQUAL(event_count(run, EVENT_LOCK_RECURSION), 0);
}

/* ---- actions ---- */

CLASSIFY(drop) {
  UNUSED;
  FWPS_STREAM_CALLOUT_IO_PACKET0 *packet = data;
  packet->streamAction = FWPS_STREAM_ACTION_DROP_CONNECTION;
}

static void drop_setup(void) {
  static const DriverFilter filters[] = { { .layer = STREAM, .action = FWP_ACTION_CALLOUT_UNKNOWN, .classify = drop, .sublayer = MIDDLE } };
  editor_setup(filters, 1, NULL);
  traffic(TCPIP_DATA_IN, 100, -1, 10 * MS);
}

static void drop_check(const HarnessRun *run) {
  (void)run;
  EXPECT_EQUAL(connection_state(), CONNECTION_BLOCKED);
}

CLASSIFY(defer) {
  UNUSED;
  FWPS_STREAM_CALLOUT_IO_PACKET0 *packet = data;
  note_number("defer", (long)packet->streamData->dataLength);
  editor->flow = metadata->flowHandle;
  out->actionType = FWP_ACTION_PERMIT;
  if (editor->count++ == 0)
    packet->streamAction = FWPS_STREAM_ACTION_DEFER;
  KeSetEvent(&editor->work, 0, FALSE);
}

static void go_on(void *argument) {
  (void)argument;
  KeWaitForSingleObject(&editor->work, Executive, KernelMode, FALSE, NULL);
  KeDelayExecutionThread(KernelMode, FALSE, &(LARGE_INTEGER){ .QuadPart = -500000 });
  note("continue");
  ddi_FwpsStreamContinue0(editor->flow, driver_callout(STREAM), FWPS_LAYER_STREAM_V4, FWPS_STREAM_FLAG_RECEIVE);
}

static void defer_setup(void) {
  static const DriverFilter filters[] = {
    { .layer = STREAM, .action = FWP_ACTION_CALLOUT_TERMINATING, .classify = defer, .sublayer = MIDDLE }
  };
  editor_setup(filters, 1, go_on);
  traffic(TCPIP_DATA_IN, 100, -1, 10 * MS);
  traffic(TCPIP_DATA_IN, 30, -1, 11 * MS);
}

static void defer_check(const HarnessRun *run) {
  EXPECT_NOTES(run, "defer=100 continue defer=130");
  EXPECT_EQUAL(event_at(run, EVENT_STREAM_DATA, 0)->detail, 130);
}

int main(void) {
  static const HarnessCase cases[] = {
    { .name = "W_STR_6 W_STR_7 W_STR_8 taken, injected, shown below", .cpus = 2, .setup = data_setup, .check = data_check },
    { .name = "W_ARB_8 a strict waterfall", .setup = waterfall_setup, .check = waterfall_check },
    { .name = "KB2664888 always", .cpus = 2, .options = faulty, .setup = leak_setup, .check = leak_check },
    { .name = "KB2664888 by version: Windows 7 SP1",
      .cpus = 2,
      .windows = DDI_WINDOWS_7_SP1,
      .options = by_version,
      .setup = leak_setup,
      .check = leak_check },
    { .name = "KB2664888 by version: Windows 8",
      .cpus = 2,
      .windows = DDI_WINDOWS_8,
      .options = by_version,
      .setup = leak_setup,
      .check = mended_check },
    { .name = "KB2664888 a lower callout blocks", .cpus = 2, .options = faulty_lower, .setup = lower_setup, .check = lower_check },
    { .name = "KB2664888 no lower callout, no leak",
      .cpus = 2,
      .options = faulty_lower,
      .setup = leak_setup,
      .check = lower_not_taken_check },
    { .name = "KB2664888 any path: naturally none", .cpus = 2, .options = faulty_any, .setup = lower_setup, .check = any_check },
    { .name = "KB2664888 under an own spin lock no harm", .cpus = 2, .options = faulty, .setup = locked_setup, .check = locked_check },
    { .name = "KB2664888 inline at DISPATCH_LEVEL no harm", .cpus = 2, .options = faulty, .setup = inline_setup, .check = inline_check },
    { .name = "KB2664888 the flow is closing", .cpus = 2, .options = faulty_closing, .setup = fin_setup, .check = closing_check },
    { .name = "KB2664888 a FIN falls into the injection",
      .cpus = 2,
      .options = faulty_closing,
      .setup = falls_setup,
      .check = falls_check },
    { .name = "KB2664888 an RST falls into the injection",
      .cpus = 2,
      .options = faulty_closing,
      .setup = falls_abort_setup,
      .check = falls_abort_check },
    { .name = "KB2664888 an error return", .cpus = 2, .options = faulty_error, .setup = abort_setup, .check = error_check },
    { .name = "W_STR_6 a FIN is kept and injected", .cpus = 2, .setup = fin_setup, .check = fin_check },
    { .name = "W_STR_6 after an abort nothing is injected", .cpus = 2, .setup = abort_setup, .check = abort_check },
    { .name = "W_INJ_3 outbound: completed with the acknowledgement", .cpus = 2, .setup = outbound_setup, .check = outbound_check },
    { .name = "W_STR_7 parameters", .cpus = 2, .setup = parameters_setup, .check = parameters_check },
    { .name = "W_INJ_2 destroying the handle waits", .cpus = 2, .setup = destroy_setup, .check = destroy_check },
    { .name = "W_STR_8 a lower callout injects in its turn", .cpus = 2, .setup = nested_setup, .check = nested_check },
    { .name = "W_STR_5 DROP_CONNECTION", .setup = drop_setup, .check = drop_check },
    { .name = "W_STR_4 DEFER", .setup = defer_setup, .check = defer_check },
  };
  return harness_main("wfp stream", cases, sizeof cases / sizeof cases[0]);
}
