/*
 * livelock: a run comes to a limit, and driver code goes round and round in it: whoever could step has stepped, again and again, and no call has brought
 * anything new. starvation: a thread or a DPC that could run has waited for a second behind code that does not let go of the CPU.
 *
 * What is fair is looked at here, whatever the policy was: when anybody who could step was passed over for long, nothing is said (Musuvathi, Qadeer:
 * Fair stateless model checking, PLDI 2008).
 */
#include "rule_ids.h"
#include "rules.h"
#include "slots.h"

#include "model/ke/ke_state.h"
#include "model/model.h"

#define RECENT_COUNT 16    /* calls that are remembered: longer loops are not seen */
#define ROUNDS_MIN 500     /* returns in a row that were all seen before */
#define ACCESSES_MIN 50000 /* or accesses without any call */
#define FAIR_EVENTS 8000   /* whoever could step has shown up within so many */
#define STARVED_NS 1000000000ull

typedef struct Loop {
  uint32_t context; /* id */
  uint32_t recent[RECENT_COUNT];
  uint32_t next;
  uint32_t rounds;         /* returns since the last that was new */
  uint32_t seen_event;     /* sequence of its last event */
  uint32_t access_ordinal; /* at its last event */
  uint32_t function;       /* of its last call */
} Loop;

typedef struct State {
  RuleSlots loops; /* Loop, by context slot */
} State;

static State *state(void) { return RULES->state[RULE_SLOT_LIVELOCK]; }

static Loop *loop_of(const SimContext *context) {
  Loop *loop = rule_slot(&state()->loops, context->slot, sizeof(Loop));
  if (loop->context != context->id)
    *loop = (Loop){ .context = context->id };
  return loop;
}

static bool is_known(const Loop *loop, uint32_t word) {
  for (unsigned i = 0; i < RECENT_COUNT; i++)
    if (loop->recent[i] == word)
      return true;
  return false;
}

/* In long runs alone. Who waits in between lets others go on, and may do so for ever. */
static void observe(const SimEvent *event, void *data) {
  const SimMachine *machine = sim_machine();
  (void)data;
  if (machine->current == NULL)
    return;
  Loop *loop = loop_of(machine->current);
  uint32_t word = (event->site * 31 + event->function) * 31 + (uint32_t)event->status + event->kind;
  bool is_new = event->kind != EVENT_RETURN || !is_known(loop, word);
  loop->rounds = is_new ? 0 : loop->rounds + 1;
  loop->seen_event = event->sequence;
  loop->access_ordinal = machine->current->access_ordinal;
  loop->function = event->function;
  if (is_new)
    loop->recent[loop->next++ % RECENT_COUNT] = word;
}

/* ---- at a limit ---- */

static bool is_limit(uint32_t stop) {
  return stop == SIM_STOP_LIMIT_STEPS || stop == SIM_STOP_LIMIT_EVENTS || stop == SIM_STOP_LIMIT_ACCESSES ||
         stop == SIM_STOP_LIMIT_VIRTUAL_TIME;
}

static const KeThread *thread_of(const SimContext *context) {
  const Object *object = context->kind == SIM_CONTEXT_THREAD ? object_by_ordinal(context->object) : NULL;
  return object != NULL && object->kind == OBJECT_THREAD && object->is_alive ? object->body : NULL;
}

static bool is_ready(const SimContext *context) {
  const KeThread *thread = thread_of(context);
  return thread != NULL && thread->state == KE_THREAD_READY;
}

static bool is_on_top(const SimContext *context) {
  const SimVcpu *vcpu = context->vcpu;
  return vcpu != NULL && vcpu->stack[vcpu->depth - 1] == context && !context->is_spinning && !context->is_hung;
}

static bool goes_round(const SimContext *context) {
  const Loop *loop = rule_slot(&state()->loops, context->slot, sizeof(Loop));
  if (loop->context != context->id || context->frame_count == 0)
    return false;
  return loop->rounds >= ROUNDS_MIN || context->access_ordinal - loop->access_ordinal >= ACCESSES_MIN;
}

