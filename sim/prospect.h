/*
 * prospect.h: what can still become of a run from each point of a given schedule on. A search of schedules that go as a line goes for its first
 * points, and from there on either as they are drawn, each answer evenly from its options, or all of them, one after the other: those that part with
 * the line at its last point first. Which failure is looked for, and how many runs it is worth, is the business of who searches.
 *
 * Points are those with more than one way to go: options that would only find that they have to wait are none (search_path.h). States of the line are
 * kept (search_save.h), so that a run begins where it parts. Where accesses are points, those of a context's own stack are not, until somebody else is
 * seen to touch it.
 *
 * Host memory: the state of a search whose policy is sim_policy_prospect.
 */
#pragma once

#include "search.h"

/* A choice that the line takes. */
typedef struct SimProspectPoint {
  uint32_t context;
  uint32_t ordinal;
  uint32_t natural;
  uint32_t event; /* events of the run before it */
  uint32_t first; /* of its options, in SimProspectLine.options: what the line answers is the first of them */
  uint16_t count; /* of its options: at least 2 */
  uint8_t kind;   /* SimChoiceKind */
  uint8_t cpu;    /* that asks; 0xff: none */
} SimProspectPoint;

typedef struct SimProspectLine {
  SimProspectPoint *points;
  size_t count;
  size_t capacity;
  SimOption *options;
  size_t option_count;
  size_t option_capacity;
} SimProspectLine;

/* Of a run that has ended. */
typedef struct SimProspectRun {
  size_t parts;    /* the point of the line at which it went another way; the line's count: at none */
  uint32_t option; /* that it took there: its place among the point's options */
  double chance;   /* of all: that who draws from that point on comes to it */
} SimProspectRun;

extern const SimPolicy sim_policy_prospect; /* not in sim_policies */

/* Asked at each point: has the run come to what is looked for, so that nothing is left to see? It then ends with SIM_STOP_KNOWN. */
typedef bool SimProspectOver(void *data);
void sim_prospect_watch(SimSearch *search, SimProspectOver *is_over, void *data);

/* Some run since the line was followed touched another context's stack, where accesses were not taken for places to switch: what came of all of them
 * is to be forgotten, and the line followed again. Each time it is another stack. */
bool sim_prospect_is_mistaken(const SimSearch *search);

/* The next run is the line's, of SimRunOptions.replay, and writes down its points. */
void sim_prospect_follow(SimSearch *search);
/* The next runs take the line's first `count` answers, and draw the others. */
void sim_prospect_draw(SimSearch *search, size_t count);
/* The next runs are all that there are but the line, beginning with those that part with it at its last point; sim_search_end says when there is no
 * other. False: there is none. */
bool sim_prospect_enumerate(SimSearch *search);

/* Borrowed; until the search ends. */
const SimProspectLine *sim_prospect_line(const SimSearch *search);
SimProspectRun sim_prospect_run(const SimSearch *search);
/* Enumerating: everything with the line's first so many answers was run; the line's count: nothing but the line. */
size_t sim_prospect_complete(const SimSearch *search);
