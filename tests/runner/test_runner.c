/* The runner: what an expectation holds of, what a set of schedules comes to, what a boot can end in. Scenarios are put together here from a story
 * and what is expected of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "run.h"

#include "sim/search.h"

#include <string.h>

/* ---- stories ---- */

#define DRIVER                                                                                                                             \
  "\"drivers\": { \"fw\": { \"globals\": { \"gCount\": \"LONG\", \"gLock\": \"KSPIN_LOCK\", \"gEvent\": \"KEVENT\", \"gPort\": "           \
  "\"PFLT_PORT\" },"                                                                                                                       \
  "  \"OnDpc\": { \"as\": \"KDEFERRED_ROUTINE\", \"do\": [\"gCount++\"] },"                                                                \
  "  \"OnCrash\": { \"as\": \"KDEFERRED_ROUTINE\", \"do\": [\"KeBugCheckEx(0xE2, 1, (ULONG_PTR)&gLock, (ULONG_PTR)OnDpc, "                 \
  "0xFFFFFFFFC0000005)\"] },"                                                                                                              \
  "  \"OnLeak\": { \"as\": \"KDEFERRED_ROUTINE\", \"do\": [\"KeAcquireSpinLockAtDpcLevel(&gLock)\"] },"                                    \
  "  \"OnLoop\": { \"as\": \"KSTART_ROUTINE\", \"do\": [{ \"for ever\": [\"gCount++\"] }] },"                                              \
  "  \"OnCount\": { \"as\": \"KDEFERRED_ROUTINE\", \"locals\": { \"n\": \"LONG\" },"                                                       \
  "                 \"do\": [\"n = gCount\", \"KeGetCurrentIrql()\", \"gCount = n + 1\"] },"                                               \
  "  \"unload\": [] } }"

#define AGENT                                                                                                                              \
  ", \"processes\": { \"agent\": { \"threads\": { \"waits\": [\"connect(gPort)\", \"get(message)\"], \"ends\": [\"delay(1ms)\"] } } }"

static const struct {
  const char *name;
  const char *text;
} stories[] = {
  { "quiet", DRIVER AGENT
    ", \"traffic\": [{ \"at\": \"1ms\", \"dpc\": \"fw.OnDpc\" }, { \"at\": \"2ms\", \"dpc\": \"fw.OnDpc\", \"in\": \"cpu 1\" }]" },
  { "crash", DRIVER ", \"traffic\": [{ \"at\": \"1ms\", \"dpc\": \"fw.OnCrash\", \"in\": \"cpu 1\" }]" },
  { "finding", DRIVER ", \"traffic\": [{ \"at\": \"1ms\", \"dpc\": \"fw.OnLeak\", \"in\": \"cpu 1\" }]" },
  { "hung",
    "\"machine\": { \"windows\": \"7-sp1\" }, " DRIVER
    ", \"traffic\": [{ \"at\": \"1ms\", \"dpc\": \"fw.OnLeak\" }, { \"at\": \"2ms\", \"dpc\": \"fw.OnLeak\", \"in\": \"cpu 1\" }]" },
  { "loops", DRIVER ", \"budget\": { \"steps\": 1000 }, \"traffic\": [{ \"at\": \"1ms\", \"thread\": \"fw.OnLoop\" }]" },
  { "connects", DRIVER ", \"processes\": { \"browser\": {} }, \"traffic\": ["
                       "{ \"at\": \"1ms\", \"in\": \"thread of browser\", \"tcp connect\": \"10.0.0.1:1000 -> 192.0.2.7:443\" },"
                       "{ \"at\": \"2ms\", \"in\": \"thread of browser\", \"tcp connect\": \"10.0.0.1:1001 -> 192.0.2.8:443\" },"
                       "{ \"at\": \"3ms\", \"in\": \"thread of browser\", \"tcp connect\": \"10.0.0.1:1002 -> 192.0.2.7:443\" },"
                       "{ \"at\": \"9ms\", \"tcp close\": \"10.0.0.1:1002 -> 192.0.2.7:443\" }],"
                       "\"filters\": [{ \"layer\": \"FWPM_LAYER_ALE_AUTH_CONNECT_V4\", \"action\": \"FWP_ACTION_BLOCK\","
                       "              \"conditions\": { \"remote_address\": \"192.0.2.8\" } }]" },
  { "unloaded", DRIVER ", \"traffic\": [{ \"at\": \"1ms\", \"unload\": \"fw\" }]" },
  { "races", DRIVER
    ", \"traffic\": [{ \"at\": \"1ms\", \"dpc\": \"fw.OnCount\" }, { \"at\": \"1ms\", \"dpc\": \"fw.OnCount\", \"in\": \"cpu 1\" }]" },
  { "sometimes hangs",
    "\"machine\": { \"windows\": \"7-sp1\" }, " DRIVER
    ", \"traffic\": [{ \"at\": \"1ms\", \"dpc\": \"fw.OnLeak\" }, { \"at\": \"1ms\", \"dpc\": \"fw.OnDpc\", \"in\": \"cpu 1\" }]" },
};

