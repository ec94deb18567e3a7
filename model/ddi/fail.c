/*
 * Calls that fail for no reason of their own: because the scenario names them, or by a choice. What a function may fail with stands in its row
 * ("failures"). Functions whose bodies know better where they fail (pool) ask ddi_allocation_fails themselves.
 */
#include "fail.h"

#include "../ex/ex_state.h"
#include "../io/io_face.h"
#include "../model.h"
#include "../verifier/verifier.h"
#include "call.h"

/* ---- where the call is ---- */

static uint64_t mix(uint64_t hash, uint32_t word) { return (hash ^ word) * 0x100000001b3ULL ^ hash >> 29; }

/* Names of callbacks and functions only: nothing of an address or a line of source. */
uint64_t ddi_path_key(const SimContext *context) {
  uint64_t key = mix(0xcbf29ce484222325ULL, context->call);
  for (const DdiPath *path = context->path; path != NULL; path = path->outer)
    key = mix(mix(key, path->callback), path->call);
  return key;
}

static bool is_within(const SimContext *context, const DdiFault *fault) {
  if (fault->code_size == 0)
    return true;
  for (const DdiPath *path = context->path; path != NULL; path = path->outer)
    if (path->routine - fault->code_address < fault->code_size)
      return true;
  return false;
}

/* ---- calls that the scenario names ---- */

void ddi_fault_add(const DdiFault *fault) {
  DdiState *state = &MODEL->ddi;
  SIM_ASSERT(state->fault_count < DDI_FAULT_COUNT_MAX);
  state->faults[state->fault_count++] = *fault;
}

const DdiFault *ddi_fault(uint32_t number) { return number < MODEL->ddi.fault_count ? &MODEL->ddi.faults[number] : NULL; }

/* Counts this call for all that name it. Returns with which failure it fails, from 1; 0: none. */
static uint32_t named_failure(const SimContext *context) {
  DdiState *state = &MODEL->ddi;
  uint32_t failure = 0;
  for (uint32_t at = 0; at < state->fault_count; at++) {
    DdiFault *fault = &state->faults[at];
    if (fault->function != context->call || !is_within(context, fault))
      continue;
    fault->met++;
    if (failure == 0 && (fault->nth == 0 || fault->nth == fault->met))
      failure = fault->failure;
  }
  return failure;
}

/* ---- the choice ---- */

static uint32_t allocation_ask(SimMachine *machine, uint32_t named) {
  uint32_t driver = io_driver_current(), natural = named != 0 ? 0 : 1;
  bool is_short = MODEL->ex.fails_allocations || (driver != 0 && verifier_is_on_for(driver, MODEL_VERIFIER_LOW_RESOURCES));
  if (is_short)
    return sim_choose(machine, SIM_CHOICE_ALLOCATION, natural, NULL, 2);
  uint64_t key = sim_varies(machine, SIM_CHOICE_ALLOCATION) ? ddi_path_key(machine->current) : 0;
  return sim_choose_rare(machine, SIM_CHOICE_ALLOCATION, key, natural, NULL, 2);
}

static uint32_t status_ask(SimMachine *machine, uint32_t named, uint32_t count) {
  uint64_t key = sim_varies(machine, SIM_CHOICE_STATUS) ? ddi_path_key(machine->current) : 0;
  return sim_choose_rare(machine, SIM_CHOICE_STATUS, key, named, NULL, count + 1);
}

static void failure_tell(SimMachine *machine, uint32_t failure, bool is_named) {
  const DdiFunction *row = ddi_function_by_id(machine->current->call);
  int32_t status = row != NULL && failure <= row->failure_count ? row->failures[failure - 1].value : 0;
  sim_event(machine, EVENT_MADE_TO_FAIL, machine->current->call, 0, status, is_named, 0);
}

static uint32_t fails(SimMachine *machine, uint32_t count, bool is_allocation) {
  uint32_t named = MODEL->ddi.fault_count > 0 ? named_failure(machine->current) : 0;
  uint32_t failure = is_allocation ? 1 - allocation_ask(machine, named) : status_ask(machine, named, count);
  if (failure != 0)
    failure_tell(machine, failure, named == failure);
  return failure;
}

uint32_t ddi_fails(const DdiCall *call, uint32_t count, bool is_allocation) { return fails(call->machine, count, is_allocation); }

bool ddi_allocation_fails(void) {
  SimMachine *machine = sim_machine();
  return machine->current != NULL && io_driver_current() != 0 && fails(machine, 1, true) != 0;
}
