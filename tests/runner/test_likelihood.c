/* When a failure was decided: against what is known of small programs, and against all schedules there are: a choice is where a failure became inevitable
 * if and only if all schedules that go as it went fail, and before it some does not. In the scenarios here ` stands for ". */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "likelihood.h"
#include "run_internal.h"
#include "shrink.h"

#include <math.h>
#include <string.h>

#define SCHEDULE_COUNT_MAX 20000

typedef struct Opened {
  Scenario *scenario;
  ScenarioRun *run;
} Opened;

/* Takes the scenario. */
static Opened opened_of(Scenario *scenario, const GError *why) {
  GError *error = NULL;
  Opened opened = { .scenario = scenario };
  if (scenario != NULL)
    opened.run = scenario_run_create(scenario, &error);
  if (opened.run == NULL)
    fail_msg("%s", why != NULL ? why->message : error->message);
  return opened;
}

static Opened open_file(const char *file) {
  g_autoptr(GError) error = NULL;
  g_autofree char *path = g_build_filename(SCENARIOS_FOLDER, file, NULL);
  Scenario *scenario = scenario_load(path, &error);
  return opened_of(scenario, error);
}

static Opened open_text(const char *text) {
  g_autoptr(GError) error = NULL;
  g_autofree char *json = g_strdelimit(g_strdup(text), "`", '"');
  Scenario *scenario = scenario_load_bytes("x.json", json, strlen(json), &error);
  return opened_of(scenario, error);
}

static void opened_close(Opened *opened) {
  scenario_run_free(opened->run);
  scenario_free(opened->scenario);
}

/* The natural schedule if that fails, else one that a search finds and that was made minimal. Owned. */
static SimSchedule schedule_of(ScenarioRun *run) {
  SimSearchOptions options = run->scenario->policy.search;
  if (!options.policy->explores)
    options.policy = &sim_policy_portfolio;
  Shrunk shrunk;
  ShrinkFound found = shrink_find(run, &options, 5000);
  assert_true(found.is_found);
  assert_true(shrink_bucket(run, &found.result, NULL, &shrunk));
  SimSchedule schedule = shrunk.result.exceptions;
  shrunk.result.exceptions = (SimSchedule){ 0 };
  shrunk_finish(&shrunk);
  run_result_finish(&found.result);
  return schedule;
}

/* ---- all schedules there are ---- */

static uint32_t answer_of(const SimSchedule *schedule, const SimProspectPoint *point) {
  for (size_t i = 0; i < schedule->count; i++) {
    const SimException *one = &schedule->exceptions[i];
    if (one->context == point->context && one->kind == point->kind && one->ordinal == point->ordinal)
      return one->answer;
  }
  return point->natural;
}

/* How many of the line's choices the schedule makes as it does, from the first. */
static size_t common(const SimProspectLine *line, const SimSchedule *schedule) {
  size_t at = 0;
  while (at < line->count && answer_of(schedule, &line->points[at]) == line->options[line->points[at].first].id)
    at++;
  return at;
}

typedef struct All {
  uint64_t *runs, *fails; /* of those with so many choices as the line */
  bool is_complete;
} All;

/* Every one, as exhaustive lists them: it knows nothing of the line. */
static All all_run(ScenarioRun *run, const Likelihood *likelihood) {
  const SimProspectLine *line = &likelihood->line;
  All all = { g_new0(uint64_t, line->count + 1), g_new0(uint64_t, line->count + 1), true };
  SimSearchOptions options = likelihood->search;
  options.policy = &sim_policy_exhaustive;
  RunSearch search;
  bool is_more = true;
  run_search_init(&search, run, &options);
  for (uint64_t count = 0; is_more && all.is_complete; count++) {
    RunResult result = { 0 };
    is_more = run_search_next(&search, NULL, &result);
    size_t as_line = common(line, &result.exceptions);
    bool fails = run_failure_is(run, &likelihood->failure, &result);
    for (size_t at = 0; at <= as_line; at++) {
      all.runs[at]++;
      all.fails[at] += fails;
    }
    all.is_complete = count < SCHEDULE_COUNT_MAX;
    run_result_finish(&result);
  }
  run_search_finish(&search);
  return all;
}

