#include "failure.h"

#include "run_internal.h"

#include <string.h>

#define STACK_FUNCTION_COUNT_MAX 4

/* ---- places, by name ---- */

static char *routine_of(const ScenarioRun *run, uint32_t site) {
  RunSite where;
  if (site == 0 || !scenario_run_site(run, site, &where))
    return NULL;
  return g_strdup_printf("%s.%s", where.driver, where.function);
}

static char *text_of(const ScenarioRun *run, uint32_t site) {
  RunSite where;
  if (site == 0 || !scenario_run_site(run, site, &where))
    return NULL;
  return g_strdup(where.text);
}

/* "fw.inject < fw.worker": the innermost functions, each once where it calls itself; NULL: in no driver code. Returns owned. */
static char *stack_of(const ScenarioRun *run, uint32_t site, const SimFrame *frames, unsigned frame_count) {
  GString *text = g_string_new(NULL);
  g_autofree char *last = NULL;
  unsigned count = 0;
  for (unsigned i = frame_count + 1; i-- > 0 && count < STACK_FUNCTION_COUNT_MAX;) {
    char *routine = routine_of(run, i == frame_count ? site : frames[i].site);
    if (routine != NULL && g_strcmp0(routine, last) != 0) {
      g_string_append_printf(text, "%s%s", count++ > 0 ? " < " : "", routine);
      g_free(g_steal_pointer(&last));
      last = g_strdup(routine);
    }
    g_free(routine);
  }
  return g_string_free(text, count == 0);
}

static char *bugcheck_stack(const ScenarioRun *run, const KeBugcheck *bugcheck) {
  const SimMachine *machine = sim_machine();
  for (uint32_t i = 0; i < machine->context_count; i++) {
    const SimContext *context = &machine->contexts[i];
    if (context->id == bugcheck->context && bugcheck->context != 0)
      return stack_of(run, bugcheck->site, context->frames, MIN(context->frame_count, SIM_FRAME_COUNT_MAX));
  }
  return stack_of(run, bugcheck->site, NULL, 0);
}

static char *finding_stack(const ScenarioRun *run, const Finding *finding) {
  return stack_of(run, finding->site, finding->frames, finding->frame_count);
}

/* Text and functions of one of the two places of a race, which may come in either order; NULL: it has but one. Returns owned. */
static char *place_of(const ScenarioRun *run, uint32_t site, const SimFrame *frames, unsigned frame_count) {
  if (site == 0)
    return NULL;
  g_autofree char *text = text_of(run, site), *stack = stack_of(run, site, frames, frame_count);
  return g_strdup_printf("%s in %s", text != NULL ? text : "", stack != NULL ? stack : "");
}

static char *place_here(const ScenarioRun *run, const Finding *finding) {
  unsigned count = MIN(finding->frame_count, SIM_RACE_FRAME_COUNT_MAX); /* of the other no more are kept */
  return place_of(run, finding->site, finding->frames + (finding->frame_count - count), count);
}

static char *place_there(const ScenarioRun *run, const Finding *finding) {
  return place_of(run, finding->other.site, finding->other.frames, finding->other.frame_count);
}

/* Both places, in an order of their own; NULL: it takes but one. Returns owned. */
static char *pair_of(const ScenarioRun *run, const Finding *finding) {
  g_autofree char *here = place_here(run, finding), *there = place_there(run, finding);
  if (here == NULL || there == NULL)
    return NULL;
  bool is_first = strcmp(here, there) <= 0;
  return g_strdup_printf("%s; %s", is_first ? here : there, is_first ? there : here);
}

static uint8_t kind_of(uint32_t ordinal) {
  const Object *object = ordinal != 0 ? object_by_ordinal(ordinal) : NULL;
  return object != NULL ? object->kind : OBJECT_NONE;
}

/* ---- what went wrong ---- */

/* Called from the same places, too. */
static bool is_same_place(const Finding *one, const Finding *other) {
  if (one->function != other->function || one->site != other->site || one->other.site != other->other.site ||
      one->frame_count != other->frame_count)
    return false;
  for (unsigned i = 0; i < one->frame_count; i++)
    if (one->frames[i].site != other->frames[i].site)
      return false;
  return true;
}

