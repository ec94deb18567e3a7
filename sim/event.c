#include "internal.h"

#include <stdlib.h>
#include <string.h>

/* One round of a multiply-mix: two words in, spread over 64 bits. Constants: odd, from the golden ratio and xxHash's primes. */
static uint64_t mix(uint64_t hash, uint64_t word) {
  const uint64_t odd = 0x9e3779b97f4a7c15ULL;
  uint64_t mixed = hash ^ word;
  /* Multiplied twice: gcc takes one product of 128 bits apart by way of memory, and the next event waits for it. */
  uint64_t low = mixed * odd, high = (uint64_t)(((__uint128_t)mixed * odd) >> 64);
  return (low ^ high) + 0xc2b2ae3d27d4eb4fULL;
}

static uint64_t two_words(uint32_t low, uint32_t high) { return (uint64_t)low | (uint64_t)high << 32; }

static uint64_t first_word(unsigned kind, uint8_t cpu, SimIrql irql, uint32_t context) {
  return (uint64_t)(uint16_t)kind | (uint64_t)cpu << 16 | (uint64_t)irql << 24 | (uint64_t)context << 32;
}

static uint64_t hash_words(uint64_t hash, uint64_t first, uint64_t second, uint64_t third) {
  return mix(mix(mix(hash, first), second), third);
}

static uint64_t hash_fold(uint64_t hash, const SimEvent *event) {
  return hash_words(hash, first_word(event->kind, event->cpu, event->irql, event->context), two_words(event->function, event->object),
                    two_words((uint32_t)event->status, event->detail));
}

static void record_append(SimRecord *record, const SimEvent *event) {
  if (record->count == record->capacity) {
    size_t capacity = record->capacity > 0 ? record->capacity * 2 : 1024;
    SimEvent *events = realloc(record->events, capacity * sizeof *events);
    SIM_ASSERT(events != NULL);
    record->events = events;
    record->capacity = capacity;
  }
  record->events[record->count++] = *event;
}

void sim_record_finish(SimRecord *record) {
  free(record->events);
  *record = (SimRecord){ 0 };
}

/* ---- who is told ---- */

/* In observers_of: what is told depends on the function. */
#define FILTERED (1u << 31)
_Static_assert(SIM_OBSERVER_COUNT_MAX < 31, "a bit each, and one for FILTERED");
#define FUNCTION_BIT(function) (1ULL << ((function) % 64))

static void observers_set(SimMachine *machine, unsigned kind, uint32_t observers) {
  observers &= ~FILTERED;
  machine->observers_of[kind] = observers != 0 && (observers & ~machine->observers_filtered) == 0 ? observers | FILTERED : observers;
}

/* The observer of that number, from 1, is told of the kinds in the mask, or is not. */
static void told_set(SimMachine *machine, uint32_t number, SimEventMask mask, bool is_told) {
  uint32_t bit = 1u << (number - 1);
  for (unsigned word = 0; word < SIM_EVENT_KIND_COUNT / 64; word++)
    for (uint64_t left = mask.bits[word]; left != 0; left &= left - 1) {
      unsigned kind = word * 64 + (unsigned)__builtin_ctzll(left);
      observers_set(machine, kind, is_told ? machine->observers_of[kind] | bit : machine->observers_of[kind] & ~bit);
    }
}

void sim_observer_add(SimMachine *machine, SimObserver *observer, void *data, SimEventMask mask) {
  SIM_ASSERT(machine->observer_count < SIM_OBSERVER_COUNT_MAX);
  machine->observers[machine->observer_count++] = (SimObserverEntry){ observer, data, UINT64_MAX };
  told_set(machine, machine->observer_count, mask, true);
}

void sim_observer_is_of_functions(SimMachine *machine, const uint32_t *functions, unsigned count) {
  uint64_t wanted = 0;
  for (unsigned i = 0; i < count; i++)
    wanted |= FUNCTION_BIT(functions[i]);
  machine->observers[machine->observer_count - 1].functions = wanted;
  machine->observers_filtered |= 1u << (machine->observer_count - 1);
  machine->observed_functions |= wanted;
  for (unsigned kind = 0; kind < SIM_EVENT_KIND_COUNT; kind++)
    observers_set(machine, kind, machine->observers_of[kind]);
}

void sim_observer_is_of_long_runs(SimMachine *machine, SimEventMask mask) {
  machine->observer_asleep = machine->observer_count;
  machine->asleep_observed = mask;
  told_set(machine, machine->observer_count, mask, false);
}

void sim_observer_of_long_runs_wake(SimMachine *machine) {
  if (machine->observer_asleep == 0)
    return;
  told_set(machine, machine->observer_asleep, machine->asleep_observed, true);
  machine->observer_asleep = 0;
}

