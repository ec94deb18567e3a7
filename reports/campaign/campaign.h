/*
 * campaign.h: what a campaign has come to: a fold over the records of its log. Records are applied in one way only, whether they were just made, read
 * again after a kill, or joined from other folders.
 *
 * Records, one a line: the first says what is searched; "outcome" describes a way to come out, when it is met first by a worker; "ran" says which
 * schedules were run and how often each outcome came; "exhausted" that there are no others in a block ("bounded": with as few preemptions; "cut": but
 * for what a limit ended).
 */
#pragma once

#include "behaviours.h"
#include "blocks.h"
#include "log.h"

#include "sim/search.h"

#define CAMPAIGN_FORMAT 1
#define CAMPAIGN_SHARD_COUNT_MAX 1000000
#define CAMPAIGN_BLOCK_COUNT_MAX (1u << 24) /* some 10^11 schedules */

/* What is searched, and how. Two logs can be joined when all but the shard is the same. Strings are owned. */
typedef struct CampaignHeader {
  char *scenario;    /* its name: also of its files in the folder */
  char *argument;    /* as a command line names it */
  char *file_sum;    /* SHA-256 of the scenario's file */
  char *fingerprint; /* of its driver images; "-": steps */
  char *natural;     /* hash of the natural schedule: differs where irqlab itself does */
  char *version;     /* of irqlab; told, not compared */
  GStrv sometimes;   /* what is expected in some schedule: "NUMBER TEXT" each; follows from the file */
  SimSearchOptions search;
  bool is_single;       /* there is but one schedule */
  uint64_t shard;       /* from 1 */
  uint64_t shard_count; /* 1: the whole */
} CampaignHeader;

/* How the text of a data race begins, and why it is not as expected where all else of its schedule is. */
#define CAMPAIGN_RACE "data-race"
#define CAMPAIGN_RACE_WHY "no expectation mentions the data race"

/* A way to come out: what happened (bug check, findings of rules, a limit) where, and whether that is expected. */
typedef struct CampaignOutcome {
  uint64_t key;   /* of the text below and of what is expected: the same everywhere */
  uint64_t count; /* schedules that came to it */
  uint64_t first; /* the lowest number of them */
  char *schedule; /* the line that replays that one; "" when irqlab itself died of it */
  char *result;   /* "DRIVER_IRQL_NOT_LESS_OR_EQUAL (0xD1)", "irql-leak, lock-leak", "clean" */
  GStrv
      failures; /* each "WHAT in INNERMOST < ... < OUTERMOST, KINDS OF OBJECTS", or "data-race on VARIABLE: PLACE, PLACE"; empty when clean */
  char *why;    /* not as expected: one line; NULL: as expected */
  GArray *fulfilled; /* of int: numbers of the scenario's expectations that this fulfils */
} CampaignOutcome;

void campaign_outcome_free(CampaignOutcome *outcome);

typedef struct CampaignBlock {
  uint64_t done;     /* schedules of it that were run, from its first */
  bool is_exhausted; /* of a systematic policy: there are no others in it */
  bool is_ended;     /* ... or only behind what a limit cut short */
  bool is_bounded;   /* of a search that deepens: there are others with more preemptions */
  uint64_t states;   /* where states are merged: different ones met, when it had ended */
  GArray *counts;    /* of CampaignCount; NULL: none yet */
} CampaignBlock;

typedef struct CampaignCount {
  uint32_t outcome; /* index in Campaign.outcomes */
  uint64_t count;
} CampaignCount;

/* A failing schedule made minimal. */
typedef struct CampaignShrunk {
  uint64_t number; /* of the schedule it was made from */
  char *schedule;
  int64_t preemptions; /* that it takes; -1: its folder does not say */
  bool is_proved;      /* no schedule with fewer fails */
  char *words; /* what is left of it, and whether that is proved to be the least; on a second line when it was decided, if that is known */
} CampaignShrunk;

typedef struct Campaign {
  CampaignHeader header;
  bool has_header;
  bool is_torn;        /* its log ended in a torn record */
  bool is_exhausted;   /* there are no other schedules */
  GPtrArray *outcomes; /* CampaignOutcome *, in the order met */
  GArray *blocks;      /* of CampaignBlock, by number */
  GPtrArray *shrunk;   /* CampaignShrunk * */
  Behaviours behaviours;
  uint64_t schedule_count;
  double seconds;        /* of searching, summed over shards */
  json_object *coverage; /* coverage.h: of the schedules that were run with it; NULL: none was */
} Campaign;

Campaign *campaign_new(void);
void campaign_free(Campaign *campaign);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Campaign, campaign_free)

