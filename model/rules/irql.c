/* irql-too-high, irql-too-low: a call outside of its contract. irql-leak, irql-leak-callback: a return at another level. */
#include "rule_ids.h"
#include "rules.h"

static void observe_call(const SimEvent *event) {
  /* A wait at DISPATCH_LEVEL is a rule of its own (wait.c), which says more. */
  SimIrql min = event->detail & 0xff, max = (event->detail >> 8) & 0xff, level = (event->detail >> 16) & 0xff;
  if (rule_is_wait(event->function) && level >= SIM_IRQL_DISPATCH)
    return;
  Finding *finding = rule_report(level > max ? RULE_IRQL_TOO_HIGH : RULE_IRQL_TOO_LOW, event);
  if (finding != NULL) {
    finding->irql_min = min;
    finding->irql_max = max;
  }
}

static void observe_return(const SimEvent *event) {
  bool is_callback = (event->detail >> 16) & 1;
  Finding *finding = rule_report(is_callback ? RULE_IRQL_LEAK_CALLBACK : RULE_IRQL_LEAK, event);
  if (finding != NULL) {
    finding->irql_min = event->detail & 0xff;
    finding->irql_max = (event->detail >> 8) & 0xff;
  }
}

static void observe(const SimEvent *event, void *data) {
  (void)data;
  if (event->kind == EVENT_CONTRACT_IRQL)
    observe_call(event);
  else
    observe_return(event);
}

static void begin(void) { rule_observe(observe, (const uint16_t[]){ EVENT_CONTRACT_IRQL, EVENT_CONTRACT_IRQL_RETURN, 0 }); }

const RuleDetector rule_irql = { .begin = begin };