static const char *story_find(const char *name) {
  for (size_t i = 0; i < G_N_ELEMENTS(stories); i++)
    if (strcmp(stories[i].name, name) == 0)
      return stories[i].text;
  fail_msg("no story %s", name);
  return NULL;
}

/* `more`: what else belongs into the file's object. */
static Scenario *scenario_of(const char *story, const char *more) {
  g_autofree char *text = g_strdup_printf("{ \"irqlab\": 1, \"title\": \"t\", %s%s%s }", story, *more != '\0' ? ", " : "", more);
  g_autoptr(GError) error = NULL;
  Scenario *scenario = scenario_load_bytes("x.json", text, strlen(text), &error);
  if (scenario == NULL)
    fail_msg("%s\n%s", error->message, text);
  return scenario;
}

static ScenarioRun *run_of(const Scenario *scenario) {
  g_autoptr(GError) error = NULL;
  ScenarioRun *run = scenario_run_create(scenario, &error);
  if (run == NULL)
    fail_msg("%s", error->message);
  return run;
}

/* ---- one expectation, one run ---- */

static const struct {
  const char *story;
  const char *expectation;
  bool holds;
} judgements[] = {
  /* bug checks: any, by name, by code; each kind of parameter; the cpu */
  { "crash", "\"any bug check\"", true },
  { "quiet", "\"any bug check\"", false },
  { "crash", "\"MANUALLY_INITIATED_CRASH\"", true },
  { "crash", "\"0xE2\"", true },
  { "crash", "\"0xD1\"", false },
  { "crash", "{ \"bugcheck\": \"0xE2\", \"parameters\": [1] }", true },
  { "crash", "{ \"bugcheck\": \"0xE2\", \"parameters\": [2] }", false },
  { "crash", "{ \"bugcheck\": \"0xE2\", \"parameters\": [\"any\", \"fw.gLock\", \"fw.OnDpc\", \"any\"] }", true },
  { "crash", "{ \"bugcheck\": \"0xE2\", \"parameters\": [1, \"fw.gEvent\"] }", false },
  { "crash", "{ \"bugcheck\": \"0xE2\", \"parameters\": [1, \"any\", \"fw.OnCrash\"] }", false },
  { "crash", "{ \"bugcheck\": \"0xE2\", \"parameters\": [1, \"any\", \"fw\"] }", true },
  { "crash", "{ \"bugcheck\": \"0xE2\", \"parameters\": [1, \"any\", \"any\", \"STATUS_ACCESS_VIOLATION\"] }", true },
  { "crash", "{ \"bugcheck\": \"0xE2\", \"parameters\": [1, \"any process\"] }", false },
  { "crash", "{ \"bugcheck\": \"0xE2\", \"cpu\": 1 }", true },
  { "crash", "{ \"bugcheck\": \"0xE2\", \"cpu\": 0 }", false },
  /* findings: any, by rule; at, where, cpu, count */
  { "finding", "\"any finding\"", true },
  { "quiet", "\"any finding\"", false },
  { "finding", "\"spin-lock-leak\"", true },
  { "finding", "\"irql-leak\"", false },
  { "finding", "\"spin-lock-leak at KDEFERRED_ROUTINE\"", true },
  { "finding", "\"spin-lock-leak at KeAcquireSpinLockAtDpcLevel\"", false },
  { "finding", "{ \"finding\": \"spin-lock-leak\", \"where\": \"fw.OnLeak\", \"cpu\": 1, \"count\": 1 }", true },
  { "finding", "{ \"finding\": \"spin-lock-leak\", \"where\": \"fw\" }", true },
  { "finding", "{ \"finding\": \"spin-lock-leak\", \"where\": \"fw.OnDpc\" }", false },
  { "finding", "{ \"finding\": \"spin-lock-leak\", \"cpu\": 0 }", false },
  { "finding", "{ \"finding\": \"spin-lock-leak\", \"count\": 2 }", false },
  /* events and their order */
  { "quiet", "{ \"event\": \"dpc-begin\", \"count\": 2 }", true },
  { "quiet", "{ \"event\": \"dpc-begin\", \"count\": 1 }", false },
  { "quiet", "{ \"event\": \"dpc-begin\", \"cpu\": 1, \"count\": 1 }", true },
  { "quiet", "{ \"event\": \"dpc-begin\", \"irql\": \"PASSIVE_LEVEL\" }", false },
  { "quiet", "{ \"event\": \"port-connect\", \"status\": \"STATUS_SUCCESS\" }", true },
  { "quiet", "{ \"event\": \"port-connect\", \"status\": \"STATUS_UNSUCCESSFUL\" }", false },
  { "finding", "{ \"event\": \"lock-acquire\", \"object\": \"fw.gLock\", \"detail\": 1 }", true },
  { "finding", "{ \"event\": \"lock-acquire\", \"object\": \"fw.gLock\", \"detail\": 0 }", false },
  { "finding", "{ \"event\": \"lock-release\" }", false },
  { "finding", "{ \"event\": \"call KeAcquireSpinLockAtDpcLevel\", \"irql\": \"DISPATCH_LEVEL\", \"count\": 1 }", true },
  { "finding", "{ \"event\": \"call KeReleaseSpinLockFromDpcLevel\" }", false },
  { "finding", "{ \"order\": [\"dpc-begin\", \"lock-acquire\", \"dpc-end\"] }", true },
  { "finding", "{ \"order\": [\"lock-acquire\", \"dpc-begin\"] }", false },
  { "quiet", "{ \"order\": [\"dpc-begin\", \"dpc-begin\"] }", true },
  { "finding", "{ \"order\": [\"dpc-begin\", \"dpc-begin\"] }", false },
  /* how it ends */
  { "quiet", "\"clean\"", true },
  { "finding", "\"clean\"", false },
  { "finding", "\"quiet\"", true },
  { "crash", "\"quiet\"", false },
  { "hung", "\"hung\"", true },
  { "quiet", "\"hung\"", false },
  { "loops", "\"limit steps\"", true },
  { "loops", "\"limit virtual_time\"", false },
  { "loops", "\"limit\"", true },
  { "hung", "\"limit\"", false },
  /* how things are in the end */
  { "connects", "{ \"state\": \"connection 10.0.0.1:1000\", \"is\": \"permitted\" }", true },
  { "connects", "{ \"state\": \"connection 10.0.0.1:1000\", \"is\": \"blocked\" }", false },
  { "connects", "{ \"state\": \"connection 10.0.0.1:1001\", \"is\": \"blocked\" }", true },
  { "connects", "{ \"state\": \"connection 10.0.0.1:1001\", \"is\": \"pending\" }", false },
  { "connects", "{ \"state\": \"connection 10.0.0.1:1002\", \"is\": \"closed\" }", true },
  { "connects", "{ \"state\": \"connection 10.0.0.1:1002\", \"is\": \"none\" }", false },
  { "quiet", "{ \"state\": \"thread agent.waits\", \"is\": \"waiting\" }", true },
  { "quiet", "{ \"state\": \"thread agent.waits\", \"is\": \"ended\" }", false },
  { "quiet", "{ \"state\": \"thread agent.ends\", \"is\": \"ended\" }", true },
  { "quiet", "{ \"state\": \"thread agent.ends\", \"is\": \"running\" }", false },
  { "quiet", "{ \"state\": \"cpu 0\", \"is\": \"idle\" }", true },
  { "quiet", "{ \"state\": \"cpu 0\", \"is\": \"PASSIVE_LEVEL\" }", true },
  { "quiet", "{ \"state\": \"cpu 0\", \"is\": \"hung\" }", false },
  { "hung", "{ \"state\": \"cpu 1\", \"is\": \"spinning\" }", true },
  { "hung", "{ \"state\": \"cpu 1\", \"is\": \"DISPATCH_LEVEL\" }", true },
  { "hung", "{ \"state\": \"cpu 0\", \"is\": \"spinning\" }", false },
  { "quiet", "{ \"state\": \"driver fw\", \"is\": \"loaded\" }", true },
  { "unloaded", "{ \"state\": \"driver fw\", \"is\": \"loaded\" }", false },
  { "unloaded", "{ \"state\": \"driver fw\", \"is\": \"unloaded\" }", true },
  { "quiet", "{ \"global\": \"fw.gCount\", \"is\": 2 }", true },
  { "quiet", "{ \"global\": \"fw.gCount\", \"is\": 1 }", false },
};

