/* Survey: replays a schedule, writes down every point that is met with the options that were not taken, and counts preemptions. */
#include "internal.h"
#include "search_path.h"
#include "survey.h"

#include <stdlib.h>

static SimSurvey *survey_of(const SimMachine *machine) { return machine->options.search->state; }

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

/* The cpu that asks, or that the interrupt is pending on; 0xff: none. */
static uint8_t cpu_of(const SimMachine *machine, const SimPoint *point) {
  const SimVcpu *vcpu = sim_vcpu(machine);
  if (point->kind == SIM_CHOICE_INTERRUPT)
    return (uint8_t)(point->options[1].actor - SIM_ACTOR_INTERRUPT);
  return vcpu != NULL ? vcpu->number : 0xff;
}

static void point_list(SimMachine *machine, SimSurvey *survey, const SimPoint *point, uint32_t answered, bool preempts) {
  SimSurveyPoint *met = point_push(survey);
  *met = (SimSurveyPoint){ .context = point->context,
                           .ordinal = point->ordinal,
                           .natural = point->natural,
                           .answer = answered,
                           .event = machine->event_count,
                           .other = (uint32_t)survey->other_count,
                           .kind = (uint8_t)point->kind,
                           .cpu = cpu_of(machine, point),
                           .preempts = preempts };
  for (uint32_t i = 0; i < point->option_count; i++)
    if (sim_point_id(point, i) != answered) {
      other_push(survey, sim_point_id(point, i));
      met->others++;
    }
}

/* ---- answers ---- */

static void count(SimSurvey *survey, const SimPoint *point, uint32_t answered, uint32_t going_on, bool preempts) {
  bool is_of_schedule = sim_point_is_step(point) || point->kind == SIM_CHOICE_INTERRUPT;
  survey->preemptions += preempts;
  survey->accesses += point->kind == SIM_CHOICE_ACCESS;
  survey->faults += !is_of_schedule && answered != point->natural;
  if (answered != going_on)
    sim_schedule_append(
        &survey->switches,
        (SimException){ .context = point->context, .ordinal = point->ordinal, .answer = answered, .kind = (uint8_t)point->kind });
}

static uint32_t answer(SimMachine *machine, const SimPoint *point) {
  SimSurvey *survey = survey_of(machine);
  const SimException *said = sim_schedule_at_or_after(machine->options.replay, point->context, point->kind, point->ordinal);
  bool is_said = said != NULL && said->ordinal == point->ordinal;
  if (is_said && !sim_point_has(point, said->answer)) {
    machine->replay_misses++;
    is_said = false;
  }
  uint32_t going_on = sim_path_going_on(machine, point);
  uint32_t id = is_said ? said->answer : survey->goes_on ? going_on : point->natural;
  bool preempts = sim_path_preempts(machine, point, id);
  count(survey, point, id, going_on, preempts);
  if (survey->is_listing)
    point_list(machine, survey, point, id, preempts);
  return id;
}

static void begin(SimMachine *machine) { sim_policy_replay.begin(machine); }

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
  survey->count = survey->other_count = survey->switches.count = 0;
  survey->preemptions = survey->faults = 0;
  survey->accesses = 0;
  *search = (SimSearch){ .policy = &sim_policy_survey, .state = survey };
  run->policy = &sim_policy_survey;
  run->search = search;
}

void sim_survey_finish(SimSurvey *survey) {
  free(survey->points);
  free(survey->others);
  sim_schedule_finish(&survey->switches);
  *survey = (SimSurvey){ 0 };
}
