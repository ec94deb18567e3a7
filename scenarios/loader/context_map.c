#include "context_map.h"

#include "sim/machine.h"

#define NAMED_COUNT_MAX 6 /* of a schedule that names more contexts only the first are tried */
#define MET_COUNT_MAX 64

/* One context that the schedule names. */
typedef struct Named {
  uint32_t id;
  uint32_t options[MET_COUNT_MAX]; /* who it could be: itself first, if the run meets it, else whoever meets as many such choices */
  unsigned option_count;
  unsigned at; /* the option that is tried now */
} Named;

struct ContextMap {
  const SimSchedule *schedule;
  Named named[NAMED_COUNT_MAX];
  unsigned named_count;
  bool is_begun;
};

/* ---- who could be meant ---- */

/* Does the run ask that context for each kind of choice that the schedule has of `id`? Ordinals may have moved. */
static bool fits(const SimSchedule *schedule, const SimSurvey *survey, uint32_t id, uint32_t context) {
  for (size_t i = 0; i < schedule->count; i++) {
    const SimException *exception = &schedule->exceptions[i];
    bool is_asked = exception->context != id;
    for (size_t k = 0; !is_asked && k < survey->count; k++)
      is_asked = survey->points[k].context == context && survey->points[k].kind == exception->kind;
    if (!is_asked)
      return false;
  }
  return true;
}

static bool is_met(const SimSurvey *survey, uint32_t context) {
  for (size_t i = 0; i < survey->count; i++)
    if (survey->points[i].context == context)
      return true;
  return false;
}

static bool is_option(const Named *named, uint32_t context) {
  for (unsigned i = 0; i < named->option_count; i++)
    if (named->options[i] == context)
      return true;
  return false;
}

static void named_add(ContextMap *map, const SimSurvey *survey, uint32_t id) {
  for (unsigned i = 0; i < map->named_count; i++)
    if (map->named[i].id == id)
      return;
  if (map->named_count == NAMED_COUNT_MAX || id == 0)
    return;
  Named *named = &map->named[map->named_count++];
  *named = (Named){ .id = id };
  if (is_met(survey, id))
    named->options[named->option_count++] = id;
  for (size_t i = 0; i < survey->count && named->option_count < MET_COUNT_MAX; i++) { /* in the order in which they came up */
    uint32_t context = survey->points[i].context;
    if (context != 0 && !is_option(named, context) && fits(map->schedule, survey, id, context))
      named->options[named->option_count++] = context;
  }
  if (named->option_count == 0)
    named->options[named->option_count++] = id;
}

static bool is_thread_answer(const SimException *exception) {
  bool is_who = exception->kind == SIM_CHOICE_STEP || exception->kind == SIM_CHOICE_ACCESS;
  return is_who && exception->answer >= SIM_VCPU_COUNT_MAX && exception->answer != SIM_OPTION_CLOCK;
}

ContextMap *context_map_new(const SimSchedule *schedule, const SimSurvey *survey) {
  ContextMap *map = g_new0(ContextMap, 1);
  map->schedule = schedule;
  for (size_t i = 0; i < schedule->count; i++) {
    named_add(map, survey, schedule->exceptions[i].context);
    if (is_thread_answer(&schedule->exceptions[i]))
      named_add(map, survey, schedule->exceptions[i].answer);
  }
  return map;
}

void context_map_free(ContextMap *map) { g_free(map); }

/* ---- one way after the other ---- */

static uint32_t mapped(const ContextMap *map, uint32_t id) {
  for (unsigned i = 0; i < map->named_count; i++)
    if (map->named[i].id == id)
      return map->named[i].options[map->named[i].at];
  return id;
}

/* Two contexts are never one. */
static bool is_injective(const ContextMap *map) {
  for (unsigned i = 0; i < map->named_count; i++)
    for (unsigned k = 0; k < i; k++)
      if (map->named[i].options[map->named[i].at] == map->named[k].options[map->named[k].at])
        return false;
  return true;
}

static bool is_identity(const ContextMap *map) {
  for (unsigned i = 0; i < map->named_count; i++)
    if (map->named[i].options[map->named[i].at] != map->named[i].id)
      return false;
  return true;
}

/* As one counts, the first context fastest. */
static bool step(ContextMap *map) {
  for (unsigned i = 0; i < map->named_count; i++) {
    if (++map->named[i].at < map->named[i].option_count)
      return true;
    map->named[i].at = 0;
  }
  return false;
}

bool context_map_next(ContextMap *map, SimSchedule *schedule) {
  do {
    if (map->is_begun && !step(map))
      return false;
    map->is_begun = true;
  } while (!is_injective(map) || is_identity(map));
  schedule->count = 0;
  schedule->sorted_count = SIZE_MAX;
  for (size_t i = 0; i < map->schedule->count; i++) {
    SimException exception = map->schedule->exceptions[i];
    exception.context = mapped(map, exception.context);
    if (is_thread_answer(&exception))
      exception.answer = mapped(map, exception.answer);
    sim_schedule_append(schedule, exception);
  }
  return true;
}
