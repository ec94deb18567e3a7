/*
 * where.h: the driver's line where something happened, with carets, and the calls of driver code that led there.
 */
#pragma once

#include "names.h"
#include "style.h"

/* Appends the source line or step of a site, carets under `function` ("" for none). Nothing when the site is not known. */
void where_print(GString *out, const ReportStyle *style, const ScenarioRun *run, uint32_t site, const char *function);

/* Appends the driver's call stack of a finding, innermost first, when there is more than one function in it; and the other's of a mistake that takes two. */
void where_print_stack(GString *out, const ReportStyle *style, const Names *names, const Finding *finding);
/* One call stack under a title, which ends its line. */
void where_print_frames(GString *out, const ReportStyle *style, const Names *names, const char *title, uint32_t site, const SimFrame *from,
                        unsigned count);
