/*
 * decided.h: when a failure was decided, as a person reads it: the choices of its schedule that made it likelier, with what was chosen, what else could
 * have been, and the likelihood before and behind it; and from where on it could not be averted.
 */
#pragma once

#include "likelihood.h"
#include "names.h"
#include "style.h"

#include <json-c/json.h>

/* The names are of the schedule's own run, and the machine is as it left it. */
typedef struct DecidedSubject {
  const Names *names;
  const Likelihood *likelihood;
} DecidedSubject;

/* Appends the chart and what is to be said of it. */
void decided_print(GString *out, const ReportStyle *style, const DecidedSubject *subject);
/* One line for other reports: "event 95, where cpu 1 (fw.work) goes on: ...: before it 41 % of schedules fail, behind it all"; NULL: no choice that was seen
 * matters. Returns owned. */
char *decided_words(const DecidedSubject *subject);
/* The same of a schedule, which fails or NULL comes of it, found out with little effort. The machine is left as that schedule leaves it. Returns owned. */
char *decided_line(ScenarioRun *run, const SimSchedule *schedule);
/* The same for other tools. Returns owned. */
json_object *decided_json(const DecidedSubject *subject);

/* Among what "all" and "every" are said of it: run_search_bounds. Returns owned. */
char *decided_bounds(const Likelihood *likelihood);
/* What an answer to that choice of the line means: its own (option 0), or another. Returns owned. */
char *decided_answer_words(const DecidedSubject *subject, size_t choice, unsigned option);
/* ", while cpu 0 holds gA": the locks of all who could have gone on there; "" when there are none. Returns owned. */
char *decided_held_words(const DecidedSubject *subject, size_t choice);
