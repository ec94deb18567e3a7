#include "preemption.h"

#include "model/events.h"

static void preemption_clear(void *preemption) { g_free(((Preemption *)preemption)->text); }

/* ---- who ---- */

static bool has_ended(const SimRecord *record, uint32_t context, uint32_t from, uint32_t end) {
  for (uint32_t i = from; i < end; i++)
    if (record->events[i].context == context && record->events[i].kind == SIM_EVENT_CONTEXT_END)
      return true;
  return false;
}

/* The last event of that cpu before: what it was running; "" where that has ended since. */
static const char *running_before(const Names *names, uint32_t event, uint8_t cpu) {
  const SimRecord *record = names_record(names);
  for (uint32_t i = MIN(event, (uint32_t)record->count); i-- > 0;)
    if (record->events[i].cpu == cpu) {
      const SimEvent *last = &record->events[i];
      bool is_idle = last->kind == EVENT_RUN && last->object == 0;
      return is_idle || has_ended(record, last->context, i, MIN(event, (uint32_t)record->count)) ? "" : names_running(names, i);
    }
  return "";
}

/* ", at step 2", ", at driver.c:48": where the driver code of that cpu had come to; "" when it ran none. Owned. */
static char *place_before(const Names *names, uint32_t event, uint8_t cpu) {
  const SimRecord *record = names_record(names);
  RunSite where;
  bool is_access = event < record->count && record->events[event].kind == SIM_EVENT_PREEMPT && record->events[event].cpu == cpu;
  for (uint32_t i = MIN(event + is_access, (uint32_t)record->count); i-- > 0;) { /* held up at an access: that event says where */
    uint32_t site = record->events[i].site;
    if (record->events[i].cpu != cpu)
      continue;
    if (site == 0 || !scenario_run_site(names_run(names), site, &where))
      return g_strdup("");
    if (where.step != 0)
      return g_strdup_printf(", at step %u", where.step);
    g_autofree char *line = place_file_line(names_run(names), site);
    return g_strdup_printf(", at %s", line);
  }
  return g_strdup("");
}

static char *steps_words(uint32_t count) { return count > 1 ? g_strdup_printf(" for %u steps", count) : g_strdup(""); }

/* ---- what ---- */

static char *step_words(const Names *names, const SimSurveyPoint *point, uint8_t held, uint32_t count) {
  const char *running = running_before(names, point->event, held);
  g_autofree char *place = place_before(names, point->event, held);
  g_autofree char *steps = steps_words(count);
  if (point->answer == SIM_OPTION_CLOCK)
    return g_strdup_printf("every cpu is held up here until the clock has gone on%s", steps);
  if (point->answer >= SIM_VCPU_COUNT_MAX)
    return g_strdup_printf("the quantum of %s ends here%s: %s goes on", *running != '\0' ? running : "what runs", place,
                           names_context(names, point->answer));
  if (*running == '\0')
    return g_strdup_printf("cpu %u waits here: cpu %u goes on%s", held, point->answer, steps);
  return g_strdup_printf("%s is interrupted here%s: cpu %u goes on%s", running, place, point->answer, steps);
}

/* The thread that has just become ready: the last event before says which. Outside of everything else it is the clock. */
static char *placement_words(const Names *names, const SimSurveyPoint *point) {
  const SimRecord *record = names_record(names);
  if (point->natural == SIM_PLACEMENT_STAYS) {
    const char *running = running_before(names, point->event, point->cpu);
    g_autofree char *place = place_before(names, point->event, point->cpu);
    return g_strdup_printf("%s is preempted here%s: goes on at cpu %u", *running != '\0' ? running : "what runs", place, point->answer);
  }
  const SimEvent *last = point->event > 0 && point->event <= record->count ? &record->events[point->event - 1] : NULL;
  bool is_ready = last != NULL && last->kind == EVENT_READY;
  if (!is_ready && point->context == 0)
    return g_strdup_printf("cpu %u serves the clock's tick instead of cpu %u", point->answer, point->natural);
  g_autofree char *thread = is_ready ? names_object(names, last->object) : g_strdup("the thread that has to leave");
  return g_strdup_printf("%s is placed on cpu %u instead of cpu %u", thread, point->answer, point->natural);
}

static char *other_words(const Names *names, const SimSurveyPoint *point, uint32_t count) {
  switch (point->kind) {
  case SIM_CHOICE_INTERRUPT:
    return count > 1 ? g_strdup_printf("the interrupt that is pending lands %u steps later", count)
                     : g_strdup("the interrupt that is pending lands a step later");
  case SIM_CHOICE_RESIDENT: return g_strdup("this page is not in memory");
  case SIM_CHOICE_ALLOCATION: return g_strdup("this allocation fails");
  case SIM_CHOICE_STATUS: return g_strdup("this call fails");
  case SIM_CHOICE_IRQL:
    return point->answer < SIM_IRQL_COUNT ? g_strdup_printf("the callback comes at %s", sim_irql_name((SimIrql)point->answer))
                                          : g_strdup("the callback comes in a DPC");
  case SIM_CHOICE_PLACEMENT: return placement_words(names, point);
  case SIM_CHOICE_WORKER: return g_strdup("the worker thread has other work first");
  case SIM_CHOICE_GRANT: return g_strdup_printf("number %u of those that wait is woken", point->answer + 1);
  case SIM_CHOICE_PACKET:
    return g_strdup(point->answer == 1   ? "the network loses this packet"
                    : point->answer == 2 ? "the network doubles this packet"
                                         : "the next packet comes before this one");
  case SIM_CHOICE_REPLY:
    return g_strdup(point->answer == 1   ? "the service forgets to reply"
                    : point->answer == 2 ? "the service replies late"
                                         : "the service is gone");
  default: return g_strdup_printf("chosen here: %s %u instead of %u", sim_choice_names[point->kind], point->answer, point->natural);
  }
}

