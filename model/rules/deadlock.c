/*
 * deadlock: contexts that wait for one another in a circle. One of locks alone is told as soon as it closes; one that runs through user mode or the
 * worker threads when the run has ended and nothing else can break it. waits-for-ever: no circle, and yet nobody is left who could end the wait.
 */
#include "rule_ids.h"
#include "rules.h"
#include "wait_graph.h"

#include "ddi_ids.gen.h"
#include "model/ke/ke_state.h"

#define TOLD_COUNT_MAX 64

typedef struct State {
  uint32_t told_count;
  uint32_t told[TOLD_COUNT_MAX]; /* ids of contexts of circles that were told */
} State;

static State *state(void) { return RULES->state[RULE_SLOT_DEADLOCK]; }

static bool is_told(const SimContext *context) {
  for (uint32_t i = 0; i < state()->told_count; i++)
    if (state()->told[i] == context->id)
      return true;
  return false;
}

static void told_add(const SimContext *context) {
  if (state()->told_count < TOLD_COUNT_MAX)
    state()->told[state()->told_count++] = context->id;
}

/* A cpu that waits for itself: spin-lock-recursion. */
static bool is_recursion(const WaitEdge *cycle, unsigned count) {
  for (unsigned i = 0; i < count; i++)
    if ((cycle[i].kind != WAIT_SPIN && cycle[i].kind != WAIT_INTERRUPTED) || cycle[i].waiter->vcpu != cycle[0].waiter->vcpu)
      return false;
  return true;
}

static bool is_any_drivers(const WaitEdge *cycle, unsigned count) {
  for (unsigned i = 0; i < count; i++)
    if (cycle[i].waiter->frame_count > 0)
      return true;
  return false;
}

/* The event a finding about a context's wait is told by: where it waits, for what. */
static SimEvent event_of(const WaitEdge *edge) {
  const SimMachine *machine = sim_machine();
  const SimContext *context = edge->waiter;
  return (SimEvent){ .kind = EVENT_WAIT,
                     .sequence = machine->event_count - 1,
                     .time_ns = machine->now_ns,
                     .context = context->id,
                     .object = edge->object,
                     .function = context->call,
                     .site = context->site,
                     .irql = context->irql,
                     .cpu = context->vcpu != NULL ? context->vcpu->number : 0xff };
}

static Finding *report(uint32_t rule, const WaitEdge *edge) {
  SimEvent event = event_of(edge);
  Finding *finding = rule_report(rule, &event);
  const SimContext *context = edge->waiter;
  if (finding == NULL)
    return NULL;
  unsigned skip = context->frame_count > FINDING_FRAME_COUNT_MAX ? context->frame_count - FINDING_FRAME_COUNT_MAX : 0;
  finding->frame_count = 0;
  for (unsigned i = skip; i < context->frame_count; i++)
    finding->frames[finding->frame_count++] = context->frames[i];
  finding->event_related = edge->taken;
  return finding;
}

/* ---- circles ---- */

/* All worker threads are in it, not only the one that it was found by. */
static void workers_add(const WaitEdge *edge) {
  WaitEdge edges[WAIT_EDGE_COUNT_MAX];
  unsigned count = edge->kind == WAIT_WORKER ? wait_edges(edge->waiter, true, edges) : 0;
  for (unsigned i = 0; i < count; i++)
    if (edges[i].kind == WAIT_WORKER)
      told_add(edges[i].holder);
}

/* Told where it begins: with driver code, if there is any in it. */
static void cycle_tell(const WaitEdge *cycle, unsigned count) {
  if (is_recursion(cycle, count) || !is_any_drivers(cycle, count))
    return;
  unsigned first = 0;
  while (cycle[first].waiter->frame_count == 0)
    first++;
  if (is_told(cycle[first].waiter))
    return;
  Finding *finding = report(RULE_DEADLOCK, &cycle[first]);
  if (finding != NULL)
    finding->detail = count;
  for (unsigned i = 0; i < count; i++) {
    told_add(cycle[i].waiter);
    workers_add(&cycle[i]);
  }
}