static void expectations_hold_or_not(void **state) {
  (void)state;
  unsigned failed = 0;
  for (size_t i = 0; i < G_N_ELEMENTS(judgements); i++) {
    g_autofree char *expect = g_strdup_printf("\"expect\": { \"always\": [%s] }", judgements[i].expectation);
    g_autoptr(Scenario) scenario = scenario_of(story_find(judgements[i].story), expect);
    g_autoptr(ScenarioRun) run = run_of(scenario);
    RunResult result = { 0 };
    scenario_run_once(run, &(RunRequest){ .policy = &sim_policy_timed }, &result);
    if (expectation_holds(run, &scenario->expect.items[0], &result) != judgements[i].holds) {
      g_autofree char *bucket = run_result_bucket(&result);
      print_error("%s: %s should %shold; %s\n", judgements[i].story, judgements[i].expectation, judgements[i].holds ? "" : "not ", bucket);
      failed++;
    }
    run_result_finish(&result);
  }
  assert_int_equal(failed, 0);
}

/* Ends that only compiled drivers come to, by their result alone. */
static void ends_of_compiled_drivers(void **state) {
  (void)state;
  static const struct {
    const char *expectation;
    SimStop stop;
    const char *text;
    bool holds;
  } rows[] = {
    { "{ \"outcome\": \"guest-crash\" }", SIM_STOP_GUEST_CRASH, "", true },
    { "{ \"outcome\": \"guest-crash\" }", SIM_STOP_QUIET, "", false },
    { "{ \"outcome\": \"not-modelled IoCsqInitialize\" }", SIM_STOP_NOT_MODELLED, "IoCsqInitialize", true },
    { "{ \"outcome\": \"not-modelled IoCsqInitialize\" }", SIM_STOP_NOT_MODELLED, "IoCsqInsertIrp", false },
    { "{ \"outcome\": \"not-modelled\" }", SIM_STOP_NOT_MODELLED, "IoCsqInsertIrp", true },
    { "{ \"outcome\": \"not-modelled\" }", SIM_STOP_QUIET, "", false },
  };
  for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
    g_autofree char *text =
        g_strdup_printf("{ \"irqlab\": 1, \"title\": \"t\", \"drivers\": { \"fw\": { \"source\": \"test_runner.c\" } }, "
                        "\"expect\": { \"always\": [%s] } }",
                        rows[i].expectation);
    g_autoptr(GError) error = NULL;
    g_autoptr(Scenario) scenario = scenario_load_bytes(RUNNER_FOLDER "/x.json", text, strlen(text), &error);
    if (scenario == NULL)
      fail_msg("%s", error->message);
    RunResult result = { .stop = rows[i].stop };
    g_strlcpy(result.stop_text, rows[i].text, sizeof result.stop_text);
    assert_int_equal(expectation_holds(NULL, &scenario->expect.items[0], &result), rows[i].holds);
  }
}

