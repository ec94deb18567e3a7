/* What can vary and what can fail: every kind of choice is met and taken, each thing that can fail does so once, alone and by pairs, in boots and behind
 * them; what is found is found again by its line and by the scenario's own words. In the scenarios here ` stands for ". */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "run_faults.h"
#include "run_vary.h"

#include "model/events.h"

#include <string.h>

#define HEAD "{ `irqlab`: 1, `title`: `t`, "
#define ALLOCATE(variable) "`" variable " = ExAllocatePool2(POOL_FLAG_NON_PAGED, 16, 1)`"
#define CONNECT "{ `at`: `1ms`, `in`: `thread of browser`, `tcp connect`: `10.0.0.1:49152 -> 192.0.2.7:443` }"

/* Two blocks, the second used unseen; where the first is missing a third is taken, unseen as well. */
#define BLOCKS(before)                                                                                                                     \
  "`drivers`: { `fw`: { `globals`: { `gCount`: `LONG` }, `OnDpc`: { `as`: `KDEFERRED_ROUTINE`, `locals`: { `a`: `PULONG`, `b`: `PULONG` "  \
  "}, "                                                                                                                                    \
  "`do`: [" before ALLOCATE("a") ", { `if`: `a == NULL`, `then`: [" ALLOCATE("a") ", `*a = 1`] }, `ExFreePool(a)`, " ALLOCATE(             \
      "b") ", `*b = 1`, `ExFreePool(b)`] } } }, `traffic`: [{ `at`: `1ms`, `dpc`: `fw.OnDpc` }]"

static Scenario *scenario_of(const char *text) {
  g_autofree char *json = g_strdelimit(g_strdup(text), "`", '"');
  g_autoptr(GError) error = NULL;
  Scenario *scenario = scenario_load_bytes("x.json", json, strlen(json), &error);
  if (scenario == NULL)
    fail_msg("%s\n%s", error->message, json);
  return scenario;
}

static ScenarioRun *run_of(const Scenario *scenario) {
  g_autoptr(GError) error = NULL;
  ScenarioRun *run = scenario_run_create(scenario, &error);
  if (run == NULL)
    fail_msg("%s", error->message);
  return run;
}

static const RunFaultRow *row_at(const RunFaults *faults, guint index) { return g_ptr_array_index(faults->rows, index); }

/* ---- singles and pairs ---- */

static void faults_of(ScenarioRun *run, unsigned depth, RunFaults *faults) {
  g_autoptr(GError) error = NULL;
  RunFaultOptions options = { .depth = depth };
  if (!scenario_faults_run(run, &options, faults, &error))
    fail_msg("%s", error->message);
}

static void singles(void **state) {
  g_autoptr(Scenario) scenario = scenario_of(HEAD BLOCKS("") " }");
  g_autoptr(ScenarioRun) run = run_of(scenario);
  RunFaults faults;
  (void)state;
  faults_of(run, 1, &faults);
  assert_string_equal(faults.natural, "clean");
  assert_int_equal(faults.place_count, 3); /* the third allocation of the run where the first fails is a place of its own */
  assert_int_equal(faults.single_count, 3);
  assert_int_equal(faults.pair_count, 0);
  assert_true(faults.is_complete);
  assert_int_equal(faults.trouble_count, 1);
  assert_false(row_at(&faults, 0)->is_trouble);
  assert_string_equal(row_at(&faults, 1)->bucket, "DRIVER_IRQL_NOT_LESS_OR_EQUAL (0xD1)");
  assert_int_equal(row_at(&faults, 1)->calls[0], 2);
  assert_false(row_at(&faults, 2)->is_trouble); /* there is no third allocation where no other fails */
  run_faults_finish(&faults);
}

static void pairs(void **state) {
  g_autoptr(Scenario) scenario = scenario_of(HEAD BLOCKS("") " }");
  g_autoptr(ScenarioRun) run = run_of(scenario);
  RunFaults faults;
  (void)state;
  faults_of(run, 2, &faults);
  assert_int_equal(faults.pair_count, 2);
  assert_true(faults.is_complete);
  const RunFaultRow *pair = row_at(&faults, 3);
  assert_int_equal(pair->count, 2);
  assert_int_equal(pair->calls[0], 1);
  assert_int_equal(pair->calls[1], 2);
  assert_string_equal(pair->bucket, "DRIVER_IRQL_NOT_LESS_OR_EQUAL (0xD1)");
  run_faults_finish(&faults);
}

