/*
 * story.h: how it came to this: the events of a run that matter to one of them, as lines with a column per CPU.
 */
#pragma once

#include "style.h"
#include "words.h"

/* Appends the lines that lead to the event of that sequence: those of its CPU, and of others those about the same things. */
void story_print(GString *out, const ReportStyle *style, const ScenarioRun *run, const SimRecord *record, uint32_t sequence);