/* ---- a set of schedules ---- */

static const struct {
  const char *story;
  const char *more; /* policy and expectations */
  bool is_as_expected;
  bool is_exhausted;
  uint64_t schedule_count; /* 0: not asked */
  const char *why;         /* part of it; NULL: not asked */
} sets[] = {
  { "quiet", "", true, false, 1, NULL },
  { "crash", "", false, false, 1, "MANUALLY_INITIATED_CRASH" },
  { "finding", "", false, false, 1, "no expectation mentions the finding spin-lock-leak" },
  { "hung", "", false, false, 1, "hung" },
  { "loops", "", false, false, 1, "limit: steps" },
  /* silence is a promise, too */
  { "finding", "\"expect\": { \"always\": [\"spin-lock-leak\"] }", true, false, 1, NULL },
  { "finding", "\"expect\": { \"always\": [\"quiet\"] }", false, false, 1, "no expectation mentions" },
  { "crash", "\"expect\": { \"always\": [\"0xE2\"] }", true, false, 1, NULL },
  { "crash", "\"expect\": { \"never\": [\"hung\"] }", false, false, 1, "expected no such bug check" },
  { "hung", "\"expect\": { \"always\": [\"hung\", \"any finding\"] }", true, false, 1, NULL },
  { "hung", "\"expect\": { \"sometimes\": [\"quiet\", \"any finding\"] }", false, false, 1, "expected the run to end by itself, got hung" },
  { "hung", "\"expect\": { \"always\": [\"any finding\"], \"never\": [\"hung\"] }", false, false, 1,
    "expected never hung, and it happened" },
  /* always, sometimes, never over random schedules: the first contradiction ends it */
  { "races", "\"policy\": { \"kind\": \"random\", \"schedules\": 300 }, \"expect\": { \"always\": [\"clean\"] }", true, false, 300, NULL },
  { "races",
    "\"policy\": { \"kind\": \"random\", \"schedules\": 300 }, \"expect\": { \"sometimes\": [{ \"global\": \"fw.gCount\", \"is\": 1 },"
    "{ \"global\": \"fw.gCount\", \"is\": 2 }], \"never\": [{ \"global\": \"fw.gCount\", \"is\": 0 }] }",
    true, false, 300, NULL },
  { "races",
    "\"policy\": { \"kind\": \"random\", \"schedules\": 300 }, \"expect\": { \"sometimes\": [{ \"global\": \"fw.gCount\", \"is\": 3 }] }",
    false, false, 300, "in some schedule, and it never happened" },
  { "races",
    "\"policy\": { \"kind\": \"random\", \"schedules\": 300 }, \"expect\": { \"never\": [{ \"global\": \"fw.gCount\", \"is\": 2 }] }",
    false, false, 0, "expected never" },
  { "races",
    "\"policy\": { \"kind\": \"random\", \"schedules\": 300 }, \"expect\": { \"always\": [{ \"global\": \"fw.gCount\", \"is\": 2 }] }",
    false, false, 0, "expected fw.gCount is 2" },
  /* every schedule there is */
  { "races", "\"policy\": { \"kind\": \"exhaustive\" }", true, true, 0, NULL },
  { "races", "\"policy\": { \"kind\": \"exhaustive\", \"schedules\": 3 }", true, false, 3, NULL },
  { "races", "\"policy\": { \"kind\": \"exhaustive\" }, \"expect\": { \"never\": [{ \"global\": \"fw.gCount\", \"is\": 3 }] }", true, true,
    0, NULL },
};

