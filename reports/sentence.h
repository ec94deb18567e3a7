/*
 * sentence.h: what a finding says, in one sentence without its rule's name: who did what to which thing, in the driver's own terms.
 */
#pragma once

#include "names.h"

/* "FltSendMessage needs IRQL <= APC_LEVEL and was called at DISPATCH_LEVEL, in a DPC". Returns owned. */
char *sentence_finding(const Names *names, const Finding *finding);

/* Is it about what a DriverEntry leaves behind that returned an error? */
bool sentence_is_of_failed_entry(const Names *names, const Finding *finding);
