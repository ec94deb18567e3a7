/*
 * ring.h: where a worker notes each schedule it has run: memory that it shares with the process that keeps the log, in a file beside the log, so that
 * killing both at any instant loses no schedule but the one in flight. Entries stay until a record of the log holds them.
 */
#pragma once

#include "log.h"

#define CAMPAIGN_RING_COUNT 131072 /* entries: more than a second of quick schedules */

/* A schedule that was run. */
typedef struct CampaignEntry {
  uint64_t number;  /* of the schedule */
  uint64_t hash;    /* of its events */
  uint64_t outcome; /* CampaignOutcome.key */
  uint64_t check;   /* of the three and the campaign's identity */
} CampaignEntry;

typedef struct CampaignRing {
  uint64_t identity;              /* of the campaign */
  volatile uint64_t head;         /* entries ever put: the worker's */
  volatile uint64_t tail;         /* entries that the log holds: the log keeper's */
  volatile uint64_t in_flight;    /* number of the schedule being run, + 1; 0: none */
  volatile uint32_t acknowledged; /* outcomes of this worker that the log holds */
  volatile uint32_t stop;         /* the worker is to end after the schedule in flight */
  CampaignEntry entries[CAMPAIGN_RING_COUNT];
} CampaignRing;

/* Makes it; `file` NULL: in memory alone. NULL with error. */
CampaignRing *campaign_ring_create(const char *file, uint64_t identity, GError **error);
void campaign_ring_unmap(CampaignRing *ring);

/* The worker's: false when there is no room. */
bool campaign_ring_put(CampaignRing *ring, uint64_t number, uint64_t hash, uint64_t outcome);

/* All entries of a file that are whole and of that campaign, in the order of their numbers, appended to `entries` (of CampaignEntry). What is no ring
 * of that campaign has none. */
void campaign_ring_read(const char *file, uint64_t identity, GArray *entries);
