/* How much each event of a run has to do with the end of its story: see story_choose.c. */
#include "story_internal.h"

#include "model/events.h"
#include "model/rules/rule_ids.h"

#include <string.h>

static bool is_print(const SimEvent *event) {
  const char *name = names_function(event->function);
  return strcmp(name, "DbgPrint") == 0 || strcmp(name, "DbgPrintEx") == 0 || strcmp(name, "vDbgPrintEx") == 0;
}

/* Driver code that is called because of the event before: a DPC, a work item, a classify that is told already. */
static bool is_told_before(const Choosing *choosing, uint32_t sequence) {
  unsigned before = sequence > 0 ? at(choosing, sequence - 1)->kind : 0;
  return before == EVENT_CLASSIFY_CALLOUT || before == EVENT_DPC_BEGIN || before == EVENT_WORK_BEGIN || before == SIM_EVENT_CONTEXT_BEGIN;
}

/* What the line of the call tells that it happened in. */
static unsigned weight_of_inner(Choosing *choosing, uint32_t sequence, unsigned weight) {
  uint32_t call = choosing->calls[sequence];
  if (call == STORY_NONE || weight == WEIGHT_NOTHING)
    return weight;
  weigh(choosing, call, weight);
  return WEIGHT_NOTHING;
}

/* A wait that is over at once is told by nobody. */
static unsigned weight_of_wait(Choosing *choosing, uint32_t sequence, unsigned weight) {
  uint32_t call = choosing->calls[sequence];
  return call == STORY_NONE || choosing->blocks[call] == sequence ? weight_of_inner(choosing, sequence, weight) : WEIGHT_NOTHING;
}

/* A failure that was chosen is told as a departure of the schedule. */
static unsigned weight_of_fault(Choosing *choosing, const SimEvent *event) {
  return weight_of_inner(choosing, event->sequence, event->detail == 1 ? WEIGHT_LEAK : WEIGHT_NOTHING);
}

/* What a context of the story did while doing what the story is about. */
static unsigned weight_in_focus(Choosing *choosing, uint32_t sequence) {
  const SimEvent *event = at(choosing, sequence);
  switch (event->kind) {
  case EVENT_CALL: return is_print(event) ? WEIGHT_NOTHING : WEIGHT_CALL;
  case EVENT_DEBUG_PRINT: return WEIGHT_PRINT;
  case SIM_EVENT_SPIN: return weight_of_wait(choosing, sequence, WEIGHT_BEGIN);
  case EVENT_WAIT: return weight_of_wait(choosing, sequence, WEIGHT_AROUND);
  case EVENT_IRQL_LEAK_PATH: return WEIGHT_LEAK;
  case EVENT_MADE_TO_FAIL: return weight_of_fault(choosing, event);
  case EVENT_CLASSIFY_CALLOUT: return WEIGHT_CALL;
  case EVENT_CALLBACK: return is_told_before(choosing, sequence) ? WEIGHT_NOTHING : WEIGHT_ANSWER;
  case EVENT_CLASSIFY_ANSWER: return WEIGHT_ANSWER;
  case EVENT_CONNECTION: return event->detail == 0 ? WEIGHT_ASIDE : WEIGHT_AROUND;
  case EVENT_MESSAGE_TAKE: return event->site != 0 ? WEIGHT_NOTHING : WEIGHT_THING; /* the sender hands it over itself */
  case SIM_EVENT_PREEMPT: return choosing->has_marks ? WEIGHT_NOTHING : WEIGHT_AROUND;
  case EVENT_MESSAGE_REPLY:
  case EVENT_PACKET: return WEIGHT_AROUND;
  case EVENT_ATTACH:
  case EVENT_SYSTEM_RETURN:
  case EVENT_STREAM_INJECTED:
  case EVENT_PORT_DISCONNECT: return WEIGHT_EARLIER;
  case EVENT_FAULT: return choosing->calls[sequence] == STORY_NONE ? WEIGHT_THING : WEIGHT_NOTHING;
  default: return WEIGHT_NOTHING;
  }
}

/* What it did before, such as former callbacks of the same thread. */
static unsigned weight_earlier(Choosing *choosing, const SimEvent *event) {
  switch (event->kind) {
  case EVENT_MADE_TO_FAIL: return weight_of_fault(choosing, event);
  case EVENT_IRQL_LEAK_PATH: return WEIGHT_LEAK;
  case EVENT_CALL: return is_print(event) ? WEIGHT_NOTHING : WEIGHT_EARLIER;
  case EVENT_DEBUG_PRINT:
  case EVENT_CLASSIFY_CALLOUT:
  case EVENT_CLASSIFY_ANSWER: return WEIGHT_EARLIER;
  default: return WEIGHT_NOTHING;
  }
}

