/*
 * join.h: campaigns of several folders or shards as one: what `irqlab merge` writes and `irqlab explore --report` shows.
 */
#pragma once

#include "campaign.h"

/* What joining met. */
typedef struct CampaignJoin {
  Campaign *campaign;   /* the whole: shard 1 of 1 */
  uint64_t shard_count; /* of the parts, when all have the same; else 0 */
  GArray *shards;       /* of uint64_t: those that are there */
  uint64_t overlap;     /* schedules that more than one part had run, counted once */
  unsigned part_count;
  unsigned same_count; /* parts that added nothing */
} CampaignJoin;

CampaignJoin *campaign_join_new(void);
void campaign_join_free(CampaignJoin *join);

/* Adds a part. False with error: it is about something else. `name` is told in the error. */
bool campaign_join_add(CampaignJoin *join, const Campaign *part, const char *name, GError **error);

/* Overlaps, shards and schedules that are missing, one line each, appended to `notes` (char *). */
void campaign_join_notes(const CampaignJoin *join, GPtrArray *notes);

/* The files of a folder's logs, sorted; NULL with error: it is no folder, or has none. Returns owned. */
GPtrArray *campaign_logs(const char *folder, GError **error);

/* All logs of a folder, by their scenario: CampaignJoin * sorted by name, each added to what `joins` holds already. False with error, at the first log that
 * is damaged or does not fit. Torn ends are noted. */
bool campaign_folder_join(const char *folder, GPtrArray *joins, GPtrArray *notes, GError **error);

/* False with error, about the folder: nothing was begun in any of its logs, so there is none. */
bool campaign_joins_check(const GPtrArray *joins, const char *folder, GError **error);

/* Writes the whole as a log of its own, in one step: `file` is replaced when all is written. */
bool campaign_write(const Campaign *campaign, const char *file, GError **error);
