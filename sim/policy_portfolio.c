/* Portfolio: several policies, one a schedule, learning from one another's runs. No single one wins on all bugs: together they cost at most as many times
 * the best one's schedules as there are of them (Gomes, Selman: Algorithm portfolios, Artificial Intelligence 2001). Half of the turns are dealt in equal
 * parts, so that none is ever left out; half by what each has lately brought for its steps: pairs of a write and who reads it, and states, that no run
 * had shown (Auer, Cesa-Bianchi, Fischer: Finite-time analysis of the multiarmed bandit problem, Machine Learning 2002; here without chance). */
#include "drawing.h"

#include <stdlib.h>

static const SimPolicy *const members[] = {
  &sim_policy_feedback, &sim_policy_surw, &sim_policy_pos, &sim_policy_urw, &sim_policy_pct, &sim_policy_burst, &sim_policy_frontier,
};
#define MEMBER_COUNT (sizeof members / sizeof members[0])

/* Where so many could step at one point, what is drawn point by point no longer meets the few orders that matter: every other schedule follows wishes. */
#define OPTIONS_MANY 12

/* After so many schedules without a new pair, chance alone has met what it meets: every other schedule builds on what was met,
 * as long as that shows new states. */
#define STALE_COUNT 256

/* Turns are dealt in rounds of so many parts, a half equal and a half earned. */
#define SHARES 64
/* Of what a run brings and costs, so much (of 16) is still known after the next. */
#define MEMORY 15
#define BROUGHT_MAX (16 * 1024)
#define RUN_COST 32

typedef struct Member {
  uint64_t brought; /* new pairs and states, lately, in 1024 */
  uint64_t cost;    /* steps for them */
  uint64_t pass;    /* what its turns have come to, by its share: the lowest is next */
} Member;

typedef struct SimStanding {
  uint32_t turn;        /* whose it is */
  uint32_t stale_count; /* schedules since one brought a new pair */
  Member members[MEMBER_COUNT];
} SimStanding;

static SimStanding *standing_of(const SimSearch *search) {
  SimDrawing *drawing = search->state;
  if (drawing->standing == NULL) {
    drawing->standing = calloc(1, sizeof *drawing->standing);
    SIM_ASSERT(drawing->standing != NULL);
    for (uint32_t i = 0; i < MEMBER_COUNT; i++) /* shards begin with different ones */
      drawing->standing->members[i].pass = (i + MEMBER_COUNT - search->options.first % MEMBER_COUNT) % MEMBER_COUNT;
  }
  return drawing->standing;
}

static uint64_t worth(const Member *member) { return member->brought * 1024 / (member->cost + RUN_COST); }

/* In SHARES * 2 * 1024, all together. */
static uint64_t share(const SimDrawing *drawing, const SimStanding *standing, uint32_t index) {
  uint64_t total = 0, equal = SHARES * 1024 / MEMBER_COUNT;
  for (uint32_t i = 0; i < MEMBER_COUNT; i++)
    total += worth(&standing->members[i]);
  uint64_t earned = total > 0 ? worth(&standing->members[index]) * SHARES * 1024 / total : equal;
  bool is_many = drawing->option_count_most > OPTIONS_MANY;
  bool builds = standing->stale_count > STALE_COUNT && earned * 2 > equal && total > 0;
  bool is_other = is_many ? members[index] == &sim_policy_feedback : builds && members[index] == &sim_policy_frontier;
  return is_other ? (equal + earned) * MEMBER_COUNT : equal + earned;
}

static const SimPolicy *member(SimSearch *search) {
  SimStanding *standing = standing_of(search);
  uint32_t next = 0;
  for (uint32_t i = 1; i < MEMBER_COUNT; i++)
    if (standing->members[i].pass < standing->members[next].pass)
      next = i;
  standing->turn = next;
  standing->members[next].pass += ((uint64_t)SHARES * 2 * 1024 << 16) / share(search->state, standing, next);
  return members[next];
}

/* Only whole searches come here: a schedule is its member's. */
static void begin(SimMachine *machine) { machine->options.search->policy->begin(machine); }
static uint32_t answer(SimMachine *machine, const SimPoint *point) { return machine->options.search->policy->answer(machine, point); }

static void end(SimMachine *machine) {
  const SimDrawing *drawing = sim_drawing(machine);
  Member *self = &standing_of(machine->options.search)->members[drawing->standing->turn];
  uint64_t brought = drawing->pairs_new * 1024ull + drawing->states_new * 256ull;
  if (drawing->is_begun) {
    drawing->standing->stale_count = drawing->pairs_new > 0 ? 0 : drawing->standing->stale_count + 1;
    self->brought = self->brought * MEMORY / 16 + (brought < BROUGHT_MAX ? brought : BROUGHT_MAX);
    self->cost = self->cost * MEMORY / 16 + RUN_COST + drawing->profile.step_now;
  }
  machine->options.search->policy->end(machine);
}

const SimPolicy sim_policy_portfolio = {
  .name = "portfolio",
  .title = "surw, pos, urw, pct, burst, feedback and frontier, the more of each the more it brings",
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