/* A finding ends a run here as soon as it is there, and what would have followed is one run; accesses of a context's own stack are no choices: then only
 * whether all fail is compared. */
static void compare(const char *name, const Likelihood *likelihood, const All *all) {
  bool is_early = likelihood->failure.kind == RUN_FAILURE_FINDING || likelihood->search.visits_accesses;
  size_t inevitable = likelihood->line.count;
  while (inevitable > 0 && all->fails[inevitable - 1] == all->runs[inevitable - 1])
    inevitable--;
  if (likelihood->proved != inevitable || likelihood->is_averted != (inevitable > 0))
    fail_msg("%s: inevitable behind choice %zu, and all schedules say %zu", name, likelihood->proved, inevitable);
  for (size_t at = 0; at <= likelihood->line.count; at++) {
    const LikelihoodPoint *point = &likelihood->points[at];
    bool is_same = !point->is_exact || is_early || (point->share.runs == all->runs[at] && point->share.fails == all->fails[at]);
    bool is_alike = !point->is_exact || ((point->share.fails == point->share.runs) == (all->fails[at] == all->runs[at]));
    if (!is_same || !is_alike)
      fail_msg("%s, choice %zu: %llu of %llu fail, and of all schedules %llu of %llu", name, at, (unsigned long long)point->share.fails,
               (unsigned long long)point->share.runs, (unsigned long long)all->fails[at], (unsigned long long)all->runs[at]);
  }
}

static const char *const small[] = {
  "drivers/ab-ba-locks.json",
  "drivers/connection-list/bug.json",
  "drivers/event-freed-after-time-out/bug.json",
  "drivers/handshake-takes-long/bug.json",
  "drivers/interrupt-between/bug.json",
  "drivers/late-timer/bug.json",
  "drivers/lost-wakeup/bug.json",
  "drivers/published-too-early/bug.json",
  "drivers/reference-from-zero/bug.json",
  "drivers/service-forgets/bug.json",
  "drivers/stop-between/bug.json",
  "drivers/thread-ends-late/bug.json",
  "drivers/timer-sets-itself/bug.json",
  "drivers/upgrade-without-look/bug.json",
  "drivers/work-item-too-late/bug.json",
  "failures/freed-twice/bug.json",
  "failures/pend-status-unchecked/bug.json",
  "rules/deadlock/bad-reply.json",
  "seeds/osr-291980/time-out.json",
  "seeds/kb2664888/worker-return.json",
};

/* True: there were few enough. */
static bool all_compare(const char *name, ScenarioRun *run, bool visits_accesses) {
  SimSchedule schedule = schedule_of(run);
  Likelihood likelihood;
  assert_true(likelihood_of(run, &schedule, &(LikelihoodOptions){ .seed = 1, .visits_accesses = visits_accesses }, &likelihood));
  All all = all_run(run, &likelihood);
  if (all.is_complete)
    compare(name, &likelihood, &all);
  g_free(all.runs);
  g_free(all.fails);
  likelihood_finish(&likelihood);
  sim_schedule_finish(&schedule);
  return all.is_complete;
}

static void inevitable_if_all_fail(void **state) {
  unsigned compared = 0;
  (void)state;
  for (unsigned i = 0; i < G_N_ELEMENTS(small); i++) {
    Opened opened = open_file(small[i]);
    compared += all_compare(small[i], opened.run, false);
    opened_close(&opened);
  }
  assert_true(compared >= 15);
}

