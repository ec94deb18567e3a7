/*
 * programs.h: small concurrent programs on the rig, one thread a cpu, for what searches claim. The state that tells one outcome from another is in
 * rig_log()->words.
 *
 * The first operation of a thread happens in its first step: a thread that has not begun is at its first scheduling point.
 */
#pragma once

#include "rig.h"

#include "sim/search.h"

typedef struct Program {
  const char *name;
  unsigned vcpu_count;
  void (*set_up)(void);
} Program;

extern const Program programs[];
extern const size_t program_count;
const Program *program_find(const char *name);

/* Two or three threads that do what the seed says, some beside a timer: one at a time. */
Program program_drawn(unsigned seed);

/* What a search of a program came to: its distinct outcomes, and how many runs. */
typedef struct Found {
  uint64_t outcomes[4096]; /* sorted hashes of final words and stop */
  size_t outcome_count;
  uint64_t runs;  /* searched to their end */
  uint64_t known; /* left */
  uint64_t hash;  /* over the hashes of all runs, in their order */
  bool is_complete;
  SimSearchProof proof;
} Found;

void found_outcome_put(Found *found, uint64_t outcome);
/* What the run that has just ended came to. */
uint64_t program_outcome(SimStop stop);

/* Searches until it is over, or until that many runs. */
void program_search(const Program *program, const SimSearchOptions *options, uint64_t run_count_max, Found *found);
