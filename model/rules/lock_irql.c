/*
 * spin-lock-irql: a spin lock that an interrupt takes, and that somebody else holds below the interrupt's level: it may land on the holder's cpu, spins
 * for a lock whose holder it has interrupted, and neither ever goes on. Found from the levels that a single run shows, as Linux' lockdep does with what
 * is safe for interrupts.
 *
 * Of DPCs and threads the contracts of the functions themselves speak: irql-too-low.
 */
#include "rule_ids.h"
#include "rules.h"

#define LOCK_COUNT_MAX 32

/* Where a lock was taken, and at what level it is held then. */
typedef struct Take {
  bool is_seen;
  SimIrql irql; /* of an interrupt: the level it came at; else the lowest */
  uint32_t sequence;
  FindingOther place;
} Take;

typedef struct Lock {
  uint32_t object; /* 0: free */
  bool is_told;
  Take interrupt; /* the highest */
  Take other;     /* the lowest */
} Lock;

typedef struct State {
  Lock locks[LOCK_COUNT_MAX];
} State;

static State *state(void) { return RULES->state[RULE_SLOT_LOCK_IRQL]; }

static Lock *lock_of(uint32_t object) {
  State *self = state();
  for (unsigned i = 0; i < LOCK_COUNT_MAX; i++) {
    Lock *lock = &self->locks[i];
    if (lock->object == 0)
      lock->object = object;
    if (lock->object == object)
      return lock;
  }
  return NULL;
}

static void take_fill(Take *take, const SimEvent *event, SimIrql irql) {
  *take = (Take){ .is_seen = true, .irql = irql, .sequence = event->sequence };
  rule_place_fill(&take->place, event, irql);
}

static void look(Lock *lock, const SimEvent *event, const Take *before) {
  if (lock->is_told || !lock->interrupt.is_seen || !lock->other.is_seen || lock->other.irql >= lock->interrupt.irql)
    return;
  SimEvent at = *event;
  at.detail = (uint32_t)lock->interrupt.irql | (uint32_t)lock->other.irql << 8;
  Finding *finding = rule_report_two(RULE_SPIN_LOCK_IRQL, &at, &before->place);
  lock->is_told = true;
  if (finding != NULL)
    finding->event_related = before->sequence;
}

static void observe(const SimEvent *event, void *data) {
  const SimContext *context = sim_machine()->current;
  (void)data;
  if (context == NULL || !rule_is_drivers(event->object) || event->site == 0)
    return;
  Lock *lock = lock_of(event->object);
  if (lock == NULL)
    return;
  if (context->kind == SIM_CONTEXT_INTERRUPT) {
    if (!lock->interrupt.is_seen || event->irql > lock->interrupt.irql)
      take_fill(&lock->interrupt, event, event->irql);
    look(lock, event, &lock->other);
  } else {
    if (!lock->other.is_seen || event->irql < lock->other.irql)
      take_fill(&lock->other, event, event->irql);
    look(lock, event, &lock->interrupt);
  }
}

static void begin(void) {
  RULES->state[RULE_SLOT_LOCK_IRQL] = sim_heap_allocate(sizeof(State));
  rule_observe(observe, (const uint16_t[]){ EVENT_LOCK_ACQUIRE, 0 });
}

const RuleDetector rule_lock_irql = { .begin = begin };
