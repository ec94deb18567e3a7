#include "rules.h"

#include "rule_ids.h"

static const RuleDetector *const detectors[] = {
  &rule_irql,    &rule_wait,  &rule_memory,   &rule_spin_lock, &rule_pend, &rule_decision,   &rule_reply,     &rule_contract,
  &rule_network, &rule_lower, &rule_deadlock, &rule_livelock,  &rule_race, &rule_lock_order, &rule_lock_irql,
};
#define DETECTOR_COUNT (sizeof detectors / sizeof detectors[0])

void rules_begin(void) {
  sim_arena_claim(SIM_RULES_BASE, sizeof(RulesState));
  SimMachine *machine = sim_machine();
  sim_heap_page_begin();
  machine->rules_heap_low = machine->heap_used;
  for (size_t i = 0; i < DETECTOR_COUNT; i++)
    detectors[i]->begin();
  sim_heap_page_begin();
  machine->rules_heap_high = machine->heap_used;
}

void rules_end(void) {
  for (size_t i = 0; i < DETECTOR_COUNT; i++)
    if (detectors[i]->end != NULL)
      detectors[i]->end();
}

const Finding *rules_findings(uint32_t *count) {
  *count = RULES->finding_count;
  return RULES->findings;
}

static Finding *find_same(uint32_t rule, const SimEvent *event, uint32_t other_site) {
  for (uint32_t i = 0; i < RULES->finding_count; i++) {
    Finding *finding = &RULES->findings[i];
    if (finding->rule != rule)
      continue;
    bool is_here = finding->site == event->site && finding->other.site == other_site;
    if ((is_here && finding->function == event->function) ||
        (other_site != 0 && (is_here || (finding->site == other_site && finding->other.site == event->site))))
      return finding;
  }
  return NULL;
}

bool rule_is_told(uint32_t rule, const SimEvent *event) {
  for (uint32_t i = 0; i < RULES->finding_count; i++) {
    const Finding *finding = &RULES->findings[i];
    bool is_here = finding->site == event->site && finding->context == event->context && finding->function == event->function;
    bool is_level = finding->rule == RULE_IRQL_TOO_HIGH || finding->rule == RULE_IRQL_TOO_LOW;
    bool is_this = finding->rule == rule && finding->time_ns != event->time_ns;
    if (is_here && finding->value == event->value && !is_this && !is_level)
      return true;
  }
  return false;
}

static void frames_copy(Finding *finding, const SimContext *context) {
  if (context == NULL)
    return;
  unsigned skip = context->frame_count > FINDING_FRAME_COUNT_MAX ? context->frame_count - FINDING_FRAME_COUNT_MAX : 0;
  for (unsigned i = skip; i < context->frame_count; i++)
    finding->frames[finding->frame_count++] = context->frames[i];
}

void rule_place_fill(FindingOther *place, const SimEvent *event, SimIrql irql) {
  const SimContext *context = sim_machine()->current;
  *place = (FindingOther){ .site = event->site,
                           .context = event->context,
                           .object = context->object,
                           .function = event->function,
                           .cpu = 0xff,
                           .at_cpu = event->cpu,
                           .at_irql = event->irql,
                           .time_ns = event->time_ns,
                           .event = event->sequence };
  if (context->kind != SIM_CONTEXT_THREAD) {
    place->cpu = event->cpu;
    place->irql = context->kind == SIM_CONTEXT_DPC ? SIM_IRQL_DISPATCH : irql;
  }
  unsigned skip = context->frame_count > SIM_RACE_FRAME_COUNT_MAX ? context->frame_count - SIM_RACE_FRAME_COUNT_MAX : 0;
  for (unsigned i = skip; i < context->frame_count; i++)
    place->frames[place->frame_count++] = context->frames[i];
}

static Finding *report(uint32_t rule, const SimEvent *observed, const FindingOther *other) {
  SimMachine *machine = sim_machine();
  SimEvent here = *observed;
  const SimEvent *event = &here;
  if (here.function == 0 && machine->current != NULL)
    here.function = machine->current->call;
  Finding *finding = find_same(rule, event, other->site);
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
    .other = *other,
  };
  frames_copy(finding, machine->current);
  uint64_t what = (uint64_t)rule << 32 | event->site;
  machine->finding_sum += (what ^ what >> 29) * 0xbf58476d1ce4e5b9ULL;
  return finding;
}

Finding *rule_report(uint32_t rule, const SimEvent *event) { return report(rule, event, &(FindingOther){ 0 }); }

Finding *rule_report_two(uint32_t rule, const SimEvent *event, const FindingOther *other) { return report(rule, event, other); }

static SimEventMask observe(SimObserver *observer, const uint16_t *kinds) {
  SimEventMask mask = { 0 };
  for (const uint16_t *kind = kinds; *kind != 0; kind++)
    sim_event_mask_add(&mask, *kind);
  sim_observer_add(sim_machine(), observer, NULL, mask);
  return mask;
}

void rule_observe(SimObserver *observer, const uint16_t *kinds) { observe(observer, kinds); }

void rule_observe_long(SimObserver *observer, const uint16_t *kinds) {
  sim_observer_is_of_long_runs(sim_machine(), observe(observer, kinds));
}

void rule_observe_returns(SimObserver *observer, const uint32_t *functions) {
  unsigned count = 0;
  while (functions[count] != 0)
    count++;
  rule_observe(observer, (const uint16_t[]){ EVENT_RETURN, 0 });
  sim_observer_is_of_functions(sim_machine(), functions, count);
}