/* The second of two that count stores what the first has not seen: from then on it is lost, and an expectation says so at the end. */
static void lost_update(void **state) {
  (void)state;
  Opened opened =
      open_text("{ `irqlab`: 1, `title`: `t`, `machine`: { `cpus`: 2 }, `drivers`: { `fw`: { `globals`: { `gCount`: `LONG` }, "
                "`Count`: { `as`: `KDEFERRED_ROUTINE`, `locals`: { `seen`: `LONG` }, "
                "`do`: [`seen = gCount`, `KeMemoryBarrier()`, `gCount = seen + 1`] } } }, "
                "`traffic`: [{ `at`: `1ms`, `dpc`: `fw.Count`, `in`: `cpu 0` }, { `at`: `1ms`, `dpc`: `fw.Count`, `in`: `cpu 1` }], "
                "`policy`: { `kind`: `random`, `schedules`: 500 }, "
                "`expect`: { `always`: [{ `global`: `fw.gCount`, `is`: 2 }] } }");
  SimSchedule schedule = schedule_of(opened.run);
  Likelihood likelihood;
  assert_true(likelihood_of(opened.run, &schedule, &(LikelihoodOptions){ .seed = 1 }, &likelihood));
  assert_int_equal(likelihood.failure.kind, RUN_FAILURE_EXPECTATION);
  assert_true(likelihood.is_averted && likelihood.proved > 0);
  likelihood_finish(&likelihood);
  sim_schedule_finish(&schedule);
  assert_true(all_compare("lost update", opened.run, false));
  assert_true(all_compare("lost update, at accesses", opened.run, true));
  opened_close(&opened);
}

/* Somebody else touches what stands on a stack: accesses of it are places to switch. Behind the write of gFlag nothing but such an access can avert it. */
static void shared_stack(void **state) {
  (void)state;
  Opened opened =
      open_text("{ `irqlab`: 1, `title`: `t`, `machine`: { `cpus`: 2 }, `drivers`: { `fw`: { "
                "`globals`: { `gSeen`: `LONG *`, `gFlag`: `LONG`, `gResult`: `LONG`, `gDone`: `KEVENT` }, "
                "`DriverEntry`: [`KeInitializeEvent(&gDone, NotificationEvent, FALSE)`, `return STATUS_SUCCESS`], "
                "`Owner`: { `as`: `KSTART_ROUTINE`, `locals`: { `mine`: `LONG` }, `do`: [`mine = 0`, `gSeen = &mine`, "
                "`gFlag = 1`, `mine = mine + 1`, `gResult = mine`, "
                "`KeWaitForSingleObject(&gDone, Executive, KernelMode, FALSE, NULL)`] }, "
                "`Other`: { `as`: `KSTART_ROUTINE`, `do`: [{ `if`: `gSeen != NULL`, `then`: [`*gSeen = 5`] }, "
                "`KeSetEvent(&gDone, 0, FALSE)`] } } }, "
                "`traffic`: [{ `at`: `1ms`, `thread`: `fw.Owner`, `in`: `cpu 0` }, { `at`: `1ms`, `thread`: `fw.Other`, `in`: `cpu 1` }], "
                "`policy`: { `kind`: `random`, `schedules`: 500 }, "
                "`expect`: { `never`: [{ `global`: `fw.gResult`, `is`: 1 }] } }");
  assert_true(all_compare("shared stack", opened.run, true));
  opened_close(&opened);
}

/* What is drawn is what is counted: the exact chance lies in nearly every interval. */
static void drawn_as_counted(void **state) {
  unsigned looked = 0, missed = 0;
  (void)state;
  for (unsigned i = 0; i < G_N_ELEMENTS(small); i++) {
    Opened opened = open_file(small[i]);
    SimSchedule schedule = schedule_of(opened.run);
    Likelihood counted, drawn;
    assert_true(likelihood_of(opened.run, &schedule, &(LikelihoodOptions){ .seed = 1 }, &counted));
    assert_true(likelihood_of(opened.run, &schedule, &(LikelihoodOptions){ .seed = 7, .draws = 200, .runs = 1 }, &drawn));
    assert_int_equal(counted.line.count, drawn.line.count);
    for (size_t at = 0; at < drawn.line.count; at++) {
      const LikelihoodPoint *one = &drawn.points[at];
      if (one->is_exact || one->share.runs == 0 || !counted.points[at].is_exact)
        continue;
      double chance = counted.points[at].share.chance;
      looked++;
      missed += chance < one->low - 1e-9 || chance > one->high + 1e-9;
    }
    likelihood_finish(&counted);
    likelihood_finish(&drawn);
    sim_schedule_finish(&schedule);
    opened_close(&opened);
  }
  assert_true(looked > 40);
  assert_true(missed * 8 <= looked); /* 95 percent are promised; choices of one schedule are not independent */
}

