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
/* One line for other reports: "at 1.000200 ms: cpu 1 (fw.work) goes on ...: 41 % -> 100 %, from where every schedule fails"; NULL: no choice decides it. Returns
 * owned. */
char *decided_words(const DecidedSubject *subject);
/* The same for other tools. Returns owned. */
json_object *decided_json(const DecidedSubject *subject);

/* What an answer to that choice of the line means: its own (option 0), or another. Returns owned. */
char *decided_answer_words(const DecidedSubject *subject, size_t choice, unsigned option);
