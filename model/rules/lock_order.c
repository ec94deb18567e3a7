/*
 * lock-order: two locks, taken in one order here and in the other there, by two who can meet: the deadlock that this run did not run into. Found from
 * the orders that a single run shows, as Linux' lockdep does, but by lock and not by class.
 *
 * Silent where the two can not meet: the same context in both orders, or a third lock held around both. What DriverEntry did is over before anything
 * else begins. An attempt that does not wait (KeTryToAcquireSpinLockAtDpcLevel) closes no circle, nor does a wait with a time-out.
 */
#include "rule_ids.h"
#include "rules.h"

#include "ddi_ids.gen.h"

#define HELD_COUNT_MAX 48
#define GUARD_COUNT_MAX 4
#define WAIT_COUNT_MAX 32
#define DEPTH_MAX 6
#define EDGE_COUNT_MAX 512

typedef struct Held {
  uint32_t object; /* 0: free */
  uint32_t context;
} Held;

/* The context had taken `from` and then took `to`, holding others around. */
typedef struct Edge {
  struct Edge *next;
  uint32_t from;
  uint32_t to;
  uint32_t sequence; /* of the event that took `to` */
  uint32_t guards[GUARD_COUNT_MAX];
  FindingOther place;
} Edge;

/* A thread waits for a mutex: it holds it when the call returns. */
typedef struct Wait {
  uint32_t context; /* 0: free */
  uint32_t object;
  bool is_endless;
} Wait;

typedef struct State {
  uint32_t held_count; /* entries ever used: those behind are free */
  Held held[HELD_COUNT_MAX];
  Wait waits[WAIT_COUNT_MAX];
  uint32_t edge_count;
  Edge *edges;
} State;

static State *state(void) { return RULES->state[RULE_SLOT_LOCK_ORDER]; }

/* ---- circles ---- */

static bool is_guarded(const Edge *one, const Edge *other) {
  for (unsigned i = 0; i < GUARD_COUNT_MAX; i++)
    for (unsigned j = 0; j < GUARD_COUNT_MAX; j++)
      if (one->guards[i] != 0 && one->guards[i] == other->guards[j])
        return true;
  return false;
}

static bool can_meet(const Edge *one, const Edge *other) { return one->place.context != other->place.context && !is_guarded(one, other); }

/* A way from a lock back to where the path began, over orders whose contexts can all meet. path[0..count) so far. */
static bool path_find(const Edge **path, unsigned count) {
  const Edge *last = path[count - 1];
  if (last->to == path[0]->from)
    return true;
  for (const Edge *edge = state()->edges; edge != NULL && count < DEPTH_MAX; edge = edge->next) {
    bool fits = edge->from == last->to;
    for (unsigned i = 0; i < count && fits; i++)
      fits = can_meet(edge, path[i]) && edge->to != path[i]->to;
    path[count] = edge;
    if (fits && path_find(path, count + 1))
      return true;
  }
  return false;
}

static void circle_look(const Edge *edge, const SimEvent *event) {
  const Edge *path[DEPTH_MAX + 1] = { edge };
  if (!path_find(path, 1))
    return;
  SimEvent at = *event;
  at.detail = edge->from;
  Finding *finding = rule_report_two(RULE_LOCK_ORDER, &at, &path[1]->place);
  if (finding != NULL)
    finding->event_related = path[1]->sequence;
}

/* ---- orders ---- */

static bool is_known(uint32_t from, const SimEvent *event) {
  for (const Edge *known = state()->edges; known != NULL; known = known->next)
    if (known->from == from && known->to == event->object && known->place.context == event->context && known->place.site == event->site)
      return true;
  return false;
}

static void guards_fill(Edge *edge) {
  unsigned count = 0;
  for (unsigned i = 0; i < state()->held_count && count < GUARD_COUNT_MAX; i++) {
    const Held *held = &state()->held[i];
    if (held->object != 0 && held->context == edge->place.context && held->object != edge->from && held->object != edge->to)
      edge->guards[count++] = held->object;
  }
}

static void order_note(uint32_t from, const SimEvent *event) {
  if (is_known(from, event) || state()->edge_count == EDGE_COUNT_MAX)
    return;
  Edge edge = { .from = from, .to = event->object, .sequence = event->sequence };
  rule_place_fill(&edge.place, event, event->irql);
  guards_fill(&edge);
  circle_look(&edge, event);
  Edge *kept = sim_heap_allocate(sizeof *kept);
  *kept = edge;
  kept->next = state()->edges;
  state()->edges = kept;
  state()->edge_count++;
}

