/* When and where accesses were made: a ring of the last ones, looked up by the word that each left in its cell, which no other of the run has. */
#include "race_internal.h"

#define WORD_MASK (~(uint64_t)SIM_RACE_BYTE_MASK)

static RaceNote here(const SimMachine *machine, const SimContext *context) {
  const SimVcpu *vcpu = context->vcpu;
  return (RaceNote){ .time_ns = sim_time_ns(machine),
                     .event = machine->event_count - 1,
                     .context = context->id,
                     .cpu = vcpu != NULL ? vcpu->number : 0xff,
                     .irql = vcpu != NULL ? vcpu->irql : SIM_IRQL_PASSIVE };
}

void race_note(const SimMachine *machine, const SimContext *context, uint64_t word, uint64_t address, uint64_t size) {
  RaceState *state = race_state();
  RaceNote note = here(machine, context);
  note.word = word & WORD_MASK;
  note.address = address;
  note.size = size;
  state->notes[state->note_count++ % RACE_NOTE_COUNT] = note;
}

void race_note_find(uint64_t word, uint64_t address, SimRaceAccess *access) {
  const RaceState *state = race_state();
  uint64_t first = state->note_count > RACE_NOTE_COUNT ? state->note_count - RACE_NOTE_COUNT : 0;
  access->event = UINT32_MAX;
  for (uint64_t i = state->note_count; i > first; i--) {
    const RaceNote *note = &state->notes[(i - 1) % RACE_NOTE_COUNT];
    if (note->word != (word & WORD_MASK) || address + 4 <= note->address || address >= note->address + note->size)
      continue;
    access->context = note->context;
    access->event = note->event;
    access->time_ns = note->time_ns;
    access->at_cpu = note->cpu;
    access->at_irql = note->irql;
    return;
  }
}