/* ---- programs of which it is known ---- */

typedef struct Known {
  const char *text;
  double chance;  /* at first */
  size_t choices; /* SIZE_MAX: no matter */
  size_t proved;  /* the failure is inevitable behind so many; SIZE_MAX: behind the last */
} Known;

#define HEAD "{ `irqlab`: 1, `title`: `t`, `machine`: { `cpus`: 2 }, "
#define DPC(name, steps) "`" name "`: { `as`: `KDEFERRED_ROUTINE`, `locals`: { `a`: `PULONG` }, `do`: [" steps "] }"
#define BLOCK "`a = ExAllocatePool2(POOL_FLAG_NON_PAGED, 16, 1)`, `*a = 1`, `ExFreePool(a)`"
#define VARIES "`policy`: { `kind`: `random`, `vary`: [`allocation`] } }"
#define ONE "`traffic`: [{ `at`: `1ms`, `dpc`: `fw.One` }], "

static const Known known[] = {
  /* Half of the two ways there are. */
  { HEAD "`drivers`: { `fw`: { " DPC("One", BLOCK) " } }, " ONE VARIES, 0.5, 1, 1 },
  /* The second allocation is used unseen; the first may fail or not. */
  { HEAD "`drivers`: { `fw`: { " DPC("One", "`a = ExAllocatePool2(POOL_FLAG_NON_PAGED, 16, 1)`, "
                                            "{ `if`: `a != NULL`, `then`: [`ExFreePool(a)`] }, " BLOCK) " } }, " ONE VARIES,
    0.5, 2, 2 },
  /* Only if the first does not fail does the second matter. */
  { HEAD "`drivers`: { `fw`: { " DPC("One", "`a = ExAllocatePool2(POOL_FLAG_NON_PAGED, 16, 1)`, "
                                            "{ `if`: `a != NULL`, `then`: [`ExFreePool(a)`, " BLOCK "] }") " } }, " ONE VARIES,
    0.25, 2, 2 },
  /* In every schedule: what can go otherwise does not matter. */
  { HEAD "`drivers`: { `fw`: { " DPC("One", "`a = ExAllocatePool2(POOL_FLAG_NON_PAGED, 16, 1)`, `a = NULL`, `*a = 1`") " } }, " ONE VARIES,
    1, SIZE_MAX, 0 },
  /* There is nothing that could. */
  { HEAD "`drivers`: { `fw`: { " DPC("One", "`a = NULL`, `*a = 1`") " } }, `traffic`: [{ `at`: `1ms`, `dpc`: `fw.One` }] }", 1, 0, 0 },
};

static void known_programs(void **state) {
  (void)state;
  for (unsigned i = 0; i < G_N_ELEMENTS(known); i++) {
    Opened opened = open_text(known[i].text);
    SimSchedule schedule = schedule_of(opened.run);
    Likelihood likelihood;
    assert_true(likelihood_of(opened.run, &schedule, &(LikelihoodOptions){ .seed = 1 }, &likelihood));
    if (fabs(likelihood.points[0].share.chance - known[i].chance) > 1e-12 || likelihood.proved != known[i].proved ||
        (known[i].choices != SIZE_MAX && likelihood.line.count != known[i].choices))
      fail_msg("row %u: chance %.3f, %zu choices, inevitable behind %zu", i, likelihood.points[0].share.chance, likelihood.line.count,
               likelihood.proved);
    likelihood_finish(&likelihood);
    sim_schedule_finish(&schedule);
    opened_close(&opened);
  }
}

