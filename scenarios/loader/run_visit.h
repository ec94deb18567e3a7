/*
 * run_visit.h: one schedule, at any of its events: run once with its events kept and its state saved now and then; whoever wants to look at an event is
 * called in the midst of the run that comes to it again, from the nearest saved state. Forwards and backwards are the same.
 */
#pragma once

#include "run.h"

typedef struct RunVisit RunVisit;

/* Called in the run, right behind the event: looks at the machine and changes nothing. */
typedef void RunVisitor(void *data);

/* Runs it. The schedule is borrowed for as long as the visit is. Returns owned. */
RunVisit *run_visit_create(ScenarioRun *run, const SimSchedule *schedule);
void run_visit_free(RunVisit *visit);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(RunVisit, run_visit_free)

const RunResult *run_visit_result(const RunVisit *visit);
const SimRecord *run_visit_record(const RunVisit *visit);
uint32_t run_visit_first(const RunVisit *visit);    /* the first event behind boot: those before cannot be visited */
guint run_visit_state_count(const RunVisit *visit); /* saved */

/* False: there is no such event behind boot. The machine is left somewhere behind the event. */
bool run_visit_at(RunVisit *visit, uint32_t event, RunVisitor *visitor, void *data);