/* The line of what was found, and the scenario that names it, come to the same. */
static void found_again(void **state) {
  static const char *const named[] = {
    HEAD "`faults`: [`ExAllocatePool2 #2`], " BLOCKS("") " }",
    HEAD "`faults`: [{ `fail`: `ExAllocatePool2`, `nth`: 2, `in`: `fw.OnDpc` }], " BLOCKS("") " }",
    HEAD "`faults`: [{ `fail`: `ExAllocatePool2`, `in`: `fw` }], " BLOCKS("") " }",
    HEAD "`faults`: [`ExAllocatePool2`], " BLOCKS("") " }",
  };
  g_autoptr(Scenario) scenario = scenario_of(HEAD BLOCKS("") " }");
  g_autoptr(ScenarioRun) run = run_of(scenario);
  RunFaults faults;
  RunResult again = { 0 };
  SimRecord record = { 0 };
  (void)state;
  faults_of(run, 1, &faults);
  const RunFaultRow *row = row_at(&faults, 1);
  assert_true(scenario_fault_again(run, row, &record, &again, NULL));
  assert_true(again.hash == row->result.hash);
  run_result_finish(&again);
  run_faults_finish(&faults);
  for (size_t i = 0; i < G_N_ELEMENTS(named); i++) {
    g_autoptr(Scenario) other = scenario_of(named[i]);
    g_autoptr(ScenarioRun) other_run = run_of(other);
    RunResult result = { 0 };
    scenario_run_once(other_run, &(RunRequest){ .policy = &sim_policy_timed }, &result);
    assert_int_equal(result.bugcheck.code, 0xd1);
    run_result_finish(&result);
  }
  sim_record_finish(&record);
}

/* Fails nothing: another function, another number, another part of the driver. */
static void named_elsewhere(void **state) {
  static const char *const named[] = {
    HEAD "`faults`: [`ExAllocatePool2 #3`, `IoAllocateWorkItem`, `ExAllocatePoolWithTag`], " BLOCKS("") " }",
    HEAD "`faults`: [{ `fail`: `ExAllocatePool2`, `in`: `other` }], " BLOCKS("") ", `processes`: {} }",
  };
  g_autofree char *second = g_strdup(named[1]);
  (void)state;
  g_autoptr(Scenario) scenario = scenario_of(named[0]);
  g_autoptr(ScenarioRun) run = run_of(scenario);
  RunResult result = { 0 };
  scenario_run_once(run, &(RunRequest){ .policy = &sim_policy_timed }, &result);
  assert_int_equal(result.bugcheck.code, 0);
  run_result_finish(&result);
  g_autoptr(GError) error = NULL;
  g_strdelimit(second, "`", '"');
  assert_null(scenario_load_bytes("x.json", second, strlen(second), &error));
  assert_non_null(strstr(error->message, "unknown driver \"other\""));
}

/* What names a call that is never made is told. */
static void named_and_never_met(void **state) {
  static const struct {
    const char *text;
    const char *why;
  } rows[] = {
    { HEAD "`faults`: [`ExAllocatePool2 #3`], " BLOCKS("") " }",
      "x.json:1: ExAllocatePool2 #3 was to fail, and was never called so often" },
    { HEAD "`faults`: [`IoAllocateWorkItem`], " BLOCKS("") " }", "x.json:1: IoAllocateWorkItem was to fail, and was never called" },
  };
  (void)state;
  for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
    g_autoptr(Scenario) scenario = scenario_of(rows[i].text);
    g_autoptr(ScenarioRun) run = run_of(scenario);
    RunVerdict verdict = { 0 };
    scenario_explore(run, &(RunExploration){ 0 }, &verdict);
    assert_false(verdict.is_as_expected);
    assert_string_equal(verdict.why, rows[i].why);
    run_verdict_finish(&verdict);
  }
}

/* Keys are of functions and callbacks: steps before, another number of cpus change none. */
static void keys_stay(void **state) {
  static const char *const texts[] = { HEAD BLOCKS("") " }", HEAD "`machine`: { `cpus`: 4 }, " BLOCKS("`gCount++`, `gCount--`, ") " }" };
  SimFaultPlace places[2][3];
  (void)state;
  for (int i = 0; i < 2; i++) {
    g_autoptr(Scenario) scenario = scenario_of(texts[i]);
    g_autoptr(ScenarioRun) run = run_of(scenario);
    RunFaults faults;
    faults_of(run, 1, &faults);
    assert_int_equal(faults.rows->len, 3);
    for (guint at = 0; at < 3; at++)
      places[i][at] = row_at(&faults, at)->places[0];
    run_faults_finish(&faults);
  }
  for (int at = 0; at < 3; at++) {
    assert_true(places[0][at].key == places[1][at].key);
    assert_int_equal(places[0][at].ordinal, places[1][at].ordinal);
  }
}