static bool is_attempt(uint32_t function) {
  return function == DDI_KeTryToAcquireSpinLockAtDpcLevel || function == DDI_ExTryConvertSharedSpinLockExclusive;
}

static void held_add(const SimEvent *event) {
  State *self = state();
  for (unsigned i = 0; i < HELD_COUNT_MAX; i++)
    if (self->held[i].object == 0) {
      self->held[i] = (Held){ event->object, event->context };
      self->held_count = i >= self->held_count ? i + 1 : self->held_count;
      return;
    }
}

static void acquire(const SimEvent *event, bool could_wait) {
  const State *self = state();
  for (unsigned i = 0; i < self->held_count && could_wait; i++) {
    const Held *held = &self->held[i];
    if (held->object != 0 && held->context == event->context && held->object != event->object)
      order_note(held->object, event);
  }
  held_add(event);
}

/* ---- mutexes ---- */

static bool is_fast_mutex(uint32_t function) {
  return function == DDI_ExAcquireFastMutex || function == DDI_ExAcquireFastMutexUnsafe || function == DDI_ExTryToAcquireFastMutex;
}

static bool is_mutex(uint32_t ordinal) {
  const Object *object = object_by_ordinal(ordinal);
  return object != NULL && object->kind == OBJECT_MUTEX;
}

/* A fast mutex is an event inside. */
static void observe_wait(const SimEvent *event) {
  if (!is_mutex(event->object) && !is_fast_mutex(sim_machine()->current->call))
    return;
  Wait *free = NULL;
  for (unsigned i = 0; i < WAIT_COUNT_MAX; i++) {
    Wait *wait = &state()->waits[i];
    if (wait->context == event->context || (wait->context == 0 && free == NULL))
      free = wait;
  }
  if (free != NULL)
    *free = (Wait){ .context = event->context, .object = event->object, .is_endless = event->detail == 1 };
}

static bool is_got(const SimEvent *event) {
  return event->function == DDI_ExTryToAcquireFastMutex ? event->status != 0 : event->status == 0;
}

static void observe_return(const SimEvent *event, void *data) {
  (void)data;
  if (!is_fast_mutex(event->function) && event->function != DDI_KeWaitForSingleObject)
    return;
  for (unsigned i = 0; i < WAIT_COUNT_MAX; i++) {
    Wait *wait = &state()->waits[i];
    if (wait->context != event->context)
      continue;
    SimEvent taken = *event;
    taken.object = wait->object;
    wait->context = 0;
    if (is_got(event))
      acquire(&taken, wait->is_endless);
    return;
  }
}

static void observe_release(const SimEvent *event) {
  State *self = state();
  Held *found = NULL;
  for (unsigned i = 0; i < self->held_count; i++) {
    Held *held = &self->held[i];
    if (held->object == event->object && (found == NULL || held->context == event->context))
      found = held;
  }
  if (found != NULL)
    found->object = 0;
}

/* DriverEntry is over. */
static void observe_load(const SimEvent *event) {
  for (Edge **link = &state()->edges; *link != NULL;) {
    Edge *edge = *link;
    if (edge->place.context != event->context) {
      link = &edge->next;
      continue;
    }
    *link = edge->next;
    sim_heap_free(edge, sizeof *edge);
    state()->edge_count--;
  }
}

static void observe(const SimEvent *event, void *data) {
  (void)data;
  if (event->kind == EVENT_DRIVER_LOAD)
    observe_load(event);
  else if (sim_machine()->current == NULL || !rule_is_drivers(event->object))
    return;
  else if (event->kind == EVENT_LOCK_ACQUIRE)
    acquire(event, !is_attempt(event->function));
  else if (event->kind == EVENT_WAIT)
    observe_wait(event);
  else
    observe_release(event);
}

static void begin(void) {
  RULES->state[RULE_SLOT_LOCK_ORDER] = sim_heap_allocate(sizeof(State));
  rule_observe(observe, (const uint16_t[]){ EVENT_LOCK_ACQUIRE, EVENT_LOCK_RELEASE, EVENT_WAIT, EVENT_SIGNAL, EVENT_DRIVER_LOAD, 0 });
  rule_observe_returns(observe_return, (const uint32_t[]){ DDI_ExAcquireFastMutex, DDI_ExAcquireFastMutexUnsafe,
                                                           DDI_ExTryToAcquireFastMutex, DDI_KeWaitForSingleObject, 0 });
}

const RuleDetector rule_lock_order = { .begin = begin };
