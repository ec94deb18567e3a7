#include "wait_graph.h"

#include "rules.h"
#include "slots.h"

#include "ddi_ids.gen.h"
#include "model/model.h"

#define HELD_COUNT_MAX 128

/* A lock that a context has. */
typedef struct WaitHeld {
  uint32_t object; /* 0: free entry */
  uint32_t context;
  uint32_t event;
} WaitHeld;

/* Of a context slot: its wait, and the driver code that runs there. */
typedef struct WaitSlot {
  uint32_t context; /* id of whose routine it is */
  uint32_t callback;
  uint32_t depth;
  uint32_t fast_mutex; /* the event of the fast mutex it waits for */
  bool is_timed;       /* its last wait has a time-out */
} WaitSlot;

typedef struct WaitState {
  uint32_t held_count; /* entries in use, and holes among them */
  WaitHeld held[HELD_COUNT_MAX];
  RuleSlots slots; /* WaitSlot */
} WaitState;

static WaitState *state(void) { return RULES->state[RULE_SLOT_WAIT_GRAPH]; }
static WaitSlot *slot_of(const SimContext *context) { return rule_slot(&state()->slots, context->slot, sizeof(WaitSlot)); }

/* ---- who holds what ---- */

static void held_add(uint32_t object, uint32_t context, uint32_t event) {
  WaitState *self = state();
  for (unsigned i = 0; i < HELD_COUNT_MAX; i++)
    if (self->held[i].object == 0) {
      self->held[i] = (WaitHeld){ .object = object, .context = context, .event = event };
      self->held_count = i >= self->held_count ? i + 1 : self->held_count;
      return;
    }
}

/* Of many holders, who gives back has had it; else any of them. */
static void held_remove(uint32_t object, uint32_t context) {
  WaitState *self = state();
  WaitHeld *found = NULL;
  for (unsigned i = 0; i < self->held_count; i++) {
    WaitHeld *held = &self->held[i];
    if (held->object == object && (found == NULL || held->context == context))
      found = held;
  }
  if (found != NULL)
    found->object = 0;
  while (self->held_count > 0 && self->held[self->held_count - 1].object == 0)
    self->held_count--;
}

static bool is_fast_mutex(uint32_t function) {
  return function == DDI_ExAcquireFastMutex || function == DDI_ExAcquireFastMutexUnsafe || function == DDI_ExTryToAcquireFastMutex;
}

static const SimContext *context_of_thread(uint32_t ordinal) {
  const Object *object = object_by_ordinal(ordinal);
  return object != NULL && object->kind == OBJECT_THREAD && object->is_alive ? ((const KeThread *)object->body)->context : NULL;
}

static void observe_wait(const SimEvent *event) {
  const SimContext *context = sim_machine()->current;
  if (context == NULL)
    return;
  slot_of(context)->fast_mutex = is_fast_mutex(context->call) ? event->object : 0;
  slot_of(context)->is_timed = event->detail != 1;
}

/* The wait of a thread is over: is the fast mutex its own now? */
static void observe_wake(const SimEvent *event) {
  const SimContext *context = context_of_thread(event->object);
  uint32_t object = context != NULL ? slot_of(context)->fast_mutex : 0;
  if (object == 0)
    return;
  slot_of(context)->fast_mutex = 0;
  if (event->status == 0)
    held_add(object, context->id, event->sequence);
}

/* ---- driver code that runs ---- */

static void observe_callback(const SimEvent *event) {
  const SimContext *context = sim_machine()->current;
  if (context == NULL)
    return;
  WaitSlot *routine = slot_of(context);
  if (routine->context != context->id) {
    routine->context = context->id;
    routine->callback = routine->depth = 0;
  }
  if (event->kind == EVENT_CALLBACK_RETURN)
    routine->depth -= routine->depth > 0;
  else if (routine->depth++ == 0)
    routine->callback = event->function;
}

uint32_t wait_callback(const SimContext *context) {
  const WaitSlot *routine = slot_of(context);
  return routine->context == context->id && routine->depth > 0 ? routine->callback : 0;
}

static void observe(const SimEvent *event, void *data) {
  (void)data;
  switch (event->kind) {
  case EVENT_LOCK_ACQUIRE:
    if (event->function != DDI_ExTryConvertSharedSpinLockExclusive)
      held_add(event->object, event->context, event->sequence);
    return;
  case EVENT_SIGNAL:
  case EVENT_LOCK_RELEASE: held_remove(event->object, event->context); return;
  case EVENT_WAIT: observe_wait(event); return;
  case EVENT_WAKE: observe_wake(event); return;
  default: observe_callback(event);
  }
}

