/*
 * story_choose.h: which events of a run are told, when only a screenful can be: those that caused the one the story ends with.
 */
#pragma once

#include "race_side.h"

#define STORY_NONE UINT32_MAX

/* What a line says of a call. One that had to wait is told twice where others come in between: when it began to wait, and when it had what it wanted. */
typedef enum StoryPart { STORY_WHOLE, STORY_WAITS, STORY_HAS } StoryPart;

/* One line of a story. */
typedef struct StoryLine {
  uint32_t sequence;      /* of the event, or of the call that a finding was made in */
  uint32_t place;         /* the event where it is told: of a call where it did what it does */
  uint32_t end;           /* of a call: its return; STORY_NONE: it had not returned */
  StoryPart part;         /* of a call */
  uint32_t object;        /* that a call is about, also where only the events in it name it; 0: none */
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

/* At most `count_max` lines that lead to `main` (NULL: to the end of the run). `has_marks`: where the schedule departs is told beside them. Free with
 * story_choice_finish. */
StoryChoice story_choose(const Names *names, const RunResult *result, const Finding *main, bool has_marks, unsigned count_max);
void story_choice_finish(StoryChoice *choice);
