#include "search.h"

#include "faults.h"
#include "internal.h"

#include <stdlib.h>
#include <string.h>

const SimSearchOptions sim_search_options_default = {
  .policy = &sim_policy_random,
  .seed = 1,
  .preemption_bound = SIM_SEARCH_UNBOUNDED,
  .delay_bound = SIM_SEARCH_UNBOUNDED,
  .saved_size_max = SIM_SEARCH_SAVED_SIZE,
};

const SimPolicy *const sim_policies[] = {
  &sim_policy_timed, &sim_policy_random,     &sim_policy_portfolio, &sim_policy_surw,     &sim_policy_urw,
  &sim_policy_pos,   &sim_policy_pct,        &sim_policy_burst,     &sim_policy_feedback, &sim_policy_frontier,
  &sim_policy_fair,  &sim_policy_exhaustive, &sim_policy_dpor,      &sim_policy_faults,
};
const size_t sim_policy_count = sizeof sim_policies / sizeof *sim_policies;

const SimPolicy *sim_policy_find(const char *name) {
  for (size_t i = 0; i < sim_policy_count; i++)
    if (strcmp(sim_policies[i]->name, name) == 0)
      return sim_policies[i];
  return NULL;
}

void sim_search_init(SimSearch *search, const SimSearchOptions *options) {
  *search = (SimSearch){ .options = *options, .policy = options->policy, .number = options->first };
  bool is_bounded = options->preemption_bound != SIM_SEARCH_UNBOUNDED || options->delay_bound != SIM_SEARCH_UNBOUNDED;
  if (options->policy == &sim_policy_dpor &&
      (is_bounded || options->merges_states)) /* what it leaves out would not be covered by what it takes */
    search->options.policy = search->policy = &sim_policy_exhaustive;
  if (search->options.stride == 0)
    search->options.stride = 1;
  if (search->policy->state_size > 0) {
    search->state = calloc(1, search->policy->state_size);
    SIM_ASSERT(search->state != NULL);
  }
}

void sim_search_finish(SimSearch *search) {
  if (search->state != NULL && search->options.policy->finish != NULL)
    search->options.policy->finish(search->state);
  free(search->state);
  *search = (SimSearch){ 0 };
}

void sim_search_begin(SimSearch *search, SimRunOptions *run) {
  search->policy = search->options.policy->member != NULL ? search->options.policy->member(search) : search->options.policy;
  run->policy = search->policy;
  run->seed = search->options.seed + search->number;
  run->search = search;
  run->varies = search->options.varies | search->policy->varies;
  search->count++;
}

bool sim_search_resume(SimSearch *search, const SimSnapshot *start, const SimRunOptions *run) {
  const SimPolicy *policy = search->options.policy; /* NULL: a survey */
  return policy != NULL && policy->resume != NULL && search->options.saved_size_max > 0 && policy->resume(search->state, start, run);
}

bool sim_search_end(SimSearch *search, SimMachine *machine) {
  if (search->options.policy->end != NULL)
    search->options.policy->end(machine);
  search->number += search->options.stride;
  return search->options.policy->next == NULL || search->options.policy->next(search, search->state);
}

bool sim_search_proof(const SimSearch *search, SimSearchProof *proof) {
  *proof = (SimSearchProof){ 0 };
  if (search->options.policy->proof == NULL)
    return false;
  search->options.policy->proof(search->state, proof);
  return true;
}

uint32_t sim_search_level_bound(unsigned level) {
  static const uint32_t bounds[SIM_SEARCH_LEVEL_COUNT] = { 0, 1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, SIM_SEARCH_UNBOUNDED };
  SIM_ASSERT(level < SIM_SEARCH_LEVEL_COUNT);
  return bounds[level];
}

SimSearchOptions sim_search_level(const SimSearchOptions *options, unsigned level) {
  SimSearchOptions own = *options;
  own.deepens = false;
  own.preemption_bound = sim_search_level_bound(level);
  own.preemption_floor = level > 0 ? sim_search_level_bound(level - 1) + 1 : 0;
  return own;
}

bool sim_search_is_new(const SimSearch *search, const SimMachine *machine) {
  return machine->stop != SIM_STOP_KNOWN && !search->is_others && !search->is_below;
}