/* ---- boots ---- */

#define ENTRY(clean_up)                                                                                                                    \
  HEAD "`drivers`: { `fw`: { `globals`: { `gDevice`: `PDEVICE_OBJECT`, `gInjection`: `HANDLE` }, `DriverEntry`: { `locals`: { `status`: "  \
       "`NTSTATUS` }, `do`: [`status = IoCreateDevice(DriverObject, 0, NULL, FILE_DEVICE_NETWORK, 0, FALSE, &gDevice)`, "                  \
       "{ `if`: `!NT_SUCCESS(status)`, `then`: [`return status`] }, "                                                                      \
       "`status = FwpsInjectionHandleCreate0(AF_INET, FWPS_INJECTION_TYPE_STREAM, &gInjection)`, "                                         \
       "{ `if`: `!NT_SUCCESS(status)`, `then`: [" clean_up "`return status`] }, `return STATUS_SUCCESS`] } } } }"

static void boots(void **state) {
  static const char *const texts[] = { ENTRY(""), ENTRY("`IoDeleteDevice(gDevice)`, ") };
  (void)state;
  for (int i = 0; i < 2; i++) {
    g_autoptr(Scenario) scenario = scenario_of(texts[i]);
    g_autoptr(ScenarioRun) run = run_of(scenario);
    RunFaults faults;
    faults_of(run, 1, &faults);
    assert_int_equal(faults.place_count, 3); /* the handle fails in two ways */
    assert_int_equal(faults.single_count, 3);
    assert_true(row_at(&faults, 0)->is_boot);
    assert_false(row_at(&faults, 0)->is_trouble);
    assert_int_equal(faults.trouble_count, i == 0 ? 2 : 0);
    if (i == 0)
      assert_string_equal(row_at(&faults, 2)->bucket, "left-behind-at-unload");
    run_faults_finish(&faults);
  }
}

/* ---- every kind ---- */

#define PERMIT(layer) "`filters`: [{ `layer`: `" layer "`, `action`: `FWP_ACTION_CALLOUT_TERMINATING`, `callout`: `fw.classify` }], "
#define ASK                                                                                                                                \
  "`drivers`: { `fw`: { `globals`: { `gFilter`: `PFLT_FILTER`, `gPort`: `PFLT_PORT` }, `classify`: { `locals`: { `verdict`: `BOOLEAN`, "   \
  "`length`: `ULONG = 1`, `wait`: `LARGE_INTEGER`, `status`: `NTSTATUS` }, `do`: [`wait.QuadPart = -1000000`, "                            \
  "`status = FltSendMessage(gFilter, &gPort, &inFixedValues->layerId, 2, &verdict, &length, &wait)`, "                                     \
  "`classifyOut->actionType = NT_SUCCESS(status) ? FWP_ACTION_PERMIT : FWP_ACTION_BLOCK`] } } }, "
#define EVENTS                                                                                                                             \
  "`drivers`: { `fw`: { `globals`: { `gReady`: `KEVENT`, `gOrder`: `LONG` }, `DriverEntry`: [`KeInitializeEvent(&gReady, "                 \
  "SynchronizationEvent, FALSE)`, `return STATUS_SUCCESS`], "                                                                              \
  "`one`: { `as`: `KSTART_ROUTINE`, `do`: [`KeWaitForSingleObject(&gReady, Executive, KernelMode, FALSE, NULL)`, "                         \
  "`gOrder = gOrder * 10 + 1`] }, "                                                                                                        \
  "`two`: { `as`: `KSTART_ROUTINE`, `do`: [`KeWaitForSingleObject(&gReady, Executive, KernelMode, FALSE, NULL)`, "                         \
  "`gOrder = gOrder * 10 + 2`] }, "                                                                                                        \
  "`OnDpc`: { `as`: `KDEFERRED_ROUTINE`, `do`: [`KeSetEvent(&gReady, IO_NO_INCREMENT, FALSE)`] } } }, "                                    \
  "`traffic`: [{ `at`: `1ms`, `thread`: `fw.one` }, { `at`: `2ms`, `thread`: `fw.two` }, { `at`: `5ms`, `dpc`: `fw.OnDpc`, `every`: "      \
  "`1ms`, "                                                                                                                                \
  "`times`: 2 }], "
