#include "shrink_scenario.h"

#include "outline.h"
#include "run_internal.h"
#include "shrink_text.h"

#include <errno.h>
#include <string.h>

#define TRY_COUNT_MAX 400  /* scenarios booted */
#define SEED_COUNT_MAX 100 /* schedules looked through where the old one does not fit any more */
#define PASS_COUNT_MAX 3
#define STEP_FACTOR 20

typedef struct Work {
  const char *file; /* the scenario's: where relative paths begin */
  ShrunkScenario *small;
  RunFailure failure;
  SimSchedule schedule; /* of what is left */
  uint32_t preemptions; /* of it */
  size_t exceptions;    /* in its line */
  bool races;           /* looked for, without being told by the expectations */
  bool ends;            /* the natural schedule comes to its end */
  char *original;       /* the text as its author wrote it */
  GArray *cuts;         /* of ShrinkCut: from it to what is left */
  SimShrinkResult shrink;
  uint64_t step_max; /* of a run: what goes on for much longer than the failure took has become another story */
} Work;

/* ---- does a text still fail? ---- */

static void schedule_set(SimSchedule *to, SimSchedule *from) {
  sim_schedule_finish(to);
  *to = *from;
  *from = (SimSchedule){ 0 };
}

/* NULL, when it cannot be set up (with error, when there is one to set). Owned. */
static ScenarioRun *booted(const Work *work, const Scenario *scenario, GError **error) {
  ScenarioRun *run = scenario_run_create(scenario, error);
  if (run != NULL && work->races)
    scenario_run_look_for_races(run);
  return run;
}

/* That very schedule. */
static bool fails_by(Work *work, ScenarioRun *run, const SimSchedule *schedule) {
  RunResult result = { 0 };
  uint32_t preemptions = shrink_run(run, schedule, &result);
  bool is_same =
      run_failure_is(run, &work->failure, &result) && preemptions <= work->preemptions && result.exceptions.count <= work->exceptions;
  if (is_same) {
    work->preemptions = preemptions;
    work->exceptions = result.exceptions.count;
    schedule_set(&work->schedule, &result.exceptions);
  }
  run_result_finish(&result);
  return is_same;
}

/* Of the schedule that was given it is still told how many preemptions it had, and of all runs how many they were. */
static void shrink_note(Work *work, const SimShrinkResult *shrink) {
  SimShrinkResult before = work->shrink;
  work->shrink = *shrink;
  work->shrink.preemptions_before = before.preemptions_before;
  work->shrink.run_count += before.run_count;
}

static void shrunk_take(Work *work, Shrunk *shrunk) {
  work->preemptions = shrunk->shrink.preemptions;
  work->exceptions = shrunk->exceptions;
  shrink_note(work, &shrunk->shrink);
  schedule_set(&work->schedule, &shrunk->result.exceptions);
}

/* Some other, with no more preemptions and no longer line: contexts may have other names than before. */
static bool fails_by_another(Work *work, ScenarioRun *run) {
  RunSearch search;
  bool is_found = false, is_more = true;
  run_search_init(&search, run, &sim_search_options_default);
  for (unsigned i = 0; !is_found && is_more && i < SEED_COUNT_MAX; i++) {
    RunResult result = { 0 };
    is_more = run_search_next(&search, NULL, &result);
    is_found = run_failure_is(run, &work->failure, &result);
    Shrunk shrunk = { 0 };
    if (is_found && shrink_bucket(run, &result, &(ShrinkBudget){ .runs = 2000 }, &shrunk)) {
      is_found = shrunk.shrink.preemptions <= work->preemptions && shrunk.exceptions <= work->exceptions &&
                 run_failure_is(run, &work->failure, &shrunk.result);
      if (is_found)
        shrunk_take(work, &shrunk);
      is_more = false;
    }
    shrunk_finish(&shrunk);
    run_result_finish(&result);
  }
  run_search_finish(&search);
  return is_found;
}

/* Does the natural schedule fail that way? And does it come to its end? */
static bool natural_run(const RunFailure *failure, ScenarioRun *run, bool *ends) {
  RunResult result = { 0 };
  scenario_run_once(run, &(RunRequest){ .policy = &sim_policy_replay, .replay = &(SimSchedule){ 0 } }, &result);
  bool is_same = run_failure_is(run, failure, &result);
  *ends = result.stop < SIM_STOP_LIMIT_STEPS;
  run_result_finish(&result);
  return is_same;
}

/* What needed a preemption before still does, else it is another story; and what came to its end still does, else nobody could see it come out clean
 * once the driver is mended: a timer whose driver is never unloaded ticks for ever. */
static bool natural_is_alike(const Work *work, ScenarioRun *run) {
  bool ends;
  return work->shrink.is_natural || (!natural_run(&work->failure, run, &ends) && (ends || !work->ends));
}

