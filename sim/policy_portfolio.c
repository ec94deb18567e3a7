/* Portfolio: the others in turn, one a schedule, learning from one another's runs. No single one wins on all bugs: together they cost at most as many
 * times the best one's schedules as there are of them (Gomes, Selman: Algorithm portfolios, Artificial Intelligence 2001). */
#include "drawing.h"

/* Feedback, the best where only a few of many orders matter, every other time. */
static const SimPolicy *const members[] = {
  &sim_policy_feedback, &sim_policy_surw,     &sim_policy_feedback, &sim_policy_pos,      &sim_policy_feedback,
  &sim_policy_urw,      &sim_policy_feedback, &sim_policy_pct,      &sim_policy_feedback, &sim_policy_burst,
};
#define MEMBER_COUNT (sizeof members / sizeof members[0])

/* By how many schedules this search has begun: a shard of any stride has all of them. */
static const SimPolicy *member(SimSearch *search) { return members[(search->options.first + search->count) % MEMBER_COUNT]; }

/* Only whole searches come here: a schedule is its member's. */
static void begin(SimMachine *machine) { machine->options.search->policy->begin(machine); }
static uint32_t answer(SimMachine *machine, const SimPoint *point) { return machine->options.search->policy->answer(machine, point); }

static void end(SimMachine *machine) { machine->options.search->policy->end(machine); }

const SimPolicy sim_policy_portfolio = {
  .name = "portfolio",
  .title = "feedback, and in turn surw, pos, urw, pct and burst, learning from one another",
  .paper = "after Gomes, Selman: Algorithm portfolios, Artificial Intelligence 2001",
  .explores = true,
  .begins_late = true,
  .holds_up = true,
  .state_size = sizeof(SimDrawing),
  .begin = begin,
  .answer = answer,
  .access_budget = sim_drawing_access_budget,
  .end = end,
  .finish = sim_drawing_finish,
  .member = member,
};
