/* Random: each answer drawn uniformly from the options, independently; accesses are preempted at distances drawn from 1 to 128, or asked
 * about one by one where the search says so. The uniform
 * random walk over schedules (Thomson, Donaldson, Betts: Concurrency testing using controlled schedulers, TOPC 2016: a strong baseline). */
#include "draw.h"
#include "internal.h"
#include "search.h"

static SimDraw *draw_of(SimMachine *machine) { return (SimDraw *)&machine->policy_state[0]; }

static void begin(SimMachine *machine) { machine->policy_state[0] = machine->options.seed; }

static uint32_t answer(SimMachine *machine, const SimPoint *point) {
  return sim_point_id(point, sim_draw_below(draw_of(machine), point->option_count));
}

static uint32_t access_budget(SimMachine *machine, const SimContext *context) {
  const SimSearch *search = machine->options.search;
  (void)context;
  if (search != NULL && search->options.visits_accesses)
    return 1;
  return 1 + (uint32_t)(sim_draw(draw_of(machine)) & 127);
}

const SimPolicy sim_policy_random = {
  .name = "random",
  .title = "each answer drawn uniformly from the options",
  .paper = "Thomson, Donaldson, Betts: Concurrency testing using controlled schedulers, TOPC 2016",
  .explores = true,
  .by_id = true,
  .begins_late = true,
  .begin = begin,
  .answer = answer,
  .access_budget = access_budget,
};
