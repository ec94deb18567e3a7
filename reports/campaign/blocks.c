#include "blocks.h"

/* 16 blocks of 64, 16 of 128, and so on; of 8192 from then on. */
#define SIZE_FIRST 64
#define SIZE_COUNT 16
#define DOUBLING_COUNT 7
#define SIZE_LAST (SIZE_FIRST << DOUBLING_COUNT)

CampaignSpan campaign_span(uint64_t block, unsigned parts) {
  if (parts > 0)
    return (CampaignSpan){ block, block, parts, CAMPAIGN_BLOCK_ENDLESS };
  uint64_t first = 0, size = SIZE_FIRST, left = block;
  while (size < SIZE_LAST && left >= SIZE_COUNT) {
    first += size * SIZE_COUNT;
    left -= SIZE_COUNT;
    size *= 2;
  }
  return (CampaignSpan){ block, first + left * size, 1, size };
}

CampaignSpan campaign_span_of(uint64_t number, unsigned parts) {
  if (parts > 0)
    return campaign_span(number % parts, parts);
  uint64_t block = 0, first = 0, size = SIZE_FIRST;
  while (size < SIZE_LAST && number - first >= size * SIZE_COUNT) {
    first += size * SIZE_COUNT;
    block += SIZE_COUNT;
    size *= 2;
  }
  uint64_t left = (number - first) / size;
  return (CampaignSpan){ block + left, first + left * size, 1, size };
}

uint64_t campaign_span_below(const CampaignSpan *span, uint64_t end) {
  if (end <= span->first)
    return 0;
  uint64_t count = (end - span->first - 1) / span->stride + 1;
  return count < span->count ? count : span->count;
}
