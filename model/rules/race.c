/*
 * data-race: two accesses of driver data that nothing orders, one of them a write. sim/race.h keeps the clocks; what orders whom is said here, from the
 * events: locks, waits, queues, the beginning and end of what runs, and the IRQL, which keeps what is masked off the cpu.
 *
 * Silence is worth more than completeness: where Windows orders two callbacks of a driver in a way that is documented only in passing (a callout is
 * not called before it is registered, nor after it is unregistered), they are ordered here.
 */
#include "rule_ids.h"
#include "rules.h"

#include "ddi_ids.gen.h"
#include "model/io/io_face.h"

/* The keys of SIM_RACE_KEY_OTHER. */
enum { KEY_DPCS_DONE = 1, KEY_COMPLETIONS, KEY_FLOW_CONTEXTS, KEY_REGISTERED, KEY_CALLED };

static uint64_t other_key(unsigned what, uint32_t number) { return sim_race_key(SIM_RACE_KEY_OTHER, (uint64_t)what << 32 | number); }

static void acquire(uint32_t object) { sim_race_acquire(sim_machine(), sim_machine()->current, sim_race_key(SIM_RACE_KEY_OBJECT, object)); }
static void release(uint32_t object) { sim_race_release(sim_machine(), sim_machine()->current, sim_race_key(SIM_RACE_KEY_OBJECT, object)); }
static void acquire_other(unsigned what, uint32_t number) {
  sim_race_acquire(sim_machine(), sim_machine()->current, other_key(what, number));
}
static void release_other(unsigned what, uint32_t number) {
  sim_race_release(sim_machine(), sim_machine()->current, other_key(what, number));
}

/*
 * ---- IRQL: who is at a level of DISPATCH_LEVEL or above keeps all off its cpu that comes at a level up to it ----
 *
 * Each level of a cpu is a key. Who raises takes those that it passes; what comes as an interrupt takes its own alone: what it interrupts is lower
 * and no more protected from it than it from that.
 */

static uint64_t level_key(unsigned cpu, unsigned level) { return sim_race_key(SIM_RACE_KEY_LEVEL, cpu << 8 | level); }

static void levels_enter(SimContext *context, unsigned cpu, unsigned from, unsigned to) {
  for (unsigned level = from < SIM_IRQL_DISPATCH ? SIM_IRQL_DISPATCH : from + 1; level <= to; level++)
    sim_race_acquire(sim_machine(), context, level_key(cpu, level));
}

static void levels_leave(SimContext *context, unsigned cpu, unsigned from, unsigned to) {
  for (unsigned level = from; level > to && level >= SIM_IRQL_DISPATCH; level--)
    sim_race_release(sim_machine(), context, level_key(cpu, level));
}

static void observe_irql(const SimEvent *event) {
  SimContext *context = sim_machine()->current;
  if (event->irql > event->detail)
    levels_enter(context, event->cpu, event->detail, event->irql);
  else
    levels_leave(context, event->cpu, event->detail, event->irql);
}

/* The event is emitted for the interrupt's context, which does not run yet. */
static void observe_interrupt(const SimEvent *event) {
  SimMachine *machine = sim_machine();
  SimVcpu *vcpu = &machine->vcpus[event->cpu];
  SimContext *context = vcpu->stack[vcpu->depth - 1];
  sim_race_context_interrupt(machine, context, event->cpu, (SimIrql)event->detail);
  levels_enter(context, event->cpu, event->detail - 1, event->detail);
}

static void observe_interrupt_end(const SimEvent *event) {
  SimContext *context = sim_machine()->current;
  unsigned level = context->kind == SIM_CONTEXT_DPC ? SIM_IRQL_DISPATCH : context->irql;
  levels_leave(context, event->cpu, event->irql, level - 1);
}

/* ---- drivers: what is registered before it is called, and called before it is gone ---- */

static bool is_registration(const Object *object) {
  if (object == NULL || object->driver == 0)
    return false;
  switch ((ObjectKind)object->kind) {
  case OBJECT_DRIVER:
  case OBJECT_DEVICE:
  case OBJECT_INTERRUPT:
  case OBJECT_FLT_FILTER:
  case OBJECT_FLT_SERVER_PORT:
  case OBJECT_FWPM_FILTER:
  case OBJECT_FWPS_CALLOUT: return true;
  default: return false;
  }
}

