/*
 * inspect.h: what stands where at one event of a run: CPUs and what is stacked on them, the driver's calls, who holds and who waits, what is queued, the
 * drivers' globals. Read in the midst of the run (run_visit.h): the machine is as it was then.
 */
#pragma once

#include "names.h"

/* The event in one line. */
void inspect_event(GString *out, const Names *names, uint32_t event);

/* Parts of the state, one paragraph each; nothing where there is nothing to say. `event`: the one that has just happened. */
void inspect_cpus(GString *out, const Names *names, uint32_t event);
void inspect_stacks(GString *out, const Names *names, uint32_t event);
void inspect_locks(GString *out, const Names *names, uint32_t event);
void inspect_queues(GString *out, const Names *names, uint32_t event);
void inspect_globals(GString *out, const Names *names, uint32_t event);
/* A global of a driver, "gCount" or "fw.gCount"; says so when there is none. */
void inspect_global(GString *out, const Names *names, const char *name);

/* All of them. */
void inspect_all(GString *out, const Names *names, uint32_t event);
