/*
 * stuck.h: how a machine was left: what each CPU does that cannot go on, who holds what it spins on, which threads still wait.
 */
#pragma once

#include "names.h"
#include "style.h"

/* A paragraph for each CPU. The machine must be as the run left it. */
void stuck_print_cpus(GString *out, const ReportStyle *style, const Names *names);

/* What each CPU that cannot go on does, in one line: "d.one spins on gB, d.two spins on gA". Returns owned. */
char *stuck_words(const Names *names);

/* A paragraph "at the end": threads of the scenario that wait, connections and what they came to. Nothing when there is nothing to say. */
void stuck_print_end(GString *out, const ReportStyle *style, const Names *names);

/* The place in driver code of the first CPU that spins or hangs, or else was in driver code; 0: none. */
uint32_t stuck_site(void);