#define ITEM                                                                                                                               \
  "`drivers`: { `fw`: { `globals`: { `gDone`: `LONG` }, `work`: { `as`: `IO_WORKITEM_ROUTINE`, `do`: [`gDone++`] } } }, "                  \
  "`traffic`: [{ `at`: `1ms`, `work item`: `fw.work` }], "
#define PAGED                                                                                                                              \
  "`drivers`: { `fw`: { `globals`: { `gPaged`: `PULONG` }, `DriverEntry`: [`gPaged = ExAllocatePool2(POOL_FLAG_PAGED, 64, 1)`, "           \
  "`return STATUS_SUCCESS`], `OnDpc`: { `as`: `KDEFERRED_ROUTINE`, `do`: [`*gPaged = 1`] } } }, "                                          \
  "`traffic`: [{ `at`: `1ms`, `dpc`: `fw.OnDpc` }], "
#define LEVELS                                                                                                                             \
  "`drivers`: { `fw`: { `classify`: [`classifyOut->actionType = FWP_ACTION_PERMIT`, { `if`: `KeGetCurrentIrql() == DISPATCH_LEVEL`, "      \
  "`then`: [`DbgPrint(\\`high\\`)`] }] } }, " PERMIT(                                                                                      \
      "FWPM_LAYER_ALE_AUTH_CONNECT_V4") "`traffic`: [{ `at`: `1ms`, `in`: `system thread`, `tcp connect`: `10.0.0.1:49152 -> "             \
                                        "192.0.2.7:443` }], "
#define PLACES                                                                                                                             \
  "`drivers`: { `fw`: { `globals`: { `gSeen`: `ULONG` }, `OnThread`: { `as`: `KSTART_ROUTINE`, `locals`: { `irql`: `KIRQL` }, `do`: ["     \
  "`gSeen = KeGetCurrentProcessorNumberEx(NULL)`, `KeRaiseIrql(DISPATCH_LEVEL, &irql)`, "                                                  \
  "`gSeen = gSeen * 10 + KeGetCurrentProcessorNumberEx(NULL)`, `KeLowerIrql(irql)`] } } }, "                                               \
  "`traffic`: [{ `at`: `1ms`, `thread`: `fw.OnThread` }], "
#define PACKETS                                                                                                                            \
  "`drivers`: { `fw`: { `classify`: [`classifyOut->actionType = FWP_ACTION_PERMIT`] } }, " PERMIT(                                         \
      "FWPM_LAYER_STREAM_V4") "`processes`: { `browser`: {} }, `traffic`: [" CONNECT                                                       \
                              ", { `at`: `50ms`, `tcp data in`: `10.0.0.1:49152 -> 192.0.2.7:443`, `bytes`: 3000 }], "

