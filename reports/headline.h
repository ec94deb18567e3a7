/*
 * headline.h: one sentence for what was found or how a run ended: what, where, in the driver's own terms.
 */
#pragma once

#include "names.h"

/* Of a finding: "irql-too-high: FltSendMessage needs IRQL <= APC_LEVEL and was called at DISPATCH_LEVEL, in a DPC". Returns owned. */
char *headline_finding(const Names *names, const Finding *finding);

/* Of a run without a finding to explain it: "hung: ...", "INVALID_PROCESS_ATTACH_ATTEMPT (0x5): ...". Returns owned. */
char *headline_end(const Names *names, const RunResult *result);

/* The finding a report is about: the mistake that led to the bug check or came first; NULL: there is none. Borrowed. */
const Finding *headline_choose(const RunResult *result);