static bool still_fails(Work *work, const char *text) {
  g_autoptr(Scenario) scenario = scenario_load_bytes(work->file, text, strlen(text), NULL);
  if (scenario == NULL || work->small->booted >= TRY_COUNT_MAX)
    return false;
  work->small->booted++;
  scenario->limits.steps = MIN(scenario->limits.steps, work->step_max);
  g_autoptr(ScenarioRun) run = booted(work, scenario, NULL);
  if (run == NULL || run->snapshot == NULL || !natural_is_alike(work, run))
    return false;
  return fails_by(work, run, &work->schedule) || fails_by_another(work, run);
}

/* ---- taking away ---- */

/* What the author of the file calls what was cut out of the text. */
static char *cut_name(const Work *work, const ShrinkCut *cut) {
  size_t entry = cut->entry;
  for (guint i = work->cuts->len; i > 0; i--) {
    const ShrinkCut *before = &g_array_index(work->cuts, ShrinkCut, i - 1);
    if (entry >= before->begin)
      entry += before->size;
  }
  return shrink_text_name(work->file, work->original, entry);
}

/* Takes the text. */
static void cut_take(Work *work, char *text, const ShrinkCut *cut) {
  g_free(work->small->text);
  work->small->text = text;
  g_array_append_val(work->cuts, *cut);
}

/* What goes, the largest first. Returns whether it was something. */
static bool parts_try(Work *work) {
  bool is_any = false;
  for (guint i = 0;; i++) {
    ShrinkCut cut;
    g_autofree char *without = shrink_text_without(work->file, work->small->text, i, &cut);
    if (without == NULL)
      return is_any;
    if (still_fails(work, without)) {
      char *what = cut_name(work, &cut);
      cut_take(work, g_steal_pointer(&without), &cut);
      work->small->gone++;
      g_ptr_array_add(work->small->removed, what != NULL ? what : g_strdup("a part"));
      is_any = true;
      i--; /* what follows has moved up */
    }
  }
}

static void cpus_try(Work *work, unsigned count) {
  for (unsigned fewer = 1; fewer < count; fewer++) {
    g_autofree char *text = shrink_text_cpus(work->file, work->small->text, fewer);
    if (text != NULL && still_fails(work, text)) {
      g_free(work->small->text);
      work->small->text = g_steal_pointer(&text);
      g_ptr_array_add(work->small->removed, g_strdup_printf("%u of %u cpus", count - fewer, count));
      work->small->gone++;
      return;
    }
  }
}

/* What was proved of the scenario as it was need not hold of what is left: its schedule is made minimal once more. */
static void shrink_again(Work *work) {
  const ShrunkScenario *small = work->small;
  g_autoptr(Scenario) scenario = scenario_load_bytes(work->file, small->text, strlen(small->text), NULL);
  g_autoptr(ScenarioRun) run = scenario != NULL ? booted(work, scenario, NULL) : NULL;
  RunResult result = { 0 };
  Shrunk shrunk = { 0 };
  if (run == NULL || run->snapshot == NULL)
    return;
  shrink_run(run, &work->schedule, &result);
  if (shrink_bucket(run, &result, &(ShrinkBudget){ .is_alone = true }, &shrunk) && run_failure_is(run, &work->failure, &shrunk.result)) {
    bool is_less = shrunk.shrink.preemptions < work->preemptions || shrunk.exceptions <= work->exceptions;
    if (shrunk.shrink.preemptions <= work->preemptions && is_less)
      shrunk_take(work, &shrunk);
    else if (shrunk.shrink.preemptions == work->preemptions)
      shrink_note(work, &shrunk.shrink);
  }
  shrunk_finish(&shrunk);
  run_result_finish(&result);
}

/* ---- the whole ---- */

static bool text_write(const char *file, const char *text, GError **error) {
  g_autoptr(GError) why = NULL;
  if (g_file_set_contents(file, text, -1, &why))
    return true;
  g_set_error(error, SCENARIO_ERROR, SCENARIO_ERROR_READ, "%s cannot be written: %s", file, why->message);
  return false;
}

/* Boots what is left and runs its schedule once more, for its report. */
static bool small_open(Work *work, const char *as, GError **error) {
  ShrunkScenario *small = work->small;
  small->scenario = scenario_load_bytes(as, small->text, strlen(small->text), error);
  small->run = small->scenario != NULL ? booted(work, small->scenario, error) : NULL;
  if (small->run == NULL)
    return false;
  Shrunk *shrunk = &small->shrunk;
  run_result_finish(&shrunk->result);
  scenario_run_once(small->run, &(RunRequest){ .policy = &sim_policy_replay, .replay = &work->schedule }, &shrunk->result);
  shrunk->exceptions = shrunk->result.exceptions.count;
  shrunk->shrink = work->shrink;
  char *line = sim_schedule_print(&shrunk->result.exceptions, small->run->fingerprint);
  g_free(shrunk->line);
  shrunk->line = g_strdup(line);
  free(line);
  return true;
}

