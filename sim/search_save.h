/*
 * search_save.h: states inside of runs that a depth-first search keeps, so that the next schedule goes on from the last point where the two go the
 * same way, and not from where runs begin (prefix sharing; VeriSoft and CHESS run each schedule from its beginning for want of it). What comes of
 * a schedule is the same: the machine is the same, and what a run leaves outside of the arena (departures, recorded events, what the policy counts)
 * is put back with it.
 *
 * A stack: states of points of the current path, the deepest last. A state is what runs write: where pages are tracked (written.c), those that no
 * run has written are not copied. Not every point is saved: from one to the next there are at least as many steps and events as it would take the
 * time of a copy to run. Where memory is used up, the state goes that is the cheapest to come to again from the one before it.
 *
 * Host memory, owned by the policy that searches.
 */
#pragma once

#include "choice.h"
#include "event.h"

struct SimMachine;
struct SimRunOptions;
struct SimSnapshot;

typedef struct SimSaves SimSaves;

SimSaves *sim_saves_create(void);
void sim_saves_destroy(SimSaves **saves);

/* A run begins where runs begin; nothing is saved of it where somebody has to see all of it. */
void sim_saves_begin(SimSaves *saves, const struct SimMachine *machine);
/* Is it worth saving here? No where it cannot be: outside of any context, or in one that is ending. */
bool sim_saves_wants(const SimSaves *saves, const struct SimMachine *machine);
/* Saves the machine as it is, at that point of the path (from 0), which is deeper than all that were saved, with the policy's own `data`. Comes back
 * twice: whenever a run goes on from here, too. At most `size_max` bytes are kept. */
void sim_saves_put(SimSaves *saves, struct SimMachine *machine, size_t point, const void *data, size_t data_size, size_t size_max);
/* The run is over. */
void sim_saves_end(SimSaves *saves, const struct SimMachine *machine);

/* The next run goes another way at that point of the path: forgets what was saved behind it. Puts the machine to the deepest that is left and its
 * data into `data`, and returns its point; SIZE_MAX: there is none, or the run has to be run from its beginning, `start`. */
size_t sim_saves_resume(SimSaves *saves, size_t point, const struct SimSnapshot *start, const struct SimRunOptions *options, void *data);
void sim_saves_forget_all(SimSaves *saves);

/* So far: states saved, runs that went on from one, states that went for want of memory, bytes kept at most. */
typedef struct SimSavesCount {
  uint64_t saved, resumed, dropped;
  size_t size_most;
} SimSavesCount;
const SimSavesCount *sim_saves_count(const SimSaves *saves);
