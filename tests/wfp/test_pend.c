/* W-PND: pending at ALE_AUTH_CONNECT, completing, the reauthorisation. */
#include "driver.h"

#define LAYER "FWPM_LAYER_ALE_AUTH_CONNECT_V4"

static HANDLE *contexts; /* guest memory */
static KEVENT *pended;   /* set when there is something to complete */
static FWP_ACTION_TYPE verdict;

static void setup(Classify classify, TcpipPlace place) {
  static DriverFilter filter;
  filter = (DriverFilter){ .layer = LAYER, .action = FWP_ACTION_CALLOUT_TERMINATING, .classify = classify };
  contexts = harness_memory(4 * sizeof *contexts);
  pended = harness_memory(sizeof *pended);
  KeInitializeEvent(pended, SynchronizationEvent, FALSE);
  verdict = FWP_ACTION_PERMIT;
  driver_setup(&filter, 1);
  traffic_connect(place, MS);
}

static void pend(const FWPS_INCOMING_METADATA_VALUES0 *metadata) {
  if (ddi_FwpsPendOperation0(metadata->completionHandle, &contexts[0]) == STATUS_SUCCESS)
    note("pended");
}

/* ---- a driver as it should be: pends, completes from a thread, returns the verdict from the reauthorisation ---- */

static void good_classify(const FWPS_INCOMING_VALUES0 *values, const FWPS_INCOMING_METADATA_VALUES0 *metadata, VOID *data,
                          const VOID *context, const FWPS_FILTER1 *filter, UINT64 flow, FWPS_CLASSIFY_OUT0 *out) {
  (void)data, (void)context, (void)filter, (void)flow;
  note_number(is_reauthorize(values) ? "again" : "first", KeGetCurrentIrql());
  if (is_reauthorize(values)) {
    answer(out, verdict, false, verdict == FWP_ACTION_BLOCK);
    return;
  }
  pend(metadata);
  KeSetEvent(pended, 0, FALSE);
  answer(out, FWP_ACTION_BLOCK, true, true);
}

static void complete(void *argument) {
  (void)argument;
  KeWaitForSingleObject(pended, Executive, KernelMode, FALSE, NULL);
  note("complete");
  ddi_FwpsCompleteOperation0(contexts[0], NULL);
  note("completed");
}

static void permit_setup(void) {
  setup(good_classify, in_thread());
  harness_thread("worker", 7, complete, NULL);
}

static void permit_check(const HarnessRun *run) {
  EXPECT_NOTES(run, "first=0 pended complete again=0 completed");
  EXPECT_EQUAL(connection_state(), CONNECTION_ESTABLISHED);
  EXPECT_EQUAL(event_count(run, EVENT_PEND), 1);
  EXPECT_EQUAL(event_at(run, EVENT_PEND_COMPLETE, 0)->detail, 0);
  EXPECT_EQUAL(event_count(run, EVENT_PEND_WITHOUT_ABSORB), 0);
  EXPECT_EQUAL(decision_at(run, LAYER, 0), FWP_ACTION_BLOCK);
  EXPECT_EQUAL(decision_at(run, LAYER, 1), FWP_ACTION_PERMIT);
  EXPECT_EQUAL(run->stop, SIM_STOP_QUIET);
}

static void block_setup(void) {
  permit_setup();
  verdict = FWP_ACTION_BLOCK;
}

static void block_check(const HarnessRun *run) {
  EXPECT_NOTES(run, "first=0 pended complete again=0 completed");
  EXPECT_EQUAL(connection_state(), CONNECTION_BLOCKED);
  EXPECT_EQUAL(tcpip_connection_find(local_end, remote_end)->status, STATUS_ACCESS_DENIED);
  EXPECT_EQUAL(run->stop, SIM_STOP_QUIET);
}

/* Inline on the completing thread, at its IRQL; and a classify in a DPC is no different for the pend. */
static void complete_raised(void *argument) {
  (void)argument;
  KIRQL irql;
  KeWaitForSingleObject(pended, Executive, KernelMode, FALSE, NULL);
  KeRaiseIrql(DISPATCH_LEVEL, &irql);
  ddi_FwpsCompleteOperation0(contexts[0], NULL);
  KeLowerIrql(irql);
}

