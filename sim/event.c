#include "internal.h"

#include <stdlib.h>
#include <string.h>

/* One round of a multiply-mix: two words in, spread over 64 bits. Constants: odd, from the golden ratio and xxHash's primes. */
static uint64_t mix(uint64_t hash, uint64_t word) {
  __uint128_t product = (__uint128_t)(hash ^ word) * 0x9e3779b97f4a7c15ULL;
  return ((uint64_t)product ^ (uint64_t)(product >> 64)) + 0xc2b2ae3d27d4eb4fULL;
}

static void hash_fold(SimMachine *machine, const SimEvent *event) {
  uint64_t hash = machine->hash;
  hash = mix(hash, (uint64_t)event->kind | (uint64_t)event->cpu << 16 | (uint64_t)event->irql << 24 | (uint64_t)event->context << 32);
  hash = mix(hash, (uint64_t)event->function | (uint64_t)event->object << 32);
  hash = mix(hash, (uint64_t)(uint32_t)event->status | (uint64_t)event->detail << 32);
  machine->hash = hash;
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

void sim_observers_silence(SimMachine *machine) { memset(machine->observers_of, 0, sizeof machine->observers_of); }

void sim_event_emit_as(SimMachine *machine, const SimVcpu *vcpu, const SimContext *context, SimEvent *event) {
  event->time_ns = vcpu != NULL ? vcpu->time_ns : machine->now_ns;
  event->sequence = machine->event_count++;
  event->context = context != NULL ? context->id : 0;
  event->cpu = vcpu != NULL ? vcpu->number : 0xff;
  event->irql = vcpu != NULL ? vcpu->irql : 0;
  if (event->site == 0 && context != NULL && context->frame_count > 0)
    event->site = context->site;
  hash_fold(machine, event);
  if (machine->footprint != NULL)
    sim_footprint_event(machine, event);
  if (machine->options.record != NULL)
    record_append(machine->options.record, event);
  for (uint32_t left = machine->observers_of[event->kind]; left != 0; left &= left - 1) {
    const SimObserverEntry *entry = &machine->observers[__builtin_ctz(left)];
    entry->observer(event, entry->data);
  }
  /* An observer that ends the run must not be ended by the limit first; the stop itself is an event beyond it. */
  if (machine->event_count >= machine->options.limits.events && machine->stop == SIM_STOP_NONE && machine->is_running)
    sim_stop(machine, SIM_STOP_LIMIT_EVENTS, NULL);
}

void sim_event_emit(SimMachine *machine, SimEvent *event) { sim_event_emit_as(machine, sim_vcpu(machine), machine->current, event); }

void sim_event(SimMachine *machine, unsigned kind, uint32_t function, uint32_t object, int32_t status, uint32_t detail, uint64_t value) {
  SimEvent event = { .kind = (uint16_t)kind, .function = function, .object = object, .status = status, .detail = detail, .value = value };
  sim_event_emit(machine, &event);
}
