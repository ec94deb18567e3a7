/*
 * blocks.h: how the numbers of schedules are cut: in blocks that grow, so that a short search is cut finely and a long one coarsely. A block is run by
 * one worker from its first schedule to its last, and what a policy learns it learns within a block: what a block comes to depends neither on the number
 * of workers nor on which machine it runs. A systematic policy has a fixed number of blocks without an end: parts of its tree, whose numbers interleave.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define CAMPAIGN_BLOCK_ENDLESS UINT64_MAX
#define CAMPAIGN_PART_COUNT 16 /* of a tree that can be split */

typedef struct CampaignSpan {
  uint64_t block;
  uint64_t first;  /* number of its first schedule */
  uint64_t stride; /* to that of the next */
  uint64_t count;  /* CAMPAIGN_BLOCK_ENDLESS: no end */
} CampaignSpan;

/* `parts`: how many blocks there are, each without an end; 0: they grow and have no number. */
CampaignSpan campaign_span(uint64_t block, unsigned parts);
/* The block a schedule is in. */
CampaignSpan campaign_span_of(uint64_t number, unsigned parts);
/* How many schedules of the span have numbers below `end`. */
uint64_t campaign_span_below(const CampaignSpan *span, uint64_t end);