static void observe_object(const SimEvent *event) {
  const Object *object = object_by_ordinal(event->object);
  if (!is_registration(object))
    return;
  if (event->kind == EVENT_OBJECT_CREATE)
    release_other(KEY_REGISTERED, object->driver);
  else
    acquire_other(KEY_CALLED, object->driver);
}

static void observe_callback(const SimEvent *event) {
  if (event->kind == EVENT_CALLBACK_RETURN) {
    release_other(KEY_CALLED, event->object);
    return;
  }
  acquire_other(KEY_REGISTERED, event->object);
  if (event->function == DDI_DRIVER_UNLOAD || event->function == DDI_FWPS_CALLOUT_FLOW_DELETE_NOTIFY_FN0)
    acquire_other(KEY_CALLED, event->object);
}

/* ---- memory that is given back: whoever uses it has to be done ---- */

#define FREED_SIZE_MAX 4096u

static void observe_free(const SimEvent *event) {
  const Object *block = object_by_ordinal(event->object);
  if (block == NULL || block->driver == 0)
    return;
  uint64_t size = block->size < FREED_SIZE_MAX ? block->size : FREED_SIZE_MAX;
  sim_race_touch(sim_machine(), event->value, size, true, SIM_RACE_MODEL);
}

/* ---- all else ---- */

static void observe_call(const SimEvent *event) {
  if (event->function == DDI_FwpsFlowAssociateContext0)
    release_other(KEY_FLOW_CONTEXTS, 0);
}

static void observe_return(const SimEvent *event) {
  if (event->function == DDI_KeFlushQueuedDpcs)
    acquire_other(KEY_DPCS_DONE, 0);
  else if (event->function == DDI_FwpsCalloutUnregisterById0 || event->function == DDI_FwpsCalloutUnregisterByKey0)
    acquire_other(KEY_CALLED, io_driver_current()); /* it waits for calls; the callout's object stays, an entry of BFE's */
  else if (event->status != 0 && (event->function == DDI_KeReadStateEvent || event->function == DDI_KeResetEvent ||
                                  event->function == DDI_KeReadStateTimer || event->function == DDI_KeReadStateSemaphore))
    acquire(event->object);
}

/* What was still queued has not begun, and whoever took it back comes behind the one who queued it. */
static void observe_taken_back(const SimEvent *event) {
  if (event->status != 0)
    acquire(event->object);
}

static void observe(const SimEvent *event, void *data) {
  (void)data;
  if (!sim_machine()->race_is_on)
    return;
  switch ((unsigned)event->kind) {
  case SIM_EVENT_IRQL: observe_irql(event); return;
  case SIM_EVENT_INTERRUPT: observe_interrupt(event); return;
  case SIM_EVENT_INTERRUPT_END: observe_interrupt_end(event); return;
  case EVENT_CALLBACK:
  case EVENT_CALLBACK_RETURN: observe_callback(event); return;
  case EVENT_OBJECT_CREATE:
  case EVENT_OBJECT_DELETE: observe_object(event); return;
  case EVENT_CALL: observe_call(event); return;
  case EVENT_RETURN: observe_return(event); return;
  case EVENT_POOL_FREE: observe_free(event); return;
  case EVENT_DRIVER_LOAD: release_other(KEY_REGISTERED, event->object); return;

  case EVENT_THREAD_CREATE:
  case EVENT_LOCK_RELEASE:
  case EVENT_SIGNAL: /* waits acquire where they end (model/ke/wait.c) */
  case EVENT_THREAD_EXIT:
  case EVENT_DPC_QUEUE:
  case EVENT_WORK_QUEUE:
  case EVENT_STREAM_INJECT:
  case EVENT_MESSAGE_SEND:
  case EVENT_MESSAGE_REPLY: release(event->object); return;

  case SIM_EVENT_CONTEXT_BEGIN:
  case EVENT_LOCK_ACQUIRE:
  case EVENT_DPC_BEGIN:
  case EVENT_WORK_BEGIN:
  case EVENT_STREAM_INJECTED:
  case EVENT_MESSAGE_TAKE:
  case EVENT_MESSAGE_DONE: acquire(event->object); return;

  case EVENT_TIMER_CANCEL:
  case EVENT_DPC_REMOVE: observe_taken_back(event); return;
  case EVENT_TIMER_SET: /* one that was set already is taken back first */
    observe_taken_back(event);
    release(event->object);
    return;
  case EVENT_DPC_END: release_other(KEY_DPCS_DONE, 0); return;
  case EVENT_PEND_COMPLETE: release_other(KEY_COMPLETIONS, 0); return;
  case EVENT_CLASSIFY:
    acquire(event->object);
    acquire_other(KEY_FLOW_CONTEXTS, 0);
    if (event->detail >> 16)
      acquire_other(KEY_COMPLETIONS, 0);
    return;
  case EVENT_TIMER_EXPIRE:
  case EVENT_CONNECTION:
    acquire(event->object);
    release(event->object);
    return;
  default: return;
  }
}

