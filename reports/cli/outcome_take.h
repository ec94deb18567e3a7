/*
 * outcome_take.h: from the verdict on a scenario to its outcome as text and numbers.
 */
#pragma once

#include "worker.h"

/* What the scenario came to; runs schedules again for its report and causes. */
void outcome_take(Outcome *outcome, ScenarioRun *run, const RunVerdict *verdict, const CliScenario *scenario, const WorkerOptions *options);
