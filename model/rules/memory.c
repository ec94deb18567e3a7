/* What driver code, or Windows on its behalf, touches and may not: one rule a reason. */
#include "rule_ids.h"
#include "rules.h"

static uint32_t rule_of(const SimEvent *event) {
  bool by_model = (event->detail >> 16) & 1, by_return = (event->detail >> 17) & 1;
  if (by_return)
    return RULE_WILD_ACCESS;
  switch ((SimFaultReason)(event->detail & 0xff)) {
  case SIM_FAULT_FREED: return RULE_USE_AFTER_FREE;
  case SIM_FAULT_NOT_RESIDENT: /* below DISPATCH_LEVEL a page fault is no mistake */
    return event->irql >= SIM_IRQL_DISPATCH ? RULE_PAGED_AT_DISPATCH : 0;
  case SIM_FAULT_PAGED_HIGH: return RULE_PAGED_AT_DISPATCH;
  case SIM_FAULT_STACK: return RULE_KERNEL_STACK_OVERFLOW;
  case SIM_FAULT_NULL: return by_model ? RULE_BAD_POINTER_ARGUMENT : RULE_NULL_ACCESS;
  case SIM_FAULT_WILD: return by_model ? RULE_BAD_POINTER_ARGUMENT : RULE_WILD_ACCESS;
  case SIM_FAULT_OVERRUN: return by_model ? RULE_BAD_POINTER_ARGUMENT : RULE_OUT_OF_BOUNDS;
  case SIM_FAULT_READ_ONLY: return by_model ? RULE_BAD_POINTER_ARGUMENT : RULE_READ_ONLY_WRITE;
  case SIM_FAULT_USER: return by_model ? RULE_BAD_POINTER_ARGUMENT : RULE_USER_ADDRESS_ACCESS;
  }
  return 0;
}

/* Windows touches pageable memory in a function that may not be called at this level, and the call was judged: it is why it may not. */
static bool is_why_too_high(const SimEvent *event) {
  uint32_t count;
  const Finding *findings = rules_findings(&count);
  for (uint32_t i = 0; i < count; i++)
    if (findings[i].rule == RULE_IRQL_TOO_HIGH && findings[i].site == event->site && findings[i].function == event->function)
      return true;
  return false;
}

static const Finding *finding_of(uint32_t rule) {
  uint32_t count;
  const Finding *findings = rules_findings(&count);
  for (uint32_t i = 0; i < count; i++)
    if (findings[i].rule == rule)
      return &findings[i];
  return NULL;
}

/* Windows follows a list into memory that was freed with a timer or DPC in it, in nobody's call; or goes to code that is gone. The mistake was
 * made before, and was told. */
static bool is_consequence(const SimEvent *event, bool by_model) {
  const Finding *queued = finding_of(RULE_FREED_WHILE_QUEUED);
  bool is_code = ((event->detail >> 8) & 0xff) == SIM_ACCESS_EXECUTE;
  return (by_model && event->function == 0 && queued != NULL && queued->value == event->value) ||
         (is_code && finding_of(RULE_LEFT_BEHIND_AT_UNLOAD) != NULL);
}

static bool is_told(const SimEvent *event, uint32_t rule) {
  bool by_model = (event->detail >> 16) & 1;
  switch (rule) {
  case RULE_BAD_POINTER_ARGUMENT: return rule_is_told(rule, event);
  case RULE_USE_AFTER_FREE: return (by_model && rule_is_told(rule, event)) || is_consequence(event, by_model);
  case RULE_PAGED_AT_DISPATCH: return by_model && is_why_too_high(event);
  default: return false;
  }
}

static void observe(const SimEvent *event, void *data) {
  (void)data;
  uint32_t rule = rule_of(event);
  if (rule != 0 && !is_told(event, rule))
    rule_report(rule, event);
}

static void begin(void) { rule_observe(observe, (const uint16_t[]){ EVENT_FAULT, 0 }); }

const RuleDetector rule_memory = { .begin = begin };
