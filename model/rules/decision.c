/*
 * decision-lost-on-reauthorize: the classify that pended answered with an action as if it counted (no ABSORB), and the reauthorisation that the
 * completion brought was answered with another. A classify that absorbs has not decided yet: silence.
 */
#include "rule_ids.h"
#include "rules.h"

#include "model/wfp/wfp_state.h"

#define DECISION_COUNT_MAX 32

typedef struct Decision {
  uint32_t connection; /* ordinal; 0: free */
  uint32_t action;
  uint32_t event;
  uint32_t site;
} Decision;

/* What a context classifies now. */
typedef struct Classifying {
  uint32_t context;
  uint32_t connection;
} Classifying;

typedef struct State {
  uint32_t decision_next;
  Decision decisions[DECISION_COUNT_MAX];
  uint32_t classifying_next;
  Classifying classifying[DECISION_COUNT_MAX];
} State;

static State *state(void) { return RULES->state[RULE_SLOT_DECISION]; }

static void observe_classify(const SimEvent *event) {
  for (unsigned i = 0; i < DECISION_COUNT_MAX; i++)
    if (state()->classifying[i].context == event->context) {
      state()->classifying[i].connection = event->object;
      return;
    }
  state()->classifying[state()->classifying_next++ % DECISION_COUNT_MAX] =
      (Classifying){ .context = event->context, .connection = event->object };
}

static uint32_t classified_in(uint32_t context) {
  for (unsigned i = 0; i < DECISION_COUNT_MAX; i++)
    if (state()->classifying[i].context == context)
      return state()->classifying[i].connection;
  return 0;
}

/* The pending classify returned without ABSORB: what it returned was meant as the decision. */
static void observe_decision(const SimEvent *event) {
  state()->decisions[state()->decision_next++ % DECISION_COUNT_MAX] = (Decision){ .connection = classified_in(event->context),
                                                                                  .action = (uint32_t)event->status,
                                                                                  .event = event->sequence,
                                                                                  .site = rule_pend_site(event->object) };
}

static void observe_answer(const SimEvent *event) {
  bool is_reauthorize = (event->detail >> 24) & 1;
  uint32_t connection = classified_in(event->context);
  if (!is_reauthorize || connection == 0)
    return;
  for (unsigned i = 0; i < DECISION_COUNT_MAX; i++) {
    Decision *decision = &state()->decisions[i];
    if (decision->connection != connection)
      continue;
    decision->connection = 0;
    if (decision->action == (uint32_t)event->status)
      continue;
    SimEvent at = *event;
    at.site = decision->site;
    Finding *finding = rule_report(RULE_DECISION_LOST_ON_REAUTHORIZE, &at);
    if (finding != NULL)
      finding->event_related = decision->event;
  }
}

static void observe(const SimEvent *event, void *data) {
  (void)data;
  if (event->kind == EVENT_CLASSIFY)
    observe_classify(event);
  else if (event->kind == EVENT_PEND_WITHOUT_ABSORB)
    observe_decision(event);
  else
    observe_answer(event);
}

static void begin(void) {
  RULES->state[RULE_SLOT_DECISION] = sim_heap_allocate(sizeof(State));
  rule_observe(observe, (const uint16_t[]){ EVENT_CLASSIFY, EVENT_PEND_WITHOUT_ABSORB, EVENT_CLASSIFY_ANSWER, 0 });
}

const RuleDetector rule_decision = { .begin = begin };
