/*
 * search_path.h: what systematic policies share: which options of a point there are to take, what each costs of a bound, and whose they are when several
 * machines share a search.
 *
 * Shards split the tree of choices from its root: at a point the shards that share the path so far share its options, until one shard has a path for
 * itself. No two take the same path, and together they take all of them. Where a run ends before its path is one shard's, the first of those that
 * share it has it.
 */
#pragma once

#include "choice.h"
#include "search.h"

struct SimMachine;

typedef struct SimPathOption {
  uint32_t id;
  bool preempts; /* sim_path_preempts */
  bool delays;   /* departs from the natural answer */
} SimPathOption;

/* What a preemption is (sim/README.md): the cpu that stepped last could go on, and another steps, or the clock ticks; or an interrupt that could land is
 * put off, once however late it lands. Of a point that is being answered. */
bool sim_path_preempts(const struct SimMachine *machine, const SimPoint *point, uint32_t answer);

/* The answer by which what goes on goes on, and nothing else happens: no preemption, and of who steps next where nobody can go on, and of what is no
 * question of the schedule, the natural one. */
uint32_t sim_path_going_on(const struct SimMachine *machine, const SimPoint *point);

/* Which interrupts are pending that were put off, on all cpus: a hash. */
uint64_t sim_path_late(const struct SimMachine *machine);
/* Since which tick what runs on the cpus is held up: a hash. */
uint64_t sim_path_held(const struct SimMachine *machine);

/* Writes the options of a point, the natural one first, or with stays_first the cpu that was stepping, if it can go on. Leaves out those who would only
 * find that they have to wait, unless all would. Returns how many, at least one. */
uint32_t sim_path_options(struct SimMachine *machine, const SimPoint *point, bool stays_first, SimPathOption *options);

/* Of cpus that step: with one bit each. */
bool sim_path_is_futile(const struct SimMachine *machine, const SimOption *option);

/* Shards first .. first + count - 1 share a path. */
typedef struct SimShard {
  uint32_t first;
  uint32_t count;
} SimShard;

/* Before a run. */
SimShard sim_shard_begin(SimSearch *search);
/* At a new point: keeps this shard's options in their order, returns how many (at least one), and narrows the shard down. */
uint32_t sim_shard_split(const SimSearch *search, SimShard *shard, SimPathOption *options, uint32_t count);
/* Whose the run is if it ends here. */
void sim_shard_note(SimSearch *search, SimShard shard);