/* ---- findings ---- */

static uint32_t detail_of(const SimRace *race) {
  return (race->later.is_write ? FINDING_RACE_WRITES : 0) | (race->earlier.is_write ? FINDING_RACE_OTHER_WRITES : 0) |
         (race->later.flags & SIM_RACE_MODEL ? FINDING_RACE_BY_MODEL : 0) |
         (race->earlier.flags & SIM_RACE_MODEL ? FINDING_RACE_OTHER_BY_MODEL : 0);
}

/* No event of its own: whether anybody looks for races changes nothing of the run. */
static void found(SimMachine *machine, const SimRace *race) {
  const SimVcpu *vcpu = sim_vcpu(machine);
  if (race->later.site == 0 || race->earlier.site == 0)
    return;
  SimEvent event = {
    .time_ns = sim_time_ns(machine),
    .sequence = machine->event_count - 1,
    .context = race->later.context,
    .cpu = vcpu != NULL ? vcpu->number : 0xff,
    .irql = vcpu != NULL ? vcpu->irql : SIM_IRQL_PASSIVE,
    .value = race->address,
    .detail = detail_of(race),
    .site = race->later.site,
  };
  FindingOther other = {
    .site = race->earlier.site,
    .context = race->earlier.context,
    .object = race->earlier.object,
    .cpu = race->earlier.cpu,
    .irql = race->earlier.irql,
    .at_cpu = race->earlier.at_cpu,
    .at_irql = race->earlier.at_irql,
    .time_ns = race->earlier.time_ns,
    .event = race->earlier.event,
    .frame_count = race->earlier.frame_count,
  };
  for (unsigned i = 0; i < other.frame_count; i++)
    other.frames[i] = race->earlier.frames[i];
  rule_report_two(RULE_DATA_RACE, &event, &other);
}

static const uint16_t observed[] = {
  SIM_EVENT_IRQL,        SIM_EVENT_INTERRUPT, SIM_EVENT_INTERRUPT_END, SIM_EVENT_CONTEXT_BEGIN, EVENT_CALL,         EVENT_POOL_FREE,
  EVENT_RETURN,          EVENT_CALLBACK,      EVENT_CALLBACK_RETURN,   EVENT_THREAD_CREATE,     EVENT_THREAD_EXIT,  EVENT_SIGNAL,
  EVENT_LOCK_ACQUIRE,    EVENT_LOCK_RELEASE,  EVENT_DPC_QUEUE,         EVENT_DPC_BEGIN,         EVENT_DPC_END,      EVENT_DPC_REMOVE,
  EVENT_TIMER_SET,       EVENT_TIMER_CANCEL,  EVENT_TIMER_EXPIRE,      EVENT_WORK_QUEUE,        EVENT_WORK_BEGIN,   EVENT_OBJECT_CREATE,
  EVENT_OBJECT_DELETE,   EVENT_DRIVER_LOAD,   EVENT_CLASSIFY,          EVENT_PEND_COMPLETE,     EVENT_CONNECTION,   EVENT_STREAM_INJECT,
  EVENT_STREAM_INJECTED, EVENT_MESSAGE_SEND,  EVENT_MESSAGE_TAKE,      EVENT_MESSAGE_REPLY,     EVENT_MESSAGE_DONE, 0
};

/* Told of events only while somebody looks. */
static void begin(void) {
  SimEventMask mask = { 0 };
  for (const uint16_t *kind = observed; *kind != 0; kind++)
    sim_event_mask_add(&mask, *kind);
  sim_machine()->race_handler = found;
  sim_observer_add(sim_machine(), observe, NULL, mask);
  sim_observer_is_of_races(sim_machine(), mask);
}

const RuleDetector rule_race = { .begin = begin };