void sim_observer_is_of_races(SimMachine *machine, SimEventMask mask) {
  machine->race_observer = machine->observer_count;
  machine->race_observed = mask;
  machine->race_is_told = true;
  sim_observer_of_races_set(machine, machine->race_is_on);
}

void sim_observer_of_races_set(SimMachine *machine, bool is_told) {
  if (machine->race_observer == 0 || machine->race_is_told == is_told)
    return;
  machine->race_is_told = is_told;
  told_set(machine, machine->race_observer, machine->race_observed, is_told);
}

void sim_observers_silence(SimMachine *machine) {
  memset(machine->observers_of, 0, sizeof machine->observers_of);
  machine->observer_asleep = 0;
}

/* ---- telling ---- */

/* An observer that ends the run must not be ended by the limit first; the stop itself is an event beyond it. */
static void limit_look(SimMachine *machine) {
  if (machine->event_count >= machine->options.limits.events && machine->stop == SIM_STOP_NONE && machine->is_running)
    sim_stop(machine, SIM_STOP_LIMIT_EVENTS, NULL);
}

static bool is_anybody_told(const SimMachine *machine, unsigned kind, uint32_t function) {
  uint32_t observers = machine->observers_of[kind];
  if (observers != 0 && (!(observers & FILTERED) || (machine->observed_functions & FUNCTION_BIT(function)) != 0))
    return true;
  return machine->options.record != NULL || machine->footprint != NULL;
}

static void tell(SimMachine *machine, const SimEvent *event) {
  if (machine->footprint != NULL)
    sim_footprint_event(machine, event);
  if (machine->options.record != NULL)
    record_append(machine->options.record, event);
  uint64_t function = FUNCTION_BIT(event->function);
  for (uint32_t left = machine->observers_of[event->kind] & ~FILTERED; left != 0; left &= left - 1) {
    const SimObserverEntry *entry = &machine->observers[__builtin_ctz(left)];
    if ((entry->functions & function) != 0)
      entry->observer(event, entry->data);
  }
}

static uint32_t site_of(const SimContext *context) { return context != NULL && context->frame_count > 0 ? context->site : 0; }

void sim_event_emit_as(SimMachine *machine, const SimVcpu *vcpu, const SimContext *context, SimEvent *event) {
  event->time_ns = vcpu != NULL ? vcpu->time_ns : machine->now_ns;
  event->sequence = machine->event_count++;
  event->context = context != NULL ? context->id : 0;
  event->cpu = vcpu != NULL ? vcpu->number : 0xff;
  event->irql = vcpu != NULL ? vcpu->irql : 0;
  if (event->site == 0)
    event->site = site_of(context);
  machine->hash = hash_fold(machine->hash, event);
  tell(machine, event);
  limit_look(machine);
}

void sim_event_emit(SimMachine *machine, SimEvent *event) { sim_event_emit_as(machine, sim_vcpu(machine), machine->current, event); }

/* sim_event for those who look. Apart, and with the same parameters in the same registers, so that an event that nobody looks at saves none. */
__attribute__((noinline)) static void show(SimMachine *machine, unsigned kind, uint32_t function, uint32_t object, int32_t status,
                                           uint32_t detail, uint64_t value) {
  const SimContext *context = machine->current;
  const SimVcpu *vcpu = context != NULL ? context->vcpu : NULL;
  SimEvent event = { .time_ns = vcpu != NULL ? vcpu->time_ns : machine->now_ns,
                     .sequence = machine->event_count - 1,
                     .context = context != NULL ? context->id : 0,
                     .kind = (uint16_t)kind,
                     .cpu = vcpu != NULL ? vcpu->number : 0xff,
                     .irql = vcpu != NULL ? vcpu->irql : 0,
                     .function = function,
                     .object = object,
                     .status = status,
                     .value = value,
                     .detail = detail,
                     .site = site_of(context) };
  tell(machine, &event);
  limit_look(machine);
}

void sim_event(SimMachine *machine, unsigned kind, uint32_t function, uint32_t object, int32_t status, uint32_t detail, uint64_t value) {
  const SimContext *context = machine->current;
  const SimVcpu *vcpu = context != NULL ? context->vcpu : NULL;
  uint64_t first =
      vcpu != NULL ? first_word(kind, vcpu->number, vcpu->irql, context->id) : first_word(kind, 0xff, 0, context != NULL ? context->id : 0);
  machine->event_count++;
  machine->hash = hash_words(machine->hash, first, two_words(function, object), two_words((uint32_t)status, detail));
  if (is_anybody_told(machine, kind, function))
    show(machine, kind, function, object, status, detail, value);
  else
    limit_look(machine);
}