/* A race, met from its other side. */
static bool is_swapped(const Finding *one, const Finding *other) {
  return one->other.site != 0 && one->site == other->other.site && one->other.site == other->site;
}

static bool is_known_finding(const RunResult *natural, const Finding *finding) {
  for (uint32_t i = 0; natural != NULL && i < natural->finding_count; i++) {
    const Finding *known = &natural->findings[i];
    if (known->rule == finding->rule && (is_same_place(known, finding) || is_swapped(known, finding)))
      return true;
  }
  return false;
}

/* The first that the natural schedule does not come to; `any`: else the first. */
static const Finding *finding_choose(const RunResult *result, const RunResult *natural, bool any) {
  for (uint32_t i = 0; i < result->finding_count; i++)
    if (!is_known_finding(natural, &result->findings[i]))
      return &result->findings[i];
  return any && result->finding_count > 0 ? &result->findings[0] : NULL;
}

static RunFailure of_finding(const ScenarioRun *run, const Finding *finding) {
  return (RunFailure){ .kind = RUN_FAILURE_FINDING,
                       .code = finding->rule,
                       .function = finding->function,
                       .routine = routine_of(run, finding->site),
                       .stack = finding_stack(run, finding),
                       .text = text_of(run, finding->site),
                       .other = pair_of(run, finding),
                       .kinds = { kind_of(finding->object) } };
}

static RunFailure of_bugcheck(const ScenarioRun *run, const KeBugcheck *bugcheck) {
  RunFailure failure = {
    .kind = RUN_FAILURE_BUGCHECK, .code = bugcheck->code, .routine = routine_of(run, bugcheck->site), .stack = bugcheck_stack(run, bugcheck)
  };
  for (unsigned i = 0; i < G_N_ELEMENTS(failure.kinds); i++)
    failure.kinds[i] = kind_of(bugcheck->objects[i]);
  return failure;
}

/* A scenario that expects a bug check is not about its absence. */
static bool is_promise(const Expectation *expectation) {
  if (expectation->when == EXPECT_NEVER)
    return true;
  switch (expectation->kind) {
  case EXPECT_BUGCHECK:
  case EXPECT_FINDING: return false;
  case EXPECT_OUTCOME: return expectation->outcome == EXPECT_CLEAN || expectation->outcome == EXPECT_QUIET;
  default: return true;
  }
}

static bool judge(const ScenarioRun *run, const RunResult *result, size_t *expectation) {
  g_autofree bool *seen = g_new0(bool, run->scenario->expect.count + 1);
  const Expectation *failed = NULL;
  g_free(scenario_judge(run, result, seen, &failed)); /* which one it is is enough */
  if (failed != NULL)
    *expectation = (size_t)(failed - run->scenario->expect.items);
  return failed != NULL && is_promise(failed);
}

/* "clean" and the like, where it is the finding that is in its way. */
static bool is_about_findings(const Expectation *expectation) {
  return expectation->when != EXPECT_NEVER && expectation->kind == EXPECT_OUTCOME;
}

RunFailure run_failure_of(const ScenarioRun *run, const RunResult *result, const RunResult *natural) {
  RunFailure failure = { .kind = RUN_FAILURE_NONE };
  const KeBugcheck *bugcheck = &result->bugcheck;
  if (bugcheck->code != 0)
    return of_bugcheck(run, bugcheck);
  const Finding *finding = finding_choose(result, natural, false);
  if (finding != NULL)
    return of_finding(run, finding);
  if (result->stop != SIM_STOP_QUIET)
    return (RunFailure){
      .kind = RUN_FAILURE_STOP, .stop = result->stop, .stop_text = g_strdup(result->stop_text), .text = run_result_bucket(result)
    };
  bool is_broken = judge(run, result, &failure.expectation);
  finding = finding_choose(result, natural, true);
  if (finding != NULL && (!is_broken || is_about_findings(&run->scenario->expect.items[failure.expectation])))
    return of_finding(run, finding);
  failure.kind = is_broken ? RUN_FAILURE_EXPECTATION : RUN_FAILURE_NONE;
  return failure;
}