static void sets_are_judged(void **state) {
  (void)state;
  unsigned failed = 0;
  for (size_t i = 0; i < G_N_ELEMENTS(sets); i++) {
    g_autoptr(Scenario) scenario = scenario_of(story_find(sets[i].story), sets[i].more);
    g_autoptr(ScenarioRun) run = run_of(scenario);
    RunVerdict verdict;
    scenario_explore(run, &(RunExploration){ 0 }, &verdict);
    bool is_right = verdict.is_as_expected == sets[i].is_as_expected && verdict.is_exhausted == sets[i].is_exhausted &&
                    (sets[i].schedule_count == 0 || verdict.schedule_count == sets[i].schedule_count) &&
                    (sets[i].why == NULL || (verdict.why != NULL && strstr(verdict.why, sets[i].why) != NULL)) &&
                    (verdict.why != NULL) == !verdict.is_as_expected && verdict.shown != NULL;
    if (!is_right)
      print_error("%s, %s: %s after %llu schedules%s: %s\n", sets[i].story, sets[i].more, verdict.is_as_expected ? "as expected" : "not",
                  (unsigned long long)verdict.schedule_count, verdict.is_exhausted ? ", all there are" : "",
                  verdict.why != NULL ? verdict.why : "");
    failed += !is_right;
    run_verdict_finish(&verdict);
  }
  assert_int_equal(failed, 0);
}

