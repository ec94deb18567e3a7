/*
 * race_side.h: the two accesses of a data race, each as a place in time: who, on which CPU, at which level, through which functions, under which
 * locks. Of the first only a run that was made with events knows when it was (FindingOther.event).
 */
#pragma once

#include "names.h"
#include "style.h"

typedef enum RaceOrdinal { RACE_FIRST, RACE_SECOND } RaceOrdinal;

typedef struct RaceSide {
  uint32_t site;
  uint32_t context;
  uint32_t event;    /* the last before the access */
  uint32_t sequence; /* the last event of its own context up to there */
  uint64_t time_ns;
  uint8_t cpu;
  SimIrql irql;
  bool is_by_model;
  const SimFrame *frames; /* innermost last; of the finding */
  unsigned frame_count;
  const char *does; /* "reads", "writes", "gives back" */
} RaceSide;

/* False: the finding is no data race, or it is not known when that access was. Borrows the finding. */
bool race_side(const Names *names, const Finding *finding, RaceOrdinal which, RaceSide *side);

/* "writes gCount, count.c:12: gCount++": what a story tells. Returns owned. */
char *race_side_words(const Names *names, const Finding *finding, const RaceSide *side);

/* Both of them, with their stacks. Nothing where race_side knows nothing. False: nothing was printed. */
bool race_sides_print(GString *out, const ReportStyle *style, const Names *names, const Finding *finding);