void wait_graph_begin(void) {
  RULES->state[RULE_SLOT_WAIT_GRAPH] = sim_heap_allocate(sizeof(WaitState));
  rule_slots_begin(&state()->slots, sizeof(WaitSlot));
  rule_observe(observe, (const uint16_t[]){ EVENT_LOCK_ACQUIRE, EVENT_LOCK_RELEASE, EVENT_SIGNAL, EVENT_WAIT, EVENT_WAKE, EVENT_CALLBACK,
                                            EVENT_CALLBACK_RETURN, 0 });
}

/* ---- edges ---- */

static const SimContext *context_by_id(uint32_t id) {
  const SimMachine *machine = sim_machine();
  for (unsigned i = 0; i < machine->context_count; i++)
    if (machine->contexts[i].is_live && machine->contexts[i].id == id)
      return &machine->contexts[i];
  return NULL;
}

typedef struct EdgeList {
  WaitEdge *edges;
  unsigned count;
  WaitEdge next; /* what all edges of the context have */
} EdgeList;

static void edge_add(EdgeList *list, WaitKind kind, const SimContext *holder, uint32_t taken) {
  if (list->count == WAIT_EDGE_COUNT_MAX)
    return;
  WaitEdge *edge = &list->edges[list->count++];
  *edge = list->next;
  edge->kind = (uint8_t)kind;
  edge->holder = holder;
  edge->taken = taken;
}

/* Who has the lock. A holder that is no more gives nothing back. */
static void add_holders(EdgeList *list, WaitKind kind) {
  const WaitState *self = state();
  for (unsigned i = 0; i < self->held_count; i++) {
    const WaitHeld *held = &self->held[i];
    if (held->object == list->next.object)
      edge_add(list, kind, context_by_id(held->context), held->event);
  }
}

const SimContext *wait_holder(uint32_t object, uint32_t *taken) {
  for (unsigned i = 0; i < state()->held_count; i++)
    if (state()->held[i].object == object) {
      *taken = state()->held[i].event;
      return context_by_id(state()->held[i].context);
    }
  return NULL;
}

/* The threads of the process that is to reply. */
static void add_receivers(EdgeList *list, const FltMessage *message) {
  const KeProcess *process = message->port->process;
  for (const SimLink *link = process->threads.next; link != &process->threads; link = link->next) {
    const KeThread *thread = SIM_CONTAINER(link, KeThread, process_link);
    if (thread->context != NULL && thread->state == KE_THREAD_WAITING)
      edge_add(list, WAIT_REPLY, thread->context, UINT32_MAX);
  }
}

static const FltMessage *message_of(const KeDispatcher *dispatcher) {
  for (uint32_t ordinal = object_count(); ordinal > 0; ordinal--) {
    const Object *object = object_by_ordinal(ordinal);
    if (object->kind == OBJECT_FLT_MESSAGE && object->is_alive && ((const FltMessage *)object->body)->progress == dispatcher)
      return object->body;
  }
  return NULL;
}

/* A work item stands in the queue, and each worker is in a routine that does not end: whoever waits for what the item would do waits for them. */
static void add_workers(EdgeList *list) {
  if (sim_list_is_empty(&MODEL->io.queue))
    return;
  for (unsigned i = 0; i < sim_machine()->context_count; i++) {
    const SimContext *context = &sim_machine()->contexts[i];
    uint32_t callback = context->is_live ? wait_callback(context) : 0;
    if (callback == DDI_IO_WORKITEM_ROUTINE || callback == DDI_IO_WORKITEM_ROUTINE_EX || callback == DDI_WORKER_THREAD_ROUTINE)
      edge_add(list, WAIT_WORKER, context, UINT32_MAX);
  }
}

static void add_dispatcher(EdgeList *list, const KeThread *thread, const KeDispatcher *dispatcher, bool is_over) {
  list->next.object = dispatcher->object->ordinal;
  const FltMessage *message;
  unsigned before = list->count;
  switch ((KeDispatcherType)dispatcher->type) {
  case KE_MUTEX:
    if (((const KeMutex *)dispatcher)->owner != NULL)
      edge_add(list, WAIT_MUTEX, ((const KeMutex *)dispatcher)->owner->context, UINT32_MAX);
    return;
  case KE_THREAD:
    if (((const KeThread *)dispatcher)->context != NULL)
      edge_add(list, WAIT_THREAD, ((const KeThread *)dispatcher)->context, UINT32_MAX);
    return;
  default:
    if (thread->context != NULL && slot_of(thread->context)->fast_mutex == list->next.object)
      add_holders(list, WAIT_MUTEX);
    if (is_over && list->count == before && (message = message_of(dispatcher)) != NULL)
      add_receivers(list, message);
    if (is_over && list->count == before)
      add_workers(list);
    if (list->count == before)
      edge_add(list, WAIT_SIGNAL, NULL, UINT32_MAX);
  }
}

