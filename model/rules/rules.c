#include "rules.h"

/* FNV-1a of a rule's name is its id: RULE("irql-too-high") would have to run at build time; rule_table holds it, rule_ids.h names it. */

extern const RuleDetector *const rule_detectors[];
extern const unsigned rule_detector_count;

void rules_begin(void) {
  sim_arena_claim(SIM_RULES_BASE, sizeof(RulesState));
  for (unsigned i = 0; i < rule_detector_count; i++)
    rule_detectors[i]->begin();
}

void rules_end(void) {
  for (unsigned i = 0; i < rule_detector_count; i++)
    if (rule_detectors[i]->end != NULL)
      rule_detectors[i]->end();
}

const Finding *rules_findings(uint32_t *count) {
  *count = RULES->finding_count;
  return RULES->findings;
}

static Finding *find_same(uint32_t rule, const SimEvent *event) {
  for (uint32_t i = 0; i < RULES->finding_count; i++) {
    Finding *finding = &RULES->findings[i];
    if (finding->rule == rule && finding->site == event->site && finding->function == event->function)
      return finding;
  }
  return NULL;
}

static void frames_copy(Finding *finding, const SimContext *context) {
  if (context == NULL)
    return;
  unsigned skip = context->frame_count > FINDING_FRAME_COUNT_MAX ? context->frame_count - FINDING_FRAME_COUNT_MAX : 0;
  for (unsigned i = skip; i < context->frame_count; i++)
    finding->frames[finding->frame_count++] = context->frames[i];
}

Finding *rule_report(uint32_t rule, const SimEvent *event) {
  SimMachine *machine = sim_machine();
  Finding *finding = find_same(rule, event);
  if (finding != NULL) {
    finding->count++;
    return NULL;
  }
  if (RULES->finding_count == FINDING_COUNT_MAX) {
    RULES->lost_count++;
    return NULL;
  }
  const SimVcpu *vcpu = sim_vcpu(machine);
  finding = &RULES->findings[RULES->finding_count++];
  *finding = (Finding){
      .rule = rule,
      .count = 1,
      .event = event->sequence,
      .event_related = UINT32_MAX,
      .time_ns = event->time_ns,
      .function = event->function,
      .context = event->context,
      .object = event->object,
      .site = event->site,
      .cpu = event->cpu,
      .irql = event->irql,
      .irql_raised_by = vcpu != NULL && vcpu->irql >= SIM_IRQL_DISPATCH ? vcpu->irql_raised_by : UINT32_MAX,
      .status = event->status,
      .detail = event->detail,
      .value = event->value,
  };
  frames_copy(finding, machine->current);
  return finding;
}
