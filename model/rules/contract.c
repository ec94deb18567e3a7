/* Documented conditions other than IRQL and pointers: one rule a condition. */
#include "rule_ids.h"
#include "rules.h"

static uint32_t rule_of(uint32_t contract) {
  switch ((ModelContract)contract) {
  case CONTRACT_OBJECT_NOT_INITIALIZED:
    return RULE_OBJECT_NOT_INITIALIZED;
  case CONTRACT_OBJECT_FREED:
    return RULE_USE_AFTER_FREE;
  case CONTRACT_OBJECT_KIND:
    return RULE_WRONG_OBJECT_KIND;
  case CONTRACT_WORK_ITEM_QUEUED:
    return RULE_WORK_ITEM_QUEUED;
  case CONTRACT_TIMER_FREED:
    return RULE_FREED_WHILE_QUEUED;
  case CONTRACT_LOWER_TO:
    return RULE_IRQL_RAISE_LOWER_MISMATCH;
  case CONTRACT_UNLOAD_RESOURCES:
    return RULE_LEFT_BEHIND_AT_UNLOAD;
  }
  return 0;
}

static void observe(const SimEvent *event, void *data) {
  (void)data;
  uint32_t rule = rule_of(event->detail);
  if (rule != 0)
    rule_report(rule, event);
}

static void begin(void) { rule_observe(observe, (const uint16_t[]){EVENT_CONTRACT, 0}); }

const RuleDetector rule_contract = {.begin = begin};
