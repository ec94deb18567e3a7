/* Survey: replays a schedule, in which answers may stay, and writes down every point that is met with the options that were not taken. */
#include "internal.h"
#include "survey.h"

#include <stdlib.h>

static SimSurvey *survey_of(const SimMachine *machine) { return machine->options.search->state; }

static void begin(SimMachine *machine) {
  sim_policy_replay.begin(machine);
  survey_of(machine)->is_staying = false;
  survey_of(machine)->undisturbed = 0;
}

/* ---- the list ---- */

static SimSurveyPoint *point_push(SimSurvey *survey) {
  if (survey->count == survey->capacity) {
    survey->capacity = survey->capacity > 0 ? survey->capacity * 2 : 1024;
    survey->points = realloc(survey->points, survey->capacity * sizeof *survey->points);
    SIM_ASSERT(survey->points != NULL);
  }
  return &survey->points[survey->count++];
}

static void other_push(SimSurvey *survey, uint32_t id) {
  if (survey->other_count == survey->other_capacity) {
    survey->other_capacity = survey->other_capacity > 0 ? survey->other_capacity * 2 : 1024;
    survey->others = realloc(survey->others, survey->other_capacity * sizeof *survey->others);
    SIM_ASSERT(survey->others != NULL);
  }
  survey->others[survey->other_count++] = id;
}

static uint32_t option_id(const SimPoint *point, uint32_t index) { return point->options != NULL ? point->options[index].id : index; }

static void point_list(SimMachine *machine, SimSurvey *survey, const SimPoint *point, uint32_t answered, bool is_said) {
  const SimVcpu *vcpu = sim_vcpu(machine);
  SimSurveyPoint *met = point_push(survey);
  *met = (SimSurveyPoint){ .context = point->context,
                           .ordinal = point->ordinal,
                           .natural = point->natural,
                           .answer = answered,
                           .event = machine->event_count,
                           .other = (uint32_t)survey->other_count,
                           .kind = (uint8_t)point->kind,
                           .cpu = vcpu != NULL ? vcpu->number : 0xff };
  for (uint32_t i = 0; i < point->option_count; i++)
    if (option_id(point, i) != answered) {
      other_push(survey, option_id(point, i));
      met->others++;
    }
  if (is_said)
    survey->free_from = survey->count;
}

/* ---- answers ---- */

static bool is_option(const SimPoint *point, uint32_t id) {
  for (uint32_t i = 0; i < point->option_count; i++)
    if (option_id(point, i) == id)
      return true;
  return false;
}

/* Who stays, if it can step: a cpu by its number, a thread by what its option says of it. */
static bool staying_find(const SimPoint *point, uint32_t staying, uint32_t *id) {
  for (uint32_t i = 0; i < point->option_count; i++) {
    const SimOption *option = &point->options[i];
    if (staying < SIM_VCPU_COUNT_MAX ? option->id == staying : option->context == staying) {
      *id = option->id;
      return true;
    }
  }
  return false;
}

static uint32_t answer_staying(SimSurvey *survey, const SimPoint *point) {
  uint32_t id = point->natural;
  if (point->kind == SIM_CHOICE_INTERRUPT && survey->undisturbed == point->context && point->context != 0)
    return 0;
  if (survey->is_staying && sim_point_is_step(point) && point->options != NULL)
    survey->is_staying = staying_find(point, survey->staying, &id);
  return id;
}

static uint32_t answer(SimMachine *machine, const SimPoint *point) {
  SimSurvey *survey = survey_of(machine);
  const SimException *said = sim_schedule_at_or_after(machine->options.replay, point->context, point->kind, point->ordinal);
  bool is_said = said != NULL && said->ordinal == point->ordinal;
  if (is_said && !is_option(point, said->answer)) {
    machine->replay_misses++;
    is_said = false;
  }
  if (is_said && sim_point_is_step(point)) {
    survey->is_staying = said->stays && sim_exception_may_stay(said);
    survey->staying = said->answer;
  }
  if (is_said && point->kind == SIM_CHOICE_INTERRUPT)
    survey->undisturbed = said->stays ? point->context : 0;
  uint32_t id = is_said ? said->answer : answer_staying(survey, point);
  if (survey->is_listing)
    point_list(machine, survey, point, id, is_said);
  return id;
}

static uint32_t access_budget(SimMachine *machine, const SimContext *context) {
  return survey_of(machine)->visits_accesses ? 1 : sim_policy_replay.access_budget(machine, context);
}

const SimPolicy sim_policy_survey = {
  .name = "survey",
  .title = "a schedule again, with a list of its points",
  .explores = true,
  .holds_up = true,
  .begin = begin,
  .answer = answer,
  .access_budget = access_budget,
};

void sim_survey_begin(SimSurvey *survey, SimSearch *search, SimRunOptions *run) {
  survey->count = survey->other_count = survey->free_from = 0;
  *search = (SimSearch){ .policy = &sim_policy_survey, .state = survey };
  run->policy = &sim_policy_survey;
  run->search = search;
}

void sim_survey_finish(SimSurvey *survey) {
  free(survey->points);
  free(survey->others);
  *survey = (SimSurvey){ 0 };
}