/* What anybody else did. */
static unsigned weight_elsewhere(Choosing *choosing, const SimEvent *event) {
  bool is_about = event->object != 0 && g_hash_table_contains(choosing->things, GUINT_TO_POINTER(event->object));
  switch (event->kind) {
  case EVENT_MADE_TO_FAIL: return weight_of_fault(choosing, event);
  case EVENT_IRQL_LEAK_PATH: return WEIGHT_LEAK;
  case EVENT_DEBUG_PRINT: return WEIGHT_EARLIER;
  case EVENT_CALL: return is_about ? WEIGHT_THING : is_print(event) ? WEIGHT_NOTHING : WEIGHT_ASIDE;
  case EVENT_MESSAGE_TAKE:
  case EVENT_MESSAGE_REPLY: return is_about ? WEIGHT_THING : WEIGHT_NOTHING;
  case EVENT_CLASSIFY_CALLOUT:
  case EVENT_CLASSIFY_ANSWER: return WEIGHT_ASIDE;
  case EVENT_SYSTEM_CALL: return WEIGHT_ASIDE - 1;
  case EVENT_CONNECTION: return is_about ? WEIGHT_EARLIER : WEIGHT_NOTHING;
  default: return WEIGHT_NOTHING;
  }
}

static void weigh_all(Choosing *choosing) {
  uint64_t origin_ns = scenario_run_origin_ns(names_run(choosing->names));
  bool is_boot = at(choosing, choosing->last)->time_ns < origin_ns;
  unsigned calls[FOCUS_COUNT_MAX] = { 0 };
  for (uint32_t i = choosing->last + 1; i-- > 0;) {
    const SimEvent *event = at(choosing, i);
    if (event->time_ns < origin_ns && !is_boot)
      continue;
    const Focus *focus = story_focus_of(choosing, event->context);
    unsigned weight;
    if (focus == NULL)
      weight = weight_elsewhere(choosing, event);
    else if (i < focus->begin)
      weight = weight_earlier(choosing, event);
    else
      weight = weight_in_focus(choosing, i);
    if (weight == WEIGHT_CALL && ++calls[focus - choosing->focus] > CALL_COUNT_MAX)
      weight = WEIGHT_EARLIER;
    weigh(choosing, i, weight);
  }
}

/* Who asked for what a context was doing, and the interrupt in which that was. */
static void weigh_causes(Choosing *choosing) {
  for (unsigned i = 0; i < choosing->focus_count; i++) {
    const Focus *focus = &choosing->focus[i];
    const SimEvent *begin = at(choosing, focus->begin);
    weigh(choosing, focus->begin, begin->kind == SIM_EVENT_INTERRUPT && begin->object == 0 ? WEIGHT_AROUND : WEIGHT_BEGIN);
    if (focus->asked == STORY_NONE || at(choosing, focus->asked)->kind == EVENT_THREAD_CREATE)
      continue;
    uint32_t line = choosing->calls[focus->asked] != STORY_NONE ? choosing->calls[focus->asked] : focus->asked;
    weigh(choosing, line, WEIGHT_CAUSE);
    uint32_t context = at(choosing, focus->asked)->context;
    uint32_t interrupt = context != 0 ? story_begin_of(choosing, context, focus->asked) : 0;
    if (interrupt != 0 && at(choosing, interrupt)->kind == SIM_EVENT_INTERRUPT)
      weigh(choosing, interrupt, WEIGHT_AROUND);
  }
}

static void weigh_findings(Choosing *choosing) {
  const Finding *main = choosing->main;
  for (uint32_t i = 0; i < choosing->result->finding_count; i++) {
    const Finding *finding = &choosing->result->findings[i];
    if (finding->event <= choosing->last && finding->rule != RULE_DATA_RACE)
      weigh(choosing, story_line_of(choosing, finding->event), finding == main ? WEIGHT_END : WEIGHT_FINDING);
  }
  if (main != NULL && main->event_related <= choosing->last)
    weigh(choosing, story_line_of(choosing, main->event_related), WEIGHT_RELATED);
  if (main != NULL && main->irql_raised_by <= choosing->last)
    weigh(choosing, story_line_of(choosing, main->irql_raised_by), WEIGHT_RAISED);
  const Object *block = main != NULL && main->value >= 0x10000 ? names_pool_block(main->value) : NULL;
  for (uint32_t i = 0; block != NULL && i <= choosing->last; i++)
    if (at(choosing, i)->kind == EVENT_POOL_FREE && at(choosing, i)->object == block->ordinal)
      weigh(choosing, story_line_of(choosing, i), WEIGHT_RELATED);
}

void story_weigh(Choosing *choosing) {
  weigh_all(choosing);
  weigh_causes(choosing);
  weigh_findings(choosing);
}
