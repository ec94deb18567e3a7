/*
 * stimulus.h: routines of a driver called from outside at a virtual time, for the scenario runner. Stdint only.
 */
#pragma once

#include "../../sim/irql.h"

#include <stdint.h>

typedef enum IoStimulusKind {
  IO_STIMULUS_DPC,       /* KDEFERRED_ROUTINE, on the cpu given (-1: cpu 0) */
  IO_STIMULUS_INTERRUPT, /* KSERVICE_ROUTINE at irql, on the cpu given (-1: cpu 0) */
  IO_STIMULUS_WORK_ITEM, /* IO_WORKITEM_ROUTINE */
  IO_STIMULUS_THREAD,    /* KSTART_ROUTINE, in a system thread (cpu -1: any) that raised itself to irql */
  IO_STIMULUS_UNLOAD,    /* the driver is unloaded; no routine */
  IO_STIMULUS_PAGE_OUT,  /* pageable memory is trimmed; no routine */
} IoStimulusKind;

typedef struct IoStimulus {
  IoStimulusKind kind;
  uint32_t driver;  /* ordinal */
  uint64_t routine; /* address of driver code */
  int cpu;
  SimIrql irql;
  uint64_t at_ns;
  uint64_t every_ns; /* between repetitions */
  uint64_t times;    /* 0 and 1: once */
} IoStimulus;

/* Will happen at its time. Copied. */
void io_stimulus_add(const IoStimulus *stimulus);
