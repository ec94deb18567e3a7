/*
 * coverage.h: what schedules have exercised, as a document of nested objects whose leaves are counts, so that two of them are merged by adding; as a
 * table for a person; as a trace file of lcov, which genhtml reads.
 *
 *   { "runs": N,
 *     "routines":    { "fw.classify": { "FWPS_CALLOUT_CLASSIFY_FN1": N } },   entered, and as what
 *     "met":         { "fw.classify": { "fw.unload": N } },    both active, on different CPUs or threads; the smaller name first
 *     "interrupted": { "fw.worker": { "fw.OnTimer": N } },     the second ran on top of the first
 *     "calls":       { "KeSetEvent": N },
 *     "calls_met":   { "KeSetEvent": { "KeClearEvent": N } },
 *     "lock_order":  { "gA": { "gB": N } },             the second was taken while the first was held
 *     "choices":     { "interrupt": { "0": N } },       answers other than the natural
 *     "lines":       { "/path/driver.c": { "12": N } },        every line that has code
 *     "functions":   { "/path/driver.c": { "12 OnData": N } } }
 */
#pragma once

#include "run.h"
#include "style.h"

#include <json-c/json.h>

/* Of a run that is covered (scenario_run_cover), after its last schedule. Returns owned; NULL: it is not covered. */
json_object *coverage_to_json(const ScenarioRun *run);

/* Adds the counts of the second to the first. What does not fit together is left as the first has it. */
void coverage_merge(json_object *into, json_object *from);

/* For a terminal: what never met first. */
void coverage_print(GString *out, const ReportStyle *style, json_object *coverage);

/* In the format of lcov's trace files. Returns owned. */
char *coverage_lcov(json_object *coverage);
