/*
 * round.h: code that goes round and round: what it calls in each round, and who keeps it from getting further.
 */
#pragma once

#include "names.h"
#include "style.h"

/* Paragraphs about a livelock, a starvation or a network that stands still; nothing for other findings, or where no round is found. The machine must be
 * as the run left it. */
void round_print(GString *out, const ReportStyle *style, const Names *names, const Finding *finding);
