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

void sim_observer_add(SimMachine *machine, SimObserver *observer, void *data, SimEventMask mask) {
  SIM_ASSERT(machine->observer_count < SIM_OBSERVER_COUNT_MAX);
  machine->observers[machine->observer_count++] = (SimObserverEntry){ observer, data };
  for (unsigned kind = 0; kind < SIM_EVENT_KIND_COUNT; kind++)
    machine->observers_of[kind] |= (uint32_t)((mask.bits[kind / 64] >> (kind % 64)) & 1) << (machine->observer_count - 1);
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
  uint32_t bit = 1u << (machine->race_observer - 1);
  machine->race_is_told = is_told;
  for (unsigned word = 0; word < SIM_EVENT_KIND_COUNT / 64; word++)
    for (uint64_t left = machine->race_observed.bits[word]; left != 0; left &= left - 1) {
      uint32_t *observers = &machine->observers_of[word * 64 + (unsigned)__builtin_ctzll(left)];
      *observers = is_told ? *observers | bit : *observers & ~bit;
    }
}

void sim_observers_silence(SimMachine *machine) { memset(machine->observers_of, 0, sizeof machine->observers_of); }

/* An observer that ends the run must not be ended by the limit first; the stop itself is an event beyond it. */
static void limit_look(SimMachine *machine) {
  if (machine->event_count >= machine->options.limits.events && machine->stop == SIM_STOP_NONE && machine->is_running)
    sim_stop(machine, SIM_STOP_LIMIT_EVENTS, NULL);
}

static bool is_anybody_told(const SimMachine *machine, unsigned kind) {
  return machine->observers_of[kind] != 0 || machine->options.record != NULL || machine->footprint != NULL;
}

static void tell(SimMachine *machine, const SimEvent *event) {
  if (machine->footprint != NULL)
    sim_footprint_event(machine, event);
  if (machine->options.record != NULL)
    record_append(machine->options.record, event);
  for (uint32_t left = machine->observers_of[event->kind]; left != 0; left &= left - 1) {
    const SimObserverEntry *entry = &machine->observers[__builtin_ctz(left)];
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
  if (is_anybody_told(machine, kind))
    show(machine, kind, function, object, status, detail, value);
  else
    limit_look(machine);
}