/* Inevitable when each holds the lock that the other wants, and not a choice sooner. */
static void deadlock_when_each_holds_one(void **state) {
  (void)state;
  Opened opened = open_file("drivers/ab-ba-locks.json");
  SimSchedule schedule = { 0 };
  Likelihood likelihood;
  assert_true(likelihood_of(opened.run, &schedule, &(LikelihoodOptions){ .seed = 1 }, &likelihood));
  assert_true(likelihood.is_averted);
  assert_int_equal(likelihood.proved, likelihood.critical + 1);
  const SimProspectPoint *point = &likelihood.line.points[likelihood.critical];
  const SimOption *chosen = &likelihood.line.options[point->first];
  assert_string_equal(ddi_function_by_id(chosen[0].operation.function)->name, "KeAcquireSpinLock");
  assert_string_equal(ddi_function_by_id(chosen[1].operation.function)->name, "KeAcquireSpinLock");
  assert_int_equal(point->count, 2);
  assert_true(likelihood.points[likelihood.critical].share.chance == 0.5);
  assert_true(likelihood.options[point->first + 1].fails == 0); /* who has both locks lets go of both */
  likelihood_finish(&likelihood);
  opened_close(&opened);
}

/* Two that give way in step, until a budget is used up: likely only when it nearly is. */
static void livelock_until_the_end(void **state) {
  (void)state;
  Opened opened = open_file("rules/livelock/bad-in-step.json");
  SimSchedule schedule = { 0 };
  Likelihood likelihood;
  assert_true(likelihood_of(opened.run, &schedule, &(LikelihoodOptions){ .seed = 1 }, &likelihood));
  assert_true(likelihood.line.count > 1000);
  assert_true(likelihood.points[0].share.runs > 0 && likelihood.points[0].share.fails == 0);
  assert_true(likelihood.proved + 50 > likelihood.line.count);
  likelihood_finish(&likelihood);
  opened_close(&opened);
}

/* The same, whoever asks and how often. */
static void repeats(void **state) {
  (void)state;
  Opened opened = open_file("drivers/queue-overrun/bug.json");
  SimSchedule schedule = schedule_of(opened.run);
  Likelihood one, other;
  assert_true(likelihood_of(opened.run, &schedule, &(LikelihoodOptions){ .seed = 1 }, &one));
  assert_true(likelihood_of(opened.run, &schedule, &(LikelihoodOptions){ .seed = 1 }, &other));
  assert_true(one.drawn > 0);
  assert_int_equal(one.drawn, other.drawn);
  for (size_t at = 0; at <= one.line.count; at++)
    assert_memory_equal(&one.points[at], &other.points[at], sizeof one.points[at]);
  likelihood_finish(&one);
  likelihood_finish(&other);
  sim_schedule_finish(&schedule);
  opened_close(&opened);
}

static void nothing_fails(void **state) {
  (void)state;
  Opened opened = open_file("drivers/stop-between/corrected.json");
  SimSchedule schedule = { 0 };
  Likelihood likelihood;
  assert_false(likelihood_of(opened.run, &schedule, &(LikelihoodOptions){ .seed = 1 }, &likelihood));
  likelihood_finish(&likelihood);
  opened_close(&opened);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(known_programs),
    cmocka_unit_test(deadlock_when_each_holds_one),
    cmocka_unit_test(livelock_until_the_end),
    cmocka_unit_test(inevitable_if_all_fail),
    cmocka_unit_test(lost_update),
    cmocka_unit_test(shared_stack),
    cmocka_unit_test(drawn_as_counted),
    cmocka_unit_test(repeats),
    cmocka_unit_test(nothing_fails),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
