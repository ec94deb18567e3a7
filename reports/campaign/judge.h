/*
 * judge.h: what one schedule came to, as an outcome of a campaign: what happened, in which functions of the driver, to which kinds of objects, and
 * whether that is expected. Lines of source and numbers of objects are left out, so that one mistake is one outcome.
 */
#pragma once

#include "campaign.h"

#include "run.h"

typedef struct CampaignJudge CampaignJudge;

CampaignJudge *campaign_judge_new(ScenarioRun *run);
void campaign_judge_free(CampaignJudge *judge);

/* The key of the outcome of the schedule that was just run: the machine is as it left it. *fresh: its description when this
 * judge has not met it, or only with higher numbers; else NULL. Owned by the caller. */
uint64_t campaign_judge(CampaignJudge *judge, const RunResult *result, uint64_t number, CampaignOutcome **fresh);

/* An outcome that no run reports: irqlab itself died of the schedule. Returns owned. */
CampaignOutcome *campaign_outcome_crashed(const char *how, uint64_t number);