static void raised_setup(void) {
  setup(good_classify, in_dpc(0));
  harness_thread("worker", 7, complete_raised, NULL);
}

static void raised_check(const HarnessRun *run) {
  EXPECT_NOTES(run, "first=2 pended again=2");
  EXPECT_EQUAL(connection_state(), CONNECTION_ESTABLISHED);
}

/* Never completed: it stays pended, and the run ends with the thread still waiting. */
static void never_setup(void) { setup(good_classify, in_thread()); }

static void never_check(const HarnessRun *run) {
  EXPECT_NOTES(run, "first=0 pended");
  EXPECT_EQUAL(connection_state(), CONNECTION_PENDED);
}

/* ---- completed while the classification is still on the stack ---- */

static void inline_classify(const FWPS_INCOMING_VALUES0 *values, const FWPS_INCOMING_METADATA_VALUES0 *metadata, VOID *data,
                            const VOID *context, const FWPS_FILTER1 *filter, UINT64 flow, FWPS_CLASSIFY_OUT0 *out) {
  (void)data, (void)context, (void)filter, (void)flow;
  if (is_reauthorize(values)) {
    note("again");
    answer(out, FWP_ACTION_PERMIT, false, false);
    return;
  }
  pend(metadata);
  ddi_FwpsCompleteOperation0(contexts[0], NULL);
  note("first-returns");
  answer(out, FWP_ACTION_BLOCK, false, true);
}

static void inline_setup(void) { setup(inline_classify, in_thread()); }

static void inline_check(const HarnessRun *run) {
  EXPECT_NOTES(run, "pended first-returns again");
  EXPECT_EQUAL(event_at(run, EVENT_PEND_COMPLETE, 0)->detail, 1);
  EXPECT_EQUAL(event_count(run, EVENT_PEND_WITHOUT_ABSORB), 1);
  EXPECT_EQUAL(event_at(run, EVENT_PEND_WITHOUT_ABSORB, 0)->status, FWP_ACTION_BLOCK);
  EXPECT_EQUAL(connection_state(), CONNECTION_ESTABLISHED); /* the decision is the reauthorisation's */
}

/* ---- where it cannot be done ---- */

static void again_classify(const FWPS_INCOMING_VALUES0 *values, const FWPS_INCOMING_METADATA_VALUES0 *metadata, VOID *data,
                           const VOID *context, const FWPS_FILTER1 *filter, UINT64 flow, FWPS_CLASSIFY_OUT0 *out) {
  (void)data, (void)context, (void)filter, (void)flow;
  bool has_handle = FWPS_IS_METADATA_FIELD_PRESENT(metadata, FWPS_METADATA_FIELD_COMPLETION_HANDLE);
  note(has_handle ? "handle" : "no-handle");
  NTSTATUS status = ddi_FwpsPendOperation0(metadata->completionHandle, &contexts[0]);
  note(status == STATUS_SUCCESS ? "pended" : status == STATUS_FWP_CANNOT_PEND ? "cannot-pend" : "?");
  if (is_reauthorize(values)) {
    answer(out, FWP_ACTION_PERMIT, false, false);
    return;
  }
  note(ddi_FwpsPendOperation0(NULL, &contexts[1]) == STATUS_FWP_NULL_POINTER ? "null-pointer" : "?");
  KeSetEvent(pended, 0, FALSE);
  answer(out, FWP_ACTION_BLOCK, true, true);
}

static void again_setup(void) {
  setup(again_classify, in_thread());
  harness_thread("worker", 7, complete, NULL);
}

static void again_check(const HarnessRun *run) {
  EXPECT_NOTES(run, "handle pended null-pointer complete no-handle cannot-pend completed");
  EXPECT_EQUAL(event_count(run, EVENT_PEND_FAILED), 2);
}

static void repend_options(ModelOptions *options) { options->allows_repend = true; }

