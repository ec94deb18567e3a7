/*
 * bugcheck.h: the bug check of a run in words: name, code, its four parameters and what each means.
 */
#pragma once

#include "names.h"
#include "style.h"

/* Appends the paragraph "Windows stops". */
void bugcheck_print(GString *out, const ReportStyle *style, const Names *names, const KeBugcheck *bugcheck);
