/*
 * story.h: how it came to this: the events of a run that matter, as lines with a column per CPU.
 */
#pragma once

#include "names.h"
#include "preemption.h"
#include "style.h"

/* Appends the lines that lead to `main` (NULL: to the end of the run), the mistakes marked, and where the schedule departs from the natural one
 * (Preemption; NULL: not told). */
void story_print(GString *out, const ReportStyle *style, const Names *names, const RunResult *result, const Finding *main,
                 const GArray *preemptions);
