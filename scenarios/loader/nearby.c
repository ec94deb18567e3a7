#include "nearby.h"

#include "context_map.h"
#include "run_internal.h"

#include "sim/survey.h"

#include <string.h>

#define DISTANCE_MAX 16 /* that an ordinal is moved */

/* ---- where it parts ---- */

static bool is_taken(const SimSchedule *taken, const SimException *exception) {
  for (size_t i = 0; i < taken->count; i++) {
    const SimException *one = &taken->exceptions[i];
    if (one->context == exception->context && one->kind == exception->kind && one->ordinal == exception->ordinal &&
        one->answer == exception->answer)
      return true;
  }
  return false;
}

static bool is_natural(const SimSurvey *survey, const SimException *exception) {
  for (size_t i = 0; i < survey->count; i++) {
    const SimSurveyPoint *point = &survey->points[i];
    if (point->context == exception->context && point->kind == exception->kind && point->ordinal == exception->ordinal)
      return point->answer == exception->answer;
  }
  return false;
}

static void point_look(const SimSurvey *survey, uint32_t event_count, ScheduleMisfit *misfit) {
  const SimException *exception = &misfit->exception;
  misfit->event = event_count;
  for (size_t i = 0; i < survey->count; i++) {
    const SimSurveyPoint *point = &survey->points[i];
    if (point->context != exception->context || point->kind != exception->kind)
      continue;
    misfit->point_count++;
    if (point->ordinal == exception->ordinal) {
      misfit->is_reached = true;
      misfit->event = point->event;
    }
  }
}

bool schedule_misfit(ScenarioRun *run, const SimSchedule *schedule, ScheduleMisfit *misfit) {
  SimSurvey survey = { .is_listing = true };
  SimSearch search;
  SimRunOptions options = { 0 };
  RunResult result = { 0 };
  bool is_misfit = false;
  sim_survey_begin(&survey, &search, &options);
  scenario_run_once(run, &(RunRequest){ .policy = options.policy, .search = options.search, .replay = schedule }, &result);
  for (size_t i = 0; (!is_misfit || misfit->is_natural) && i < schedule->count; i++) {
    const SimException *exception = &schedule->exceptions[i];
    bool is_idle = is_natural(&survey, exception);
    if (is_taken(&result.exceptions, exception) || (is_idle && is_misfit))
      continue;
    is_misfit = true;
    *misfit = (ScheduleMisfit){ .index = i, .exception = *exception, .is_natural = is_idle };
    point_look(&survey, result.event_count, misfit);
  }
  run_result_finish(&result);
  sim_survey_finish(&survey);
  return is_misfit;
}

char *schedule_misfit_words(const SimSchedule *schedule, const ScheduleMisfit *misfit) {
  const SimException *exception = &misfit->exception;
  const char *kind = sim_choice_names[exception->kind];
  g_autofree char *choice = g_strdup_printf("Choice %zu of %zu, %x.%c%u=%u,", misfit->index + 1, schedule->count, exception->context,
                                            sim_choice_letters[exception->kind], exception->ordinal, exception->answer);
  if (misfit->is_natural)
    return g_strdup_printf("%s is what happens anyway by now, and a line names only what does not", choice);
  g_autofree char *why =
      misfit->is_reached ? g_strdup_printf("at event %u there is no such option", misfit->event)
      : misfit->point_count > 0
          ? g_strdup_printf("its context meets only %u such choice%s (%s)", misfit->point_count, misfit->point_count == 1 ? "" : "s", kind)
          : g_strdup_printf("no context %x meets a choice of that kind (%s)", exception->context, kind);
  return g_strdup_printf("%s did not come up: %s%s", choice, why, misfit->index > 0 ? "; those before it fitted" : "");
}

/* ---- nearby ---- */

typedef struct Nearby {
  ScenarioRun *run;
  const SimSchedule *schedule;
  RunResult natural;
  RunResult *result;
  uint64_t run_max;
  uint64_t run_count;
} Nearby;

/* Something that the natural schedule does not come to. */
static bool goes_wrong(Nearby *nearby, const RunResult *result) {
  RunFailure failure = run_failure_of(nearby->run, result, &nearby->natural);
  bool is_wrong = failure.kind != RUN_FAILURE_NONE;
  if (is_wrong && failure.kind == RUN_FAILURE_FINDING) /* one it comes to as well is chosen where there is no other */
    for (uint32_t i = 0; i < nearby->natural.finding_count; i++)
      is_wrong &= nearby->natural.findings[i].rule != failure.code || nearby->natural.findings[i].function != failure.function;
  if (failure.kind == RUN_FAILURE_BUGCHECK)
    is_wrong = nearby->natural.bugcheck.code != failure.code;
  run_failure_finish(&failure);
  return is_wrong;
}