static void repend_check(const HarnessRun *run) {
  EXPECT_NOTES(run, "handle pended null-pointer complete handle pended completed");
  EXPECT_EQUAL(event_count(run, EVENT_PEND_WITHOUT_ABSORB), 1);
  EXPECT_EQUAL(connection_state(), CONNECTION_PENDED);
}

/* ---- two pends of one classification: the last completion goes on ---- */

static void twice_classify(const FWPS_INCOMING_VALUES0 *values, const FWPS_INCOMING_METADATA_VALUES0 *metadata, VOID *data,
                           const VOID *context, const FWPS_FILTER1 *filter, UINT64 flow, FWPS_CLASSIFY_OUT0 *out) {
  (void)data, (void)context, (void)filter, (void)flow;
  if (is_reauthorize(values)) {
    note("again");
    answer(out, FWP_ACTION_PERMIT, false, false);
    return;
  }
  ddi_FwpsPendOperation0(metadata->completionHandle, &contexts[0]);
  ddi_FwpsPendOperation0(metadata->completionHandle, &contexts[1]);
  KeSetEvent(pended, 0, FALSE);
  answer(out, FWP_ACTION_BLOCK, true, true);
}

static void complete_both(void *argument) {
  (void)argument;
  KeWaitForSingleObject(pended, Executive, KernelMode, FALSE, NULL);
  ddi_FwpsCompleteOperation0(contexts[1], NULL);
  note("one");
  ddi_FwpsCompleteOperation0(contexts[0], NULL);
  note("other");
}

static void twice_setup(void) {
  setup(twice_classify, in_thread());
  harness_thread("worker", 7, complete_both, NULL);
}

static void twice_check(const HarnessRun *run) {
  EXPECT_NOTES(run, "one again other");
  EXPECT_EQUAL(connection_state(), CONNECTION_ESTABLISHED);
}

/* ---- contexts that are none ---- */

static void complete_twice(void *argument) {
  (void)argument;
  KeWaitForSingleObject(pended, Executive, KernelMode, FALSE, NULL);
  ddi_FwpsCompleteOperation0(contexts[0], NULL);
  ddi_FwpsCompleteOperation0(contexts[0], NULL);
  note("survived");
}

static void stale_setup(void) {
  setup(good_classify, in_thread());
  harness_thread("worker", 7, complete_twice, NULL);
}

/* Freed memory is still there, unless a schedule says otherwise: Windows says nothing. */
static void stale_check(const HarnessRun *run) {
  EXPECT_NOTES(run, "first=0 pended again=0 survived");
  EXPECT_EQUAL(event_count(run, EVENT_PEND_STALE), 1);
  EXPECT_EQUAL(event_at(run, EVENT_PEND_STALE, 0)->detail, 1);
  EXPECT_EQUAL(event_at(run, EVENT_FAULT, 0)->detail & 0xff, SIM_FAULT_FREED);
}

static void complete_garbage(void *argument) {
  ddi_FwpsCompleteOperation0((HANDLE)argument, NULL);
  note("survived");
}

static void null_setup(void) { harness_thread("worker", 7, complete_garbage, NULL); }

static void null_check(const HarnessRun *run) {
  EXPECT_NOTES(run, "");
  EXPECT_EQUAL(event_at(run, EVENT_PEND_STALE, 0)->detail, 0);
  EXPECT_BUGCHECK(run, 0x7e); /* an access violation in a system thread */
}

static void complete_garbage_raised(void *argument) {
  KIRQL irql;
  KeRaiseIrql(DISPATCH_LEVEL, &irql);
  ddi_FwpsCompleteOperation0((HANDLE)argument, NULL);
}

static void garbage_setup(void) { harness_thread("worker", 7, complete_garbage_raised, (void *)0xffff800012345678ULL); }

static void garbage_check(const HarnessRun *run) {
  EXPECT(run->bugcheck != NULL && (run->bugcheck->code == 0xd1 || run->bugcheck->code == 0xa));
  EXPECT(run->bugcheck != NULL && run->bugcheck->parameters[0] == 0xffff800012345678ULL && run->bugcheck->parameters[1] == 2);
}

