/*
 * shrink_text.h: what shrinking does to the text of a scenario file.
 */
#pragma once

#include "shrink.h"

/* What was taken out of a text, in bytes. */
typedef struct ShrinkCut {
  size_t entry; /* where the entry began */
  size_t begin; /* what went, its comma included */
  size_t size;
} ShrinkCut;

/* The text without its index-th part that could go, larger ones first; NULL: there are not so many. Owned. */
char *shrink_text_without(const char *file, const char *text, guint index, ShrinkCut *cut);
/* What begins there in the text, as its author counts: "traffic 2". Owned; NULL: no such part. */
char *shrink_text_name(const char *file, const char *text, size_t entry);
/* With so many CPUs; without expectations. NULL: that changes nothing. Owned. */
char *shrink_text_cpus(const char *file, const char *text, unsigned count);
char *shrink_text_without_expect(const char *file, const char *text, ShrinkCut *cut);

/* What the failure is, as the value of "expect": of the run that has just ended, every finding mentioned. `text` is the file's, for the expectation
 * that did not hold. Owned. */
char *shrink_text_expect(const ScenarioRun *run, const Shrunk *shrunk, const RunFailure *failure, const char *text);

/* The text with that line as its policy (`races`: which looks for data races) and that expectation; relative paths of sources as seen from the folder of `output` (NULL: the same). NULL with
 * error. Owned. */
char *shrink_text_own(const char *file, const char *output, const char *text, const char *line, bool races, const char *expect,
                      GError **error);