/* The number of all schedules is a number: the same again, and random ones find nothing that is not among them. */
static void exhausted_is_all(void **state) {
  (void)state;
  static const char *const stories_small[] = { "races", "sometimes hangs" };
  for (size_t i = 0; i < G_N_ELEMENTS(stories_small); i++) {
    g_autoptr(Scenario) scenario = scenario_of(story_find(stories_small[i]), "\"expect\": { \"sometimes\": [\"quiet\", \"any finding\"] }");
    g_autoptr(ScenarioRun) run = run_of(scenario);
    g_autoptr(GHashTable) hashes = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
    uint64_t counts[2];
    for (int round = 0; round < 2; round++) {
      SimSearch search;
      SimSearchOptions options = sim_search_options_default;
      options.policy = &sim_policy_exhaustive;
      bool goes_on;
      sim_search_init(&search, &options);
      counts[round] = 0;
      do {
        RunResult result = { 0 };
        SimRunOptions begun = { 0 };
        sim_search_begin(&search, &begun);
        scenario_run_once(run, &(RunRequest){ .policy = begun.policy, .search = begun.search }, &result);
        g_hash_table_add(hashes, g_memdup2(&result.hash, sizeof result.hash));
        assert_true(++counts[round] < 100000);
        goes_on = sim_search_end(&search, sim_machine()); /* which looks at the run's exceptions */
        run_result_finish(&result);
      } while (goes_on);
      sim_search_finish(&search);
    }
    assert_true(counts[0] > 1);
    assert_int_equal(counts[0], counts[1]);
  }
}

/* Each bucket's line replays to that bucket, by the hash. */
static void buckets_replay(void **state) {
  (void)state;
  g_autoptr(Scenario) scenario =
      scenario_of(story_find("hung"),
                  "\"policy\": { \"kind\": \"random\", \"schedules\": 100 }, \"expect\": { \"always\": [\"hung\", \"any finding\"] }");
  g_autoptr(ScenarioRun) run = run_of(scenario);
  RunVerdict verdict;
  scenario_explore(run, &(RunExploration){ 0 }, &verdict);
  uint64_t count = 0;
  for (guint i = 0; i < verdict.buckets->len; i++) {
    const RunBucket *bucket = g_ptr_array_index(verdict.buckets, i);
    SimSchedule schedule = { 0 };
    RunResult result = { 0 };
    char fingerprint[16];
    const char *error;
    size_t column;
    assert_true(sim_schedule_parse(bucket->schedule, &schedule, fingerprint, sizeof fingerprint, &error, &column));
    scenario_run_once(run, &(RunRequest){ .policy = &sim_policy_replay, .replay = &schedule }, &result);
    g_autofree char *name = run_result_bucket(&result);
    assert_string_equal(name, bucket->name);
    assert_int_equal(result.hash, bucket->result.hash);
    assert_int_equal(result.replay_misses, 0);
    count += bucket->count;
    run_result_finish(&result);
    sim_schedule_finish(&schedule);
  }
  assert_int_equal(count, verdict.schedule_count);
  run_verdict_finish(&verdict);
}

/* ---- boot ---- */

#define ENTRY(steps)                                                                                                                       \
  "\"drivers\": { \"fw\": { \"globals\": { \"gEvent\": \"KEVENT\", \"gLock\": \"KSPIN_LOCK\", \"gOut\": \"LONG\", \"gThread\": "           \
  "\"HANDLE\" },"                                                                                                                          \
  "  \"DriverEntry\": { \"locals\": { \"irql\": \"KIRQL\" }, \"do\": [" steps "] },"                                                       \
  "  \"worker\": { \"as\": \"KSTART_ROUTINE\", \"locals\": { \"kept\": \"LONG = 41\" },"                                                   \
  "    \"do\": [\"KeWaitForSingleObject(&gEvent, Executive, KernelMode, FALSE, NULL)\", \"gOut = kept + 1\"] },"                           \
  "  \"OnDpc\": { \"as\": \"KDEFERRED_ROUTINE\", \"do\": [\"KeSetEvent(&gEvent, 0, FALSE)\"] } } },"                                       \
  "\"budget\": { \"steps\": 20000, \"virtual_time\": \"100s\" }"

