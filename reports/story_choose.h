/*
 * story_choose.h: which events of a run are told, when only a screenful can be: those that caused the one the story ends with.
 */
#pragma once

#include "race_side.h"

#define STORY_NONE UINT32_MAX

/* One line of a story. */
typedef struct StoryLine {
  uint32_t sequence;      /* of the event, or of the call that a finding was made in */
  uint32_t end;           /* of a call: its return; STORY_NONE: it had not returned */
  uint32_t repeats;       /* how often it is told by this line: 1 or more */
  const Finding *finding; /* the mistake that was made here; NULL: none */
  bool is_end;            /* the run ended here */
  bool is_access;         /* it is about an access of a race behind that event, not about the event */
  RaceOrdinal which;      /* of a race's accesses */
} StoryLine;

typedef struct StoryChoice {
  GArray *lines;     /* StoryLine, in order */
  uint32_t left_out; /* how many more would have had something to say */
} StoryChoice;

/* At most `count_max` lines that lead to `main` (NULL: to the end of the run). Free with story_choice_finish. */
StoryChoice story_choose(const Names *names, const RunResult *result, const Finding *main, unsigned count_max);
void story_choice_finish(StoryChoice *choice);
