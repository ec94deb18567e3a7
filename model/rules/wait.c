/* wait-at-dispatch: driver code waits at DISPATCH_LEVEL or above. A wait inside of another function is that function's contract (irql.c). */
#include "rule_ids.h"
#include "rules.h"

#include "ddi_ids.gen.h"

bool rule_is_wait(uint32_t function) {
  switch (function) {
  case DDI_KeWaitForSingleObject:
  case DDI_KeWaitForMultipleObjects:
  case DDI_KeWaitForMutexObject:
  case DDI_KeDelayExecutionThread: return true;
  default: return false;
  }
}

static void observe(const SimEvent *event, void *data) {
  (void)data;
  const SimContext *context = sim_machine()->current;
  if (context != NULL && rule_is_wait(context->call))
    rule_report(RULE_WAIT_AT_DISPATCH, event);
}

static void begin(void) { rule_observe(observe, (const uint16_t[]){ EVENT_WAIT_HIGH, 0 }); }

const RuleDetector rule_wait = { .begin = begin };
