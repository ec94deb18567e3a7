/* spin-lock-recursion, -not-held, -wrong-owner, -form-mismatch, -leak: a driver's own spin locks. Those of Windows are not its business. */
#include "rule_ids.h"
#include "rules.h"

#include "ddi_ids.gen.h"

#define HELD_COUNT_MAX 64

/* A lock that is held, and since when. */
typedef struct Held {
  uint32_t object; /* 0: free entry */
  uint32_t context;
  uint32_t sequence; /* of the event that took it */
  uint32_t site;     /* where that was */
  uint16_t form;     /* LockForm it was taken with */
  uint16_t depth;    /* calls into driver code that were active on that context */
} Held;

typedef struct State {
  uint32_t held_count; /* entries ever used: those behind are free */
  Held held[HELD_COUNT_MAX];
} State;

static State *state(void) { return RULES->state[RULE_SLOT_SPIN_LOCK]; }

static uint16_t depth_now(void) {
  const SimContext *context = sim_machine()->current;
  return context != NULL ? context->callback_depth : 0;
}

static Held *held_find(uint32_t object) {
  State *self = state();
  for (unsigned i = 0; i < self->held_count; i++)
    if (self->held[i].object == object)
      return &self->held[i];
  return NULL;
}

static Held *held_take(void) {
  Held *held = held_find(0);
  if (held == NULL && state()->held_count < HELD_COUNT_MAX)
    held = &state()->held[state()->held_count++];
  return held;
}

/* A reader/writer lock has many holders: who releases gives back its own hold where it has one. */
static Held *held_find_by(uint32_t object, uint32_t context) {
  State *self = state();
  for (unsigned i = 0; i < self->held_count; i++)
    if (self->held[i].object == object && self->held[i].context == context)
      return &self->held[i];
  return held_find(object);
}

/* A reader who becomes the writer holds the lock once, and as he took it. */
static void observe_acquire(const SimEvent *event) {
  if (event->function == DDI_ExTryConvertSharedSpinLockExclusive)
    return;
  Held *held = held_take();
  if (held != NULL)
    *held = (Held){ event->object, event->context, event->sequence, event->site, (uint16_t)event->detail, depth_now() };
}

static void observe_release(const SimEvent *event) {
  Held *held = held_find_by(event->object, event->context);
  uint32_t released = event->detail & 0xff, acquired = held != NULL ? held->form : (event->detail >> 8) & 0xff;
  uint32_t rule = (event->detail >> 16) & 1 ? RULE_SPIN_LOCK_WRONG_OWNER : released != acquired ? RULE_SPIN_LOCK_FORM_MISMATCH : 0;
  Finding *finding = rule != 0 ? rule_report(rule, event) : NULL;
  if (finding != NULL && held != NULL)
    finding->event_related = held->sequence;
  if (held != NULL)
    held->object = 0;
}

static void report_at_acquire(uint32_t rule, const SimEvent *event) {
  const Held *held = held_find(event->object);
  Finding *finding = rule_report(rule, event);
  if (finding != NULL && held != NULL)
    finding->event_related = held->sequence;
}

/* The call into driver code that took the lock is over, or its thread ends inside of it, and it is still held. */
static void observe_end(const SimEvent *event) {
  uint16_t depth = event->kind == EVENT_CALLBACK_RETURN ? depth_now() : 0;
  for (unsigned i = 0; i < state()->held_count; i++) {
    Held *held = &state()->held[i];
    if (held->object == 0 || held->context != event->context || held->depth < depth)
      continue;
    SimEvent at = *event;
    at.object = held->object;
    at.site = held->site; /* driver code has returned: its line is where it took the lock */
    Finding *finding = rule_report(RULE_SPIN_LOCK_LEAK, &at);
    if (finding != NULL)
      finding->event_related = held->sequence;
    held->object = 0;
  }
}

static void observe(const SimEvent *event, void *data) {
  (void)data;
  if (event->kind == EVENT_CALLBACK_RETURN || event->kind == EVENT_THREAD_EXIT) {
    observe_end(event);
    return;
  }
  if (!rule_is_drivers(event->object))
    return;
  switch (event->kind) {
  case EVENT_LOCK_ACQUIRE: observe_acquire(event); return;
  case EVENT_LOCK_RELEASE: observe_release(event); return;
  case EVENT_LOCK_RECURSION: report_at_acquire(RULE_SPIN_LOCK_RECURSION, event); return;
  default: rule_report(RULE_SPIN_LOCK_NOT_HELD, event);
  }
}

static void begin(void) {
  RULES->state[RULE_SLOT_SPIN_LOCK] = sim_heap_allocate(sizeof(State));
  rule_observe(observe, (const uint16_t[]){ EVENT_LOCK_ACQUIRE, EVENT_LOCK_RELEASE, EVENT_LOCK_RECURSION, EVENT_LOCK_NOT_HELD,
                                            EVENT_CALLBACK_RETURN, EVENT_THREAD_EXIT, 0 });
}

const RuleDetector rule_spin_lock = { .begin = begin };