bool campaign_is_systematic(const Campaign *campaign);
/* Blocks of a systematic policy: more than one where it can split what it searches; 0 of one that draws. A search that deepens has them once for
 * each level: those of the first level first. */
unsigned campaign_part_count(const SimSearchOptions *search);
unsigned campaign_tree_part_count(const SimPolicy *policy);
/* The search of a block; `stride` and `first` are of the tree. */
SimSearchOptions campaign_block_search(const SimSearchOptions *search, uint64_t block);
/* Of a search that deepens: may the block be run: has the one below it come to its end, and left something out for its bound? */
bool campaign_block_is_due(const Campaign *campaign, uint64_t block);

/* A bound that all blocks of the campaign's shard have done with. */
typedef struct CampaignLevel {
  uint32_t preemptions; /* SIM_SEARCH_UNBOUNDED: each schedule there is */
  uint64_t schedules;   /* all with at most so many */
  uint64_t failed;      /* of them not as expected */
} CampaignLevel;
/* Writes them, the lowest first; at most SIM_SEARCH_LEVEL_COUNT. Returns how many. */
unsigned campaign_levels(const Campaign *campaign, CampaignLevel *levels);
/* Where states are merged: different ones that parts met which have come to their end; what several met is counted in each. */
uint64_t campaign_states(const Campaign *campaign);
/* "nothing unexpected with at most 2 preemptions: 812 schedules (all with switches at calls only)": what was left out is said. Returns owned. */
char *campaign_level_words(const CampaignLevel *level, const SimSearchOptions *search);
/* "; next: 5 to 6 of them" where the bound after this one is more than one further; else "". Returns owned. */
char *campaign_level_next_words(const CampaignLevel *level);
/* Of header and all: what rings and joins compare. */
uint64_t campaign_identity(const CampaignHeader *header);
/* What differs between two headers besides the shard, as "policy pct, here random"; NULL: nothing. Returns owned. */
char *campaign_difference(const CampaignHeader *left, const CampaignHeader *right);
void campaign_header_clear(CampaignHeader *header);

CampaignBlock *campaign_block(Campaign *campaign, uint64_t block); /* makes it */
uint64_t campaign_block_done(const Campaign *campaign, uint64_t block);
/* Is the block one of the campaign's shard? */
bool campaign_block_is_ours(const CampaignHeader *header, uint64_t block);

/* In an array of CampaignCount. */
void campaign_count_add(GArray *counts, uint32_t outcome, uint64_t more);

CampaignOutcome *campaign_outcome_find(const Campaign *campaign, uint64_t key, uint32_t *index);

/* The shrunk schedule that was made from that one; NULL: none. */
const CampaignShrunk *campaign_shrunk_find(const Campaign *campaign, uint64_t number);

/* ---- records; each returns owned ---- */

json_object *campaign_header_record(const CampaignHeader *header);
json_object *campaign_outcome_record(const CampaignOutcome *outcome);
json_object *campaign_shrunk_record(const CampaignShrunk *shrunk);
/* `is_cut`: a limit ended some schedule, and what would have followed was not run. */
json_object *campaign_ended_record(uint64_t block, bool is_bounded, bool is_cut, uint64_t states);
/* Takes the document. */
json_object *campaign_coverage_record(json_object *coverage);
/* After a block was: are all of the shard? */
void campaign_exhausted_update(Campaign *campaign);

/* Folds a record in: a CampaignLogRead whose data is the Campaign. */
bool campaign_apply(json_object *record, void *campaign, GError **error);
/* Does this irqlab read campaigns that begin so? False with error, which says who does. */
bool campaign_format_check(json_object *header, GError **error);

/* What was run since the last record, until it becomes one. */
typedef struct CampaignBatch {
  GArray *blocks; /* of CampaignBatchBlock */
  Behaviours behaviours;
  uint64_t schedule_count;
  uint32_t last; /* outcome that came last: the most likely to come next */
  double seconds;
} CampaignBatch;

void campaign_batch_init(CampaignBatch *batch);
void campaign_batch_finish(CampaignBatch *batch);
/* One schedule. False: it is not the next of its block, or of an outcome that nobody described. */
bool campaign_batch_add(CampaignBatch *batch, const Campaign *campaign, uint64_t number, uint64_t hash, uint64_t outcome);
/* A whole block, as a campaign holds it. */
void campaign_batch_block_add(CampaignBatch *batch, uint64_t number, const CampaignBlock *block);
/* The record; the batch is empty again. */
json_object *campaign_batch_record(CampaignBatch *batch);