static const struct {
  const char *entry;
  SimStop stop;
  uint32_t bugcheck;
  const char *bucket;
  uint64_t schedule_count; /* of 10 */
} boots[] = {
  { ENTRY("\"return STATUS_SUCCESS\""), SIM_STOP_QUIET, 0, "clean", 10 },
  { ENTRY("\"return STATUS_UNSUCCESSFUL\""), SIM_STOP_QUIET, 0, "clean", 1 }, /* Windows goes on without the driver: nothing is tested */
  { ENTRY("\"KeBugCheckEx(0xE2, 0, 0, 0, 0)\", \"return STATUS_SUCCESS\""), SIM_STOP_BUGCHECK, 0xE2, "MANUALLY_INITIATED_CRASH (0xE2)", 1 },
  { ENTRY(
        "\"KeInitializeEvent(&gEvent, NotificationEvent, FALSE)\", \"KeWaitForSingleObject(&gEvent, Executive, KernelMode, FALSE, NULL)\","
        "\"return STATUS_SUCCESS\""),
    SIM_STOP_HUNG, 0, "hung, waits-for-ever", 1 },
  { ENTRY("{ \"for ever\": [\"KeGetCurrentIrql()\"] }"), SIM_STOP_LIMIT_STEPS, 0, "limit: steps, livelock", 1 },
};

static void boots_end(void **state) {
  (void)state;
  for (size_t i = 0; i < G_N_ELEMENTS(boots); i++) {
    g_autoptr(Scenario) scenario = scenario_of(boots[i].entry, "\"policy\": { \"kind\": \"random\", \"schedules\": 10 }");
    g_autoptr(ScenarioRun) run = run_of(scenario);
    bool ends_in_boot = boots[i].stop != SIM_STOP_QUIET;
    uint64_t hash = 0;
    for (int round = 0; round < 3; round++) { /* what boot came to, each run comes to */
      RunResult result = { 0 };
      scenario_run_once(run, &(RunRequest){ .policy = &sim_policy_timed }, &result);
      g_autofree char *bucket = run_result_bucket(&result);
      assert_string_equal(bucket, boots[i].bucket);
      assert_int_equal(result.stop, boots[i].stop);
      assert_int_equal(result.bugcheck.code, boots[i].bugcheck);
      assert_int_equal(result.ended_in_boot, ends_in_boot);
      assert_true(round == 0 || result.hash == hash);
      hash = result.hash;
      run_result_finish(&result);
    }
    RunVerdict verdict;
    scenario_explore(run, &(RunExploration){ 0 }, &verdict);
    assert_int_equal(verdict.schedule_count, boots[i].schedule_count);
    assert_int_equal(verdict.is_as_expected, boots[i].schedule_count == 10);
    run_verdict_finish(&verdict);
  }
}

/* A thread that a driver started waits when boot is over: its locals are part of the state that each run begins with. */
static void what_waits_in_boot_goes_on(void **state) {
  (void)state;
  g_autoptr(Scenario) scenario =
      scenario_of(ENTRY("\"KeInitializeEvent(&gEvent, NotificationEvent, FALSE)\","
                        "\"PsCreateSystemThread(&gThread, THREAD_ALL_ACCESS, NULL, NULL, NULL, worker, NULL)\", \"return STATUS_SUCCESS\""),
                  "\"traffic\": [{ \"at\": \"1ms\", \"dpc\": \"fw.OnDpc\" }], \"policy\": { \"kind\": \"random\", \"schedules\": 50 },"
                  "\"expect\": { \"always\": [\"clean\", { \"global\": \"fw.gOut\", \"is\": 42 }] }");
  g_autoptr(ScenarioRun) run = run_of(scenario);
  RunVerdict verdict;
  scenario_explore(run, &(RunExploration){ 0 }, &verdict);
  if (!verdict.is_as_expected)
    fail_msg("%s", verdict.why);
  run_verdict_finish(&verdict);
}

/* ---- sizes ---- */

static char *repeated(const char *before, const char *format, unsigned count, const char *after) {
  GString *text = g_string_new(before);
  for (unsigned i = 0; i < count; i++) {
    g_string_append(text, i > 0 ? ", " : "");
    g_string_append_printf(text, format, i, i);
  }
  g_string_append(text, after);
  return g_string_free(text, FALSE);
}