static void add_wait(EdgeList *list, const KeThread *thread, bool is_over) {
  list->next.is_timed = thread->block_count == 0 || slot_of(thread->context)->is_timed;
  if (thread->block_count == 0)
    edge_add(list, WAIT_SIGNAL, NULL, UINT32_MAX);
  bool is_any = thread->wait_kind == KE_WAIT_ANY && thread->block_count > 1; /* one of several: by whom it ends is not known */
  for (uint32_t i = 0; i < thread->block_count && !is_any; i++)
    add_dispatcher(list, thread, thread->blocks[i].dispatcher, is_over);
  if (is_any) {
    list->next.object = thread->wait_object;
    edge_add(list, WAIT_SIGNAL, NULL, UINT32_MAX);
  }
}

static const SimContext *context_above(const SimContext *context) {
  const SimVcpu *vcpu = context->vcpu;
  for (unsigned depth = 0; vcpu != NULL && depth + 1 < vcpu->depth; depth++)
    if (vcpu->stack[depth] == context)
      return vcpu->stack[depth + 1];
  return NULL;
}

unsigned wait_edges(const SimContext *context, bool is_over, WaitEdge *edges) {
  EdgeList list = { .edges = edges, .next = { .waiter = context, .taken = UINT32_MAX } };
  const SimContext *above = context_above(context);
  if (above != NULL)
    edge_add(&list, WAIT_INTERRUPTED, above, UINT32_MAX);
  if (context->is_spinning) {
    list.next.object = context->pending.object;
    add_holders(&list, WAIT_SPIN);
  } else if (context->kind == SIM_CONTEXT_THREAD && context->vcpu == NULL && context->object != 0) {
    const Object *object = object_by_ordinal(context->object);
    const KeThread *thread = object != NULL && object->kind == OBJECT_THREAD && object->is_alive ? object->body : NULL;
    if (thread != NULL && thread->state == KE_THREAD_WAITING)
      add_wait(&list, thread, is_over);
  }
  return list.count;
}

/* ---- cycles ---- */

typedef struct Search {
  const SimContext *target;
  bool is_over;
  uint64_t visited[(SIM_CONTEXT_COUNT_MAX + 63) / 64]; /* a bit a slot */
  WaitEdge *cycle;
} Search;

static bool visit(Search *search, const SimContext *context) {
  uint64_t *word = &search->visited[context->slot / 64], bit = 1ULL << context->slot % 64;
  bool is_first = (*word & bit) == 0;
  *word |= bit;
  return is_first;
}

/* Depth first; `length` edges lead to the context. */
static unsigned search_from(Search *search, const SimContext *context, unsigned length) {
  WaitEdge edges[WAIT_EDGE_COUNT_MAX];
  if (length == WAIT_CYCLE_MAX || !visit(search, context))
    return 0;
  unsigned count = wait_edges(context, search->is_over, edges);
  for (unsigned i = 0; i < count; i++) {
    if (edges[i].is_timed || edges[i].holder == NULL)
      continue;
    search->cycle[length] = edges[i];
    unsigned found = edges[i].holder == search->target ? length + 1 : search_from(search, edges[i].holder, length + 1);
    if (found > 0)
      return found;
  }
  return 0;
}

unsigned wait_cycle(const SimContext *context, const WaitEdge *first, bool is_over, WaitEdge *cycle) {
  Search search = { .target = context, .is_over = is_over, .cycle = cycle };
  if (first == NULL)
    return search_from(&search, context, 0);
  if (first->is_timed || first->holder == NULL)
    return 0;
  cycle[0] = *first;
  if (first->holder == context)
    return 1;
  visit(&search, context);
  return search_from(&search, first->holder, 1);
}

bool wait_is_wanted(const SimContext *context, WaitEdge *by) {
  WaitEdge edges[WAIT_EDGE_COUNT_MAX];
  for (unsigned slot = 0; slot < sim_machine()->context_count; slot++) {
    const SimContext *other = &sim_machine()->contexts[slot];
    unsigned count = other->is_live && other != context ? wait_edges(other, true, edges) : 0;
    for (unsigned i = 0; i < count; i++)
      if (edges[i].holder == context && edges[i].kind != WAIT_REPLY && edges[i].kind != WAIT_WORKER) {
        *by = edges[i];
        return true;
      }
  }
  return false;
}
