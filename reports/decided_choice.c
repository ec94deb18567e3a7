/* The choices of a schedule whose failure is asked about, in words: who goes on, and what it is about to do; what becomes of an allocation, a packet. */
#include "decided.h"
#include "held.h"

#include "model/events.h"

#include <string.h>

static const SimOption *option_at(const Likelihood *likelihood, size_t choice, unsigned option) {
  return &likelihood->line.options[likelihood->line.points[choice].first + option];
}

/* The last event of the context before that of the choice; UINT32_MAX: it has none. */
static uint32_t event_before(const Names *names, uint32_t context, uint32_t event) {
  const SimRecord *record = names_record(names);
  for (uint32_t i = MIN(event, (uint32_t)record->count); context != 0 && i-- > 0;)
    if (record->events[i].context == context)
      return i;
  return UINT32_MAX;
}

/* "cpu 1 (fw.work) goes on: KeAcquireSpinLock(gLock)": the part in parentheses. */
static char *running_words(const Names *names, const SimOption *option, uint32_t event) {
  const SimRecord *record = names_record(names);
  uint32_t own = event_before(names, option->context, event);
  for (size_t i = event; own == UINT32_MAX && i < record->count && option->context != 0; i++) /* it begins here */
    own = record->events[i].context == option->context ? (uint32_t)i : own;
  const char *running = own != UINT32_MAX ? names_running(names, own) : "";
  return *running != '\0' ? g_strdup_printf(" (%s)", running) : g_strdup("");
}

static char *operation_words(const Names *names, const SimOption *option) {
  const SimOperation *operation = &option->operation;
  const char *function = option->context != 0 ? names_function(operation->function) : "";
  g_autofree char *object = operation->object != 0 ? names_object_short(names, operation->object) : g_strdup("");
  if (*function == '\0' && operation->address != 0 && option->context != 0) {
    g_autofree char *place = names_address(names, operation->address);
    return g_strdup_printf(": %s %s", operation->is_write ? "writes" : "reads", place);
  }
  if (*function == '\0')
    return g_strdup("");
  const char *phase = operation->kind == 1 ? ", inside" : "";
  return *object != '\0' ? g_strdup_printf(": %s(%s)%s", function, object, phase) : g_strdup_printf(": %s%s", function, phase);
}

static char *step_words(const DecidedSubject *subject, size_t choice, const SimOption *option) {
  const Names *names = subject->names;
  const SimProspectPoint *point = &subject->likelihood->line.points[choice];
  g_autofree char *running = running_words(names, option, point->event), *operation = operation_words(names, option);
  bool is_new = option->context != 0 && event_before(names, option->context, point->event) == UINT32_MAX;
  if (option->actor == SIM_ACTOR_CLOCK)
    return g_strdup("the clock ticks, with every cpu held up");
  if (option->actor >= SIM_ACTOR_INTERRUPT)
    return g_strdup_printf("the interrupt that is pending on cpu %u lands", option->id);
  if (option->id < SIM_VCPU_COUNT_MAX)
    return g_strdup_printf("cpu %u%s %s%s", option->id, running, is_new ? "begins" : "goes on", operation);
  return g_strdup_printf("thread%s gets the cpu%s", running, operation);
}

/* Which cpu the interrupt is pending on: one of the two answers is its. */
static char *interrupt_words(const DecidedSubject *subject, size_t choice, uint32_t answer) {
  for (unsigned i = 0; i < subject->likelihood->line.points[choice].count; i++) {
    uint32_t actor = option_at(subject->likelihood, choice, i)->actor;
    if (actor >= SIM_ACTOR_INTERRUPT && actor < SIM_ACTOR_CLOCK)
      return g_strdup_printf("the interrupt that is pending on cpu %u %s", actor - SIM_ACTOR_INTERRUPT, answer == 1 ? "lands" : "waits");
  }
  return g_strdup_printf("the interrupt that is pending %s", answer == 1 ? "lands" : "waits");
}

static char *rare_words(const SimProspectPoint *point, uint32_t answer) {
  bool is_natural = answer == point->natural;
  switch (point->kind) {
  case SIM_CHOICE_RESIDENT: return g_strdup(is_natural ? "the page is in memory" : "the page is not in memory");
  case SIM_CHOICE_ALLOCATION: return g_strdup(is_natural ? "there is memory" : "there is no memory");
  case SIM_CHOICE_STATUS: return is_natural ? g_strdup("the call succeeds") : g_strdup_printf("the call fails (way %u)", answer);
  case SIM_CHOICE_IRQL:
    return answer < SIM_IRQL_COUNT ? g_strdup_printf("the callback comes at %s", sim_irql_name((SimIrql)answer))
                                   : g_strdup("the callback comes in a DPC");
  case SIM_CHOICE_WORKER: return g_strdup(is_natural ? "a worker thread takes the item" : "the worker thread has other work first");
  case SIM_CHOICE_GRANT: return g_strdup_printf("number %u of those that wait is woken", answer + 1);
  case SIM_CHOICE_PLACEMENT:
    return answer == SIM_PLACEMENT_STAYS ? g_strdup("the thread stays on its cpu") : g_strdup_printf("it goes to cpu %u", answer);
  case SIM_CHOICE_PACKET:
    return g_strdup(is_natural    ? "the packet is delivered"
                    : answer == 1 ? "the network loses the packet"
                    : answer == 2 ? "the network doubles the packet"
                                  : "the next packet comes before this one");
  case SIM_CHOICE_REPLY:
    return g_strdup(is_natural    ? "the service replies"
                    : answer == 1 ? "the service forgets to reply"
                    : answer == 2 ? "the service replies late"
                                  : "the service is gone");
  default: return g_strdup_printf("%s %u", sim_choice_names[point->kind], answer);
  }
}

/* "KeWaitForSingleObject: " of a choice inside of a call of that context. */
static char *call_words(const Names *names, const SimProspectPoint *point) {
  const SimRecord *record = names_record(names);
  uint32_t last = event_before(names, point->context, point->event);
  const char *function = last != UINT32_MAX && record->events[last].kind == EVENT_CALL ? names_function(record->events[last].function) : "";
  return *function != '\0' ? g_strdup_printf("%s: ", function) : g_strdup("");
}

char *decided_answer_words(const DecidedSubject *subject, size_t choice, unsigned option) {
  const SimProspectPoint *point = &subject->likelihood->line.points[choice];
  const SimOption *answer = option_at(subject->likelihood, choice, option);
  if (point->kind == SIM_CHOICE_STEP || point->kind == SIM_CHOICE_ACCESS || point->kind == SIM_CHOICE_CLOCK)
    return step_words(subject, choice, answer);
  if (point->kind == SIM_CHOICE_INTERRUPT)
    return interrupt_words(subject, choice, answer->id);
  g_autofree char *words = rare_words(point, answer->id), *call = call_words(subject->names, point);
  return g_strconcat(call, words, NULL);
}

char *decided_held_words(const DecidedSubject *subject, size_t choice) {
  const SimProspectPoint *point = &subject->likelihood->line.points[choice];
  g_autoptr(GString) text = g_string_new(NULL);
  for (unsigned i = 0; i < point->count && point->event > 0; i++) {
    const SimOption *option = option_at(subject->likelihood, choice, i);
    if (option->context == 0 || option->id >= SIM_VCPU_COUNT_MAX)
      continue;
    g_autofree char *held = held_words(subject->names, option->context, point->event - 1);
    if (strcmp(held, "no lock") != 0)
      g_string_append_printf(text, "%scpu %u holds %s", text->len > 0 ? " and " : ", while ", option->id, held);
  }
  return g_strdup(text->str);
}
