/*
 * expected.h: the paragraph about an expectation that does not hold: what was expected, where that stands, and what is there instead.
 */
#pragma once

#include "names.h"
#include "style.h"

/* `why`: the line that says so; NULL: it is as expected, and nothing is printed. */
void expected_print(GString *out, const ReportStyle *style, const Names *names, const RunResult *result, const RunVerdict *verdict,
                    const char *why);