void run_failure_finish(RunFailure *failure) {
  g_free(failure->stop_text);
  g_free(failure->routine);
  g_free(failure->stack);
  g_free(failure->other);
  g_free(failure->text);
  memset(failure, 0, sizeof *failure);
}

/* ---- the same again ---- */

bool run_failure_is_finding(const ScenarioRun *run, const RunFailure *failure, const Finding *finding) {
  if (failure->kind != RUN_FAILURE_FINDING || finding->rule != failure->code)
    return false;
  g_autofree char *pair = failure->other != NULL ? pair_of(run, finding) : NULL;
  if (failure->other != NULL)
    return g_strcmp0(pair, failure->other) == 0;
  if (finding->function != failure->function || kind_of(finding->object) != failure->kinds[0])
    return false;
  g_autofree char *stack = finding_stack(run, finding), *text = text_of(run, finding->site);
  return g_strcmp0(stack, failure->stack) == 0 && (failure->text == NULL || g_strcmp0(text, failure->text) == 0);
}

static bool has_finding(const ScenarioRun *run, const RunFailure *failure, const RunResult *result) {
  for (uint32_t i = 0; i < result->finding_count; i++)
    if (run_failure_is_finding(run, failure, &result->findings[i]))
      return true;
  return false;
}

static bool is_bugcheck(const ScenarioRun *run, const RunFailure *failure, const KeBugcheck *bugcheck) {
  if (bugcheck->code != failure->code)
    return false;
  for (unsigned i = 0; i < G_N_ELEMENTS(failure->kinds); i++)
    if (kind_of(bugcheck->objects[i]) != failure->kinds[i])
      return false;
  g_autofree char *stack = bugcheck_stack(run, bugcheck);
  return g_strcmp0(stack, failure->stack) == 0;
}

bool run_failure_is(const ScenarioRun *run, const RunFailure *failure, const RunResult *result) {
  size_t expectation;
  g_autofree char *bucket = failure->kind == RUN_FAILURE_STOP ? run_result_bucket(result) : NULL;
  switch (failure->kind) {
  case RUN_FAILURE_NONE: return false;
  case RUN_FAILURE_BUGCHECK: return is_bugcheck(run, failure, &result->bugcheck);
  case RUN_FAILURE_FINDING: return has_finding(run, failure, result);
  case RUN_FAILURE_STOP: return result->stop == failure->stop && strcmp(bucket, failure->text) == 0;
  case RUN_FAILURE_EXPECTATION:
    return result->bugcheck.code == 0 && result->stop == SIM_STOP_QUIET && judge(run, result, &expectation) &&
           expectation == failure->expectation;
  }
  return false;
}

/* ---- in words ---- */

static const char *function_name(uint32_t id) {
  const DdiFunction *function = ddi_function_by_id(id);
  const DdiCallback *callback = function == NULL ? ddi_callback_by_id(id) : NULL;
  return function != NULL ? function->name : callback != NULL ? callback->name : "";
}

char *run_failure_words(const ScenarioRun *run, const RunFailure *failure) {
  RunResult result = { .stop = failure->stop };
  const char *in = failure->routine != NULL ? " in " : "", *routine = failure->routine != NULL ? failure->routine : "";
  const char *function = function_name(failure->function);
  switch (failure->kind) {
  case RUN_FAILURE_BUGCHECK: {
    result.bugcheck.code = failure->code;
    g_autofree char *bucket = run_result_bucket(&result);
    return g_strconcat(bucket, in, routine, NULL);
  }
  case RUN_FAILURE_FINDING:
    return g_strconcat(rule_by_id(failure->code)->name, *function != '\0' ? " at " : "", function, in, routine, NULL);
  case RUN_FAILURE_STOP: g_strlcpy(result.stop_text, failure->stop_text, sizeof result.stop_text); return run_result_bucket(&result);
  case RUN_FAILURE_EXPECTATION: return expectation_broken(&run->scenario->expect.items[failure->expectation]);
  default: return g_strdup("nothing");
  }
}
