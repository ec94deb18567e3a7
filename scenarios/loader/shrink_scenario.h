/*
 * shrink_scenario.h: the scenario around a shrunk schedule, without what the failure does not need: stimuli, processes and what their threads do,
 * filters, drivers and parts of them that are not code, faults, CPUs. An entry goes when the failure stays. The code of the drivers stays: it is what
 * is looked at.
 */
#pragma once

#include "shrink.h"

/* What is left, booted, with its schedule. Owned. */
typedef struct ShrunkScenario {
  char *text; /* of the new file: with the schedule as its policy, and what it comes to as its expectation */
  Scenario *scenario;
  ScenarioRun *run;
  Shrunk shrunk;
  unsigned gone;       /* entries taken away */
  GPtrArray *removed;  /* char *: what they were, "traffic 2", "processes browser" */
  uint64_t booted;     /* scenarios that were tried */
  bool is_as_expected; /* the text, run as a scenario of its own; false as long as it is written nowhere */
  char *why;           /* it is not */
} ShrunkScenario;

typedef struct ShrinkScenarioOptions {
  const char *output; /* file that the text is written to; NULL: none */
  bool is_whole;      /* nothing is taken away */
} ShrinkScenarioOptions;

/* Takes scenario, run and what was shrunk: they are freed, for a process has one machine. False with error: the file cannot be read again or not be
 * written. */
bool shrink_scenario(Scenario *scenario, ScenarioRun *run, Shrunk *shrunk, const ShrinkScenarioOptions *options, ShrunkScenario *small,
                     GError **error);
void shrunk_scenario_finish(ShrunkScenario *small);
