/* found.h: what a search of a scenario came to: its distinct outcomes, and how many schedules. */
#pragma once

#include "run_internal.h"

#include "sim/search.h"

typedef struct Found {
  GPtrArray *outcomes; /* sorted texts */
  uint64_t count;      /* schedules */
  uint64_t known;      /* left, since all that could follow was known */
  bool is_complete;
  SimSearchProof proof;
} Found;

/* Appends what else tells outcomes apart to the text of one, after its run. NULL: how it ended and what was found are all. */
typedef void FoundAppend(const ScenarioRun *run, GString *text);

/* Searches until it is over, or until that many schedules. Fills `found`; found_clear frees what it holds. */
void found_search(ScenarioRun *run, const SimSearchOptions *options, uint64_t count_max, FoundAppend *append, Found *found);
void found_clear(Found *found);

/* The same outcomes. */
bool found_is_same(const Found *left, const Found *right);
/* A line for how it was searched, and one for each outcome. */
void found_print(const char *how, const Found *found);
