/*
 * rules.h: what the detectors share: their state in the arena and how one reports. One detector a file; each has a begin function, listed in
 * rules.c, that registers observers, and perhaps an end function.
 */
#pragma once

#include "finding.h"
#include "rule.h"

#include "model/events.h"
#include "model/model.h"

/* Which place of RulesState.state is whose. */
typedef enum RuleSlot {
  RULE_SLOT_SPIN_LOCK,
  RULE_SLOT_PEND,
  RULE_SLOT_DECISION,
  RULE_SLOT_REPLY,
  RULE_SLOT_LOWER,
  RULE_SLOT_WAIT_GRAPH,
  RULE_SLOT_DEADLOCK,
  RULE_SLOT_LIVELOCK,
  RULE_SLOT_LOCK_ORDER,
  RULE_SLOT_LOCK_IRQL,
  RULE_SLOT_COUNT
} RuleSlot;

typedef struct RulesState {
  uint32_t finding_count;
  Finding findings[FINDING_COUNT_MAX];
  uint64_t lost_count;          /* findings beyond the table */
  void *state[RULE_SLOT_COUNT]; /* of the detectors, on the arena's heap */
} RulesState;

#define RULES ((RulesState *)SIM_RULES_BASE)

/* A detector: where it keeps its state and what it has to say when. */
typedef struct RuleDetector {
  void (*begin)(void);
  void (*end)(void); /* NULL: nothing */
} RuleDetector;

/* One mistake was made at this event, by what driver code does now. The same rule at the same site, function and kind of object again only
 * counts. Returns the finding to fill in more (irql_min, event_related), or NULL when the table is full or it was there already. */
Finding *rule_report(uint32_t rule, const SimEvent *event);

/* The same of a mistake that takes two: the same two sites again, in either order, only count. */
Finding *rule_report_two(uint32_t rule, const SimEvent *event, const FindingOther *other);

/* Where that event happens, for when it is the first of two; `irql`: the level that an interrupt came at. */
void rule_place_fill(FindingOther *place, const SimEvent *event, SimIrql irql);

/* Was this very pointer (event->value) judged already, in this call or by another rule at this place, which knows more of it: a stale context, a
 * timer never set up, memory that was freed? */
bool rule_is_told(uint32_t rule, const SimEvent *event);

/* Did a driver make it? */
static inline bool rule_is_drivers(uint32_t ordinal) {
  const Object *object = model_object(ordinal);
  return object != NULL && object->driver != 0;
}

/* Registers an observer of these kinds (a list that ends with 0). */
void rule_observe(SimObserver *observer, const uint16_t *kinds);
/* Registers an observer of what these functions (a list that ends with 0) return. It may be told of others, too. */
void rule_observe_returns(SimObserver *observer, const uint32_t *functions);
/* Registers an observer of these kinds, once a run has become long (SIM_STEPS_LONG). Of one rule. */
void rule_observe_long(SimObserver *observer, const uint16_t *kinds);

/* Where the operation (ordinal) was pended in driver code; 0: not known. */
uint32_t rule_pend_site(uint32_t object);

/* Is it one of the functions whose business is to wait? */
bool rule_is_wait(uint32_t function);

extern const RuleDetector rule_irql, rule_wait, rule_memory, rule_spin_lock, rule_pend, rule_decision, rule_reply, rule_contract,
    rule_network, rule_lower, rule_deadlock, rule_livelock, rule_race, rule_lock_order, rule_lock_irql;