/* ---- the socket is closed while its connection is pended: completing it does nothing more ---- */

static void close_then_complete(void *argument) {
  (void)argument;
  KeWaitForSingleObject(pended, Executive, KernelMode, FALSE, NULL);
  KeDelayExecutionThread(KernelMode, FALSE, &(LARGE_INTEGER){ .QuadPart = -100000 });
  tcpip_close(tcpip_connection_find(local_end, remote_end), true);
  ddi_FwpsCompleteOperation0(contexts[0], NULL);
  note("completed");
}

static void closed_setup(void) {
  setup(good_classify, in_thread());
  harness_thread("worker", 7, close_then_complete, NULL);
}

static void closed_check(const HarnessRun *run) {
  EXPECT_NOTES(run, "first=0 pended completed");
  EXPECT_EQUAL(connection_state(), CONNECTION_CLOSED);
  EXPECT_EQUAL(run->stop, SIM_STOP_QUIET);
}

/* ---- completed by another cpu before the classification has returned (semantics 4.3, fast worker) ---- */

static void slow_classify(const FWPS_INCOMING_VALUES0 *values, const FWPS_INCOMING_METADATA_VALUES0 *metadata, VOID *data,
                          const VOID *context, const FWPS_FILTER1 *filter, UINT64 flow, FWPS_CLASSIFY_OUT0 *out) {
  (void)data, (void)context, (void)filter, (void)flow;
  note_number(is_reauthorize(values) ? "again" : "first", (long)KeGetCurrentProcessorNumber());
  if (is_reauthorize(values)) {
    answer(out, FWP_ACTION_PERMIT, false, false);
    return;
  }
  pend(metadata);
  KeSetEvent(pended, 0, FALSE);
  for (int i = 0; i < 100; i++)
    sim_point(sim_machine(), SIM_POINT_CALL, 0, 0, 1000);
  note("first-returns");
  answer(out, FWP_ACTION_BLOCK, true, true);
}

static void fast_setup(void) {
  setup(slow_classify, in_dpc(0));
  harness_thread("worker", 7, complete, NULL)->affinity = 2;
}

static void fast_check(const HarnessRun *run) {
  EXPECT_NOTES(run, "first=0 pended complete completed first-returns again=0");
  EXPECT_EQUAL(connection_state(), CONNECTION_ESTABLISHED);
}

int main(void) {
  static const HarnessCase cases[] = {
    { .name = "W_PND_4 completed, reauthorised, permitted", .setup = permit_setup, .check = permit_check },
    { .name = "W_PND_4 completed, reauthorised, blocked", .setup = block_setup, .check = block_check },
    { .name = "W_PND_7 inline at the IRQL of who completes", .setup = raised_setup, .check = raised_check },
    { .name = "W_PND_7 completed inside of the classification: the classifying thread goes on",
      .setup = inline_setup,
      .check = inline_check },
    { .name = "W_PND_7 another cpu is faster", .cpus = 2, .setup = fast_setup, .check = fast_check },
    { .name = "W_PND_7 two pends, the last completion goes on", .setup = twice_setup, .check = twice_check },
    { .name = "W_PND_1 no handle, no pend; W_REA_3", .setup = again_setup, .check = again_check },
    { .name = "W_REA_3 with allow_repend", .options = repend_options, .setup = again_setup, .check = repend_check },
    { .name = "W_PND_10 never completed", .setup = never_setup, .check = never_check },
    { .name = "W_PND_10 completed twice", .setup = stale_setup, .check = stale_check },
    { .name = "W_PND_10 NULL completed", .setup = null_setup, .check = null_check },
    { .name = "W_PND_10 garbage completed at DISPATCH_LEVEL", .setup = garbage_setup, .check = garbage_check },
    { .name = "W_PND_10 closed before it is completed", .setup = closed_setup, .check = closed_check },
  };
  return harness_main("wfp pend", cases, sizeof cases / sizeof cases[0]);
}