static void cycle_look(const SimContext *context, const WaitEdge *first, bool is_over) {
  WaitEdge cycle[WAIT_CYCLE_MAX];
  unsigned count = is_told(context) ? 0 : wait_cycle(context, first, is_over, cycle);
  if (count > 0)
    cycle_tell(cycle, count);
}

/* It is about to wait, without a time-out, for one thing: told before it is known whether it has to. */
static void observe_wait(const SimEvent *event) {
  const SimContext *context = sim_machine()->current;
  const Object *object = object_by_ordinal(event->object);
  if (context == NULL || event->detail != 1 || object == NULL || context->call == DDI_KeWaitForMultipleObjects)
    return;
  WaitEdge edge = { .waiter = context, .object = event->object, .taken = UINT32_MAX };
  if (object->kind == OBJECT_MUTEX) {
    const KeThread *owner = ((const KeMutex *)object->body)->owner;
    edge.kind = WAIT_MUTEX;
    edge.holder = owner != NULL && owner->context != context ? owner->context : NULL;
  } else if (object->kind == OBJECT_THREAD) {
    edge.kind = WAIT_THREAD;
    edge.holder = ((const KeThread *)object->body)->context;
  } else if (object->kind == OBJECT_EVENT) {
    edge.kind = WAIT_MUTEX; /* of a fast mutex */
    edge.holder = wait_holder(event->object, &edge.taken);
  }
  cycle_look(context, &edge, false);
}

static void observe(const SimEvent *event, void *data) {
  (void)data;
  if (event->kind == EVENT_WAIT)
    observe_wait(event);
  else if (sim_machine()->current != NULL)
    cycle_look(sim_machine()->current, NULL, false);
}

/* ---- at the end ---- */

/* Nobody is known who could end any of it, or who had it is no more. Who waits behind a circle was told with it. */
static bool is_for_ever(const WaitEdge *edges, unsigned count) {
  for (unsigned i = 0; i < count; i++)
    if (edges[i].is_timed || (edges[i].holder != NULL && (edges[i].kind != WAIT_REPLY || is_told(edges[i].holder))))
      return false;
  return count > 0;
}

/* Windows called the routine and waits for its return. A thread of the driver's own may wait for work for as long as it likes; so may a request,
 * which whoever made it can cancel. */
static bool is_expected_back(const SimContext *context) {
  uint32_t callback = wait_callback(context);
  return callback != 0 && callback != DDI_KSTART_ROUTINE && callback != DDI_DRIVER_DISPATCH;
}

static void forever_look(const SimContext *context) {
  WaitEdge edges[WAIT_EDGE_COUNT_MAX], by;
  unsigned count = wait_edges(context, true, edges);
  if (context->irql >= SIM_IRQL_DISPATCH || is_told(context) || !is_for_ever(edges, count))
    return;
  bool is_wanted = wait_is_wanted(context, &by);
  if (!is_wanted && !is_expected_back(context))
    return;
  Finding *finding = report(RULE_WAITS_FOR_EVER, &edges[0]);
  if (finding != NULL && is_wanted) {
    finding->event_related = by.taken;
    finding->value = by.object;
  }
}

/* Only what driver code is in is told. */
static void end(void) {
  SimMachine *machine = sim_machine();
  for (unsigned slot = 0; slot < machine->context_count; slot++)
    if (machine->contexts[slot].is_live && machine->contexts[slot].frame_count > 0)
      cycle_look(&machine->contexts[slot], NULL, true);
  for (unsigned slot = 0; slot < machine->context_count; slot++)
    if (machine->contexts[slot].is_live && machine->contexts[slot].frame_count > 0)
      forever_look(&machine->contexts[slot]);
}

static void begin(void) {
  RULES->state[RULE_SLOT_DEADLOCK] = sim_heap_allocate(sizeof(State));
  wait_graph_begin();
  rule_observe(observe, (const uint16_t[]){ SIM_EVENT_SPIN, EVENT_WAIT, 0 });
}

const RuleDetector rule_deadlock = { .begin = begin, .end = end };
