/* Events: notification events stay set and free all, synchronization events free one (K-EVT-1, K-EVT-2). */
#include "ke_internal.h"

#include "../verifier/verifier.h"

static int32_t set(KeEvent *event, int increment) {
  int32_t former = event->signal_state;
  sim_event(sim_machine(), EVENT_SIGNAL, 0, event->object->ordinal, 0, (uint32_t)former, 0);
  event->signal_state = 1;
  ke_dispatcher_release(event, increment);
  return former;
}

static int32_t clear(KeEvent *event) {
  int32_t former = event->signal_state;
  sim_event(sim_machine(), EVENT_CLEAR, 0, event->object->ordinal, 0, 0, 0);
  event->signal_state = 0;
  ke_dispatcher_mirror(event);
  return former;
}

KeEvent *ke_event_create(const char *name, bool is_notification, bool is_set) {
  Object *object = object_create_opaque(OBJECT_EVENT, sizeof(KeEvent));
  object_name_set(object, name);
  ke_dispatcher_init(object->body, object, is_notification ? KE_EVENT_NOTIFICATION : KE_EVENT_SYNCHRONIZATION, is_set);
  return object->body;
}

int32_t ke_event_set(KeEvent *event, int increment) { return set(event, increment); }

int32_t ke_event_reset(KeEvent *event) { return clear(event); }

/* ---- under Windows' names ---- */

static KeEvent *event_at(const volatile void *address) { return ke_body_at(address, OBJECT_EVENT); }

/* wdm/nf-wdm-keinitializeevent */
VOID KeInitializeEvent(PRKEVENT Event, EVENT_TYPE Type, BOOLEAN State) {
  KeDispatcherType type = Type == NotificationEvent ? KE_EVENT_NOTIFICATION : KE_EVENT_SYNCHRONIZATION;
  ke_dispatcher_create(Event, sizeof *Event, sizeof(KeEvent), OBJECT_EVENT, type, State != FALSE);
}

/* wdm/nf-wdm-kesetevent. Simplified: Wait = TRUE does not keep the dispatcher raised until the wait that must follow. */
LONG KeSetEvent(PRKEVENT Event, KPRIORITY Increment, BOOLEAN Wait) {
  (void)Wait;
  verifier_check_event_set((uint64_t)Event);
  LONG former = set(event_at(Event), Increment);
  ke_pending_deliver(DDI_KeSetEvent);
  return former;
}

/* wdm/nf-wdm-keclearevent */
VOID KeClearEvent(PRKEVENT Event) { clear(event_at(Event)); }

/* wdm/nf-wdm-keresetevent */
LONG KeResetEvent(PRKEVENT Event) { return clear(event_at(Event)); }

/* ntddk/nf-ntddk-kepulseevent: frees what waits at this moment and stays clear. */
LONG KePulseEvent(PRKEVENT Event, KPRIORITY Increment, BOOLEAN Wait) {
  KeEvent *event = event_at(Event);
  (void)Wait;
  LONG former = set(event, Increment);
  clear(event);
  ke_pending_deliver(DDI_KePulseEvent);
  return former;
}

/* wdm/nf-wdm-kereadstateevent */
LONG KeReadStateEvent(PRKEVENT Event) { return event_at(Event)->signal_state; }
