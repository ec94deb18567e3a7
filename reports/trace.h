/*
 * trace.h: every event of a run in fixed columns: names and ordinals, virtual time, no address and no host time. The format of golden traces.
 */
#pragma once

#include "run.h"
#include "style.h"

/* Appends a heading and one line an event; `from` is the first sequence printed. */
void trace_print(GString *out, const ScenarioRun *run, const SimRecord *record, uint32_t from);
