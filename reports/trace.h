/*
 * trace.h: every event of a run, one a line: what golden traces are made of. Fixed columns, names and ordinals, virtual time; no host time, and no
 * address but what driver code itself made of one.
 */
#pragma once

#include "names.h"

#include <stdio.h>

/* Prints the events from `from` on. The machine must be as the run left it. */
void trace_print(FILE *stream, const Names *names, uint32_t from);

/* The same as JSON, one object a line: event, time_ns, cpu, irql, context, kind, function, object, status, detail, place, what. */
void trace_print_json(FILE *stream, const Names *names, uint32_t from);
