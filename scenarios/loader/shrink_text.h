/*
 * shrink_text.h: what shrinking does to the text of a scenario file.
 */
#pragma once

#include "shrink.h"

/* The text without its index-th part that could go, larger ones first, and what that is ("traffic 2"); NULL: there are not so many. Both owned. */
char *shrink_text_without(const char *file, const char *text, guint index, char **what);
/* With so many CPUs; without expectations. NULL: that changes nothing. Owned. */
char *shrink_text_cpus(const char *file, const char *text, unsigned count);
char *shrink_text_without_expect(const char *file, const char *text);

/* What the failure is, as the value of "expect": of the run that has just ended, every finding mentioned. `text` is the file's, for the expectation
 * that did not hold. Owned. */
char *shrink_text_expect(const ScenarioRun *run, const Shrunk *shrunk, const RunFailure *failure, const char *text);

/* The text with that line as its policy and that expectation; relative paths of sources as seen from the folder of `output` (NULL: the same). NULL with
 * error. Owned. */
char *shrink_text_own(const char *file, const char *output, const char *text, const char *line, const char *expect, GError **error);