static bool try_one(Nearby *nearby, SimSchedule *candidate) {
  RunResult result = { 0 };
  if (nearby->run_count >= nearby->run_max)
    return false;
  nearby->run_count++;
  candidate->sorted_count = SIZE_MAX;
  scenario_run_once(nearby->run, &(RunRequest){ .policy = &sim_policy_replay, .replay = candidate }, &result);
  if (goes_wrong(nearby, &result)) {
    *nearby->result = result;
    return true;
  }
  run_result_finish(&result);
  return false;
}

/* From the index-th on, what its context is said of moves by the distance: lines were added or taken away before. */
static bool try_moved(Nearby *nearby, SimSchedule *candidate, size_t index, int64_t distance, bool is_alone) {
  const SimSchedule *schedule = nearby->schedule;
  candidate->count = 0;
  for (size_t i = 0; i < schedule->count; i++) {
    SimException exception = schedule->exceptions[i];
    bool moves = i == index || (!is_alone && i > index && exception.context == schedule->exceptions[index].context &&
                                exception.kind == schedule->exceptions[index].kind);
    if (moves && (int64_t)exception.ordinal + distance < 0)
      return false;
    if (moves)
      exception.ordinal = (uint32_t)((int64_t)exception.ordinal + distance);
    sim_schedule_append(candidate, exception);
  }
  return try_one(nearby, candidate);
}

static bool try_all_moved(Nearby *nearby, SimSchedule *candidate) {
  for (int64_t distance = 1; distance <= DISTANCE_MAX; distance++)
    for (size_t i = 0; i < nearby->schedule->count && nearby->run_count < nearby->run_max / 2; i++)
      for (int is_alone = 0; is_alone < 2; is_alone++)
        if (try_moved(nearby, candidate, i, distance, is_alone) || try_moved(nearby, candidate, i, -distance, is_alone))
          return true;
  return false;
}

/* The same choices, of contexts with other numbers: threads or DPCs were added or taken away before them. The natural schedule says who there is, and the
 * line as far as it goes. */
static bool try_renamed(Nearby *nearby, SimSchedule *candidate) {
  bool is_found = false;
  for (int is_natural = 1; is_natural >= 0 && !is_found; is_natural--) {
    SimSurvey survey = { .is_listing = true };
    SimSearch search;
    SimRunOptions options = { 0 };
    RunResult result = { 0 };
    sim_survey_begin(&survey, &search, &options);
    scenario_run_once(
        nearby->run,
        &(RunRequest){ .policy = options.policy, .search = options.search, .replay = is_natural ? &(SimSchedule){ 0 } : nearby->schedule },
        &result);
    run_result_finish(&result);
    g_autoptr(ContextMap) map = context_map_new(nearby->schedule, &survey);
    uint64_t run_max = nearby->run_count + nearby->run_max / 8;
    while (!is_found && nearby->run_count < run_max && context_map_next(map, candidate))
      is_found = try_one(nearby, candidate);
    sim_survey_finish(&survey);
  }
  return is_found;
}

static bool try_without(Nearby *nearby, SimSchedule *candidate) {
  for (size_t without = 0; without < nearby->schedule->count; without++) {
    candidate->count = 0;
    for (size_t i = 0; i < nearby->schedule->count; i++)
      if (i != without)
        sim_schedule_append(candidate, nearby->schedule->exceptions[i]);
    if (try_one(nearby, candidate))
      return true;
  }
  return false;
}

static bool try_others(Nearby *nearby) {
  RunSearch search;
  bool is_found = false, is_more = true;
  run_search_init(&search, nearby->run, &sim_search_options_default);
  while (!is_found && is_more && nearby->run_count < nearby->run_max) {
    RunResult result = { 0 };
    nearby->run_count++;
    is_more = run_search_next(&search, NULL, &result);
    is_found = goes_wrong(nearby, &result);
    if (is_found)
      *nearby->result = result;
    else
      run_result_finish(&result);
  }
  run_search_finish(&search);
  return is_found;
}

bool nearby_search(ScenarioRun *run, const SimSchedule *schedule, uint64_t run_max, RunResult *result, uint64_t *run_count) {
  Nearby nearby = { .run = run, .schedule = schedule, .result = result, .run_max = run_max };
  SimSchedule candidate = { 0 };
  *result = (RunResult){ 0 };
  scenario_run_once(run, &(RunRequest){ .policy = &sim_policy_replay, .replay = &(SimSchedule){ 0 } }, &nearby.natural);
  bool is_found =
      try_renamed(&nearby, &candidate) || try_all_moved(&nearby, &candidate) || try_without(&nearby, &candidate) || try_others(&nearby);
  *run_count = nearby.run_count;
  run_result_finish(&nearby.natural);
  sim_schedule_finish(&candidate);
  return is_found;
}
