/* wait-at-dispatch: driver code waits at DISPATCH_LEVEL or above. A wait inside of another function is that function's contract (irql.c). */
#include "rule_ids.h"
#include "rules.h"

#include "ddi_ids.gen.h"

static void observe(const SimEvent *event, void *data) {
  (void)data;
  const SimContext *context = sim_machine()->current;
  uint32_t call = context != NULL ? context->call : 0;
  if (call == DDI_KeWaitForSingleObject || call == DDI_KeWaitForMultipleObjects || call == DDI_KeDelayExecutionThread)
    rule_report(RULE_WAIT_AT_DISPATCH, event);
}

static void begin(void) { rule_observe(observe, (const uint16_t[]){EVENT_WAIT_HIGH, 0}); }

const RuleDetector rule_wait = {.begin = begin};
