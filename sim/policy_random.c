/* Random: each answer drawn uniformly from the options, independently; accesses are preempted at distances drawn from 1 to 128. The uniform
 * random walk over schedules (Thomson, Donaldson, Betts: Concurrency testing using controlled schedulers, TOPC 2016: a strong baseline). */
#include "internal.h"

/* splitmix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, OOPSLA 2014). */
static uint64_t draw(SimMachine *machine) {
  uint64_t word = machine->policy_state[0] += 0x9e3779b97f4a7c15ULL;
  word = (word ^ (word >> 30)) * 0xbf58476d1ce4e5b9ULL;
  word = (word ^ (word >> 27)) * 0x94d049bb133111ebULL;
  return word ^ (word >> 31);
}

static void begin(SimMachine *machine) { machine->policy_state[0] = machine->options.seed; }

static uint32_t answer(SimMachine *machine, const SimPoint *point) {
  uint32_t index = (uint32_t)(((draw(machine) >> 32) * point->option_count) >> 32);
  return point->options != NULL ? point->options[index].id : index;
}

static uint32_t access_budget(SimMachine *machine, const SimContext *context) {
  (void)context;
  return 1 + (uint32_t)(draw(machine) & 127);
}

const SimPolicy sim_policy_random = {
  .name = "random",
  .title = "each answer drawn uniformly from the options",
  .paper = "Thomson, Donaldson, Betts: Concurrency testing using controlled schedulers, TOPC 2016",
  .explores = true,
  .begin = begin,
  .answer = answer,
  .access_budget = access_budget,
};