static bool is_step(const SimSurveyPoint *point) {
  return point->kind == SIM_CHOICE_STEP || point->kind == SIM_CHOICE_ACCESS || point->answer == SIM_OPTION_CLOCK;
}

/* ---- which of them ---- */

static bool is_departure(const SimSurveyPoint *point) { return point->answer != point->natural; }

static bool is_of_schedule(const SimSurveyPoint *point) { return is_step(point) || point->kind == SIM_CHOICE_INTERRUPT; }

/* What a story is told by: the first of these that is anything, and not too much. */
typedef enum Told {
  TOLD_PREEMPTIONS, /* and what else was chosen, but not who goes on where nobody can */
  TOLD_DEPARTURES,  /* all that is not natural: of a schedule that needs no preemption, or that nobody has shrunk */
  TOLD_COUNT,
} Told;

static bool is_told(const SimSurveyPoint *point, Told told) {
  bool is_clock = is_step(point) && point->answer == SIM_OPTION_CLOCK;
  if (told == TOLD_DEPARTURES || is_clock || !is_of_schedule(point))
    return is_departure(point);
  return point->preempts;
}

/* More of what was told: an interrupt lands still later; and, of departures, nobody who was held up has stepped in between. */
static bool goes_on(const SimSurvey *survey, const SimSurveyPoint *first, const SimSurveyPoint *next, Told told) {
  if (next->kind != first->kind || next->answer != first->answer || next->natural != first->natural)
    return false;
  if (first->kind == SIM_CHOICE_INTERRUPT ? next->cpu != first->cpu || next->preempts : told != TOLD_DEPARTURES || !is_step(first))
    return false;
  for (const SimSurveyPoint *between = first; between < next; between++)
    if (between->kind == first->kind && !is_departure(between) && (first->kind != SIM_CHOICE_INTERRUPT || between->cpu == first->cpu))
      return false;
  return next < survey->points + survey->count;
}

/* ---- all of them ---- */

static GArray *array_new(void) {
  GArray *preemptions = g_array_new(FALSE, TRUE, sizeof(Preemption));
  g_array_set_clear_func(preemptions, preemption_clear);
  return preemptions;
}

static void told_add(GArray *preemptions, const Names *names, const SimSurveyPoint *point, Told told, uint32_t count) {
  bool is_cpu = is_step(point) && point->natural < SIM_VCPU_COUNT_MAX;
  uint8_t held = is_cpu && told == TOLD_DEPARTURES ? (uint8_t)point->natural : point->cpu;
  Preemption preemption = { .event = point->event, .cpu = held, .count = count };
  preemption.text = is_step(point) ? step_words(names, point, held, count) : other_words(names, point, count);
  g_array_append_val(preemptions, preemption);
}

/* How many points from this one on are told as one; *last becomes the last of them. */
static uint32_t told_count(const SimSurvey *survey, size_t first, Told told, size_t *last) {
  uint32_t count = 1;
  for (size_t k = first + 1; k < survey->count; k++) {
    const SimSurveyPoint *next = &survey->points[k];
    bool is_more = is_departure(next) && goes_on(survey, &survey->points[first], next, told);
    if (is_told(next, told) && !is_more)
      break;
    if (is_more) {
      count++;
      *last = k;
    }
  }
  return count;
}

static GArray *told_collect(const Names *names, const SimSurvey *survey, Told told) {
  GArray *preemptions = array_new();
  for (size_t i = 0; i < survey->count && preemptions->len <= PREEMPTION_COUNT_MAX; i++) {
    const SimSurveyPoint *point = &survey->points[i];
    size_t last = i;
    if (!is_told(point, told))
      continue;
    uint32_t count = told_count(survey, i, told, &last);
    told_add(preemptions, names, point, told, count);
    if (told == TOLD_DEPARTURES)
      i = last;
  }
  return preemptions;
}

static bool is_natural(const SimSurvey *survey) {
  for (size_t i = 0; i < survey->count; i++)
    if (is_departure(&survey->points[i]))
      return false;
  return true;
}

GArray *preemptions_collect(const Names *names, const SimSurvey *survey, bool is_shrunk) {
  for (Told told = 0; told < TOLD_COUNT && (is_shrunk || !is_natural(survey)); told++) {
    GArray *preemptions = told_collect(names, survey, told);
    if (preemptions->len > 0 && preemptions->len <= PREEMPTION_COUNT_MAX)
      return preemptions;
    g_array_unref(preemptions);
  }
  return array_new();
}