/* Could it have gone on, and has not for long? Then the schedule was unfair to it, or what keeps it is told elsewhere. */
static bool is_passed_over(const SimContext *context, uint32_t now) {
  const Loop *loop = rule_slot(&state()->loops, context->slot, sizeof(Loop));
  bool is_seen = loop->context == context->id && now - loop->seen_event <= FAIR_EVENTS;
  return (is_on_top(context) || is_ready(context)) && !is_seen && !goes_round(context);
}

static Finding *report(uint32_t rule, const SimContext *context, const SimEvent *stop, uint32_t function) {
  SimEvent event = *stop;
  event.context = context->id;
  event.site = context->site;
  event.function = function;
  event.irql = context->irql;
  event.cpu = context->vcpu != NULL ? context->vcpu->number : 0xff;
  Finding *finding = rule_report(rule, &event);
  if (finding == NULL)
    return NULL;
  finding->frame_count = 0;
  for (unsigned i = 0; i < context->frame_count && finding->frame_count < FINDING_FRAME_COUNT_MAX; i++)
    finding->frames[finding->frame_count++] = context->frames[i];
  return finding;
}

/* ---- starvation ---- */

/* A DPC of the cpu that has waited for a second beneath the level, or a thread that may run nowhere else and has less priority: its ordinal; 0: none. */
static uint32_t starved_on(const SimVcpu *vcpu, const SimContext *top) {
  const KePrcb *prcb = &MODEL->ke.prcbs[vcpu->number];
  const KeThread *running = thread_of(top);
  if (top->irql >= SIM_IRQL_DISPATCH && vcpu->executed_ns - vcpu->high_since_ns >= STARVED_NS && !sim_list_is_empty(&prcb->dpcs))
    return SIM_CONTAINER(prcb->dpcs.next, KeDpc, link)->object->ordinal;
  for (unsigned slot = 0; slot < sim_machine()->context_count; slot++) {
    const SimContext *context = &sim_machine()->contexts[slot];
    const KeThread *thread = context->is_live && is_ready(context) ? thread_of(context) : NULL;
    if (thread != NULL && running != NULL && thread->affinity == 1ULL << vcpu->number && thread->priority < running->priority)
      return context->object;
  }
  return 0;
}

static bool is_network_told(uint8_t cpu) {
  uint32_t count;
  const Finding *findings = rules_findings(&count);
  for (uint32_t i = 0; i < count; i++)
    if (findings[i].rule == RULE_NETWORK_STALLED && findings[i].cpu == cpu)
      return true;
  return false;
}

/* It keeps the cpu for long, and somebody waits for it. */
static bool starvation_look(const SimContext *context, const SimEvent *stop) {
  const SimVcpu *vcpu = context->vcpu;
  const Loop *loop = rule_slot(&state()->loops, context->slot, sizeof(Loop));
  uint32_t starved = vcpu != NULL ? starved_on(vcpu, context) : 0;
  if (starved == 0)
    return false;
  Finding *finding = is_network_told(vcpu->number) ? NULL : report(RULE_STARVATION, context, stop, loop->function);
  if (finding != NULL)
    finding->object = starved;
  return true;
}

static void observe_stop(const SimEvent *event, void *data) {
  const SimMachine *machine = sim_machine();
  const SimContext *first = NULL;
  uint32_t count = 0;
  (void)data;
  if (!is_limit(event->detail))
    return;
  for (unsigned slot = 0; slot < machine->context_count; slot++) {
    const SimContext *context = &machine->contexts[slot];
    if (!context->is_live)
      continue;
    if (goes_round(context) && !starvation_look(context, event)) {
      first = first != NULL ? first : context;
      count++;
    } else if (is_passed_over(context, event->sequence)) {
      return;
    }
  }
  Finding *finding = first != NULL ? report(RULE_LIVELOCK, first, event, loop_of(first)->function) : NULL;
  if (finding != NULL)
    finding->detail = count;
}

static void begin(void) {
  RULES->state[RULE_SLOT_LIVELOCK] = sim_heap_allocate(sizeof(State));
  rule_slots_begin(&state()->loops, sizeof(Loop));
  rule_observe_long(observe, (const uint16_t[]){ EVENT_RETURN, EVENT_WAIT, 0 });
  rule_observe(observe_stop, (const uint16_t[]){ SIM_EVENT_STOP, 0 });
}

const RuleDetector rule_livelock = { .begin = begin };
