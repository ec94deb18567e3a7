/* Documented conditions other than IRQL and pointers: one rule a condition. */
#include "rule_ids.h"
#include "rules.h"

#include "ddi_ids.gen.h"

static bool is_free(uint32_t function) { return function == DDI_ExFreePool || function == DDI_ExFreePoolWithTag; }

static uint32_t rule_of(const SimEvent *event) {
  switch ((ModelContract)event->detail) {
  case CONTRACT_OBJECT_NOT_INITIALIZED: return RULE_OBJECT_NOT_INITIALIZED;
  case CONTRACT_OBJECT_FREED: return RULE_USE_AFTER_FREE;
  case CONTRACT_OBJECT_KIND: return event->value == 0 ? RULE_BAD_POINTER_ARGUMENT : RULE_WRONG_OBJECT_KIND;
  case CONTRACT_WORK_ITEM_QUEUED: /* the item itself was queued or freed again, or the memory it is in was */
    return is_free(event->function) ? RULE_FREED_WHILE_QUEUED : RULE_WORK_ITEM_QUEUED;
  case CONTRACT_TIMER_FREED: return RULE_FREED_WHILE_QUEUED;
  case CONTRACT_LOWER_TO: return RULE_IRQL_RAISE_LOWER_MISMATCH;
  case CONTRACT_UNLOAD_RESOURCES: return RULE_LEFT_BEHIND_AT_UNLOAD;
  }
  return 0;
}

static void observe(const SimEvent *event, void *data) {
  (void)data;
  uint32_t rule = rule_of(event);
  if (rule != 0 && !rule_is_told(rule, event))
    rule_report(rule, event);
}

static void begin(void) { rule_observe(observe, (const uint16_t[]){ EVENT_CONTRACT, 0 }); }

const RuleDetector rule_contract = { .begin = begin };