/* A scenario, the kind that varies in it, and an event by which its ways to go differ: how often it happens in the natural run, and in others. */
static const struct {
  const char *name;
  const char *text;
  SimChoiceKind kind;
  const char *expect; /* of the scenario under the policy faults, with that kind varying */
} kinds[] = {
  { "packet", HEAD PACKETS, SIM_CHOICE_PACKET,
    "`always`: [`clean`, { `state`: `connection 10.0.0.1:49152`, `is`: `permitted` }], `sometimes`: [{ `event`: `packet`, `count`: 5 }]" },
  { "reply",
    HEAD ASK PERMIT(
        "FWPM_LAYER_ALE_AUTH_CONNECT_V4") "`processes`: { `browser`: {}, `agent`: { `threads`: { `receiver`: [`connect(gPort)`, { "
                                          "`for ever`: [`get(message)`, `reply(message, TRUE)`] }] } } }, `traffic`: [{ `at`: `9ms`, "
                                          "`in`: `thread of browser`, `tcp connect`: `10.0.0.1:49152 -> 192.0.2.7:443` }], ",
    SIM_CHOICE_REPLY,
    "`always`: [`clean`], `sometimes`: [{ `state`: `connection 10.0.0.1:49152`, `is`: `permitted` }, { `state`: `connection "
    "10.0.0.1:49152`, "
    "`is`: `blocked` }, { `event`: `return FltSendMessage`, `status`: `STATUS_TIMEOUT` }, { `event`: `return FltSendMessage`, `status`: "
    "`STATUS_PORT_DISCONNECTED` }]" },
  { "grant", HEAD EVENTS, SIM_CHOICE_GRANT,
    "`always`: [`clean`], `sometimes`: [{ `global`: `fw.gOrder`, `is`: 12 }, { `global`: `fw.gOrder`, `is`: 21 }]" },
  { "irql", HEAD LEVELS, SIM_CHOICE_IRQL, "`always`: [`clean`], `sometimes`: [{ `event`: `debug-print`, `count`: 1 }]" },
  { "worker", HEAD ITEM, SIM_CHOICE_WORKER, "`always`: [`clean`, { `global`: `fw.gDone`, `is`: 1 }]" },
  { "placement", HEAD PLACES, SIM_CHOICE_PLACEMENT,
    "`always`: [`clean`], `sometimes`: [{ `global`: `fw.gSeen`, `is`: 0 }, { `global`: `fw.gSeen`, `is`: 1 }, { `global`: `fw.gSeen`, "
    "`is`: 11 }]" },
  { "resident", HEAD PAGED, SIM_CHOICE_RESIDENT, "`always`: [`paged-at-dispatch`], `sometimes`: [`DRIVER_IRQL_NOT_LESS_OR_EQUAL`]" },
  { "allocation", HEAD BLOCKS("") ", ", SIM_CHOICE_ALLOCATION, "`sometimes`: [`null-access`, `DRIVER_IRQL_NOT_LESS_OR_EQUAL`]" },
};

static void kind_explored(const char *text, const char *kind, const char *expect) {
  g_autofree char *whole = g_strdup_printf("%s`policy`: { `kind`: `faults`, `vary`: `%s` }, `expect`: { %s } }", text, kind, expect);
  g_autoptr(Scenario) scenario = scenario_of(whole);
  g_autoptr(ScenarioRun) run = run_of(scenario);
  RunVerdict verdict = { 0 };
  scenario_explore(run, &(RunExploration){ 0 }, &verdict);
  if (!verdict.is_as_expected || !verdict.is_exhausted || verdict.schedule_count < 2)
    fail_msg("%s: %" G_GUINT64_FORMAT " schedules: %s", kind, verdict.schedule_count, verdict.why != NULL ? verdict.why : "nothing varies");
  for (guint i = 0; i < verdict.buckets->len; i++) {
    const RunBucket *bucket = g_ptr_array_index(verdict.buckets, i);
    RunResult again = { 0 };
    scenario_run_once(run, &(RunRequest){ .policy = &sim_policy_replay, .replay = &bucket->result.exceptions }, &again);
    assert_true(again.hash == bucket->result.hash);
    run_result_finish(&again);
  }
  run_verdict_finish(&verdict);
}

/* What can vary is met where nobody asked for it, and taken only where somebody did. */
static void every_kind(void **state) {
  (void)state;
  for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++) {
    g_autofree char *whole = g_strdup_printf("%s`policy`: `exhaustive` }", kinds[i].text);
    g_autoptr(Scenario) scenario = scenario_of(whole);
    g_autoptr(ScenarioRun) run = run_of(scenario);
    RunVary vary;
    RunResult result = { 0 };
    scenario_vary_look(run, &vary, &result);
    if (vary.counts[kinds[i].kind] == 0)
      fail_msg("%s is not met", kinds[i].name);
    for (guint at = 0; at < vary.rows->len; at++) {
      const RunVaryRow *row = &g_array_index(vary.rows, RunVaryRow, at);
      assert_true(row->option_min >= 2 && row->option_max >= row->option_min && row->count > 0);
    }
    uint64_t natural = result.hash;
    run_result_finish(&result);
    scenario_run_once(run, &(RunRequest){ .policy = &sim_policy_replay, .replay = &(SimSchedule){ 0 } }, &result);
    assert_true(result.hash == natural);
    run_result_finish(&result);
    run_vary_finish(&vary);
    g_clear_pointer(&run, scenario_run_free);
    kind_explored(kinds[i].text, kinds[i].name, kinds[i].expect);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(singles),   cmocka_unit_test(pairs), cmocka_unit_test(found_again), cmocka_unit_test(named_elsewhere),
    cmocka_unit_test(keys_stay), cmocka_unit_test(boots), cmocka_unit_test(every_kind),  cmocka_unit_test(named_and_never_met),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