static void too_large_is_bad_input(void **state) {
  (void)state;
  g_autofree char *threads = repeated("{", "\"t%u\": [\"delay(1ms)\"]", 450, "}");
  g_autofree char *processes = g_strdup_printf(
      "\"processes\": { \"a\": { \"threads\": %s }, \"b\": { \"threads\": %s }, \"c\": { \"threads\": %s } }", threads, threads, threads);
  g_autofree char *connects =
      repeated("\"processes\": { \"b\": {} }, \"traffic\": [",
               "{ \"at\": \"1ms\", \"in\": \"thread of b\", \"tcp connect\": \"10.0.0.1:1%03u -> 192.0.2.7:1%03u\" }", 1300, "]");
  const char *const texts[] = { processes, connects };
  for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
    g_autoptr(Scenario) scenario = scenario_of(DRIVER, texts[i]);
    g_autoptr(GError) error = NULL;
    assert_null(scenario_run_create(scenario, &error));
    assert_non_null(error);
    assert_true(g_str_has_prefix(error->message, "x.json:1:1: the scenario does not fit into the machine"));
  }
}

/* What is large and fits. */
static void large_runs(void **state) {
  (void)state;
  g_autofree char *threads = repeated("\"processes\": { \"agent\": { \"threads\": {",
                                      "\"t%u\": [\"connect(gPort)\", \"get(message, 5ms)\", \"delay(%ums)\"]", 100, "} } }");
  g_autofree char *cpus = repeated(
      "\"machine\": { \"cpus\": 64 }, \"traffic\": [",
      "{ \"at\": \"1ms\", \"dpc\": \"fw.OnDpc\", \"in\": \"cpu %u\" }, { \"at\": \"%ums\", \"interrupt\": \"fw.OnInterrupt\" }", 64, "]");
  static const char isr[] = "\"drivers\": { \"fw\": { \"globals\": { \"gCount\": \"LONG\" }, \"OnInterrupt\": { \"as\": "
                            "\"KSERVICE_ROUTINE\", \"do\": [\"gCount++\", \"return TRUE\"] },"
                            "\"OnDpc\": { \"as\": \"KDEFERRED_ROUTINE\", \"do\": [\"gCount++\"] } } }";
  g_autofree char *sleepers = repeated("\"traffic\": [", "{ \"at\": \"1ms\", \"thread\": \"fw.Sleep\" }", 1000, "]");
  static const char sleep[] =
      "\"drivers\": { \"fw\": { \"globals\": { \"gCount\": \"LONG\" }, \"Sleep\": { \"as\": \"KSTART_ROUTINE\","
      "\"locals\": { \"delay\": \"LARGE_INTEGER = { .QuadPart = -10000 }\" }, \"do\": [\"InterlockedIncrement(&gCount)\","
      "\"KeDelayExecutionThread(KernelMode, FALSE, &delay)\", \"InterlockedIncrement(&gCount)\"] } } }";
  const struct {
    const char *story, *more;
  } rows[] = {
    { sleep, sleepers },
    { DRIVER, threads },
    { isr, cpus },
    { DRIVER, "\"traffic\": [{ \"at\": \"1ms\", \"dpc\": \"fw.OnDpc\", \"every\": \"1us\", \"times\": 10000 }]" },
  };
  for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
    g_autoptr(Scenario) scenario = scenario_of(rows[i].story, rows[i].more);
    g_autoptr(ScenarioRun) run = run_of(scenario);
    for (uint64_t seed = 0; seed < 3; seed++) {
      RunResult result = { 0 }, replayed = { 0 };
      scenario_run_once(run, &(RunRequest){ .policy = seed == 0 ? &sim_policy_timed : &sim_policy_random, .seed = seed }, &result);
      scenario_run_once(run, &(RunRequest){ .policy = &sim_policy_replay, .replay = &result.exceptions }, &replayed);
      assert_int_equal(result.stop, SIM_STOP_QUIET);
      assert_int_equal(result.hash, replayed.hash);
      run_result_finish(&result);
      run_result_finish(&replayed);
    }
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(expectations_hold_or_not),   cmocka_unit_test(ends_of_compiled_drivers), cmocka_unit_test(sets_are_judged),
    cmocka_unit_test(exhausted_is_all),           cmocka_unit_test(buckets_replay),           cmocka_unit_test(boots_end),
    cmocka_unit_test(what_waits_in_boot_goes_on), cmocka_unit_test(too_large_is_bad_input),   cmocka_unit_test(large_runs),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
