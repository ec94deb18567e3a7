/*
 * summary.h: what a campaign has come to, for people and as JSON.
 */
#pragma once

#include "../style.h"
#include "campaign.h"

/* A failure, or a way to come out without one, over all outcomes it is part of. Strings are borrowed from the campaign. */
typedef struct CampaignFailure {
  const char *text; /* "irql-leak in fw.work", "clean" */
  const char *why;  /* not as expected: why; NULL: as expected */
  uint64_t count, first;
  const char *schedule; /* the line of the first */
} CampaignFailure;

/* Why the schedule is not as expected, as far as this failure of it is concerned: where only its races were not expected, the rest of it was. NULL: it
 * is as expected. Borrowed. */
const char *campaign_failure_why(const CampaignOutcome *outcome, const char *text);

/* Those not as expected first, then by their first schedule. Of CampaignFailure; returns owned. */
GArray *campaign_failures(const Campaign *campaign);

/* "expected X in some schedule, and it never happened", for the first such one; NULL: none. Returns owned. */
char *campaign_never_happened(const Campaign *campaign);
bool campaign_is_as_expected(const Campaign *campaign);

typedef struct CampaignSummary {
  double seconds;      /* of this session; 0: of all there were */
  uint64_t before;     /* schedules of sessions before */
  const char *stopped; /* why it ended; NULL: not said */
  bool is_whole;       /* what never happened is told as an expectation that does not hold */
  const char *folder;  /* where long lines are kept; NULL: nowhere */
} CampaignSummary;

void campaign_summary_print(GString *out, const ReportStyle *style, const Campaign *campaign, const CampaignSummary *summary);
json_object *campaign_summary_json(const Campaign *campaign, const CampaignSummary *summary);

/* Is the failure, or one of several, a data race? Then whoever replays it has to look for them. */
bool campaign_is_about_race(const char *text);
/* How to replay: "irqlab replay NAME LINE"; of a long line, the file in the folder that keeps it (which is written when missing); "" when there is no
 * way. `kind` is part of the file's name. Returns owned. */
char *campaign_replay_words(const Campaign *campaign, const CampaignFailure *failure, const char *folder, const char *kind);
