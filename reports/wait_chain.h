/*
 * wait_chain.h: who waits for whom, of a deadlock or a wait without an end: as a sentence and as a drawing. The machine must be as the run left it.
 */
#pragma once

#include "names.h"
#include "style.h"

/* "fw.one spins on gB, which fw.two has; fw.two spins on gA, which fw.one has"; NULL: the finding's context is no more. Returns owned. */
char *wait_chain_sentence(const Names *names, const Finding *finding);

/* "the circle:", a line for each who waits. Nothing when the finding is about something else. */
void wait_chain_print(GString *out, const ReportStyle *style, const Names *names, const Finding *finding);
