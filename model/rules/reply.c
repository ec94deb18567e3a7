/*
 * reply-not-filled: FltSendMessage returned STATUS_TIMEOUT, which NT_SUCCESS takes for success, and the driver reads the reply that nobody wrote.
 * The buffer is watched from then on; writing it first is no mistake.
 */
#include "rule_ids.h"
#include "rules.h"

#include "model/flt/flt_state.h"

#define STATUS_OF_TIMEOUT 0x102
#define REPLY_COUNT_MAX 16

typedef struct State {
  uint32_t next;
  SimEvent done[REPLY_COUNT_MAX];
} State;

static State *state(void) { return RULES->state[RULE_SLOT_REPLY]; }

static void observe_done(const SimEvent *event) {
  const Object *object = object_by_ordinal(event->object);
  if (object == NULL || event->value == 0)
    return;
  const FltMessage *message = object->body;
  if (event->detail != 0) { /* an answer, perhaps into the same buffer as one that never came */
    sim_watch_forget(sim_machine(), event->value, message->reply_capacity);
    return;
  }
  if (event->status != STATUS_OF_TIMEOUT)
    return;
  uint32_t slot = state()->next++ % REPLY_COUNT_MAX;
  state()->done[slot] = *event;
  sim_watch_add(sim_machine(), event->value, message->reply_capacity, slot);
}

static void observe_read(const SimEvent *event) {
  if (event->detail >= REPLY_COUNT_MAX)
    return;
  SimEvent at = *event;
  at.function = state()->done[event->detail].function;
  at.object = state()->done[event->detail].object;
  Finding *finding = rule_report(RULE_REPLY_NOT_FILLED, &at);
  if (finding != NULL)
    finding->event_related = state()->done[event->detail].sequence;
}

static void observe(const SimEvent *event, void *data) {
  (void)data;
  if (event->kind == EVENT_MESSAGE_DONE)
    observe_done(event);
  else
    observe_read(event);
}

static void begin(void) {
  RULES->state[RULE_SLOT_REPLY] = sim_heap_allocate(sizeof(State));
  rule_observe(observe, (const uint16_t[]){ EVENT_MESSAGE_DONE, SIM_EVENT_WATCH_READ, 0 });
}

const RuleDetector rule_reply = { .begin = begin };
