/*
 * visit.h: looking at events of one schedule: --stop-at and --step of irqlab replay.
 */
#pragma once

#include "schedule.h"

#include "run_visit.h"

/* The event that the text names, from `from` on: a number, a kind ("interrupt"), a function ("KeSetEvent"), each with a number of its own behind it
 * ("KeSetEvent#2"). UINT32_MAX, after an error was printed: none. */
uint32_t visit_event_find(const RunVisit *visit, const char *text);

/* A function or a kind of event, whether it comes up in this run or not; false, after it was said: neither. */
bool visit_name_is_known(const char *name);

/* Prints what stands where at that event. Returns an exit code. */
int visit_stop_at(CliSchedule *schedule, const char *text);

/* Commands from standard input, until it ends. Returns an exit code. */
int visit_step(CliSchedule *schedule);
