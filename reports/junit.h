/*
 * junit.h: results as JUnit XML, as GitHub, GitLab and Jenkins read it: one testsuite a folder, one testcase a scenario.
 */
#pragma once

#include "outcome.h"

/* The whole document. Outcomes in the order given; those of one folder make a suite. Returns owned. */
char *junit_print(const GPtrArray *outcomes);
