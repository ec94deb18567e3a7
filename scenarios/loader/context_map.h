/*
 * context_map.h: contexts are numbered by the path of their creation, so that one more thread, DPC or timer before them gives them other numbers: a line
 * that was recorded before names contexts that are others now, or none. Which of the contexts that a run meets could be meant: each way to put them, one
 * after the other, the likely ones first.
 */
#pragma once

#include "sim/survey.h"

#include <glib.h>
#include <stdbool.h>

typedef struct ContextMap ContextMap;

/* Of the contexts that the schedule names, and those that the survey of a run met. Borrows both. */
ContextMap *context_map_new(const SimSchedule *schedule, const SimSurvey *survey);
void context_map_free(ContextMap *map);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ContextMap, context_map_free)

/* The next way, as a schedule; false: there is none left. The way that changes nothing is left out. */
bool context_map_next(ContextMap *map, SimSchedule *schedule);
