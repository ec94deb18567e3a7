/* pend-without-absorb, pend-completed-twice, pend-context-unchecked, pend-context-uninitialized, pend-not-completed. */
#include "rule_ids.h"
#include "rules.h"

#define FAILED_COUNT_MAX 16
#define PENDED_COUNT_MAX 32

/* A successful FwpsPendOperation0: where it was called. */
typedef struct Pended {
  uint32_t object;
  uint32_t event;
  uint32_t site;
} Pended;

/* Contexts in which FwpsPendOperation0 failed last: a completion that follows there used what the failed call did not write. */
typedef struct State {
  uint32_t failed[FAILED_COUNT_MAX];
  uint32_t failed_event[FAILED_COUNT_MAX];
  uint32_t failed_next;
  Pended pended[PENDED_COUNT_MAX];
  uint32_t pended_next;
} State;

static State *state(void) { return RULES->state[RULE_SLOT_PEND]; }

static int failed_find(uint32_t context) {
  for (int i = 0; i < FAILED_COUNT_MAX; i++)
    if (state()->failed[i] == context && context != 0)
      return i;
  return -1;
}

static void observe_failed(const SimEvent *event) {
  int at = failed_find(event->context);
  unsigned slot = at >= 0 ? (unsigned)at : state()->failed_next++ % FAILED_COUNT_MAX;
  state()->failed[slot] = event->context;
  state()->failed_event[slot] = event->sequence;
}

static void observe_pend(const SimEvent *event) {
  state()->pended[state()->pended_next++ % PENDED_COUNT_MAX] =
      (Pended){ .object = event->object, .event = event->sequence, .site = event->site };
  int at = failed_find(event->context);
  if (at >= 0)
    state()->failed[at] = 0;
}

static void observe_stale(const SimEvent *event) {
  if (event->detail == 1) {
    rule_report(RULE_PEND_COMPLETED_TWICE, event);
    return;
  }
  int at = failed_find(event->context);
  Finding *finding = rule_report(at >= 0 ? RULE_PEND_CONTEXT_UNCHECKED : RULE_PEND_CONTEXT_UNINITIALIZED, event);
  if (finding != NULL && at >= 0)
    finding->event_related = state()->failed_event[at];
}

uint32_t rule_pend_site(uint32_t object) {
  for (unsigned i = 0; i < PENDED_COUNT_MAX; i++)
    if (state()->pended[i].object == object)
      return state()->pended[i].site;
  return 0;
}

/* Told where the operation was pended: that is the driver's line it is about. */
static void report_pended(uint32_t rule, SimEvent event) {
  const Pended *pended = NULL;
  for (unsigned i = 0; i < PENDED_COUNT_MAX; i++)
    if (state()->pended[i].object == event.object)
      pended = &state()->pended[i];
  if (pended != NULL)
    event.site = pended->site;
  Finding *finding = rule_report(rule, &event);
  if (finding != NULL && pended != NULL)
    finding->event_related = pended->event;
}

static void observe(const SimEvent *event, void *data) {
  (void)data;
  switch (event->kind) {
  case EVENT_PEND: observe_pend(event); return;
  case EVENT_PEND_FAILED: observe_failed(event); return;
  case EVENT_PEND_STALE: observe_stale(event); return;
  default: report_pended(RULE_PEND_WITHOUT_ABSORB, *event);
  }
}

static void begin(void) {
  RULES->state[RULE_SLOT_PEND] = sim_heap_allocate(sizeof(State));
  rule_observe(observe, (const uint16_t[]){ EVENT_PEND, EVENT_PEND_FAILED, EVENT_PEND_STALE, EVENT_PEND_WITHOUT_ABSORB, 0 });
}

/* Nothing is left to do, and the operation is still pended: its connect never ends. */
static void end(void) {
  for (uint32_t ordinal = 1; ordinal <= object_count(); ordinal++) {
    const Object *object = object_by_ordinal(ordinal);
    if (object->kind != OBJECT_FWPS_PENDED_OPERATION || !object->is_alive)
      continue;
    SimEvent event = {
      .kind = EVENT_PEND, .object = ordinal, .sequence = sim_machine()->event_count - 1, .time_ns = sim_machine()->now_ns, .cpu = 0xff
    };
    report_pended(RULE_PEND_NOT_COMPLETED, event);
  }
}

const RuleDetector rule_pend = { .begin = begin, .end = end };
