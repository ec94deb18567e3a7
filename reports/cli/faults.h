/*
 * faults.h: irqlab run --faults and --what-can-vary: scenarios looked at one after the other, each in a process of its own.
 */
#pragma once

#include "cli.h"

typedef struct CliLook {
  unsigned fault_depth; /* 1: everything fails once; 2: then by pairs; 0: no */
  bool wants_json;
  uint64_t schedules; /* at most; 0: as many as there are */
  uint32_t varies;    /* kinds of choices beside the scenario's own */
  ReportStyle style;
} CliLook;

/* Of the process that looks at one scenario; returns its exit code, after all was printed. */
typedef int CliLookAt(const CliScenario *scenario, const CliLook *look);

int cli_faults_look(const CliScenario *scenario, const CliLook *look);
int cli_vary_look(const CliScenario *scenario, const CliLook *look);

/* At each scenario in turn. Returns the highest of the exit codes. */
int cli_look(const GPtrArray *scenarios, const CliLook *look, CliLookAt *at);
