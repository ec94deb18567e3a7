/*
 * irql-raise-lower-mismatch, where no function sees it: a routine lowers the IRQL below the level that Windows called it at. Whoever raised it
 * to there relies on it; raising it again before the return does not undo what came in between.
 */
#include "rule_ids.h"
#include "rules.h"

#include "ddi_ids.gen.h"

#define ENTERED_COUNT_MAX 64

/* A routine of a driver that has not returned yet. */
typedef struct Entered {
  uint32_t context; /* 0: free */
  uint16_t depth;
  SimIrql irql;
} Entered;

typedef struct State {
  uint32_t count; /* entries ever used: those behind are free */
  Entered entered[ENTERED_COUNT_MAX];
} State;

static State *state(void) { return RULES->state[RULE_SLOT_LOWER]; }

/* The innermost routine that the context is in; NULL: none that is known. */
static Entered *entered_find(uint32_t context) {
  Entered *innermost = NULL;
  for (unsigned i = 0; i < state()->count; i++) {
    Entered *entered = &state()->entered[i];
    if (entered->context == context && context != 0 && (innermost == NULL || entered->depth > innermost->depth))
      innermost = entered;
  }
  return innermost;
}

static void observe_callback(const SimEvent *event) {
  const Entered *outer = entered_find(event->context);
  for (unsigned i = 0; i < ENTERED_COUNT_MAX; i++)
    if (state()->entered[i].context == 0) {
      uint16_t depth = outer != NULL ? outer->depth + 1 : 1;
      state()->entered[i] = (Entered){ .context = event->context, .depth = depth, .irql = event->irql };
      state()->count = i >= state()->count ? i + 1 : state()->count;
      return;
    }
}

/* Below DISPATCH_LEVEL in a DPC the call itself has told (EVENT_CONTRACT), which is the same. */
static bool is_told(const SimEvent *event) {
  uint32_t count;
  const Finding *findings = rules_findings(&count);
  for (uint32_t i = 0; i < count; i++)
    if (findings[i].rule == RULE_IRQL_RAISE_LOWER_MISMATCH && findings[i].site == event->site && findings[i].function == event->function)
      return true;
  return false;
}

static void observe_return(const SimEvent *event, void *data) {
  (void)data;
  if (event->function != DDI_KeLowerIrql && event->function != DDI_KfLowerIrql)
    return;
  const Entered *entered = entered_find(event->context);
  if (entered == NULL || event->irql >= entered->irql || is_told(event))
    return;
  SimEvent call = *event; /* as the call would have told it: at which level, to which */
  call.irql = (SimIrql)event->detail;
  call.value = event->irql;
  rule_report(RULE_IRQL_RAISE_LOWER_MISMATCH, &call);
}

/* It returns; or its thread ends inside of it, and of all that it was called in. */
static void leave(const SimEvent *event) {
  Entered *entered;
  while ((entered = entered_find(event->context)) != NULL) {
    entered->context = 0;
    if (event->kind == EVENT_CALLBACK_RETURN)
      return;
  }
}

static void observe(const SimEvent *event, void *data) {
  (void)data;
  if (event->kind == EVENT_CALLBACK)
    observe_callback(event);
  else
    leave(event);
}

static void begin(void) {
  RULES->state[RULE_SLOT_LOWER] = sim_heap_allocate(sizeof(State));
  rule_observe(observe, (const uint16_t[]){ EVENT_CALLBACK, EVENT_CALLBACK_RETURN, EVENT_THREAD_EXIT, 0 });
  rule_observe_returns(observe_return, (const uint32_t[]){ DDI_KeLowerIrql, DDI_KfLowerIrql, 0 });
}

const RuleDetector rule_lower = { .begin = begin };