static void small_close(ShrunkScenario *small) {
  g_clear_pointer(&small->run, scenario_run_free);
  g_clear_pointer(&small->scenario, scenario_free);
}

/* Is the text as it will be written as expected, as `irqlab run` sees it? */
static void small_judge(ShrunkScenario *small, const char *as, const char *text) {
  g_autoptr(GError) error = NULL;
  g_autoptr(Scenario) scenario = scenario_load_bytes(as, text, strlen(text), &error);
  g_autoptr(ScenarioRun) run = scenario != NULL ? scenario_run_create(scenario, &error) : NULL;
  if (run == NULL) {
    small->why = g_strdup(error->message);
    return;
  }
  RunVerdict verdict;
  scenario_explore(run, &(RunExploration){ 0 }, &verdict);
  small->is_as_expected = verdict.is_as_expected;
  small->why = g_strdup(verdict.why);
  run_verdict_finish(&verdict);
}

/* The text with schedule and expectation, paths as seen from where it is written. What is left is booted again: a process has one machine. */
static bool text_finish(Work *work, const char *output, GError **error) {
  ShrunkScenario *small = work->small;
  g_autofree char *expect = shrink_text_expect(small->run, &small->shrunk, &work->failure, small->text);
  g_autofree char *own = shrink_text_own(work->file, output, small->text, small->shrunk.line, work->races, expect, error);
  if (own == NULL)
    return false;
  if (output != NULL) {
    small_close(small);
    small_judge(small, output, own);
    if (!small_open(work, work->file, error) || !text_write(output, own, error))
      return false;
  }
  g_free(small->text);
  small->text = g_steal_pointer(&own);
  return true;
}

static bool is_limit(const RunFailure *failure) { return failure->kind == RUN_FAILURE_STOP && failure->stop >= SIM_STOP_LIMIT_STEPS; }

bool shrink_scenario(Scenario *scenario, ScenarioRun *run, Shrunk *shrunk, const ShrinkScenarioOptions *options, ShrunkScenario *small,
                     GError **error) {
  g_autofree char *file = g_strdup(scenario->file);
  unsigned cpus = scenario->machine.cpu_count;
  bool is_of_expectation = shrunk->failure.kind == RUN_FAILURE_EXPECTATION;
  bool races = scenario_run_was_told_to_look_for_races(run);
  *small = (ShrunkScenario){ .shrunk = *shrunk, .removed = g_ptr_array_new_with_free_func(g_free) };
  *shrunk = (Shrunk){ 0 };
  bool ends = true;
  if (!small->shrunk.shrink.is_natural)
    natural_run(&small->shrunk.failure, run, &ends);
  scenario_run_free(run);
  scenario_free(scenario);
  Work work = { .file = file,
                .small = small,
                .failure = small->shrunk.failure,
                .preemptions = small->shrunk.shrink.preemptions,
                .shrink = small->shrunk.shrink };
  work.races = races;
  work.ends = ends;
  work.exceptions = small->shrunk.exceptions;
  work.cuts = g_array_new(FALSE, FALSE, sizeof(ShrinkCut));
  work.step_max = is_limit(&work.failure) ? UINT64_MAX : STEP_FACTOR * (small->shrunk.result.step_count + STEP_FACTOR);
  schedule_set(&work.schedule, &small->shrunk.result.exceptions);
  bool is_done = g_file_get_contents(file, &small->text, NULL, error);
  work.original = g_strdup(small->text);
  if (is_done && !options->is_whole) {
    ShrinkCut cut;
    g_autofree char *plain = is_of_expectation ? NULL : shrink_text_without_expect(file, small->text, &cut);
    if (plain != NULL && still_fails(&work, plain)) { /* nothing has to stay only because it is expected of */
      cut_take(&work, g_steal_pointer(&plain), &cut);
    }
    for (unsigned pass = 0; pass < PASS_COUNT_MAX && parts_try(&work); pass++)
      continue;
    cpus_try(&work, cpus);
    if (small->removed->len > 0)
      shrink_again(&work);
  }
  is_done = is_done && small_open(&work, file, error) && text_finish(&work, options->output, error);
  sim_schedule_finish(&work.schedule);
  g_array_unref(work.cuts);
  g_free(work.original);
  if (!is_done)
    shrunk_scenario_finish(small);
  return is_done;
}

void shrunk_scenario_finish(ShrunkScenario *small) {
  shrunk_finish(&small->shrunk);
  small_close(small);
  g_clear_pointer(&small->removed, g_ptr_array_unref);
  g_free(small->text);
  g_free(small->why);
  memset(small, 0, sizeof *small);
}
