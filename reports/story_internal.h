/*
 * story_internal.h: what the rooms of choosing share: story_choose.c finds out who and what a story is about and picks, story_weigh.c weighs,
 * story_call.c knows calls.
 */
#pragma once

#include "story_choose.h"

enum {
  WEIGHT_END = 100,
  WEIGHT_FINDING = 95,
  WEIGHT_RELATED = 93,
  WEIGHT_RAISED = 90,
  WEIGHT_LEAK = 88,
  WEIGHT_BEGIN = 82, /* of what the context was doing */
  WEIGHT_PRINT = 78,
  WEIGHT_CALL = 75,
  WEIGHT_CAUSE = 70, /* who had asked for it */
  WEIGHT_ANSWER = 66,
  WEIGHT_THING = 60, /* others, on the same things */
  WEIGHT_AROUND = 45,
  WEIGHT_EARLIER = 35,
  WEIGHT_ASIDE = 25,
  WEIGHT_NOTHING = 0,
};

#define FOCUS_COUNT_MAX 8
#define CALL_COUNT_MAX 9 /* calls of one context that weigh fully: older ones stand back */

/* A context that the story is about, and what it was doing when its part ended. */
typedef struct Focus {
  uint32_t context;
  uint32_t begin; /* where what it was doing then began */
  uint32_t asked; /* the event by which that was asked for; STORY_NONE */
} Focus;

typedef struct Choosing {
  const Names *names;
  const SimRecord *record;
  const RunResult *result;
  const Finding *main;
  uint32_t last;
  bool has_marks; /* departures of the schedule are told by marks of their own */
  Focus focus[FOCUS_COUNT_MAX];
  unsigned focus_count;
  GHashTable *things; /* ordinals of the objects it is about; looked up only */
  uint8_t *weights;   /* by event */
  uint32_t *ends;     /* by event: the return of a call */
  uint32_t *repeats;  /* by event: how many lines it stands for */
  uint32_t *calls;    /* by event: the innermost call of its context that is open there */
  uint32_t *blocks;   /* by event: of a call that had to wait, where it last began to; STORY_NONE */
} Choosing;

static inline const SimEvent *at(const Choosing *choosing, uint32_t sequence) { return &choosing->record->events[sequence]; }

static inline void weigh(Choosing *choosing, uint32_t sequence, unsigned weight) {
  if (sequence <= choosing->last && choosing->weights[sequence] < weight)
    choosing->weights[sequence] = (uint8_t)weight;
}

/* story_choose.c */
/* The event whose line tells this one too: the call it happened in, or the answer before it. */
uint32_t story_line_of(const Choosing *choosing, uint32_t sequence);
/* The part a context has in the story; NULL: none. */
const Focus *story_focus_of(const Choosing *choosing, uint32_t context);
/* Where what the context was doing at `last` began. */
uint32_t story_begin_of(const Choosing *choosing, uint32_t context, uint32_t last);

/* The mistake that is told by that line; NULL: none. */
const Finding *story_finding_at(const Choosing *choosing, uint32_t line);

/* story_call.c: finds the calls, their returns, and which had to wait. */
void story_calls_match(Choosing *choosing);
/* A thread finds what it waits for there already. */
bool story_is_own_wake(const Choosing *choosing, uint32_t sequence);
/* What a call is about: what it names, else what it waits for or gives back; 0: nothing. */
uint32_t story_object_of(const Choosing *choosing, uint32_t call);
/* Gives all lines their places; calls that had to wait become two lines where others come in between. */
void story_calls_place(const Choosing *choosing, GArray *lines);

/* story_repeat.c: lines that say the same again are joined. */
void story_repeats_join(Choosing *choosing);

/* story_weigh.c: gives every event its weight. */
void story_weigh(Choosing *choosing);
